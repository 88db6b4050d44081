/// A surface of smiles of three parameters (eSSVI), fitted to quotes inside the conditions that exclude arbitrage.
///
/// The least sum of squared deviations of volatilities from their middles, in half spreads, over all expiries at once.
/// Method: <doc:Surfaces>.
public struct SSVIFit: Hashable, Sendable, Codable {
  /// How the fit is made.
  public struct Settings: Hashable, Sendable, Codable {
    /// The least half spread, in annualized volatility: a hundredth of a point, below which no smile is that exact.
    public var leastHalfSpread = 1e-4

    /// What the sum of squares may be above its least value, over itself plus one: far inside the noise of quotes.
    public var relativeTolerance = 1e-9

    /// The number of Newton steps after which the fit stops; some 60 are enough.
    public var maximumIterations = 300

    /// Creates the default settings.
    public init() {}

    /// Throws where a setting is outside its range.
    func check() throws(VolatilityError) {
      try VolatilityError.require(leastHalfSpread, "leastHalfSpread", 1e-12, 1e12)
      try VolatilityError.require(relativeTolerance, "relativeTolerance", 1e-14, 1)
      try VolatilityError.require(Double(maximumIterations), "maximumIterations", 1, 1e9)
    }
  }

  /// What the quotes of an expiry say of its three parameters.
  public struct Identification: Hashable, Sendable, Codable {
    /// The standard error of the total variance at the money; infinite where the quotes say nothing.
    public let varianceError: Double

    /// The standard error of the correlation; infinite where the quotes say nothing.
    public let correlationError: Double

    /// The standard error of the curvature; infinite where the quotes say nothing.
    public let curvatureError: Double

    /// Whether variance and curvature are above their errors and the error of the correlation is below one.
    ///
    /// Otherwise the conditions of other expiries, or no more than the middle of what they allow, decide.
    public let isIdentified: Bool
  }

  /// The fitted surface.
  public let surface: ExtendedSSVISurface

  /// How each expiry is met, by ascending time.
  public let quality: [FitQuality]

  /// What the quotes of each expiry determine, by ascending time.
  ///
  /// A half spread counts as one standard error, or the fit's own root mean square where it is larger.
  public let identification: [Identification]

  /// The certificate of the surface.
  public let margins: SurfaceMargins

  /// The sum of squared deviations in half spreads.
  public let sumOfSquares: Double

  /// Whether the sum is within the tolerance of its least value; false at the limit of iterations.
  public let isConverged: Bool

  /// The number of Newton steps.
  public let iterationCount: Int

  /// Fits a surface.
  ///
  /// - Parameters:
  ///   - quotes: The quotes of each expiry, in any order, no time twice. Only those with a bid and an ask count.
  ///   - settings: How the fit is made.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` for an expiry without a quote, or none;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)`` for a setting.
  /// - Complexity: O(n) a step for n quotes.
  public init(
    _ quotes: [SmileQuotes],
    settings: Settings = Settings()
  ) throws(VolatilityError) {
    try settings.check()
    let sorted = try SmileOrder.sorted(quotes)
    guard !sorted.isEmpty else { throw .tooFewQuotes(got: 0, required: 1) }
    let residuals = sorted.map { SSVIResiduals($0, leastHalfSpread: settings.leastHalfSpread) }
    for expiry in residuals where expiry.count == 0 {
      throw .tooFewQuotes(got: 0, required: 1)
    }
    var search = SSVIBarrier(residuals)
    search.solve(
      tolerance: settings.relativeTolerance, maximumIterations: settings.maximumIterations)
    let smiles = zip(sorted, search.point).map {
      SSVISmile(timeToExpiry: $0.timeToExpiry, $1)
    }
    surface = try ExtendedSSVISurface(smiles: smiles)
    margins = try surface.margins
    quality = zip(smiles, sorted).map { FitQuality(of: $0, quotes: $1) }
    identification = zip(residuals, search.point).map { $0.identification(at: $1) }
    sumOfSquares = search.sumOfSquares
    isConverged = search.isConverged
    iterationCount = search.iterationCount
  }
}

extension SSVIFit.Identification {
  private enum CodingKeys: String, CodingKey {
    case varianceError, correlationError, curvatureError, isIdentified
  }

  /// Decodes an identification.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    varianceError = try values.decode(CodedNumber.self, forKey: .varianceError).value
    correlationError = try values.decode(CodedNumber.self, forKey: .correlationError).value
    curvatureError = try values.decode(CodedNumber.self, forKey: .curvatureError).value
    isIdentified = try values.decode(Bool.self, forKey: .isIdentified)
  }

  /// Encodes an identification; numbers that are not finite become text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(CodedNumber(varianceError), forKey: .varianceError)
    try values.encode(CodedNumber(correlationError), forKey: .correlationError)
    try values.encode(CodedNumber(curvatureError), forKey: .curvatureError)
    try values.encode(isIdentified, forKey: .isIdentified)
  }
}
