public import KeelData
public import KeelNumerics

/// When to trade how much of an order: fractions of it at times from its start.
public struct ExecutionSchedule: Hashable, Sendable, Codable {
  /// One trade.
  public struct Slice: Hashable, Sendable, Codable {
    /// The time from the start, in years.
    public let time: Double

    /// The share of the order.
    public let fraction: Double
  }

  /// The trades, by time; their fractions add to one.
  public let slices: [Slice]

  /// The time that the schedule covers, in years.
  public let duration: Double

  /// The same quantity at equal intervals.
  ///
  /// - Parameters:
  ///   - sliceCount: The number of trades: at least 1.
  ///   - duration: The time that they cover, in years: positive, finite. Each is in the middle of its interval.
  /// - Returns: The schedule.
  /// - Throws: `EngineError.invalidValue`.
  public static func timeWeighted(
    sliceCount: Int,
    duration: Double
  ) throws(EngineError) -> ExecutionSchedule {
    try checkShape(sliceCount, duration)
    return ExecutionSchedule(
      fractions: [Double](repeating: 1 / Double(sliceCount), count: sliceCount),
      duration: duration)
  }

  /// The number of equal trades that costs least when each pays gas and moves the price by itself.
  ///
  /// A trade of q costs `gas + impact q²` when the book recovers between trades, so that n trades of an order
  /// X cost `gas n + impact X²/n`, least at `n = X √(impact/gas)`.
  ///
  /// - Parameters:
  ///   - quantity: The order X: positive, finite.
  ///   - impact: The cost of a trade over its quantity squared, in cash: not negative.
  ///   - gas: The fixed cost of a trade, in cash: not negative.
  ///   - most: The largest number allowed: at least 1.
  /// - Returns: The best whole number, 1 to `most`.
  /// - Throws: `EngineError.invalidValue`.
  public static func bestSliceCount(
    quantity: Double,
    impact: Double,
    gas: Double,
    most: Int
  ) throws(EngineError) -> Int {
    try requireNumber(quantity, "quantity", .positive)
    try requireNumber(impact, "impact", .nonnegative)
    try requireNumber(gas, "gas", .nonnegative)
    try requireNumber(Double(most), "most", 1...1e9)
    guard gas > 0 else { return impact > 0 ? most : 1 }
    let best = quantity * (impact / gas).squareRoot()
    guard best < Double(most) else { return most }
    let below = max(1, Int(best))
    func cost(_ count: Int) -> Double {
      gas * Double(count) + impact * quantity * quantity / Double(count)
    }
    return cost(below) <= cost(below + 1) ? below : min(below + 1, most)
  }

  /// Trades in the middle of equal intervals.
  init(fractions: [Double], duration: Double) {
    let step = duration / Double(fractions.count)
    slices = fractions.enumerated().map {
      Slice(time: (Double($0.offset) + 0.5) * step, fraction: $0.element)
    }
    self.duration = duration
  }

  private init(slices: [Slice], duration: Double) {
    self.slices = slices
    self.duration = duration
  }

  /// Decodes a schedule and checks it: times in order within the duration, fractions that add to one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    slices = try container.decode([Slice].self, forKey: .slices)
    duration = try container.decode(Double.self, forKey: .duration)
    try Self.checkShape(slices.count, duration)
    var time = 0.0
    for slice in slices {
      try requireNumber(slice.time, "time", time...duration)
      try requireNumber(slice.fraction, "fraction", 0...1)
      time = slice.time
    }
    let rounding = 1e-12
    let total = slices.reduce(0) { $0 + $1.fraction }
    try requireNumber(total, "sum of fractions", (1 - rounding)...(1 + rounding))
  }

  private enum CodingKeys: String, CodingKey { case slices, duration }

  static func checkShape(_ sliceCount: Int, _ duration: Double) throws(EngineError) {
    try requireNumber(Double(sliceCount), "sliceCount", 1...1e6)
    try requireNumber(duration, "duration", .positive)
  }
}

// MARK: - Changes

extension ExecutionSchedule {
  /// The schedule with no trade above a share of the market's volume; what is cut is spread over the others.
  ///
  /// - Parameters:
  ///   - share: The largest share of the volume of a trade's interval, above 0 up to 1.
  ///   - volumes: The expected volume of each interval, in the order's unit: not negative.
  ///   - quantity: The whole order: positive, finite.
  /// - Returns: The schedule nearest to this one: each trade is its own share of a common multiple, or its limit.
  /// - Throws: `EngineError.invalidValue`, also when all limits together are below the order: `got` is the order
  ///   and `highest` what fits.
  /// - Complexity: O(n²) for n trades.
  public func limited(
    toShare share: Double,
    ofVolumes volumes: [Double],
    quantity: Double
  ) throws(EngineError) -> ExecutionSchedule {
    try requireNumber(share, "share", Double.leastNonzeroMagnitude...1)
    try requireNumber(quantity, "quantity", .positive)
    try requireNumber(
      Double(volumes.count), "count of volumes", Double(slices.count)...Double(slices.count))
    for volume in volumes { try requireNumber(volume, "volumes", .nonnegative) }
    let limits = volumes.map { share * $0 / quantity }
    let room = limits.reduce(0, +)
    guard room >= 1 else {
      throw .invalidValue(
        argument: "quantity", asset: nil, got: quantity, lowest: 0, highest: quantity * room)
    }
    var fractions = slices.map(\.fraction)
    var isCut = [Bool](repeating: false, count: fractions.count)
    while true {
      let cut = fractions.indices.filter { isCut[$0] }.reduce(0) { $0 + limits[$1] }
      let free = fractions.indices.filter { !isCut[$0] }.reduce(0) { $0 + slices[$1].fraction }
      let scale = free > 0 ? (1 - cut) / free : 0
      for i in fractions.indices {
        fractions[i] = isCut[i] ? limits[i] : scale * slices[i].fraction
      }
      let over = fractions.indices.filter { !isCut[$0] && fractions[$0] > limits[$0] }
      if over.isEmpty { break }
      for i in over { isCut[i] = true }
    }
    return ExecutionSchedule(
      slices: zip(slices, fractions).map { Slice(time: $0.time, fraction: $1) },
      duration: duration)
  }

  /// The schedule with times and sizes that others cannot foresee, and that a seed repeats.
  ///
  /// - Parameters:
  ///   - stream: The random numbers; two for each trade are used, from index 0.
  ///   - timing: How far a trade may move within its interval, as a share of half of it, 0 to 1.
  ///   - sizing: How much a fraction may change, as a share of itself, 0 to 1.
  /// - Returns: The schedule; its fractions add to one and its trades stay in order.
  /// - Throws: `EngineError.invalidValue`.
  public func randomized(
    from stream: RandomStream,
    timing: Double,
    sizing: Double
  ) throws(EngineError) -> ExecutionSchedule {
    try requireNumber(timing, "timing", 0...1)
    try requireNumber(sizing, "sizing", 0...1)
    let half = duration / Double(slices.count) / 2
    let moved = slices.enumerated().map { i, slice in
      let size = 1 + sizing * (2 * stream.uniform(at: UInt64(2 * i)) - 1)
      let shift = timing * (2 * stream.uniform(at: UInt64(2 * i + 1)) - 1)
      return Slice(time: slice.time + half * shift, fraction: slice.fraction * size)
    }
    let total = moved.reduce(0) { $0 + $1.fraction }
    guard total > 0 else { return self }
    return ExecutionSchedule(
      slices: moved.map { Slice(time: $0.time, fraction: $0.fraction / total) },
      duration: duration)
  }

  /// Exact quantities in whole lots that add to the order.
  ///
  /// - Parameters:
  ///   - quantity: The order, in whole lots: not negative.
  ///   - lot: The lot, with the same decimals: positive.
  /// - Returns: One amount a trade, some of them zero when there are more trades than lots; each cumulative sum is
  ///   the nearest whole number of lots.
  /// - Throws: `EngineError.negativeAmount`, `.differentDecimals` with an asset without name, or `.invalidValue` for
  ///   an order that is not in whole lots.
  public func quantities(of quantity: Amount, lot: Amount) throws(EngineError) -> [Amount] {
    guard lot.baseUnits > 0 else { throw .negativeAmount(argument: "lot", asset: nil, got: lot) }
    guard !quantity.isNegative else {
      throw .negativeAmount(argument: "quantity", asset: nil, got: quantity)
    }
    guard quantity.decimals == lot.decimals else {
      throw .differentDecimals(
        argument: "lot", asset: AssetID(""), got: lot.decimals, required: quantity.decimals)
    }
    let (lots, rest) = quantity.baseUnits.quotientAndRemainder(dividingBy: lot.baseUnits)
    guard rest == 0 else {
      throw .invalidValue(
        argument: "quantity", asset: nil, got: quantity.doubleValue,
        lowest: Double(lots) * lot.doubleValue, highest: Double(lots + 1) * lot.doubleValue)
    }
    var traded: Int128 = 0
    var cumulative = 0.0
    var amounts: [Amount] = []
    for (place, slice) in slices.enumerated() {
      cumulative += slice.fraction
      let isLast = place == slices.count - 1
      let due =
        isLast ? lots : min(lots, max(traded, Int128((Double(lots) * cumulative).rounded())))
      do throws(DataError) {
        amounts.append(
          try Amount(baseUnits: (due - traded) * lot.baseUnits, decimals: lot.decimals))
      } catch {
        throw EngineError(error, asset: AssetID(""))
      }
      traded = due
    }
    return amounts
  }
}

/// Requires a number in an interval, both ends included.
func requireNumber(
  _ value: Double,
  _ argument: String,
  _ allowed: ClosedRange<Double>
) throws(EngineError) {
  guard allowed.contains(value) else {
    throw .invalidValue(
      argument: argument, asset: nil, got: value, lowest: allowed.lowerBound,
      highest: allowed.upperBound)
  }
}
