import KeelDerivatives

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a model implies at the places of quotes, and nowhere else.
struct QuotedSmile: VolatilitySmile {
  let timeToExpiry: Double
  private var places: [Double]
  private var variances: [Double] = []

  init(_ model: some CharacteristicModel, _ quotes: SmileQuotes) {
    timeToExpiry = quotes.timeToExpiry
    places = quotes.quotes.map(\.logMoneyness)
    for kind in [EuropeanOption.Kind.put, .call] {
      let strikes = places.filter { ($0 < 0) == (kind == .put) }.map { exp($0) }
      let strip = model.prices(
        of: kind, strikes: strikes, timeToExpiry: timeToExpiry, spot: 1, rate: 0, carryYield: 0)
      for (strike, price) in zip(strikes, strip.prices) {
        // A price that rounds to nothing implies no volatility.
        let implied = try? Black.impliedTotalVolatility(
          kind, price: price, forward: 1, strike: strike)
        let deviation = implied?.volatility ?? (price.isNaN ? .nan : 0)
        variances.append(deviation * deviation)
      }
    }
  }

  func totalVariance(at logMoneyness: Double) -> TotalVariance {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle] < logMoneyness { low = middle + 1 } else { high = middle }
    }
    let isQuoted = low < places.count && places[low] == logMoneyness
    return TotalVariance(value: isQuoted ? variances[low] : .nan, slope: .nan, curvature: .nan)
  }
}
