import KeelDerivatives

// Goals in order: never a smile with an arbitrage, quotes inside their spreads where any law holds them, a smooth density.

/// A spline fitted to the quotes of one expiry, with its certificates.
///
/// One convex program: quotes outside bid and ask cost their distance, inside a hundredth of the square of the distance to
/// the middle, and a rough density costs ``Settings/smoothness``. Conditions on the law are linear and hold at every strike,
/// those of an earlier expiry too. See <doc:Smiles>.
public struct SplineFit: Hashable, Sendable, Codable {
  /// What a caller may set.
  public struct Settings: Hashable, Sendable, Codable {
    /// What the square of the second derivative of the density costs, the density in that of a normal law and the
    /// log-price in deviations at the money.
    ///
    /// Large numbers give smooth densities and leave more quotes outside: 0.1 up to a tenth of them on chains of Deribit.
    public var smoothness = 1e-3

    /// The largest number of programs: each one adds the places where the last one fell below the earlier expiry.
    public var maximumRounds = 20

    /// Creates the default settings: a smoothness of 1e-3, 20 programs.
    public init() {}
  }

  /// The fitted smile.
  public let smile: SplineSmile

  /// How well it meets the quotes.
  public let quality: FitQuality

  /// How far it is from a butterfly arbitrage between the first and the last knot.
  public let butterfly: ButterflyMargin

  /// How far it is from a calendar arbitrage with the expiry before, when there was one.
  public let calendar: SplineCalendarMargin?

  /// The cost of the program.
  public let cost: Double

  /// Whether the program was solved to full tolerance.
  public let isConverged: Bool

  /// The number of programs.
  public let rounds: Int

  /// Fits a smile.
  ///
  /// The result depends on the quotes alone.
  ///
  /// - Parameters:
  ///   - quotes: The quotes: at least one, at most ``largestQuoteCount``.
  ///   - previous: The smile of the expiry before, below whose prices none may fall; nil for none.
  ///   - settings: The limits.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` without quotes;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a total variance or a price out of range, a
  ///   previous smile that expires later, and settings out of range; ``VolatilityError/noFit`` when no law on the knots has
  ///   the prices of the expiry before.
  /// - Complexity: O(n³) an iteration for n knots and quotes.
  public init(
    to quotes: SmileQuotes,
    after previous: SplineSmile? = nil,
    settings: Settings = Settings()
  ) throws(VolatilityError) {
    try VolatilityError.require(settings.smoothness, "smoothness", 1e-9, 1e9)
    try VolatilityError.require(Double(settings.maximumRounds), "maximumRounds", 1, .infinity)
    if let previous {
      try VolatilityError.require(
        previous.timeToExpiry, "previous expiry", 0, quotes.timeToExpiry.nextDown)
    }
    let bands = try QuoteBands(quotes, required: 1)
    try VolatilityError.require(
      Double(bands.count), "count of quotes", 1, Double(Self.largestQuoteCount))
    try VolatilityError.require(bands.places[0], "logMoneyness", -Self.farthest, Self.farthest)
    try VolatilityError.require(
      bands.places[bands.count - 1], "logMoneyness", -Self.farthest, Self.farthest)
    try VolatilityError.require(bands.moneyVariance, "total variance", 1e-12, Self.largestVariance)
    let program = try SplineProgram(
      bands, quotes.timeToExpiry, after: previous, smoothness: settings.smoothness)
    var places = program.knotPlaces
    var rounds = 1
    var found = try program.solution(above: places)
    var margin = previous.map { SplineCalendarMargin.minima(of: found.smile, after: $0) }
    while let low = margin?.filter({ !($0.value >= 0) }), !low.isEmpty {
      guard rounds < settings.maximumRounds else { throw .noFit }
      places += low.map(\.argument)
      found = try program.solution(above: places)
      margin = previous.map { [found] in SplineCalendarMargin.minima(of: found.smile, after: $0) }
      rounds += 1
    }
    smile = found.smile
    (cost, isConverged, self.rounds) = (found.cost, found.isOptimal, rounds)
    quality = FitQuality(of: found.smile, quotes: quotes)
    butterfly = try ButterflyMargin(of: found.smile, in: program.interval)
    calendar = margin.map { SplineCalendarMargin($0) }
    try butterfly.requireFree()
  }

  /// The largest number of quotes: the memory of the program grows with its square.
  public static let largestQuoteCount = 1000

  /// The largest log-moneyness of a quote: strikes and densities beyond leave the range of numbers.
  private static let farthest = 30.0

  /// The largest total variance at the money: a volatility of 500 % for a year.
  private static let largestVariance = 25.0
}
