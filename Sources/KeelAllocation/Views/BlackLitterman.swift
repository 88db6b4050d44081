public import KeelData
import KeelLinearAlgebra
public import KeelNumerics

// Expected returns that mix what a market's weights imply with views.
//
// The prior of the means is normal with mean π and covariance τΣ; a view says that p'μ is normal with mean q and variance ω.
// With the views as rows of P, G = τPΣP' + Ω and λ = G⁻¹(q − Pπ), the posterior of the means has
//
//   mean π + τΣP'λ,  covariance M = τΣ − τΣP'G⁻¹PτΣ,
//
// and returns the covariance Σ + M. Only G, of the order of the views, is factored. A view without a variance of its own has
// ω = τ p'Σp, as uncertain as the prior is about the same portfolio.
//
// References: F. Black and R. Litterman, "Global portfolio optimization", Financial Analysts Journal 48 (1992); G. He and
// R. Litterman, "The intuition behind Black-Litterman model portfolios", Goldman Sachs (1999), whose tables are a test.

/// A view: what a portfolio is expected to return, and how sure that is.
public struct ReturnView: Hashable, Sendable {
  /// The name, by which results speak of the view.
  public let name: String

  /// The portfolio: a weight an asset, zero for those not named; any sum.
  public let weights: [AssetID: Double]

  /// What it is expected to return per period.
  public let expectedReturn: Double

  /// The variance of that expectation, per period squared; nil for that of the prior.
  public let variance: Double?

  /// Creates a view.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - weights: The portfolio: a weight an asset.
  ///   - expectedReturn: What it is expected to return per period.
  ///   - variance: The variance of that expectation, zero for certainty; nil for that of the prior.
  public init(
    _ name: String,
    weights: [AssetID: Double],
    expectedReturn: Double,
    variance: Double? = nil
  ) {
    self.name = name
    self.weights = weights
    self.expectedReturn = expectedReturn
    self.variance = variance
  }
}

/// Mixes equilibrium returns with views, each by how sure it is.
///
/// ```swift
/// let prior = try BlackLitterman.equilibriumReturns(
///   covariance: covariance, marketWeights: market, riskAversion: 2.5)
/// let posterior = try BlackLitterman(priorUncertainty: 0.05)
///   .posterior(prior: prior, covariance: covariance, views: views)
/// ```
public struct BlackLitterman: Hashable, Sendable {
  /// τ: the variance of the prior's means as a fraction of that of returns.
  public var priorUncertainty: Double

  /// Creates the mixture.
  ///
  /// - Parameter priorUncertainty: τ: the variance of the prior's means as a fraction of that of returns: positive;
  ///   one over the number of observations behind the prior is a usual choice.
  public init(priorUncertainty: Double = 0.05) { self.priorUncertainty = priorUncertainty }

  /// What the views make of the prior.
  public struct Posterior: Hashable, Sendable {
    /// The expected returns per period.
    public let expectedReturns: ExpectedReturns

    /// The covariance of returns per period, the uncertainty of the means included.
    public let covariance: Covariance

    /// The covariance M of the means per period.
    public let meanCovariance: SymmetricMatrix

    /// By how much each view moves the expected returns, by the name of the view; together with the prior they add up.
    public let shifts: [String: [Double]]
  }

  /// The expected returns at which weights are optimal: δΣw.
  ///
  /// - Parameters:
  ///   - covariance: The covariance of N assets per period.
  ///   - marketWeights: The weights that the market holds.
  ///   - riskAversion: The risk aversion δ per unit of variance: positive.
  /// - Returns: The expected returns above the riskless rate, per period.
  /// - Throws: ``AllocationError``.
  /// - Complexity: O(N²).
  public static func equilibriumReturns(
    covariance: Covariance,
    marketWeights: Weights,
    riskAversion: Double
  ) throws(AllocationError) -> ExpectedReturns {
    let universe = covariance.universe
    try Translation.requireEqual(marketWeights.universe, universe)
    try Translation.require(riskAversion, "riskAversion", in: .positive)
    let forces = try Translation.product(covariance.matrix, marketWeights.values)
    return try returns(forces.map { riskAversion * $0 }, universe)
  }

  /// Mixes a prior with views.
  ///
  /// - Parameters:
  ///   - prior: The expected returns without views, per period.
  ///   - covariance: The covariance of N assets per period.
  ///   - views: V views with different names; without any the prior comes back.
  /// - Returns: Expected returns and covariances, and what each view moved.
  /// - Throws: ``AllocationError``: another universe, numbers that are no views, and views of zero variance that repeat
  ///   or contradict others.
  /// - Complexity: O(N² V + V³).
  public func posterior(
    prior: ExpectedReturns,
    covariance: Covariance,
    views: [ReturnView]
  ) throws(AllocationError) -> Posterior {
    let universe = covariance.universe
    try Translation.requireEqual(prior.universe, universe)
    try Translation.require(priorUncertainty, "priorUncertainty", in: .positive)
    try Self.check(views, universe)
    let portfolios = views.map { view in universe.assets.map { view.weights[$0] ?? 0 } }
    // τΣp of each view, and G.
    var pulls: [[Double]] = []
    for portfolio in portfolios {
      pulls.append(
        try Translation.product(covariance.matrix, portfolio).map { priorUncertainty * $0 })
    }
    let factor = try Self.factor(views, portfolios, pulls)
    let gaps = zip(views, portfolios).map { $0.expectedReturn - inner($1, prior.values) }
    let strengths = try Self.solve(factor, gaps)
    var means = prior.values
    var shifts: [String: [Double]] = [:]
    for (k, view) in views.enumerated() {
      let shift = pulls[k].map { strengths[k] * $0 }
      for i in means.indices { means[i] += shift[i] }
      shifts[view.name] = shift
    }
    let spread = try Self.meanCovariance(covariance, pulls, factor, scale: priorUncertainty)
    return Posterior(
      expectedReturns: try Self.returns(means, universe),
      covariance: try Self.sum(covariance, spread), meanCovariance: spread, shifts: shifts)
  }

  /// G = τPΣP' + Ω, factored; nil without views.
  private static func factor(
    _ views: [ReturnView],
    _ portfolios: [[Double]],
    _ pulls: [[Double]]
  ) throws(AllocationError) -> Cholesky? {
    if views.isEmpty { return nil }
    let count = views.count
    var system = [Double](repeating: 0, count: count * count)
    for k in 0..<count {
      for l in k..<count { system[l + k * count] = inner(portfolios[l], pulls[k]) }
      system[k + k * count] += views[k].variance ?? system[k + k * count]
    }
    let matrix = SymmetricMatrix(lowerTriangleOf: system, order: count)
    do throws(LinearAlgebraError) {
      return try Cholesky(matrix)
    } catch {
      // A view without doubt about what earlier ones say, or about a portfolio without risk.
      guard case .notPositiveDefinite(let order) = error, (1...count).contains(order) else {
        throw .invalidValue(argument: "views", asset: nil, got: .nan, allowed: .finite)
      }
      throw .invalidValue(
        argument: "variance of view \(views[order - 1].name)", asset: nil,
        got: views[order - 1].variance ?? 0, allowed: .positive)
    }
  }

  private static func solve(
    _ factor: Cholesky?,
    _ right: [Double]
  ) throws(AllocationError) -> [Double] {
    guard let factor else { return [] }
    do throws(LinearAlgebraError) {
      return try factor.solve(right)
    } catch {
      throw .invalidValue(argument: "views", asset: nil, got: .nan, allowed: .finite)
    }
  }

  /// The covariance of the means.
  private static func meanCovariance(
    _ covariance: Covariance,
    _ pulls: [[Double]],
    _ factor: Cholesky?,
    scale: Double
  ) throws(AllocationError) -> SymmetricMatrix {
    let count = covariance.universe.count
    let sigma = covariance.matrix
    var values = [Double](repeating: 0, count: count * count)
    for j in 0..<count {
      let weights = try solve(factor, pulls.map { $0[j] })
      for i in j..<count {
        values[i + j * count] =
          pulls.indices.reduce(scale * sigma[i, j]) { $0 - pulls[$1][i] * weights[$1] }
      }
      // Zero under certainty, but for rounding.
      values[j + j * count] = max(values[j + j * count], 0)
    }
    return SymmetricMatrix(lowerTriangleOf: values, order: count)
  }

  private static func sum(
    _ covariance: Covariance,
    _ spread: SymmetricMatrix
  ) throws(AllocationError) -> Covariance {
    let count = covariance.universe.count
    let sigma = covariance.matrix
    let values = (0..<count).flatMap { j in (0..<count).map { sigma[$0, j] + spread[$0, j] } }
    let total = SymmetricMatrix(lowerTriangleOf: values, order: count)
    do throws(DataError) {
      // A semidefinite matrix and a Schur complement of one.
      return try Covariance(
        universe: covariance.universe, dense: total, definiteness: covariance.definiteness)
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
  }

  private static func returns(
    _ values: [Double],
    _ universe: Universe
  ) throws(AllocationError) -> ExpectedReturns {
    do throws(DataError) {
      return try ExpectedReturns(universe: universe, values: values)
    } catch {
      throw .invalidValue(argument: "expectedReturns", asset: nil, got: .nan, allowed: .finite)
    }
  }

  private static func check(
    _ views: [ReturnView],
    _ universe: Universe
  ) throws(AllocationError) {
    var names: Set<String> = []
    for view in views {
      guard names.insert(view.name).inserted else {
        throw .invalidValue(
          argument: "views named \(view.name)", asset: nil, got: 2, allowed: 0...1)
      }
      for asset in view.weights.keys.sorted() where universe.position(of: asset) == nil {
        throw .universeMismatch(position: nil, left: asset, right: nil)
      }
      for (asset, weight) in view.weights.sorted(by: { $0.key < $1.key }) {
        try Translation.require(weight, "weight in view \(view.name)", in: .finite, asset: asset)
      }
      let size = view.weights.values.reduce(0) { $0 + $1.magnitude }
      try Translation.require(size, "weights in view \(view.name)", in: .positive)
      try Translation.require(
        view.expectedReturn, "expectedReturn of view \(view.name)", in: .finite)
      if let variance = view.variance {
        try Translation.require(variance, "variance of view \(view.name)", in: .nonnegative)
      }
    }
  }
}

private func inner(_ left: [Double], _ right: [Double]) -> Double {
  zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
}
