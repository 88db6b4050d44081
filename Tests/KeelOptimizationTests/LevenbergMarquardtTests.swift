import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Fits a model with derivatives by dual numbers.
func fit(
  _ solver: inout LevenbergMarquardt,
  _ model: FitModel,
  from start: [Double]
) throws(OptimizationError) -> MinimizationStatus {
  try solver.fit(from: start.span) { x, r in
    let values = model(seeds(x))
    for k in values.indices { r[k] = values[k].value }
  } jacobian: { x, j in
    let values = model(seeds(x))
    for k in values.indices {
      for i in 0..<x.count { j[k + i * values.count] = values[k].slope[i] }
    }
  }
}

/// Fits a model with derivatives by differences.
func fitByDifferences(
  _ solver: inout LevenbergMarquardt,
  _ model: FitModel,
  from start: [Double]
) throws(OptimizationError) -> MinimizationStatus {
  try solver.fit(from: start.span) { x, r in
    let values = model(seeds(x))
    for k in values.indices { r[k] = values[k].value }
  }
}

@Suite struct LevenbergMarquardtTests {
  @Test func referenceIsThere() {
    #expect(FitReference.shared.nist.count == 27)
    #expect(FitReference.shared.classic.count == 17)
  }

  /// Certified to eleven digits. Lanczos1 has residuals of 1e-13, which rounding of the data moves.
  @Test(arguments: FitReference.shared.nist) func certifiedValues(_ reference: NISTFit) throws {
    var solver = try LevenbergMarquardt(
      residualCount: reference.y.count, parameterCount: reference.certified.count)
    #if DEBUG
      // The long ones from the nearer start only, for time.
      let starts = reference.y.count > 100 ? Array(reference.starts.suffix(1)) : reference.starts
    #else
      let starts = reference.starts
    #endif
    for start in starts {
      let status = try fit(&solver, reference.model, from: start)
      #expect(status.isConverged, "\(status) \(solver.certificate)")
      var x = solver.parameters
      // Exchanging the two exponentials of MGH17 changes nothing.
      let order =
        reference.name == "MGH17" && x[3] > x[4] ? [0, 2, 1, 4, 3] : Array(x.indices)
      x = order.map { x[$0] }
      let isExact = reference.name == "Lanczos1"
      for i in x.indices {
        expectClose(x[i], reference.certified[i], relative: 1.1e-10)
      }
      if isExact { continue }
      expectClose(2 * solver.certificate.cost, reference.sumOfSquares, relative: 1e-10)
      let covariance = try solver.covariance()
      for i in x.indices {
        expectClose(
          covariance[order[i], order[i]].squareRoot(), reference.deviations[i], relative: 1e-9)
      }
      #expect(solver.certificate.rank == x.count)
    }
  }

  @Test(arguments: FitReference.shared.classic) func classicProblems(
    _ reference: ClassicFit
  ) throws {
    let count = reference.model(reference.start.map { Dual($0) }).count
    var solver = try LevenbergMarquardt(
      residualCount: count, parameterCount: reference.start.count)
    let status = try fit(&solver, reference.model, from: reference.start)
    #expect(status.isConverged, "\(status) \(solver.certificate)")
    expectClose(
      2 * solver.certificate.cost, reference.sumOfSquares, relative: 1e-9, absolute: 1e-20)
  }

  @Test(arguments: FitReference.shared.bounded) func boundedProblems(
    _ reference: ClassicFit
  ) throws {
    let count = reference.model(reference.start.map { Dual($0) }).count
    let lower = try #require(reference.lower)
    let upper = try #require(reference.upper)
    var solver = try LevenbergMarquardt(
      residualCount: count, parameterCount: reference.start.count)
    try solver.setBounds(lower: lower.span, upper: upper.span)
    let status = try fit(&solver, reference.model, from: reference.start)
    #expect(status.isConverged, "\(status) \(solver.certificate)")
    expectClose(
      2 * solver.certificate.cost, reference.sumOfSquares, relative: 1e-9, absolute: 1e-20)
    let x = solver.parameters
    for i in x.indices {
      #expect(x[i] >= lower[i] && x[i] <= upper[i])
      // What SciPy has nearly at a bound is exactly there.
      let width = upper[i] - lower[i]
      if reference.solution[i] - lower[i] < 1e-9 * width { #expect(x[i] == lower[i]) }
      if upper[i] - reference.solution[i] < 1e-9 * width { #expect(x[i] == upper[i]) }
    }
  }

  /// Linear residuals inside bounds are a quadratic program.
  @Test(arguments: 1...40) func agreesWithQuadraticPrograms(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 1 + seed % 12
    let m = n + seed % 5
    func number() -> Double { Double.random(in: -1...1, using: &generator) }
    let rows = (0..<m).map { _ in (0..<n).map { _ in number() } }
    let data = (0..<m).map { _ in 3 * number() }
    let lower = (0..<n).map { _ in number() }
    let upper = lower.map { $0 + (number() + 1) / 2 }
    var p = try SymmetricMatrix(order: n)
    for i in 0..<n {
      for j in 0...i { p[i, j] = rows.reduce(0) { $0 + $1[i] * $1[j] } }
    }
    let q = (0..<n).map { i in -(0..<m).reduce(0) { $0 + rows[$1][i] * data[$1] } }
    let program = try QuadraticProgram(
      quadratic: .dense(p), linear: q, lowerBounds: lower, upperBounds: upper)
    let reference = try QuadraticSolver().solve(program)
    try #require(reference.status == .optimal)
    var solver = try LevenbergMarquardt(residualCount: m, parameterCount: n)
    try solver.setBounds(lower: lower.span, upper: upper.span)
    let status = try fit(
      &solver,
      { x in
        (0..<m).map { k in (0..<n).reduce(Dual(-data[k])) { $0 + rows[k][$1] * x[$1] } }
      }, from: [Double](repeating: 0, count: n))
    #expect(status.isConverged, "\(status) \(solver.certificate)")
    #expect(solver.certificate.iterations <= 30)
    let x = solver.parameters
    for i in 0..<n {
      expectClose(x[i], reference.value[i], absolute: 1e-9)
      if reference.duals.bounds[i].magnitude > 1e-9 {
        #expect(x[i] == (reference.duals.bounds[i] > 0 ? lower[i] : upper[i]))
      }
    }
  }
}
