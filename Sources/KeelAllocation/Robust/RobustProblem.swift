import KeelData
import KeelNumerics
import KeelOptimization

/// A utility whose expected returns are uncertain, in the order of a universe.
struct RobustProblem {
  /// The estimate.
  let mean: [Double]
  let covariance: Covariance
  let riskAversion: Double
  let limits: ResolvedConstraints
  let costs: UtilityCosts
  let settings: QuadraticSolver.Settings

  /// Weights that are best for one vector of expected returns.
  struct Point {
    let solution: Solution<[Double]>
    /// The vector, one of the set.
    let mean: [Double]
    /// What the worst of the set takes from the expected return of the estimate.
    let loss: Double
    /// What the vector takes less than the worst of the set.
    var missing = 0.0
  }

  /// The utility for one vector of expected returns.
  func program(_ mean: [Double]) throws(AllocationError) -> PortfolioProgram {
    try MaximumUtility.program(
      mean, covariance, riskAversion: riskAversion, limits, costs: costs)
  }

  /// The best weights without uncertainty.
  func plain() throws(AllocationError) -> Point {
    Point(
      solution: try program(mean).solution(settings: settings), mean: mean, loss: 0)
  }

  /// The best weights for a box: a charge on positions, or lower means where bounds leave one side.
  ///
  /// - Parameter widths: The half-widths, zero or more.
  /// - Returns: The weights, with the worst corner of the box.
  /// - Throws: ``AllocationError``.
  func box(_ widths: [Double]) throws(AllocationError) -> Point {
    var worst = mean
    var open = widths
    for i in mean.indices {
      let side = limits.lower[i] >= 0 ? 1.0 : limits.upper[i] <= 0 ? -1 : 0
      worst[i] -= side * widths[i]
      if side != 0 { open[i] = 0 }
    }
    var charged = costs
    charged.add(TradingCharge(buying: open, selling: open, reference: mean.map { _ in 0 }))
    let program = try MaximumUtility.program(
      worst, covariance, riskAversion: riskAversion, limits, costs: charged)
    let solution = try program.solution(settings: settings)
    let x = solution.value
    if charged.charges.count > costs.charges.count {
      let slopes = try program.supported(
        at: x, rows: solution.duals.rows, bounds: solution.duals.bounds
      ).charged
      for i in x.indices { worst[i] -= slopes[slopes.count - 1][i] }
    }
    var loss = CompensatedSum()
    for (width, weight) in zip(widths, x) { loss.add(width * weight.magnitude) }
    return Point(solution: solution, mean: worst, loss: loss.value)
  }
}
