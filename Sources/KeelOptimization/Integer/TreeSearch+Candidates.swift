// Points that satisfy every condition, from points that do not: each variable takes the nearest or
// the cheapest of its pieces, the largest first while a limit has room; the continuous program is
// solved there; then lots are rounded one after the other, the nearest first.

import KeelNumerics

extension TreeSearch {
  /// A multiple of a lot is reached within this part of a lot.
  private static let wholeLot = 1e-9

  /// Rounding lots takes a program a lot: it is done at one node of this many.
  private static let lotInterval = 8

  /// The number of patterns that are remembered.
  private static let memory = 16

  /// Rounds a point in two ways.
  mutating func tryCandidates(around point: [Double], _ box: DomainBox) throws(OptimizationError) {
    if hasLots && nodeCount % Self.lotInterval != 1 { return }
    for usesPrices in [false, true] {
      guard let pattern = rounded(point, box, usesPrices: usesPrices) else { continue }
      if triedPatterns.contains(pattern.mask) && !hasLots { continue }
      if triedPatterns.count >= Self.memory { triedPatterns.removeFirst() }
      triedPatterns.append(pattern.mask)
      let before = best?.objective
      try complete(pattern)
      if stop != nil { return }
      // A large tree is worth a search around each better point.
      if diagonals.count > 1, !hasLots, best?.objective != before { try exchangeNames() }
    }
  }

  var hasLots: Bool { domains.lots.contains { $0 > 0 } }

  /// A box in which each variable has one piece.
  private func rounded(_ point: [Double], _ box: DomainBox, usesPrices: Bool) -> DomainBox? {
    var result = box
    var room = domains.limits.map(\.atMost)
    for (j, limit) in domains.limits.enumerated() {
      for i in limit.variables where !domains.sides(of: i, in: box).other { room[j] -= 1 }
    }
    let size = (0..<domains.count).map { i in
      deviations[i] * (point[i] - domains.center[i]).magnitude
    }
    let undecided = (0..<domains.count).filter { !domains.isDecided($0, in: box) }
    let order = undecided.sorted { size[$0] == size[$1] ? $0 < $1 : size[$0] > size[$1] }
    for i in order {
      let sides = domains.sides(of: i, in: box)
      let isCertain = !sides.other
      var mayCount = isCertain || domains.limitsOf[i].allSatisfy { room[$0] > 0 }
      if usesPrices, sides.counting, sides.other,
        bound.minimum.other[i] < bound.minimum.counting[i]
      {
        mayCount = false
      }
      let preferred =
        usesPrices
        ? cheapestPiece(of: i, in: box) { mayCount || !$0.counts }
        : nearestPiece(to: point[i], of: i, in: box) { mayCount || !$0.counts }
      guard let p = preferred else { return nil }
      for other in domains.starts[i]..<domains.starts[i + 1] where other != p {
        domains.remove(other, of: i, from: &result)
      }
      if domains.pieces[p].counts && !isCertain {
        for j in domains.limitsOf[i] { room[j] -= 1 }
      }
    }
    return domains.propagate(&result) ? result : nil
  }

  /// The piece nearest to a value; among equals the cheapest, then the first.
  func nearestPiece(
    to value: Double,
    of i: Int,
    in box: DomainBox,
    where isAllowed: (DomainPiece) -> Bool
  ) -> Int? {
    var best = (distance: Double.infinity, cost: Double.infinity, piece: Int?.none)
    for p in domains.starts[i]..<domains.starts[i + 1] where domains.isLeft(p, of: i, in: box) {
      let piece = domains.pieces[p]
      guard isAllowed(piece) else { continue }
      let distance = max(piece.lower - value, value - piece.upper, 0)
      if best.piece == nil || distance < best.distance
        || distance == best.distance && piece.cost < best.cost
      {
        best = (distance, piece.cost, p)
      }
    }
    return best.piece
  }

  /// The piece with the least value in the bound.
  private func cheapestPiece(
    of i: Int,
    in box: DomainBox,
    where isAllowed: (DomainPiece) -> Bool
  ) -> Int? {
    var best = (value: Double.infinity, piece: Int?.none)
    for p in domains.starts[i]..<domains.starts[i + 1] where domains.isLeft(p, of: i, in: box) {
      guard isAllowed(domains.pieces[p]) else { continue }
      let value = bound.minimum.pieceValues[p]
      if best.piece == nil || value < best.value { best = (value, p) }
    }
    return best.piece
  }

  /// Solves the program over a box without choices, rounding lots on the way.
  private mutating func complete(_ pattern: DomainBox) throws(OptimizationError) {
    var box = pattern
    guard try solvePlain(box) == .optimal else { return }
    var point = plain.point
    while stop == nil, let next = roundLots(point, &box) {
      let value = point[next.variable]
      for end in [next.first, next.second] {
        var trial = box
        trial.lower[next.variable] = end
        trial.upper[next.variable] = end
        guard end >= box.lower[next.variable], end <= box.upper[next.variable] else { continue }
        if try solvePlain(trial) == .optimal {
          box = trial
          break
        }
      }
      guard box.lower[next.variable] == box.upper[next.variable], value.isFinite else { return }
      point = plain.point
    }
    if stop == nil { accept() }
  }

  /// Fixes the lots that are whole, and returns the nearest one that is not with its two ends; nil
  /// when all are fixed.
  private func roundLots(
    _ point: [Double],
    _ box: inout DomainBox
  ) -> (variable: Int, first: Double, second: Double)? {
    var best = (distance: Double.infinity, variable: -1)
    for i in 0..<domains.count where domains.lots[i] > 0 && box.lower[i] < box.upper[i] {
      let ratio = point[i] / domains.lots[i]
      let distance = (ratio - ratio.rounded()).magnitude
      if distance < best.distance { best = (distance, i) }
    }
    guard best.variable >= 0 else { return nil }
    let lot = domains.lots[best.variable]
    let ratio = point[best.variable] / lot
    let nearest = ratio.rounded()
    let further = nearest > ratio ? nearest - 1 : nearest + 1
    return (best.variable, nearest * lot, further * lot)
  }

  /// Exchanges one name of the best point for another as long as that helps.
  ///
  /// What leaves has the least own curvature beside its weight, what enters the largest gain by
  /// itself.
  mutating func exchangeNames() throws(OptimizationError) {
    var trials = 0
    while stop == nil, trials < Self.mostExchanges, let start = best {
      guard let pattern = pattern(of: start.value), try solvePlain(pattern) == .optimal else {
        return
      }
      let slopes = plain.boundMultipliers
      let leaving = leastNames(pattern, start.value)
      let entering = wantedNames(pattern, slopes)
      for i in leaving where stop == nil && best?.objective == start.objective {
        for (j, p) in entering where stop == nil && best?.objective == start.objective {
          guard let trial = exchanged(pattern, i, j, p), trials < Self.mostExchanges else {
            continue
          }
          trials += 1
          if try solvePlain(trial) == .optimal { accept() }
        }
      }
      if best?.objective == start.objective { return }
    }
  }

  /// The most exchanges that are tried for one point, and the candidates on each side.
  private static let mostExchanges = 200
  private static let exchangeWidth = 5

  /// The box of the root in which each variable has the piece that a point is in.
  private func pattern(of point: [Double]) -> DomainBox? {
    var box = domains.root
    guard domains.propagate(&box) else { return nil }
    for i in 0..<domains.count {
      let counts = point[i] != 0 && !domains.limitsOf[i].isEmpty
      let piece =
        nearestPiece(to: point[i], of: i, in: box) { $0.counts == counts }
        ?? nearestPiece(to: point[i], of: i, in: box) { _ in true }
      guard let piece else { return nil }
      for other in domains.starts[i]..<domains.starts[i + 1] where other != piece {
        domains.remove(other, of: i, from: &box)
      }
    }
    return domains.propagate(&box) ? box : nil
  }

  /// The names that are missed least.
  private func leastNames(_ pattern: DomainBox, _ point: [Double]) -> [Int] {
    let loss = (0..<domains.count).map { i in
      bound.extraction.diagonal[i] * point[i] * point[i]
    }
    let names = (0..<domains.count).filter { i in
      !domains.limitsOf[i].isEmpty && domains.sides(of: i, in: pattern).counting
    }
    return Array(
      names.sorted { loss[$0] == loss[$1] ? $0 < $1 : loss[$0] < loss[$1] }
        .prefix(Self.exchangeWidth))
  }

  /// The variables at zero that gain most by leaving it, with the piece on that side.
  private func wantedNames(
    _ pattern: DomainBox,
    _ slopes: [Double]
  ) -> [(variable: Int, piece: Int)] {
    var wanted: [(gain: Double, variable: Int, piece: Int)] = []
    for i in 0..<domains.count
    where !domains.limitsOf[i].isEmpty && domains.sides(of: i, in: pattern).other
      && deviations[i] > 0
    {
      let target = -slopes[i] / (deviations[i] * deviations[i])
      let root = domains.root
      if let p = nearestPiece(to: target, of: i, in: root, where: { $0.counts }) {
        wanted.append((slopes[i] * slopes[i] / (deviations[i] * deviations[i]), i, p))
      }
    }
    wanted.sort { $0.gain == $1.gain ? $0.variable < $1.variable : $0.gain > $1.gain }
    return wanted.prefix(Self.exchangeWidth).map { ($0.variable, $0.piece) }
  }

  /// A pattern with one name out and another one in; nil when that breaks a limit.
  private func exchanged(
    _ pattern: DomainBox,
    _ leaving: Int,
    _ entering: Int,
    _ piece: Int
  ) -> DomainBox? {
    var box = domains.root
    for i in 0..<domains.count {
      if i == leaving {
        domains.keep(counting: false, of: i, in: &box)
      } else if i == entering {
        for p in domains.starts[i]..<domains.starts[i + 1] where p != piece {
          domains.remove(p, of: i, from: &box)
        }
      } else {
        box.mask[i] = pattern.mask[i]
      }
    }
    return domains.propagate(&box) ? box : nil
  }

  /// Takes the last point of the plain program, if it satisfies every condition and is the best.
  mutating func accept() {
    let point = plain.point
    guard point.allSatisfy(\.isFinite), problem.violation(at: point) == nil else { return }
    let objective = problem.objective(at: point)
    if let best, best.objective <= objective { return }
    guard objective.isFinite else { return }
    best = Candidate(value: point, objective: objective, certificate: plain.certificate)
  }
}
