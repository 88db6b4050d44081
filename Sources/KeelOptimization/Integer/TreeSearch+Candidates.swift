// Points that satisfy every condition, from points that do not: each variable takes the nearest or
// the cheapest of its pieces, the largest first while a limit has room; the continuous program is
// solved there; then lots are rounded one after the other, the nearest first.

import KeelNumerics

extension TreeSearch {
  /// A multiple of a lot is reached within this part of a lot.
  private static let wholeLot = 1e-9

  /// Rounding lots takes a program a lot: it is done at one node of this many.
  private static let lotInterval = 8

  /// Rounds a point in two ways.
  mutating func tryCandidates(around point: [Double], _ box: DomainBox) throws(OptimizationError) {
    if hasLots && nodeCount % Self.lotInterval != 1 { return }
    try tryRounded(point, box, usesPrices: false)
    if stop == nil { try tryRounded(point, box, usesPrices: true) }
  }

  private mutating func tryRounded(
    _ point: [Double],
    _ box: DomainBox,
    usesPrices: Bool
  ) throws(OptimizationError) {
    var pattern = DomainBox()
    swap(&pattern, &room.rounding)
    defer { swap(&pattern, &room.rounding) }
    guard round(point, box, usesPrices: usesPrices, into: &pattern) else { return }
    if triedPatterns.contains(pattern.mask) && !hasLots { return }
    triedPatterns.append(pattern.mask)
    let before = best?.objective
    try complete(&pattern)
    if stop != nil { return }
    // A large tree is worth a search around each better point.
    if hasImprovedDiagonal, !hasLots, best?.objective != before { try exchangeNames() }
  }

  var hasLots: Bool { domains.lots.contains { $0 > 0 } }

  /// Makes a box in which each variable has one piece; false when it is empty.
  private mutating func round(
    _ point: [Double],
    _ box: DomainBox,
    usesPrices: Bool,
    into result: inout DomainBox
  ) -> Bool {
    result.copyElements(of: box)
    setRoundingOrder(point, box)
    for place in room.order.indices {
      let i = room.order[place]
      let sides = domains.sides(of: i, in: box)
      let isCertain = !sides.other
      var mayCount = isCertain || domains.limitsOf[i].allSatisfy { room.places[$0] > 0 }
      if usesPrices, sides.counting, sides.other,
        bound.minimum.other[i] < bound.minimum.counting[i]
      {
        mayCount = false
      }
      let preferred =
        usesPrices
        ? cheapestPiece(of: i, in: box) { mayCount || !$0.counts }
        : nearestPiece(to: point[i], of: i, in: box) { mayCount || !$0.counts }
      guard let p = preferred else { return false }
      for other in domains.starts[i]..<domains.starts[i + 1] where other != p {
        domains.remove(other, of: i, from: &result)
      }
      if domains.pieces[p].counts && !isCertain {
        for j in domains.limitsOf[i] { room.places[j] -= 1 }
      }
    }
    return domains.propagate(&result)
  }

  /// Sets the undecided variables in the order of their sizes, and the places that limits have for
  /// them.
  private mutating func setRoundingOrder(_ point: [Double], _ box: DomainBox) {
    room.places.removeAll(keepingCapacity: true)
    for limit in domains.limits {
      var left = limit.atMost
      for i in limit.variables where !domains.sides(of: i, in: box).other { left -= 1 }
      room.places.append(left)
    }
    var sizes: [Double] = []
    swap(&sizes, &room.sizes)
    sizes.refill(domains.count, with: 0)
    room.order.removeAll(keepingCapacity: true)
    for i in 0..<domains.count where !domains.isDecided(i, in: box) {
      sizes[i] = deviations[i] * (point[i] - domains.center[i]).magnitude
      room.order.append(i)
    }
    room.order.heapSort { sizes[$0] == sizes[$1] ? $0 < $1 : sizes[$0] > sizes[$1] }
    swap(&sizes, &room.sizes)
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

  /// Solves the program over a box without choices, rounding lots on the way, which shrinks it.
  private mutating func complete(_ box: inout DomainBox) throws(OptimizationError) {
    guard case .optimal = try solvePlain(box) else { return }
    if !hasLots { return accept() }
    var point: [Double] = []
    var trial = DomainBox()
    swap(&point, &room.lotPoint)
    swap(&trial, &room.trial)
    defer {
      swap(&point, &room.lotPoint)
      swap(&trial, &room.trial)
    }
    point.copyElements(of: plain.point)
    while stop == nil, let next = roundLots(point, &box) {
      let value = point[next.variable]
      var isFixed = try fix(next.variable, at: next.first, &box, &trial)
      if !isFixed { isFixed = try fix(next.variable, at: next.second, &box, &trial) }
      guard isFixed, value.isFinite else { return }
      point.copyElements(of: plain.point)
    }
    if stop == nil { accept() }
  }

  /// Fixes a variable when the program has a point then.
  private mutating func fix(
    _ variable: Int,
    at end: Double,
    _ box: inout DomainBox,
    _ trial: inout DomainBox
  ) throws(OptimizationError) -> Bool {
    guard end >= box.lower[variable], end <= box.upper[variable] else { return false }
    trial.copyElements(of: box)
    trial.lower[variable] = end
    trial.upper[variable] = end
    guard case .optimal = try solvePlain(trial) else { return false }
    swap(&box, &trial)
    return true
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
}

/// The patterns that were tried last, so that they are not tried again.
struct RecentPatterns: Sendable {
  /// The number of patterns that are remembered.
  private static let capacity = 16

  private var masks: [[UInt8]]
  private var count = 0
  private var next = 0

  /// Takes the memory for patterns of a number of variables.
  init(count variableCount: Int) {
    masks = (0..<Self.capacity).map { _ in [UInt8](repeating: 0, count: variableCount) }
  }

  func contains(_ mask: [UInt8]) -> Bool {
    for k in 0..<count where masks[k] == mask { return true }
    return false
  }

  /// Remembers a pattern in the place of the oldest one.
  mutating func append(_ mask: [UInt8]) {
    masks[next].copyElements(of: mask)
    next = (next + 1) % Self.capacity
    count = min(count + 1, Self.capacity)
  }

  mutating func removeAll() {
    count = 0
    next = 0
  }
}
