public import KeelData

/// A risk measure of a portfolio, split over its assets.
///
/// The split is Euler's: for a measure `ρ` that is homogeneous of degree one,
///
/// ```text
/// ρ(w) = Σ c(i),   c(i) = w(i) ∂ρ/∂w(i)
/// ```
///
/// The contributions are those of capital allocation (Tasche 1999): positive where a little more
/// of the asset raises the risk, negative where it hedges. They sum to ``total`` within 1e-12 of
/// the sum of their magnitudes.
public struct RiskContributions: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The risk of the whole portfolio; a loss is positive.
  public let total: Double

  /// The contribution of each asset, in the unit of ``total``.
  public let contributions: [Double]

  /// The derivative of the risk in the weight of each asset, also of those with a weight of zero; at a kink a supporting slope.
  public let marginals: [Double]

  /// Creates a split whose parts are known to fit the universe.
  init(universe: Universe, total: Double, contributions: [Double], marginals: [Double]) {
    self.universe = universe
    self.total = total
    self.contributions = contributions
    self.marginals = marginals
  }

  /// Creates a split from the derivatives in the weights.
  init(_ weights: Weights, total: Double, marginals: [Double]) {
    self.init(
      universe: weights.universe, total: total,
      contributions: zip(weights.values, marginals).map { $0 == 0 ? 0 : $0 * $1 },
      marginals: marginals)
  }

  /// The contribution of each asset as a fraction of the total; all zero when the total is zero.
  public var shares: [Double] {
    total == 0
      ? [Double](repeating: 0, count: contributions.count) : contributions.map { $0 / total }
  }

  /// The contribution of one asset.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: The contribution, or nil when the asset is not in the universe.
  public subscript(asset: AssetID) -> Double? {
    universe.position(of: asset).map { contributions[$0] }
  }
}
