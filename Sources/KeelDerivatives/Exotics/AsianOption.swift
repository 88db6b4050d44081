import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An option on the average of the spot price over some fixings.
public struct AsianOption: Hashable, Sendable, Codable {
  /// Call or put.
  public var kind: EuropeanOption.Kind

  /// The strike, in cash.
  public var strike: Double

  /// The times to the fixings to come, in years: not negative, none after expiry, in any order.
  public var fixingTimes: [Double]

  /// The fixings so far, in cash: positive.
  public var pastFixings: [Double]

  /// The time to the payment in years (ACT/365 fixed).
  public var timeToExpiry: Double

  /// Creates an option.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strike: The strike, in cash.
  ///   - fixingTimes: The times to the fixings to come, in years.
  ///   - pastFixings: The fixings so far, in cash.
  ///   - timeToExpiry: The time to the payment in years, not before the last fixing.
  public init(
    kind: EuropeanOption.Kind,
    strike: Double,
    fixingTimes: [Double],
    pastFixings: [Double] = [],
    timeToExpiry: Double
  ) {
    self.kind = kind
    self.strike = strike
    self.fixingTimes = fixingTimes
    self.pastFixings = pastFixings
    self.timeToExpiry = timeToExpiry
  }

  /// Whether there are fixings, all in order.
  var isValid: Bool {
    !(fixingTimes.isEmpty && pastFixings.isEmpty)
      && fixingTimes.allSatisfy { $0 >= 0 && $0 <= timeToExpiry }
      && pastFixings.allSatisfy { $0 > 0 && $0.isFinite }
  }
}

extension BlackScholes {
  /// The price of an option on the geometric average.
  ///
  /// The average of normal logarithms is normal, so that this is the Black formula. Expired or at zero volatility it is
  /// the limit. Source: A. G. Z. Kemna and A. C. F. Vorst, "A pricing method for options based on average asset
  /// values", Journal of Banking and Finance 14 (1990), for fixings at given times.
  ///
  /// - Parameter option: The option; strike and time finite and not negative.
  /// - Returns: The price in cash; NaN when an argument is outside its domain, or without fixings.
  /// - Complexity: O(n log n) for n fixings.
  public func geometricPrice(of option: AsianOption) -> Double {
    guard isInDomain(option) else { return .nan }
    guard spot > 0 || option.fixingTimes.isEmpty else {
      let payoff = option.kind == .put ? option.strike : 0
      return Carry.discounted(payoff, rate: rate, time: option.timeToExpiry)
    }
    let average = GeometricAverage(of: option, self)
    let price = Black.price(
      option.kind, forward: average.forward, strike: option.strike,
      totalVolatility: average.deviation)
    return Carry.discounted(price, rate: rate, time: option.timeToExpiry)
  }

  /// The price of an option on the arithmetic average, by simulation.
  ///
  /// The geometric average of the same path, whose price is known, takes away most of the error: it is some
  /// hundredth of what the same paths give without it. Every path is run with its mirror image.
  ///
  /// - Parameters:
  ///   - option: The option; strike and time finite and not negative.
  ///   - pairCount: The number of pairs of paths: 2 to 10⁸.
  ///   - seed: The seed of the random numbers; the same seed gives the same price.
  /// - Returns: The price with its standard error.
  /// - Throws: `DerivativesError.invalidValue` for an argument outside its domain, or without fixings.
  /// - Complexity: O(n · pairCount) for n fixings; memory O(n).
  public func arithmeticPrice(
    of option: AsianOption,
    pairCount: Int,
    seed: UInt64
  ) throws(DerivativesError) -> SimulatedPrice {
    guard (2...100_000_000).contains(pairCount) else {
      throw .invalidValue(
        argument: "pairCount", got: Double(pairCount), lowest: 2, highest: 100_000_000)
    }
    try requireDomain(option)
    let discount = Carry.discounted(1, rate: rate, time: option.timeToExpiry)
    let known = geometricPrice(of: option)
    var paths = AveragedPaths(of: option, self, seed: seed)
    var difference = PairedMoments()
    for pair in 0..<pairCount {
      let payoffs = paths.payoffs(pair)
      difference.add(discount * (payoffs.arithmetic - payoffs.geometric), 0)
    }
    // A slope of one: both averages move together, and no slope has to be estimated.
    let (mean, error) = difference.controlledMean
    return SimulatedPrice(
      price: known + mean, standardError: error, pathCount: 2 * pairCount)
  }

  private func isInDomain(_ option: AsianOption) -> Bool {
    Black.isAmount(spot) && Black.isAmount(option.strike) && Black.isAmount(option.timeToExpiry)
      && Black.isAmount(volatility) && rate.isFinite && carryYield.isFinite && option.isValid
  }

  private func requireDomain(_ option: AsianOption) throws(DerivativesError) {
    for (value, name) in [
      (spot, "spot"), (volatility, "volatility"), (option.strike, "strike"),
      (option.timeToExpiry, "timeToExpiry"),
    ] where !Black.isAmount(value) {
      throw .invalidValue(
        argument: name, got: value, lowest: 0, highest: .greatestFiniteMagnitude)
    }
    try requireFinite(rate, "rate")
    try requireFinite(carryYield, "carryYield")
    for time in option.fixingTimes where !(time >= 0 && time <= option.timeToExpiry) {
      throw .invalidValue(
        argument: "fixingTimes", got: time, lowest: 0, highest: option.timeToExpiry)
    }
    for fixing in option.pastFixings { try requirePositive(fixing, "pastFixings") }
    if option.fixingTimes.isEmpty && option.pastFixings.isEmpty {
      throw .invalidValue(
        argument: "count of fixings", got: 0, lowest: 1, highest: .greatestFiniteMagnitude)
    }
  }
}

/// A price from a simulation.
public struct SimulatedPrice: Hashable, Sendable {
  /// The price, in cash.
  public let price: Double

  /// The standard error of the price, in cash.
  public let standardError: Double

  /// The number of paths.
  public let pathCount: Int
}

/// The normal distribution of the logarithm of the geometric average.
private struct GeometricAverage {
  let forward: Double
  let deviation: Double

  init(of option: AsianOption, _ model: BlackScholes) {
    let times = option.fixingTimes.sorted()
    let count = Double(times.count + option.pastFixings.count)
    var (logarithm, variance) = (CompensatedSum(), CompensatedSum())
    for fixing in option.pastFixings { logarithm.add(log(fixing)) }
    let drift = model.rate - model.carryYield - model.volatility * model.volatility / 2
    for (i, time) in times.enumerated() {
      logarithm.add(log(model.spot) + drift * time)
      // Σ min(t_i, t_j): a time counts twice for each later one, and once for itself.
      variance.add(time * Double(2 * (times.count - i) - 1))
    }
    deviation = model.volatility * variance.value.squareRoot() / count
    forward = exp(logarithm.value / count + deviation * deviation / 2)
  }
}

/// Paths over the fixings, each with its mirror image.
private struct AveragedPaths {
  private let option: AsianOption
  private let spot: Double
  private let stream: RandomStream
  private let growths: [Double]
  private let deviations: [Double]
  private let pastSum: Double
  private let pastLogarithm: Double
  private let count: Double
  private var draws: [Double]

  init(of option: AsianOption, _ model: BlackScholes, seed: UInt64) {
    self.option = option
    spot = model.spot
    stream = RandomStream(seed: seed)
    let times = option.fixingTimes.sorted()
    let steps = times.indices.map { times[$0] - ($0 > 0 ? times[$0 - 1] : 0) }
    let drift = model.rate - model.carryYield - model.volatility * model.volatility / 2
    growths = steps.map { drift * $0 }
    deviations = steps.map { model.volatility * $0.squareRoot() }
    pastSum = option.pastFixings.reduce(0, +)
    pastLogarithm = option.pastFixings.reduce(0) { $0 + log($1) }
    count = Double(times.count + option.pastFixings.count)
    draws = [Double](repeating: 0, count: times.count)
  }

  /// The mean payoffs of a path and its mirror image on both averages.
  mutating func payoffs(_ pair: Int) -> (arithmetic: Double, geometric: Double) {
    draw(UInt64(pair) &* UInt64(growths.count), from: stream)
    var total = (arithmetic: 0.0, geometric: 0.0)
    for sign in [1.0, -1.0] {
      var (sum, logarithm, position) = (pastSum, pastLogarithm, 0.0)
      for i in growths.indices {
        position += growths[i] + sign * deviations[i] * draws[i]
        sum += spot * exp(position)
        logarithm += position
      }
      let start = spot > 0 ? log(spot) : -.infinity
      let exponent =
        growths.isEmpty ? logarithm : logarithm + Double(growths.count) * start
      total.arithmetic += payoff(sum / count)
      total.geometric += payoff(exp(exponent / count))
    }
    return (total.arithmetic / 2, total.geometric / 2)
  }

  private mutating func draw(_ index: UInt64, from stream: RandomStream) {
    var span = draws.mutableSpan
    stream.fillNormal(&span, from: index)
  }

  private func payoff(_ average: Double) -> Double {
    max(0, option.kind == .call ? average - option.strike : option.strike - average)
  }
}
