import Foundation
import Keel

// The figures of the page.

extension Story {
  var weightsFigure: GroupedBarChart {
    let limit = portfolios.largestWeight
    var weights = GroupedBarChart(
      caption: Caption(
        "Weights",
        subtitle: limit < 1
          ? "Long only, fully invested, at most \(percent(limit, 0)) in one asset"
          : "Long only, fully invested"),
      categories: market.universe.assets.map(\.rawValue),
      series: portfolios.all.map { .init($0.name, $0.weights.values) },
      axis: Axis("Share of the portfolio", unit: .percent))
    if limit < 1 {
      weights.reference = ReferenceLine(limit, label: "Limit \(percent(limit, 0))")
    }
    return weights
  }

  var riskFigure: GroupedBarChart {
    let assets = market.universe.assets.map(\.rawValue)
    var chart = GroupedBarChart(
      caption: Caption(
        "Risk contributions",
        subtitle: "Share of each asset in the volatility of the portfolio"),
      categories: assets,
      series: portfolios.all.map { .init($0.name, $0.risk.shares) },
      axis: Axis("Share of volatility", unit: .percent))
    chart.reference = ReferenceLine(1 / Double(assets.count), label: "Equal share")
    return chart
  }

  /// Losses of the past on a logarithmic scale, against the two laws fitted to all returns.
  func tailFigure(of portfolio: Portfolio) -> XYChart {
    let tail = portfolio.tail
    let total = Double(tail.losses.count)
    let past = tail.losses.enumerated()
      .map { XYChart.Point(x: $1, y: (Double($0) + 0.5) / total) }.filter { $0.x > 0 }
    let worst = (tail.losses.first ?? 0.1) * 1.08
    let steps = 240
    // The decade below the share of the worst loss.
    let lowestShare = pow(10, (log10(0.5 / total)).rounded(.down))
    func curve(_ survival: (Double) -> Double) -> [XYChart.Point] {
      (0...steps).map { step in
        let loss = worst * Double(step) / Double(steps)
        return XYChart.Point(x: loss, y: survival(loss))
      }
    }
    // A loss of x is a return of −x, so its survival is the distribution function there.
    let level = percent(Assumptions.confidence, 0)
    let degrees = degrees(tail.studentT)
    return XYChart(
      caption: Caption(
        "Losses against two tails",
        subtitle: "Share of \(market.period)s that lost more than x; "
          + "\(portfolio.name.lowercased()) portfolio, \(count(tail.losses.count)) returns"),
      series: [
        .init("\(market.period.capitalized)s of the past", points: past, mark: .points),
        .init("Normal", points: curve { tail.normal.cdf(-$0) }, mark: .dashedLine),
        .init("Student-t, \(degrees) degrees of freedom", points: curve { tail.studentT.cdf(-$0) }),
      ],
      xAxis: Axis("Loss in one \(market.period)", unit: .percent, range: 0...max(worst, 1e-6)),
      yAxis: Axis(
        "Share of \(market.period)s with a larger loss, logarithmic", scale: .logarithmic,
        unit: .percent, range: lowestShare...1),
      references: [
        ReferenceLine(
          tail.normalShortfall, label: "\(level) shortfall, normal \(percent(tail.normalShortfall))"
        ),
        ReferenceLine(
          tail.studentTShortfall, label: "Student-t \(percent(tail.studentTShortfall))"),
      ])
  }

  /// Weights before and after the plan around their targets.
  var driftFigure: DriftChart {
    DriftChart(
      caption: Caption(
        "Drift and the plan",
        subtitle:
          "Weights after \(Assumptions.heldOutRows) \(market.period)s and after the trades; a "
          + "weight outside its band is brought back"),
      rows: rebalance.rows.map { row in
        .init(
          row.asset.rawValue, target: row.target, before: row.before, after: row.after,
          note: note(of: row))
      },
      threshold: Assumptions.driftThreshold,
      axis: Axis("Share of the portfolio", unit: .percent))
  }

  private func note(of row: Rebalance.Row) -> String {
    if row.asset == rebalance.plan.cash { return "cash \(signedDollars(row.trade))" }
    if row.trade == 0 { return row.reason }
    return "\(row.trade < 0 ? "sell" : "buy") \(dollars(abs(row.trade)))"
  }
}
