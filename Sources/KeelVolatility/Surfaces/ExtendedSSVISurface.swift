public import KeelDerivatives

// θ and the slopes of the wings are lines in time between expiries. Then ψ/θ is monotone and ψ(1 ± ρ) and θ grow, so that
// no two times cross; and ψ²(1 ± ρ)/θ is either convex or monotone on the line, so that its largest value is that of
// an end. Before the first expiry all three are proportional to time, which keeps the implied volatility; after the
// last θ grows at its last speed and the slopes stay. After J. Corbetta, P. Cohort, I. Laachir and C. Martini, "Robust
// calibration and arbitrage-free interpolation of SSVI slices", Decisions in Economics and Finance 42 (2019).

/// A surface of smiles of three parameters at each expiry (eSSVI), free of arbitrage at every time when it is at the expiries.
///
/// Method: <doc:Surfaces>.
public struct ExtendedSSVISurface: VolatilitySurface, Hashable {
  /// The smiles of the expiries, by ascending time.
  public let smiles: [SSVISmile]

  /// Creates a surface; it may have arbitrage, which ``margins`` shows.
  ///
  /// - Parameter smiles: The smiles of the expiries in any order: at least one, no time twice.
  /// - Throws: ``VolatilityError/shapeMismatch(argument:got:required:)`` without a smile;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``.
  public init(smiles: [SSVISmile]) throws(VolatilityError) {
    self.smiles = try SmileOrder.sorted(smiles)
  }

  /// The smile at any time, of the same form.
  ///
  /// - Parameter timeToExpiry: The time to expiry in years: positive and finite.
  /// - Returns: The smile.
  /// - Throws: ``VolatilityError/invalidValue(argument:got:lowest:highest:)``.
  public func smile(at timeToExpiry: Double) throws(VolatilityError) -> SSVISmile {
    try VolatilityError.require(
      timeToExpiry, "timeToExpiry", .leastNormalMagnitude, .greatestFiniteMagnitude)
    return SSVISmile(timeToExpiry: timeToExpiry, hyperbola(at: timeToExpiry).value)
  }

  /// The total variance at a log-moneyness and time, with its derivatives by both.
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(K/F): any finite number.
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  /// - Returns: The total variance and its derivative by time, just after an expiry; NaN for another time.
  public func totalVariance(
    at logMoneyness: Double,
    timeToExpiry: Double
  ) -> (variance: TotalVariance, timeSlope: Double) {
    guard timeToExpiry > 0, timeToExpiry.isFinite else { return (.undefined, .nan) }
    let (value, speed) = hyperbola(at: timeToExpiry)
    let gradient = value.gradient(at: logMoneyness)
    let slope = gradient.theta * speed.theta + gradient.left * speed.left
    return (value.variance(at: logMoneyness), slope + gradient.right * speed.right)
  }

  /// The parameters at a time, and what they grow by in a year.
  private func hyperbola(at time: Double) -> (value: SSVIHyperbola, speed: SSVIHyperbola) {
    let next = SmileOrder.index(after: time, in: smiles)
    if next == 0 {
      let first = smiles[0].hyperbola
      let origin = SSVIHyperbola(theta: 0, left: 0, right: 0)
      return line(from: origin, 0, to: first, smiles[0].timeToExpiry, at: time)
    }
    let (a, start) = (smiles[next - 1].hyperbola, smiles[next - 1].timeToExpiry)
    if next < smiles.count {
      return line(from: a, start, to: smiles[next].hyperbola, smiles[next].timeToExpiry, at: time)
    }
    let (origin, time0) =
      next > 1 ? (smiles[next - 2].variance, smiles[next - 2].timeToExpiry) : (0, 0)
    let speed = (a.theta - origin) / (start - time0)
    let theta = a.theta + speed * (time - start)
    return (
      SSVIHyperbola(theta: theta, left: a.left, right: a.right),
      SSVIHyperbola(theta: speed, left: 0, right: 0)
    )
  }

  private func line(
    from a: SSVIHyperbola,
    _ start: Double,
    to b: SSVIHyperbola,
    _ end: Double,
    at time: Double
  ) -> (value: SSVIHyperbola, speed: SSVIHyperbola) {
    let length = end - start
    let speed = SSVIHyperbola(
      theta: (b.theta - a.theta) / length, left: (b.left - a.left) / length,
      right: (b.right - a.right) / length)
    return (.mix(a, b, (time - start) / length), speed)
  }
}

extension ExtendedSSVISurface: Codable {
  private enum CodingKeys: String, CodingKey { case smiles }

  /// Decodes a surface, with the checks of the initializer.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder, or `VolatilityError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(smiles: values.decode([SSVISmile].self, forKey: .smiles))
  }
}

extension TotalVariance {
  /// What an undefined place reads.
  static let undefined = TotalVariance(value: .nan, slope: .nan, curvature: .nan)
}
