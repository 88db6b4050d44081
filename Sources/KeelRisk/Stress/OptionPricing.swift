import KeelData
import KeelDerivatives
import KeelMarkets
import KeelNumerics

// All options of an account by one call of the batch kernels, again and again in the same memory.
//
// Goals in order: the bits of a price do not depend on what was priced before, no allocation in a scenario, loops that
// cost a fraction of the kernel. Times and volatilities are written only when what the scenario says of them changes.

extension AccountBook {
  /// What the options are, beside their columns; one element for each option.
  struct OptionTerms {
    /// The places among the lines.
    let lines: [Int]
    /// The options on one underlying, with its place in the market; one group after the other.
    let groups: [(place: Int, options: Range<Int>)]
    /// The units of the underlying that they are written on.
    let units: [Double]
    let volatilities: [Double]
    /// `ln(K/S)` before any change.
    let logMoneyness: [Double]
    /// The lives before any change, in years; negative when expired.
    let lives: [Double]
    let expiries: [Timestamp]

    /// The runs of equal places.
    static func groups(of places: [Int]) -> [(place: Int, options: Range<Int>)] {
      var groups: [(place: Int, options: Range<Int>)] = []
      for (option, place) in places.enumerated() {
        if let last = groups.last, last.place == place {
          groups[groups.count - 1].options = last.options.lowerBound..<(option + 1)
        } else {
          groups.append((place, option..<(option + 1)))
        }
      }
      return groups
    }
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
  private var shock = VolatilityShock(Scenario("before"))

  /// What a scenario says of volatilities.
  private struct VolatilityShock: Equatable {
    let factor: Double
    let shift: Double
    let skewShift: Double
    let termExponent: Double

    init(_ scenario: Scenario) {
      factor = scenario.volatilityFactor
      shift = scenario.volatilityShift
      skewShift = scenario.volatilitySkewShift
      termExponent = scenario.volatilityTermExponent
    }
  }

  /// Takes the memory.
  init(_ book: AccountBook) {
    columns = book.options
    volatilities = book.optionTerms.volatilities
    prices = [Double](repeating: 0, count: volatilities.count)
    time = book.market.time
    termFactors = [Double](repeating: 1, count: volatilities.count)
    // What is below zero becomes zero even without a shock.
    for i in volatilities.indices where volatilities[i] < 0 { volatilities[i] = 0 }
  }

  /// Prices the options of the same book after a change.
  mutating func update(_ book: AccountBook, after change: ScenarioChange) throws(RiskError) {
    guard !prices.isEmpty else { return }
    let terms = book.optionTerms
    columns.rates[0] = book.market.rate + change.scenario.rateShift
    Self.set(&columns.spots, terms.groups, book.market.prices, after: change)
    if change.time != time {
      time = change.time
      for i in terms.expiries.indices {
        columns.timesToExpiry[i] = max(terms.expiries[i].years(since: time), 0)
      }
    }
    let shock = VolatilityShock(change.scenario)
    if shock != self.shock {
      if shock.termExponent != self.shock.termExponent {
        for i in termFactors.indices { termFactors[i] = change.termFactor(terms.lives[i]) }
      }
      self.shock = shock
      Self.set(&volatilities, terms, termFactors, after: change)
    }
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

  /// What all options are worth together, after failures.
  func total(_ book: AccountBook, after change: ScenarioChange) -> Double {
    guard !prices.isEmpty else { return 0 }
    // A price is never below zero, so that a value has the sign of the units.
    for group in book.optionTerms.groups
    where !(book.market.prices[group.place] * change.growth[group.place] > 0) {
      return .nan
    }
    guard !change.scenario.failures.isEmpty else {
      return Kernels.dot(book.optionTerms.units.span, prices.span)
    }
    let kept = book.keptShares(change.scenario)
    var units = book.optionTerms.units
    for (k, i) in book.optionTerms.lines.enumerated()
    where book.terms[i].owner >= 0 && units[k] > 0 { units[k] *= kept[book.terms[i].owner] }
    return Kernels.dot(units.span, prices.span)
  }

  private static func set(
    _ spots: inout [Double],
    _ groups: [(place: Int, options: Range<Int>)],
    _ before: [Double],
    after change: ScenarioChange
  ) {
    var output = spots.mutableSpan
    for group in groups {
      let spot = before[group.place] * change.growth[group.place]
      for i in group.options { output[i] = spot }
    }
  }

  private static func set(
    _ volatilities: inout [Double],
    _ terms: AccountBook.OptionTerms,
    _ termFactors: [Double],
    after change: ScenarioChange
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
    let (moneyness, factors) = (terms.logMoneyness.span, termFactors.span)
    guard moneyness.count == output.count, factors.count == output.count else { return }
    for i in output.indices {
      let shift = change.volatilityShift(moneyness[i], termFactor: factors[i])
      output[i] = change.volatility(before[i], shift: shift)
    }
  }
}
