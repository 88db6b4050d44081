import Foundation
import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import KeelVolatility
import Testing

/// Strikes of deltas, risk reversals and strangles.
@Suite struct DeltaTests {
  static let conventions: [DeltaConvention] = [
    .forward, .spot(carryYield: 0.03), .premiumAdjustedForward,
    .premiumAdjustedSpot(carryYield: -0.02),
  ]

  @Test(arguments: 0..<6)
  func strikesMatchReferences(number: Int) throws {
    let reference = try MeasuresReference.load()
    let row = reference.smiles[number]
    let smile = try row.smile()
    let deviation = smile.totalVariance(at: 0).value.squareRoot()
    for strike in row.strikes {
      let convention = reference.convention(strike.convention)
      if let expected = strike.logMoneyness {
        let k = try smile.logMoneyness(strike.kind, delta: strike.delta, convention: convention)
        expectClose(k, expected, relative: 1e-13, absolute: 1e-13 * deviation)
        expectClose(
          smile.delta(strike.kind, at: k, convention: convention), strike.delta, relative: 1e-12)
      } else {
        let largest = try #require(strike.largest)
        do throws(VolatilityError) {
          let k = try smile.logMoneyness(strike.kind, delta: strike.delta, convention: convention)
          Issue.record("no call has the delta \(strike.delta), not that at \(k)")
        } catch {
          guard case .invalidValue("delta", strike.delta, _, let highest) = error else {
            Issue.record("\(error)")
            continue
          }
          expectClose(highest, largest, relative: 1e-9)
        }
      }
    }
    for (convention, expected) in zip([DeltaConvention.forward, .coinSettled], row.neutral) {
      let k = try smile.logMoneyness(.deltaNeutral(convention))
      expectClose(k, expected, relative: 1e-13)
      expectClose(
        smile.delta(.call, at: k, convention: convention),
        smile.delta(.put, at: k, convention: convention), relative: 1e-13)
    }
  }

  /// The deltas of a smile are those that the pricing model calls so.
  @Test func deltasAreThoseOfTheModel() throws {
    let smile = try SVISmile(timeToExpiry: 0.5, a: 0.03, b: 0.12, rho: -0.4, m: 0.05, sigma: 0.2)
    let model = BlackScholes(spot: 50_000, volatility: 0, rate: 0.05, carryYield: 0.02)
    let forward = model.forward(timeToExpiry: 0.5)
    for k in [-1.0, -0.2, 0, 0.1, 0.8] {
      for kind in EuropeanOption.Kind.allCases {
        var priced = model
        priced.volatility = smile.impliedVolatility(at: k)
        let deltas = priced.deltas(
          of: EuropeanOption(kind: kind, strike: forward * exp(k), timeToExpiry: 0.5))
        let expected: [(DeltaConvention, Double)] = [
          (.spot(carryYield: 0.02), deltas.spot), (.forward, deltas.forward),
          (.premiumAdjustedSpot(carryYield: 0.02), deltas.premiumAdjustedSpot),
          (.premiumAdjustedForward, deltas.premiumAdjustedForward),
        ]
        for (convention, delta) in expected {
          expectClose(
            smile.delta(kind, at: k, convention: convention), delta.magnitude, relative: 1e-12)
        }
      }
    }
  }

  /// On a flat smile d₁ has a closed form, and the top of a premium-adjusted call is where Φ(d₂) σ√T = φ(d₂).
  @Test(arguments: [0.001, 0.02, 0.3, 1.5])
  func flatSmilesHaveClosedForms(deviation: Double) throws {
    let smile = try SVISmile(
      timeToExpiry: 1, a: deviation * deviation, b: 0, rho: 0, m: 0, sigma: 1)
    for delta in [1e-12, 0.1, 0.25, 0.6, 0.99] {
      let z = StandardNormal.quantile(delta)
      let half = deviation * deviation / 2
      expectClose(
        try smile.logMoneyness(.call, delta: delta, convention: .forward),
        half - z * deviation, relative: 1e-12, absolute: 1e-14 * deviation)
      expectClose(
        try smile.logMoneyness(.put, delta: delta, convention: .forward),
        half + z * deviation, relative: 1e-12, absolute: 1e-14 * deviation)
    }
    let top = try Brent.root(
      of: { StandardNormal.cdf($0) * deviation - StandardNormal.pdf($0) }, in: -3...40
    ).argument
    let k = -top * deviation - deviation * deviation / 2
    let largest = exp(k) * StandardNormal.cdf(top)
    // A hair below the top both strikes are near it, and the higher one is above.
    let near = try smile.logMoneyness(
      .call, delta: largest * (1 - 1e-7), convention: .premiumAdjustedForward)
    #expect(near > k && near < k + 0.01 * deviation)
    #expect(throws: VolatilityError.self) {
      try smile.logMoneyness(
        .call, delta: largest * (1 + 1e-9), convention: .premiumAdjustedForward)
    }
    let quotes = try smile.deltaQuotes(0.1, convention: .coinSettled)
    expectClose(quotes.riskReversal, 0, absolute: 1e-14)
    expectClose(quotes.butterfly, 0, absolute: 1e-14)
    expectClose(quotes.atTheMoney.logMoneyness, -deviation * deviation / 2, relative: 1e-12)
    let strangle = try smile.marketStrangle(0.1, convention: .coinSettled)
    expectClose(strangle.butterfly, 0, absolute: 1e-9 * deviation)
  }

  @Test(arguments: 0..<5)
  func stranglesMatchReferences(number: Int) throws {
    let reference = try MeasuresReference.load()
    let row = reference.smiles[number]
    let smile = try row.smile()
    for strangle in row.strangles {
      let convention = reference.convention(strangle.convention)
      let market = try smile.marketStrangle(strangle.delta, convention: convention)
      expectClose(market.volatility, strangle.volatility, relative: 1e-10)
      let quotes = try smile.deltaQuotes(strangle.delta, convention: convention)
      #expect(quotes.put.logMoneyness < quotes.call.logMoneyness)
      // Both butterflies agree in what the skew does not move.
      expectClose(
        market.butterfly, quotes.butterfly,
        absolute: quotes.riskReversal * quotes.riskReversal + 0.1 * quotes.butterfly.magnitude)
    }
  }

  /// Random smiles without arbitrage: strikes and deltas invert each other, puts and calls of one strike keep parity, and
  /// above the strike of a premium-adjusted call no other has its delta.
  @Test(arguments: 1...60)
  func strikesInvertDeltas(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let planted = try PlantedSmile(&generator, halfSpread: 0.01, noise: 0, ranges: [0.15, 0.3])
    let smile = try SVIFit(to: planted.quotes).smile
    let deviation = smile.totalVariance(at: 0).value.squareRoot()
    for convention in Self.conventions {
      for delta in [0.001, 0.1, 0.25, 0.45] {
        for kind in EuropeanOption.Kind.allCases {
          guard
            let k = try? smile.logMoneyness(kind, delta: delta, convention: convention)
          else {
            #expect(kind == .call && convention.isPremiumAdjusted)
            continue
          }
          expectClose(smile.delta(kind, at: k, convention: convention), delta, relative: 1e-11)
          guard kind == .call && convention.isPremiumAdjusted else { continue }
          for step in 1...200 {
            let above = k + Double(step) * deviation / 20
            #expect(smile.delta(.call, at: above, convention: convention) < delta)
          }
        }
      }
      for k in [-2.0, -0.5, 0, 0.7, 3].map({ $0 * deviation }) {
        let (call, put) = (
          smile.delta(.call, at: k, convention: convention),
          smile.delta(.put, at: k, convention: convention)
        )
        let all = convention.isPremiumAdjusted ? exp(k) : 1
        let holding: Double =
          switch convention {
          case .forward, .premiumAdjustedForward: 1
          case .spot(let yield), .premiumAdjustedSpot(let yield):
            exp(-yield * smile.timeToExpiry)
          }
        expectClose(call + put, all * holding, relative: 1e-13)
      }
    }
  }

  @Test func badInput() throws {
    let smile = try SVISmile(timeToExpiry: 0.5, a: 0.03, b: 0.12, rho: -0.4, m: 0.05, sigma: 0.2)
    for convention in Self.conventions {
      for kind in EuropeanOption.Kind.allCases {
        for delta in [0, -0.25, Double.nan, -.infinity, .infinity] {
          #expect(throws: VolatilityError.self) {
            try smile.logMoneyness(kind, delta: delta, convention: convention)
          }
        }
      }
    }
    for yield in [Double.nan, .infinity, -.infinity, 1e6] {
      #expect(throws: VolatilityError.self) {
        try smile.logMoneyness(.call, delta: 0.25, convention: .spot(carryYield: yield))
      }
      #expect(throws: VolatilityError.self) {
        try smile.marketStrangle(0.25, convention: .premiumAdjustedSpot(carryYield: yield))
      }
    }
    for ratio in [0, -1, Double.nan, .infinity] {
      #expect(throws: VolatilityError.self) {
        try smile.logMoneyness(.spot(forwardOverSpot: ratio))
      }
    }
    expectClose(
      try smile.logMoneyness(.spot(forwardOverSpot: 1.05)), -log(1.05), relative: 1e-15)
    #expect(try smile.logMoneyness(.forward) == 0)
    // Defined near the money only, on one side or on both.
    struct Partial: VolatilitySmile {
      let timeToExpiry = 1.0
      let range: ClosedRange<Double>
      func totalVariance(at logMoneyness: Double) -> TotalVariance {
        TotalVariance(
          value: range.contains(logMoneyness) ? 0.04 : .nan, slope: 0, curvature: 0)
      }
    }
    for range in [-0.1...0.1, -0.3...0.1, -0.1...0.3, -0.01...10, -10...0.01] {
      for convention in Self.conventions {
        for kind in EuropeanOption.Kind.allCases {
          for delta in [0.01, 0.25, 0.6, 0.99] {
            do throws(VolatilityError) {
              let k = try Partial(range: range)
                .logMoneyness(kind, delta: delta, convention: convention)
              #expect(range.contains(k))
            } catch {
              switch error {
              case .noFit, .invalidValue: break
              default: Issue.record("\(error)")
              }
            }
          }
        }
        _ = try? Partial(range: range).marketStrangle(0.25, convention: convention)
      }
      #expect(throws: VolatilityError.noFit) { try Partial(range: range).fairVariance() }
      for probability in [1e-3, 0.3, 0.7, 0.999] {
        if let k = try? Partial(range: range).quantile(probability) {
          #expect(range.contains(k))
        }
      }
    }
    struct Undefined: VolatilitySmile {
      let timeToExpiry = 1.0
      let value: Double
      func totalVariance(at logMoneyness: Double) -> TotalVariance {
        TotalVariance(value: value, slope: 0, curvature: 0)
      }
    }
    for value in [Double.nan, 0, -1, .infinity] {
      let undefined = Undefined(value: value)
      for convention in Self.conventions {
        #expect(throws: VolatilityError.noFit) {
          try undefined.logMoneyness(.call, delta: 0.25, convention: convention)
        }
      }
      #expect(throws: VolatilityError.noFit) { try undefined.fairVariance() }
      #expect(throws: VolatilityError.noFit) {
        try undefined.marketStrangle(0.25, convention: .forward)
      }
      if value != .infinity { #expect(undefined.skew().volatility.isNaN) }
    }
  }
}
