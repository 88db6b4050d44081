// Goals: (1) the exact minimum of a separable function over the true values of the variables, with
// the limits on counts; (2) what each decision would cost, at the price of one sort.
//
//   minimize Σ (sᵢ xᵢ + dᵢ xᵢ²/2 + costᵢ(xᵢ))  over a box of the tree
//
// Each variable has a best value among those that count and among those that do not. A limit then
// takes the cheapest exchanges. A variable in several limits is counted in the first one only, which
// can only lower the minimum.

import KeelNumerics

/// Minimizes separable functions over boxes of a tree.
struct SeparableMinimum: Sendable {
  private var domains: VariableDomains
  /// The variables counted in each limit.
  private let members: [[Int]]
  /// The best value of each piece, +∞ when it is not left.
  private(set) var pieceValues: [Double]
  /// The best value among the pieces that count, and among the others.
  private(set) var counting: [Double]
  private(set) var other: [Double]
  /// The minimum.
  private(set) var value = 0.0
  /// What rounding may have added to the minimum.
  private(set) var allowance = 0.0
  private var exchanges: [Exchange]

  /// What a limit did with its variables.
  private struct Exchange {
    /// The members with a choice, cheapest first.
    var order: [Int] = []
    var taken = 0
    var least = 0
    var most = 0
  }

  init(_ domains: VariableDomains) {
    self.domains = domains
    members = domains.limits.indices.map { j in
      (0..<domains.count).filter { domains.primaryLimit[$0] == j }
    }
    pieceValues = []
    pieceValues.reserveCapacity(VariableDomains.mostPieces * domains.count)
    pieceValues.refill(domains.pieces.count, with: .infinity)
    counting = [Double](repeating: .infinity, count: domains.count)
    other = counting
    exchanges = members.map { group in
      var exchange = Exchange()
      exchange.order.reserveCapacity(group.count)
      return exchange
    }
  }

  /// Goes over to other values of the same variables under the same limits.
  mutating func replaceDomains(_ domains: VariableDomains) {
    self.domains.copyNumbers(of: domains)
    pieceValues.refill(domains.pieces.count, with: .infinity)
  }

  /// Minimizes.
  ///
  /// - Parameters:
  ///   - slopes: The numbers s.
  ///   - slopeErrors: Bounds of their errors.
  ///   - curvatures: The numbers d, not negative.
  ///   - box: What is left.
  ///   - hasCosts: Whether fixed costs are added.
  mutating func run(
    slopes: [Double],
    slopeErrors: [Double],
    curvatures: [Double],
    box: DomainBox,
    hasCosts: Bool = true
  ) {
    value = 0
    allowance = 0
    for i in 0..<domains.count {
      var reach = 0.0
      counting[i] = .infinity
      other[i] = .infinity
      for p in domains.starts[i]..<domains.starts[i + 1] {
        pieceValues[p] = .infinity
        guard domains.isLeft(p, of: i, in: box) else { continue }
        let piece = domains.pieces[p]
        let best = Self.minimum(
          slope: slopes[i], curvature: curvatures[i], lower: max(piece.lower, box.lower[i]),
          upper: min(piece.upper, box.upper[i]), lot: domains.lots[i])
        let total = best.value + (hasCosts ? piece.cost : 0)
        pieceValues[p] = total
        if piece.counts {
          counting[i] = min(counting[i], total)
        } else {
          other[i] = min(other[i], total)
        }
        reach = max(reach, best.point.magnitude)
        allowance += Double.ulpOfOne * (best.size + piece.cost)
      }
      allowance += reachAllowance(i, reach, slopeErrors[i], curvatures[i], box)
      if domains.primaryLimit[i] < 0 { value += min(counting[i], other[i]) }
    }
    for j in exchanges.indices { exchange(j) }
    allowance += Double.ulpOfOne * Double(domains.count) * value.magnitude
  }

  /// What an error of the slope may change.
  private func reachAllowance(
    _ i: Int,
    _ reach: Double,
    _ error: Double,
    _ curvature: Double,
    _ box: DomainBox
  ) -> Double {
    if error == 0 { return 0 }
    let farthest = max(box.lower[i].magnitude, box.upper[i].magnitude)
    if farthest < .infinity { return error * farthest }
    return curvature > 0 ? error * (reach + error / curvature) : .infinity
  }

  /// The minimum of s x + d x²/2 over an interval, or over the multiples of a lot in it.
  private static func minimum(
    slope: Double,
    curvature: Double,
    lower: Double,
    upper: Double,
    lot: Double
  ) -> (value: Double, point: Double, size: Double) {
    var point = curvature > 0 ? -slope / curvature : slope > 0 ? lower : slope < 0 ? upper : 0
    point = min(max(point, lower), upper)
    if point.isInfinite { return (-.infinity, point, 0) }
    func at(_ x: Double) -> (value: Double, point: Double, size: Double) {
      let linear = slope * x
      let quadratic = curvature * x * x / 2
      return (linear + quadratic, x, 4 * (linear.magnitude + quadratic))
    }
    if lot == 0 || lower == upper { return at(point) }
    let below = at(max((point / lot).rounded(.down) * lot, lower))
    let above = at(min((point / lot).rounded(.up) * lot, upper))
    return below.value <= above.value ? below : above
  }

  private mutating func exchange(_ j: Int) {
    let limit = domains.limits[j]
    var certain = 0
    var choices: [Int] = []
    swap(&choices, &exchanges[j].order)
    choices.removeAll(keepingCapacity: true)
    for i in members[j] {
      if other[i] == .infinity {
        certain += 1
        value += counting[i]
      } else {
        value += other[i]
        if counting[i] < .infinity { choices.append(i) }
      }
    }
    let outside = limit.variables.count - members[j].count
    let most = max(0, limit.atMost - certain)
    let least = min(max(0, limit.atLeast - certain - outside), choices.count)
    choices.heapSort { left, right in
      let a = counting[left] - other[left]
      let b = counting[right] - other[right]
      return a == b ? left < right : a < b
    }
    var taken = 0
    for i in choices {
      let price = counting[i] - other[i]
      guard taken < most, price < 0 || taken < least else { break }
      value += price
      taken += 1
    }
    exchanges[j] = Exchange(order: choices, taken: taken, least: least, most: most)
  }
}

// MARK: - Decisions

extension SeparableMinimum {
  /// Removes the pieces with which the minimum would reach a limit.
  ///
  /// - Parameters:
  ///   - limit: The value that is too much.
  ///   - box: What is left; the box of the last run.
  /// - Returns: Whether a piece was removed.
  func removePieces(reaching limit: Double, from box: inout DomainBox) -> Bool {
    guard limit < .infinity, value > -.infinity else { return false }
    var hasChanged = false
    for i in 0..<domains.count where domains.primaryLimit[i] < 0 {
      let best = min(counting[i], other[i])
      for p in domains.starts[i]..<domains.starts[i + 1]
      where pieceValues[p] < .infinity && value - best + pieceValues[p] >= limit {
        domains.remove(p, of: i, from: &box)
        hasChanged = true
      }
    }
    for j in exchanges.indices {
      let exchange = exchanges[j]
      for (rank, i) in exchange.order.enumerated() {
        let (ins, outs) = prices(exchange, rank)
        for p in domains.starts[i]..<domains.starts[i + 1] where pieceValues[p] < .infinity {
          let counts = domains.pieces[p].counts
          let extra = pieceValues[p] - (counts ? counting[i] : other[i])
          if value + (counts ? ins : outs) + extra >= limit {
            domains.remove(p, of: i, from: &box)
            hasChanged = true
          }
        }
      }
    }
    return hasChanged
  }

  /// What it costs when the member of a rank counts, and when it does not.
  private func prices(_ exchange: Exchange, _ rank: Int) -> (ins: Double, outs: Double) {
    func price(_ rank: Int) -> Double {
      let i = exchange.order[rank]
      return counting[i] - other[i]
    }
    let own = price(rank)
    if rank < exchange.taken {
      let next =
        exchange.taken < exchange.order.count ? price(exchange.taken) : Double.infinity
      let isNeeded = exchange.taken - 1 < exchange.least
      return (0, -own + (isNeeded ? next : min(0, next)))
    }
    if exchange.most == 0 { return (.infinity, 0) }
    if exchange.taken == 0 { return (own, 0) }
    let last = price(exchange.taken - 1)
    return (own - (exchange.taken + 1 > exchange.most ? last : max(0, last)), 0)
  }
}
