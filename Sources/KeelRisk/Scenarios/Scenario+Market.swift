public import KeelData
import KeelDerivatives
public import KeelMarkets

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// A market after a shock.
//
// With growth g = 1 + move, time τ, basis F/S and life T:
//
//   spot S g;   perpetual F g;   future S g (F/S)^(T′/T) e^((Δr + Δb) T′), T′ = max(T − τ, 0)
//   volatility max(v factor + (shift + skew ln(K/S)) (30 days/T)^γ, 0), T at least a day
//   index I e^(rτ) at the rate before the shift, until a maturity
//
// A scenario of nothing changes no bit: every factor is exactly one then.

/// How a scenario changes the quotes of one market.
struct ScenarioChange {
  let scenario: Scenario
  let cash: AssetID
  let universe: Universe

  /// One plus the move of each asset.
  private(set) var growth: [Double]

  /// The time after the shock.
  let time: Timestamp

  private let before: Timestamp

  init(
    _ scenario: Scenario,
    of market: MarketSnapshot,
    cash: AssetID
  ) throws(RiskError) {
    guard market.universe.position(of: cash) != nil else { throw .unknownInstrument(cash) }
    guard market.prices.count == market.universe.count else {
      throw .shapeMismatch(
        argument: "prices", got: market.prices.count, required: market.universe.count)
    }
    self.scenario = scenario
    self.cash = cash
    universe = market.universe
    growth = try scenario.growth(in: market.universe, cash: cash)
    try scenario.check()
    before = market.time
    time = try Self.advance(market.time, by: scenario.elapsedYears)
  }

  /// The same change with another move of one asset, which stays above −1.
  func moving(_ place: Int, by move: Double) -> ScenarioChange {
    var change = self
    change.growth[place] = 1 + max(move, Double(-1).nextUp)
    return change
  }

  /// Sets the growth of one asset, which is above zero.
  mutating func setGrowth(_ value: Double, at place: Int) { growth[place] = value }

  /// The quote of a listing after the shock.
  func quote(_ quote: MarketSnapshot.Quote, of listing: Listing, spot: Double, growth: Double)
    -> MarketSnapshot.Quote
  {
    switch quote {
    case .contract(let price, let funding):
      var after = funding
      if let funding {
        let shift = scenario.fundingShift / funding.interval.intervalsPerYear
        after?.fraction += funding.whenPositive == .longPaysShort ? shift : -shift
      }
      let factor = listing.instrument.expiry.map { basisFactor(price / spot, expiry: $0) } ?? 1
      return .contract(price: price * growth * factor, funding: after)
    case .option(let volatility, let carryYield):
      var (moneyness, life) = (0.0, Self.referenceLife)
      if case .option(let option) = listing.instrument {
        (moneyness, life) = (log(option.strike / spot), option.expiry.years(since: before))
      }
      let shift = volatilityShift(moneyness, termFactor: termFactor(life))
      return .option(
        volatility: self.volatility(volatility, shift: shift), carryYield: carryYield)
    case .pool:
      return quote
    case .lending(let index, let rate):
      return .lending(
        index: index * exp(rate * scenario.elapsedYears), ratePerYear: rate + scenario.rateShift)
    case .yieldSplit(let index, let rate, let implied):
      let life = listing.instrument.expiry.map { max($0.years(since: before), 0) } ?? 0
      return .yieldSplit(
        index: index * exp(rate * min(scenario.elapsedYears, life)),
        ratePerYear: rate + scenario.rateShift, impliedRate: implied + scenario.rateShift)
    }
  }

  /// A volatility after the shock; one that is not a number stays so, and is found where it is used.
  func volatility(_ volatility: Double, shift: Double) -> Double {
    let shocked = volatility * scenario.volatilityFactor + shift
    return shocked < 0 ? 0 : shocked
  }

  /// What is added to a volatility at a log-moneyness `ln(K/S)`.
  func volatilityShift(_ moneyness: Double, termFactor: Double) -> Double {
    (scenario.volatilityShift + scenario.volatilitySkewShift * moneyness) * termFactor
  }

  /// What a life before the shock makes of shifts.
  func termFactor(_ life: Double) -> Double {
    Self.termFactor(life, exponent: scenario.volatilityTermExponent)
  }

  /// What a life makes of shifts under an exponent.
  static func termFactor(_ life: Double, exponent: Double) -> Double {
    exponent == 0 ? 1 : pow(referenceLife / max(life, shortestLife), exponent)
  }

  /// The life whose volatility moves by the shift itself: 30 days.
  private static let referenceLife = 30.0 / 365

  /// The life that shorter ones count as: a day, so that shifts stay finite.
  private static let shortestLife = 1.0 / 365

  /// The share of a dated basis that time leaves, and what rate and basis add to it.
  private func basisFactor(_ basis: Double, expiry: Timestamp) -> Double {
    let life = expiry.years(since: before)
    guard life > 0 else { return 1 }
    let left = max(expiry.years(since: time), 0)
    return pow(basis, left / life - 1) * exp((scenario.rateShift + scenario.basisShift) * left)
  }

  private static func advance(
    _ time: Timestamp,
    by years: Double
  ) throws(RiskError) -> Timestamp {
    let secondsPerYear = 31_536_000.0
    do throws(DataError) {
      return try time.advanced(bySeconds: Int((years * secondsPerYear).rounded()))
    } catch {
      throw .invalidValue(
        argument: "elapsedYears", got: years, lowest: 0,
        highest: Timestamp.distantFuture.years(since: time))
    }
  }
}

extension Scenario {
  /// The market after the shock.
  ///
  /// Quotes of listings move with their underlyings; quotes of names that the catalog lacks stay. Failures change no
  /// market: they take from positions, in ``StressTest``.
  ///
  /// - Parameters:
  ///   - market: The market before.
  ///   - catalog: The instruments of its quotes.
  ///   - cash: The asset that everything is valued in, which never moves.
  /// - Returns: The market after.
  /// - Throws: `RiskError.invalidValue`, `.shapeMismatch`, or `.unknownInstrument` for an asset that the market lacks.
  /// - Complexity: O(assets + quotes).
  public func applied(
    to market: MarketSnapshot,
    catalog: Catalog,
    cash: AssetID
  ) throws(RiskError) -> MarketSnapshot {
    let change = try ScenarioChange(self, of: market, cash: cash)
    var after = market
    after.time = change.time
    after.rate += rateShift
    for place in after.prices.indices { after.prices[place] *= change.growth[place] }
    var lacking: (id: AssetID, underlying: AssetID)?
    for (id, quote) in market.quotes {
      guard let listing = catalog[id] else { continue }
      guard let place = market.universe.position(of: listing.instrument.underlying) else {
        // The first by name, whatever the order of the quotes.
        if lacking.map({ id < $0.id }) ?? true { lacking = (id, listing.instrument.underlying) }
        continue
      }
      after.quotes[id] = change.quote(
        quote, of: listing, spot: market.prices[place], growth: change.growth[place])
    }
    if let lacking { throw .unknownInstrument(lacking.underlying) }
    return after
  }
}
