import KeelDerivatives
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/everlasting_tails.json`.
private struct EverlastingTails: Decodable {
  let cases: [[Double]]

  static func load() throws -> [[Double]] {
    try Reference.load(Self.self, "everlasting_tails").cases
  }
}

@Suite struct EverlastingOptionTests {
  @Test func matchesReference() throws {
    for row in try PerpetualsReference.load().everlasting {
      let model = BlackScholes(spot: row[1], volatility: row[3], rate: row[4], carryYield: row[5])
      let option = try EverlastingOption(
        kind: kind(row[0]), strike: row[2], interval: FundingInterval(hours: row[6]),
        fundingShare: row[7])
      let value = option.value(in: model, timeToNextFunding: row[8])
      let greeks = value.greeks
      let values = [
        greeks.price, greeks.delta, greeks.gamma, greeks.vega.perUnitVolatility,
        greeks.theta.perYear, greeks.rho.perUnitRate, greeks.carryRho.perUnitRate,
      ]
      expectClose(greeks.price, row[9], relative: 1e-15, absolute: value.truncationBound)
      // The Greeks are cut where the price is: to the size that each can have.
      let horizon = row[6] / 8_760 / row[7]
      let scales = [
        0, 1, 1 / (row[1] * row[3] * horizon.squareRoot()), row[1] * horizon.squareRoot(),
        row[1] * row[3] / horizon.squareRoot(), row[1] * horizon, row[1] * horizon,
      ]
      for i in 1..<7 {
        expectClose(
          values[i], row[9 + i], relative: 1e-14, absolute: 1e-14 * scales[i], "\(i) \(row)")
      }
    }
  }

  /// The sum of the legs that a user can trade, one by one.
  @Test(arguments: 1...20)
  func isTheSumOfItsLegs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: 100, volatility: generator.uniform(0.2...1.5), rate: generator.uniform(-0.05...0.1),
      carryYield: generator.uniform(-0.05...0.1))
    let option = try EverlastingOption(
      kind: seed % 2 == 0 ? .call : .put, strike: generator.uniform(95...105),
      interval: FundingInterval(hours: 24), fundingShare: 1)
    let next = generator.uniform(0...(1.0 / 365))
    let value = option.value(in: model, timeToNextFunding: next)
    var price = 0.0
    var weights = 0.0
    for index in (0..<value.legCount).reversed() {
      let leg = option.leg(index, timeToNextFunding: next)
      expectClose(leg.weight, power(0.5, Double(index + 1)), relative: 1e-14)
      #expect(leg.option.timeToExpiry == next + Double(index) * option.interval.years)
      price += leg.weight * model.price(of: leg.option)
      weights += leg.weight
    }
    expectClose(value.greeks.price, price, relative: 1e-14)
    expectClose(weights, 1, relative: 1e-15)
    #expect(value.legCount > 40 && value.legCount < 80)
  }

  /// At an event the holder pays mark less payoff and is left with the option after it.
  @Test(arguments: 1...20)
  func fundingKeepsTheBalance(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: generator.uniform(90...110), volatility: generator.uniform(0.2...1.5), rate: 0.03,
      carryYield: 0.01)
    let share = generator.uniform(0.02...2)
    let option = try EverlastingOption(
      kind: seed % 2 == 0 ? .call : .put, strike: 100, interval: .eightHours, fundingShare: share)
    let before = option.value(in: model, timeToNextFunding: 0).greeks.price
    let after = option.value(in: model, timeToNextFunding: option.interval.years).greeks.price
    let payoff = max(0, option.kind == .call ? model.spot - 100 : 100 - model.spot)
    expectClose(before, after - share * (before - payoff), relative: 1e-13)
  }

  /// The bound of the rest holds and is not far from it.
  @Test(arguments: 1...20)
  func theTruncationBoundHolds(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let model = BlackScholes(
      spot: 100, volatility: generator.uniform(0.1...2), rate: generator.uniform(-0.1...0.2),
      carryYield: generator.uniform(-0.1...0.2))
    let option = try EverlastingOption(
      kind: seed % 2 == 0 ? .call : .put, strike: generator.uniform(50...150),
      interval: FundingInterval(hours: 24), fundingShare: generator.uniform(0.05...1))
    let whole = option.value(in: model, timeToNextFunding: 0.001)
    for count in [1, 2, 5, 10, 20] {
      let part = option.value(in: model, timeToNextFunding: 0.001, maximumLegCount: count)
      #expect(part.legCount == count)
      let missing = whole.greeks.price - part.greeks.price
      #expect(missing >= 0 && missing <= part.truncationBound, "\(seed) \(count)")
    }
  }

  /// What 40 digits say is missing of each derivative is within its bound, and some of it near.
  @Test func theBoundsOfTheGreeksHold() throws {
    let tails = try EverlastingTails.load()
    #expect(tails.count == 60)
    var nearest = [Double](repeating: 0, count: Greek.count)
    for row in tails {
      let model = BlackScholes(spot: row[1], volatility: row[3], rate: row[4], carryYield: row[5])
      let option = try EverlastingOption(
        kind: kind(row[0]), strike: row[2], interval: FundingInterval(hours: row[6]),
        fundingShare: row[7])
      let part = option.value(
        in: model, timeToNextFunding: row[8], maximumLegCount: Int(row[9]))
      #expect(part.legCount == Int(row[9]) && part.truncationBound == part.truncationBounds.price)
      for greek in Greek.allCases {
        let share = row[10 + greek.column].magnitude / part.truncationBounds[greek]
        #expect(share <= 1, "\(greek) \(row)")
        nearest[greek.column] = max(nearest[greek.column], share)
      }
    }
    for greek in Greek.allCases {
      #expect(nearest[greek.column] > 0.02, "\(greek): \(nearest[greek.column])")
    }
  }

  /// Nothing can be said where a derivative may be infinite.
  @Test func theBoundsAreInfiniteAtTheEdge() throws {
    let option = try EverlastingOption(
      kind: .call, strike: 100, interval: FundingInterval(hours: 24), fundingShare: 1)
    let still = BlackScholes(spot: 100, volatility: 0, rate: 0, carryYield: 0)
    let bounds = option.value(in: still, timeToNextFunding: 0.001).truncationBounds
    #expect(
      bounds.price.isFinite && bounds.delta.isFinite && bounds.vega.perUnitVolatility.isFinite)
    #expect(bounds.gamma == .infinity && bounds.ultima.perCubedUnit == .infinity)
    let nothing = BlackScholes(spot: 0, volatility: 0.5, rate: 0, carryYield: 0)
    for greek in Greek.allCases {
      #expect(!option.value(in: nothing, timeToNextFunding: 0).truncationBounds[greek].isNaN)
    }
    let undefined = BlackScholes(spot: -1, volatility: 0.5, rate: 0, carryYield: 0)
    #expect(option.value(in: undefined, timeToNextFunding: 0).truncationBounds.delta.isNaN)
  }

  /// A call at zero is the coin itself, held against its yield until a share expires.
  @Test func aCallAtZeroIsAPerpetual() throws {
    let model = BlackScholes(spot: 100, volatility: 0.8, rate: 0.05, carryYield: 0.02)
    let option = try EverlastingOption(
      kind: .call, strike: 0, interval: FundingInterval(hours: 24), fundingShare: 0.25)
    let day = exponential(-0.02 / 365)
    let expected = 100 * 0.2 / (1 - 0.8 * day)
    let value = option.value(in: model, timeToNextFunding: 0)
    expectClose(value.greeks.price, expected, relative: 1e-15)
    expectClose(value.greeks.delta, expected / 100, relative: 1e-15)
  }

  @Test func isDefinedForHostileNumbers() throws {
    let interval = try FundingInterval(hours: 24)
    for number in hostileNumbers {
      if !(number >= 0 && number.isFinite) {
        #expect(throws: DerivativesError.self) {
          try EverlastingOption(kind: .call, strike: number, interval: interval, fundingShare: 1)
        }
      }
      if !(number > 0 && number.isFinite) {
        #expect(throws: DerivativesError.self) {
          try EverlastingOption(kind: .call, strike: 1, interval: interval, fundingShare: number)
        }
      }
      for kind in EuropeanOption.Kind.allCases {
        let option = try EverlastingOption(
          kind: kind, strike: 100, interval: interval, fundingShare: 1)
        for place in 0..<4 {
          var inputs = [100.0, 0.5, 0.05, 0.02]
          inputs[place] = number
          let model = BlackScholes(
            spot: inputs[0], volatility: inputs[1], rate: inputs[2], carryYield: inputs[3])
          let value = option.value(in: model, timeToNextFunding: 0.001, maximumLegCount: 2_000)
          let isOutside = !number.isFinite || (number < 0 && place < 2)
          if isOutside { #expect(value.greeks.price.isNaN, "\(inputs)") }
          if !isOutside && number.magnitude < 1e299 {
            #expect(value.greeks.price >= 0, "\(inputs)")
          }
        }
        if !(number >= 0 && number <= interval.years) {
          let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0, carryYield: 0)
          #expect(option.value(in: model, timeToNextFunding: number).greeks.price.isNaN)
        }
      }
    }
    // A yield so negative that later legs outgrow their weights.
    let option = try EverlastingOption(
      kind: .call, strike: 100, interval: interval, fundingShare: 0.001)
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0, carryYield: -0.5)
    #expect(option.value(in: model, timeToNextFunding: 0).greeks.price.isNaN)
    #expect(try roundTrip(option) == option)
    #expect(throws: DecodingError.self) {
      try decoded(
        EverlastingOption.self,
        #"{"kind": "call", "strike": 1, "interval": {"hours": 8}, "fundingShare": 0}"#)
    }
  }
}
