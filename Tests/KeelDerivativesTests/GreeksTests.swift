import KeelDerivatives
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/greeks.json`.
private struct GreeksReference: Decodable {
  let rows: [[Double]]
}

extension Greeks {
  /// All values, in the order of the reference.
  var values: [Double] { Greek.allCases.map { self[$0] } }
}

@Suite struct GreeksTests {
  @Test func matchReference() throws {
    let rows = try Reference.load(GreeksReference.self, "greeks").rows
    #expect(rows.count > 2000)
    for row in rows {
      let model = BlackScholes(
        spot: row[1], volatility: row[4], rate: row[5], carryYield: row[6])
      let option = EuropeanOption(kind: kind(row[0]), strike: row[2], timeToExpiry: row[3])
      let values = model.greeks(of: option).values
      for i in 0..<17 {
        let error = (values[i] - row[7 + i]).magnitude / row[24 + i]
        #expect(error <= 2e-15, "Greek \(i): \(values[i]) for \(row[7 + i]) in \(row.prefix(7))")
      }
    }
  }

  @Test func deltasAgreeWithEachOther() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      let model = BlackScholes(
        spot: generator.uniform(50...200), volatility: generator.uniform(0.1...2),
        rate: generator.uniform(-0.1...0.2), carryYield: generator.uniform(-0.1...0.2))
      let kind: EuropeanOption.Kind = generator.uniform() < 0.5 ? .call : .put
      let option = EuropeanOption(
        kind: kind, strike: generator.uniform(50...200), timeToExpiry: generator.uniform(0.01...3))
      let deltas = model.deltas(of: option)
      let greeks = model.greeks(of: option)
      #expect(deltas.spot == greeks.delta)
      expectClose(
        deltas.premiumAdjustedSpot, greeks.delta - greeks.price / model.spot, absolute: 2e-15)
      let forward = model.forward(timeToExpiry: option.timeToExpiry)
      let growth = exponential(model.carryYield * option.timeToExpiry)
      expectClose(deltas.forward, growth * greeks.delta, relative: 4e-15)
      expectClose(
        deltas.premiumAdjustedForward,
        deltas.forward - greeks.price * exponential(model.rate * option.timeToExpiry) / forward,
        absolute: 4e-15)
    }
  }

  @Test func limitsHoldAtTheEdges() {
    let model = BlackScholes(spot: 100, volatility: 0.5, rate: 0.1, carryYield: 0.02)
    let expired = model.greeks(of: EuropeanOption(kind: .call, strike: 90, timeToExpiry: 0))
    #expect(expired.dualDelta == -1 && expired.dualGamma == 0)
    #expect(expired.values[9...].allSatisfy { $0 == 0 || $0 == expired.charm.perYear })
    expectClose(expired.charm.perYear, 0.02, relative: 1e-15)
    let atTheMoney = model.greeks(of: EuropeanOption(kind: .call, strike: 100, timeToExpiry: 0))
    #expect(
      atTheMoney.dualGamma == .infinity && atTheMoney.veta.perUnitVolatilityAndYear == -.infinity)
    #expect(
      atTheMoney.volga.perSquaredUnit == 0 && atTheMoney.zomma.perUnitVolatility == -.infinity)
    #expect(atTheMoney.speed == -.infinity && atTheMoney.color.perYear == .infinity)
    // Just before, the values are on the way to their limits.
    let before = model.greeks(of: EuropeanOption(kind: .call, strike: 100, timeToExpiry: 1e-12))
    for (limit, value) in zip(atTheMoney.values, before.values) where limit.isInfinite {
      #expect(value.magnitude > 100 && (value < 0) == (limit < 0))
    }
  }
}
