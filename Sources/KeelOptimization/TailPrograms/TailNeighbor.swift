import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) a feasible point near the optimum, for the price of one dsyrk and a quadratic program;
// (2) a proof when the rows and bounds allow no point.
//
// For losses of an elliptical law the expected shortfall is mean loss plus a multiple of the
// volatility, so that the portfolio of least variance is near the one of least shortfall.

/// The quadratic program whose solution is near that of a tail program.
struct TailNeighbor {
  /// A volatility that is off by more than this factor is worth a second solve.
  private static let scaleTolerance = 1.5

  /// Nil when the neighbor could not be posed.
  let solution: Solution<[Double]>?

  /// Solves the neighbor.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - settings: The limits of the solver.
  init(_ program: ExpectedShortfallProgram, settings: QuadraticSolver.Settings) {
    let n = program.variableCount
    let means = program.outcomes(weightedBy: program.probabilities)
    guard let covariance = Self.covariance(program, means) else {
      solution = Self.solve(program.constraints, settings)
      return
    }
    let linear = (0..<n).map { program.linear[$0] - program.shortfallWeight * means[$0] }
    let tail = StandardNormal.pdf(StandardNormal.quantile(program.confidence))
    let multiple = program.shortfallWeight * tail / (1 - program.confidence)
    var deviation = 0.0
    let variances = covariance.diagonal.filter { $0 > 0 }
    for variance in variances { deviation += variance.squareRoot() / Double(variances.count) }
    var chosen: Solution<[Double]>?
    for _ in 0..<2 {
      guard let curvature = Self.curvature(covariance, multiple / deviation),
        let candidate = Self.program(program, curvature, linear)
      else { break }
      let solution = Self.solve(candidate, settings)
      chosen = solution
      guard let solution, solution.status == .optimal,
        linear.contains(where: { $0 != 0 })
      else { break }
      let achieved = max(0, dot(solution.value, covariance.times(solution.value))).squareRoot()
      let ratio = achieved / deviation
      guard ratio > 0, max(ratio, 1 / ratio) > Self.scaleTolerance else { break }
      deviation = achieved
    }
    solution = chosen ?? Self.solve(program.constraints, settings)
  }

  private static func solve(
    _ program: QuadraticProgram,
    _ settings: QuadraticSolver.Settings
  ) -> Solution<[Double]>? {
    do throws(OptimizationError) {
      return try QuadraticSolver(settings: settings).solve(program)
    } catch {
      return nil
    }
  }

  /// The covariance with a factor, nil when it is not finite.
  private static func curvature(_ covariance: QuadraticTerm, _ factor: Double) -> QuadraticTerm? {
    guard factor.isFinite, factor > 0 else { return nil }
    let result = covariance.multiplied(by: factor)
    return result.diagonal.allSatisfy { $0.isFinite } ? result : nil
  }

  private static func program(
    _ program: ExpectedShortfallProgram,
    _ curvature: QuadraticTerm,
    _ linear: [Double]
  ) -> QuadraticProgram? {
    do throws(OptimizationError) {
      return try QuadraticProgram(
        quadratic: curvature, linear: linear, lowerBounds: program.lowerBounds,
        upperBounds: program.upperBounds, rows: program.rows,
        variableNames: program.variableNames)
    } catch {
      return nil
    }
  }

  /// The covariance of the outcomes, bordered by zeros for variables without outcomes: one dsyrk
  /// over blocks of scenarios.
  private static func covariance(
    _ program: ExpectedShortfallProgram,
    _ means: [Double]
  ) -> QuadraticTerm? {
    let n = program.outcomes.columnCount
    let count = program.variableCount
    let roots = program.probabilities.map { $0.squareRoot() }
    do throws(LinearAlgebraError) {
      var sum = try GramAccumulator(order: n)
      var first = 0
      while first < program.scenarioCount {
        let range = first..<min(first + blockRows, program.scenarioCount)
        let panel = [Double](capacity: range.count * n) { output in
          let scale = roots.span
          for j in 0..<n {
            let column = program.outcomes.column(j)
            let mean = means[j]
            for s in range { output.append((column[s] - mean) * scale[s]) }
          }
        }
        try sum.add(panel, rowCount: range.count)
        first = range.upperBound
      }
      var triangle = try sum.finish()
      for j in 0..<n {
        let secondMoment = triangle[j * (n + 1)] + means[j] * means[j]
        triangle[j * (n + 1)] += ridge * secondMoment
      }
      if n == count {
        return .dense(SymmetricMatrix(lowerTriangleOf: triangle, order: n))
      }
      var bordered = [Double](repeating: 0, count: count * count)
      for j in 0..<n {
        for i in j..<n { bordered[i + j * count] = triangle[i + j * n] }
      }
      return .dense(SymmetricMatrix(lowerTriangleOf: bordered, order: count))
    } catch {
      return nil
    }
  }

  private static let blockRows = 1024

  /// What is added to each variance, relative to the second moment: covariances of fewer scenarios
  /// than variables, and of outcomes without variance, are singular.
  private static let ridge = 1e-8
}
