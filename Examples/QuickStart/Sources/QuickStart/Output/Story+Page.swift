import Keel

// The same results as a page with figures.

extension Story {
  var page: HTMLReport {
    HTMLReport(
      title: "A portfolio of \(market.universe.count) assets, kept on course",
      subtitle: "\(market.fileName): \(count(market.history.rowCount)) rows of prices, "
        + "\(market.span(market.history)). The last \(Assumptions.heldOutRows) \(market.period)s are "
        + "kept out of every estimate.",
      sections: [
        summarySection, pricesSection, portfoliosSection, riskSection, tailSection,
        protectionSection, planSection, yearSection,
      ] + year.result.sections(),
      footer: footer)
  }

  private var footer: [String] {
    var lines = [
      "Made with Keel. An example on past prices, not advice; expected returns are sample means, which "
        + "say little about the future."
    ]
    if market.fileName == "crypto_daily_close.csv" {
      lines.append(
        "Daily crypto closes 2020-2023 from pyscarcopula 0.22.1, Copyright (c) 2024 Aleksey "
          + "Novokhatskiy, MIT License. For examples only; not authoritative market data.")
    }
    return lines
  }

  // MARK: Sections

  private var summarySection: HTMLReport.Section {
    let held = portfolios.equalRisk
    let level = percent(Assumptions.confidence, 0)
    return .init(
      "",
      [
        .metrics([
          .init(
            "Portfolio after \(Assumptions.heldOutRows) \(market.period)s",
            dollars(rebalance.valueBefore), detail: "from \(dollars(rebalance.valueAtStart))"),
          .init(
            "Volatility a year", percent(held.volatility), detail: "equal risk contribution"),
          .init(
            "\(level) shortfall a \(market.period)", percent(held.tail.studentTShortfall),
            detail: "Student-t; normal \(percent(held.tail.normalShortfall))"),
          .init(
            "Cost of the plan", dollars(rebalance.cost, 2),
            detail: "\(plural(rebalance.plan.trades.count, "trade")), "
              + "\(number(rebalance.cost / rebalance.valueBefore * 1e4, 1)) basis points"),
        ])
      ])
  }

  private var pricesSection: HTMLReport.Section {
    let check = market.check
    var found = [
      "Dates increase and none stands twice; \(plural(check.gapCount, "gap")) between them.",
      "Every price is a positive number; \(plural(check.blankCount, "blank field")), "
        + "\(plural(check.droppedRowCount, "row")) left out for them, "
        + "\(plural(check.repeatedCount, "price")) equal to the one before.",
    ]
    if let largest = check.extremeMoves.first {
      found.append(
        "\(plural(check.extremeMoves.count, "move")) beyond "
          + "\(number(Assumptions.extremeDeviations, 0)) robust standard deviations, kept because "
          + "they happened; the largest is \(largest.asset) on \(largest.date), "
          + "\(signedPercent(largest.simpleReturn, 0)).")
    }
    if let worst = check.worstCash {
      let names = market.cash.map(\.rawValue).joined(separator: ", ")
      found.append(
        "Cash (\(names)) was farthest from one dollar on \(worst.date): \(worst.asset) at "
          + "\(dollars(worst.price, 4)).")
    }
    let annual = market.annualization
    let rows = market.universe.assets.enumerated().map { position, asset in
      [
        asset.rawValue, price(market.estimation[market.estimation.rowCount - 1, position] ?? .nan),
        signedPercent(annual.linear(estimates.means.values[position])),
        percent(estimates.ownVolatilities[position]),
        percent(annual.volatility(estimates.covariance.standardDeviations[position])),
      ]
    }
    let diagnostics = estimates.covariance.diagnostics
    var method =
      "Means are sample means; the covariance is the estimate of Ledoit and Wolf"
    if let intensity = diagnostics.shrinkageIntensity {
      method += ", which moves the sample covariance \(percent(intensity, 2)) of the way to a "
      method += "multiple of the identity"
    }
    method += ". Both see \(count(estimates.returns.observationCount)) returns, "
    method += "\(market.span(market.estimation))."
    return .init(
      "Prices and estimates",
      [
        .list(found), .paragraph(method),
        .table(
          Table(
            columns: [
              .init("Asset", .leading), .init("Last price seen"), .init("Mean return a year"),
              .init("Volatility a year"), .init("After shrinkage"),
            ], rows: rows)),
      ])
  }

  private var portfoliosSection: HTMLReport.Section {
    let rows = portfolios.all.map { portfolio in
      [
        portfolio.name, signedPercent(portfolio.expectedReturn), percent(portfolio.volatility),
        number(portfolio.sharpeRatio), percent(portfolio.tail.normalShortfall, 2),
        percent(portfolio.tail.studentTShortfall, 2), percent(portfolio.tail.pastShortfall, 2),
        degrees(portfolio.tail.studentT),
      ]
    }
    let level = percent(Assumptions.confidence, 0)
    let table = Table(
      caption: "What the three portfolios promise",
      columns: [
        .init("Portfolio", .leading), .init("Mean return a year"), .init("Volatility a year"),
        .init("Sharpe ratio"), .init("\(level) shortfall, normal"), .init("Student\u{2011}t"),
        .init("Past"), .init("Degrees of freedom"),
      ], rows: rows)
    var blocks: [HTMLReport.Block] = [.figure(weightsFigure), .table(table)]
    blocks.append(
      .note(
        "Shortfall is the mean loss in the worst \(percent(1 - Assumptions.confidence, 0)) of "
          + "\(market.period)s, as a share of the portfolio. A normal law with the same mean and "
          + "deviation understates it."))
    blocks += portfolios.remarks.map { .note($0) }
    return .init("Three portfolios", blocks)
  }

  private var riskSection: HTMLReport.Section {
    .init(
      "Where the risk comes from",
      [
        .paragraph(
          "Contributions are those of Euler: each asset's weight times its covariance with the "
            + "portfolio. They add up to the whole."),
        .figure(riskFigure),
      ])
  }

  private var tailSection: HTMLReport.Section {
    .init(
      "How bad the bad \(market.period)s are",
      [.figure(tailFigure(of: portfolios.equalRisk))])
  }

  private var protectionSection: HTMLReport.Section {
    let put = protection
    let total = put.total
    let rows = [
      ["Price", price(put.greeks.price), dollars(total.price)],
      ["Delta, per dollar of spot", number(put.greeks.delta, 4), number(total.delta, 2)],
      ["Gamma, per dollar of spot", number(put.greeks.gamma, 8), number(total.gamma, 6)],
      [
        "Vega, per volatility point", dollars(put.greeks.vega.perVolatilityPoint, 4),
        dollars(total.vega.perVolatilityPoint, 2),
      ],
      [
        "Theta, per day", signedDollars(put.greeks.theta.perDay, 4),
        signedDollars(total.theta.perDay, 2),
      ],
      [
        "Rho, per basis point", signedDollars(put.greeks.rho.perBasisPoint, 5),
        signedDollars(total.rho.perBasisPoint, 2),
      ],
    ]
    return .init(
      "A floor under \(put.asset)",
      [
        .paragraph(
          "\(put.asset) is the largest position of the \(portfolios.equalRisk.name.lowercased()) "
            + "portfolio: \(dollars(put.value)), \(percent(put.weight)) of it. A put with strike "
            + "\(price(put.option.strike)) (spot \(price(put.model.spot))) that lives "
            + "\(number(Assumptions.putDays, 0)) days costs \(dollars(total.price)), "
            + "\(percent(total.price / put.value, 2)) of the position, at a volatility of "
            + "\(percent(put.model.volatility)) and a rate of \(percent(Assumptions.interestRate))."
        ),
        .table(
          Table(
            columns: [
              .init("Black-Scholes", .leading), .init("One \(put.asset)"), .init("The position"),
            ], rows: rows)),
      ])
  }

  private var yearSection: HTMLReport.Section {
    let result = year.result
    var found = [
      "\(count(result.counts.steps)) decisions by one pure step: equal risk, scaled down above a volatility of "
        + "\(percent(Assumptions.largestVolatility, 0)), traded every \(Assumptions.daysBetweenTrades) days or when a weight "
        + "is one and a half months of expected drift off.",
      "Every decision has a record with the hash of its inputs, chained to the one before. "
        + "\(count(year.replayed)) were replayed byte for byte, and the chain is "
        + "\(year.isAuditWhole ? "whole" : "broken").",
    ]
    found.append(
      year.firstTrip.map {
        "The \($0.breaker) breaker tripped first on \($0.time): half of what is held goes to cash until prices stay calm "
          + "for a month."
      } ?? "No breaker tripped.")
    return .init("A year of decisions", [.list(found)])
  }

  private var planSection: HTMLReport.Section {
    let result = rebalance
    let rows = result.rows.map { row in
      [
        row.asset.rawValue, percent(row.target, 2), percent(row.before, 2),
        signedPercent(row.drift, 2),
        row.trade == 0 ? row.reason : signedDollars(row.trade, 2), percent(row.after, 2),
      ]
    }
    return .init(
      "Drift and the plan",
      [
        .paragraph(
          "The \(portfolios.equalRisk.name.lowercased()) portfolio was bought for "
            + "\(dollars(result.valueAtStart)) with \(percent(Assumptions.cashShare, 0)) left in cash. "
            + "\(Assumptions.heldOutRows) \(market.period)s of real prices later "
            + "(\(market.span(market.heldOut))) it is worth \(dollars(result.valueBefore)), and the "
            + "weight that moved most is \(percent(result.largestDrift, 2)) off."),
        .figure(driftFigure),
        .table(
          Table(
            caption: "The plan",
            columns: [
              .init("Asset", .leading), .init("Target"), .init("Drifted"), .init("Drift"),
              .init("Trade"), .init("After"),
            ], rows: rows)),
        .paragraph(
          "Cost \(dollars(result.cost, 2)): fees \(dollars(result.fees, 2)), slippage "
            + "\(dollars(result.slippage, 2)), gas \(dollars(result.gas, 2)). Sales come first, and the "
            + "purchases are paid from them with all costs included. Weights inside the band are left as "
            + "they are, and what they do not take stays in cash."),
      ])
  }
}
