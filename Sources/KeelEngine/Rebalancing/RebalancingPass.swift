import KeelData

// One pass of the planner: the trades that lead from a state toward the target.
//
// Goals in order: cash never below zero with every cost counted exactly, the same trades for any
// order of the assets, few passes.
//
// Method: the value after costs V′ solves V′ = V − cost(V′) by iteration (the costs are a small
// fraction of the traded value, so it contracts). Legs w*V′ − v on the decision grid are dropped
// where they are inside the band, below a lot or the minimum, or not worth their gas. Sales are
// rounded down to lots. Purchases share what cash is left above the target's own cash by one
// common factor; a leg that the factor makes too small gives its share to the others.

struct RebalancingPass {
  /// One asset other than cash, in the order of names.
  struct Line {
    let asset: AssetID
    let position: Int
    let price: Double
    let targetWeight: Double
    let lot: Amount
    let minimum: Amount
    var held: Amount

    var value: Double { held.doubleValue * price }
  }

  /// What a pass found out.
  struct Result {
    var trades: [Trade] = []
    var dropped: [DroppedTrade] = []
    var buyScale = 1.0
  }

  private struct Leg {
    let line: Line
    let side: Trade.Side
    let size: Double
    let isExit: Bool
  }

  let lines: [Line]
  let cash: Amount
  let reserveWeight: Double
  let pricing: TradePricing
  let settings: RebalancingPlanner.Settings

  func run() throws(EngineError) -> Result {
    var result = Result()
    let value = lines.reduce(0) { $0 + $1.value } + cash.doubleValue
    guard value > 0, value.isFinite else { throw .portfolioWithoutValue(got: value) }
    let (legs, valueAfter) = findLegs(value: value, into: &result)
    try sell(legs.filter { $0.side == .sell }, into: &result)
    let reserve: Amount
    var budget = cash
    do throws(DataError) {
      reserve = try Amount(
        reserveWeight * valueAfter, decimals: cash.decimals, rounding: .towardZero)
      for trade in result.trades { budget = try budget.adding(trade.cashChange) }
      budget = try budget.subtracting(reserve)
    } catch {
      throw EngineError(error, asset: lines.first?.asset ?? AssetID("cash"))
    }
    try buy(legs.filter { $0.side == .buy }, budget: budget, value: value, into: &result)
    let reportable = max(DecisionGrid.step * Self.reportedSteps * value, smallest(value))
    result.dropped.removeAll { $0.value < reportable }
    result.dropped.sort { $0.asset < $1.asset }
    return result
  }

  /// The legs worth trading and the value after their costs.
  private func findLegs(value: Double, into result: inout Result) -> ([Leg], Double) {
    let proportional = pricing.costs.feeFraction + pricing.costs.slippageFraction
    let gas = pricing.costs.gasPerTrade.doubleValue
    var valueAfter = value
    var legs: [Leg] = []
    for iteration in 0..<Self.maximumCostIterations {
      legs = []
      result.dropped = []
      var cost = 0.0
      for line in lines {
        guard let leg = leg(line, value: value, valueAfter: valueAfter) else { continue }
        if let reason = reasonToDrop(leg, size: leg.size, value: value) {
          result.dropped.append(dropped(leg, leg.size, reason))
        } else {
          legs.append(leg)
          let lotValue = leg.line.lot.doubleValue * leg.line.price
          let traded = leg.isExit ? leg.size : (leg.size / lotValue).rounded(.down) * lotValue
          cost += traded * proportional + gas
        }
      }
      var next = max(0, value - cost)
      // A leg at a lot or minimum may come and go; the lower value keeps purchases below target.
      if iteration >= Self.freeCostIterations { next = min(next, valueAfter) }
      let change = (next - valueAfter).magnitude
      valueAfter = next
      if change <= Self.costTolerance * value { break }
    }
    return (legs, valueAfter)
  }

  private func leg(_ line: Line, value: Double, valueAfter: Double) -> Leg? {
    let held = line.value
    if line.targetWeight == 0 {
      guard held * 2 > smallest(value) else { return nil }
      return Leg(line: line, side: .sell, size: held, isExit: true)
    }
    let step = smallest(value)
    let steps = ((line.targetWeight * valueAfter - held) / step).rounded()
    guard steps.magnitude >= Self.fewestSteps else { return nil }
    let gap = steps * step
    return Leg(line: line, side: gap > 0 ? .buy : .sell, size: gap.magnitude, isExit: false)
  }

  /// The step of legs in cash: the decision grid, or some base units of cash where those are
  /// coarser, so that the rounding of costs cannot call for a trade.
  private func smallest(_ value: Double) -> Double {
    max(DecisionGrid.step * value, Self.smallestUnits / decimalScale)
  }

  private func reasonToDrop(_ leg: Leg, size: Double, value: Double) -> DroppedTrade.Reason? {
    let gas = pricing.costs.gasPerTrade
    if DecisionGrid.steps(size / value) <= DecisionGrid.steps(settings.noTradeBand) {
      return .withinBand
    }
    if size < leg.line.lot.doubleValue * leg.line.price { return .belowLot }
    if size < leg.line.minimum.doubleValue { return .belowMinimum(minimum: leg.line.minimum) }
    if gas.doubleValue > settings.maximumGasFraction * size { return .gasTooHigh(gas: gas) }
    return nil
  }

  private func dropped(
    _ leg: Leg,
    _ value: Double,
    _ reason: DroppedTrade.Reason
  ) -> DroppedTrade {
    DroppedTrade(asset: leg.line.asset, side: leg.side, value: value, reason: reason)
  }

  // MARK: - Sales

  private func sell(_ legs: [Leg], into result: inout Result) throws(EngineError) {
    for leg in legs {
      let isAll = leg.isExit || leg.size >= leg.line.value
      let (trade, reason) = try order(leg, size: leg.size, isAll: isAll)
      if let trade, trade.cashChange.baseUnits > 0 {
        result.trades.append(trade)
      } else {
        result.dropped.append(
          dropped(leg, leg.size, reason ?? .gasTooHigh(gas: pricing.costs.gasPerTrade)))
      }
    }
  }

  /// The trade of a leg, or why its exact quantity is too small.
  private func order(
    _ leg: Leg,
    size: Double,
    isAll: Bool
  ) throws(EngineError) -> (Trade?, DroppedTrade.Reason?) {
    let line = leg.line
    let quantity: Amount
    do throws(DataError) {
      let wanted =
        isAll
        ? line.held
        : try Amount(size / line.price, decimals: line.held.decimals, rounding: .towardZero)
      let available = leg.side == .sell && wanted > line.held ? line.held : wanted
      quantity = try available.roundedDown(toMultipleOf: line.lot)
    } catch {
      throw EngineError(error, asset: line.asset)
    }
    guard !quantity.isZero else { return (nil, .belowLot) }
    let trade = try pricing.trade(line.asset, leg.side, quantity: quantity, price: line.price)
    if trade.value < line.minimum { return (nil, .belowMinimum(minimum: line.minimum)) }
    if trade.gas.doubleValue > settings.maximumGasFraction * trade.value.doubleValue {
      return (nil, .gasTooHigh(gas: trade.gas))
    }
    return (trade, nil)
  }

  // MARK: - Purchases

  private func buy(
    _ legs: [Leg],
    budget: Amount,
    value: Double,
    into result: inout Result
  ) throws(EngineError) {
    var active = try affordable(legs, budget: budget, into: &result)
    // Every turn drops at least one leg.
    while !active.isEmpty {
      let scale = commonFactor(active, budget: budget)
      var trades: [Trade] = []
      var weakest: (index: Int, reason: DroppedTrade.Reason)?
      for (i, leg) in active.enumerated() {
        let size = leg.size * scale
        let early =
          size * 2 <= smallest(value)
          ? .cashShort : reasonToDrop(leg, size: size, value: value)
        let (trade, late) =
          early == nil ? try order(leg, size: size, isAll: false) : (nil, nil)
        if let trade { trades.append(trade) }
        guard let reason = early ?? late else { continue }
        if weakest.map({ leg.size < active[$0.index].size }) ?? true { weakest = (i, reason) }
      }
      if let weakest {
        let leg = active.remove(at: weakest.index)
        result.dropped.append(dropped(leg, leg.size, scale < 1 ? .cashShort : weakest.reason))
        continue
      }
      result.buyScale = scale
      try accept(trades, of: active, scale: scale, budget: budget, into: &result)
      return
    }
  }

  /// The legs of which the budget pays at least one lot.
  private func affordable(
    _ legs: [Leg],
    budget: Amount,
    into result: inout Result
  ) throws(EngineError) -> [Leg] {
    var active: [Leg] = []
    for leg in legs {
      let line = leg.line
      let one = try pricing.trade(line.asset, .buy, quantity: line.lot, price: line.price)
      if budget.baseUnits > 0, one.cashChange.baseUnits >= -budget.baseUnits {
        active.append(leg)
      } else {
        result.dropped.append(dropped(leg, leg.size, .cashShort))
      }
    }
    return active
  }

  /// The share of every leg that the budget pays, costs and their rounding included.
  private func commonFactor(_ legs: [Leg], budget: Amount) -> Double {
    let proportional = 1 + pricing.costs.feeFraction + pricing.costs.slippageFraction
    let count = Double(legs.count)
    let available =
      budget.doubleValue * (1 - Self.budgetMargin) - count * Self.roundedUnitsPerTrade
      / decimalScale
      - count * pricing.costs.gasPerTrade.doubleValue
    let needed = legs.reduce(0) { $0 + $1.size } * proportional
    if needed <= available { return 1 }
    return max(0, available / needed)
  }

  /// The base units of cash in one whole unit.
  private var decimalScale: Double {
    var scale = 1.0
    for _ in 0..<cash.decimals { scale *= 10 }
    return scale
  }

  /// Takes the trades as far as the exact budget goes; the factor's margin makes that all of them.
  private func accept(
    _ trades: [Trade],
    of legs: [Leg],
    scale: Double,
    budget: Amount,
    into result: inout Result
  ) throws(EngineError) {
    var left = budget.baseUnits
    for (trade, leg) in zip(trades, legs) {
      let (rest, overflow) = left.addingReportingOverflow(trade.cashChange.baseUnits)
      guard !overflow, rest >= 0 else {
        result.dropped.append(dropped(leg, leg.size, .cashShort))
        continue
      }
      left = rest
      result.trades.append(trade)
      if scale < 1 {
        result.dropped.append(dropped(leg, leg.size * (1 - scale), .cashShort))
      }
    }
  }

  /// The cost iteration contracts by the cost fraction; this many passes reach the tolerance for
  /// costs up to a third, and what is left is met by the next pass.
  private static let maximumCostIterations = 30
  private static let freeCostIterations = 16
  private static let costTolerance = 1e-13

  /// Rounding of doubles in sizes and quotients, some ten operations.
  private static let budgetMargin = 1e-14

  /// What a leg leaves is half a step: it must not call for the next.
  private static let fewestSteps = 2.0

  /// A trade's roundings, three units, stay below half a step.
  private static let smallestUnits = 16.0

  /// Value, fee and slippage are each rounded up to a base unit of cash.
  private static let roundedUnitsPerTrade = 3.0

  /// What is left below a millionth of the portfolio is not reported.
  private static let reportedSteps = 1000.0
}
