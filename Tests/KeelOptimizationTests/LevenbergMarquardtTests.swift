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
}
