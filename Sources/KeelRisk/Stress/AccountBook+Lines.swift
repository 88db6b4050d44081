import KeelData
import KeelDerivatives
import KeelMarkets

// The lines of an account: with their names, and as numbers alone for the loops.

extension AccountBook {
  /// A position in a listing.
  struct Line {
    let listing: Listing
    let place: Int
    let quantity: Double
    let entryPrice: Double
    let quote: MarketSnapshot.Quote?
    /// The place of its protocol among ``AccountBook/protocols``; nil for own custody.
    let owner: Int?

    /// The option with its quote; nil for what is none.
    var option: (option: ListedOption, volatility: Double, carryYield: Double)? {
      guard case .option(let option) = listing.instrument,
        case .option(let volatility, let carryYield)? = quote
      else { return nil }
      return (option, volatility, carryYield)
    }
  }

  /// What a position is worth after a change, and what it earned while time passed.
  struct Mark {
    var value: Double
    var notional: Double
    var margin: Double
    var income: Double
  }

  /// What the loops need of a line.
  struct LineTerms {
    enum Kind { case option, collateral, debt, other }

    let kind: Kind
    let place: Int
    /// The place of its protocol; −1 for own custody.
    let owner: Int
    /// The units of the underlying that options are written on.
    let units: Double
    /// Of an option its margin rate when short, of a deposit its liquidation threshold.
    let rate: Double
    let costFraction: Double
    let gas: Double

    init(_ line: Line) {
      place = line.place
      owner = line.owner ?? -1
      costFraction = line.listing.costFraction
      gas = line.listing.gas
      switch line.listing.instrument {
      case .option(let option):
        kind = line.option == nil ? .other : .option
        (units, rate) = (line.quantity * option.size, option.shortMarginRate)
      case .deposit(_, let threshold): (kind, units, rate) = (.collateral, 0, threshold)
      case .loan: (kind, units, rate) = (.debt, 0, 0)
      default: (kind, units, rate) = (.other, 0, 0)
      }
    }

    /// The mark of an option at its price.
    func mark(price: Double, spot: Double) -> Mark {
      let value = spot > 0 ? units * price : .nan
      return Mark(
        value: value, notional: value.magnitude,
        margin: units < 0
          ? ListedOption.margin(units: units, rate: rate, price: price, spot: spot) : 0, income: 0)
    }

    func exitCost(ofNotional notional: Double, gasFactor: Double, depth: Double) -> Double {
      KeelRisk.exitCost(ofNotional: notional, costFraction, gas: gas * gasFactor, depth: depth)
    }

    /// Counts a deposit or loan for the health of its protocol.
    func count(_ value: Double, in debtor: inout Debtor) {
      switch kind {
      case .collateral: debtor.collateral += rate * value
      case .debt: debtor.debt -= value
      default: break
      }
    }
  }

  /// The marks of all lines after a change.
  func marks(after change: ScenarioChange) throws(RiskError) -> [Mark] {
    var pricing = OptionPricing(self)
    return try revaluation(after: change, &pricing).marks
  }

  /// The marks of all lines after a change, and what all options are worth after failures.
  func revaluation(
    after change: ScenarioChange,
    _ pricing: inout OptionPricing
  ) throws(RiskError) -> (marks: [Mark], optionTotal: Double) {
    try pricing.update(self, after: change)
    var marks = [Mark](
      repeating: Mark(value: 0, notional: 0, margin: 0, income: 0), count: terms.count)
    for i in otherLines { marks[i] = lines[i].mark(after: change, in: market) }
    setOptionMarks(&marks, pricing, after: change)
    for i in marks.indices where !(marks[i].value.isFinite && marks[i].income.isFinite) {
      throw .unknownInstrument(lines[i].listing.id)
    }
    return (marks, pricing.total(self, after: change))
  }
}

extension AccountBook {
  private func setOptionMarks(
    _ marks: inout [Mark],
    _ pricing: OptionPricing,
    after change: ScenarioChange
  ) {
    var output = marks.mutableSpan
    let places = optionTerms.lines.span
    let lines = terms.span
    let prices = pricing.prices
    let span = prices.span
    for group in optionTerms.groups {
      let spot = market.prices[group.place] * change.growth[group.place]
      for k in group.options {
        output[places[k]] = lines[places[k]].mark(price: span[k], spot: spot)
      }
    }
  }
}

extension AccountBook.Line {
  /// The mark of everything else.
  func mark(after change: ScenarioChange, in market: MarketSnapshot) -> AccountBook.Mark {
    let exposure = exposure(after: change, in: market)
    return AccountBook.Mark(
      value: exposure.value, notional: exposure.notional, margin: exposure.margin,
      income: paysCarry ? exposure.carry.perYear * change.scenario.elapsedYears : 0)
  }

  /// What closing the position sells of its underlying, in cash; negative for a purchase.
  func sale(after change: ScenarioChange, in market: MarketSnapshot) -> Double {
    let exposure = exposure(after: change, in: market)
    switch listing.instrument {
    case .future, .perpetual: return quantity < 0 ? -exposure.notional : exposure.notional
    default: return exposure.delta * market.prices[place] * change.growth[place]
    }
  }

  private func exposure(after change: ScenarioChange, in market: MarketSnapshot) -> Exposure {
    let before = market.prices[place]
    let quote = quote.map {
      change.quote($0, of: listing, spot: before, growth: change.growth[place])
    }
    return listing.exposure(
      quantity: quantity, entryPrice: entryPrice, spot: before * change.growth[place],
      quote: quote, rate: market.rate + change.scenario.rateShift, time: change.time)
  }

  /// Whether carry is paid beside the value: a future's roll and a loan's interest are in the value.
  private var paysCarry: Bool {
    switch listing.instrument {
    case .perpetual, .pool: true
    default: false
    }
  }
}
