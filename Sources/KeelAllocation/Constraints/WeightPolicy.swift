public import KeelData
import KeelNumerics

/// Bounds that someone else sets: a list of eligible assets, the rules of a jurisdiction, the outcome of a vote.
///
/// Policies narrow the bounds of a portfolio, never widen them; where two leave nothing for an asset, both are named.
///
/// ```swift
/// let listed = WeightPolicy("listed in the union", eligible: ["BTC", "ETH", "EURC"])
/// let vote = WeightPolicy("proposal 12", bounds: ["BTC": 0.2...0.5])
/// let constraints = try PortfolioConstraints.longOnly.narrowed(by: [listed, vote], over: universe)
/// ```
public struct WeightPolicy: Hashable, Sendable, Codable {
  /// The name, by which errors speak of it.
  public let name: String

  /// The assets that may be held; nil for all.
  public let eligible: Set<AssetID>?

  /// The interval of the weight of some assets, as a fraction of the portfolio.
  public let bounds: [AssetID: ClosedRange<Double>]

  /// Creates a policy.
  ///
  /// - Parameters:
  ///   - name: The name, by which errors speak of it.
  ///   - eligible: The assets that may be held; nil for all. Names outside the universe mean nothing.
  ///   - bounds: The interval of the weight of some assets, as a fraction of the portfolio.
  public init(
    _ name: String,
    eligible: Set<AssetID>? = nil,
    bounds: [AssetID: ClosedRange<Double>] = [:]
  ) {
    self.name = name
    self.eligible = eligible
    self.bounds = bounds
  }

  /// What the policy leaves for an asset; nil when it says nothing about it.
  func range(of asset: AssetID) -> ClosedRange<Double>? {
    if let eligible, !eligible.contains(asset) { return 0...0 }
    return bounds[asset]
  }
}

extension PortfolioConstraints {
  /// The name of the caller's own bounds in errors of ``narrowed(by:over:)``.
  public static let boundsName = "bounds"

  /// The constraints with bounds that also satisfy some policies.
  ///
  /// - Parameters:
  ///   - policies: The policies, in any order.
  ///   - universe: The assets.
  /// - Returns: The constraints, whose bounds are the intersection for each asset.
  /// - Throws: ``AllocationError/infeasible(constraints:contradiction:)`` with the asset, what its lower bound comes from
  ///   and what its upper bound comes from, where they leave nothing; `universeMismatch` for bounds of an asset outside the
  ///   universe.
  public func narrowed(
    by policies: [WeightPolicy],
    over universe: Universe
  ) throws(AllocationError) -> PortfolioConstraints {
    let (lower, upper) = try resolvedBounds(over: universe)
    var ranges: [AssetID: ClosedRange<Double>] = [:]
    for policy in policies {
      if let unknown = policy.bounds.keys.filter({ universe.position(of: $0) == nil }).min() {
        throw .universeMismatch(position: nil, left: unknown, right: nil)
      }
    }
    // By name, so that an error does not depend on their order.
    let ordered = policies.sorted { $0.name < $1.name }
    for (i, asset) in universe.assets.enumerated() {
      var low = (value: lower[i], source: Self.boundsName)
      var high = (value: upper[i], source: Self.boundsName)
      for policy in ordered {
        guard let range = policy.range(of: asset) else { continue }
        if range.lowerBound > low.value { low = (range.lowerBound, policy.name) }
        if range.upperBound < high.value { high = (range.upperBound, policy.name) }
      }
      guard low.value <= high.value else {
        throw .infeasible(
          constraints: [asset.rawValue, low.source, high.source],
          contradiction: low.value - high.value)
      }
      ranges[asset] = low.value...high.value
    }
    var result = self
    result.bounds = .byAsset(ranges, others: 0...0)
    return result
  }
}

extension LinearConstraint {
  /// A limit on the exposure to a factor, Σ loading × weight.
  ///
  /// - Parameters:
  ///   - name: The name of the factor.
  ///   - loadings: What one unit of each asset has of the factor.
  ///   - exposure: The interval of the portfolio's exposure.
  /// - Returns: The constraint.
  public static func exposure(
    _ name: String,
    loadings: [AssetID: Double],
    within exposure: ClosedRange<Double>
  ) -> LinearConstraint {
    LinearConstraint(
      name, coefficients: loadings, lower: exposure.lowerBound, upper: exposure.upperBound)
  }

  /// No exposure to a factor.
  ///
  /// - Parameters:
  ///   - name: The name of the factor.
  ///   - loadings: What one unit of each asset has of the factor.
  /// - Returns: The constraint.
  public static func neutral(_ name: String, loadings: [AssetID: Double]) -> LinearConstraint {
    .exposure(name, loadings: loadings, within: 0...0)
  }
}
