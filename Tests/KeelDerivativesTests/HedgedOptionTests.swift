import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// Options held over a path with their delta hedged.
@Suite struct HedgedOptionTests {
  @Test(arguments: 0..<6)
  func matchesReferences(number: Int) throws {
    let row = try HedgedOptionsReference.load().paths[number]
    let held = try HedgedOption(row.option, path: row.path, settings: row.settings)
    #expect(held.steps.count == row.steps.count)
    var totals = [Double](repeating: 0, count: 13)
    for (step, expected) in zip(held.steps, row.steps) {
      let (profit, parts) = (step.profit, step.explanation)
      let values = [
        profit.premium, profit.hedge, profit.carry, profit.cost, parts.gamma, parts.theta,
        parts.vega, parts.vanna, parts.volga, parts.rates, parts.direction, parts.cost,
        parts.residual,
      ]
      for (i, value) in values.enumerated() {
        expectClose(value, expected[i], relative: 1e-11, absolute: 1e-12)
        totals[i] += expected[i]
      }
      expectClose(parts.total, profit.total, absolute: 1e-13)
      expectClose(parts.gammaAgainstTheta, expected[4] + expected[5], absolute: 1e-11)
    }
    expectClose(held.profit.total, totals[0] + totals[1] + totals[2] - totals[3], absolute: 1e-11)
    expectClose(held.explanation.total, held.profit.total, absolute: 1e-12)
    expectClose(held.explanation.residual, totals[12], absolute: 1e-11)
    #expect(held.steps.map(\.start) == row.moments.dropLast().map { $0[0] })
    #expect(held.steps.map(\.end) == row.moments.dropFirst().map { $0[0] })
  }

  /// Lognormal paths from one seed; the volatility moves too when asked.
  static func path(
    seed: UInt64,
    count: Int,
    until end: Double,
    volatility: Double,
    implied: Double,
    drift: Double = 0,
    moves: Double = 0
  ) -> [HedgedOption.Moment] {
    let stream = RandomStream(seed: seed)
    let step = end / Double(count)
    var (log, level) = (0.0, 0.0)
    return (0...count).map { i in
      if i > 0 {
        log +=
          (drift - volatility * volatility / 2) * step
          + volatility * step.squareRoot() * stream.normal(at: UInt64(2 * i))
        level += moves * step.squareRoot() * stream.normal(at: UInt64(2 * i + 1))
      }
      return HedgedOption.Moment(
        time: Double(i) * step, spot: 100 * exponential(log),
        impliedVolatility: implied * exponential(level))
    }
  }

  /// The residual is of the order of the step, gamma against theta of its root.
  @Test func residualsShrinkWithTheStep() throws {
    let option = EuropeanOption(kind: .call, strike: 105, timeToExpiry: 1)
    var residuals: [Double] = []
    var unhedged: [Double] = []
    for count in [32, 128, 512] {
      var (squares, gammas) = (0.0, 0.0)
      for seed in 1...200 {
        let path = Self.path(
          seed: UInt64(seed), count: count, until: 0.5, volatility: 0.5, implied: 0.5, moves: 0.5)
        let residual = try HedgedOption(option, path: path).explanation.residual
        squares += residual * residual
        // Where the implied volatility is the realized one gamma pays theta but for the step.
        let calm = Self.path(
          seed: UInt64(seed), count: count, until: 0.5, volatility: 0.5, implied: 0.5)
        let gamma = try HedgedOption(option, path: calm).explanation.gammaAgainstTheta
        gammas += gamma * gamma
      }
      residuals.append((squares / 200).squareRoot())
      unhedged.append((gammas / 200).squareRoot())
    }
    for (coarse, fine) in zip(residuals, residuals.dropFirst()) {
      #expect(coarse / fine > 3.2 && coarse / fine < 5)
    }
    for (coarse, fine) in zip(unhedged, unhedged.dropFirst()) {
      #expect(coarse / fine > 1.6 && coarse / fine < 2.5)
    }
    #expect(residuals[2] < 0.1 * unhedged[2])
  }

  /// Twice the options earn twice as much; a written one loses what a bought one earns, but for costs; a put earns what a
  /// call does.
  @Test func isLinearAndKeepsParity() throws {
    let path = Self.path(
      seed: 7, count: 20, until: 0.4, volatility: 0.6, implied: 0.5, moves: 0.3)
    let option = EuropeanOption(kind: .call, strike: 95, timeToExpiry: 0.5)
    let one = try HedgedOption(option, path: path)
    var settings = HedgedOption.Settings()
    settings.quantity = -2
    let short = try HedgedOption(option, path: path, settings: settings)
    expectClose(short.profit.total, -2 * one.profit.total, relative: 1e-12)
    expectClose(short.explanation.vanna, -2 * one.explanation.vanna, relative: 1e-12)
    expectClose(one.explanation.direction, 0, absolute: 1e-15)
    let put = try HedgedOption(
      EuropeanOption(kind: .put, strike: 95, timeToExpiry: 0.5), path: path)
    expectClose(put.profit.total, one.profit.total, absolute: 1e-11)
    expectClose(put.explanation.vega, one.explanation.vega, relative: 1e-11)
    settings.costFraction = 0.001
    let costly = try HedgedOption(option, path: path, settings: settings)
    #expect(costly.profit.cost > 0)
    expectClose(
      costly.profit.total, short.profit.total - costly.profit.cost, relative: 1e-12)
    // A later step does not change an earlier one.
    let shorter = try HedgedOption(option, path: Array(path.prefix(11)))
    #expect(shorter.steps.dropLast() == one.steps.prefix(9))
    #expect(shorter.steps[9].explanation == one.steps[9].explanation)
  }

  /// A forward is an option that is sure to be exercised: nothing moves a hedged one but rounding.
  @Test func deepInTheMoneyNothingIsLeft() throws {
    let path = Self.path(seed: 3, count: 10, until: 0.25, volatility: 0.4, implied: 0.4)
    let held = try HedgedOption(
      EuropeanOption(kind: .call, strike: 1e-3, timeToExpiry: 0.25), path: path)
    expectClose(held.profit.total, 0, absolute: 1e-12)
    #expect(held.explanation.gamma == 0 && held.explanation.vega == 0)
  }

  /// At expiry the volatility and the rates of the last moment are not used.
  @Test func expiryNeedsNoVolatility() throws {
    let option = EuropeanOption(kind: .call, strike: 100, timeToExpiry: 0.3)
    var path = Self.path(seed: 5, count: 3, until: 0.3, volatility: 0.5, implied: 0.5)
    #expect(path[3].time != 0.3 || path[1].time != 0.1)
    path[3].impliedVolatility = 0
    let none = try HedgedOption(option, path: path)
    path[3].impliedVolatility = 3
    path[3].rate = 0.5
    #expect(try HedgedOption(option, path: path) == none)
    expectClose(
      none.steps[2].profit.premium,
      max(path[3].spot - 100, 0)
        - BlackScholes(spot: path[2].spot, volatility: 0.5, rate: 0, carryYield: 0)
        .price(of: EuropeanOption(kind: .call, strike: 100, timeToExpiry: 0.3 - path[2].time)),
      absolute: 1e-12)
  }

  @Test func badInput() throws {
    let option = EuropeanOption(kind: .call, strike: 100, timeToExpiry: 0.5)
    let path = Self.path(seed: 1, count: 4, until: 0.4, volatility: 0.5, implied: 0.5)
    for count in 0...1 {
      #expect(throws: DerivativesError.shapeMismatch(argument: "path", got: count, required: 2)) {
        try HedgedOption(option, path: Array(path.prefix(count)))
      }
    }
    let hostile = [Double.nan, .infinity, -.infinity]
    let changes: [(inout HedgedOption.Moment, Double) -> Void] = [
      { $0.time = $1 }, { $0.spot = $1 }, { $0.impliedVolatility = $1 }, { $0.rate = $1 },
      { $0.carryYield = $1 },
    ]
    for index in path.indices {
      for (number, change) in changes.enumerated() {
        for value in hostile + (number == 1 || number == 2 ? [0, -1] : []) {
          var bad = path
          change(&bad[index], value)
          #expect(throws: DerivativesError.self) { try HedgedOption(option, path: bad) }
        }
      }
    }
    for time in [path[1].time, 0, 0.51, .greatestFiniteMagnitude] {
      var bad = path
      bad[2].time = time
      #expect(throws: DerivativesError.self) { try HedgedOption(option, path: bad) }
    }
    var early = path
    early[0].time = .greatestFiniteMagnitude
    #expect(throws: DerivativesError.self) { try HedgedOption(option, path: early) }
    for value in hostile + [0, -1] {
      for bad in [
        EuropeanOption(kind: .put, strike: value, timeToExpiry: 0.5),
        EuropeanOption(kind: .put, strike: 100, timeToExpiry: value),
      ] {
        #expect(throws: DerivativesError.self) { try HedgedOption(bad, path: path) }
      }
      var settings = HedgedOption.Settings()
      settings.hedge = .volatility(value)
      #expect(throws: DerivativesError.self) {
        try HedgedOption(option, path: path, settings: settings)
      }
      settings = HedgedOption.Settings()
      settings.costFraction = value == 0 ? -0.1 : value
      #expect(throws: DerivativesError.self) {
        try HedgedOption(option, path: path, settings: settings)
      }
      guard !value.isFinite else { continue }
      settings = HedgedOption.Settings()
      settings.quantity = value
      #expect(throws: DerivativesError.self) {
        try HedgedOption(option, path: path, settings: settings)
      }
    }
    // Numbers beyond the range are refused, not returned.
    var huge = path
    huge[1].rate = 1e300
    #expect(throws: DerivativesError.self) { try HedgedOption(option, path: huge) }
    var settings = HedgedOption.Settings()
    settings.quantity = 1e308
    #expect(throws: DerivativesError.self) {
      try HedgedOption(option, path: path, settings: settings)
    }
  }
}
