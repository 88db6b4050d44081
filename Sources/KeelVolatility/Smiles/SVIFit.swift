import KeelDerivatives

// Goals in order: never a smile with an arbitrage, never one far from the quotes, few evaluations.

/// A hyperbola fitted to the quotes of one expiry, with its certificates.
///
/// The cost of a quote is the square of the distance outside its bid and ask, in half spreads, and a hundredth of the
/// square of the distance to its middle. The least cost is searched among the hyperbolas whose density is nowhere negative,
/// on the whole line. See <doc:Smiles>.
public struct SVIFit: Hashable, Sendable, Codable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable, Codable {
    /// The largest number of steps from one start; fits take 5 to 40.
    public var maximumIterations = 80

    /// The largest number of starts; later ones are tried only while quotes are missed.
    public var maximumStarts = 3

    /// The half spreads outside bid and ask up to which the square of the excess is its cost.
    ///
    /// Beyond, the cost grows in proportion. Small numbers, 0.1 say, leave the fewest quotes outside and heed no outliers.
    public var excessLimit = Double.infinity

    /// Creates the default settings: 80 steps, 3 starts, squares at any distance.
    public init() {}

    /// Settings for chains of a venue, with wrong quotes among them: 240 steps, a tenth of a half spread.
    public static var robust: Settings {
      var settings = Settings()
      settings.maximumIterations = 240
      settings.excessLimit = 0.1
      return settings
    }
  }

  /// The least number of quotes: that of the parameters.
  public static let leastQuoteCount = 5

  /// The fitted smile.
  public let smile: SVISmile

  /// How well it meets the quotes.
  public let quality: FitQuality

  /// How far it is from a butterfly arbitrage on the whole line.
  public let butterfly: ButterflyMargin

  /// How far it is from a calendar arbitrage with the expiry before, when there was one.
  public let calendar: SVICalendarMargin?

  /// What the quotes say about each parameter.
  public let identification: SVIIdentification

  /// Whether the search ended because no step improves the fit.
  public let isConverged: Bool

  /// The number of steps.
  public let iterations: Int

  /// Fits a smile.
  ///
  /// The result depends on the quotes alone.
  ///
  /// - Parameters:
  ///   - quotes: The quotes: at least five.
  ///   - previous: The smile of the expiry before, below which the total variance may not fall anywhere; nil for none.
  ///   - settings: The limits.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a total variance out of range, a previous smile
  ///   that expires later, has an arbitrage or has wings of slope 2, and settings below one.
  /// - Complexity: O(n) a step for n quotes, and one scan of the density.
  public init(
    to quotes: SmileQuotes,
    after previous: SVISmile? = nil,
    settings: Settings = Settings()
  ) throws(VolatilityError) {
    let bands = try QuoteBands(
      quotes, required: Self.leastQuoteCount, excessLimit: settings.excessLimit)
    try VolatilityError.require(
      Double(settings.maximumIterations), "maximumIterations", 1, .infinity)
    try VolatilityError.require(Double(settings.maximumStarts), "maximumStarts", 1, .infinity)
    if let previous {
      try VolatilityError.require(
        previous.timeToExpiry, "previous expiry", 0, quotes.timeToExpiry.nextDown)
      try previous.butterflyMargin.requireFree()
    }
    let domain = try SVIDomain(bands, previous)
    var best: SVISearch?
    var iterations = 0
    for start in SVIStart.candidates(domain, count: settings.maximumStarts) {
      var search = SVISearch(domain, start)
      search.run(settings.maximumIterations)
      iterations += search.iterations
      if search.cost < best?.cost ?? .infinity { best = search }
      if search.isGood { break }
    }
    guard let best else { throw .noFit }
    let point = domain.densely(best.point)
    smile = try point.smile(timeToExpiry: quotes.timeToExpiry)
    quality = FitQuality(of: smile, quotes: quotes)
    butterfly = smile.butterflyMargin
    calendar = previous.map { [smile] in smile.calendarMargin(after: $0) }
    identification = SVIIdentification(smile, bands)
    isConverged = best.isConverged
    self.iterations = iterations
    try butterfly.requireFree()
  }
}

extension SVIFit.Settings {
  private enum CodingKeys: String, CodingKey {
    case maximumIterations, maximumStarts, excessLimit
  }

  /// Decodes settings.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    maximumIterations = try values.decode(Int.self, forKey: .maximumIterations)
    maximumStarts = try values.decode(Int.self, forKey: .maximumStarts)
    excessLimit = try values.decode(CodedNumber.self, forKey: .excessLimit).value
  }

  /// Encodes settings; numbers that are not finite become text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(maximumIterations, forKey: .maximumIterations)
    try values.encode(maximumStarts, forKey: .maximumStarts)
    try values.encode(CodedNumber(excessLimit), forKey: .excessLimit)
  }
}
