import KeelData
import KeelNumerics
import KeelOptimization

/// What an explanation needs to know of a portfolio choice.
struct ExplanationRequest {
  let covariance: Covariance
  let active: ActiveWeights
  /// The benchmark's weights; nil for none.
  var benchmark: Weights?
  /// The program of the certificate.
  let program: PortfolioProgram
  /// The risk aversion λ in the program.
  let riskAversion: Double
  /// The expected returns in the program; nil for none.
  var views: [Double]?
  /// What the program has beside them: their uncertainty, prices of trades.
  var adjustments: [(source: PortfolioExplanation.Source, values: [Double])] = []
  let objective: PortfolioExplanation.Objective
  /// The change of the objective for a unit of a dual value.
  let priceUnit: Double
  /// What the price of the budget lacks.
  var budgetShift = 0.0
  /// The limits that rows of the program stand for.
  var concentration: [ConcentrationConstraint] = []

  /// Explains the weights of a solution.
  ///
  /// - Parameters:
  ///   - weights: The weights.
  ///   - duals: Their dual values in the program.
  /// - Returns: The explanation.
  /// - Throws: ``AllocationError``; `notSolved` when the solution does not prove itself in the program.
  func explanation(
    of weights: Weights,
    duals: Duals
  ) throws(AllocationError) -> PortfolioExplanation {
    let universe = covariance.universe
    try Translation.requireEqual(weights.universe, universe)
    let x = active.activeWeights(weights.values)
    let solution = try program.certified(x, rows: duals.rows, bounds: duals.bounds, iterations: 0)
    guard solution.status == .optimal else {
      throw .notSolved(status: solution.status, certificate: solution.certificate)
    }
    let unit = riskAversion > 0 ? riskAversion : 1
    let decomposition = try WeightDecomposition(
      program, solution, riskMatrix: try riskMatrix(), views: views.map { $0.map { $0 / unit } },
      adjustments: adjustments.map { ($0.source, $0.values.map { $0 / unit }) }, unit: unit)
    var terms: [PortfolioExplanation.Term] = []
    for source in sources where source != .benchmark {
      guard let values = decomposition.parts.first(where: { $0.source == source })?.values
      else { continue }
      terms.append(.init(source: source, weights: try Translation.weights(values, over: universe)))
    }
    if let benchmark { terms.insert(.init(source: .benchmark, weights: benchmark), at: 0) }
    var remainders = weights.values
    for term in terms {
      for i in remainders.indices { remainders[i] -= term.weights.values[i] }
    }
    return PortfolioExplanation(
      weights: weights, terms: terms, shadowPrices: prices(solution, decomposition),
      objective: objective, residual: remainders.reduce(0) { max($0, $1.magnitude) })
  }

  /// Every source that there may be, in order.
  private var sources: [PortfolioExplanation.Source] {
    let rows = program.plain.rows.dropFirst().map(\.name) + program.absolute.map(\.name)
    let assets = covariance.universe.assets.map(\.rawValue)
    return [.risk, .views, .uncertainty, .costs] + (rows + assets).map { .constraint($0) } + [
      .undetermined
    ]
  }

  /// The covariance, or zero for a choice that does not mind risk.
  private func riskMatrix() throws(AllocationError) -> SymmetricMatrix {
    if riskAversion > 0 { return covariance.matrix }
    do throws(NumericsError) {
      return try SymmetricMatrix(order: covariance.universe.count)
    } catch {
      throw .invalidValue(
        argument: "count of assets", asset: nil, got: Double(covariance.universe.count),
        allowed: .nonnegative)
    }
  }

  /// The prices of active limits in the caller's terms.
  private func prices(
    _ solution: Solution<[Double]>,
    _ decomposition: WeightDecomposition
  ) -> [PortfolioExplanation.ShadowPrice] {
    var prices: [PortfolioExplanation.ShadowPrice] = []
    let duals = solution.duals.rows
    let count = solution.value.count
    // The target of a return is a row of the program alone.
    let rows = active.constraints.rows + program.plain.rows.dropFirst(active.constraints.rows.count)
    for (k, row) in rows.enumerated() {
      var coefficients = [Double](repeating: 0, count: count)
      for (i, a) in zip(row.indices, row.coefficients) { coefficients[i] = a }
      guard row.isEquality || decomposition.isActive(duals[k] * scale, coefficients) else {
        continue
      }
      let shift = k == 0 ? budgetShift : 0
      prices.append(
        .init(
          constraint: row.name,
          limit: concentration.first { $0.name == row.name }?.limit
            ?? (duals[k] < 0 ? row.upper : row.lower),
          value: (duals[k] + shift) * priceUnit))
    }
    for (row, dual) in zip(program.absolute, duals.dropFirst(rows.count))
    where decomposition.isActive(dual * scale, row.coefficients) {
      prices.append(.init(constraint: row.name, limit: row.limit, value: dual * priceUnit))
    }
    for (i, dual) in solution.duals.bounds.enumerated() where dual != 0 {
      var unitVector = [Double](repeating: 0, count: count)
      unitVector[i] = 1
      guard decomposition.isActive(dual * scale, unitVector) else { continue }
      prices.append(
        .init(
          constraint: covariance.universe.assets[i].rawValue,
          limit: dual < 0 ? active.constraints.upper[i] : active.constraints.lower[i],
          value: dual * priceUnit))
    }
    return prices
  }

  /// Dual values in the unit of the decomposition.
  private var scale: Double { riskAversion > 0 ? 1 / riskAversion : 1 }
}
