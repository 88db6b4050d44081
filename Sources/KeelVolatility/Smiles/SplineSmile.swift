public import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals in order: a density that cannot be negative, digits in the wings, closed forms.

/// A smile given by its law: the density of price over forward is linear between knots and a sum of powers beyond them.
///
/// ```text
/// f(x) = f₀ᵢ (1 - t) + f₁ᵢ t between knots,   Σ lⱼ (x/x₀)^(pⱼ - 1) below,   Σ rⱼ (x/xₘ)^(-pⱼ - 2) above
/// ```
///
/// Prices of options are a cubic spline in the strike, convex because the density is not negative, and powers in the wings.
/// So no butterfly has a negative price at any strike, and the total variance grows by less than `2 |k|` far out
/// (R. W. Lee, "The moment formula for implied volatility at extreme strikes", Mathematical Finance 14, 2004). After
/// M. R. Fengler, "Arbitrage-free smoothing of the implied volatility surface", Quantitative Finance 9 (2009), with the
/// density as the unknown. Total variance has 12 digits or so where the density is not far from that of a normal law.
public struct SplineSmile: VolatilitySmile, Hashable {
  /// The exponents p of the wings: option prices there fall like `(x/xₘ)^(-p)`, out of the money and over the lesser of
  /// strike and forward.
  public static let exponents: [Double] = (-2...13).map { scalbn(1, $0) }

  /// The time to expiry in years (ACT/365 fixed).
  public let timeToExpiry: Double

  /// The knots: strikes over the forward, ascending.
  public let strikes: [Double]

  /// The density of price over forward at each knot; at both ends the sums of the wings.
  public let densities: [Double]

  /// What each of the ``exponents`` adds to the density at the first knot.
  public let leftWing: [Double]

  /// What each of the ``exponents`` adds to the density at the last knot.
  public let rightWing: [Double]

  /// The price of a put, of a call, and the probabilities below and above, at each knot.
  let puts: [Double]
  let calls: [Double]
  let below: [Double]
  let above: [Double]

  /// By how much mass and mean may differ from one.
  private static let momentTolerance = 1e-9

  /// Creates a smile.
  ///
  /// - Parameters:
  ///   - timeToExpiry: The time to expiry in years: positive and finite.
  ///   - strikes: The knots as strikes over the forward: at least two, positive, ascending.
  ///   - densities: The density at each knot but the first and the last: not negative.
  ///   - leftWing: What each of the ``exponents`` adds to the density at the first knot: not negative.
  ///   - rightWing: The same for the last knot.
  /// - Throws: ``VolatilityError/shapeMismatch(argument:got:required:)``;
  ///   ``VolatilityError/invalidValue(argument:got:lowest:highest:)``, also where the mass or the mean of the law is not
  ///   one to 1e-9.
  public init(
    timeToExpiry: Double,
    strikes: [Double],
    densities: [Double],
    leftWing: [Double],
    rightWing: [Double]
  ) throws(VolatilityError) {
    let largest = Double.greatestFiniteMagnitude
    try VolatilityError.require(timeToExpiry, "timeToExpiry", .leastNormalMagnitude, largest)
    let count = Self.exponents.count
    for (name, got, required) in [
      ("strikes", min(strikes.count, 2), 2), ("densities", densities.count, strikes.count - 2),
      ("leftWing", leftWing.count, count), ("rightWing", rightWing.count, count),
    ] where got != required {
      throw .shapeMismatch(argument: name, got: got, required: required)
    }
    var last = 0.0
    for strike in strikes {
      try VolatilityError.require(strike, "strikes", last.nextUp, largest)
      last = strike
    }
    for (name, values) in [
      ("densities", densities), ("leftWing", leftWing), ("rightWing", rightWing),
    ] { for value in values { try VolatilityError.require(value, name, 0, largest) } }
    self.timeToExpiry = timeToExpiry
    self.strikes = strikes
    self.leftWing = leftWing
    self.rightWing = rightWing
    let sums = (leftWing.reduce(0, +), rightWing.reduce(0, +))
    self.densities = [sums.0] + densities + [sums.1]
    (puts, below) = Self.integrals(strikes, self.densities, Self.start(leftWing, strikes[0], -1))
    let mirrored = Self.integrals(
      strikes.reversed().map { -$0 }, self.densities.reversed(),
      Self.start(rightWing, strikes[strikes.count - 1], 1))
    (calls, above) = (mirrored.prices.reversed(), mirrored.masses.reversed())
    let mass = below[0] + above[0]
    try VolatilityError.require(mass, "mass", 1 - Self.momentTolerance, 1 + Self.momentTolerance)
    let mean = strikes[0] * mass + calls[0] - puts[0]
    try VolatilityError.require(mean, "mean", 1 - Self.momentTolerance, 1 + Self.momentTolerance)
  }

  /// The total variance at a log-moneyness, with its derivatives.
  ///
  /// - Parameter logMoneyness: ln(K/F): any finite number.
  /// - Returns: The total variance; NaN where no option out of the money has a price.
  /// - Complexity: O(log n) for n knots, and one implied volatility.
  public func totalVariance(at logMoneyness: Double) -> TotalVariance {
    TotalVariance(reading(at: logMoneyness), at: logMoneyness)
  }

  /// The price of the option out of the money, the probability beyond its strike and the density there.
  func reading(at logMoneyness: Double) -> LawReading {
    guard logMoneyness.isFinite else { return .undefined }
    let x = exp(logMoneyness)
    let end = strikes.count - 1
    if x <= strikes[0] { return left(logMoneyness) }
    if x >= strikes[end] { return right(logMoneyness) }
    var (low, high) = (0, end)
    while high - low > 1 {
      let middle = (low + high) / 2
      if strikes[middle] <= x { low = middle } else { high = middle }
    }
    let width = strikes[high] - strikes[low]
    let (f, g) = (densities[low], densities[high])
    let density = (f * (strikes[high] - x) + g * (x - strikes[low])) / width
    let isCall = logMoneyness >= 0
    let (u, edge, growth) =
      isCall
      ? (strikes[high] - x, g, (f - g) / width) : (x - strikes[low], f, (g - f) / width)
    let (price, mass) = isCall ? (calls[high], above[high]) : (puts[low], below[low])
    return LawReading(
      isCall: isCall,
      logPrice: log(price + u * (mass + u * (edge / 2 + u * growth / 6)))
        - min(logMoneyness, 0),
      logMass: log(mass + u * (edge + u * growth / 2)),
      logDensity: log(density) + logMoneyness)
  }

  /// Below the first knot, where calls may be out of the money too: those follow from mass and mean.
  private func left(_ k: Double) -> LawReading {
    let distance = log(strikes[0]) - k
    let sums = WingSums(leftWing, distance)
    let edge = log(strikes[0])
    guard k < 0 else {
      let x = exp(k)
      let (price, mass) = (exp(sums.price + edge + k), exp(sums.leftMass + edge))
      return LawReading(
        isCall: true, logPrice: log(price + 1 - x), logMass: log(1 - mass),
        logDensity: sums.density + edge)
    }
    return LawReading(
      isCall: false, logPrice: sums.price + edge, logMass: sums.leftMass + edge,
      logDensity: sums.density + edge)
  }

  /// Above the last knot.
  private func right(_ k: Double) -> LawReading {
    let edge = log(strikes[strikes.count - 1])
    let sums = WingSums(rightWing, k - edge)
    let density = sums.density + 2 * edge - k
    guard k >= 0 else {
      let (price, mass) = (exp(sums.price + 2 * edge), exp(sums.rightMass + edge))
      return LawReading(
        isCall: false, logPrice: log(price + exp(k) - 1) - k, logMass: log(1 - mass),
        logDensity: density)
    }
    return LawReading(
      isCall: true, logPrice: sums.price + 2 * edge, logMass: sums.rightMass + edge,
      logDensity: density)
  }

  /// The price and the mass of a wing at its knot: of a call above (side 1), of a put below (side -1).
  private static func start(_ wing: [Double], _ knot: Double, _ side: Int) -> (Double, Double) {
    var (price, mass) = (0.0, 0.0)
    for (part, p) in zip(wing, exponents) {
      price += part * knot * knot / (p * (p + 1))
      mass += part * knot / (side > 0 ? p + 1 : p)
    }
    return (price, mass)
  }

  /// The prices of puts and the masses below at ascending places, from those at the first.
  private static func integrals(
    _ places: [Double],
    _ densities: [Double],
    _ start: (price: Double, mass: Double)
  ) -> (prices: [Double], masses: [Double]) {
    var (prices, masses) = ([start.price], [start.mass])
    for i in 1..<places.count {
      let width = places[i] - places[i - 1]
      let (f, g) = (densities[i - 1], densities[i])
      prices.append(
        prices[i - 1] + width * (masses[i - 1] + width * (2 * f + g) / 6))
      masses.append(masses[i - 1] + width * (f + g) / 2)
    }
    return (prices, masses)
  }
}

/// The logarithms of the price over the lesser of strike and forward, of the mass beyond and of the density by
/// log-moneyness of a wing, but for powers of its knot.
private struct WingSums {
  var price = -Double.infinity
  var leftMass = -Double.infinity
  var rightMass = -Double.infinity
  var density = -Double.infinity

  init(_ wing: [Double], _ distance: Double) {
    // The slowest power dominates: what it leaves is at most one.
    guard let first = wing.firstIndex(where: { $0 > 0 }) else { return }
    let slowest = SplineSmile.exponents[first]
    var (prices, lefts, rights, sum) = (0.0, 0.0, 0.0, 0.0)
    for (part, p) in zip(wing, SplineSmile.exponents) where part > 0 {
      let term = part * exp(-(p - slowest) * distance)
      prices += term / (p * (p + 1))
      lefts += term / p
      rights += term / (p + 1)
      sum += term
    }
    let fall = -slowest * distance
    price = fall + log(prices)
    leftMass = fall + log(lefts)
    rightMass = fall - distance + log(rights)
    density = fall + log(sum)
  }
}

extension SplineSmile: Codable {
  private enum CodingKeys: String, CodingKey {
    case timeToExpiry, strikes, densities, leftWing, rightWing
  }

  /// Decodes a smile, with the checks of the initializer.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: An error of the decoder, or `VolatilityError`.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      timeToExpiry: values.decode(Double.self, forKey: .timeToExpiry),
      strikes: values.decode([Double].self, forKey: .strikes),
      densities: values.decode([Double].self, forKey: .densities),
      leftWing: values.decode([Double].self, forKey: .leftWing),
      rightWing: values.decode([Double].self, forKey: .rightWing))
  }

  /// Encodes a smile.
  ///
  /// - Parameter encoder: The encoder.
  /// - Throws: An error of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(timeToExpiry, forKey: .timeToExpiry)
    try values.encode(strikes, forKey: .strikes)
    try values.encode(Array(densities.dropFirst().dropLast()), forKey: .densities)
    try values.encode(leftWing, forKey: .leftWing)
    try values.encode(rightWing, forKey: .rightWing)
  }
}
