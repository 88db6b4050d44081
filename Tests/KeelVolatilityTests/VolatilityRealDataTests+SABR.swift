import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

extension VolatilityRealDataTests {
  #if DEBUG
    /// The others take a minute without optimization.
    private static let sabrChains = chains.prefix(1)
  #else
    private static let sabrChains = chains[...]
  #endif

  /// Every expiry of every chain has a fit, each above the one before.
  @Test(arguments: sabrChains)
  func sabrIsFreeOfArbitrage(day: String, currency: String) throws {
    let cleaned = try clean(chain(day, currency))
    var previous: SABRSmile?
    var (count, inside) = (0, 0)
    for quotes in cleaned.smiles {
      let fit = try SABRFit(to: quotes, after: previous, beta: 1)
      #expect(fit.isConverged && fit.butterfly.isFree && fit.calendar?.isFree ?? true)
      for quote in quotes.quotes {
        let variance = fit.smile.totalVariance(at: quote.logMoneyness)
        #expect(variance.density(at: quote.logMoneyness) >= 0)
        #expect(variance.value >= previous?.totalVariance(at: quote.logMoneyness).value ?? 0)
      }
      count += fit.quality.quoteCount
      inside += fit.quality.insideCount
      previous = fit.smile
    }
    // What three parameters an expiry reach at β = 1, in quotes, as a record.
    let reached = [
      "2020-05-21 BTC": 99, "2026-01-10 BTC": 205, "2026-01-10 ETH": 219, "2026-02-10 BTC": 204,
      "2026-02-10 ETH": 342,
    ]
    #expect(inside >= reached["\(day) \(currency)"] ?? count, "\(inside) of \(count)")
  }
}
