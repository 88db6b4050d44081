import FuzzInput
import Keel

/// Option formulas of any numbers: prices inside their bounds or NaN; inversions end.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(data, count)
  let kind: EuropeanOption.Kind = input.byte() % 2 == 0 ? .call : .put
  let (forward, strike, volatility, price) = (
    input.number(), input.number(), input.number(), input.number()
  )
  let value = Black.price(kind, forward: forward, strike: strike, totalVolatility: volatility)
  let largest = kind == .call ? forward : strike
  precondition(value.isNaN || (value >= 0 && value <= largest), "a price out of bounds")
  if let implied = try? Black.impliedTotalVolatility(
    kind, price: price, forward: forward, strike: strike)
  {
    precondition(implied.volatility >= 0, "a negative volatility")
  }
  let market = BlackScholes(
    spot: forward, volatility: volatility, rate: input.number(), carryYield: input.number())
  _ = market.greeks(
    of: EuropeanOption(kind: kind, strike: strike, timeToExpiry: input.number()))
  if let law = try? StudentT(
    location: forward, scale: strike, degreesOfFreedom: input.number())
  {
    let probability = law.cdf(price)
    precondition(probability.isNaN || (0...1).contains(probability), "a probability out of bounds")
    _ = law.quantile(price)
    _ = law.expectedShortfall(confidence: price)
  }
  return 0
}
