public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Liquidity between two prices.
//
// With liquidity L and the price S clamped to [a, b]: x = L (1/√S − 1/√b) units of the asset and
// y = L (√S − √a) of cash, so that inside the range V = L (2√S − S/√b − √a), V′ = x and V″ = −L/(2 S^(3/2)).
// The whole line is the constant-product pool with L = √k (H. Adams et al., "Uniswap v3 Core", 2021). Against a
// book that follows the same deltas at market prices the position loses σ²S²|V″|/2 a year to arbitrageurs
// (J. Milionis, C. Moallemi, T. Roughgarden and A. L. Zhang, "Automated market making and
// loss-versus-rebalancing", arXiv:2208.06046).

/// A liquidity position in a constant-product or concentrated pool.
public struct PoolPosition: Hashable, Sendable, Codable {
  /// The liquidity L, in √(units × cash).
  public let liquidity: Double

  /// The price below which the position is all asset.
  public let lowerPrice: Double

  /// The price above which the position is all cash; infinite for the whole line.
  public let upperPrice: Double

  /// Creates a position.
  ///
  /// - Parameters:
  ///   - liquidity: The liquidity L: finite, not negative.
  ///   - lowerPrice: The lower end of the range: not negative.
  ///   - upperPrice: The upper end, above the lower one; infinite for none.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    liquidity: Double,
    lowerPrice: Double,
    upperPrice: Double
  ) throws(MarketsError) {
    try require(liquidity, "liquidity", in: .nonnegative)
    try require(lowerPrice, "lowerPrice", in: .nonnegative)
    try require(upperPrice, "upperPrice", in: lowerPrice.nextUp...Double.infinity)
    self.liquidity = liquidity
    self.lowerPrice = lowerPrice
    self.upperPrice = upperPrice
  }

  /// Creates the position that a value buys at a price.
  ///
  /// - Parameters:
  ///   - value: The value in cash: finite, not negative.
  ///   - price: The price at which it is deposited: positive, finite.
  ///   - lowerPrice: The lower end of the range: not negative.
  ///   - upperPrice: The upper end, above the lower one; infinite for none.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    value: Double,
    price: Double,
    lowerPrice: Double,
    upperPrice: Double
  ) throws(MarketsError) {
    try require(value, "value", in: .nonnegative)
    try require(price, "price", in: .positive)
    let unit = try PoolPosition(liquidity: 1, lowerPrice: lowerPrice, upperPrice: upperPrice)
    try self.init(
      liquidity: value / unit.value(at: price), lowerPrice: lowerPrice, upperPrice: upperPrice)
  }

  /// Decodes a position and checks it.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      liquidity: container.decode(Double.self, forKey: .liquidity),
      lowerPrice: container.decode(Double.self, forKey: .lowerPrice),
      upperPrice: container.decodeIfPresent(Double.self, forKey: .upperPrice) ?? .infinity)
  }

  /// Encodes a position; an infinite upper end is left out.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(liquidity, forKey: .liquidity)
    try container.encode(lowerPrice, forKey: .lowerPrice)
    if upperPrice.isFinite { try container.encode(upperPrice, forKey: .upperPrice) }
  }

  private enum CodingKeys: String, CodingKey { case liquidity, lowerPrice, upperPrice }

  /// Whether the position earns fees at a price.
  ///
  /// - Parameter price: The price.
  /// - Returns: True inside the range.
  public func isActive(at price: Double) -> Bool { price > lowerPrice && price < upperPrice }

  /// The units of the asset in the position.
  ///
  /// - Parameter price: The price: not negative.
  /// - Returns: The units; NaN outside the domain.
  public func assetAmount(at price: Double) -> Double {
    guard price >= 0 else { return .nan }
    let clamped = min(max(price, lowerPrice), upperPrice)
    // The difference of the two roots as one quotient, which does not cancel in a narrow range.
    let (root, top) = (clamped.squareRoot(), upperPrice.squareRoot())
    return liquidity == 0 || clamped == upperPrice
      ? 0
      : upperPrice.isInfinite
        ? liquidity / root : liquidity * ((upperPrice - clamped) / ((top + root) * root * top))
  }

  /// The cash in the position.
  ///
  /// - Parameter price: The price: not negative.
  /// - Returns: The cash; NaN outside the domain.
  public func cashAmount(at price: Double) -> Double {
    guard price >= 0 else { return .nan }
    let clamped = min(max(price, lowerPrice), upperPrice)
    return clamped == lowerPrice
      ? 0
      : liquidity * ((clamped - lowerPrice) / (clamped.squareRoot() + lowerPrice.squareRoot()))
  }

  /// The value of the position in cash.
  ///
  /// - Parameter price: The price: not negative.
  /// - Returns: The value, without fees; NaN outside the domain.
  public func value(at price: Double) -> Double {
    let asset = assetAmount(at: price)
    return (asset == 0 || price == 0 ? 0 : price * asset) + cashAmount(at: price)
  }

  /// The value over any scalar, for exact differentiation; the price lies inside the range.
  ///
  /// - Parameter price: The price.
  /// - Returns: `L (2√S − S/√b − √a)`.
  public func value<Scalar: AnalyticScalar>(insideAt price: Scalar) -> Scalar {
    let perUnit = upperPrice.isInfinite ? 0 : 1 / upperPrice.squareRoot()
    return liquidity * (2 * price.root - perUnit * price - lowerPrice.squareRoot())
  }

  /// The change of the value per unit of price: the units of the asset held.
  ///
  /// - Parameter price: The price: not negative.
  /// - Returns: `V′`.
  public func delta(at price: Double) -> Double { assetAmount(at: price) }

  /// The change of delta per unit of price, never positive.
  ///
  /// - Parameter price: The price: not negative.
  /// - Returns: `V″`; zero outside the range, where nothing is traded.
  public func gamma(at price: Double) -> Double {
    guard price >= 0 else { return .nan }
    return isActive(at: price) ? -liquidity / (2 * price * price.squareRoot()) : 0
  }

  /// What providing liquidity lost against holding what was deposited, as a fraction of the latter.
  ///
  /// For the whole line it is `2√r/(1 + r) − 1` with r the ratio of the prices.
  ///
  /// - Parameters:
  ///   - deposit: The price at the deposit: positive.
  ///   - price: The price now: not negative.
  /// - Returns: The loss as a negative fraction, without fees; NaN outside the domain.
  public func impermanentLoss(from deposit: Double, to price: Double) -> Double {
    guard deposit > 0, price >= 0 else { return .nan }
    let asset = assetAmount(at: deposit)
    let held = (asset == 0 ? 0 : asset * price) + cashAmount(at: deposit)
    return value(at: price) / held - 1
  }

  /// What arbitrageurs take from the position in a year at a price and volatility.
  ///
  /// - Parameters:
  ///   - price: The price: positive.
  ///   - volatility: The annualized volatility as a fraction: not negative.
  /// - Returns: Loss-versus-rebalancing `σ²S²|V″|/2`, in cash per year.
  public func lossVersusRebalancingPerYear(at price: Double, volatility: Double) -> Double {
    guard volatility >= 0 else { return .nan }
    let deviation = volatility * price
    return deviation * deviation * gamma(at: price).magnitude / 2
  }

  /// The fees that a volume of swaps pays to the position.
  ///
  /// - Parameters:
  ///   - volume: The value of what swappers pay in while the price is inside the range, in cash: not
  ///     negative.
  ///   - feeFraction: The pool's fee as a fraction.
  ///   - activeLiquidity: The liquidity of all positions at the price, this one included: positive.
  /// - Returns: The fees in cash; NaN outside the domain.
  public func fees(volume: Double, feeFraction: Double, activeLiquidity: Double) -> Double {
    guard volume >= 0, feeFraction >= 0, activeLiquidity > 0 else { return .nan }
    return volume * feeFraction * min(liquidity / activeLiquidity, 1)
  }

  /// The volume of the pool at which fees pay for what arbitrageurs take.
  ///
  /// - Parameters:
  ///   - price: The price: positive, inside the range.
  ///   - volatility: The annualized volatility as a fraction.
  ///   - feeFraction: The pool's fee as a fraction: positive.
  ///   - activeLiquidity: The liquidity of all positions at the price, this one included.
  /// - Returns: The volume in cash per year.
  public func breakEvenVolumePerYear(
    at price: Double,
    volatility: Double,
    feeFraction: Double,
    activeLiquidity: Double
  ) -> Double {
    lossVersusRebalancingPerYear(at: price, volatility: volatility)
      / fees(volume: 1, feeFraction: feeFraction, activeLiquidity: activeLiquidity)
  }

  /// The price of a tick of a pool whose ticks are a ten-thousandth apart.
  ///
  /// - Parameter tick: The number of the tick.
  /// - Returns: `1.0001^tick`, in base units of the second token per base unit of the first.
  public static func price(ofTick tick: Int) -> Double {
    exp(Double(tick) * log1p(1e-4))
  }
}
