import Foundation
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct NonlinearHostileTests {
  private let line: FitModel = { x in [x[0] - 1, x[0] + x[1] - 3, 2 * x[1] - 1] }

  @Test func shapesAreChecked() throws {
    #expect(throws: OptimizationError.shapeMismatch(argument: "residuals", got: 0, required: 1)) {
      _ = try LevenbergMarquardt(residualCount: 0, parameterCount: 1)
    }
    #expect(throws: OptimizationError.shapeMismatch(argument: "parameters", got: 0, required: 1)) {
      _ = try LevenbergMarquardt(residualCount: 1, parameterCount: 0)
    }
    #expect(throws: OptimizationError.shapeMismatch(argument: "parameters", got: 0, required: 1)) {
      _ = try BoundedQuasiNewton(parameterCount: 0)
    }
    #expect(throws: OptimizationError.shapeMismatch(argument: "memory", got: 0, required: 1)) {
      _ = try BoundedQuasiNewton(parameterCount: 1, memory: 0)
    }
    var solver = try LevenbergMarquardt(residualCount: 3, parameterCount: 2)
    #expect(throws: OptimizationError.shapeMismatch(argument: "start", got: 1, required: 2)) {
      _ = try fit(&solver, line, from: [1])
    }
    let error = OptimizationError.conflictingBounds(name: "x[1]", lower: 2, upper: 1)
    #expect(throws: error) {
      try solver.setBounds(lower: [0, 2].span, upper: [1, 1].span)
    }
    #expect(throws: OptimizationError.self) {
      try solver.setBounds(lower: [0, .nan].span, upper: [1, 1].span)
    }
    #expect(
      throws: OptimizationError.shapeMismatch(argument: "independent columns", got: 0, required: 2)
    ) {
      _ = try solver.covariance()
    }
  }

  /// Every hostile number as start, as bound and as datum: a typed error or a status, soon.
  @Test(arguments: hostileNumbers) func everyPlace(number: Double) throws {
    for place in 0..<2 {
      var start = [0.5, 0.5]
      start[place] = number
      var solver = try LevenbergMarquardt(residualCount: 3, parameterCount: 2)
      var minimizer = try BoundedQuasiNewton(parameterCount: 2)
      let curved: FitModel = { x in [exp(x[0]) - 2, x[0] * x[1] - 3, x[1] - number] }
      for model in [line, curved] {
        for begin in [start, [0.5, 0.5]] {
          if let status = try? fit(&solver, model, from: begin), status.isConverged {
            let isFinite = solver.parameters.allSatisfy { $0.isFinite }
            #expect(isFinite && solver.certificate.cost.isFinite)
          }
          if let status = try? minimize(&minimizer, model, from: begin), status.isConverged {
            let isFinite = minimizer.parameters.allSatisfy { $0.isFinite }
            #expect(isFinite && minimizer.certificate.value.isFinite)
          }
        }
        var lower = [-2.0, -2]
        lower[place] = number
        guard (try? solver.setBounds(lower: lower.span, upper: [3, 3].span)) != nil else {
          continue
        }
        _ = try? fit(&solver, model, from: [0.5, 0.5])
        for i in 0..<2 { #expect(solver.parameters[i] <= 3) }
      }
    }
  }

  @Test func notFiniteAtTheStart() throws {
    var solver = try LevenbergMarquardt(residualCount: 1, parameterCount: 1)
    #expect(throws: OptimizationError.self) {
      _ = try fit(&solver, { x in [log(x[0]) - 1] }, from: [-1])
    }
    var minimizer = try BoundedQuasiNewton(parameterCount: 1)
    #expect(throws: OptimizationError.self) {
      _ = try minimize(&minimizer, { x in [log(x[0]) - 1] }, from: [-1])
    }
    // A function that fills nothing.
    #expect(throws: OptimizationError.self) { try solver.fit(from: [1].span) { _, _ in } }
  }

  /// The first step leaves the domain; it is shortened until it does not.
  @Test func notFiniteOnTheWay() throws {
    var solver = try LevenbergMarquardt(residualCount: 1, parameterCount: 1)
    let model: FitModel = { x in [log(x[0]) + 1] }
    #expect(try fit(&solver, model, from: [30]).isConverged)
    expectClose(solver.parameters[0], exp(-1), relative: 1e-14)
    #expect(try fitByDifferences(&solver, model, from: [30]).isConverged)
    expectClose(solver.parameters[0], exp(-1), relative: 1e-14)
    var minimizer = try BoundedQuasiNewton(parameterCount: 1)
    #expect(try minimize(&minimizer, model, from: [30]).isConverged)
    expectClose(minimizer.parameters[0], exp(-1), relative: 1e-8)
  }

  @Test func flatFunctions() throws {
    var solver = try LevenbergMarquardt(residualCount: 2, parameterCount: 2)
    let model: FitModel = { _ in [Dual(1), Dual(2)] }
    #expect(try fit(&solver, model, from: [3, 4]) == .stationary)
    #expect(solver.parameters == [3, 4] && solver.certificate.rank == 0)
    var minimizer = try BoundedQuasiNewton(parameterCount: 2)
    #expect(try minimize(&minimizer, model, from: [3, 4]) == .stationary)
    #expect(minimizer.parameters == [3, 4])
  }

  @Test func moreParametersThanResiduals() throws {
    var solver = try LevenbergMarquardt(residualCount: 1, parameterCount: 3)
    #expect(
      try fit(&solver, { x in [x[0] + x[1].squared + exp(x[2]) - 4] }, from: [1, 1, 1])
        .isConverged)
    #expect(solver.certificate.cost < 1e-28 && solver.certificate.rank == 1)
    #expect(
      throws: OptimizationError.shapeMismatch(argument: "independent columns", got: 1, required: 3)
    ) {
      _ = try solver.covariance()
    }
  }

  /// Only the sum of two parameters is determined.
  @Test func dependentColumns() throws {
    var solver = try LevenbergMarquardt(residualCount: 5, parameterCount: 2)
    let model: FitModel = { x in (0..<5).map { exp(-0.2 * Double($0) * (x[0] + x[1])) - 0.4 } }
    #expect(try fit(&solver, model, from: [0.1, 0.2]).isConverged)
    #expect(solver.certificate.rank == 1)
    #expect(
      throws: OptimizationError.shapeMismatch(argument: "independent columns", got: 1, required: 2)
    ) {
      _ = try solver.covariance()
    }
  }

  @Test func boundsOfOnePointAndUnbounded() throws {
    var solver = try LevenbergMarquardt(residualCount: 3, parameterCount: 2)
    try solver.setBounds(lower: [0.25, 0.5].span, upper: [0.25, 0.5].span)
    #expect(try fit(&solver, line, from: [7, 7]) == .stationary)
    #expect(solver.parameters == [0.25, 0.5] && solver.bound(of: 0) == .fixed)
    var minimizer = try BoundedQuasiNewton(parameterCount: 1)
    let status = try minimizer.minimize(from: [0].span) { x, g in
      g[0] = -1
      return -x[0]
    }
    #expect(!status.isConverged)
  }

  @Test func interruptions() throws {
    var solver = try LevenbergMarquardt(residualCount: 2, parameterCount: 2)
    let valley: FitModel = { x in [10 * (x[1] - x[0].squared), 1 - x[0]] }
    solver.settings.deadline = .now
    #expect(try fit(&solver, valley, from: [-1.2, 1]) == .deadlineExceeded)
    solver.settings.deadline = nil
    solver.settings.maximumIterations = 2
    #expect(try fit(&solver, valley, from: [-1.2, 1]) == .iterationLimit)
    var minimizer = try BoundedQuasiNewton(parameterCount: 2)
    minimizer.settings.deadline = .now
    #expect(try minimize(&minimizer, valley, from: [-1.2, 1]) == .deadlineExceeded)
    minimizer.settings.deadline = nil
    minimizer.settings.maximumIterations = 2
    #expect(try minimize(&minimizer, valley, from: [-1.2, 1]) == .iterationLimit)
  }

  @Test func cancellation() async throws {
    let task = Task { () throws -> [MinimizationStatus] in
      while !Task.isCancelled { await Task.yield() }
      var solver = try LevenbergMarquardt(residualCount: 1, parameterCount: 1)
      var minimizer = try BoundedQuasiNewton(parameterCount: 1)
      return [
        try fit(&solver, { x in [exp(x[0]) - 2] }, from: [0]),
        try minimize(&minimizer, { x in [exp(x[0]) - 2] }, from: [0]),
      ]
    }
    task.cancel()
    #expect(try await task.value == [.cancelled, .cancelled])
  }

  /// Units of parameters and residuals that are powers of two change no digit of a fit.
  @Test func scalingChangesNothing() throws {
    for reference in FitReference.shared.nist
    where ["Misra1a", "Chwirut2", "Rat43", "DanWood"].contains(reference.name) {
      let n = reference.certified.count
      var solver = try LevenbergMarquardt(
        residualCount: reference.y.count, parameterCount: n)
      let start = reference.starts[1]
      _ = try fit(&solver, reference.model, from: start)
      let plain = solver.parameters
      let units = (0..<n).map { pow(2, Double(20 * (($0 % 3) - 1))) }
      let scaled: FitModel = { b in
        reference.model(b.indices.map { b[$0] / units[$0] }).map { $0 * 1024 }
      }
      _ = try fit(&solver, scaled, from: (0..<n).map { start[$0] * units[$0] })
      for i in 0..<n { expectClose(solver.parameters[i] / units[i], plain[i], relative: 1e-13) }
    }
  }

  @Test func sameBitsAgain() throws {
    let reference = try #require(FitReference.shared.nist.first { $0.name == "Thurber" })
    var solver = try LevenbergMarquardt(residualCount: 37, parameterCount: 7)
    _ = try fit(&solver, reference.model, from: reference.starts[0])
    let first = solver.parameters
    _ = try fit(&solver, reference.model, from: reference.starts[1])
    _ = try fit(&solver, reference.model, from: reference.starts[0])
    #expect(solver.parameters == first)
  }

  /// Derivatives by differences lose half a digit of the certified ones, no more.
  @Test(arguments: ["Misra1a", "Thurber", "Eckerle4", "Rat43", "Gauss1"])
  func differencesAreGoodEnough(name: String) throws {
    let reference = try #require(FitReference.shared.nist.first { $0.name == name })
    var solver = try LevenbergMarquardt(
      residualCount: reference.y.count, parameterCount: reference.certified.count)
    let status = try fitByDifferences(&solver, reference.model, from: reference.starts[1])
    #expect(status.isConverged, "\(status) \(solver.certificate)")
    for i in reference.certified.indices {
      expectClose(
        solver.parameters[i], reference.certified[i],
        absolute: 1e-7 * reference.deviations[i] + 1e-9 * reference.certified[i].magnitude)
    }
  }
}
