// Goals: (1) the optimum of a quotient with the certificate of a convex program; (2) a clear answer
// when no portfolio has a positive one.
//
// A portfolio has the largest ratio of gain to volatility exactly when it has the largest utility at
// λ = gain / variance of its own: that is what gets proved. It is found by a homogeneous program, or
// under limits on sums of distances by a search along the utilities.

import KeelData
import KeelNumerics
import KeelOptimization

/// The portfolio with the largest `(gains − charge)'w / √(w'Σw)`.
struct LargestRatio {
  /// One number an asset, and what is taken from each.
  let gains: [Double]
  let charge: Double
  let covariance: Covariance
  let constraints: ResolvedConstraints
  let settings: QuadraticSolver.Settings

  private var universe: Universe { covariance.universe }
  private var netGains: [Double] { gains.map { $0 - charge } }

  /// Chooses the weights, with certificate and dual values of the utility.
  func solution() throws(AllocationError) -> Solution<Weights> {
    // Bad names and clashing bounds are reported in the caller's terms.
    let check = try constraints.program(
      quadratic: .diagonal([Double](repeating: 0, count: gains.count)),
      linear: gains.map { -$0 })
    if !check.absolute.isEmpty { return try searched() }
    let homogeneous = try HomogeneousProgram(
      gains: netGains, covariance: covariance, constraints: constraints)
    let solution: Solution<[Double]>
    do throws(AllocationError) {
      solution = try Translation.solution(
        of: homogeneous.program, universe: universe, settings: settings)
    } catch {
      if case .infeasible = error { throw try noGain(check) }
      throw error
    }
    try requireRisk(Array(solution.value.prefix(universe.count)))
    let (scale, multiplier) = (homogeneous.scale(solution.value), solution.duals.rows[0])
    guard scale > 0, multiplier > 0 else {
      throw .notSolved(status: solution.status, certificate: solution.certificate)
    }
    let duals = homogeneous.duals(solution.duals, charge: charge)
    let program = try MaximumUtility.program(
      gains, covariance, riskAversion: scale / multiplier, constraints)
    let proof = try program.certified(
      homogeneous.weights(solution.value, solution.duals), rows: duals.rows,
      bounds: duals.bounds, iterations: solution.certificate.iterations)
    return try labeled(proof)
  }

  /// The optimum along the utilities.
  private func searched() throws(AllocationError) -> Solution<Weights> {
    let search = RiskToleranceSearch(
      constraints: constraints, covariance: covariance, mean: netGains, settings: settings)
    let least = try search.leastVariance()
    if least.mean > 0 { try requireRisk(least.x) }
    let point = try search.crossing(.ratio, from: least)
    guard point.riskTolerance.isFinite else {
      throw .noPortfolioBeatsRiskFree(
        best: point.mean + charge * constraints.rows[0].upper, riskFreeRate: charge)
    }
    guard point.riskTolerance > 0 else {
      let largest = point.x.indices.max { point.x[$0].magnitude < point.x[$1].magnitude } ?? 0
      throw .unbounded(asset: universe.assets[largest])
    }
    return try labeled(
      try search.utilityProof(
        point, riskAversion: 1 / point.riskTolerance, mean: gains, budgetShift: charge))
  }

  private func labeled(_ proof: Solution<[Double]>) throws(AllocationError) -> Solution<Weights> {
    guard proof.status == .optimal else {
      throw .notSolved(status: .stalled, certificate: proof.certificate)
    }
    return try proof.map { (values) throws(AllocationError) in
      try Translation.weights(values, over: universe)
    }
  }

  /// What is wrong when the homogeneous program has no point: a clash, or no gain.
  private func noGain(_ program: PortfolioProgram) throws(AllocationError) -> AllocationError {
    let best = try program.solution(settings: settings)
    return .noPortfolioBeatsRiskFree(
      best: -best.certificate.primalObjective, riskFreeRate: charge)
  }

  /// Throws when the assets can be combined to a gain without risk.
  private func requireRisk(_ y: [Double]) throws(AllocationError) {
    let product = covariance.product(with: y)
    let deviations = covariance.standardDeviations
    let variance = zip(y, product).reduce(0) { $0 + $1.0 * $1.1 }
    let gross = zip(y, deviations).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
    // A variance of some roundings of the squared gross volatility is no variance.
    let rounding = 1e-13
    guard variance > rounding * gross * gross else {
      let most = y.indices.max {
        (y[$0] * deviations[$0]).magnitude < (y[$1] * deviations[$1]).magnitude
      }
      guard let most else { return }
      throw .unbounded(asset: universe.assets[most])
    }
  }
}
