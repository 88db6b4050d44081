// One name of the best point is exchanged for another as long as that helps: the continuous program is
// solved for each of the most promising pairs.

import KeelNumerics

extension TreeSearch {
  /// The most exchanges that are tried for one point, and the candidates on each side.
  private static let mostExchanges = 200
  private static let exchangeWidth = 5

  /// A variable at zero that an exchange may bring in.
  struct WantedName {
    /// What it gains by itself.
    var gain: Double
    var variable: Int
    /// The piece on the side where it gains.
    var piece: Int
  }

  /// Exchanges one name of the best point for another as long as that helps.
  ///
  /// What leaves has the least own curvature beside its weight, what enters the largest gain by
  /// itself.
  mutating func exchangeNames() throws(OptimizationError) {
    var pattern = DomainBox()
    swap(&pattern, &room.pattern)
    defer { swap(&pattern, &room.pattern) }
    var trials = 0
    while stop == nil, trials < Self.mostExchanges, let start = best?.objective {
      guard setPattern(of: bestValue, &pattern), case .optimal = try solvePlain(pattern) else {
        return
      }
      setLeastNames(pattern)
      setWantedNames(pattern)
      try tryExchanges(pattern, start, &trials)
      if best?.objective == start { return }
    }
  }

  /// Tries the exchanges of a pattern until one is better than an objective.
  private mutating func tryExchanges(
    _ pattern: borrowing DomainBox,
    _ objective: Double,
    _ trials: inout Int
  ) throws(OptimizationError) {
    var trial = DomainBox()
    swap(&trial, &room.trial)
    defer { swap(&trial, &room.trial) }
    for out in room.leaving.indices {
      for entering in room.entering.indices {
        if stop != nil || best?.objective != objective { return }
        let leaving = room.leaving[out]
        guard trials < Self.mostExchanges,
          setExchanged(pattern, leaving, room.entering[entering], &trial)
        else { continue }
        trials += 1
        if case .optimal = try solvePlain(trial) { accept() }
      }
    }
  }

  /// Sets a box to that of the root in which each variable has the piece that a point is in; false
  /// when there is none.
  private func setPattern(of point: [Double], _ box: inout DomainBox) -> Bool {
    box.copyElements(of: root)
    guard domains.propagate(&box) else { return false }
    for i in 0..<domains.count {
      let counts = point[i] != 0 && !domains.limitsOf[i].isEmpty
      let piece =
        nearestPiece(to: point[i], of: i, in: box) { $0.counts == counts }
        ?? nearestPiece(to: point[i], of: i, in: box) { _ in true }
      guard let piece else { return false }
      for other in domains.starts[i]..<domains.starts[i + 1] where other != piece {
        domains.remove(other, of: i, from: &box)
      }
    }
    return domains.propagate(&box)
  }

  /// Finds the names of the best point that are missed least.
  private mutating func setLeastNames(_ pattern: borrowing DomainBox) {
    var losses: [Double] = []
    swap(&losses, &room.sizes)
    losses.refill(domains.count, with: 0)
    room.leaving.removeAll(keepingCapacity: true)
    for i in 0..<domains.count
    where !domains.limitsOf[i].isEmpty && domains.sides(of: i, in: pattern).counting {
      losses[i] = bound.extraction.diagonal[i] * bestValue[i] * bestValue[i]
      room.leaving.append(i)
    }
    room.leaving.heapSort { losses[$0] == losses[$1] ? $0 < $1 : losses[$0] < losses[$1] }
    room.leaving.removeLast(max(0, room.leaving.count - Self.exchangeWidth))
    swap(&losses, &room.sizes)
  }

  /// Finds the variables at zero that gain most by leaving it, with the piece on that side.
  private mutating func setWantedNames(_ pattern: borrowing DomainBox) {
    room.entering.removeAll(keepingCapacity: true)
    for i in 0..<domains.count
    where !domains.limitsOf[i].isEmpty && domains.sides(of: i, in: pattern).other
      && deviations[i] > 0
    {
      let slope = plain.boundMultipliers[i]
      let curvature = deviations[i] * deviations[i]
      let piece = nearestPiece(to: -slope / curvature, of: i, in: root) { $0.counts }
      guard let piece else { continue }
      room.entering.append(
        WantedName(gain: slope * slope / curvature, variable: i, piece: piece))
    }
    room.entering.heapSort { $0.gain == $1.gain ? $0.variable < $1.variable : $0.gain > $1.gain }
    room.entering.removeLast(max(0, room.entering.count - Self.exchangeWidth))
  }

  /// Sets a box to a pattern with one name out and another one in; false when that breaks a limit.
  private func setExchanged(
    _ pattern: borrowing DomainBox,
    _ leaving: Int,
    _ entering: WantedName,
    _ box: inout DomainBox
  ) -> Bool {
    box.copyElements(of: root)
    for i in 0..<domains.count {
      if i == leaving {
        domains.keep(counting: false, of: i, in: &box)
      } else if i == entering.variable {
        for p in domains.starts[i]..<domains.starts[i + 1] where p != entering.piece {
          domains.remove(p, of: i, from: &box)
        }
      } else {
        box.mask[i] = pattern.mask[i]
      }
    }
    return domains.propagate(&box)
  }
}
