public import KeelMarkets
import KeelNumerics

// An amount over several reserves of money markets, each of whose rates falls as it is supplied.
//
// With S supplied, B borrowed, u = B/(S + x) and the supply rate (1 − ρ)(a u + c u²) on each side of the kink, a deposit x
// earns x s(x) a year, at the margin
//
//   M(x) = (1 − ρ) [a u + c u² − x (a + 2 c u) u / (S + x)] − h
//
// less the failures h that are expected. On each side of the kink M falls wherever it is not negative: for M ≥ 0 gives
// a S (S + x) + c B (S − x) ≥ 0, which makes M′ < 0. At the kink M jumps up, as the rate falls less steeply below it, so
// that a reserve above its kink has two candidates: to stay above, or to be pushed through. All choices are enumerated;
// each is solved by equal marginal rates, found by bisection on the rate (water-filling). The best is the global optimum.

/// The most income that an amount can earn over several reserves, its own effect on their rates included.
public struct LendingAllocation: Hashable, Sendable, Codable {
  /// A reserve with what its failures are expected to cost.
  public struct Venue: Hashable, Sendable, Codable {
    /// The reserve, without the amount to be placed.
    public var reserve: LendingReserve

    /// The expected loss to failures, per year, as a fraction of what is supplied.
    public var lossPerYear: Double

    /// Creates a venue.
    ///
    /// - Parameters:
    ///   - reserve: The reserve, without the amount to be placed.
    ///   - lossPerYear: The expected loss to failures, per year, as a fraction: finite, not negative.
    public init(_ reserve: LendingReserve, lossPerYear: Double = 0) {
      self.reserve = reserve
      self.lossPerYear = lossPerYear
    }
  }

  /// The deposit in each venue, in the order given.
  public let deposits: [Double]

  /// What stays outside, at the idle rate.
  public let idle: Double

  /// The income per year, expected losses subtracted, idle interest included.
  public let incomePerYear: Double

  /// The rate at the margin, per year: of every venue that is used and not at its kink, or the idle rate.
  public let marginalRate: Double

  /// By how much a marginal rate on the wrong side of ``marginalRate`` breaks optimality, per year.
  ///
  /// Into no venue would a little more earn more than the marginal rate, and out of none would a little less lose less.
  public let largestViolation: Double

  /// The most venues above their kink whose choices are enumerated.
  public static let kinkLimit = 12

  /// Places an amount.
  ///
  /// - Parameters:
  ///   - amount: The amount, in the unit of the reserves: finite, not negative.
  ///   - venues: The venues.
  ///   - idleRate: What is earned outside, per year: finite, not negative.
  /// - Throws: `EngineError.invalidValue`, also for more than ``kinkLimit`` venues above their kink.
  /// - Complexity: O(2ᵏ n) for n venues of which k are above their kink.
  public init(
    amount: Double,
    over venues: [Venue],
    idleRate: Double = 0
  ) throws(EngineError) {
    try requireNumber(amount, "amount", .nonnegative)
    try requireNumber(idleRate, "idleRate", .nonnegative)
    for venue in venues { try requireNumber(venue.lossPerYear, "lossPerYear", .nonnegative) }
    let curves = venues.map(SupplyCurve.init)
    let bent = curves.indices.filter { curves[$0].kinkDeposit > 0 }
    try requireNumber(Double(bent.count), "venues above their kink", 0...Double(Self.kinkLimit))
    var best: (deposits: [Double], rate: Double, income: Double)?
    for choice in 0..<(1 << bent.count) {
      var ranges = curves.map { $0.kinkDeposit...max(amount, $0.kinkDeposit) }
      for (bit, place) in bent.enumerated() where choice >> bit & 1 == 0 {
        ranges[place] = 0...min(curves[place].kinkDeposit, amount)
      }
      guard ranges.reduce(0, { $0 + $1.lowerBound }) <= amount else { continue }
      let filled = Filling(curves, ranges, amount: amount, idleRate: idleRate)
      if filled.income > best?.income ?? -.infinity {
        best = (filled.deposits, filled.rate, filled.income)
      }
    }
    let found = best ?? (venues.map { _ in 0 }, idleRate, amount * idleRate)
    deposits = found.deposits
    idle = max(amount - deposits.reduce(0, +), 0)
    incomePerYear = found.income
    marginalRate = found.rate
    try requireNumber(incomePerYear, "income per year", .finite)
    largestViolation = zip(curves, deposits).reduce(0) { worst, pair in
      let (curve, deposit) = pair
      let more = curve.marginal(deposit, isAbove: false) - found.rate
      let less = deposit > 0 ? found.rate - curve.marginal(deposit, isAbove: true) : 0
      return max(worst, deposit < amount ? more : 0, less)
    }
  }
}

/// What a deposit in one venue earns.
private struct SupplyCurve {
  let supplied: Double
  let borrowed: Double
  let lossPerYear: Double
  private let kept: Double
  private let below: (a: Double, c: Double)
  private let above: (a: Double, c: Double)
  /// The deposit that brings utilization down to the kink; zero when it is there.
  let kinkDeposit: Double

  init(_ venue: LendingAllocation.Venue) {
    let rates = venue.reserve.rates
    supplied = venue.reserve.supplied
    borrowed = venue.reserve.borrowed
    lossPerYear = venue.lossPerYear
    kept = 1 - rates.reserveFactor
    below = (rates.baseRate, rates.slopeBelowKink / rates.kink)
    let slope = rates.slopeAboveKink / (1 - rates.kink)
    above = (rates.baseRate + rates.slopeBelowKink - slope * rates.kink, slope)
    kinkDeposit = max(borrowed / rates.kink - supplied, 0)
  }

  /// The marginal income, at the kink from the side asked for.
  func marginal(_ deposit: Double, isAbove: Bool) -> Double {
    let isAboveKink = deposit < kinkDeposit || (isAbove && deposit == kinkDeposit && deposit > 0)
    let (a, c) = isAboveKink ? above : below
    let total = supplied + deposit
    let u = borrowed / total
    return kept * (a * u + c * u * u - deposit / total * (a + 2 * c * u) * u) - lossPerYear
  }

  func income(_ deposit: Double) -> Double {
    let (a, c) = deposit < kinkDeposit ? above : below
    let u = borrowed / (supplied + deposit)
    return deposit * (kept * (a * u + c * u * u) - lossPerYear)
  }

  /// The largest deposit of a range up to which marginal income is above a rate.
  func deposit(atRate rate: Double, in range: ClosedRange<Double>) -> Double {
    let isAbove = range.upperBound <= kinkDeposit
    var (low, high) = (range.lowerBound, range.upperBound)
    if marginal(high, isAbove: isAbove) > rate { return high }
    if marginal(low, isAbove: false) <= rate { return low }
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { return low }
      if marginal(middle, isAbove: isAbove) > rate { low = middle } else { high = middle }
    }
  }
}

/// Deposits of equal marginal income inside ranges.
private struct Filling {
  var deposits: [Double]
  var rate: Double
  let income: Double

  init(
    _ curves: [SupplyCurve],
    _ ranges: [ClosedRange<Double>],
    amount: Double,
    idleRate: Double
  ) {
    func fill(_ rate: Double) -> [Double] {
      zip(curves, ranges).map { $0.deposit(atRate: rate, in: $1) }
    }
    deposits = fill(idleRate)
    rate = idleRate
    if deposits.reduce(0, +) > amount {
      var high = zip(curves, ranges).reduce(idleRate) {
        max($0, $1.0.marginal($1.1.lowerBound, isAbove: false))
      }.nextUp
      var low = idleRate
      while true {
        let middle = low + (high - low) / 2
        guard middle > low, middle < high else { break }
        if fill(middle).reduce(0, +) > amount { low = middle } else { high = middle }
      }
      // What is left goes to the venues that the last step of the rate emptied.
      let more = fill(low)
      deposits = fill(high)
      rate = high
      var left = amount - deposits.reduce(0, +)
      for place in deposits.indices where left > 0 {
        let added = min(max(more[place] - deposits[place], 0), left)
        deposits[place] += added
        left -= added
      }
    }
    let idle = max(amount - deposits.reduce(0, +), 0)
    income = zip(curves, deposits).reduce(idle * idleRate) { $0 + $1.0.income($1.1) }
  }
}
