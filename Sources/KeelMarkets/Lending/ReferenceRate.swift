import KeelNumerics

// One rate for cash, or for a coin, from what lenders and stakers earn.
//
// Goals in order: losses priced as they are expected, accuracy, speed.
//
// Failures and slashings that come at hazards h and each take a share L leave the expected value E V(t) = V(0) e^((r − hL)t):
// their price is hL off the continuously compounded rate r, exactly. The commission of a validator comes off the quote,
// before it compounds.

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
  /// Of a source that is left out only capital and age are looked at.
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
