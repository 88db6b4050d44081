// A limit on concentration is convex, so that a linear row touches it at every portfolio that meets it: the proof of
// such a portfolio, what explains it, and what a violation is measured by.

import KeelData
import KeelNumerics
import KeelOptimization

extension PortfolioConstraints {
  /// The constraints with a row in the place of each limit on concentration, which a portfolio keeps exactly where it
  /// keeps the limit; the rows have the names and the order of the dual values.
  ///
  /// - Parameter weights: The portfolio.
  /// - Returns: The constraints without limits on concentration.
  /// - Throws: ``AllocationError`` for limits that mean nothing.
  func supported(at weights: Weights) throws(AllocationError) -> PortfolioConstraints {
    if concentration.isEmpty { return self }
    let universe = weights.universe
    try checkConcentration(over: universe)
    var result = self
    result.concentration = []
    let ordered = concentration.filter(\.isLargest) + concentration.filter { !$0.isLargest }
    for limit in ordered {
      if limit.isLargest {
        let row = limit.row(of: weights).row
        result.linear.append(
          LinearConstraint(limit.name, coefficients: row.coefficients, upper: limit.limit))
        continue
      }
      var coefficients: [AssetID: Double] = [:]
      for (asset, weight) in zip(universe.assets, weights.values) {
        coefficients[asset] = 2 * weight
      }
      result.linear.append(
        LinearConstraint(
          limit.name, coefficients: coefficients,
          upper: limit.limit + SquaresRow.sum(weights.values)))
    }
    return result
  }

  /// The names of dual values of rows in their order.
  var dualNames: [String] {
    let ordered = concentration.filter(\.isLargest) + concentration.filter { !$0.isLargest }
    return [Self.budgetName] + linear.map(\.name) + ordered.map(\.name) + absolute.map(\.name)
  }

  /// The program of an optimum, with rows in the place of limits on concentration.
  ///
  /// Where weights tie for the last place among the largest, the optimality condition says how far each of them counts.
  ///
  /// - Parameters:
  ///   - weights: The optimum.
  ///   - duals: Its dual values.
  ///   - benchmark: The weights that the program's are relative to; nil for none.
  ///   - build: Makes the program under constraints on its own weights.
  /// - Returns: The constraints and the program.
  /// - Throws: ``AllocationError``.
  func proof(
    at weights: Weights,
    duals: Duals,
    benchmark: Weights? = nil,
    _ build: (ResolvedConstraints) throws(AllocationError) -> PortfolioProgram
  ) throws(AllocationError) -> (active: ActiveWeights, program: PortfolioProgram) {
    let universe = weights.universe
    var planes = try supported(at: weights)
    var active = ActiveWeights(
      constraints: try planes.resolved(over: universe), benchmark: benchmark)
    var program = try build(active.shifted)
    for (k, limit) in concentration.filter(\.isLargest).enumerated() {
      let row = linear.count + k
      guard case .largest(let count) = limit.measure, duals.rows.count > row + 1,
        duals.rows[row + 1] < 0
      else { continue }
      let missing = program.missing(
        at: active.activeWeights(weights.values), rows: duals.rows, bounds: duals.bounds)
      let sizes = weights.values.map(\.magnitude)
      let last = sizes.sorted(by: >)[count - 1]
      var coefficients = planes.linear[row].coefficients
      for (i, asset) in universe.assets.enumerated()
      where (sizes[i] - last).magnitude <= Self.tie * max(last, limit.limit) {
        coefficients[asset, default: 0] += missing[i] / duals.rows[row + 1]
      }
      planes.linear[row] = LinearConstraint(
        limit.name, coefficients: coefficients, upper: limit.limit)
      active = ActiveWeights(
        constraints: try planes.resolved(over: universe), benchmark: benchmark)
      program = try build(active.shifted)
    }
    return (active, program)
  }

  /// Weights this close, relative to the limit, tie.
  private static let tie = 1e-9
}
