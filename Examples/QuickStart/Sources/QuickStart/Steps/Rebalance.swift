import Keel

// Steps 6 and 7: the held-out days move the weights; the plan brings them back.

/// The portfolio before and after the held-out days, and the trades that restore it.
struct Rebalance {
  struct Row {
    let asset: AssetID
    let isCash: Bool
    let target: Double
    let before: Double
    let after: Double
    /// In dollars; positive for a purchase, zero for none.
    let trade: Double
    /// Why nothing is traded, or nothing.
    let reason: String
  }

  let rows: [Row]
  let valueAtStart: Double
  let valueBefore: Double
  let valueAfter: Double
  let fees: Double
  let slippage: Double
  let gas: Double

  var cost: Double { fees + slippage + gas }
  var tradeCount: Int { rows.count { $0.trade != 0 && !$0.isCash } }
  var turnover: Double {
    rows.reduce(0) { $0 + ($1.isCash ? 0 : abs($1.trade)) } / valueBefore
  }
  var largestDrift: Double { rows.map { abs($0.before - $0.target) }.max() ?? 0 }
}
