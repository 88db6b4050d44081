import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// The extended Rosenbrock function with its gradient.
func chainedValley(_ x: Span<Double>, _ g: inout MutableSpan<Double>) -> Double {
  var sum = 0.0
  for k in 0..<x.count / 2 {
    let (a, b) = (x[2 * k], x[2 * k + 1])
    let (rise, rest) = (b - a * a, 1 - a)
    sum += 100 * rise * rise + rest * rest
    g[2 * k] = -400 * a * rise - 2 * rest
    g[2 * k + 1] = 200 * rise
  }
  return sum
}

/// Half the sum of squares of a model with its gradient.
func minimize(
  _ solver: inout BoundedQuasiNewton, _ model: FitModel, from start: [Double]
) throws(OptimizationError) -> MinimizationStatus {
  try solver.minimize(from: start.span) { x, g in
    var sum = Dual(0)
    for residual in model(seeds(x)) { sum = sum + residual.squared }
    for i in 0..<x.count { g[i] = sum.slope[i] / 2 }
    return sum.value / 2
  }
}

@Suite struct BoundedQuasiNewtonTests {
  @Test(arguments: FitReference.shared.smooth) func references(_ reference: SmoothProblem) throws {
    var solver = try BoundedQuasiNewton(parameterCount: reference.start.count)
    try solver.setBounds(lower: reference.lower.span, upper: reference.upper.span)
    let status = try solver.minimize(from: reference.start.span) { x, g in
      chainedValley(x, &g)
    }
    #expect(status.isConverged, "\(status) \(solver.certificate)")
    #expect(solver.certificate.evaluations < 400, "\(solver.certificate)")
    expectClose(solver.certificate.value, reference.value, relative: 1e-12, absolute: 1e-15)
    let x = solver.parameters
    for i in x.indices {
      expectClose(x[i], reference.solution[i], relative: 1e-6)
      #expect(x[i] >= reference.lower[i] && x[i] <= reference.upper[i])
      if reference.solution[i] == reference.upper[i] { #expect(x[i] == reference.upper[i]) }
      if reference.solution[i] == reference.lower[i] { #expect(x[i] == reference.lower[i]) }
    }
  }

  /// Sums of squares with and without bounds, against least squares.
  @Test(arguments: FitReference.shared.classic + FitReference.shared.bounded)
  func classicProblems(_ reference: ClassicFit) throws {
    var solver = try BoundedQuasiNewton(parameterCount: reference.start.count)
    solver.settings.gradientTolerance = 1e-10
    if let lower = reference.lower, let upper = reference.upper {
      try solver.setBounds(lower: lower.span, upper: upper.span)
    }
    let status = try minimize(&solver, reference.model, from: reference.start)
    // Meyer's valley is too narrow for the method in these units, which it has to say.
    if reference.name == "meyer" && !status.isConverged { return }
    #expect(status.isConverged, "\(status) \(solver.certificate)")
    expectClose(
      2 * solver.certificate.value, reference.sumOfSquares, relative: 1e-8, absolute: 1e-12)
  }

  /// Random convex quadratic functions in boxes against the quadratic solver.
  @Test(arguments: 1...30) func agreesWithQuadraticPrograms(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 1 + seed % 12
    var rows: [[Double]] = []
    for _ in 0..<n + 3 {
      rows.append((0..<n).map { _ in Double.random(in: -1...1, using: &generator) })
    }
    var p = try SymmetricMatrix(order: n)
    for i in 0..<n {
      for j in 0...i { p[i, j] = rows.reduce(i == j ? 0.1 : 0) { $0 + $1[i] * $1[j] } }
    }
    let q = (0..<n).map { _ in Double.random(in: -1...1, using: &generator) }
    let lower = (0..<n).map { _ in Double.random(in: -1...0, using: &generator) }
    let upper = lower.map { $0 + Double.random(in: 0...1, using: &generator) }
    let program = try QuadraticProgram(
      quadratic: .dense(p), linear: q, lowerBounds: lower, upperBounds: upper)
    let reference = try QuadraticSolver().solve(program)
    try #require(reference.status == .optimal)
    var solver = try BoundedQuasiNewton(parameterCount: n, memory: 5)
    solver.settings.gradientTolerance = 1e-11
    try solver.setBounds(lower: lower.span, upper: upper.span)
    let status = try solver.minimize(from: [Double](repeating: 0, count: n).span) { x, g in
      var sum = 0.0
      for i in 0..<n {
        var product = 0.0
        for j in 0..<n { product += p[i, j] * x[j] }
        g[i] = product + q[i]
        sum += x[i] * (product / 2 + q[i])
      }
      return sum
    }
    #expect(status.isConverged)
    let x = solver.parameters
    for i in 0..<n {
      expectClose(x[i], reference.value[i], absolute: 1e-8)
      if reference.value[i] == lower[i] || reference.value[i] == upper[i] {
        #expect(x[i] == reference.value[i])
      }
    }
  }
}
