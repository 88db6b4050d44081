// Goals: (1) weights exact at their references, and an answer for ties and singular covariances;
// (2) few changes of the active set; (3) no further variables.
//
// The walk along the efficient set begins at an exact optimum, and its start is a method for one
// program: from a feasible point, best the portfolio that is held, a price of distances falls from where
// nothing is traded, and assets leave their references one after the other. With the references of
// weights as the origin this is the homotopy of Osborne, Presnell and Turlach, A new approach to variable
// selection in least squares problems, IMA Journal of Numerical Analysis 20 (2000).

import KeelData
import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

/// A program with limits on sums of distances, or with charges for them, in scaled numbers.
struct DistanceWalk {
  private let program: PortfolioProgram
  private let limits: FrontierLimits
  private let covariance: SymmetricMatrix
  /// The linear term is minus this times the scaled means.
  private let riskTolerance: Double
  private let mean: [Double]
  /// Scaled objective = scale × objective.
  private let scale: Double

  /// So many changes for each asset and row are more than walks take.
  private static let stepsPerItem = 150
  /// A walk that lost accuracy on singular covariances begins again, halfway to where it stood.
  private static let maximumWalks = 3

  init(_ program: PortfolioProgram, _ constraints: ResolvedConstraints) {
    self.program = program
    limits = FrontierLimits(constraints, charges: program.costs.charges)
    let matrix = program.plain.quadratic.expanded
    let n = matrix.rowCount
    let largest = (0..<n).reduce(0) { max($0, matrix[$1, $1]) }
    var linear = program.plain.linear
    for charge in program.costs.charges {
      for i in linear.indices { linear[i] += (charge.buying[i] - charge.selling[i]) / 2 }
    }
    let linearScale = PowerOfTwo.scale(for: linear.reduce(0) { max($0, $1.magnitude) })
    let scale = largest > 0 ? PowerOfTwo.scale(for: largest) : linearScale
    self.scale = scale
    riskTolerance = scale / linearScale
    mean = linear.map { -linearScale * $0 }
    covariance = SymmetricMatrix(
      lowerTriangleOf: matrix.columnMajorElements.map { scale * $0 }, order: n)
  }

  /// The optimum from a feasible point.
  ///
  /// - Parameters:
  ///   - point: The point.
  ///   - rows: About the dual values of the rows and limits at the optimum.
  ///   - settings: The deadline.
  /// - Returns: The certified optimum.
  /// - Throws: ``AllocationError/notSolved(status:certificate:)`` when the walk failed.
  func solution(
    from point: [Double],
    rows: [Double],
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]> {
    var point = point
    var prices = [Double](repeating: 0, count: limits.rowCount)
    for (k, price) in rows.enumerated() { prices[k] = price * scale / limits.scales[k] }
    var iterations = 0
    for walk in 1...Self.maximumWalks {
      var line = line(deadline: settings.deadline)
      var status = SolverStatus.stalled
      do throws(CriticalLine.Failure) {
        try line.begin(at: riskTolerance, near: point, prices: prices)
        _ = try line.turn(since: (line.position, line.rowSide))
      } catch {
        status = error.status
        line.weights = line.reached
      }
      iterations += line.steps
      let answer = try certified(line, iterations)
      if answer.status == .optimal { return answer }
      if walk == Self.maximumWalks || status == .deadlineExceeded || status == .cancelled {
        throw .notSolved(status: status, certificate: answer.certificate)
      }
      // Between feasible points, so that other assets and rows meet at once.
      point = zip(point, line.reached).map { $0 == $1 ? $0 : $0 + ($1 - $0) / 2 }
    }
    throw .infeasible(constraints: program.absolute.map(\.name), contradiction: 0)
  }

  private func line(deadline: ContinuousClock.Instant?) -> ConstrainedLine {
    var line = ConstrainedLine(
      covariance: covariance, mean: mean, limits: limits,
      maximumSteps: Self.stepsPerItem * (limits.assetCount + limits.rowCount))
    line.deadline = deadline
    for k in (limits.rowCount - program.costs.charges.count)..<limits.rowCount {
      line.charges[k] = scale / limits.scales[k]
    }
    return line
  }

  /// The certificate of where a walk stands, in the caller's units.
  private func certified(
    _ line: ConstrainedLine,
    _ iterations: Int
  ) throws(AllocationError) -> Solution<[Double]> {
    let count = program.plain.rows.count + program.absolute.count
    let bounds = line.weights.indices.map { i in
      let (force, toll) = (line.gradient[i], line.toll[i])
      if limits.isFixed(i) { return force / scale }
      let last = 2 * (limits.breakpoints[i].count - 1)
      if line.position[i] == 0 { return max(force - toll, 0) / scale }
      return line.position[i] == last ? min(force + toll, 0) / scale : 0
    }
    return try program.certified(
      line.weights, rows: (0..<count).map { line.rowDuals[$0] * limits.scales[$0] / scale },
      bounds: bounds, iterations: iterations)
  }
}
