import KeelDerivatives
import KeelTestSupport
import Testing

@Suite struct FairPerpetualTests {
  static func rule(_ reference: PerpetualsReference.Fair.Rule) throws -> FundingRule {
    var settings = FundingRule.Settings()
    settings.share = reference.share
    settings.accrual = try #require(FundingRule.Accrual(rawValue: reference.accrual))
    settings.notionalPrice = try #require(FundingRule.NotionalPrice(rawValue: reference.notional))
    settings.averaging = try #require(PremiumAveraging(rawValue: reference.averaging))
    let interest: FundingRule.Interest =
      reference.halfWidth.map { .damped(reference.interest, halfWidth: $0) }
      ?? .added(reference.interest)
    return try FundingRule(
      interest: interest, interval: FundingInterval(hours: reference.hours), settings: settings)
  }

  @Test func matchesReference() throws {
    let references = try PerpetualsReference.load().fair
    #expect(references.count >= 200)
    for reference in references {
      let fair = try FairPerpetual(
        rule: Self.rule(reference.rule), settlement: settlement(Double(reference.rule.settlement)),
        growthPerYear: reference.growth)
      let start = try fair.premium(elapsed: 0)
      expectClose(
        start.lowerBound, reference.premium, relative: 1e-15, absolute: 2e-18, "\(reference)")
      #expect(start.lowerBound == start.upperBound)
      let half = try fair.premium(elapsed: 0.5)
      expectClose(half.lowerBound, reference.half, relative: 1e-15, absolute: 2e-18, "\(reference)")
      let price = try fair.price(index: 50_000, elapsed: 0)
      expectClose(price.lowerBound, 50_000 * reference.start, relative: 1e-15)
    }
  }

  /// A long of a fairly priced perpetual gains nothing in expectation, on a two-point law of the
  /// index with sampled premiums, payments and profit from the types that a user calls.
  @Test(arguments: 1...40)
  func aHolderGainsNothing(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var settings = FundingRule.Settings()
    settings.notionalPrice = seed % 2 == 0 ? .mark : .index
    settings.averaging = .last
    let rule = try FundingRule(
      interest: .damped(generator.uniform(-1e-4...1e-4), halfWidth: 2e-4), interval: .eightHours,
      settings: settings)
    let growthPerYear = generator.uniform(-2...2)
    let isInverse = seed % 4 < 2
    let contract = try contract(isInverse ? 1 : 0, size: 100)
    let fair = try FairPerpetual(
      rule: rule, settlement: contract.settlement, growthPerYear: growthPerYear)
    let index = 50_000.0
    let growth = exponential(growthPerYear * FundingInterval.eightHours.years)
    let (up, down) = (1 + generator.uniform(0.01...0.2), 1 - generator.uniform(0.01...0.2))
    // The probability of a rise under the measure of the settlement currency.
    let probability =
      isInverse
      ? (1 / growth - 1 / down) / (1 / up - 1 / down) : (growth - down) / (up - down)
    var gain = 0.0
    for (move, weight) in [(up, probability), (down, 1 - probability)] {
      let next = index * move
      let entry = try fair.price(index: index, elapsed: 0).lowerBound
      let mark = try fair.price(index: next, elapsed: 1).lowerBound
      let after = try fair.price(index: next, elapsed: 0).lowerBound
      let rate = rule.rate(premium: PerpetualQuote(mark: mark, index: next).premium)
      let funding = contract.fundingReceived(
        quantity: 1, rate: rate, price: settings.notionalPrice == .mark ? mark : next)
      gain += weight * (contract.profit(quantity: 1, entry: entry, exit: after) + funding)
    }
    let notional = contract.notional(quantity: 1, price: index)
    expectClose(gain, 0, absolute: 2e-15 * notional, "\(seed)")
  }

  /// A quanto is worth in cash what its third currency is: coin and currency move together on four
  /// points, and the growth holds their covariance.
  @Test(arguments: 1...20)
  func aQuantoGainsNothing(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var settings = FundingRule.Settings()
    settings.averaging = .last
    let rule = try FundingRule(
      interest: .damped(1e-4, halfWidth: 2e-4), interval: .eightHours, settings: settings)
    let contract = try FuturesContract.quanto(multiplier: 1e-6)
    let index = 3_000.0
    // Moves of coin and currency, with probabilities under the measure of cash.
    let common = generator.uniform(0.1...0.4)
    let law = [
      (1.05, 1.08, common), (1.05, 0.9, 0.5 - common), (0.96, 1.08, 0.5 - common),
      (0.96, 0.9, common),
    ]
    let currency = law.reduce(0) { $0 + $1.1 * $1.2 }
    let joint = law.reduce(0) { $0 + $1.0 * $1.1 * $1.2 }
    let fair = try FairPerpetual(
      rule: rule, settlement: .quanto,
      growthPerYear: naturalLog(joint / currency) / FundingInterval.eightHours.years)
    var gain = 0.0
    for (coinMove, currencyMove, probability) in law {
      let next = index * coinMove
      let entry = try fair.price(index: index, elapsed: 0).lowerBound
      let after = try fair.price(index: next, elapsed: 0).lowerBound
      let quote = PerpetualQuote(
        mark: try fair.price(index: next, elapsed: 1).lowerBound, index: next)
      let funding = contract.fundingReceived(
        quantity: 1, rate: rule.rate(premium: quote.premium), price: rule.notionalPrice(of: quote))
      let settled = contract.profit(quantity: 1, entry: entry, exit: after) + funding
      gain += probability * settled * currencyMove
    }
    expectClose(gain, 0, absolute: 2e-15 * contract.notional(quantity: 1, price: index), "\(seed)")
  }

  /// Interest of a basis point every eight hours: the damping holds the rate over a whole band.
  @Test func theBandOfTheDamping() throws {
    // Deribit without carry: any premium within the damping.
    let deribit = try FairPerpetual(rule: .deribit, settlement: .inverse, growthPerYear: 0)
    #expect(deribit.averagePremium == -0.000_25...0.000_25)
    #expect(try deribit.premium(elapsed: 0.7) == -0.000_25...0.000_25)
    let price = try deribit.price(index: 60_000, elapsed: 0)
    expectClose(price.lowerBound, 59_985, relative: 1e-15)
    expectClose(price.upperBound, 60_015, relative: 1e-15)
    // With a carry of 10.95 % it is above the damping: 0.025 % + 0.01 %.
    let contango = try FairPerpetual(rule: .deribit, settlement: .inverse, growthPerYear: 0.109_5)
    expectClose(contango.averagePremium.lowerBound, 0.000_35, relative: 1e-14)
    expectClose(
      FundingRule.deribit.rate(premium: contango.averagePremium.lowerBound).simplePerYear, 0.109_5,
      relative: 1e-12)
    // At Binance no carry means a premium of −0.05 %: the rate stays at zero, not at its interest.
    let binance = try FairPerpetual(rule: .binance, settlement: .linear, growthPerYear: 0)
    expectClose(binance.averagePremium.lowerBound, -0.000_5, relative: 1e-14)
    #expect(binance.averagePremium.lowerBound == binance.averagePremium.upperBound)
  }

  /// The rate at the fair premium stands for the growth that it was solved for.
  @Test(arguments: 1...40)
  func carryGoesThereAndBack(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let growth = generator.uniform(-0.5...0.5)
    for rule in [FundingRule.binance, .bitMEX] {
      for settlement in FuturesContract.Settlement.allCases {
        let fair = try FairPerpetual(rule: rule, settlement: settlement, growthPerYear: growth)
        let rate = rule.rate(premium: fair.averagePremium.lowerBound)
        expectClose(
          rate.impliedGrowthPerYear(settlement: settlement), growth, absolute: 1e-12, "\(seed)")
      }
    }
    let fair = try FairPerpetual(rule: .deribit, settlement: .inverse, growthPerYear: growth)
    expectClose(
      FundingRule.deribit.rate(premium: fair.averagePremium.lowerBound).simplePerYear, growth,
      absolute: 1e-12)
  }

  /// The premium over an interval averages to the one that the rule sees, by Simpson's rule, on both
  /// sides of the switch from series to closed forms.
  @Test(arguments: PremiumAveraging.allCases)
  func thePremiumAveragesToTheRule(averaging: PremiumAveraging) throws {
    var settings = FundingRule.Settings()
    settings.averaging = averaging
    let rule = try FundingRule(
      interest: .added(0), interval: FundingInterval(hours: 8_760), settings: settings)
    for growth in [-4, -1.01, -0.99, -0.2, 1e-6, 0.3, 0.99, 1.01, 3, 8] {
      let fair = try FairPerpetual(rule: rule, settlement: .linear, growthPerYear: growth)
      let count = 2_000
      var sum = 0.0
      for step in 0...count {
        let share = Double(step) / Double(count)
        let weight = step == 0 || step == count ? 1.0 : step % 2 == 0 ? 2 : 4
        let density = averaging == .uniform ? 1 : 2 * share
        sum += weight * density * (try fair.premium(elapsed: share).lowerBound)
      }
      let average =
        averaging == .last
        ? try fair.premium(elapsed: 1).lowerBound : sum / Double(3 * count)
      let seen = fair.averagePremium.lowerBound
      expectClose(average, seen, absolute: 1e-9 * (1 + seen.magnitude), "\(growth)")
      expectClose(seen, exponential(growth) - 1, relative: 1e-9)
    }
  }

  @Test func limitsOfTheRateLimitTheCarry() throws {
    // 4 % an hour is 350 times a year.
    let growth = 400.0
    #expect(throws: DerivativesError.self) {
      try FairPerpetual(rule: .hyperliquid, settlement: .linear, growthPerYear: growth)
    }
    let fair = try FairPerpetual(rule: .hyperliquid, settlement: .linear, growthPerYear: 0.3)
    #expect(fair.averagePremium.lowerBound > 0)
    // A share that pays less than the growth holds no price.
    var settings = FundingRule.Settings()
    settings.share = 1e-6
    settings.notionalPrice = .index
    let weak = try FundingRule(interest: .added(0), interval: .eightHours, settings: settings)
    #expect(throws: DerivativesError.self) {
      try FairPerpetual(rule: weak, settlement: .linear, growthPerYear: 0.3)
    }
  }

  @Test func refusesHostileNumbers() throws {
    for number in hostileNumbers {
      for rule in [FundingRule.binance, .bitMEX, .deribit, .hyperliquid] {
        for settlement in FuturesContract.Settlement.allCases {
          do {
            let fair = try FairPerpetual(
              rule: rule, settlement: settlement, growthPerYear: number)
            for elapsed in [0, 0.5, 1] {
              let premium = try fair.premium(elapsed: elapsed)
              #expect(number.isFinite && premium.lowerBound > -1 && premium.upperBound.isFinite)
            }
          } catch {
            #expect(!number.isFinite || number.magnitude > 1e3, "\(error)")
          }
        }
      }
    }
    let fair = try FairPerpetual(rule: .binance, settlement: .linear, growthPerYear: 0.1)
    for elapsed in [-0.1, 1.1, .nan, .infinity] {
      #expect(throws: DerivativesError.self) { try fair.premium(elapsed: elapsed) }
    }
    #expect(throws: DerivativesError.self) { try fair.price(index: 0, elapsed: 0) }
  }
}
