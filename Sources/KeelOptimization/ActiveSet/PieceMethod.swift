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
  /// The pieces of variable i stand at `starts[i]..<starts[i + 1]`, upwards.
  fileprivate var starts = [0]
  fileprivate var lower: [Double] = []
  fileprivate var upper: [Double] = []
  fileprivate var slopes: [Double] = []
  fileprivate var priced: [Double] = []

  /// No variables.
  ///
  /// - Parameter capacity: About how many pieces there will be.
  package init(capacity: Int) {
    lower.reserveCapacity(capacity)
    upper.reserveCapacity(capacity)
    slopes.reserveCapacity(capacity)
    priced.reserveCapacity(capacity)
  }

  /// Adds a piece to the last variable.
  ///
  /// - Parameters:
  ///   - ends: Where it begins and ends; it begins where the one before ends.
  ///   - slope: Its slope.
  ///   - priced: Its slope for each unit of a price.
  package mutating func appendPiece(
    from ends: (lower: Double, upper: Double),
    slope: Double,
    priced: Double
  ) {
    lower.append(ends.lower)
    upper.append(ends.upper)
    slopes.append(slope)
    self.priced.append(priced)
  }

  /// Ends the pieces of a variable, which has at least one.
  package mutating func endVariable() { starts.append(lower.count) }

  /// The piece of variable i that a number lies on.
  fileprivate func piece(of x: Double, _ i: Int) -> Int {
    var piece = starts[i]
    while piece + 1 < starts[i + 1] && lower[piece + 1] <= x { piece += 1 }
    return piece
  }
}

/// Finds the optimum of a strictly convex program with such functions in its objective.
package struct PieceMethod: ~Copyable, Sendable {
  private var method: ActiveSetMethod
  private let settings: QuadraticSolver.Settings
  private let pieces: PieceSlopes
  private let linear: [Double]
  /// The piece of each variable.
  private var place: [Int]
  /// The price of the priced slopes.
  package private(set) var price = 0.0

  /// Rounds at most; they seldom take more than ten.
  private static let rounds = 60

  /// A force this much above the price of a bend, relative to it, is no rounding.
  private static let tolerance = 1e-10

  /// Takes a program; its bounds are those of the first and the last pieces.
  ///
  /// - Returns: Nil where not every variable has curvature of its own.
  package init?(
    _ program: QuadraticProgram,
    _ pieces: PieceSlopes,
    settings: QuadraticSolver.Settings
  ) {
    guard pieces.starts.count == program.variableCount + 1 else { return nil }
    let method = ActiveSetMethod(FlatProgram(program))
    guard method.hasCurvature else { return nil }
    self.method = method
    self.settings = settings
    self.pieces = pieces
    linear = program.linear
    place = Array(pieces.starts.dropLast())
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
        side < 0 && piece == pieces.starts[i] || side > 0 && piece + 1 == pieces.starts[i + 1]
      return isBound ? method.gradient[i] : 0
    }
  }

  /// The slope of the objective at each variable, rows included.
  package var gradient: [Double] { method.gradient }

  /// The number of set changes of the last run.
  package var iterations: Int { method.iterations }

  /// Begins at a point.
  ///
  /// - Parameters:
  ///   - x: A number for each variable, within the pieces.
  ///   - rows: Guesses of the dual values of the rows.
  ///   - price: The price.
  package mutating func begin(at x: [Double], rows: [Double], price: Double) {
    self.price = price
    for i in place.indices { enter(pieces.piece(of: x[i], i), i) }
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
      method.system.setRight(at: i, to: -pieces.priced[place[i]])
    }
    guard method.system.solveRight(method.program) else { return nil }
    var sum = 0.0
    for p in 0..<method.system.freeCount {
      sum += pieces.priced[place[method.system.free[p]]] * method.system.step[p]
    }
    return sum.isFinite ? sum : nil
  }

  private mutating func enter(_ piece: Int, _ i: Int) {
    place[i] = piece
    method.program.lower[i] = pieces.lower[piece]
    method.program.upper[i] = pieces.upper[piece]
    setSlope(i)
  }

  private mutating func setSlope(_ i: Int) {
    let slope = linear[i] + pieces.slopes[place[i]] + price * pieces.priced[place[i]]
    method.gradient[i] += slope - method.program.linear[i]
    method.program.linear[i] = slope
  }

  private func slope(of piece: Int) -> Double {
    pieces.slopes[piece] + price * pieces.priced[piece]
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
        next >= pieces.starts[i], next < pieces.starts[i + 1]
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
