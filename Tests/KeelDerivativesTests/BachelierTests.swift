import KeelDerivatives
import KeelTestSupport
import Testing

/// The rows of `Tests/Reference/normal_model.json`.
private struct NormalReference: Decodable {
  let prices: [[Double]]
  let greeks: [[Double]]
}

@Suite struct BachelierTests {
  @Test func pricesMatchReference() throws {
    let rows = try Reference.load(NormalReference.self, "normal_model").prices
    #expect(rows.count >= 2500)
    for row in rows {
      let price = Bachelier.price(
        kind(row[0]), forward: row[1], strike: row[2], totalDeviation: row[3])
      #expect((price - row[4]).magnitude <= 6 * row[4].ulp, "\(price) in \(row)")
    }
  }

  @Test func greeksMatchReference() throws {
    let rows = try Reference.load(NormalReference.self, "normal_model").greeks
    for row in rows {
      let model = Bachelier(forward: row[1], volatility: row[4], rate: row[5])
      let option = EuropeanOption(kind: kind(row[0]), strike: row[2], timeToExpiry: row[3])
      let values = model.greeks(of: option).values.enumerated().filter { $0.offset != 6 }
        .map(\.element)
      // Where a polynomial of d vanishes, or two terms cancel, the error is relative to the terms.
      let d = (row[1] - row[2]) / (row[4] * row[3].squareRoot())
      let size = (1 + d * d) / row[3]
      let (gamma, vega) = (values[2], values[3])
      let scales = [
        0, 0, 0, 0, vega * row[4] * size, 0, 0, 0, 0, 0, vega / row[4] / row[3].squareRoot() * size,
        vega * size, 0, gamma / row[4] * (1 + d * d), gamma * size,
        vega / (row[4] * row[4]) * d * d
          * (3 + d * d),
      ]
      for i in values.indices {
        let reference = row[6 + i]
        let scale = max(reference.magnitude, i < scales.count ? scales[i] : 0)
        #expect(
          (values[i] - reference).magnitude <= 3e-15 * scale,
          "Greek \(i): \(values[i]) for \(reference) in \(row)")
      }
    }
  }

  @Test func impliedDeviationsRoundTrip() throws {
    for row in try Reference.load(NormalReference.self, "normal_model").prices {
      let isOutOfTheMoney = (row[2] >= row[1]) == (row[0] == 0)
      guard isOutOfTheMoney else { continue }
      let implied = try Bachelier.impliedTotalDeviation(
        kind(row[0]), price: row[4], forward: row[1], strike: row[2])
      let bound = max(4e-16, 8 * implied.relativeUncertainty)
      expectClose(implied.volatility, row[3], relative: bound)
      #expect(implied.iterationCount <= 12)
    }
  }

  @Test(arguments: 1...20)
  func parityAndInversion(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<200 {
      let model = Bachelier(
        forward: generator.uniform(-100...100), volatility: power(10, generator.uniform(-2...2)),
        rate: generator.uniform(-0.1...0.2))
      let time = power(10, generator.uniform(-3...1))
      let strike =
        model.forward + generator.uniform(-6...6) * model.volatility * time.squareRoot()
      let call = EuropeanOption(kind: .call, strike: strike, timeToExpiry: time)
      let put = EuropeanOption(kind: .put, strike: strike, timeToExpiry: time)
      let growth = exponential(model.rate * time)
      let parity = (model.price(of: call) - model.price(of: put)) * growth
      expectClose(
        parity, model.forward - strike,
        absolute: 8e-16
          * (model.price(of: call) * growth + model.forward.magnitude + strike.magnitude))
      let option = strike >= model.forward ? call : put
      let implied = try Bachelier.impliedVolatility(
        of: option, price: model.price(of: option), forward: model.forward, rate: model.rate)
      expectClose(
        implied.volatility, model.volatility,
        relative: max(1e-14, 8 * implied.relativeUncertainty))
    }
  }

  @Test func limitsAndHostileNumbers() {
    #expect(Bachelier.price(.call, forward: -3, strike: -5, totalDeviation: 0) == 2)
    #expect(Bachelier.price(.put, forward: -3, strike: -5, totalDeviation: 0) == 0)
    #expect(Bachelier.price(.call, forward: 1, strike: 1, totalDeviation: .infinity) == .infinity)
    for number in hostileNumbers {
      for place in 0..<5 {
        var inputs = [100.0, 20, 0.05, 110, 0.5]
        inputs[place] = number
        let model = Bachelier(forward: inputs[0], volatility: inputs[1], rate: inputs[2])
        for kind in EuropeanOption.Kind.allCases {
          let option = EuropeanOption(kind: kind, strike: inputs[3], timeToExpiry: inputs[4])
          let values = model.greeks(of: option).values
          let isOutside = !number.isFinite || (number < 0 && (place == 1 || place == 4))
          let undefined = values.count { $0.isNaN }
          if isOutside {
            #expect(undefined == values.count, "\(inputs)")
          } else if number.magnitude < 1e299 {
            #expect(undefined == 0, "\(inputs) \(values)")
          }
        }
        let isValid = inputs.count { $0.isFinite } == inputs.count
        do {
          _ = try Bachelier.impliedVolatility(
            of: EuropeanOption(kind: .call, strike: inputs[3], timeToExpiry: inputs[4]),
            price: inputs[1], forward: inputs[0], rate: inputs[2])
          #expect(isValid, "\(inputs)")
        } catch {
          if case .iterationLimit = error { Issue.record("\(inputs) \(error)") }
        }
      }
    }
  }
}
