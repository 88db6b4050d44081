// Goals: (1) programs of order n, without further variables; (2) weights exact at their references.
//
// References cut the range of each weight into intervals. Inside one interval for each asset (a cell)
// every limit Σ c |w − r| is linear, so that the optimum of a cell is an ordinary program, with
// references among its bounds. An asset whose weight stops at a reference, and whose dual value there
// exceeds what the kinks cost, moves to the interval beyond. The point is feasible in the new cell and
// not optimal there, so that objectives fall and the number of cells is finite. This is the active-set
// method for piecewise linear terms: Best and Hlouskova, Portfolio selection and transactions costs,
// Computational Optimization and Applications 24 (2003).

import KeelData
import KeelNumerics
import KeelOptimization

/// The search among the cells of a program with limits on sums of distances.
struct DistanceCells {
  private let program: PortfolioProgram
  /// For each asset the references strictly between its bounds, increasing.
  private let kinks: [[Double]]
  /// The interval of each asset: the number of kinks below it.
  private var interval: [Int]

  /// A few rounds settle the signs.
  private static let maximumRounds = 200
  /// From this round on one asset moves at a time, the first one: ties make objectives stand still, and
  /// the least-index rule keeps them from going round.
  private static let firstSingleRound = 12
  /// Rounding of a dual value, relative to the kinks it is compared with.
  private static let rounding = 1e-12

  init(_ program: PortfolioProgram) {
    self.program = program
    let (lower, upper) = (program.plain.lowerBounds, program.plain.upperBounds)
    kinks = lower.indices.map { i in
      Set(
        program.absolute.filter { $0.coefficients[i] > 0 }.map { $0.reference[i] }
          .filter { lower[i] < $0 && $0 < upper[i] }
      ).sorted()
    }
    interval = [Int](repeating: 0, count: lower.count)
  }

  /// Takes the cell of a point.
  ///
  /// - Parameter point: One number an asset; it may lie outside the bounds.
  mutating func enter(_ point: [Double]) {
    for i in interval.indices { interval[i] = kinks[i].count { $0 <= point[i] } }
  }

  /// Moves from cell to cell until none is better.
  ///
  /// - Parameter settings: The limits of the solver.
  /// - Returns: The certified optimum.
  /// - Throws: ``AllocationError``; `infeasible` says that the first cell holds no point.
  mutating func solution(
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]> {
    var iterations = 0
    for round in 1...Self.maximumRounds {
      let cell = try cellProgram()
      let solution = snapped(
        try Translation.solution(of: cell, universe: program.universe, settings: settings), cell)
      iterations += solution.certificate.iterations
      let isSettled = !cross(solution, onlyFirst: round >= Self.firstSingleRound)
      if !isSettled && round < Self.maximumRounds { continue }
      let answer = try program.certified(
        solution.value, rows: solution.duals.rows, bounds: boundDuals(solution),
        iterations: iterations)
      if answer.status == .optimal { return answer }
      throw .notSolved(
        status: isSettled ? .stalled : .iterationLimit, certificate: answer.certificate)
    }
    throw .infeasible(constraints: program.absolute.map(\.name), contradiction: 0)
  }

  /// The solution with weights exactly at the bounds that have a dual value.
  private func snapped(
    _ solution: Solution<[Double]>,
    _ cell: QuadraticProgram
  ) -> Solution<[Double]> {
    // What the tolerance of an optimum leaves of a distance to a bound.
    let rounding = 1e-12
    var x = solution.value
    let size = x.reduce(0) { max($0, $1.magnitude) }
    for i in x.indices {
      let dual = solution.duals.bounds[i]
      let bound = dual > 0 ? cell.lowerBounds[i] : cell.upperBounds[i]
      if dual != 0 && (x[i] - bound).magnitude <= rounding * size { x[i] = bound }
    }
    return Solution(
      value: x, status: solution.status, certificate: solution.certificate, duals: solution.duals)
  }

  /// The program of the cell.
  private func cellProgram() throws(AllocationError) -> QuadraticProgram {
    var (lower, upper) = (program.plain.lowerBounds, program.plain.upperBounds)
    for i in interval.indices {
      if interval[i] > 0 { lower[i] = kinks[i][interval[i] - 1] }
      if interval[i] < kinks[i].count { upper[i] = kinks[i][interval[i]] }
    }
    var planes: [LinearRow] = []
    for (k, row) in program.absolute.enumerated() {
      let slopes = row.reference.indices.map { row.reference[$0] <= lower[$0] ? 1.0 : -1 }
      planes.append(program.plane(k, slopes))
    }
    return try program.program(adding: planes, lower: lower, upper: upper)
  }

  /// Moves every asset, or the first, that wants to cross the kink where it stopped; false when none
  /// does.
  private mutating func cross(_ solution: Solution<[Double]>, onlyFirst: Bool) -> Bool {
    let prices = solution.duals.rows.dropFirst(program.plain.rows.count)
    var isMoved = false
    for i in interval.indices where !kinks[i].isEmpty {
      let (value, dual) = (solution.value[i], solution.duals.bounds[i])
      let below = interval[i] - 1
      let isLower = dual > 0 && below >= 0 && value == kinks[i][below]
      let isUpper = dual < 0 && below + 1 < kinks[i].count && value == kinks[i][below + 1]
      guard isLower || isUpper else { continue }
      // Beyond the kink the price of each limit that bends there changes its sign.
      var toll = 0.0
      for (row, price) in zip(program.absolute, prices) where row.reference[i] == value {
        toll += 2 * row.coefficients[i] * price.magnitude
      }
      if dual.magnitude <= toll * (1 + Self.rounding) { continue }
      interval[i] += isLower ? -1 : 1
      isMoved = true
      if onlyFirst { break }
    }
    return isMoved
  }

  /// The dual values of the caller's bounds; those of kinks belong to the limits.
  private func boundDuals(_ solution: Solution<[Double]>) -> [Double] {
    solution.duals.bounds.indices.map { i in
      let dual = solution.duals.bounds[i]
      if dual > 0 && interval[i] > 0 { return 0 }
      if dual < 0 && interval[i] < kinks[i].count { return 0 }
      return dual
    }
  }
}
