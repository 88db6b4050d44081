import Keel

// One screen: at most 45 lines of 100 columns.

extension Story {
  var terminalLines: [String] {
    let lines =
      titleLines + [""] + portfolioLines + [""] + protectionLines + [""] + planLines
      + [""] + yearLines
    // Other programs that read the screen know only the ASCII minus.
    return lines.map { $0.replacing("\u{2212}", with: "-") }
  }

  private var titleLines: [String] {
    let history = market.history
    let check = market.check
    var lines = [
      "Keel quick start: \(shortName(AssetID(market.fileName), 40)), \(count(history.rowCount)) rows, "
        + market.span(history),
      "",
    ]
    var cleaning = "dates increase, prices positive, "
    cleaning +=
      check.blankCount == 0
      ? "no blank"
      : "\(plural(check.blankCount, "blank")) (\(plural(check.droppedRowCount, "row")) left out)"
    cleaning += ", " + plural(check.gapCount, "gap")
    lines.append(
      "Prices      \(cleaning); \(plural(check.extremeMoves.count, "extreme move")) kept")
    if let worst = check.worstCash {
      lines.append(
        "Cash        \(names(market.cash)); farthest from 1: \(shortName(worst.asset)) "
          + "\(number(worst.price, 4)) on \(worst.date)")
    }
    let diagnostics = estimates.covariance.diagnostics
    var estimate = "\(count(estimates.returns.observationCount)) returns to "
    estimate += "\(market.estimation.timestamps[market.estimation.rowCount - 1])"
    estimate += ", the last \(Assumptions.heldOutRows) \(market.period)s unseen"
    if let intensity = diagnostics.shrinkageIntensity {
      estimate += "; Ledoit-Wolf shrinkage \(percent(intensity))"
    }
    return lines + ["Estimates   \(estimate)"]
  }

  private var portfolioLines: [String] {
    let all = portfolios.all
    let assets = market.universe.assets.enumerated().map { j, asset in
      [shortName(asset)]
        + all.map { pair(percent($0.weights.values[j]), percent($0.risk.shares[j])) }
    }
    let level = percent(Assumptions.confidence, 0)
    var table = TextTable(gap: 4)
    table.rows =
      [[""] + all.map(\.name), ["Portfolios"] + all.map { _ in pair("weight", "risk") }]
      + Self.shortened(assets, to: 12, more: "more assets, see the report")
      + [
        ["Mean return | volatility, a year"]
          + all.map { pair(percent($0.expectedReturn), percent($0.volatility)) },
        ["\(level) shortfall a \(market.period): normal | Student-t"]
          + all.map { pair(percent($0.tail.normalShortfall), percent($0.tail.studentTShortfall)) },
        ["Degrees of freedom of Student-t"]
          + all.map { degrees($0.tail.studentT) },
      ]
    return table.lines + portfolios.remarks
  }

  private var protectionLines: [String] {
    let put = protection
    let total = put.total
    return [
      "Protection  a put on \(number(put.quantity, 2)) \(shortName(put.asset)), \(percent(put.weight)) of the equal "
        + "risk portfolio: \(number(Assumptions.putDays, 0)) days, strike \(price(put.option.strike)), "
        + dollars(total.price),
      "            delta \(number(total.delta)) \(shortName(put.asset)), gamma \(number(total.gamma, 5)) a dollar, "
        + "vega \(dollars(total.vega.perVolatilityPoint)) a point, "
        + "theta \(signedDollars(total.theta.perDay)) a day",
    ]
  }

  private var planLines: [String] {
    var table = TextTable(gap: 3)
    let mostRows = 13
    let isLong = rebalance.rows.count > mostRows
    let shown =
      isLong ? rebalance.rows.sorted { abs($0.drift) > abs($1.drift) } : rebalance.rows
    let rows = shown.map { row in
      [
        shortName(row.asset), percent(row.target, 2), percent(row.before, 2),
        signedPercent(row.drift, 2),
        row.trade == 0 ? row.reason : signedDollars(row.trade), percent(row.after, 2),
      ]
    }
    table.rows =
      [["Drift and plan", "target", "drifted", "drift", "trade", "after"]]
      + Self.shortened(rows, to: mostRows, more: "more, see the report")
    let result = rebalance
    return table.lines + [
      "Result      \(Assumptions.heldOutRows) \(market.period)s turned "
        + "\(dollars(result.valueAtStart)) into \(dollars(result.valueBefore)); "
        + "\(plural(result.plan.trades.count, "trade")), turnover \(percent(result.plan.turnover))",
      "Cost        \(dollars(result.cost, 2)): fees \(dollars(result.fees, 2)), slippage "
        + "\(dollars(result.slippage, 2)), gas \(dollars(result.gas, 2)); "
        + "\(number(result.cost / result.valueBefore * 1e4, 2)) basis points of the portfolio",
    ]
  }

  private var yearLines: [String] {
    let result = year.result
    let figures = result.statistics
    let halted = result.counts.contingencies + result.counts.haltedSteps
    let trip =
      year.firstTrip.map { "\(count(halted)) under the \($0.breaker) breaker (first \($0.time))" }
      ?? "no breaker tripped"
    return [
      "The loop    \(count(result.counts.steps)) decisions: trades on "
        + "\(plural(result.counts.tradingSteps, market.period)), \(trip)",
      "            return \(signedPercent(figures.totalReturn)), volatility \(percent(figures.annualizedVolatility)), "
        + "worst drawdown \(percent(figures.maximumDrawdown?.depth ?? 0)), costs \(dollars(year.costs))",
      "            \(count(year.replayed)) of \(count(result.counts.steps)) decisions replayed byte for byte; audit chain "
        + (year.isAuditWhole ? "whole" : "broken"),
    ]
  }

  /// Two numbers as one column.
  private func pair(_ left: String, _ right: String) -> String {
    left + String(repeating: " ", count: max(1, 9 - right.count)) + right
  }

  private func names(_ assets: [AssetID]) -> String {
    assets.map { shortName($0) }.joined(separator: ", ")
  }

  /// The first rows, and how many there are besides.
  private static func shortened(
    _ rows: [[String]], to limit: Int, more: String
  ) -> [[String]] {
    rows.count <= limit
      ? rows : rows.prefix(limit - 1) + [["... \(rows.count - limit + 1) \(more)"]]
  }
}
