import Foundation
import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import KeelVolatility
import Testing

extension VolatilityRealDataTests {
  /// Measures of real chains: orders that hold without arbitrage, and the index by both methods.
  @Test(arguments: [chains[0], chains[3]])
  func measuresAreInOrder(day: String, currency: String) throws {
    let cleaned = try clean(chain(day, currency))
    let fit = try SVISurfaceFit(cleaned.smiles)
    for (smile, quotes) in zip(fit.surface.smiles, cleaned.smiles) {
      #expect(smile.timeToExpiry == quotes.timeToExpiry)
      let measures = try ExpiryMeasures(of: smile, settings: .init(convention: .coinSettled))
      let (quarter, tenth) = (measures.deltaQuotes[0], measures.deltaQuotes[1])
      let places = [
        tenth.put, quarter.put, measures.atTheMoney, quarter.call, tenth.call,
      ].map(\.logMoneyness)
      #expect(places == places.sorted() && Set(places).count == 5)
      #expect(tenth.butterfly > quarter.butterfly)
      let falls = measures.falls.map(\.probability)
      #expect(falls == falls.sorted(by: >) && falls.allSatisfy { $0 >= 0 && $0 < 1 })
      let swap = VarianceSwap(forward: 1, timeToExpiry: smile.timeToExpiry)
      // A finer sum of prices leaves the range of numbers in the steepest wing of these chains.
      let replicated = try swap.fairVariance(tolerance: 1e-8) {
        smile.impliedVolatility(at: log($0))
      }
      expectClose(measures.level.variance, replicated.value, relative: 1e-7)
      let strangle = try smile.marketStrangle(0.25, convention: .coinSettled)
      expectClose(strangle.butterfly, quarter.butterfly, absolute: 0.02)
    }
    // The sum over listed strikes leaves out what lies beyond them and is coarse between.
    let levels = try cleaned.smiles.map { try StripVariance($0).level }
    let summed = try VolatilityIndex(levels)
    let index = try VolatilityIndex(of: fit.surface.smiles)
    expectClose(summed.volatility, index.volatility, relative: 0.05)
    let mispricing = try Mispricing(
      of: cleaned.smiles, against: fit.surface,
      fee: OptionFee(forwardFraction: 0.0003, largestPriceFraction: 0.125))
    #expect(mispricing.scores.count == fit.quality.reduce(0) { $0 + $1.quoteCount })
    #expect(
      mispricing.scores.count { !$0.isOutside } == fit.quality.reduce(0) { $0 + $1.insideCount })
    let spreads = try SpreadCandidates(mispricing)
    #expect(spreads.candidates.count <= 20 && spreads.candidates.allSatisfy { $0.edge > 0 })
  }
}
