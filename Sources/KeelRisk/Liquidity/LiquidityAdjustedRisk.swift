// Goals in order: parts that sum to the whole, correlations while several positions are being closed, no more than linear memory.
//
// With values v(i), of which the fractions h(i, t) are still held at time t, and the covariance Σ of a day
//
//   variance = ∫ (v∘h(t))' Σ (v∘h(t)) dt,   total = quantile · √variance + Σ |v(i)| cost(i)
//
// The fractions are constant between trades, so that the integral is a sum: for one position closed at a steady pace over T
// days it tends to v² σ² T / 3. That is the variance of the losses of R. Almgren and N. Chriss, "Optimal execution of
// portfolio transactions", Journal of Risk 3 (2001), equation 5, over given paths, and the total their value at risk of the execution.

public import KeelData
import KeelNumerics

/// Value at risk with the time and the cost that getting out takes.
///
/// ```swift
/// let plan = try ExitPlan.book(
///   book, side: .sell, quantity: 500, largestDistance: 0.005, refillsPerDay: 24)
/// let risk = try LiquidityAdjustedRisk(
///   [.init("ETH", value: 1_100_000, exit: plan)], dailyCovariance: covariance, confidence: 0.99,
///   daysBeforeExit: 1)
/// print(risk.total, risk.marketRisk, risk.exitCost, risk.horizon)
/// ```
public struct LiquidityAdjustedRisk: Hashable, Sendable {
  /// A position and how it is closed.
  public struct Position: Hashable, Sendable {
    /// The asset.
    public let asset: AssetID

    /// The value in cash, negative for a short position.
    public let value: Double

    /// How it is closed.
    public let exit: ExitPlan

    /// Creates a position; numbers are checked where it is used.
    ///
    /// - Parameters:
    ///   - asset: The asset.
    ///   - value: The value in cash, negative for a short position.
    ///   - exit: How it is closed.
    public init(_ asset: AssetID, value: Double, exit: ExitPlan) {
      self.asset = asset
      self.value = value
      self.exit = exit
    }
  }

  /// The risk of one position.
  public struct Part: Hashable, Sendable {
    /// The asset.
    public let asset: AssetID

    /// Its Euler part of the market risk, in cash; negative for a hedge.
    public let marketRisk: Double

    /// The cost of its exit, in cash.
    public let exitCost: Double

    /// When it is closed, in days.
    public let horizon: Double
  }

  /// The confidence, from ½ to below 1.
  public let confidence: Double

  /// The value at risk of prices while the positions are held and closed, in cash.
  public let marketRisk: Double

  /// The value at risk of prices until the exit begins, in cash: what a measure without liquidity says.
  public let riskBeforeExit: Double

  /// The cost of all exits, in cash.
  public let exitCost: Double

  /// Market risk and exit cost.
  public let total: Double

  /// When everything is closed, in days.
  public let horizon: Double

  /// The positions in their order; market risks and costs sum to those of the whole.
  public let parts: [Part]

  /// Measures the risk of positions.
  ///
  /// - Parameters:
  ///   - positions: The positions, each asset at most once, values finite.
  ///   - dailyCovariance: The covariance of returns of one day, over a universe with every asset; days are independent.
  ///   - confidence: The confidence, from ½ to below 1.
  ///   - daysBeforeExit: How long everything is held before the first trade, in days: not negative.
  ///   - quantile: The value at risk of a standardized loss at the confidence, for other laws than the normal; positive.
  /// - Throws: `RiskError.unknownInstrument`, `.duplicate`, `.invalidValue`, also for a variance that is negative or overflows.
  /// - Complexity: O(trades · n²) for n assets.
  public init(
    _ positions: [Position],
    dailyCovariance: Covariance,
    confidence: Double,
    daysBeforeExit: Double,
    quantile: Double? = nil
  ) throws(RiskError) {
    try require(confidence, "confidence", in: 0.5...(1.0).nextDown)
    try require(daysBeforeExit, "daysBeforeExit", in: 0...1e6)
    // 1 − confidence is exact, and a small probability has its own digits; no −0.0 at ½.
    let score = quantile ?? 0 - StandardNormal.quantile(1 - confidence)
    try require(score, "quantile", in: 0...1e6)
    let path = try HeldPath(positions, dailyCovariance)
    let variance = try path.variances(daysBeforeExit: daysBeforeExit)
    let deviation = variance.parts.reduce(0, +).squareRoot()
    let costs = positions.map { $0.value.magnitude * $0.exit.costFraction }
    self.confidence = confidence
    marketRisk = score * deviation
    riskBeforeExit = score * variance.beforeExit.squareRoot()
    exitCost = costs.reduce(0, +)
    total = marketRisk + exitCost
    horizon = daysBeforeExit + positions.reduce(0) { max($0, $1.exit.horizon) }
    // A part of the variance fits where a multiple of it need not.
    parts = positions.indices.map { i in
      Part(
        asset: positions[i].asset,
        marketRisk: deviation > 0 ? score * (variance.parts[i] / deviation) : 0,
        exitCost: costs[i], horizon: daysBeforeExit + positions[i].exit.horizon)
    }
    for part in parts {
      try require(part.marketRisk, "market risk of \(part.asset)", in: .finite)
    }
  }
}

/// Positions that are closed trade by trade.
private struct HeldPath {
  let positions: [LiquidityAdjustedRisk.Position]
  let covariance: Covariance
  let places: [Int]

  init(
    _ positions: [LiquidityAdjustedRisk.Position],
    _ covariance: Covariance
  ) throws(RiskError) {
    var places: [Int] = []
    for position in positions {
      guard let place = covariance.universe.position(of: position.asset) else {
        throw .unknownInstrument(position.asset)
      }
      if places.contains(place) { throw .duplicate(position.asset.rawValue) }
      try require(position.value, "value of \(position.asset)", in: -1e100...1e100)
      places.append(place)
    }
    self.positions = positions
    self.covariance = covariance
    self.places = places
  }

  /// Each position's part of the variance over the whole path, and the variance until the exit begins.
  func variances(
    daysBeforeExit: Double
  ) throws(RiskError) -> (parts: [Double], beforeExit: Double) {
    var held = [Double](repeating: 0, count: covariance.universe.count)
    for (position, place) in zip(positions, places) { held[place] = position.value }
    var sums = [CompensatedSum](repeating: CompensatedSum(), count: positions.count)
    try add(held, days: daysBeforeExit, to: &sums)
    let before = sums.reduce(0) { $0 + $1.value }
    // Trades of all positions in the order of time; fractions are summed, so that nothing is left at the end.
    let trades = positions.indices.flatMap { i in
      positions[i].exit.slices.map { (day: $0.day, position: i, fraction: $0.fraction) }
    }.sorted { $0.day < $1.day }
    var closed = [Double](repeating: 0, count: positions.count)
    var day = 0.0
    for trade in trades {
      if trade.day > day {
        try add(held, days: trade.day - day, to: &sums)
        day = trade.day
      }
      let i = trade.position
      closed[i] += trade.fraction
      held[places[i]] = positions[i].value * max(1 - closed[i], 0)
    }
    let parts = sums.map(\.value)
    let (total, size) = parts.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1.magnitude) }
    // What rounding leaves of a perfect hedge is none.
    let rounding = Double(parts.count) * 8 * Double.ulpOfOne * size
    try require(total, "variance", in: -rounding...(.greatestFiniteMagnitude))
    return total > 0
      ? (parts, max(before, 0)) : ([Double](repeating: 0, count: parts.count), 0)
  }

  private func add(
    _ held: [Double],
    days: Double,
    to sums: inout [CompensatedSum]
  ) throws(RiskError) {
    guard days > 0 else { return }
    let product = covariance.product(with: held)
    for (i, place) in places.enumerated() where held[place] != 0 {
      let term = days * held[place] * product[place]
      try require(term, "variance of \(positions[i].asset)", in: .finite)
      sums[i].add(term)
    }
  }
}
