import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct LinearFundingTests {
  @Test func matchesTheIntegral() throws {
    let reference = try PerpetualsReference.load()
    for row in reference.linear {
      let funding = try LinearFunding(premiumsPerYear: row[2], interestPerYear: row[3])
      let price = funding.fairPrice(settlement(row[0]), index: row[1], growthPerYear: row[4])
      expectClose(price, row[5], relative: 2e-15, "\(row)")
    }
    for curve in reference.curves {
      let funding = try LinearFunding(
        premiumsPerYear: curve.premiumsPerYear, interestPerYear: curve.interestPerYear)
      let structure = try FuturesTermStructureTests.curve(curve.spot, curve.points)
      for (code, expected) in curve.fair.enumerated() {
        let price = funding.fairPrice(settlement(Double(code)), curve: structure)
        guard let expected else {
          #expect(price.isNaN)
          continue
        }
        expectClose(price, expected, relative: 3e-15)
      }
    }
  }

  @Test func eventsMatchTheRecursion() throws {
    for row in try PerpetualsReference.load().events {
      let funding = try LinearFundingEvents(
        premiumShare: row[2], interest: row[3], interval: FundingInterval(hours: row[4]),
        premiumTime: row[6] == 0 ? .atPayment : .atPreviousPayment)
      let price = funding.fairPrice(settlement(row[0]), index: row[1], growthPerYear: row[5])
      expectClose(price, row[7], relative: 2e-15, "\(row)")
    }
  }

  /// A curve of one carry is constant growth; frequent events are continuous funding.
  @Test(arguments: 1...30)
  func limitsAgree(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let growth = generator.uniform(-0.2...0.3)
    let (kappa, iota) = (generator.uniform(5...1_000), generator.uniform(-0.2...0.2))
    let funding = try LinearFunding(premiumsPerYear: kappa, interestPerYear: iota)
    let spot = 40_000.0
    let points = [0.1, 0.35, 0.9].map { time in
      FuturesTermStructure.Point(timeToExpiry: time, price: spot * exponential(growth * time))
    }
    let curve = try FuturesTermStructure(spot: spot, points: points)
    let interval = try FundingInterval(hours: 1e-3)
    let events = try LinearFundingEvents(
      premiumShare: kappa * interval.years, interest: iota * interval.years, interval: interval,
      premiumTime: seed % 2 == 0 ? .atPayment : .atPreviousPayment)
    for settlement in [FuturesContract.Settlement.linear, .inverse] {
      let price = funding.fairPrice(settlement, index: spot, growthPerYear: growth)
      expectClose(funding.fairPrice(settlement, curve: curve), price, relative: 1e-14)
      expectClose(
        events.fairPrice(settlement, index: spot, growthPerYear: growth), price, relative: 1e-6)
    }
    #expect(
      funding.fairPrice(.quanto, index: spot, growthPerYear: growth)
        == funding.fairPrice(.linear, index: spot, growthPerYear: growth))
    #expect(funding.fairPrice(.quanto, curve: curve).isNaN)
  }

  /// A rule of the family with the last premium before the payment, restated for the price after it:
  /// paying c of the premium before is paying c/(1 + c) of that after.
  @Test(arguments: 1...30)
  func agreesWithTheGeneralRule(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (share, interest) = (generator.uniform(0.05...1), generator.uniform(-1e-3...1e-3))
    let growth = generator.uniform(-1...1)
    var settings = FundingRule.Settings()
    settings.share = share
    settings.notionalPrice = .index
    settings.averaging = .last
    let rule = try FundingRule(
      interest: .added(interest), interval: .eightHours, settings: settings)
    let fair = try FairPerpetual(rule: rule, settlement: .linear, growthPerYear: growth)
    let events = try LinearFundingEvents(
      premiumShare: share / (1 + share), interest: share * interest / (1 + share),
      interval: .eightHours, premiumTime: .atPayment)
    expectClose(
      try fair.price(index: 100, elapsed: 0).lowerBound,
      events.fairPrice(.linear, index: 100, growthPerYear: growth), relative: 2e-15)
    // And continuously, with the notional at the index.
    settings.accrual = .continuous
    let continuous = try FairPerpetual(
      rule: FundingRule(interest: .added(interest), interval: .eightHours, settings: settings),
      settlement: .linear, growthPerYear: growth)
    let funding = try LinearFunding(
      premiumsPerYear: share * 1_095, interestPerYear: share * interest * 1_095)
    expectClose(
      try continuous.price(index: 100, elapsed: 0).lowerBound,
      funding.fairPrice(.linear, index: 100, growthPerYear: growth), relative: 2e-15)
  }

  @Test func isNaNWhereTheMixtureDiverges() throws {
    let funding = try LinearFunding(premiumsPerYear: 0.1, interestPerYear: 0)
    #expect(funding.fairPrice(.linear, index: 100, growthPerYear: 0.1).isNaN)
    #expect(funding.fairPrice(.inverse, index: 100, growthPerYear: -0.1).isNaN)
    #expect(funding.fairPrice(.inverse, index: 100, growthPerYear: 0.1) == 200)
    let interest = try LinearFunding(premiumsPerYear: 0.1, interestPerYear: 0.1)
    #expect(interest.fairPrice(.linear, index: 100, growthPerYear: 0).isNaN)
    let events = try LinearFundingEvents(
      premiumShare: 0.5, interest: 0, interval: .eightHours, premiumTime: .atPayment)
    #expect(events.fairPrice(.linear, index: 100, growthPerYear: 800).isNaN)
    #expect(events.fairPrice(.inverse, index: 100, growthPerYear: -800).isNaN)
    for number in hostileNumbers {
      for settlement in FuturesContract.Settlement.allCases {
        if !(number > 0 && number.isFinite) {
          #expect(funding.fairPrice(settlement, index: number, growthPerYear: 0).isNaN)
          #expect(events.fairPrice(settlement, index: number, growthPerYear: 0).isNaN)
        }
        if !number.isFinite {
          #expect(funding.fairPrice(settlement, index: 1, growthPerYear: number).isNaN)
          #expect(events.fairPrice(settlement, index: 1, growthPerYear: number).isNaN)
        }
      }
      if !(number > 0 && number.isFinite) {
        #expect(throws: DerivativesError.self) {
          try LinearFunding(premiumsPerYear: number, interestPerYear: 0)
        }
      }
      if !(number > 0 && number <= 1) {
        #expect(throws: DerivativesError.self) {
          try LinearFundingEvents(
            premiumShare: number, interest: 0, interval: .oneHour, premiumTime: .atPayment)
        }
      }
      if !number.isFinite {
        #expect(throws: DerivativesError.self) {
          try LinearFunding(premiumsPerYear: 1, interestPerYear: number)
        }
        #expect(throws: DerivativesError.self) {
          try LinearFundingEvents(
            premiumShare: 1, interest: number, interval: .oneHour, premiumTime: .atPayment)
        }
      }
    }
    #expect(try roundTrip(funding) == funding)
    #expect(try roundTrip(events) == events)
    #expect(throws: DecodingError.self) {
      try decoded(LinearFunding.self, #"{"premiumsPerYear": 0, "interestPerYear": 0}"#)
    }
    #expect(throws: DecodingError.self) {
      try decoded(
        LinearFundingEvents.self,
        """
        {"premiumShare": 2, "interest": 0, "interval": {"hours": 8}, "premiumTime": "atPayment"}
        """)
    }
  }
}
