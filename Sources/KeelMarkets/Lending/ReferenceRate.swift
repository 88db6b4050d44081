import KeelNumerics

// One rate for cash, or for a coin, from what lenders and stakers earn.
//
// Goals in order: no source counts for more than its capital, the same bits for any order of the sources, accuracy, speed.
//
// Failures and slashings that come at hazards h and each take a share L leave the expected value E V(t) = V(0) e^((r − hL)t):
// their price is hL off the continuously compounded rate r, exactly. The commission of a validator comes off the quote,
// before it compounds.
//
// The median by capital m is where half of the capital earns less and half more: whoever moves one source of share a < 1/2
// keeps it within the rates at which capital reaches 1/2 − a and 1/2 + a. References: F. Y. Edgeworth, "On a new method of
// reducing observations", Philosophical Magazine 25 (1888); P. J. Huber, "Robust Statistics" (1981).

/// The reference rate that several lenders and stakers offer, net of what they are expected to lose.
///
/// ```text
/// rate of a source = r(quote less commission) − Σ hazard × loss
/// ```
///
/// with r the continuously compounded rate. The reference is their median by capital, or their mean: what takes the place of a
/// risk-free rate where no government pays one. All sources are in one currency: lend a stablecoin for the rate of cash, stake
/// a coin for the rate of that coin.
///
/// ```swift
/// let reference = try ReferenceRate(sources: sources)
/// market.rate = reference.rate
/// ```
///
/// Error of each rate: 4 ulp of its parts.
public struct ReferenceRate: Hashable, Sendable, Codable {
  /// What a validator does to the rewards of those who stake with it.
  public struct Staking: Hashable, Sendable, Codable {
    /// The share of rewards that the validator or the protocol keeps; nothing of a negative reward.
    public var commission: Double

    /// The hazard of being slashed, per year.
    public var slashingHazardPerYear: Double

    /// The share of the stake that a slashing takes.
    public var lossGivenSlashing: Double

    /// Creates the terms.
    ///
    /// - Parameters:
    ///   - commission: The share of rewards that is kept, 0 to 1; 0 where the quote is net of it.
    ///   - slashingHazardPerYear: The hazard of being slashed, per year: finite, not negative.
    ///   - lossGivenSlashing: The share of the stake that a slashing takes, 0 to 1.
    public init(
      commission: Double,
      slashingHazardPerYear: Double = 0,
      lossGivenSlashing: Double = 0
    ) {
      self.commission = commission
      self.slashingHazardPerYear = slashingHazardPerYear
      self.lossGivenSlashing = lossGivenSlashing
    }
  }

  /// One place that pays interest.
  public struct Source: Hashable, Sendable, Codable {
    /// The name.
    public var name: String

    /// What it quotes.
    public var quote: QuotedRate

    /// The capital that earns it, in any one unit; a source without is left out.
    public var capital: Double

    /// The hazard of a failure, per year.
    public var hazardPerYear = 0.0

    /// The share of capital that a failure takes.
    public var lossGivenFailure = 0.0

    /// The terms of staking; nil for a loan.
    public var staking: Staking?

    /// The age of the quote, in nanoseconds; nil when it is not known.
    public var ageNanoseconds: Int64?

    /// Creates a source.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - quote: What it quotes: −100 to 100 per year when compounded continuously.
    ///   - capital: The capital that earns it, in any one unit: finite, not negative.
    ///   - hazardPerYear: The hazard of a failure, per year: finite, not negative.
    ///   - lossGivenFailure: The share of capital that a failure takes, 0 to 1.
    ///   - staking: The terms of staking; nil for a loan.
    public init(
      _ name: String,
      quote: QuotedRate,
      capital: Double,
      hazardPerYear: Double = 0,
      lossGivenFailure: Double = 0,
      staking: Staking? = nil
    ) {
      self.name = name
      self.quote = quote
      self.capital = capital
      self.hazardPerYear = hazardPerYear
      self.lossGivenFailure = lossGivenFailure
      self.staking = staking
    }

    /// Creates the source that a reserve of a money market is: its supply and what suppliers earn now.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - reserve: The reserve.
    ///   - hazardPerYear: The hazard of a failure, per year: finite, not negative.
    ///   - lossGivenFailure: The share of capital that a failure takes, 0 to 1.
    public init(
      _ name: String,
      reserve: LendingReserve,
      hazardPerYear: Double = 0,
      lossGivenFailure: Double = 0
    ) {
      self.init(
        name, quote: QuotedRate(supplyingAt: reserve.utilization, in: reserve.rates),
        capital: reserve.supplied, hazardPerYear: hazardPerYear,
        lossGivenFailure: lossGivenFailure)
    }
  }

  /// How one rate is made of many.
  public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
    /// Where half of the capital earns less and half more; the middle of the two rates around an exact half.
    case median

    /// The mean by capital.
    case mean
  }

  /// What one source gave.
  public struct Contribution: Hashable, Sendable {
    /// The name of the source.
    public let name: String

    /// Its place in ``ReferenceRate/sources``.
    public let place: Int

    /// What it pays after commission, continuously compounded per year.
    public let grossRate: Double

    /// What failures and slashings are expected to take, per year.
    public let expectedLoss: Double

    /// What is left, continuously compounded per year.
    public let rate: Double

    /// Its share of the capital of all contributions.
    public let share: Double

    /// The weight with which ``rate`` enters the reference: weights times rates add to it.
    public let weight: Double

    /// What the reference would be without it; nil for the only one.
    public let referenceWithoutIt: Double?

    /// What the reference can become whatever this source quotes; nil when nothing bounds it.
    public let attainable: ClosedRange<Double>?
  }

  /// A source that was left out.
  public struct Exclusion: Hashable, Sendable {
    /// Why a source is left out.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
      /// Its quote is older than allowed.
      case stale
      /// No capital earns it.
      case noCapital
    }

    /// The name of the source.
    public let name: String

    /// Its place in ``ReferenceRate/sources``.
    public let place: Int

    /// Why.
    public let reason: Reason
  }

  /// The sources.
  public let sources: [Source]

  /// How one rate is made of them.
  public let method: Method

  /// The largest age of a quote, in nanoseconds; nil for any.
  public let maximumAgeNanoseconds: Int64?

  /// The reference, continuously compounded per year.
  public let rate: Double

  /// What each source gave, in the order of ``sources``.
  public let contributions: [Contribution]

  /// What was left out, in the order of ``sources``.
  public let leftOut: [Exclusion]

  /// The lowest rate of a contribution, continuously compounded per year.
  public let lowest: Double

  /// The highest rate of a contribution, continuously compounded per year.
  public let highest: Double

  /// Makes one rate of several.
  ///
  /// Numbers of a source that is left out are not looked at.
  ///
  /// - Parameters:
  ///   - sources: The sources in one currency, in any order; names may repeat.
  ///   - method: How one rate is made of them.
  ///   - maximumAgeNanoseconds: The largest age of a quote: not negative. A quote of unknown age is taken.
  /// - Throws: `MarketsError.invalidValue`, with the place of the source; also when no source is left.
  /// - Complexity: O(n² log n) for n sources.
  public init(
    sources: [Source],
    method: Method = .median,
    maximumAgeNanoseconds: Int64? = nil
  ) throws(MarketsError) {
    if let maximumAgeNanoseconds {
      try require(Double(maximumAgeNanoseconds), "maximumAgeNanoseconds", in: .nonnegative)
    }
    self.sources = sources
    self.method = method
    self.maximumAgeNanoseconds = maximumAgeNanoseconds
    var leftOut: [Exclusion] = []
    var parts: [RatePart] = []
    for (place, source) in sources.enumerated() {
      if let reason = try source.exclusion(at: place, maximumAge: maximumAgeNanoseconds) {
        leftOut.append(Exclusion(name: source.name, place: place, reason: reason))
      } else {
        parts.append(try RatePart(source, at: place))
      }
    }
    try require(Double(parts.count), "count of sources left", in: 1 ... .greatestFiniteMagnitude)
    self.leftOut = leftOut
    let mixture = RateMixture(parts)
    let ordered = mixture.parts
    let weights = mixture.weights(method)
    rate = mixture.rate(method)
    lowest = ordered[0].rate
    highest = ordered[ordered.count - 1].rate
    contributions = ordered.indices.map { k in
      let part = ordered[k]
      return Contribution(
        name: sources[part.place].name, place: part.place, grossRate: part.gross,
        expectedLoss: part.loss, rate: part.rate, share: part.capital / mixture.capital,
        weight: weights[k], referenceWithoutIt: mixture.without(k)?.rate(method),
        attainable: mixture.attainable(k, method))
    }.sorted { $0.place < $1.place }
  }

  /// Decodes the sources and makes the rate of them again.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      sources: container.decode([Source].self, forKey: .sources),
      method: container.decode(Method.self, forKey: .method),
      maximumAgeNanoseconds: container.decodeIfPresent(Int64.self, forKey: .maximumAgeNanoseconds))
  }

  private enum CodingKeys: String, CodingKey { case sources, method, maximumAgeNanoseconds }

  /// The distance between the highest and the lowest rate, per year.
  public var spread: Double { highest - lowest }
}

extension ReferenceRate.Source {
  fileprivate func exclusion(
    at place: Int,
    maximumAge: Int64?
  ) throws(MarketsError) -> ReferenceRate.Exclusion.Reason? {
    try require(capital, "capital of \(name)", in: .nonnegative, place: place)
    if let ageNanoseconds {
      // A quote from the future has no age.
      try require(Double(ageNanoseconds), "age of \(name)", in: .nonnegative, place: place)
      if let maximumAge, ageNanoseconds > maximumAge { return .stale }
    }
    return capital > 0 ? nil : .noCapital
  }
}

/// One source after commission and losses.
private struct RatePart {
  let place: Int
  let gross: Double
  let loss: Double
  var rate: Double
  var capital: Double

  /// Rates that still mean something: ten thousand per cent.
  static let allowed = -100.0...100.0

  init(_ source: ReferenceRate.Source, at place: Int) throws(MarketsError) {
    func check(
      _ value: Double, _ what: String, _ allowed: ClosedRange<Double>
    ) throws(MarketsError) {
      try require(value, "\(what) of \(source.name)", in: allowed, place: place)
    }
    try check(source.hazardPerYear, "hazardPerYear", .nonnegative)
    try check(source.lossGivenFailure, "lossGivenFailure", 0...1)
    var quote = source.quote
    var loss = source.hazardPerYear * source.lossGivenFailure
    if let staking = source.staking {
      try check(staking.commission, "commission", 0...1)
      try check(staking.slashingHazardPerYear, "slashingHazardPerYear", .nonnegative)
      try check(staking.lossGivenSlashing, "lossGivenSlashing", 0...1)
      if quote.perYear > 0 { quote.perYear *= 1 - staking.commission }
      loss += staking.slashingHazardPerYear * staking.lossGivenSlashing
    }
    let gross = quote.continuouslyCompounded
    try check(gross, "quote", Self.allowed)
    try check(gross - loss, "rate", Self.allowed)
    self.place = place
    self.gross = gross
    self.loss = loss
    rate = gross - loss
    capital = source.capital
  }
}

/// Rates in increasing order with their capital, scaled by a power of two to less than two each.
private struct RateMixture {
  let parts: [RatePart]
  let capital: Double

  /// Sums of parts of capital round: what is this near to one half is one half.
  static let halfTolerance = 0x1p-48

  /// Equal rates are in order of capital, so that sums do not depend on the order given.
  init(_ parts: [RatePart]) {
    let largest = parts.reduce(0) { max($0, $1.capital) }
    var scaled = parts
    for k in scaled.indices {
      scaled[k].capital = Double(
        sign: .plus, exponent: -largest.exponent, significand: scaled[k].capital)
    }
    self.parts = scaled.sorted {
      ($0.rate, $0.capital, $0.place) < ($1.rate, $1.capital, $1.place)
    }
    capital = Self.sum(self.parts[...]) { $0.capital }
  }

  private static func sum(_ parts: ArraySlice<RatePart>, _ term: (RatePart) -> Double) -> Double {
    var sum = CompensatedSum()
    for part in parts { sum.add(term(part)) }
    return sum.value
  }

  /// The lower and the upper median by capital.
  private var middle: (lower: Double, upper: Double) {
    let (below, above) = (0.5 - Self.halfTolerance, 0.5 + Self.halfTolerance)
    var sum = CompensatedSum()
    var lower: Double?
    for part in parts {
      sum.add(part.capital)
      let share = sum.value / capital
      if lower == nil, share >= below { lower = part.rate }
      if let lower, share > above { return (lower, part.rate) }
    }
    let last = parts[parts.count - 1].rate
    return (lower ?? last, last)
  }

  func rate(_ method: ReferenceRate.Method) -> Double {
    switch method {
    case .median: return middle.lower / 2 + middle.upper / 2
    case .mean:
      let mean = Self.sum(parts[...]) { $0.capital * $0.rate } / capital
      return min(max(mean, parts[0].rate), parts[parts.count - 1].rate)
    }
  }

  /// The weight of each part in the rate, sources of one rate by their capital.
  func weights(_ method: ReferenceRate.Method) -> [Double] {
    if method == .mean { return parts.map { $0.capital / capital } }
    let middle = middle
    func share(_ part: RatePart, _ rate: Double) -> Double {
      guard part.rate == rate else { return 0 }
      return part.capital / parts.reduce(0) { $1.rate == rate ? $0 + $1.capital : $0 }
    }
    return parts.map { share($0, middle.lower) / 2 + share($0, middle.upper) / 2 }
  }

  func without(_ place: Int) -> RateMixture? {
    if parts.count == 1 { return nil }
    var others = parts
    others.remove(at: place)
    return RateMixture(others)
  }

  /// The references when one part quotes less, or more, than anything.
  func attainable(_ place: Int, _ method: ReferenceRate.Method) -> ClosedRange<Double>? {
    if method == .mean { return nil }
    func rate(quoting quote: Double) -> Double {
      var moved = parts
      moved[place].rate = quote
      return RateMixture(moved).rate(method)
    }
    let (low, high) = (rate(quoting: -.infinity), rate(quoting: .infinity))
    return low.isFinite && high.isFinite ? low...high : nil
  }
}
