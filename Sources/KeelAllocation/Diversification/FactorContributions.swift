public import KeelData
public import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics

// The risk of a portfolio, split over factors and what they do not explain.
//
// With loadings A the weights are w = A (A'A)⁺ y + rest for the exposures y = A'w, and the rest is orthogonal to the factors. For
// a measure of degree one with the gradient g the risk w'g is y'b + rest'g, where b = A⁺g are the gradient's coordinates in the
// factors: a sum over factors, and a part that no factor has (T. Roncalli and G. Weisang, "Risk parity portfolios with risk factors",
// Quantitative Finance 16 (2016)). Loadings that repeat each other share equally, by the least norm of b.

/// What one unit of each asset has of a factor.
public struct FactorLoading: Hashable, Sendable, Codable {
  /// The name of the factor.
  public let name: String

  /// The loading of each asset; zero for the others.
  public let loadings: [AssetID: Double]

  /// Creates a factor.
  ///
  /// - Parameters:
  ///   - name: The name of the factor.
  ///   - loadings: The loading of each asset; zero for the others.
  public init(_ name: String, _ loadings: [AssetID: Double]) {
    self.name = name
    self.loadings = loadings
  }
}

/// A risk measure of a portfolio, split over factors.
///
/// ```text
/// ρ(w) = Σ y_j b_j + rest,   y = A'w,   b = A⁺ ∇ρ(w)
/// ```
///
/// A group of assets is a factor with loadings of one: then the split is that by asset, summed, where the gradients within a group
/// are equal; `total(of:)` of `RiskContributions` sums as they are.
public struct FactorContributions: Hashable, Sendable {
  /// The names of the factors.
  public let names: [String]

  /// The exposure of the portfolio to each factor.
  public let exposures: [Double]

  /// The contribution of each factor, in the unit of ``total``.
  public let contributions: [Double]

  /// What no factor explains.
  public let rest: Double

  /// The risk; a loss is positive.
  public let total: Double

  /// Splits the volatility per period.
  ///
  /// - Parameters:
  ///   - weights: The weights.
  ///   - covariance: The covariance per period.
  ///   - factors: The loadings.
  /// - Returns: The split.
  /// - Throws: ``AllocationError``, among others for different universes and unknown assets.
  /// - Complexity: O(N²) for N assets, O(N K²) for K factors.
  public static func volatility(
    weights: Weights,
    covariance: Covariance,
    factors: [FactorLoading]
  ) throws(AllocationError) -> FactorContributions {
    try Translation.requireEqual(covariance.universe, weights.universe)
    let split = try Translation.contributions(weights, covariance)
    let products: [Double]
    do throws(LinearAlgebraError) {
      products = try covariance.matrix.times(weights.values)
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
    return try FactorContributions(
      total: split.total, gradient: products.map { split.total == 0 ? 0 : $0 / split.total },
      weights, factors)
  }

  /// Splits a measure of scenarios.
  ///
  /// - Parameters:
  ///   - measure: The measure; for drawdowns the scenarios stand in the order of time. Partial moments around a target other than
  ///     zero are not homogeneous: what the target adds is in ``rest``.
  ///   - weights: The weights.
  ///   - scenarios: The scenarios.
  ///   - factors: The loadings.
  /// - Returns: The split.
  /// - Throws: ``AllocationError``, among others for different universes and unknown assets.
  /// - Complexity: O(S N) for S scenarios of N assets, O(N K²) for K factors.
  public static func of(
    _ measure: SampleRiskMeasure,
    weights: Weights,
    scenarios: ScenarioSet,
    factors: [FactorLoading]
  ) throws(AllocationError) -> FactorContributions {
    try Translation.requireEqual(scenarios.universe, weights.universe)
    let risk: SampleRisk
    do throws(DistributionsError) {
      risk = try measure.risk(of: EmpiricalDistribution(weights: weights, scenarios: scenarios))
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
    let gradient = weights.universe.assets.indices.map { j in
      let column = scenarios.outcomes.column(j)
      var sum = CompensatedSum()
      for s in column.indices where risk.slopes[s] != 0 { sum.add(risk.slopes[s] * column[s]) }
      return sum.value
    }
    return try FactorContributions(total: risk.value, gradient: gradient, weights, factors)
  }

  /// Splits any risk that has a split over its assets: by a law, a spectrum, a value at risk.
  ///
  /// - Parameters:
  ///   - split: The split over the assets; its marginals are the gradient in the weights, each part weight times marginal. That of a
  ///     quadratic book, whose marginals are those of sizes, is one by weights of one only.
  ///   - weights: The weights that it is of.
  ///   - factors: The loadings.
  /// - Returns: The split.
  /// - Throws: ``AllocationError``, among others for different universes and unknown assets, and for a part that is
  ///   not weight times marginal within 1e-9 of the largest part.
  /// - Complexity: O(N K²) for N assets and K factors.
  public static func of(
    _ split: RiskContributions,
    weights: Weights,
    factors: [FactorLoading]
  ) throws(AllocationError) -> FactorContributions {
    try Translation.requireEqual(split.universe, weights.universe)
    try requireGradient(split, weights)
    return try FactorContributions(
      total: split.total, gradient: split.marginals, weights, factors)
  }

  /// Requires that the marginals are derivatives in these weights.
  private static func requireGradient(
    _ split: RiskContributions,
    _ weights: Weights
  ) throws(AllocationError) {
    let (assets, parts) = (weights.universe.assets, split.contributions)
    if let bad = parts.firstIndex(where: { !$0.isFinite }) {
      throw .invalidValue(argument: "split", asset: assets[bad], got: parts[bad], allowed: .finite)
    }
    let tolerance = gradientTolerance * parts.reduce(0) { max($0, $1.magnitude) }
    for (i, asset) in assets.enumerated() {
      let product = weights.values[i] * split.marginals[i]
      // A product of an infinite slope and a weight of zero is no part.
      guard weights.values[i] == 0 ? parts[i] == 0 : (product - parts[i]).magnitude <= tolerance
      else {
        throw .invalidValue(
          argument: "weight times marginal", asset: asset, got: product,
          allowed: (parts[i] - tolerance)...(parts[i] + tolerance))
      }
    }
  }

  private static let gradientTolerance = 1e-9

  private init(
    total: Double,
    gradient: [Double],
    _ weights: Weights,
    _ factors: [FactorLoading]
  ) throws(AllocationError) {
    let universe = weights.universe
    let elements = try FactorLoading.elements(factors, over: universe)
    let coordinates: [Double]
    do {
      coordinates = try LeastSquares(
        Matrix(rowCount: universe.count, columnCount: factors.count, columnMajor: elements),
        gradient
      ).solution
    } catch {
      throw .invalidValue(argument: "loadings", asset: nil, got: .infinity, allowed: .finite)
    }
    names = factors.map(\.name)
    exposures = factors.indices.map { k in
      var sum = CompensatedSum()
      for i in 0..<universe.count {
        sum.add(elements[k * universe.count + i] * weights.values[i])
      }
      return sum.value
    }
    contributions = zip(exposures, coordinates).map { $0 * $1 }
    self.total = total
    var left = CompensatedSum()
    left.add(total)
    for part in contributions { left.add(-part) }
    rest = left.value
  }
}

extension FactorLoading {
  /// The loadings in the order of a universe, factor after factor.
  static func elements(
    _ factors: [FactorLoading],
    over universe: Universe
  ) throws(AllocationError) -> [Double] {
    var elements: [Double] = []
    for factor in factors {
      if let unknown = factor.loadings.keys.filter({ universe.position(of: $0) == nil }).min() {
        throw .universeMismatch(position: nil, left: unknown, right: nil)
      }
      for asset in universe.assets {
        let loading = factor.loadings[asset] ?? 0
        guard loading.isFinite else {
          throw .invalidValue(
            argument: "loadings of \(factor.name)", asset: asset, got: loading, allowed: .finite)
        }
        elements.append(loading)
      }
    }
    return elements
  }
}

extension RiskContributions {
  /// What a group of assets contributes: the sum of its parts.
  ///
  /// - Parameter group: Assets; those outside the universe contribute nothing.
  /// - Returns: The sum, in the unit of the measure.
  public func total(of group: Set<AssetID>) -> Double {
    var sum = CompensatedSum()
    for (asset, part) in zip(universe.assets, contributions) where group.contains(asset) {
      sum.add(part)
    }
    return sum.value
  }
}
