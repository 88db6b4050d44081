public import KeelDerivatives
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The strangle as brokers quote it: one volatility that gives both strikes and, for both options together, the price of
/// the smile.
public struct MarketStrangle: Hashable, Sendable, Codable {
  /// The magnitude of the delta that both options have at the volatility of the strangle.
  public let delta: Double

  /// What is called delta.
  public let convention: DeltaConvention

  /// The volatility of the strangle, annualized.
  public let volatility: Double

  /// The volatility of the smile at the money.
  public let atTheMoneyVolatility: Double

  /// ln(K/F) of the put.
  public let putLogMoneyness: Double

  /// ln(K/F) of the call.
  public let callLogMoneyness: Double

  /// The quoted butterfly: the volatility of the strangle less that at the money.
  public var butterfly: Double { volatility - atTheMoneyVolatility }
}

extension VolatilitySmile {
  /// The market strangle at a delta.
  ///
  /// The volatility σ at which a put and a call with the delta at σ cost together what they cost at the smile's own
  /// volatilities. Source: D. Reiswich and U. Wystup, "FX volatility smile construction", Wilmott 60 (2012).
  ///
  /// - Parameters:
  ///   - delta: The magnitude of the delta of both options, as 0.25 or 0.1.
  ///   - convention: What is called delta.
  ///   - money: What is called at the money; nil takes the strike at which call and put have the same delta.
  /// - Returns: The strangle.
  /// - Throws: As `deltaQuotes`;
  ///   ``VolatilityError/noFit`` when no volatility does.
  /// - Complexity: Some 500 readings, most of flat smiles.
  public func marketStrangle(
    _ delta: Double,
    convention: DeltaConvention,
    atTheMoney money: AtTheMoney? = nil
  ) throws(VolatilityError) -> MarketStrangle {
    let quotes = try deltaQuotes(delta, convention: convention, atTheMoney: money)
    let start = quotes.put.volatility / 2 + quotes.call.volatility / 2
    guard start > 0, start < .infinity else { throw .noFit }
    // NaN where the deltas do not exist at a volatility: no sign, no root.
    func excess(_ volatility: Double) -> Double {
      guard let strikes = try? self.strikes(delta, convention, volatility) else { return .nan }
      let root = volatility * self.timeToExpiry.squareRoot()
      return zip([EuropeanOption.Kind.put, .call], [strikes.put, strikes.call]).reduce(0.0) {
        let smile = self.totalVariance(at: $1.1).value.squareRoot()
        return $0
          + Black.price($1.0, forward: 1, strike: exp($1.1), totalVolatility: root)
          - Black.price($1.0, forward: 1, strike: exp($1.1), totalVolatility: smile)
      }
    }
    var (low, high) = (start, start)
    while !(excess(low) <= 0), low > start / Self.farthest { low /= Self.widening }
    while !(excess(high) >= 0), high < start * Self.farthest { high *= Self.widening }
    guard let root = try? Brent.root(of: excess, in: low...high) else { throw .noFit }
    let strikes = try strikes(delta, convention, root.argument)
    return MarketStrangle(
      delta: delta, convention: convention, volatility: root.argument,
      atTheMoneyVolatility: quotes.atTheMoney.volatility, putLogMoneyness: strikes.put,
      callLogMoneyness: strikes.call)
  }

  /// The strikes of a delta at one volatility for all strikes.
  private func strikes(
    _ delta: Double,
    _ convention: DeltaConvention,
    _ volatility: Double
  ) throws(VolatilityError) -> (put: Double, call: Double) {
    let flat = FlatSmile(timeToExpiry: timeToExpiry, volatility: volatility)
    return (
      try flat.logMoneyness(.put, delta: delta, convention: convention),
      try flat.logMoneyness(.call, delta: delta, convention: convention)
    )
  }

  /// The factor by which the search for a strangle widens: its volatility is near the mean of both, and not beyond another one.
  private static var widening: Double { 1.1 }
  private static var farthest: Double { 300 }
}

/// One volatility for all strikes.
struct FlatSmile: VolatilitySmile {
  let timeToExpiry: Double
  let volatility: Double

  func totalVariance(at logMoneyness: Double) -> TotalVariance {
    TotalVariance(value: volatility * volatility * timeToExpiry, slope: 0, curvature: 0)
  }
}
