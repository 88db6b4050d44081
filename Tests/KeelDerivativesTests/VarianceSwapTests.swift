import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct VarianceSwapTests {
  /// A flat smile has its own variance and volatility.
  @Test(arguments: [0.05, 0.3, 0.8, 2.5], [0.01, 0.25, 2])
  func flatSmiles(volatility: Double, time: Double) throws {
    let swap = VarianceSwap(forward: 27_000, timeToExpiry: time)
    let variance = try swap.fairVariance { _ in volatility }
    expectClose(variance.value, volatility * volatility, relative: 1e-9)
    let fair = try swap.fairVolatility { _ in volatility }
    expectClose(fair.value, volatility, relative: 1e-9)
    #expect(variance.errorEstimate <= 1e-9 * variance.value)
  }

  /// A mixture of two volatilities that nothing in the price depends on: the mean of the variances and, as Carr
  /// and Lee show, the mean of the volatilities.
  @Test func mixtureOfVolatilities() throws {
    let swap = VarianceSwap(forward: 100, timeToExpiry: 0.5)
    let root = 0.5.squareRoot()
    func smile(_ strike: Double) -> Double {
      let kind: EuropeanOption.Kind = strike < 100 ? .put : .call
      let price = [0.3, 0.7].reduce(0.0) {
        $0 + Black.price(kind, forward: 100, strike: strike, totalVolatility: $1 * root) / 2
      }
      // Where the price has no digits the larger volatility is what is left.
      let implied = try? Black.impliedTotalVolatility(
        kind, price: price, forward: 100, strike: strike)
      return (implied?.volatility ?? 0.7 * root) / root
    }
    let variance = try swap.fairVariance(impliedVolatility: smile)
    expectClose(variance.value, (0.09 + 0.49) / 2, relative: 1e-8)
    let volatility = try swap.fairVolatility(impliedVolatility: smile)
    expectClose(volatility.value, 0.5, relative: 1e-8)
  }

  /// A skewed smile: against a sum over ten thousand strikes.
  @Test func skewedSmile() throws {
    let swap = VarianceSwap(forward: 100, timeToExpiry: 0.25)
    func smile(_ strike: Double) -> Double {
      let k = naturalLog(strike / 100)
      return (0.25 + 0.1 * (-0.3 * k + (k * k + 0.04).squareRoot())).squareRoot()
    }
    var sum = 0.0
    let (step, count) = (0.0008, 10_000)
    for i in -count..<count {
      let k = (Double(i) + 0.5) * step
      let strike = 100 * exponential(k)
      sum +=
        step * exponential(-k)
        * Black.price(
          k < 0 ? .put : .call, forward: 1, strike: strike / 100, totalVolatility: smile(strike) / 2
        )
    }
    let variance = try swap.fairVariance(impliedVolatility: smile)
    // The rule of midpoints is off by the kink at the forward, step²/24 of it.
    expectClose(variance.value, 2 * sum / 0.25, relative: 1e-6)
    #expect(try swap.fairVolatility(impliedVolatility: smile).value < variance.value.squareRoot())
  }

  @Test func besselWeights() throws {
    for row in try ExoticsReference.load().besselDifferences {
      expectClose(VarianceSwap.besselDifference(row[0]), row[1], relative: 1e-13, "\(row)")
    }
  }

  @Test func valueOfARunningSwap() {
    let swap = VarianceSwap(forward: 100, timeToExpiry: 0.75)
    let value = swap.value(
      strikeVariance: 0.25, realizedVariance: 0.49, elapsedTime: 0.25, fairVariance: 0.36,
      rate: 0.04)
    expectClose(value, exponential(-0.03) * (0.25 * 0.49 + 0.75 * 0.36 - 0.25), relative: 1e-14)
    #expect(
      swap.value(
        strikeVariance: 0.25, realizedVariance: 0.49, elapsedTime: -1, fairVariance: 0.36, rate: 0
      ).isNaN)
  }

  @Test func badInput() {
    for bad in [0, -1, Double.nan, .infinity] {
      #expect(throws: NumericsError.self) {
        try VarianceSwap(forward: bad, timeToExpiry: 1).fairVariance { _ in 0.5 }
      }
      #expect(throws: NumericsError.self) {
        try VarianceSwap(forward: 100, timeToExpiry: bad).fairVolatility { _ in 0.5 }
      }
    }
    let swap = VarianceSwap(forward: 100, timeToExpiry: 1)
    for bad in [-0.1, Double.nan, .infinity] {
      #expect(throws: NumericsError.self) { try swap.fairVariance { _ in bad } }
      #expect(throws: NumericsError.self) { try swap.fairVariance { $0 > 130 ? bad : 0.5 } }
    }
    #expect(throws: NumericsError.self) { try swap.fairVariance(tolerance: -1) { _ in 0.5 } }
    // Wings that grow faster than any without arbitrage have no variance.
    #expect(throws: NumericsError.self) {
      try swap.fairVariance { $0 < 100 ? 0.5 + 100 / $0 : 0.5 }
    }
  }
}
