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
    let lotValue: Double
    let minimumValue: Double
    var held: Amount {
      didSet { value = held.doubleValue * price }
    }
    private(set) var value: Double

    init(
      asset: AssetID,
      position: Int,
      price: Double,
      targetWeight: Double,
      held: Amount,
      rules: (lot: Amount, minimum: Amount)
    ) {
      self.asset = asset
      self.position = position
      self.price = price
      self.targetWeight = targetWeight
      self.held = held
      lot = rules.lot
      minimum = rules.minimum
      lotValue = rules.lot.doubleValue * price
      minimumValue = rules.minimum.doubleValue
      value = held.doubleValue * price
    }
  }

  /// What a pass found out.
  struct Result {
    var trades: [(place: Int, trade: Trade)] = []
    var dropped: [DroppedTrade] = []
    var buyScale = 1.0
  }

  private struct Leg {
    /// The place of its line.
    let place: Int
    let side: Trade.Side
    let size: Double
    let isExit: Bool
  }

  let lines: [Line]
  let cash: Amount
  let reserveWeight: Double
  let pricing: TradePricing
  let settings: RebalancingPlanner.Settings

  /// The fixed cost of a trade, in cash.
  let gas: Double

  /// The base units of cash in one whole unit.
  let decimalScale: Double

  init(
    lines: [Line],
    cash: Amount,
    reserveWeight: Double,
    pricing: TradePricing,
    settings: RebalancingPlanner.Settings
  ) {
    self.lines = lines
    self.cash = cash
    self.reserveWeight = reserveWeight
    self.pricing = pricing
    self.settings = settings
    gas = pricing.costs.gasPerTrade.doubleValue
    decimalScale = (0..<cash.decimals).reduce(1.0) { scale, _ in scale * 10 }
  }

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
      for sale in result.trades { budget = try budget.adding(sale.trade.cashChange) }
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
    // Where cash is owed, targets shrink by what rounding to lots may leave of the debt.
    let spare =
      cash.isNegative
      ? lines.reduce(0) { $0 + $1.lotValue + Self.smallestUnits / decimalScale } : 0
    var valueAfter = max(0, value - spare)
    var legs: [Leg] = []
    legs.reserveCapacity(lines.count)
    for iteration in 0..<Self.maximumCostIterations {
      legs.removeAll(keepingCapacity: true)
      result.dropped.removeAll(keepingCapacity: true)
      var cost = 0.0
      for place in lines.indices {
        guard let leg = leg(place, value: value, valueAfter: valueAfter) else { continue }
        if let reason = reasonToDrop(leg, size: leg.size, value: value) {
          result.dropped.append(dropped(leg, leg.size, reason))
        } else {
          legs.append(leg)
          let lotValue = lines[place].lotValue
          let traded = leg.isExit ? leg.size : (leg.size / lotValue).rounded(.down) * lotValue
          cost += traded * proportional + gas
        }
      }
      var next = max(0, value - spare - cost)
      // A leg at a lot or minimum may come and go; the lower value keeps purchases below target.
      if iteration >= Self.freeCostIterations { next = min(next, valueAfter) }
      let change = (next - valueAfter).magnitude
      valueAfter = next
      if change <= Self.costTolerance * value { break }
    }
    return (legs, valueAfter)
  }

  private func leg(_ place: Int, value: Double, valueAfter: Double) -> Leg? {
    let held = lines[place].value
    let targetWeight = lines[place].targetWeight
    if targetWeight == 0 {
      guard held * 2 > smallest(value) else { return nil }
      return Leg(place: place, side: .sell, size: held, isExit: true)
    }
    let step = smallest(value)
    let steps = ((targetWeight * valueAfter - held) / step).rounded()
    guard steps.magnitude >= Self.fewestSteps else { return nil }
    let gap = steps * step
    return Leg(place: place, side: gap > 0 ? .buy : .sell, size: gap.magnitude, isExit: false)
  }

  /// The step of legs in cash: the decision grid, or some base units of cash where those are
  /// coarser, so that the rounding of costs cannot call for a trade.
  private func smallest(_ value: Double) -> Double {
    max(DecisionGrid.step * value, Self.smallestUnits / decimalScale)
  }

  private func reasonToDrop(_ leg: Leg, size: Double, value: Double) -> DroppedTrade.Reason? {
    if DecisionGrid.steps(size / value) <= DecisionGrid.steps(settings.noTradeBand) {
      return .withinBand
    }
    if size < lines[leg.place].lotValue { return .belowLot }
    if size < lines[leg.place].minimumValue {
      return .belowMinimum(minimum: lines[leg.place].minimum)
    }
    if gas > settings.maximumGasFraction * size {
      return .gasTooHigh(gas: pricing.costs.gasPerTrade)
    }
    return nil
  }

  private func dropped(
    _ leg: Leg,
    _ value: Double,
    _ reason: DroppedTrade.Reason
  ) -> DroppedTrade {
    DroppedTrade(asset: lines[leg.place].asset, side: leg.side, value: value, reason: reason)
  }

  // MARK: - Sales

  private func sell(_ legs: [Leg], into result: inout Result) throws(EngineError) {
    for leg in legs {
      let isAll = leg.isExit || leg.size >= lines[leg.place].value
      let (trade, reason) = try order(leg, size: leg.size, isAll: isAll)
      if let trade, trade.cashChange.baseUnits > 0 {
        result.trades.append((leg.place, trade))
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
    let line = lines[leg.place]
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
    if gas > settings.maximumGasFraction * trade.value.doubleValue {
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
      trades.reserveCapacity(active.count)
      var weakest: (index: Int, reason: DroppedTrade.Reason)?
      func note(_ reason: DroppedTrade.Reason?, at index: Int) {
        guard let reason else { return }
        if weakest.map({ active[index].size < active[$0.index].size }) ?? true {
          weakest = (index, reason)
        }
      }
      for (i, leg) in active.enumerated() {
        let size = leg.size * scale
        note(
          size * 2 <= smallest(value) ? .cashShort : reasonToDrop(leg, size: size, value: value),
          at: i)
      }
      // Exact quantities only once the sizes stand.
      if weakest == nil {
        for (i, leg) in active.enumerated() {
          let (trade, reason) = try order(leg, size: leg.size * scale, isAll: false)
          if let trade { trades.append(trade) }
          note(reason, at: i)
        }
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
      let line = lines[leg.place]
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
      - count * gas
    let needed = legs.reduce(0) { $0 + $1.size } * proportional
    if needed <= available { return 1 }
    return max(0, available / needed)
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
      result.trades.append((leg.place, trade))
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
