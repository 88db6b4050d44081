// Intervals of levels as for peaks over a threshold: with a level z exceeded in a block with probability p,
// μ = z − σ ((−ln(1 − p))^−ξ − 1) / ξ, and the likelihood is the largest over σ and ξ (Coles 2001, section 3.3.3).

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The largest loss of each of many blocks, a month or a year of days for example.
///
/// For more than the maxima alone ``PeaksOverThreshold`` uses the data better. Sources: R. Fisher and L. Tippett (1928), E. Gumbel, "Statistics
/// of extremes" (1958).
public struct BlockMaxima: Hashable, Sendable {
  /// The law of the largest loss of a block, with its standard errors.
  public let fit: DistributionFit<GeneralizedExtremeValue>

  /// The largest loss of each whole block, in their order.
  public let maxima: [Double]

  /// Fits the law of the maxima.
  ///
  /// - Parameters:
  ///   - losses: T finite numbers.
  ///   - blockLength: The number of losses of a block, at least 1. A last block that is not whole is left out.
  /// - Throws: `DistributionsError.invalidObservation`, `.invalidValue`, and as `GeneralizedExtremeValue.fit`.
  /// - Complexity: O(T).
  public init(_ losses: [Double], blockLength: Int) throws(DistributionsError) {
    guard blockLength >= 1 else {
      throw .invalidValue(
        argument: "blockLength", got: Double(blockLength), lowest: 1, highest: Double(Int.max))
    }
    if let bad = losses.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "losses", index: bad, got: losses[bad])
    }
    let maxima = (0..<(losses.count / blockLength)).map { block in
      losses[(block * blockLength)..<((block + 1) * blockLength)].reduce(-.infinity, max)
    }
    self.maxima = maxima
    fit = try GeneralizedExtremeValue.fit(maxima)
  }

  /// The level that the largest loss of a block exceeds once in so many blocks.
  ///
  /// - Parameter blocks: More than 1.
  /// - Returns: The level.
  /// - Throws: `DistributionsError.invalidValue`.
  public func returnLevel(blocks: Double) throws(DistributionsError) -> Double {
    fit.law.survivalQuantile(try probability(blocks))
  }

  /// An interval for a return level by the profile of the likelihood.
  ///
  /// - Parameters:
  ///   - blocks: More than 1.
  ///   - level: The probability with which such intervals hold the true value for many blocks, inside (0, 1).
  /// - Returns: The interval; an end is infinite where the likelihood stays near its maximum very far.
  /// - Throws: `DistributionsError.invalidValue`.
  public func returnLevelInterval(
    blocks: Double,
    level: Double = 0.95
  ) throws(DistributionsError) -> ClosedRange<Double> {
    try requireInside(level, (0.0).nextUp...(1.0).nextDown, "level")
    let probability = try probability(blocks)
    let best = fit.law.survivalQuantile(probability)
    let score = StandardNormal.quantile((1 + level) / 2)
    let profile = ReturnLevelProfile(
      maxima: maxima, scale: fit.law.scale, reduced: -log1p(-probability))
    let limit = profile.value(best) - score * score / 2
    let step = fit.law.scale / 2
    let low = profileCrossing(profile.value, limit) { best - step * (exp2(Double($0) / 2) - 1) }
    let high = profileCrossing(profile.value, limit) { best + step * (exp2(Double($0) / 2) - 1) }
    return min(low ?? -.infinity, best)...max(high ?? .infinity, best)
  }

  private func probability(_ blocks: Double) throws(DistributionsError) -> Double {
    try requireInside(blocks, (1.0).nextUp...(.greatestFiniteMagnitude), "blocks")
    return 1 / blocks
  }
}

/// The largest likelihood of maxima when one level is given.
private struct ReturnLevelProfile {
  let maxima: [Double]
  /// A scale of the right size.
  let scale: Double
  /// −ln(1 − p).
  let reduced: Double

  private static let shapes = -0.5...2.0

  func value(_ level: Double) -> Double {
    var settings = Brent.Settings()
    settings.absoluteTolerance = 1e-6
    settings.relativeTolerance = 1e-6
    return largestValue(over: Self.shapes, cellCount: 10, settings: settings) { shape in
      largestValue(over: -4...6, cellCount: 10, settings: settings) { logarithm in
        logLikelihood(level, shape, scale * exp(logarithm))
      }
    }
  }

  private func logLikelihood(_ level: Double, _ shape: Double, _ size: Double) -> Double {
    let isGumbel = shape.magnitude < 1e-9
    let reach = isGumbel ? -log(reduced) : expm1(-shape * log(reduced)) / shape
    let location = level - size * reach
    var sum = -Double(maxima.count) * log(size / scale)
    for value in maxima {
      let z = (value - location) / size
      if isGumbel {
        sum -= z + exp(-z)
      } else {
        let argument = shape * z
        if argument <= -1 { return -.infinity }
        let logarithm = log1p(argument) / shape
        sum -= (1 + shape) * logarithm + exp(-logarithm)
      }
    }
    return sum.isNaN ? -.infinity : sum
  }
}
