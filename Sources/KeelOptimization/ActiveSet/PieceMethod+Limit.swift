// Goals: (1) the price of a limit as one more unknown of the steps, in the place of a search over prices; (2) products
// with the columns of what moves only.
//
// On given pieces a limit on a sum of distances is a row, and its price the negative dual value of that row. Where a
// variable goes over its reference into another piece its coefficient turns, at a point where that changes nothing.
// The method takes the row as an equation: where the price is positive in the end, the limit binds.

import KeelNumerics

/// A limit on the sum of the priced functions, each of them the distance from a reference times a number.
package struct PieceLimit: Sendable {
  let coefficients: [Double]
  let reference: [Double]
  let most: Double

  /// A limit.
  ///
  /// - Parameters:
  ///   - coefficients: The number c for each variable, zero or more.
  ///   - reference: The reference r of each variable.
  ///   - most: What Σ c |x − r| must not exceed.
  package init(_ coefficients: [Double], reference: [Double], most: Double) {
    self.coefficients = coefficients
    self.reference = reference
    self.most = most
  }
}

extension FlatProgram {
  /// Adds the row of a limit; its coefficients and its bound come with the pieces.
  ///
  /// - Returns: Where the coefficient of each variable stands; negative for none.
  mutating func append(_ limit: PieceLimit) -> [Int] {
    var places = [Int](repeating: -1, count: limit.coefficients.count)
    for i in limit.coefficients.indices where limit.coefficients[i] > 0 {
      places[i] = rowIndices.count
      rowIndices.append(i)
      rowCoefficients.append(0)
    }
    rowStarts.append(rowIndices.count)
    rowLower.append(limit.most)
    rowUpper.append(limit.most)
    return places
  }
}

extension PieceMethod {
  /// The side of a variable that goes on into the next piece, among the changes of sets.
  private static let onward: Int8 = 2

  /// Finds the optimum at which the limit holds as an equation, from the guess of a market with one factor.
  ///
  /// - Returns: Whether it was found, with a positive price of the limit.
  package mutating func runAtLimit() -> Bool {
    guard let limit else { return false }
    method.setCenter(limit.reference)
    guard let guess = placeByOneFactor(limit) else { return false }
    begin(at: guess.x, rows: guess.rows, price: 0)
    if settle() {
      setLimitBound()
      guard method.refine() else { return false }
      findChanges()
      if method.flips.count != 0 && !refine() { return false }
    } else {
      // A price below zero: the limit does not bind, and the pieces would bend the wrong way.
      guard method.rowDuals[method.rowDuals.count - 1] < 0, run() else { return false }
      setLimitBound()
      guard refine() else { return false }
    }
    return method.rowDuals[method.rowDuals.count - 1] < 0
  }

  /// What the optimality condition lacks without the limit and the charges: Px + q − A'y − z.
  package var missing: [Double] {
    let bounds = boundDuals
    let price = -method.rowDuals[method.rowDuals.count - 1]
    return method.gradient.indices.map { i in
      let piece = pieces[place[i]]
      return method.gradient[i] - piece.slope - price * piece.priced - bounds[i]
    }
  }

  /// Gives the row of the limit the slope of a variable on its piece.
  mutating func setCoefficient(_ i: Int) {
    let entry = limitEntry[i]
    guard let limit, entry >= 0 else { return }
    let present = method.program.rowCoefficients[entry]
    let next = pieces[place[i]].priced
    if next == present { return }
    let row = method.rowDuals.count - 1
    method.program.rowCoefficients[entry] = next
    method.program.rowLower[row] += (next - present) * limit.reference[i]
    method.program.rowUpper[row] = method.program.rowLower[row]
    method.gradient[i] -= (next - present) * method.rowDuals[row]
  }

  /// Puts all variables on the pieces of a point.
  mutating func enterAtLimit(_ x: [Double]) {
    // Held here, the arrays are not looked up again for every variable.
    let (starts, pieces, linear, limitEntry) = (starts, pieces, linear, limitEntry)
    for i in place.indices {
      let next = starts[i + 1] - starts[i] > 1 ? piece(of: x[i], i) : starts[i]
      place[i] = next
      let piece = pieces[next]
      method.program.lower[i] = piece.lower
      method.program.upper[i] = piece.upper
      method.program.linear[i] = linear[i] + piece.slope
      if limitEntry[i] >= 0 { method.program.rowCoefficients[limitEntry[i]] = piece.priced }
    }
    setLimitBound()
  }

  /// The bound of the row, summed anew.
  private mutating func setLimitBound() {
    guard let limit else { return }
    var bound = limit.most
    for i in limitEntry.indices where limitEntry[i] >= 0 {
      bound += method.program.rowCoefficients[limitEntry[i]] * limit.reference[i]
    }
    let row = method.rowDuals.count - 1
    method.program.rowLower[row] = bound
    method.program.rowUpper[row] = bound
  }

  /// Block pivots over the pieces of all variables at once, up to the rounding of the steps.
  ///
  /// - Returns: Whether every condition holds.
  private mutating func settle() -> Bool {
    method.iterations = 0
    guard method.prepare() else { return false }
    var fewest = Int.max
    var patience = ActiveSetMethod.blockPatience
    while method.iterations < ActiveSetMethod.mostBlocks {
      if settings.interruption() != nil { return false }
      method.iterations += 1
      freeBothWays()
      guard method.newtonStep() else { return false }
      findChanges()
      if method.flips.count == 0 {
        return method.rowDualsHaveRightSigns && method.mostViolated() == nil
      }
      if method.flips.count < fewest {
        fewest = method.flips.count
        patience = ActiveSetMethod.blockPatience
      } else {
        patience -= 1
        if patience < 0 { return false }
      }
      applyChanges()
    }
    return false
  }

  /// Frees one variable more where all free ones move to or all from their references: the rows of the budget
  /// and of the limit would be the same for them.
  private mutating func freeBothWays() {
    var (hasRising, hasFalling) = (false, false)
    for i in place.indices where method.side[i] == 0 {
      let priced = pieces[place[i]].priced
      if priced > 0 { hasRising = true } else if priced < 0 { hasFalling = true }
    }
    if !hasRising { freeNearest(rising: true) }
    if !hasFalling { freeNearest(rising: false) }
  }

  /// Frees the held variable that needs the least force to move on a piece of one sign of the priced slope.
  private mutating func freeNearest(rising: Bool) {
    var best = (cost: Double.infinity, variable: -1, piece: 0)
    for i in place.indices where method.side[i] != 0 {
      let inward = method.side[i] < 0 ? method.gradient[i] : -method.gradient[i]
      consider(place[i], inward)
      let next = place[i] + Int(method.side[i])
      guard next >= starts[i], next < starts[i + 1] else { continue }
      consider(next, (slope(of: next) - slope(of: place[i])).magnitude - inward)

      func consider(_ piece: Int, _ force: Double) {
        let priced = pieces[piece].priced
        guard rising ? priced > 0 : priced < 0, pieces[piece].lower < pieces[piece].upper else {
          return
        }
        let cost = force / method.deviations[i]
        if cost < best.cost { best = (cost, i, piece) }
      }
    }
    guard best.variable >= 0 else { return }
    if best.piece != place[best.variable] { enter(best.piece, best.variable) }
    method.side[best.variable] = 0
  }

  /// Looks for variables beyond the ends of their pieces, and for held ones whose force is too strong.
  private mutating func findChanges() {
    method.findViolations()
    for i in place.indices where method.side[i] != 0 {
      let force = method.gradient[i]
      guard method.side[i] > 0 ? force < 0 : force > 0 else { continue }
      let next = place[i] + Int(method.side[i])
      guard next >= starts[i], next < starts[i + 1] else { continue }
      let bend = (slope(of: next) - slope(of: place[i])).magnitude
      let excess = force.magnitude - bend
      if excess <= bend * Self.tolerance { continue }
      method.flips.append(
        i, side: Self.onward, gain: excess * excess / method.program.curvature[i])
      method.flips.freed += 1
    }
  }

  /// Lets go of what has to move, some of it into the next piece, and holds what went too far.
  private mutating func applyChanges() {
    for f in 0..<method.flips.count where method.flips.sides[f] == Self.onward {
      let i = method.flips.targets[f]
      enter(place[i] + Int(method.side[i]), i)
      // The same place is the other end of the next piece.
      method.side[i] = -method.side[i]
      method.flips.sides[f] = 0
    }
    method.apply()
  }
}
