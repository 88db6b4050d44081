import KeelData
import KeelDerivatives
import KeelMarkets

// All options of an account by one call of the batch kernels, again and again in the same memory.
//
// Goals in order: the bits of a price do not depend on what was priced before, no allocation in a scenario, loops that
// cost a fraction of the kernel. Times are written only when the time of the scenario changes, powers of lives only
// when their exponent does.

extension AccountBook {
  /// What the options are, beside their columns; one element for each option.
  struct OptionTerms {
    /// The places among the lines.
    let lines: [Int]
    /// The places of the underlyings in the market.
    let places: [Int]
    /// The units of the underlying that they are written on.
    let units: [Double]
    let volatilities: [Double]
    /// `ln(K/S)` before any change.
    let logMoneyness: [Double]
    /// The lives before any change, in years; negative when expired.
    let lives: [Double]
    let expiries: [Timestamp]
  }
}

/// The options of a book after a change, in memory that is kept.
struct OptionPricing {
  /// The prices, one for each option.
  private(set) var prices: [Double]

  /// The options after the change.
  private(set) var columns: OptionColumns

  private var volatilities: [Double]
  private var time: Timestamp
  private var termFactors: [Double]
  private var termExponent = 0.0

  /// Takes the memory.
  init(_ book: AccountBook) {
    columns = book.options
    volatilities = book.optionTerms.volatilities
    prices = [Double](repeating: 0, count: volatilities.count)
    time = book.market.time
    termFactors = [Double](repeating: 1, count: volatilities.count)
  }

  /// Prices the options of the same book after a change.
  mutating func update(_ book: AccountBook, after change: ScenarioChange) throws(RiskError) {
    guard !prices.isEmpty else { return }
    let terms = book.optionTerms
    columns.rates[0] = book.market.rate + change.scenario.rateShift
    Self.grow(&columns.spots, from: book.options.spots, by: change.growth, at: terms.places)
    if change.time != time {
      time = change.time
      for i in terms.expiries.indices {
        columns.timesToExpiry[i] = max(terms.expiries[i].years(since: time), 0)
      }
    }
    let exponent = change.scenario.volatilityTermExponent
    if exponent != termExponent {
      termExponent = exponent
      for i in termFactors.indices { termFactors[i] = change.termFactor(terms.lives[i]) }
    }
    Self.shock(&volatilities, terms, termFactors, by: change)
    try Self.price(columns, volatilities, into: &prices)
  }

  private static func price(
    _ columns: OptionColumns,
    _ volatilities: [Double],
    into prices: inout [Double]
  ) throws(RiskError) {
    var output = prices.mutableSpan
    do throws(DerivativesError) {
      try columns.prices(volatilities: volatilities.span, into: &output)
    } catch {
      throw .shapeMismatch(
        argument: "options", got: volatilities.count, required: columns.kinds.count)
    }
  }

  private static func grow(
    _ spots: inout [Double],
    from before: [Double],
    by growth: [Double],
    at places: [Int]
  ) {
    var output = spots.mutableSpan
    let (before, growth, places) = (before.span, growth.span, places.span)
    guard before.count == output.count, places.count == output.count else { return }
    for i in output.indices { output[i] = before[i] * growth[places[i]] }
  }

  private static func shock(
    _ volatilities: inout [Double],
    _ terms: AccountBook.OptionTerms,
    _ termFactors: [Double],
    by change: ScenarioChange
  ) {
    var output = volatilities.mutableSpan
    let before = terms.volatilities.span
    guard before.count == output.count else { return }
    let scenario = change.scenario
    if scenario.volatilitySkewShift == 0, scenario.volatilityTermExponent == 0 {
      let (factor, shift) = (scenario.volatilityFactor, scenario.volatilityShift)
      for i in output.indices {
        let shocked = before[i] * factor + shift
        output[i] = shocked < 0 ? 0 : shocked
      }
      return
    }
    for i in output.indices {
      let shift = change.volatilityShift(terms.logMoneyness[i], termFactor: termFactors[i])
      output[i] = change.volatility(before[i], shift: shift)
    }
  }
}
