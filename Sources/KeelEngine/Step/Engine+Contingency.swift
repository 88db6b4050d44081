import KeelData
import KeelMarkets

// What was prepared for a breaker: sells and closing orders only, so that no breaker ever makes an account larger.

extension Engine {
  /// Adds the trades and orders of every breaker that asks for its contingency, in the order of names; each sees the
  /// account as those before it would leave it.
  func prepareContingency(
    _ draft: inout DecisionDraft,
    _ view: DecisionView
  ) throws(EngineError) {
    for name in draft.verdict.causes {
      switch strategy.contingencies[name] ?? .deRisk(cashFraction: 1) {
      case .deRisk(let fraction): try deRisk(&draft, view, to: fraction)
      case .withdraw(let protocolName):
        withdraw(&draft, try planned(draft, view), view.catalog, from: protocolName)
      case .repay(let factor):
        try repay(&draft, try planned(draft, view), view.catalog, to: factor)
      case .hedge(let underlying, let contract):
        let decimals = view.account.position(contract)?.quantity.decimals ?? 0
        let rule = try DeltaHedgeRule(
          underlying: underlying, band: HedgeBand(lower: 0, target: 0, upper: 0),
          lots: [contract: smallestUnit(decimals, of: contract)], horizonYears: 0)
        draft.orders += try rule.orders(after: planned(draft, view), view)
      }
    }
    draft.countCosts()
  }

  /// One unit of the last decimal.
  private func smallestUnit(_ decimals: Int, of id: AssetID) throws(EngineError) -> Amount {
    do throws(DataError) {
      return try Amount(baseUnits: 1, decimals: decimals)
    } catch {
      throw EngineError(error, asset: id)
    }
  }

  /// Sells in proportion; two breakers that both want cash get the larger share.
  private func deRisk(
    _ draft: inout DecisionDraft,
    _ view: DecisionView,
    to cashFraction: Double
  ) throws(EngineError) {
    let cash = view.weights[view.account.cash] ?? 0
    guard cash < cashFraction, cash < 1 else { return }
    let scale = max((1 - cashFraction) / (1 - cash), 0)
    let target: Weights
    do throws(DataError) {
      target = try Weights(
        universe: view.weights.universe, values: view.weights.values.map { max($0, 0) * scale })
    } catch {
      throw EngineError(error, asset: view.account.cash)
    }
    let plan = try strategy.planner.plan(
      holdings: view.account.holdings, prices: view.prices, target: target)
    let sells = plan.trades.filter { $0.side == .sell }
    let value = sells.reduce(0) { $0 + $1.value.doubleValue }
    if value > draft.trades.reduce(0, { $0 + $1.value.doubleValue }) {
      draft.trades = sells
      draft.target = target
    }
  }

  private func withdraw(
    _ draft: inout DecisionDraft,
    _ now: PlannedAccount,
    _ catalog: Catalog,
    from protocolName: String
  ) {
    for (position, exposure) in zip(now.account.positions, now.valuation.positions) {
      guard let listing = catalog[position.id], listing.protocolName == protocolName,
        let closing = try? position.quantity.negated()
      else { continue }
      if case .loan = listing.instrument { continue }
      draft.orders.append(
        ContractOrder(
          position.id, quantity: closing, cost: listing.cost(ofNotional: exposure.notional)))
    }
  }

  /// Repays with the cash at hand, protocol by protocol in the order of names.
  private func repay(
    _ draft: inout DecisionDraft,
    _ now: PlannedAccount,
    _ catalog: Catalog,
    to healthFactor: Double
  ) throws(EngineError) {
    var cash = now.account.holdings[now.account.cash]?.doubleValue ?? 0
    for venue in now.valuation.protocols where venue.healthFactor < healthFactor {
      for (position, exposure) in zip(now.account.positions, now.valuation.positions) {
        guard let listing = catalog[position.id], listing.protocolName == venue.name,
          case .loan = listing.instrument, exposure.value < 0
        else { continue }
        let missing = -exposure.value * (1 - venue.healthFactor / healthFactor)
        let paid = min(missing, cash - listing.gas)
        guard paid > 0 else { continue }
        cash -= paid + listing.cost(ofNotional: paid)
        do throws(DataError) {
          let share = paid / -exposure.value
          let units = try position.quantity.multiplied(by: share, rounding: .towardZero)
          draft.orders.append(
            ContractOrder(
              position.id, quantity: try units.negated(), cost: listing.cost(ofNotional: paid)))
        } catch {
          throw EngineError(error, asset: position.id)
        }
      }
    }
  }
}
