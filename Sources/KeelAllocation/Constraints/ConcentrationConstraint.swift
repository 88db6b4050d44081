public import KeelData
import KeelNumerics

/// A named limit on how much of a portfolio few assets hold.
///
/// ```text
/// largest:  the sum of the k largest |w_i| ≤ limit,      squares:  Σ w_i² ≤ limit
/// ```
///
/// With short positions the largest weights are those of largest magnitude. Its dual value is the derivative
/// of the least objective with respect to the limit, zero or negative. See <doc:Concentration>.
public struct ConcentrationConstraint: Hashable, Sendable {
  /// What is limited.
  public enum Measure: Hashable, Sendable {
    /// The sum of the magnitudes of so many largest weights, at least one.
    case largest(count: Int)

    /// The sum of the squares of the weights, the Herfindahl index.
    case squares
  }

  /// The name that ``largest(_:limit:)`` gives.
  public static let largestName = "largest weights"

  /// The name that ``effectiveAssets(atLeast:)`` gives.
  public static let effectiveAssetsName = "effective assets"

  /// The name, different from that of assets and other constraints.
  public let name: String

  /// What is limited.
  public let measure: Measure

  /// The largest value of the measure.
  public let limit: Double

  /// Creates a limit on concentration.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of assets and other constraints.
  ///   - measure: What is limited.
  ///   - limit: The largest value: a fraction of the portfolio, or its square.
  public init(_ name: String, _ measure: Measure, limit: Double) {
    self.name = name
    self.measure = measure
    self.limit = limit
  }

  /// A limit on the sum of the largest weights.
  ///
  /// Every choice under ``PortfolioConstraints`` takes it.
  ///
  /// - Parameters:
  ///   - count: The number k of weights that are added, 1 to the number of assets.
  ///   - limit: The largest sum of their magnitudes, as a fraction of the portfolio.
  /// - Returns: The constraint, named ``largestName``.
  public static func largest(_ count: Int, limit: Double) -> ConcentrationConstraint {
    ConcentrationConstraint(largestName, .largest(count: count), limit: limit)
  }

  /// A limit on the sum of squares by the number of effective assets, its inverse.
  ///
  /// ``MinimumVariance``, ``MaximumUtility`` and ``TargetReturn`` take it; every other choice throws
  /// ``AllocationError/invalidValue(argument:asset:got:allowed:)`` with the name of the constraint.
  ///
  /// - Parameter count: The least number: so many equal weights with a sum of 1 have Σ w² = 1 / count.
  /// - Returns: The constraint, named ``effectiveAssetsName``.
  public static func effectiveAssets(atLeast count: Double) -> ConcentrationConstraint {
    ConcentrationConstraint(effectiveAssetsName, .squares, limit: 1 / count)
  }

  /// The value of the measure.
  ///
  /// - Parameter weights: The weights.
  /// - Returns: The sum of the largest magnitudes, or of the squares.
  /// - Complexity: O(N log N).
  public func value(of weights: Weights) -> Double {
    switch measure {
    case .largest(let count):
      weights.values.map(\.magnitude).sorted(by: >).prefix(max(count, 0)).reduce(0, +)
    case .squares: weights.values.reduce(0) { $0 + $1 * $1 }
    }
  }

  /// Throws for a limit that means nothing for a universe.
  func check(over universe: Universe) throws(AllocationError) {
    switch measure {
    case .largest(let count):
      try Translation.require(
        Double(count), "count of \(name)", in: 1...Double(max(universe.count, 1)))
      try Translation.require(limit, name, in: .nonnegative)
    case .squares: try Translation.require(limit, name, in: .positive)
    }
  }
}

extension PortfolioConstraints {
  /// Throws for limits on concentration that mean nothing, or whose names say nothing.
  func checkConcentration(over universe: Universe) throws(AllocationError) {
    if concentration.isEmpty { return }
    var names = Set(rowNames + universe.assets.map(\.rawValue))
    for constraint in concentration {
      try constraint.check(over: universe)
      guard names.insert(constraint.name).inserted else {
        throw .invalidValue(
          argument: "count of constraints named \(constraint.name)", asset: nil, got: 2,
          allowed: 1...1)
      }
    }
  }

  /// Throws for limits on concentration, for a method without them.
  func refuseConcentration() throws(AllocationError) {
    if let constraint = concentration.first {
      throw .invalidValue(
        argument: "count of constraints named \(constraint.name)", asset: nil, got: 1,
        allowed: 0...0)
    }
  }
}
