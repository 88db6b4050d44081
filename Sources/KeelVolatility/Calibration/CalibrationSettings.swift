/// How a calibration is made.
public struct CalibrationSettings: Hashable, Sendable, Codable {
  /// The least half spread, in annualized volatility: a hundredth of a point, below which no model is that exact.
  public var leastHalfSpread = 1e-4

  /// The half spreads of deviation up to which its square is its cost; beyond, the cost grows in proportion.
  public var outlierLimit = Double.infinity

  /// The largest number of steps from one start; 5 to 40 are usual.
  public var maximumIterations = 100

  /// The largest number of starts.
  ///
  /// Later ones are tried only while the quotes are missed by more than their spreads, or a parameter is at a bound.
  public var maximumStarts = 3

  /// The part of the deviations' length that the linear model can still take away at the end.
  ///
  /// Times the root of the number of quotes it is a distance in standard errors: far below one.
  public var relativeTolerance = 1e-6

  /// The bounds of the parameters; nil for those of the model.
  ///
  /// Equal ones fix a parameter.
  public var bounds: [ClosedRange<Double>]?

  /// Parameters to start from before all others, those of yesterday for example; nil for none.
  public var start: [Double]?

  /// Creates the default settings: squares at any distance, three starts, 100 steps.
  public init() {}

  /// Settings for chains with wrong quotes among them: squares up to two half spreads.
  public static var robust: CalibrationSettings {
    var settings = CalibrationSettings()
    settings.outlierLimit = 2
    return settings
  }
}

extension CalibrationSettings {
  private enum CodingKeys: String, CodingKey {
    case leastHalfSpread, outlierLimit, maximumIterations, maximumStarts, relativeTolerance, bounds,
      start
  }

  /// Decodes settings.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    leastHalfSpread = try values.decode(Double.self, forKey: .leastHalfSpread)
    outlierLimit = try values.decode(CodedNumber.self, forKey: .outlierLimit).value
    maximumIterations = try values.decode(Int.self, forKey: .maximumIterations)
    maximumStarts = try values.decode(Int.self, forKey: .maximumStarts)
    relativeTolerance = try values.decode(Double.self, forKey: .relativeTolerance)
    bounds = try values.decodeIfPresent([ClosedRange<Double>].self, forKey: .bounds)
    start = try values.decodeIfPresent([Double].self, forKey: .start)
  }

  /// Encodes settings; an outlier limit that is infinite becomes text.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(leastHalfSpread, forKey: .leastHalfSpread)
    try values.encode(CodedNumber(outlierLimit), forKey: .outlierLimit)
    try values.encode(maximumIterations, forKey: .maximumIterations)
    try values.encode(maximumStarts, forKey: .maximumStarts)
    try values.encode(relativeTolerance, forKey: .relativeTolerance)
    try values.encodeIfPresent(bounds, forKey: .bounds)
    try values.encodeIfPresent(start, forKey: .start)
  }
}
