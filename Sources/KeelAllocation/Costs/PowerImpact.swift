// Newton's method for the power 3/2 of trades, on programs whose other costs bend.
//
// Goals in order: a proof for the whole objective, weights exactly at their references, few programs.
//
// Each step replaces c |x|^(3/2) by the parabola with its slope and curvature. In u = √x the step of one asset alone is
// u² ← u (2u* − u): quadratic near u*, and from a tiny u in a few steps. The objective is convex, so that a tangent plane of the
// power at the end, in the place of the power, proves the optimum like a linear term.

import KeelData
import KeelNumerics
import KeelOptimization

/// Costs Σ coefficient |x − reference|^(3/2), in the order of a universe.
struct PowerImpact: Hashable, Sendable {
  /// Zero or more.
  let coefficients: [Double]
  let reference: [Double]

  /// The trade whose curvature the first step takes, and every step for assets that are not traded.
  private static let firstTrade = 0.01
  /// Trades below this size have the curvature of this size.
  private static let leastTrade = 1e-16
  private static let stepLimit = 100
  private static let shortestStep = 1e-12

  func value(_ x: [Double]) -> Double {
    var sum = CompensatedSum()
    for i in x.indices {
      let size = (x[i] - reference[i]).magnitude
      sum.add(coefficients[i] * size * size.squareRoot())
    }
    return sum.value
  }

  func slope(_ x: Double, _ i: Int) -> Double {
    let trade = x - reference[i]
    let slope = 1.5 * coefficients[i] * trade.magnitude.squareRoot()
    return trade < 0 ? -slope : slope
  }

  /// The curvature at a trade; where nothing is traded, which holds for most assets beside a spread, one that
  /// does not drown those of the others.
  private func curvature(_ trade: Double, _ i: Int) -> Double {
    let size = trade == 0 ? Self.firstTrade : max(trade.magnitude, Self.leastTrade)
    return 0.75 * coefficients[i] / size.squareRoot()
  }

  /// The best weights of a utility with these costs.
  ///
  /// - Parameters:
  ///   - settings: The limits of the solver.
  ///   - utility: The program with all other costs for further parabolas: Σ ½ curvature x² − pull x.
  /// - Returns: The weights with the certificate of the whole objective.
  /// - Throws: ``AllocationError``.
  func solution(
    settings: QuadraticSolver.Settings,
    _ utility: (_ curvatures: [Double], _ pulls: [Double]) throws(AllocationError) ->
      PortfolioProgram
  ) throws(AllocationError) -> Solution<[Double]> {
    let n = reference.count
    let first = coefficients.indices.map { curvature(Self.firstTrade, $0) }
    let start = try utility(first, zip(first, reference).map { $0 * $1 })
    var model = try start.solution(settings: settings)
    let flat = [Double](repeating: 0, count: n)
    let whole = try utility(flat, flat)
    var x = model.value
    var last = model
    for step in 1...Self.stepLimit {
      let slopes = x.indices.map { slope(x[$0], $0) }
      let curvatures = x.indices.map { curvature(x[$0] - reference[$0], $0) }
      let parabola = try utility(
        curvatures, x.indices.map { curvatures[$0] * x[$0] - slopes[$0] })
      model = try parabola.solution(settings: settings, near: (x, model.duals.rows))
      let claim = try proved(
        x, slopes, model.duals, try utility(flat, slopes.map { -$0 }), iterations: step)
      // One more step after the first proof: it leaves nothing but rounding.
      if claim.status == .optimal && last.status == .optimal && step > 1 { return claim }
      last = claim
      guard let next = shortened(x, model.value, whole) else { break }
      x = next
    }
    if last.status == .optimal { return last }
    throw .notSolved(status: .stalled, certificate: last.certificate)
  }

  /// The certificate of a point, with a tangent plane in the place of the power.
  private func proved(
    _ x: [Double],
    _ slopes: [Double],
    _ duals: Duals,
    _ tangent: PortfolioProgram,
    iterations: Int
  ) throws(AllocationError) -> Solution<[Double]> {
    let claim = try tangent.certified(
      x, rows: duals.rows, bounds: duals.bounds, iterations: iterations)
    var missing = value(x)
    for i in x.indices { missing -= slopes[i] * x[i] }
    return Solution(
      value: x, status: claim.status, certificate: claim.certificate.addingToObjective(missing),
      duals: claim.duals)
  }

  /// The longest of a step and its halves that lowers the objective enough; nil where none does.
  private func shortened(
    _ x: [Double],
    _ target: [Double],
    _ program: PortfolioProgram
  ) -> [Double]? {
    let before = program.objective(x) + value(x)
    // The terms cancel: what rounding leaves of the largest ones.
    let size = x.indices.reduce(value(x)) { $0 + (program.plain.linear[$1] * x[$1]).magnitude }
    let most = before + 1e-14 * size
    var length = 1.0
    while length >= Self.shortestStep {
      let next = zip(x, target).map { length == 1 ? $1 : $0 + length * ($1 - $0) }
      if next == x { return nil }
      if program.objective(next) + value(next) <= most { return next }
      length /= 2
    }
    return nil
  }
}
