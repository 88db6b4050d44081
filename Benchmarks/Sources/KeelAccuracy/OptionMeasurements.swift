import Foundation
import Keel

private let blockLength = 100_000

/// Runs a body over blocks of points and joins the worst errors and the failures.
private func sweep(
  _ count: Int,
  _ body: (Range<Int>) throws -> (worst: Double, failures: Int)
) throws -> (worst: Double, failures: Int) {
  var result = (worst: 0.0, failures: 0)
  var start = 0
  while start < count {
    let end = min(start + blockLength, count)
    let block = try body(start..<end)
    result = (max(result.worst, block.worst), result.failures + block.failures)
    start = end
  }
  return result
}

/// Batch implied volatilities of prices from the double-double scalar formula.
func impliedVolatilityRoundTrip(_ count: Int) throws -> Measurement {
  let options = OptionSweep(stream: RandomStream(seed: 1), depth: 12)
  let result = try sweep(count) { range in
    let block = options.block(range)
    var prices = [Double](repeating: 0, count: range.count)
    for i in prices.indices {
      prices[i] = Black.price(
        block.kinds[i], forward: block.forwards[i], strike: block.strikes[i],
        totalVolatility: block.volatilities[i])
    }
    let columns = OptionColumns(
      kinds: block.kinds, forwards: block.forwards, strikes: block.strikes)
    var found = [Double](repeating: 0, count: range.count)
    var outcomes = [ImpliedVolatilityOutcome](repeating: .invalid, count: range.count)
    var values = found.mutableSpan
    var reasons = outcomes.mutableSpan
    try columns.impliedVolatilities(prices: prices.span, into: &values, outcomes: &reasons)
    var worst = 0.0
    var failures = 0
    for i in prices.indices {
      guard outcomes[i] == .value else {
        // A price that holds no volatility is classified; the scalar form must say the same.
        let scalar = try? Black.impliedTotalVolatility(
          block.kinds[i], price: prices[i], forward: block.forwards[i],
          strike: block.strikes[i])
        if scalar != nil || found[i].isNaN == false { failures += 1 }
        continue
      }
      let d1 =
        log(block.forwards[i] / block.strikes[i]) / block.volatilities[i]
        + block.volatilities[i] / 2
      let vega = block.forwards[i] * exp(-d1 * d1 / 2) * 0.398_942_280_401_432_7
      let conditioning = prices[i] / (vega * block.volatilities[i])
      let allowed = max(1e-12, 4 * Double.ulpOfOne * conditioning)
      let error = abs(found[i] - block.volatilities[i]) / block.volatilities[i] / allowed
      if !(error <= 1) { failures += 1 }
      worst = max(worst, error.isNaN ? .infinity : error)
    }
    return (worst, failures)
  }
  return Measurement(
    quantity: "implied volatility, batch, round trip", secondMethod: "double-double price",
    unit: "max(1e-12, 4 ε V/(σ vega))", points: count, worst: result.worst, allowed: 1,
    failures: result.failures)
}

/// The same for the scalar form.
func scalarImpliedVolatilityRoundTrip(_ count: Int) throws -> Measurement {
  let options = OptionSweep(stream: RandomStream(seed: 2), depth: 12)
  let result = try sweep(count) { range in
    let block = options.block(range)
    var worst = 0.0
    var failures = 0
    for i in 0..<range.count {
      let price = Black.price(
        block.kinds[i], forward: block.forwards[i], strike: block.strikes[i],
        totalVolatility: block.volatilities[i])
      do throws(DerivativesError) {
        let implied = try Black.impliedTotalVolatility(
          block.kinds[i], price: price, forward: block.forwards[i], strike: block.strikes[i])
        let allowed = max(1e-12, 4 * Double.ulpOfOne * implied.conditioning)
        let error =
          abs(implied.volatility - block.volatilities[i]) / block.volatilities[i] / allowed
        if !(error <= 1) { failures += 1 }
        worst = max(worst, error.isNaN ? .infinity : error)
      } catch {
        if case .iterationLimit = error { failures += 1 }
      }
    }
    return (worst, failures)
  }
  return Measurement(
    quantity: "implied volatility, scalar, round trip", secondMethod: "double-double price",
    unit: "max(1e-12, 4 ε V/(σ vega))", points: count, worst: result.worst, allowed: 1,
    failures: result.failures)
}

/// Batch prices against the scalar formula: the exact price for inputs moved by at most 4 ulp.
func batchPrices(_ count: Int) throws -> Measurement {
  let options = OptionSweep(stream: RandomStream(seed: 3), depth: 30)
  let result = try sweep(count) { range in
    let block = options.block(range)
    let columns = OptionColumns(
      kinds: block.kinds, forwards: block.forwards, strikes: block.strikes)
    let prices = try columns.prices(volatilities: block.volatilities)
    var worst = 0.0
    var failures = 0
    for i in prices.indices {
      let (forward, strike) = (block.forwards[i], block.strikes[i])
      let model = BlackScholes(
        spot: forward, volatility: block.volatilities[i], rate: 0, carryYield: 0)
      let greeks = model.greeks(
        of: EuropeanOption(kind: block.kinds[i], strike: strike, timeToExpiry: 1))
      let moved =
        abs(forward * greeks.delta) + abs(strike * greeks.dualDelta)
        + block.volatilities[i] * greeks.vega.perUnitVolatility
      let allowed = 4 * Double.ulpOfOne * (moved + greeks.price) + .leastNormalMagnitude
      let error = abs(prices[i] - greeks.price) / allowed
      if !(error <= 1) { failures += 1 }
      worst = max(worst, error.isNaN ? .infinity : error)
    }
    return (worst, failures)
  }
  return Measurement(
    quantity: "Black price, batch", secondMethod: "double-double price",
    unit: "inputs moved by 4 ulp", points: count, worst: result.worst, allowed: 1,
    failures: result.failures)
}

/// Parity of scalar prices, undiscounted.
func parity(_ count: Int) throws -> Measurement {
  let options = OptionSweep(stream: RandomStream(seed: 4), depth: 30)
  let result = try sweep(count) { range in
    let block = options.block(range)
    var worst = 0.0
    for i in 0..<range.count {
      let (forward, strike) = (block.forwards[i], block.strikes[i])
      func price(_ kind: EuropeanOption.Kind) -> Double {
        Black.price(
          kind, forward: forward, strike: strike, totalVolatility: block.volatilities[i])
      }
      let (call, put) = (price(.call), price(.put))
      let largest = max(call, put, forward, strike)
      worst = max(worst, abs(call - put - (forward - strike)) / largest.ulp)
    }
    return (worst, worst <= 2 ? 0 : 1)
  }
  return Measurement(
    quantity: "put-call parity, scalar", secondMethod: "C − P − (F − K)",
    unit: "ulp of the largest of C, P, F, K", points: count, worst: result.worst, allowed: 2,
    failures: result.failures)
}
