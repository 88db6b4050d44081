// Goals: (1) contributions by factor equal to their budgets to 1e-10, with nothing left over; (2) an
// error instead of a wrong portfolio; (3) one factorization of the covariance.
//
// Of minimize 1/2 w'Σw − Σ b_j ln y_j, y = A'w, the optimality condition is Σw = Aλ, λ_j = b_j / y_j. So
// y = Mλ with M = A'Σ⁻¹A, and λ_j (Mλ)_j = b_j: the budgets of K assets with the covariance M.

public import KeelData
import KeelLinearAlgebra
import KeelNumerics
public import KeelOptimization

/// The portfolio in which each factor contributes a wanted share of the volatility, and nothing else does.
///
/// ```text
/// y_j (A⁺Σw)_j = b_j w'Σw,   Σw in the span of A,   y = A'w > 0,   1'w = budget
/// ```
///
/// It is the one portfolio of least variance for its exposures y. Exposures are positive: a factor that
/// is wanted with a negative exposure has its loadings with the other sign. Weights may be negative.
/// With one factor for each asset, of loading one, it is ``RiskBudgeting``. Reference: T. Roncalli and G. Weisang, Risk parity
/// portfolios with risk factors, Quantitative Finance 16 (2016).
///
/// In the certificate, the dual residual is the largest relative distance of a contribution from its
/// budget, or of the rest from zero; the dual values are zero.
///
/// ```swift
/// let choice = FactorRiskBudgeting(factors: [market, size], budgets: .byFactor(["market": 3, "size": 1]))
/// let portfolio = try choice.weights(covariance: covariance).value
/// ```
public struct FactorRiskBudgeting: Hashable, Sendable {
  /// The shares of risk.
  public enum Budgets: Hashable, Sendable {
    /// The same share for each factor.
    case equal

    /// A positive number for each factor, by its name; only their proportions count.
    case byFactor([String: Double])
  }

  /// A portfolio with the contributions that it attains.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// What each factor contributes to the volatility; its rest is zero to rounding.
    public let contributions: FactorContributions
  }

  /// The factors, no one a combination of the others.
  public var factors: [FactorLoading]

  /// The shares of risk.
  public var budgets: Budgets

  /// The sum of the weights.
  public var budget: Double

  /// The limits of the method.
  public var settings: RiskBudgeting.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - factors: The factors, at least one and at most as many as assets.
  ///   - budgets: The shares of risk.
  ///   - budget: The sum of the weights; positive.
  ///   - settings: The limits of the method.
  public init(
    factors: [FactorLoading],
    budgets: Budgets = .equal,
    budget: Double = 1,
    settings: RiskBudgeting.Settings = RiskBudgeting.Settings()
  ) {
    self.factors = factors
    self.budgets = budgets
    self.budget = budget
    self.settings = settings
  }

  /// The largest relative distance of a contribution from its budget, and of the rest from zero.
  ///
  /// Where long and short weights cancel, the rounding of the weights alone leaves more: as many ulps as
  /// Σ |w_i Σ_ij w_j| is times the variance. That is accepted up to ``roundingLimit``, and the certificate
  /// says what is left.
  public static let tolerance = 1e-10

  /// The largest relative distance that is put down to rounding.
  public static let roundingLimit = 1e-6

  /// The roundings of a weight on its way into a contribution.
  private static let roundings = 4.0

  /// A sum of weights below this part of the sum of their magnitudes is rounding.
  private static let leastNet = 1e-10

  /// Chooses the weights.
  ///
  /// - Parameter covariance: The covariance of N assets per period; positive definite.
  /// - Returns: The weights with the attained contributions.
  /// - Throws: ``AllocationError``: bad numbers and names, factors that depend on each other as
  ///   ``AllocationError/invalidValue(argument:asset:got:allowed:)``, and
  ///   ``AllocationError/riskBudgetUnattainable(asset:reason:)`` for a singular covariance
  ///   (``RiskBudgetFailure/vanishingRisk(error:)``) and for weights whose sum is not positive
  ///   (``RiskBudgetFailure/sumOutOfReach(closest:)``).
  /// - Complexity: O(N³ + N² K) for N assets and K factors.
  public func weights(covariance: Covariance) throws(AllocationError) -> Solution<Portfolio> {
    let universe = covariance.universe
    try Translation.require(budget, "budget", in: .positive)
    let shares = try resolvedBudgets()
    let elements = try FactorLoading.elements(factors, over: universe)
    let deviations = covariance.standardDeviations
    for (i, deviation) in deviations.enumerated() where !(deviation > 0) {
      throw .riskBudgetUnattainable(asset: universe.assets[i], reason: .noVariance)
    }
    let factor = try factorization(ScaledCovariance(covariance.matrix), universe)
    // In units of the assets' deviations.
    let scaled = elements.indices.map { elements[$0] / deviations[$0 % universe.count] }
    let (basis, roots) = try whitened(scaled, factor)
    var barrier = RiskBarrier(
      try gram(basis), deviations: [Double](repeating: 1, count: shares.count), shares: shares)
    let end = barrier.minimize(settings)
    let prices = zip(barrier.u, roots).map { $0 / $1 }
    var right = [Double](repeating: 0, count: universe.count)
    for (k, price) in prices.enumerated() {
      for i in right.indices { right[i] += scaled[k * universe.count + i] * price }
    }
    let solved = (try? factor.solve(right)) ?? right.map { _ in .nan }
    let values = try invested(zip(solved, deviations).map { $0 / $1 }, universe)
    return try solution(values, shares, covariance, end, barrier.iterations)
  }

  /// The shares of risk in the order of the factors; they add to one.
  func resolvedBudgets() throws(AllocationError) -> [Double] {
    try Translation.require(Double(factors.count), "count of factors", in: 1...Double.infinity)
    try Translation.requireDifferent(factors.map(\.name), "factors")
    guard case .byFactor(let table) = budgets else {
      return [Double](repeating: 1 / Double(factors.count), count: factors.count)
    }
    if let unknown = table.keys.filter({ name in !factors.contains { $0.name == name } }).min() {
      throw .invalidValue(
        argument: "count of factors named \(unknown)", asset: nil, got: 0, allowed: 1...1)
    }
    return try Translation.shares(factors.map { table[$0.name] ?? .nan }) {
      ("budget of \(factors[$0].name)", nil)
    }
  }

  /// The Cholesky factor of the correlations.
  private func factorization(
    _ scaled: ScaledCovariance,
    _ universe: Universe
  ) throws(AllocationError) -> Cholesky {
    let n = scaled.order
    let correlations = [Double](capacity: n * n) { output in
      for j in 0..<n {
        for i in 0..<n { output.append(i == j ? 1 : scaled.correlation(max(i, j), min(i, j))) }
      }
    }
    do throws(LinearAlgebraError) {
      return try Cholesky(SymmetricMatrix(lowerTriangleOf: correlations, order: n))
    } catch {
      guard case .notPositiveDefinite(let order) = error else {
        throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
      }
      throw .riskBudgetUnattainable(
        asset: universe.assets[order - 1], reason: .vanishingRisk(error: .infinity))
    }
  }

  /// L⁻¹A with columns of length one, and their lengths before.
  private func whitened(
    _ scaled: [Double],
    _ factor: Cholesky
  ) throws(AllocationError) -> (basis: Matrix, lengths: [Double]) {
    let n = factor.order
    var columns: [Double] = []
    var lengths: [Double] = []
    for k in factors.indices {
      let part = Array(scaled[(k * n)..<((k + 1) * n)])
      let largest = part.reduce(0) { max($0, $1.magnitude) }
      try Translation.require(largest, "loadings of \(factors[k].name)", in: .positive)
      let column = (try? factor.solveLower(part.map { $0 / largest })) ?? part.map { _ in .nan }
      let length = column.reduce(0) { $0 + $1 * $1 }.squareRoot()
      columns += column.map { $0 / length }
      lengths.append(largest * length)
    }
    return (
      try Translation.matrix(columns, rowCount: n, columnCount: factors.count), lengths
    )
  }

  /// The products of the columns, which must be independent.
  private func gram(_ basis: Matrix) throws(AllocationError) -> SymmetricMatrix {
    let matrix: SymmetricMatrix
    let pivoted: PivotedCholesky
    do throws(LinearAlgebraError) {
      matrix = try basis.gram()
      pivoted = try PivotedCholesky(matrix)
    } catch {
      throw .invalidValue(argument: "loadings", asset: nil, got: .infinity, allowed: .finite)
    }
    guard pivoted.rank == factors.count else {
      throw .invalidValue(
        argument: "part of \(factors[pivoted.pivots[pivoted.rank]].name) that other factors lack",
        asset: nil, got: max(pivoted.leastResidual, 0), allowed: .positive)
    }
    return matrix
  }

  /// The weights with the sum that is wanted.
  private func invested(
    _ values: [Double],
    _ universe: Universe
  ) throws(AllocationError) -> [Double] {
    var sum = CompensatedSum()
    var gross = 0.0
    for value in values {
      sum.add(value)
      gross += value.magnitude
    }
    guard gross.isFinite else {
      throw .riskBudgetUnattainable(
        asset: Translation.largest(values, universe), reason: .vanishingRisk(error: .infinity))
    }
    guard sum.value > Self.leastNet * gross else {
      throw .riskBudgetUnattainable(
        asset: Translation.largest(values, universe), reason: .sumOutOfReach(closest: 0))
    }
    return values.map { $0 / sum.value * budget }
  }

  /// Splits the risk of the weights and compares it with the budgets.
  private func solution(
    _ values: [Double],
    _ shares: [Double],
    _ covariance: Covariance,
    _ end: SolverStatus?,
    _ iterations: Int
  ) throws(AllocationError) -> Solution<Portfolio> {
    let universe = covariance.universe
    let weights = try Translation.weights(values, over: universe)
    let split = try FactorContributions.volatility(
      weights: weights, covariance: covariance, factors: factors)
    let error = zip(split.contributions, shares)
      .reduce((split.rest / split.total).magnitude) {
        propagatingMaximum($0, ($1.0 / ($1.1 * split.total) - 1).magnitude)
      }
    let certificate = RiskBudgeting.certificate(error, split.total, iterations)
    if let end { throw .notSolved(status: end, certificate: certificate) }
    let terms = SymmetricKernel.absoluteProduct(covariance.matrix, values)
    let magnitude = zip(values, terms).reduce(0) { $0 + $1.0.magnitude * $1.1 }
    let least = shares.min() ?? 1
    let rounding = Self.roundings * .ulpOfOne * magnitude / (split.total * split.total * least)
    guard error <= max(Self.tolerance, min(rounding, Self.roundingLimit)) else {
      throw .riskBudgetUnattainable(
        asset: Translation.largest(values, universe), reason: .vanishingRisk(error: error))
    }
    let duals = Duals(
      rows: [0], bounds: [Double](repeating: 0, count: universe.count),
      rowNames: [PortfolioConstraints.budgetName], variableNames: universe.assets.map(\.rawValue))
    return Solution(
      value: Portfolio(weights: weights, contributions: split), status: .optimal,
      certificate: certificate, duals: duals)
  }
}

extension Translation {
  /// Requires names that differ from each other.
  static func requireDifferent(_ names: [String], _ kind: String) throws(AllocationError) {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw .invalidValue(
        argument: "count of \(kind) named \(name)", asset: nil,
        got: Double(names.count { $0 == name }), allowed: 1...1)
    }
  }
}
