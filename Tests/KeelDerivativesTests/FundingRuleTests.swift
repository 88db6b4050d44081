import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FundingRuleTests {
  static func venues() throws -> [String: FundingRule] {
    [
      "binance": .binance, "bitMEX": .bitMEX, "deribit": .deribit, "hyperliquid": .hyperliquid,
      "okx": .okx, "okxFourHours": try .okx(every: .fourHours),
      "dydx": try .dydx(initialMargin: 0.05, maintenanceMargin: 0.03),
    ]
  }

  /// The formulas as the venues write them, in 50 digits.
  @Test func venuesMatchTheirDocumentation() throws {
    let venues = try Self.venues()
    for reference in try PerpetualsReference.load().venues {
      let rule = try #require(venues[reference.venue])
      let rate = rule.rate(samples: reference.samples)
      let scale = reference.samples.reduce(0) { max($0, $1.magnitude) } + 5e-4
      expectClose(rate.fraction, reference.rate, absolute: 4e-16 * scale, reference.venue)
      #expect(rate.whenPositive == .longPaysShort && rate.interval == rule.interval)
    }
  }

  @Test func premiumIndexMatchesReference() throws {
    for row in try PerpetualsReference.load().premiumIndices {
      expectClose(
        PerpetualQuote.premiumIndex(impactBid: row[0], impactAsk: row[1], index: row[2]), row[3],
        relative: 1e-15, absolute: 1e-18)
    }
    let quote = PerpetualQuote(mark: 50_025, index: 50_000)
    #expect(FundingRule.binance.notionalPrice(of: quote) == 50_025)
    #expect(FundingRule.hyperliquid.notionalPrice(of: quote) == 50_000)
    expectClose(quote.premium, 0.000_5, relative: 1e-15)
    #expect(try roundTrip(quote) == quote)
    for number in hostileNumbers where !(number > 0 && number.isFinite) {
      #expect(PerpetualQuote(mark: number, index: 1).premium.isNaN)
      #expect(PerpetualQuote(mark: 1, index: number).premium.isNaN)
      #expect(PerpetualQuote.premiumIndex(impactBid: number, impactAsk: 1, index: 1).isNaN)
      #expect(PerpetualQuote.premiumIndex(impactBid: 1, impactAsk: number, index: 1).isNaN)
      #expect(PerpetualQuote.premiumIndex(impactBid: 1, impactAsk: 1, index: number).isNaN)
    }
  }

  /// Values that the venues' own texts state.
  @Test func statedValues() throws {
    #expect(FundingRule.deribit.rate(premium: 0.000_25).fraction == 0)
    #expect(FundingRule.deribit.rate(premium: -0.000_1).fraction == 0)
    expectClose(FundingRule.deribit.rate(premium: -0.001).fraction, -0.000_75, relative: 1e-15)
    #expect(FundingRule.binance.rate(premium: 0).fraction == 0.000_1)
    #expect(FundingRule.bitMEX.rate(premium: 0.000_5).fraction == 0.000_1)
    expectClose(FundingRule.binance.rate(premium: 0.003).fraction, 0.002_5, relative: 1e-15)
    // The rate rests at its interest while the premium is between −0.04 % and 0.06 %.
    for premium in [-0.000_39, 0, 0.000_59] {
      #expect(FundingRule.binance.rate(premium: premium).fraction == 0.000_1)
    }
    let fourHours = try FundingRule.binance(every: .fourHours)
    expectClose(fourHours.rate(premium: 0.003).fraction, 0.001_25, relative: 1e-15)
    #expect(fourHours.interval == .fourHours)
    #expect(try FundingRule.binance(every: .eightHours) == .binance)
    #expect(throws: DerivativesError.self) {
      try FundingRule.binance(every: FundingInterval(hours: .leastNonzeroMagnitude))
    }
    // Worked out by Hyperliquid: a bid at 10100 over 10000 is 1 %, and 0.95 % for 8 hours.
    let premium = PerpetualQuote.premiumIndex(
      impactBid: 10_100, impactAsk: 10_101, index: 10_000)
    expectClose(
      FundingRule.hyperliquid.rate(premium: premium).fraction, 0.009_5 / 8, relative: 1e-15)
    expectClose(FundingRule.hyperliquid.rate(premium: 0).fraction, 0.000_012_5, relative: 1e-15)
    #expect(try FundingRule.okx(every: .eightHours) == .okx)
    #expect(try FundingRule.okx(every: .fourHours).rate(premium: 0).fraction == 0.000_05)
    expectClose(FundingRule.okx.rate(premium: 0.003).fraction, 0.002_5, relative: 1e-15)
    #expect(FundingRule.dydx.rate(premium: 0.008).fraction == 0.001)
    let isolated = try FundingRule.dydx(
      initialMargin: 0.05, maintenanceMargin: 0.03, interest: 0.000_1)
    // 0.125 basis points an hour, and 600 % of two percent, an eighth an hour.
    expectClose(isolated.rate(premium: 0).fraction, 0.000_012_5, relative: 1e-15)
    expectClose(isolated.rate(premium: 0.9).fraction, 0.015, relative: 1e-14)
    expectClose(isolated.rate(premium: -0.9).fraction, -0.015, relative: 1e-14)
    for (initial, maintenance) in [(0.03, 0.05), (.nan, 0.03), (0.05, .nan), (.infinity, 0.03)] {
      #expect(throws: DerivativesError.self) {
        try FundingRule.dydx(initialMargin: initial, maintenanceMargin: maintenance)
      }
    }
    #expect(FundingRule.hyperliquid.rate(premium: 0.9).fraction == 0.04)
    #expect(FundingRule.hyperliquid.rate(premium: -0.9).fraction == -0.04)
  }

  @Test(arguments: 1...30)
  func isMonotoneBetweenItsLimits(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var settings = FundingRule.Settings()
    settings.share = generator.uniform(0.1...1)
    settings.limits = -generator.uniform(0...0.01)...generator.uniform(0...0.01)
    let rule = try FundingRule(
      interest: .damped(generator.uniform(-1e-3...1e-3), halfWidth: generator.uniform(0...1e-3)),
      interval: .fourHours, settings: settings)
    var previous = -Double.infinity
    for step in -200...200 {
      let rate = rule.rate(premium: Double(step) * 1e-4).fraction
      #expect(rate >= previous && rate >= -0.01 && rate <= 0.01)
      previous = rate
    }
    #expect(try roundTrip(rule) == rule)
  }

  @Test func averages() {
    #expect(PremiumAveraging.uniform.average(of: [1, 2, 6]) == 3)
    // (1·1 + 2·2 + 3·6) / 6
    expectClose(
      PremiumAveraging.linearlyIncreasing.average(of: [1, 2, 6]), 23.0 / 6, relative: 1e-15)
    #expect(PremiumAveraging.last.average(of: [1, 2, 6]) == 6)
    for averaging in PremiumAveraging.allCases {
      #expect(averaging.average(of: []).isNaN)
      expectClose(averaging.average(of: [Double](repeating: 0.1, count: 999)), 0.1, relative: 1e-15)
    }
  }

  @Test func refusesHostileNumbers() throws {
    for number in hostileNumbers {
      #expect(FundingRule.binance.rate(premium: number).fraction.isNaN == !number.isFinite)
      // The weighted sum of premiums near the end of the range overflows.
      #expect(
        FundingRule.binance.rate(samples: [0, number]).fraction.isNaN
          == !(number.magnitude <= 1e300))
      var share = FundingRule.Settings()
      share.share = number
      if !(number > 0 && number.isFinite) {
        #expect(throws: DerivativesError.self) {
          try FundingRule(interest: .added(0), interval: .oneHour, settings: share)
        }
      }
      if !number.isFinite {
        #expect(throws: DerivativesError.self) {
          try FundingRule(interest: .added(number), interval: .oneHour)
        }
        #expect(throws: DerivativesError.self) {
          try FundingRule(interest: .damped(number, halfWidth: 0), interval: .oneHour)
        }
      }
      if !(number >= 0 && number.isFinite) {
        #expect(throws: DerivativesError.self) {
          try FundingRule(interest: .damped(0, halfWidth: number), interval: .oneHour)
        }
      }
    }
    var settings = FundingRule.Settings()
    settings.limits = -1...(.infinity)
    #expect(throws: DerivativesError.self) {
      try FundingRule(interest: .added(0), interval: .oneHour, settings: settings)
    }
    #expect(FundingRule.binance.rate(samples: []).fraction.isNaN)
    for (_, rule) in try Self.venues() { #expect(try roundTrip(rule) == rule) }
    #expect(throws: DecodingError.self) {
      try decoded(
        FundingRule.self,
        """
        {"interest": {"added": {"_0": 0}}, "interval": {"hours": 8},
         "settings": {"share": 0, "accrual": "atEvents", "notionalPrice": "mark",
                      "averaging": "uniform"}}
        """)
    }
  }
}
