public import KeelData
import KeelNumerics

// Weights around strategic ones from several signals.
//
// Goals in order: never more active risk than the budget, no weight below zero, a signal without an opinion changes nothing.
//
// The combined score of an asset is the weighted mean of the scores that exist. Tilts are scores less their mean over assets
// with a score, weighted so that they add to zero; one factor scales them to the largest size that keeps every weight within
// its limits and the tracking error √(x'Σx) within the budget, which is exact because the tracking error is linear in the
// factor.

/// Bounded tilts around strategic weights inside an active-risk budget.
public struct TacticalTilts: Hashable, Sendable, Codable {
  /// The largest distance of a weight from its strategic one.
  public let largestTilt: Double

  /// The largest volatility of the tilts, in the period of the covariance.
  public let activeRiskBudget: Double

  /// What the tilts are made of.
  public struct Result: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The volatility of the tilts per period.
    public let activeRisk: Double

    /// The combined score of each asset; nil without an opinion.
    public let scores: SignalScores

    /// The factor that scaled the tilts, 0 to 1: below one where a limit or the budget binds.
    public let scale: Double
  }

  /// Creates tilts.
  ///
  /// - Parameters:
  ///   - largestTilt: The distance of a weight from its strategic one at a score of one: positive, at most 1.
  ///   - activeRiskBudget: The largest volatility of the tilts, in the period of the covariance: not negative.
  /// - Throws: `EngineError.invalidValue`.
  public init(largestTilt: Double, activeRiskBudget: Double) throws(EngineError) {
    try requireNumber(largestTilt, "largestTilt", Double.leastNonzeroMagnitude...1)
    try requireNumber(activeRiskBudget, "activeRiskBudget", .nonnegative)
    self.largestTilt = largestTilt
    self.activeRiskBudget = activeRiskBudget
  }

  /// Tilts strategic weights.
  ///
  /// - Parameters:
  ///   - strategic: The strategic weights: not negative.
  ///   - signals: Scores and their weights, each weight finite and not negative.
  ///   - covariance: The covariance per period, over the same assets.
  /// - Returns: Weights of the same sum, none negative.
  /// - Throws: `EngineError.universeMismatch` or `.invalidValue`.
  /// - Complexity: O(N²).
  public func weights(
    strategic: Weights,
    signals: [(scores: SignalScores, weight: Double)],
    covariance: Covariance
  ) throws(EngineError) -> Result {
    let universe = strategic.universe
    try requireSameAssets(universe, covariance.universe)
    for (scores, weight) in signals {
      try requireSameAssets(universe, scores.universe)
      try requireNumber(weight, "weight of a signal", .nonnegative)
    }
    for (asset, weight) in zip(universe.assets, strategic.values) where weight < 0 {
      throw .invalidValue(
        argument: "strategic", asset: asset, got: weight, lowest: 0,
        highest: .greatestFiniteMagnitude)
    }
    let combined = universe.assets.indices.map { i in
      var (sum, total) = (0.0, 0.0)
      for (scores, weight) in signals {
        guard let score = scores.values[i] else { continue }
        sum += weight * score
        total += weight
      }
      return total > 0 ? sum / total : nil as Double?
    }
    let known = combined.compactMap(\.self)
    let mean = known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
    let tilts = combined.map { $0.map { largestTilt * ($0 - mean) } ?? 0 }
    let product = covariance.product(with: tilts)
    let risk = max(zip(tilts, product).reduce(0) { $0 + $1.0 * $1.1 }, 0).squareRoot()
    var scale = risk > activeRiskBudget ? activeRiskBudget / risk : 1
    for (tilt, weight) in zip(tilts, strategic.values) {
      if tilt.magnitude > largestTilt { scale = min(scale, largestTilt / tilt.magnitude) }
      if tilt < 0 { scale = min(scale, weight / -tilt) }
    }
    let values = zip(strategic.values, tilts).map { max($0 + scale * $1, 0) }
    do throws(DataError) {
      return Result(
        weights: try Weights(universe: universe, values: values), activeRisk: scale * risk,
        scores: SignalScores(universe: universe, clamping: combined), scale: scale)
    } catch {
      throw EngineError(error, asset: universe.assets.first ?? AssetID(""))
    }
  }
}
