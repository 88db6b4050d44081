import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

extension OptionColumns {
  /// The volatilities of prices and the outcomes.
  func inverted(
    _ prices: [Double],
    on pool: BoundedPool? = nil,
    level: Kernels.Level = .automatic
  ) throws -> (volatilities: [Double], outcomes: [ImpliedVolatilityOutcome]) {
    var volatilities = [Double](repeating: 0, count: prices.count)
    var outcomes = [ImpliedVolatilityOutcome](repeating: .invalid, count: prices.count)
    var values = volatilities.mutableSpan
    var reasons = outcomes.mutableSpan
    try invert(prices.span, &values, &reasons, pool, level)
    return (volatilities, outcomes)
  }
}

@Suite struct BatchImpliedVolatilityTests {
  /// What the scalar form finds or throws for one quote.
  private func scalar(
    _ columns: OptionColumns,
    _ price: Double,
    at i: Int
  ) -> (value: ImpliedVolatility?, outcome: ImpliedVolatilityOutcome) {
    do {
      let implied = try BlackScholes.impliedVolatility(
        of: columns.option(at: i), price: price, spot: columns.spots[i], rate: columns.rates[i],
        carryYield: columns.carryYields[i])
      return (implied, .value)
    } catch DerivativesError.priceBelowIntrinsic {
      return (nil, .belowIntrinsic)
    } catch DerivativesError.priceAboveMaximum {
      return (nil, .aboveMaximum)
    } catch DerivativesError.noInformation {
      return (nil, .noInformation)
    } catch {
      return (nil, .invalid)
    }
  }

  /// The volatility of a reference price comes back within what the price can tell.
  @Test(arguments: Kernels.Level.allCases)
  func invertsReferencePrices(level: Kernels.Level) throws {
    let rows = try BlackReference.load().prices
    let columns = OptionColumns(
      kinds: rows.map { kind($0[0]) }, forwards: rows.map { $0[1] }, strikes: rows.map { $0[2] })
    let prices = rows.map { $0[4] }
    let (volatilities, outcomes) = try columns.inverted(prices, level: level)
    var found = 0
    for (i, row) in rows.enumerated() {
      let single: ImpliedVolatility
      do {
        single = try Black.impliedTotalVolatility(
          kind(row[0]), price: row[4], forward: row[1], strike: row[2])
      } catch {
        #expect(outcomes[i] != .value, "\(row)")
        continue
      }
      #expect(outcomes[i] == .value, "\(row)")
      let error = (volatilities[i] - row[3]).magnitude / row[3]
      #expect(error <= max(1e-12, 4 * Double.ulpOfOne * single.conditioning), "\(row)")
      found += 1
    }
    #expect(found > rows.count * 9 / 10)
  }

  /// The same for ten thousand exact prices of every kind, with rates and yields.
  @Test(arguments: Kernels.Level.allCases)
  func invertsExactPrices(level: Kernels.Level) throws {
    let rows = try Reference.load(BatchReference.self, "black_batch_prices").cases
    let columns = BatchReference(cases: rows).columns
    let (volatilities, outcomes) = try columns.inverted(rows.map { $0[7] }, level: level)
    let greeks = try columns.greeks(
      Greek.firstOrderCount, rows.map { $0[4] }, count: rows.count, level: level)
    var found = 0
    for (i, row) in rows.enumerated() where outcomes[i] == .value {
      let condition = row[7] / (greeks[i, Greek.vega.column] * row[4])
      let error = (volatilities[i] - row[4]).magnitude / row[4]
      #expect(error <= max(1e-12, 4 * Double.ulpOfOne * condition), "\(row)")
      found += 1
    }
    #expect(found > rows.count * 3 / 4)
  }

  /// The scalar form has the same outcomes; the scalar price, another method, comes back.
  @Test(arguments: 1...20)
  func agreesWithTheScalarForm(seed: Int) throws {
    #if DEBUG
      let count = 400
    #else
      let count = 50_000
    #endif
    var generator = SeededGenerator(seed: UInt64(seed))
    let options = (0..<count).map { _ in RandomOption(using: &generator, depth: 12) }
    let columns = OptionColumns(
      kinds: options.map(\.kind), forwards: options.map(\.forward),
      strikes: options.map(\.strike))
    let totals = options.map(\.totalVolatility)
    let prices = try columns.prices(volatilities: totals)
    let (volatilities, outcomes) = try columns.inverted(prices)
    for (i, option) in options.enumerated() {
      let price = prices[i]
      do {
        let single = try Black.impliedTotalVolatility(
          option.kind, price: price, forward: option.forward, strike: option.strike)
        guard outcomes[i] == .value else {
          #expect(single.relativeUncertainty > 0.25, "\(option): \(outcomes[i])")
          continue
        }
        let bound = max(1e-12, 4 * Double.ulpOfOne * single.conditioning)
        for other in [single.volatility, totals[i]] {
          #expect(
            (volatilities[i] - other).magnitude <= bound * other, "\(option): \(volatilities[i])")
        }
        let again = Black.price(
          option.kind, forward: option.forward, strike: option.strike,
          totalVolatility: volatilities[i])
        let moved = volatilities[i].ulp / volatilities[i] / single.conditioning * price
        #expect(
          (again - price).magnitude <= 4 * price.ulp + 2 * moved, "\(option): \(volatilities[i])")
      } catch {
        #expect(outcomes[i] == ImpliedVolatilityOutcome(thrown: error), "\(option): \(error)")
      }
    }
  }

  /// The scalar price comes back within 4 units or what one unit of the volatility moves it.
  ///
  /// Also where growth cancels the logarithm of spot over strike; with rates the scalar price
  /// may be off by 8 units of its own each time. Without fused operations within 16 units and that.
  @Test(arguments: 1...20, Kernels.Level.allCases)
  func returnsThePrice(seed: Int, level: Kernels.Level) throws {
    #if DEBUG
      let count = 400
    #else
      let count = 50_000
    #endif
    var generator = SeededGenerator(seed: UInt64(seed))
    let rate = seed % 2 == 0 ? 0 : 0.3
    let (lowest, highest) = [(-6.0, -3.0), (-3.0, -3.0), (-3.0, 0.5)][seed % 3]
    var columns = OptionColumns(
      kinds: [], spots: [], strikes: [], timesToExpiry: [], rates: [], carryYields: [])
    var given: [Double] = []
    for _ in 0..<count {
      let total = power(10, generator.uniform(lowest...highest))
      let (spot, time) = (
        power(10, generator.uniform(-3...6)), power(10, generator.uniform(-4...1))
      )
      let (up, down) = (generator.uniform(-rate...rate), generator.uniform(-rate...rate))
      let distance = (up - down) * time + generator.uniform(-8...8) * total
      columns.kinds.append(generator.uniform() < 0.5 ? .call : .put)
      columns.spots.append(spot)
      columns.strikes.append(spot * exponential(distance))
      columns.timesToExpiry.append(time)
      columns.rates.append(up)
      columns.carryYields.append(down)
      given.append(total / time.squareRoot())
    }
    let firstOrder = Greek.firstOrderCount
    func exactPrices(_ volatilities: [Double]) -> [Double] {
      (0..<count).map { columns.model(at: $0, volatilities[$0]).price(of: columns.option(at: $0)) }
    }
    let prices = exactPrices(given)
    let (volatilities, outcomes) = try columns.inverted(prices, level: level)
    let known = volatilities.map { $0.isNaN ? 1 : $0 }
    let again = exactPrices(known)
    let greeks = try columns.greeks(firstOrder, known, count: count, level: level)
    let isFused = fusesOperations(level)
    var found = 0
    for i in 0..<count where outcomes[i] == .value && prices[i] > 1e-280 {
      let moved = greeks[i, Greek.vega.column] * volatilities[i].ulp
      let unit = prices[i].ulp
      let own = rate == 0 ? 0.0 : 8
      let bound = isFused ? max(4 * unit, moved) + 2 * own * unit : 16 * unit + moved
      #expect((again[i] - prices[i]).magnitude <= bound, "\(columns.option(at: i))")
      let condition = prices[i] / (greeks[i, Greek.vega.column] * given[i])
      let error = (volatilities[i] - given[i]).magnitude / given[i]
      let allowed = (4 + own) * Double.ulpOfOne * condition
      #expect(error <= max(1e-12, allowed), "\(columns.option(at: i))")
      found += 1
    }
    #expect(found > count * 3 / 4)
  }

  /// Whether the kernels of a level have fused operations.
  private func fusesOperations(_ level: Kernels.Level) -> Bool {
    #if arch(x86_64)
      level.used != .baseline
    #else
      true
    #endif
  }

  /// To the bit what the scalar form gives, which calls the same kernel with one option.
  @Test func equalsTheScalarForm() throws {
    let (columns, given) = randomColumns(count: 500, seed: 21, depth: 6)
    let prices = try columns.prices(volatilities: given)
    let (volatilities, outcomes) = try columns.inverted(prices)
    for i in 0..<500 {
      let single = scalar(columns, prices[i], at: i)
      #expect((single.outcome == .value) == (outcomes[i] == .value))
      #expect(single.value.map { $0.volatility == volatilities[i] } ?? volatilities[i].isNaN)
    }
  }

  @Test(arguments: 1...10)
  func invertsTheModel(seed: Int) throws {
    let (columns, given) = randomColumns(count: 300, seed: 100 + seed, depth: 4)
    let greeks = try columns.greeks(Greek.count, given, count: 300)
    let prices = (0..<300).map { greeks[$0, 0] }
    let (volatilities, outcomes) = try columns.impliedVolatilities(prices: prices)
    for i in 0..<300 where outcomes[i] == .value {
      // What four units in the last place of price, spot and strike are worth.
      let size =
        prices[i] + (columns.spots[i] * greeks[i, Greek.delta.column]).magnitude
        + (columns.strikes[i] * greeks[i, Greek.dualDelta.column]).magnitude
      let bound =
        4 * Double.ulpOfOne * size / (greeks[i, Greek.vega.column] * given[i])
      #expect((volatilities[i] - given[i]).magnitude <= max(1e-12, bound) * given[i])
    }
    let found = outcomes.count { $0 == .value }
    #expect(found > 200)
  }

  @Test(arguments: Kernels.Level.allCases)
  func namesWhatIsWrong(level: Kernels.Level) throws {
    let columns = OptionColumns(
      kinds: [.call, .put, .call, .put, .call, .put, .call, .call, .call],
      forwards: [100, 100, 100, 100, 100, 100, 0, 100, 100],
      strikes: [90, 90, 90, 90, 90, 90, 90, .infinity, 90])
    let (volatilities, outcomes) = try columns.inverted(
      [9, -1, 100, 90, 10, 0, 1, 1, .nan], level: level)
    #expect(
      outcomes == [
        .belowIntrinsic, .belowIntrinsic, .aboveMaximum, .aboveMaximum, .noInformation,
        .noInformation, .invalid, .invalid, .invalid,
      ])
    for volatility in volatilities { #expect(volatility.isNaN) }
  }

  /// The outcome is what the scalar form finds or throws, for every hostile quote.
  @Test(arguments: Kernels.Level.allCases)
  func isDefinedForHostileNumbers(level: Kernels.Level) throws {
    let numbers = hostileNumbers + [1, 100]
    var columns = OptionColumns(
      kinds: [], spots: [], strikes: [], timesToExpiry: [], rates: [], carryYields: [])
    var prices: [Double] = []
    for price in numbers {
      for place in 0..<5 {
        for number in numbers {
          var inputs = [100.0, 110.0, 0.5, 0.05, 0.01]
          inputs[place] = number
          for kind in EuropeanOption.Kind.allCases {
            columns.kinds.append(kind)
            columns.spots.append(inputs[0])
            columns.strikes.append(inputs[1])
            columns.timesToExpiry.append(inputs[2])
            columns.rates.append(inputs[3])
            columns.carryYields.append(inputs[4])
            prices.append(price)
          }
        }
      }
    }
    let (volatilities, outcomes) = try columns.inverted(prices, level: level)
    for i in 0..<prices.count {
      let single = scalar(columns, prices[i], at: i)
      let label = "\(columns.option(at: i)) \(prices[i]) \(columns.spots[i])"
      #expect(outcomes[i] == single.outcome, "\(label)")
      #expect(volatilities[i].isNaN == (outcomes[i] != .value), "\(label)")
      if let value = single.value {
        let bound = max(1e-12, 4 * Double.ulpOfOne * value.conditioning)
        expectClose(volatilities[i], value.volatility, relative: bound, label)
      }
    }
  }

  @Test(arguments: Kernels.Level.allCases)
  func dependsOnItsOwnValuesAlone(level: Kernels.Level) throws {
    let (columns, given) = randomColumns(count: 45, seed: 5, depth: 3)
    let prices = try columns.prices(volatilities: given)
    let whole = try columns.inverted(prices, level: level)
    for i in 0..<45 {
      let one = OptionColumns(
        kinds: [columns.kinds[i]], spots: [columns.spots[i]], strikes: [columns.strikes[i]],
        timesToExpiry: [columns.timesToExpiry[i]], rates: [columns.rates[i]],
        carryYields: [columns.carryYields[i]])
      let (volatilities, outcomes) = try one.inverted([prices[i]], level: level)
      #expect(volatilities[0].bitPattern == whole.volatilities[i].bitPattern)
      #expect(outcomes[0] == whole.outcomes[i])
    }
  }

  @Test func threadsDoNotChangeABit() throws {
    let count = 20_001
    let (columns, given) = randomColumns(count: count, seed: 12, depth: 3)
    var prices = try columns.prices(volatilities: given)
    prices[8191] = .nan
    let alone = try columns.inverted(prices)
    let together = try columns.inverted(prices, on: BoundedPool(width: 4))
    #expect(alone.outcomes == together.outcomes)
    #expect(
      alone.volatilities.map(\.bitPattern) == together.volatilities.map(\.bitPattern))
  }

  @Test func namesTheColumnThatDoesNotFit() {
    let columns = OptionColumns(kinds: [.call], forwards: [100, 100], strikes: [90])
    var (values, reasons) = ([0.0], [ImpliedVolatilityOutcome.value, .value])
    #expect(
      throws: DerivativesError.shapeMismatch(argument: "volatilities", got: 1, required: 2)
    ) {
      var volatilities = values.mutableSpan
      var outcomes = reasons.mutableSpan
      try columns.impliedVolatilities(
        prices: [12].span, into: &volatilities, outcomes: &outcomes)
    }
    values = [0, 0]
    reasons = []
    #expect(throws: DerivativesError.shapeMismatch(argument: "outcomes", got: 0, required: 2)) {
      var volatilities = values.mutableSpan
      var outcomes = reasons.mutableSpan
      try columns.impliedVolatilities(
        prices: [12].span, into: &volatilities, outcomes: &outcomes)
    }
    #expect(throws: DerivativesError.shapeMismatch(argument: "prices", got: 3, required: 2)) {
      try columns.inverted([1, 2, 3])
    }
  }
}

extension ImpliedVolatilityOutcome {
  /// What a thrown error says.
  fileprivate init(thrown error: DerivativesError) {
    switch error {
    case .priceBelowIntrinsic: self = .belowIntrinsic
    case .priceAboveMaximum: self = .aboveMaximum
    case .noInformation: self = .noInformation
    default: self = .invalid
    }
  }
}
