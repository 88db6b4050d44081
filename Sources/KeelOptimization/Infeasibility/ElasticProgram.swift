/// The linear program whose minimum is the cheapest relaxation: x, then one variable for each bound
/// that may move.
struct ElasticProgram {
  /// Violations below this, relative to the terms of the row, are no moves.
  private static let leastMove = 1e-13

  private let program: QuadraticProgram
  private let movable: [(bound: ConstraintBound, weight: Double)]
  private let elastic: QuadraticProgram

  init(
    _ program: QuadraticProgram,
    _ movable: [(bound: ConstraintBound, weight: Double)]
  ) throws(OptimizationError) {
    self.program = program
    self.movable = movable
    let n = program.variableCount
    var lower = program.lowerBounds
    var upper = program.upperBounds
    var elastics: [ConstraintBound.Target: [(index: Int, sign: Double)]] = [:]
    for (e, (bound, _)) in movable.enumerated() {
      elastics[bound.target, default: []].append((n + e, bound.side == .lower ? 1 : -1))
      // A bound of a variable that may move becomes a row.
      if case .variable(let i) = bound.target {
        if bound.side == .lower { lower[i] = -.infinity } else { upper[i] = .infinity }
      }
    }
    var rows: [LinearRow] = []
    for (k, row) in program.rows.enumerated() {
      let added = elastics[.row(k)] ?? []
      rows.append(
        LinearRow(
          "r\(k)", indices: row.indices + added.map(\.index),
          coefficients: row.coefficients + added.map(\.sign), lower: row.lower, upper: row.upper))
    }
    for i in 0..<n {
      guard let added = elastics[.variable(i)] else { continue }
      rows.append(
        LinearRow(
          "x\(i)", indices: [i] + added.map(\.index), coefficients: [1] + added.map(\.sign),
          lower: program.lowerBounds[i], upper: program.upperBounds[i]))
    }
    elastic = try QuadraticProgram(
      quadratic: .diagonal([Double](repeating: 0, count: n + movable.count)),
      linear: [Double](repeating: 0, count: n) + movable.map(\.weight),
      lowerBounds: lower + [Double](repeating: 0, count: movable.count),
      upperBounds: upper + [Double](repeating: .infinity, count: movable.count), rows: rows)
  }

  /// Solves the program and checks the relaxed one.
  func relaxation(
    _ settings: QuadraticSolver.Settings
  ) throws(OptimizationError) -> CheapestRelaxation {
    if case .feasible(let x) = FeasibilityDecision(program, program.constraintBounds, settings) {
      return try unmoved(x)
    }
    var search = FeasibilitySearch()
    let outcome = search.minimize(elastic) { settings.interruption() != nil }
    if case .optimum = outcome {
      let certificate = elastic.certificate(
        search.point, search.rowDuals, search.boundDuals, iterations: 0)
      if certificate.holds(Certificate.optimalTolerances) {
        return try relaxation(search.point, certificate, .optimal)
      }
    }
    let solution = try QuadraticSolver(settings: settings).solve(elastic)
    guard case .primalInfeasible(let proof) = solution.status else {
      return try relaxation(solution.value, solution.certificate, solution.status)
    }
    // The multipliers vanish wherever a bound may move, so they prove the same without elastics.
    let multipliers = Array(proof.multipliers.rows.prefix(program.rows.count))
    let status = program.infeasibilityProof(rowMultipliers: multipliers)
      .map { SolverStatus.primalInfeasible($0) }
    return try relaxation(solution.value, solution.certificate, status ?? .stalled)
  }

  /// No move at a feasible point: zero dual values of the rows prove the cost of zero.
  private func unmoved(_ x: [Double]) throws(OptimizationError) -> CheapestRelaxation {
    let weights = movable.map(\.weight)
    let certificate = elastic.certificate(
      x + weights.map { _ in 0 }, elastic.rows.map { _ in 0 }, x.map { _ in 0 } + weights,
      iterations: 0)
    return try relaxation(x, certificate, .optimal)
  }

  private func relaxation(
    _ x: [Double],
    _ certificate: Certificate,
    _ status: SolverStatus
  ) throws(OptimizationError) -> CheapestRelaxation {
    let point = Array(x.prefix(program.variableCount))
    var moves: [CheapestRelaxation.Move] = []
    var cost = 0.0
    for (bound, weight) in movable {
      let (value, size) = value(of: bound, at: point)
      let sign = bound.side == .lower ? 1.0 : -1
      var amount = sign * (bound.value - value)
      guard amount > Self.leastMove * size else { continue }
      // Rounded up, so that the moved bound lies beyond the value and not a rounding before it.
      let move = { CheapestRelaxation.Move(bound: bound, amount: amount, weight: weight) }
      if sign * (move().value - value) > 0 { amount += bound.value.ulp }
      moves.append(move())
      cost += weight * amount
    }
    let relaxed = try program.relaxed(by: moves)
    let violation = relaxed.certificate(
      point, [Double](repeating: 0, count: program.rows.count),
      [Double](repeating: 0, count: point.count), iterations: 0
    ).primalResidual
    var status = status
    if status == .optimal && !(violation <= Certificate.optimalTolerances.primal) {
      status = .stalled
    }
    return CheapestRelaxation(
      status: status, moves: moves, cost: cost, point: point, violation: violation,
      certificate: certificate)
  }

  /// The value that a bound limits, and the size of the terms.
  private func value(of bound: ConstraintBound, at x: [Double]) -> (Double, size: Double) {
    let value: Double
    var size = bound.value.magnitude
    switch bound.target {
    case .row(let k):
      value = program.rows[k].value(at: x)
      for (i, a) in zip(program.rows[k].indices, program.rows[k].coefficients) {
        size += (a * x[i]).magnitude
      }
    case .variable(let i):
      value = x[i]
      size += value.magnitude
    }
    return (value, size)
  }
}
