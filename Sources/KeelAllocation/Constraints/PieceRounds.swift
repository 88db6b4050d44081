// Goals: (1) the speed of the solver of plain programs where charges bend; (2) weights exactly at their references.
//
// Between two of its references every weight has one slope, so that over one piece of each weight the program is plain. Its
// optimum moves on: a weight that is held at the end of its piece by more than what the slope changes there goes on into the
// next piece. The point before belongs to the new pieces too, so that the objective falls from round to round, and few rounds are
// needed where the pieces of a point nearby are mostly right. Where the rounds do not end, the caller has the walk.

import KeelData
import KeelNumerics
import KeelOptimization

/// Rounds of plain programs, each over one piece of every weight.
struct PieceRounds {
  private let program: PortfolioProgram
  /// Bounds and, between them, references of charges.
  private let breakpoints: [[Double]]
  private let settings: QuadraticSolver.Settings

  /// Rounds at most; they seldom take more than ten.
  private static let rounds = 40

  /// A force this much above the price of a bend, relative to it, is no rounding.
  private static let tolerance = 1e-10

  /// Takes a program without limits on distances.
  init(
    _ program: PortfolioProgram,
    _ constraints: ResolvedConstraints,
    settings: QuadraticSolver.Settings
  ) {
    self.program = program
    breakpoints = FrontierLimits(constraints, charges: program.costs.charges).breakpoints
    self.settings = settings
  }

  /// The certified optimum; nil where the rounds do not lead to one, for `start` the optimum without
  /// charges, which proved that the program is convex.
  func solution(near start: [Double]) throws(AllocationError) -> Solution<[Double]>? {
    var pieces = start.indices.map { piece(of: start[$0], $0) }
    var iterations = 0
    for _ in 0..<Self.rounds {
      let solution: Solution<[Double]>
      do throws(OptimizationError) {
        solution = try QuadraticSolver(settings: settings).solve(try plain(pieces))
      } catch {
        throw Translation.translated(error, program.universe)
      }
      guard solution.status == .optimal else { return nil }
      iterations += solution.certificate.iterations
      if !moveOn(&pieces, solution) {
        let bounds = solution.value.indices.map { i in
          isInside(solution.value[i], i) ? 0 : solution.duals.bounds[i]
        }
        let answer = try program.certified(
          solution.value, rows: solution.duals.rows, bounds: bounds, iterations: iterations)
        return answer.status == .optimal ? answer : nil
      }
    }
    return nil
  }

  /// The piece that a weight lies on.
  private func piece(of x: Double, _ i: Int) -> Int {
    let points = breakpoints[i]
    let last = max(points.count - 2, 0)
    return min(max((points.firstIndex { $0 > x } ?? points.count) - 1, 0), last)
  }

  /// Whether a weight is at a reference between its bounds.
  private func isInside(_ x: Double, _ i: Int) -> Bool {
    let points = breakpoints[i]
    return points.count > 1 && points[0] < x && x < points[points.count - 1]
  }

  private func ends(_ i: Int, _ piece: Int) -> (lower: Double, upper: Double) {
    let points = breakpoints[i]
    return points.count == 1 ? (points[0], points[0]) : (points[piece], points[piece + 1])
  }

  /// The slope of all charges of a weight on a piece.
  private func slope(_ i: Int, _ piece: Int) -> Double {
    let start = ends(i, piece).lower
    return program.costs.charges.reduce(0) {
      $0 + (start >= $1.reference[i] ? $1.buying[i] : -$1.selling[i])
    }
  }

  /// The program over one piece of each weight.
  private func plain(_ pieces: [Int]) throws(OptimizationError) -> QuadraticProgram {
    let plain = program.plain
    return try QuadraticProgram(
      finite: plain.quadratic,
      linear: pieces.indices.map { plain.linear[$0] + slope($0, pieces[$0]) },
      lowerBounds: pieces.indices.map { ends($0, pieces[$0]).lower },
      upperBounds: pieces.indices.map { ends($0, pieces[$0]).upper }, rows: plain.rows,
      uniqueNames: plain.variableNames, convexity: .guaranteed)
  }

  /// Moves weights whose force is stronger than the bend that they are held at.
  ///
  /// - Returns: Whether any moved.
  private func moveOn(_ pieces: inout [Int], _ solution: Solution<[Double]>) -> Bool {
    var hasMoved = false
    for i in pieces.indices where solution.duals.bounds[i] != 0 {
      let force = solution.duals.bounds[i]
      let next = pieces[i] + (force < 0 ? 1 : -1)
      guard breakpoints[i].count > 1, next >= 0, next < breakpoints[i].count - 1 else { continue }
      let bend = (slope(i, next) - slope(i, pieces[i])).magnitude
      if force.magnitude <= bend * (1 + Self.tolerance) { continue }
      pieces[i] = next
      hasMoved = true
    }
    return hasMoved
  }
}
