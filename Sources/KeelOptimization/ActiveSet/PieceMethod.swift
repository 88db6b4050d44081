// Goals: (1) charges that bend for the last steps of a plain program; (2) products with all of P at the start and
// at the end only; (3) variables exactly where their pieces end.
//
// Between two places where its charges bend a variable has one slope, so that over one piece of each the program is
// plain. Its optimum moves on: a variable that is held at the end of its piece by more than what the slope changes
// there goes on into the next one. The point before belongs to the new pieces too, so that the objective falls from
// round to round, and the sets and the gradient of a round are the start of the next.

import KeelLinearAlgebra
import KeelNumerics

/// Convex functions of single variables, linear on pieces.
package struct PieceSlopes: Sendable {
  /// A number line of one variable, or a part of it.
  package struct Piece: Sendable {
    let lower: Double
    let upper: Double
    let slope: Double
    let priced: Double

    /// A piece.
    ///
    /// - Parameters:
    ///   - ends: Where it begins and ends; it begins where the one before ends.
    ///   - slope: Its slope.
    ///   - priced: Its slope for each unit of a price.
    package init(from ends: (lower: Double, upper: Double), slope: Double, priced: Double) {
      lower = ends.lower
      upper = ends.upper
      self.slope = slope
      self.priced = priced
    }
  }

  /// The pieces of variable i stand at `starts[i]..<starts[i + 1]`, upwards.
  let starts: [Int]
  let pieces: [Piece]

  /// The pieces of all variables.
  ///
  /// - Parameters:
  ///   - pieces: Those of the first variable upwards, then those of the next.
  ///   - starts: Where those of each variable begin, and their number; each has at least one.
  package init(_ pieces: [Piece], startingAt starts: [Int]) {
    self.starts = starts
    self.pieces = pieces
  }
}

/// Finds the optimum of a strictly convex program with such functions in its objective.
package struct PieceMethod: ~Copyable, Sendable {
  var method: ActiveSetMethod
  let settings: QuadraticSolver.Settings
  let starts: [Int]
  let pieces: [PieceSlopes.Piece]
  let linear: [Double]
  /// The piece of each variable.
  var place: [Int]
  /// The price of the priced slopes.
  package private(set) var price = 0.0
  /// The limit whose row is the last one of the method, and whose dual value is the negative price.
  let limit: PieceLimit?
  /// Where the coefficient of each variable in that row stands; negative for none.
  let limitEntry: [Int]

  /// Rounds at most; they seldom take more than ten.
  private static let rounds = 60

  /// A force this much above the price of a bend, relative to it, is no rounding.
  static let tolerance = 1e-10

  /// Takes a program; its bounds are those of the first and the last pieces.
  ///
  /// - Returns: Nil where not every variable has curvature of its own.
  package init?(
    _ program: QuadraticProgram,
    _ slopes: PieceSlopes,
    limit: PieceLimit? = nil,
    settings: QuadraticSolver.Settings
  ) {
    guard slopes.starts.count == program.variableCount + 1 else { return nil }
    var flat = FlatProgram(program)
    let entries = limit.map { flat.append($0) } ?? []
    let method = ActiveSetMethod(flat)
    guard method.hasCurvature else { return nil }
    self.method = method
    self.limit = limit
    limitEntry = entries
    self.settings = settings
    starts = slopes.starts
    pieces = slopes.pieces
    linear = program.linear
    place = Array(slopes.starts.dropLast())
  }

  /// The variables.
  package var x: [Double] { method.x }

  /// The dual values of the rows.
  package var rowDuals: [Double] { method.rowDuals }

  /// The dual values of the bounds: zero inside.
  package var boundDuals: [Double] {
    method.side.indices.map { i in
      let (side, piece) = (method.side[i], place[i])
      let isBound =
        side < 0 && piece == starts[i] || side > 0 && piece + 1 == starts[i + 1]
      return isBound ? method.gradient[i] : 0
    }
  }

  /// The slope of the objective at each variable, rows included.
  package var gradient: [Double] { method.gradient }

  /// The number of set changes of the last run.
  package var iterations: Int { method.iterations }

  /// Begins where a market with one factor has its optimum, the price at zero.
  ///
  /// - Returns: Whether there is one.
  package mutating func begin() -> Bool {
    let bends = BentLines(starts: starts, pieces: pieces, linear: linear)
    guard let (budget, dual) = method.placeByOneFactor(bends) else { return false }
    var rows = [Double](repeating: 0, count: method.rowDuals.count)
    if let budget { rows[budget] = dual }
    let x = method.x
    guard x.allSatisfy(\.isFinite) else { return false }
    begin(at: x, rows: rows, price: 0)
    return true
  }

  /// Begins at a point.
  ///
  /// - Parameters:
  ///   - x: A number for each variable, within the pieces.
  ///   - rows: Guesses of the dual values of the rows.
  ///   - price: The price.
  package mutating func begin(at x: [Double], rows: [Double], price: Double) {
    self.price = price
    if limit == nil {
      for i in place.indices { enter(piece(of: x[i], i), i) }
    } else {
      enterAtLimit(x)
    }
    let duals = rows.enumerated().map { k, dual in
      (dual > 0 ? method.program.rowLower[k] : method.program.rowUpper[k]).isFinite ? dual : 0
    }
    method.restart(at: x, duals)
    for (k, dual) in duals.enumerated() { method.rowSide[k] = dual > 0 ? -1 : dual < 0 ? 1 : 0 }
    method.recomputeGradient()
    method.keepsGradient = true
  }

  /// Goes on from the present point with another price.
  ///
  /// - Parameter newPrice: The price.
  package mutating func setPrice(_ newPrice: Double) {
    price = newPrice
    for i in place.indices { setSlope(i) }
  }

  /// Finds the optimum, up to the rounding of the steps.
  ///
  /// - Returns: Whether it was found.
  package mutating func run() -> Bool {
    let settings = settings
    for _ in 0..<Self.rounds {
      let isFound = method.run(maximumIterations: ActiveSetMethod.mostBlocks) {
        settings.interruption() != nil
      }
      guard isFound else { return false }
      if !moveOn() { return true }
    }
    return false
  }

  /// Removes the rounding that the steps have left.
  ///
  /// - Returns: Whether the point is still the optimum.
  package mutating func refine() -> Bool {
    method.keepsGradient = false
    defer { method.keepsGradient = true }
    return run()
  }

  /// How the sum of the priced functions moves for each unit of the price, zero or less.
  ///
  /// - Returns: Nil where the system cannot be solved.
  package mutating func pricedRate() -> Double? {
    method.system.clearRight()
    for i in place.indices where method.side[i] == 0 {
      method.system.setRight(at: i, to: -pieces[place[i]].priced)
    }
    guard method.system.solveRight(method.program) else { return nil }
    var sum = 0.0
    for p in 0..<method.system.freeCount {
      sum += pieces[place[method.system.free[p]]].priced * method.system.step[p]
    }
    return sum.isFinite ? sum : nil
  }

  /// The piece of variable i that a number lies on.
  func piece(of x: Double, _ i: Int) -> Int {
    var piece = starts[i]
    while piece + 1 < starts[i + 1] && pieces[piece + 1].lower <= x { piece += 1 }
    return piece
  }

  mutating func enter(_ piece: Int, _ i: Int) {
    place[i] = piece
    if limit != nil { setCoefficient(i) }
    method.program.lower[i] = pieces[piece].lower
    method.program.upper[i] = pieces[piece].upper
    setSlope(i)
  }

  private mutating func setSlope(_ i: Int) {
    let slope = linear[i] + pieces[place[i]].slope + price * pieces[place[i]].priced
    method.gradient[i] += slope - method.program.linear[i]
    method.program.linear[i] = slope
  }

  func slope(of piece: Int) -> Double {
    let price = limit == nil ? price : -method.rowDuals[method.rowDuals.count - 1]
    return pieces[piece].slope + price * pieces[piece].priced
  }

  /// Moves variables whose force is stronger than the bend that they are held at.
  ///
  /// - Returns: Whether any moved.
  private mutating func moveOn() -> Bool {
    var hasMoved = false
    for i in place.indices where method.side[i] != 0 {
      let force = method.gradient[i]
      let next = place[i] + (force < 0 ? 1 : -1)
      guard method.side[i] > 0 ? force < 0 : force > 0,
        next >= starts[i], next < starts[i + 1]
      else { continue }
      let bend = (slope(of: next) - slope(of: place[i])).magnitude
      if force.magnitude <= bend * (1 + Self.tolerance) { continue }
      enter(next, i)
      method.side[i] = 0
      hasMoved = true
    }
    return hasMoved
  }
}

/// Lines between bounds and bends, without a price.
private struct BentLines: FunctionsOfVariables {
  let starts: [Int]
  let pieces: [PieceSlopes.Piece]
  let linear: [Double]

  func least(
    _ i: Int,
    pull: Double,
    curvature: Double
  ) -> (x: Double, value: Double, isHeld: Bool) {
    let (first, last) = (starts[i], starts[i + 1] - 1)
    let line = linear[i] + pull
    var piece = first
    var slope = line + pieces[piece].slope
    // What the function has at zero if the line of the piece goes on to there.
    var height = 0.0
    while piece < last && curvature * pieces[piece].upper + slope < 0 {
      piece += 1
      let next = line + pieces[piece].slope
      height += (slope - next) * pieces[piece].lower
      slope = next
    }
    let wanted = -slope / curvature
    let x = min(max(wanted, pieces[piece].lower), pieces[piece].upper)
    return (x, x * (0.5 * curvature * x + slope) + height, x != wanted)
  }
}
