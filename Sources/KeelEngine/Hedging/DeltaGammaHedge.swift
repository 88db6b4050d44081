import KeelData
import KeelDerivatives
public import KeelMarkets
import KeelNumerics

// The cheapest trades that bring delta, gamma and vega into their bands.
//
//   minimize Σ c_j |x_j|   subject to   lower_k ≤ e_k + Σ a_kj x_j ≤ upper_k,   k = delta, gamma, vega
//
// with c_j the cost of a unit: gas is a fixed cost and is reported but not weighed. A linear program with three rows has
// an optimum with at most three trades, each row of which is at an edge. All sets of at most three instruments and edges
// are tried; the dual prices y of the best one prove it: |a_j·y| ≤ c_j for every instrument, and the dual value equals the
// cost. Lots are rounded to the nearest, and what rounding leaves is reported.

/// Trades in listed options and contracts that bring delta, gamma and vega into bands at the least cost.
public struct DeltaGammaHedge: Hashable, Sendable, Codable {
  /// The sums of an account in one underlying.
  public struct Sensitivities: Hashable, Sendable, Codable {
    /// The delta, in units of the underlying.
    public var delta: Double

    /// The gamma, in units of the underlying per cash.
    public var gamma: Double

    /// The vega, in cash per unit of volatility.
    public var vega: Double

    /// Creates sensitivities.
    ///
    /// - Parameters:
    ///   - delta: The delta, in units of the underlying.
    ///   - gamma: The gamma, in units of the underlying per cash.
    ///   - vega: The vega, in cash per unit of volatility.
    public init(delta: Double, gamma: Double, vega: Double) {
      self.delta = delta
      self.gamma = gamma
      self.vega = vega
    }

    var rows: [Double] { [delta, gamma, vega] }
  }

  /// The bands; nil where a sensitivity is free.
  public struct Bands: Hashable, Sendable, Codable {
    /// The band of delta.
    public var delta: HedgeBand?

    /// The band of gamma.
    public var gamma: HedgeBand?

    /// The band of vega.
    public var vega: HedgeBand?

    /// Creates bands that allow everything.
    public init() {}

    var rows: [HedgeBand?] { [delta, gamma, vega] }
  }

  /// Whether trades in fractions of lots reach the bands.
  public let isFeasible: Bool

  /// The orders in whole lots, by name; empty when nothing is needed or nothing helps.
  public let orders: [ContractOrder]

  /// The sensitivities after the orders.
  public let after: Sensitivities

  /// Whether the orders in whole lots end in the bands.
  public let isInsideBands: Bool

  /// The least cost in fractions of lots, without gas, in cash.
  public let leastCost: Double

  /// The prices of delta, gamma and vega: what the least cost falls by when an edge gives way by one.
  public let prices: [Double]

  /// The least cost less the dual value, over one plus the cost: zero up to rounding proves the optimum.
  public let relativeGap: Double

  /// By how much the worst instrument breaks `|a·y| ≤ c`, over its cost: zero up to rounding proves the optimum.
  public let largestDualViolation: Double

  /// The most instruments: sets of three of them are enumerated.
  public static let instrumentLimit = 40

  /// Finds the trades.
  ///
  /// - Parameters:
  ///   - before: The sensitivities of the account.
  ///   - bands: The bands.
  ///   - instruments: The instruments on one underlying with costs above zero, at most ``instrumentLimit``.
  ///   - market: The market.
  /// - Throws: `EngineError.invalidValue`, `.amountOverflow`, or `.unknownAsset` for an instrument without a usable
  ///   quote.
  /// - Complexity: O(n³) for n instruments.
  public init(
    _ before: Sensitivities,
    bands: Bands,
    instruments: [HedgeInstrument],
    market: MarketSnapshot
  ) throws(EngineError) {
    for (value, name) in zip(before.rows, ["delta", "gamma", "vega"]) {
      try requireNumber(value, name, .finite)
    }
    try requireNumber(
      Double(instruments.count), "number of instruments", 0...Double(Self.instrumentLimit))
    let sorted = instruments.sorted { $0.id < $1.id }
    var units: [Exposure] = []
    for instrument in sorted {
      let unit = try instrument.unit(in: market)
      let cost = instrument.listing.costFraction * unit.notional
      try requireNumber(cost, "cost of \(instrument.id)", .positive)
      units.append(unit)
    }
    let program = HedgeProgram(before.rows, bands.rows, sorted, units)
    let best = program.solution
    isFeasible = best != nil
    leastCost = best?.cost ?? 0
    var prices = [Double](repeating: 0, count: before.rows.count)
    for (row, price) in zip(program.rows, best?.prices ?? []) { prices[row] = price }
    self.prices = prices
    (relativeGap, largestDualViolation) = best.map(program.proof) ?? (0, 0)
    var (orders, sums): ([ContractOrder], [Double]) = ([], before.rows)
    for (place, amount) in (best?.trades ?? [:]).sorted(by: { $0.key < $1.key }) {
      let quantity = try sorted[place].nearestLots(to: amount)
      if quantity.isZero { continue }
      orders.append(sorted[place].order(quantity, unitNotional: units[place].notional))
      let rows = HedgeProgram.rows(of: units[place])
      for k in sums.indices { sums[k] += quantity.doubleValue * rows[k] }
    }
    self.orders = orders
    after = Sensitivities(delta: sums[0], gamma: sums[1], vega: sums[2])
    isInsideBands = zip(bands.rows, sums).allSatisfy { $0?.contains($1) ?? true }
  }
}

/// The linear program over the sensitivities that have a band, each in units of its size.
private struct HedgeProgram {
  struct Solution {
    var trades: [Int: Double]
    var cost: Double
    /// A price for each row with a band.
    var prices: [Double]
  }

  /// The sensitivities that have a band.
  let rows: [Int]
  private let start: [Double]
  private let bands: [HedgeBand]
  private let columns: [[Double]]
  private let costs: [Double]
  /// What counts as one in a row, for comparing with rounding.
  private let sizes: [Double]

  /// The rounding that a sum of a few terms leaves, in units of a row's size.
  private static let tolerance = 1e-9

  init(
    _ before: [Double],
    _ bands: [HedgeBand?],
    _ instruments: [HedgeInstrument],
    _ units: [Exposure]
  ) {
    let rows = bands.indices.filter { bands[$0] != nil }
    self.rows = rows
    self.bands = bands.compactMap { $0 }
    start = rows.map { before[$0] }
    columns = units.map { unit in
      let all = Self.rows(of: unit)
      return rows.map { all[$0] }
    }
    costs = zip(instruments, units).map { $0.listing.costFraction * $1.notional }
    sizes = zip(start, self.bands).map {
      max($0.magnitude, $1.lower.magnitude, $1.upper.magnitude, .leastNormalMagnitude)
    }
  }

  static func rows(of unit: Exposure) -> [Double] {
    [unit.delta, unit.gamma, unit.vega.perUnitVolatility]
  }

  /// The cheapest vertex; nil when no vertex is inside the bands.
  var solution: Solution? {
    if isInside(start) {
      return Solution(trades: [:], cost: 0, prices: rows.map { _ in 0 })
    }
    var best: (set: [Int], chosen: [Int], trades: [Double], cost: Double)?
    for set in Self.subsets(of: columns.count, atMost: rows.count) {
      for chosen in Self.subsets(of: rows.count, atMost: set.count) where chosen.count == set.count
      {
        let matrix = matrix(set, chosen)
        // What one unit of each row asks of the instruments.
        let answers = chosen.indices.compactMap { k in
          solveSmall(matrix, chosen.indices.map { $0 == k ? 1 / sizes[chosen[k]] : 0 })
        }
        guard answers.count == chosen.count else { continue }
        for edges in 0..<(1 << set.count) {
          let trades = vertex(chosen, edges, answers)
          let cost = zip(set, trades).reduce(0) { $0 + costs[$1.0] * $1.1.magnitude }
          if cost < best?.cost ?? .infinity, isInside(sums(set, trades)) {
            best = (set, chosen, trades, cost)
          }
        }
      }
    }
    return best.flatMap { priced($0.set, $0.chosen, $0.trades, cost: $0.cost) }
  }

  private func matrix(_ set: [Int], _ chosen: [Int]) -> [[Double]] {
    chosen.map { row in set.map { columns[$0][row] / sizes[row] } }
  }

  /// The trades that put the chosen rows on the edges that the bits say, one for the upper one.
  private func vertex(_ chosen: [Int], _ edges: Int, _ answers: [[Double]]) -> [Double] {
    var trades = [Double](repeating: 0, count: chosen.count)
    for (i, row) in chosen.enumerated() {
      let goal = (edges >> i & 1 == 1 ? bands[row].upper : bands[row].lower) - start[row]
      for j in trades.indices { trades[j] += answers[i][j] * goal }
    }
    return trades
  }

  private func sums(_ set: [Int], _ trades: [Double]) -> [Double] {
    var sums = start
    for (place, trade) in zip(set, trades) {
      for k in sums.indices { sums[k] += columns[place][k] * trade }
    }
    return sums
  }

  /// Adds the prices: a'y = ±c for what is traded.
  private func priced(
    _ set: [Int],
    _ chosen: [Int],
    _ trades: [Double],
    cost: Double
  ) -> Solution? {
    let matrix = matrix(set, chosen)
    let transposed = set.indices.map { j in chosen.indices.map { matrix[$0][j] } }
    let slopes = zip(set, trades).map { costs[$0] * ($1 < 0 ? -1 : 1) }
    guard let known = solveSmall(transposed, slopes) else { return nil }
    var prices = rows.map { _ in 0.0 }
    for (row, price) in zip(chosen, known) { prices[row] = price / sizes[row] }
    return Solution(
      trades: Dictionary(uniqueKeysWithValues: zip(set, trades)), cost: cost, prices: prices)
  }

  private func isInside(_ sums: [Double]) -> Bool {
    sums.indices.allSatisfy { bands[$0].distance(to: sums[$0]) <= Self.tolerance * sizes[$0] }
  }

  /// Gap and dual violation of a solution.
  func proof(_ solution: Solution) -> (gap: Double, violation: Double) {
    var dual = 0.0
    for (k, price) in solution.prices.enumerated() {
      dual += price * ((price > 0 ? bands[k].lower : bands[k].upper) - start[k])
    }
    let violation = columns.indices.reduce(0.0) { worst, j in
      let product = zip(columns[j], solution.prices).reduce(0) { $0 + $1.0 * $1.1 }
      return max(worst, (product.magnitude - costs[j]) / costs[j])
    }
    return ((solution.cost - dual) / (1 + solution.cost), violation)
  }

  /// All sets of 1 to `most` of the first `count` numbers, in order.
  private static func subsets(of count: Int, atMost most: Int) -> [[Int]] {
    var all: [[Int]] = []
    var last: [[Int]] = [[]]
    for _ in 0..<min(most, count) {
      last = last.flatMap { set in (((set.last ?? -1) + 1)..<count).map { set + [$0] } }
      all += last
    }
    return all
  }
}

/// Solves a system of at most three equations by elimination with row exchanges; nil when it is singular.
private func solveSmall(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
  var (a, b) = (matrix, right)
  let count = b.count
  for k in 0..<count {
    let pivot = (k..<count).reduce(k) { a[$1][k].magnitude > a[$0][k].magnitude ? $1 : $0 }
    guard a[pivot][k] != 0 else { return nil }
    a.swapAt(k, pivot)
    b.swapAt(k, pivot)
    for i in (k + 1)..<max(count, k + 1) {
      let factor = a[i][k] / a[k][k]
      for j in k..<count { a[i][j] -= factor * a[k][j] }
      b[i] -= factor * b[k]
    }
  }
  for k in stride(from: count - 1, through: 0, by: -1) {
    for j in (k + 1)..<max(count, k + 1) { b[k] -= a[k][j] * b[j] }
    b[k] /= a[k][k]
  }
  return b.allSatisfy(\.isFinite) ? b : nil
}
