import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The quotes of one expiry on a forward of one, as prices out of the money.
///
/// Forward and discount of the quotes cancel: a price and its vega have the same ones.
struct CalibrationQuotes {
  /// The quotes on one side of the forward.
  struct Side {
    let kind: EuropeanOption.Kind
    var strikes: [Double] = []
    var prices: [Double] = []

    /// One over vega times half the spread.
    var weights: [Double] = []

    init(_ kind: EuropeanOption.Kind) { self.kind = kind }
  }

  let time: Double
  let sides: [Side]

  init(_ quotes: SmileQuotes, leastHalfSpread: Double) {
    time = quotes.timeToExpiry
    let root = time.squareRoot()
    var (puts, calls) = (Side(.put), Side(.call))
    for quote in quotes.quotes where quote.bid > 0 && quote.ask.isFinite {
      let strike = exp(quote.logMoneyness)
      let deviation = quote.middle * root
      let d = deviation / 2 - quote.logMoneyness / deviation
      let vega = root * exp(-d * d / 2) / (2 * Double.pi).squareRoot()
      let scale = vega * max((quote.ask - quote.bid) / 2, leastHalfSpread)
      guard scale >= Self.leastScale else { continue }
      let kind: EuropeanOption.Kind = quote.logMoneyness < 0 ? .put : .call
      let price = Black.price(kind, forward: 1, strike: strike, totalVolatility: deviation)
      if kind == .put {
        puts.append(strike, price, 1 / scale)
      } else {
        calls.append(strike, price, 1 / scale)
      }
    }
    sides = [puts, calls].filter { !$0.strikes.isEmpty }
  }

  var count: Int { sides.reduce(0) { $0 + $1.strikes.count } }

  /// Half a spread, in prices on a forward of one, so small that the rounding of a model's prices, 1e-15, is in sight.
  private static let leastScale = 1e-13
}

extension CalibrationQuotes.Side {
  mutating func append(_ strike: Double, _ price: Double, _ weight: Double) {
    strikes.append(strike)
    prices.append(price)
    weights.append(weight)
  }
}
