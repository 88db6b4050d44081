// The sides that contradict a point, and where they go.

extension SequentialPolish {
  /// What contradicts its side, by how much, and where it goes.
  struct Move {
    enum Kind { case variable, row, bend, rest }
    let kind: Kind
    let place: Int
    let side: Int
    let amount: Double
  }

  /// Moves what contradicts its side by more than a share of the worst; returns whether anything did.
  mutating func changeSides(share: Double, tolerance: Double) -> Bool {
    setGradient()
    leaveSlopesAtRest()
    var moves = moves
    self.moves = []
    moves.removeAll(keepingCapacity: true)
    findVariables(&moves, tolerance)
    findRows(&moves, tolerance)
    findBends(&moves, tolerance)
    let worst = moves.reduce(0) { max($0, $1.amount) }
    for move in moves where move.amount >= share * worst {
      switch move.kind {
      case .variable: sides[move.place] = move.side
      case .row: rowSides[move.place] = move.side
      case .bend: bendSides[move.place] = move.side
      case .rest: sides[move.place] = Self.leaving * move.side
      }
    }
    leaveRests()
    self.moves = moves
    return !moves.isEmpty
  }

  /// Frees the variables that leave the bend which they are held at.
  private mutating func leaveRests() {
    for j in model.ownBends {
      let bend = model.bends[j]
      if sides[bend.own].magnitude == Self.leaving, bendSides[j] == 0,
        bend.reference == x[bend.own]
      {
        bendSides[j] = sides[bend.own].signum()
      }
    }
    for j in sides.indices where sides[j].magnitude == Self.leaving { sides[j] = 0 }
  }

  /// Gives the bends at which variables are held the slopes that the gradient asks for.
  private mutating func leaveSlopesAtRest() {
    for j in model.ownBends where bendSides[j] == 0 {
      let bend = model.bends[j]
      if sides[bend.own] != 2 { continue }
      let slope = min(max(bendSlopes[j] - gradient[bend.own], -bend.below), bend.above)
      gradient[bend.own] += slope - bendSlopes[j]
      bendSlopes[j] = slope
    }
    leaveSlopesBetweenHeld()
  }

  /// Chooses the slopes of changes at rest between variables that are held, forward in time: each takes from the variable
  /// before what leaves it the least force that holds it.
  private mutating func leaveSlopesBetweenHeld() {
    for (j, bend) in model.bends.enumerated() where bendSides[j] == 0 {
      if sides[bend.own].magnitude != 1 { continue }
      let wanted: Double
      if bend.before >= 0 {
        guard sides[bend.before].magnitude == 1 else { continue }
        wanted =
          model.isFixed(bend.before)
          ? -Double(sides[bend.own]) * .infinity : bendSlopes[j] + gradient[bend.before]
      } else {
        wanted = -Double(sides[bend.own]) * .infinity
      }
      let slope = min(max(wanted, -bend.below), bend.above)
      model.add(slope - bendSlopes[j], of: bend, to: &gradient)
      bendSlopes[j] = slope
    }
  }

  private func findVariables(_ moves: inout [Move], _ tolerance: Double) {
    for j in x.indices where !model.isFixed(j) {
      func add(_ amount: Double, _ kind: Move.Kind, to side: Int) {
        if amount > tolerance {
          moves.append(Move(kind: kind, place: j, side: side, amount: amount))
        }
      }
      switch sides[j] {
      case 0:
        add((model.lower[j] - x[j]) / model.size, .variable, to: -1)
        add((x[j] - model.upper[j]) / model.size, .variable, to: 1)
      case -1: add(-gradient[j], .variable, to: 0)
      case 1: add(gradient[j], .variable, to: 0)
      default: add(gradient[j].magnitude, .rest, to: gradient[j] < 0 ? 1 : -1)
      }
    }
  }

  private func findRows(_ moves: inout [Move], _ tolerance: Double) {
    for k in y.indices where rowSides[k] != 2 {
      func add(_ amount: Double, to side: Int) {
        if amount > tolerance {
          moves.append(Move(kind: .row, place: k, side: side, amount: amount))
        }
      }
      switch rowSides[k] {
      case 0:
        let value = model.rows.value(k, at: x)
        add((model.rows.lower[k] - value) / model.size, to: -1)
        add((value - model.rows.upper[k]) / model.size, to: 1)
      case -1: add(y[k], to: 0)
      default: add(-y[k], to: 0)
      }
    }
  }

  private func findBends(_ moves: inout [Move], _ tolerance: Double) {
    for (j, bend) in model.bends.enumerated() {
      func add(_ amount: Double, to side: Int) {
        if amount > tolerance {
          moves.append(Move(kind: .bend, place: j, side: side, amount: amount))
        }
      }
      let side = bendSides[j]
      if side != 0 {
        add(-Double(side) * model.distance(bend, x) / model.size, to: 0)
      } else if bend.before >= 0 {
        add(bendSlopes[j] - bend.above, to: 1)
        add(-bend.below - bendSlopes[j], to: -1)
      }
    }
  }

  /// Makes changes at rest exact, from where a variable is held, forward and backward in time.
  mutating func snap() {
    let links = model.linkCount
    var rests = [Double](repeating: .nan, count: x.count)
    for (j, bend) in model.bends.enumerated() where isBond(j) { rests[bend.own] = bend.reference }
    for i in 0..<links {
      var isAnchored = false
      for t in 0..<model.stepCount {
        let own = model.offsets[t] + i
        if sides[own] != 0 {
          // What rests before a held variable follows it.
          var s = t
          while !isAnchored, s > 0, !rests[model.offsets[s] + i].isNaN {
            x[model.offsets[s - 1] + i] = x[model.offsets[s] + i] - rests[model.offsets[s] + i]
            s -= 1
          }
          isAnchored = true
        } else if rests[own].isNaN {
          isAnchored = false
        } else {
          x[own] = x[model.offsets[t - 1] + i] + rests[own]
        }
      }
    }
    for j in x.indices { x[j] = min(max(x[j], model.lower[j]), model.upper[j]) }
  }
}
