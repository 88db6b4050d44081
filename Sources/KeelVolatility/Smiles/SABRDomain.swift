import KeelDerivatives

/// Where a fitted SABR smile may be: a box, and on the interval of the promise a density that is not negative, spreads of
/// calls and puts with prices that are not, and total variance not below that of the expiry before.
struct SABRDomain {
  /// A condition that a smile keeps: its value is not negative.
  enum Condition {
    case density(Double)
    case leftWing
    case rightWing
    case below
    case above
    case calendar(Double)
  }

  /// The largest correlation and, times √T, volatility of the volatility: the expansion means nothing beyond.
  private static let largestCorrelation = 0.9999
  private static let largestDeviation = 5.0

  /// The limits of the level, in volatilities at the money.
  private static let levels = (1e-3, 1e3)

  /// The least value of a condition in a search: above what rounding and a finer scan may take away.
  static let leastValue = 1e-7

  /// The value above which a condition is none of a step.
  private static let looseValue = 0.5

  let bands: QuoteBands
  let time: Double
  let beta: Double
  let previous: SABRSmile?

  /// The log-moneyness where the conditions hold.
  let interval: ClosedRange<Double>

  /// The variance at the money, the unit of variances.
  let unit: Double

  /// The box of α, ρ and ν.
  let lower: [Double]
  let upper: [Double]

  /// The units of the coordinates.
  let scales: [Double]

  init(_ bands: QuoteBands, _ time: Double, _ beta: Double, _ previous: SABRSmile?) {
    (self.bands, self.time, self.beta, self.previous) = (bands, time, beta, previous)
    unit = bands.moneyVariance
    let reach = SABRFit.reach * unit.squareRoot()
    interval =
      (min(bands.places[0], 0) - reach)...(max(bands.places[bands.count - 1], 0) + reach)
    let money = (unit / time).squareRoot()
    lower = [Self.levels.0 * money, -Self.largestCorrelation, 0]
    upper = [
      Self.levels.1 * money, Self.largestCorrelation, Self.largestDeviation / time.squareRoot(),
    ]
    scales = [money, 1, 1 / time.squareRoot()]
  }

  func clamped(_ x: [Double]) -> [Double] {
    x.indices.map { min(max(x[$0], lower[$0]), upper[$0]) }
  }

  /// The smile at a point; nil where there is none.
  func smile(_ x: [Double]) -> SABRSmile? {
    try? SABRSmile(timeToExpiry: time, alpha: x[0], beta: beta, rho: x[1], nu: x[2])
  }

  /// The cost of a point; NaN where the smile has no variance at a quote.
  func cost(_ x: [Double]) -> Double {
    guard let smile = smile(x) else { return .nan }
    return (0..<bands.count).reduce(0.0) { sum, i in
      sum + bands.cost(i, smile.variance(at: bands.places[i])).value
    }
  }

  /// The conditions that may bind in a step from a smile: those at minima and on a grid, by which a step sees where minima
  /// move.
  func stepConditions(_ smile: SABRSmile) -> [Condition]? {
    let (list, _, least) = conditions(smile, SABRScan.sparsePointCount)
    guard least > -.infinity else { return nil }
    func places(_ smiles: [SABRSmile]) -> [Double] {
      SABRScan.places(smiles, interval, pointCount: SABRScan.stepPointCount)
    }
    var grid = places([smile]).map { Condition.density($0) }
    if let previous { grid += places([smile, previous]).map { .calendar($0) } }
    return list + grid.filter { value($0, smile) < Self.looseValue }
  }

  /// The conditions that may bind near a smile, and the worst of all.
  func conditions(
    _ smile: SABRSmile,
    _ pointCount: Int
  ) -> (list: [Condition], worst: Condition, least: Double) {
    var candidates: [Condition] = [.leftWing, .rightWing, .below, .above]
    candidates += SABRScan.minima([smile], interval, pointCount: pointCount) {
      smile.totalVariance(at: $0).densityFactor(at: $0)
    }.map { .density($0.argument) }
    if let previous {
      candidates += SABRScan.minima([smile, previous], interval, pointCount: pointCount) {
        smile.variance(at: $0) - previous.variance(at: $0)
      }.map { .calendar($0.argument) }
    }
    var list: [Condition] = []
    var (worst, least) = (Condition.leftWing, Double.infinity)
    for condition in candidates {
      let value = value(condition, smile)
      guard value > -.infinity else { return (list, condition, -.infinity) }
      if value < least { (worst, least) = (condition, value) }
      if value < Self.looseValue { list.append(condition) }
    }
    return (list, worst, least)
  }

  /// Whether a point keeps all conditions of a search.
  func holds(_ x: [Double], _ pointCount: Int = SABRScan.sparsePointCount) -> Bool {
    guard let smile = smile(x), cost(x) < .infinity else { return false }
    // Most that do not fail at an end or at the middle.
    for part in [0, 0.5, 1] {
      let k = interval.lowerBound * (1 - part) + interval.upperBound * part
      guard value(.density(k), smile) >= Self.leastValue else { return false }
      guard value(.calendar(k), smile) >= Self.leastValue else { return false }
    }
    return conditions(smile, pointCount).least >= Self.leastValue
  }

  /// The value of a condition, of order one; NaN where the smile has no variance.
  func value(_ condition: Condition, _ smile: SABRSmile) -> Double {
    switch condition {
    case .density(let k):
      return smile.totalVariance(at: k).densityFactor(at: k)
    case .leftWing:
      return 2 + smile.totalVariance(at: interval.lowerBound).slope
    case .rightWing:
      return 2 - smile.totalVariance(at: interval.upperBound).slope
    case .below:
      return spread(smile, interval.lowerBound, 1)
    case .above:
      return spread(smile, interval.upperBound, -1)
    case .calendar(let k):
      guard let previous else { return .infinity }
      return (smile.variance(at: k) - previous.variance(at: k)) / unit
    }
  }

  /// The probability beyond an end over the normal density there.
  private func spread(_ smile: SABRSmile, _ k: Double, _ sign: Double) -> Double {
    let variance = smile.totalVariance(at: k)
    let root = variance.value.squareRoot()
    let d2 = -k / root - root / 2
    return TotalVariance.millsRatio(sign * d2) + sign * variance.slope / (2 * root)
  }

  /// The error that names a condition.
  func error(_ condition: Condition, _ smile: SABRSmile) -> VolatilityError {
    let value = value(condition, smile)
    switch condition {
    case .density(let k):
      return .butterflyArbitrage(logMoneyness: k, densityFactor: value)
    case .leftWing, .rightWing:
      return .steepWing(slope: 2 - value)
    case .below, .above:
      return .noFit
    case .calendar(let k):
      return .calendarArbitrage(timeToExpiry: time, logMoneyness: k, variance: value * unit)
    }
  }
}

extension SABRDomain {
  /// What a fit reports of a smile.
  struct Margins {
    let butterfly: ButterflyMargin
    let calendar: SABRCalendarMargin?

    /// Whether the smile keeps all conditions.
    let isFree: Bool
  }

  /// The margins of a smile: of the density by a scan at equal distances and one that is dense where the smile bends.
  ///
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` where the smile has no positive variance.
  func margins(_ smile: SABRSmile) throws(VolatilityError) -> Margins {
    var butterfly = try ButterflyMargin(of: smile, in: interval)
    for minimum in SABRScan.minima(
      [smile], interval, pointCount: SABRScan.densePointCount,
      of: { smile.totalVariance(at: $0).densityFactor(at: $0) })
    where !(minimum.value >= butterfly.densityFactor) {
      butterfly = ButterflyMargin(
        densityFactor: minimum.value, logMoneyness: minimum.argument,
        leftWing: butterfly.leftWing, rightWing: butterfly.rightWing)
    }
    let calendar = try previous.map { previous throws(VolatilityError) in
      try SABRCalendarMargin(of: smile, after: previous, in: interval)
    }
    let hasSpreads = [.below, .above].allSatisfy { value($0, smile) >= 0 }
    return Margins(
      butterfly: butterfly, calendar: calendar,
      isFree: butterfly.isFree && calendar?.isFree ?? true && hasSpreads)
  }

  /// Throws where a smile has no positive variance in the interval.
  func requireVariance(of smile: SABRSmile) throws(VolatilityError) {
    for minimum in SABRScan.minima(
      [smile], interval, pointCount: SABRScan.densePointCount, of: smile.variance(at:))
    {
      try VolatilityError.require(
        minimum.value, "previous total variance", .leastNormalMagnitude, .greatestFiniteMagnitude)
    }
  }

  /// The interval where the density of a smile that keeps the conditions is not negative.
  func freeInterval(_ smile: SABRSmile) throws(VolatilityError) -> ClosedRange<Double> {
    let reach = SABRFit.farthest * unit.squareRoot()
    let found = try smile.freeInterval(
      within: interval.lowerBound - reach...interval.upperBound + reach)
    return min(found.lowerBound, interval.lowerBound)...max(found.upperBound, interval.upperBound)
  }
}
