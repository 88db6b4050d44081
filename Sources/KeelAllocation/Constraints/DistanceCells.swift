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

/// The search among the cells of a program with limits on sums of distances, or with a charge for them.
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
      var references = program.absolute.filter { $0.coefficients[i] > 0 }.map { $0.reference[i] }
      if let charge = program.charge, charge.bend(i) > 0 { references.append(charge.reference[i]) }
      return Set(references.filter { lower[i] < $0 && $0 < upper[i] }).sorted()
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
      let solution = try exactSolution(of: try cellProgram(), settings)
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

  /// The solution of a cell with weights exactly at the bounds that have a dual value.
  ///
  /// An optimum to tolerance may stay a hair inside its bounds. It then says which weights to fix, and
  /// the rest is solved again.
  private func exactSolution(
    of cell: QuadraticProgram,
    _ settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]> {
    let universe = program.universe
    let solution = try Translation.solution(of: cell, universe: universe, settings: settings)
    // What the tolerance of an optimum leaves of a distance to a bound and of a dual value.
    let (distance, force) = (1e-7, 1e-9)
    let size = solution.value.reduce(0) { max($0, $1.magnitude) }
    let largestDual = solution.duals.bounds.reduce(0) { max($0, $1.magnitude) }
    var (lower, upper) = (cell.lowerBounds, cell.upperBounds)
    var isExact = true
    for (i, dual) in solution.duals.bounds.enumerated() {
      let bound = dual > 0 ? cell.lowerBounds[i] : cell.upperBounds[i]
      let isNear = (solution.value[i] - bound).magnitude <= distance * size
      guard isNear, dual.magnitude > force * largestDual else { continue }
      if solution.value[i] != bound { isExact = false }
      lower[i] = bound
      upper[i] = bound
    }
    if isExact { return solution }
    let fixed = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: cell.quadratic, linear: cell.linear, lowerBounds: lower, upperBounds: upper,
        rows: cell.rows, variableNames: cell.variableNames)
    }
    do throws(AllocationError) {
      let exact = try Translation.solution(of: fixed, universe: universe, settings: settings)
      return try withBetterDuals(exact, solution, cell)
    } catch {
      return solution
    }
  }

  /// The exact point with the dual values of the first solution where they prove it: with most weights
  /// fixed, rows may depend on each other, and the prices of the rest are not unique.
  private func withBetterDuals(
    _ exact: Solution<[Double]>,
    _ first: Solution<[Double]>,
    _ cell: QuadraticProgram
  ) throws(AllocationError) -> Solution<[Double]> {
    let iterations = first.certificate.iterations + exact.certificate.iterations
    do throws(OptimizationError) {
      let certificate = try cell.verify(exact.value, duals: first.duals, iterations: iterations)
      let isProved = certificate.holds(Certificate.optimalTolerances)
      return Solution(
        value: exact.value, status: exact.status,
        certificate: isProved
          ? certificate
          : try cell.verify(exact.value, duals: exact.duals, iterations: iterations),
        duals: isProved ? first.duals : exact.duals)
    } catch {
      throw Translation.translated(error, program.universe)
    }
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
    let charged = program.charge.map { charge in
      lower.indices.map {
        charge.reference[$0] <= lower[$0] ? charge.buying[$0] : -charge.selling[$0]
      }
    }
    return try program.program(adding: planes, charging: charged, lower: lower, upper: upper)
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
      // Beyond the kink the slope of the charge and the price of each limit that bends there turn.
      var toll = 0.0
      if let charge = program.charge, charge.reference[i] == value { toll = charge.bend(i) }
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
