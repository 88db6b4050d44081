import KeelData
public import KeelReport

// A backtest as sections of a page: what it earned, when it hurt, where the profit came from, what was decided.

extension BacktestResult {
  /// The sections of a report on this result.
  ///
  /// ```swift
  /// let page = HTMLReport(title: "Basis trade", sections: result.sections()).html
  /// ```
  ///
  /// - Parameter currency: The sign before amounts of cash.
  /// - Returns: Performance, equity and drawdown over time, profit by source, decisions and events.
  /// - Complexity: O(snapshots), of which at most ``largestPointCount`` are drawn.
  public func sections(currency: String = "$") -> [HTMLReport.Section] {
    [
      performanceSection(currency), pathSection(currency), profitSection(currency),
      decisionsSection(currency),
    ]
  }

  /// The points of a drawn path at most: more than a screen can show.
  public static var largestPointCount: Int { 800 }

  private func performanceSection(_ currency: String) -> HTMLReport.Section {
    let percent = NumberFormat.percent(1)
    let ratio = NumberFormat.fixed(2)
    let unit = timeUnit
    let length = "over \(ratio.string(times(in: unit).last ?? 0)) \(unit.name)"
    let isYearly = timesInYears.last ?? 0 >= Self.shortestYearlySpan
    let yearly = percent.signed.string(statistics.annualizedReturn)
    var metrics: [HTMLReport.Metric] = [
      .init(
        "Total return", percent.signed.string(statistics.totalReturn),
        detail: isYearly ? "\(yearly) a year \(length)" : length),
      .init("Volatility", percent.string(statistics.annualizedVolatility), detail: "a year"),
    ]
    if isYearly { metrics.append(.init("Sharpe ratio", ratio.string(statistics.sharpeRatio))) }
    metrics += [
      .init(
        "Worst drawdown", percent.string(statistics.maximumDrawdown?.depth ?? 0),
        detail: "longest under water \(statistics.longestTimeUnderWater) periods"),
      .init(
        "Turnover a year", percent.string(statistics.turnoverPerYear),
        detail: "costs \(NumberFormat.percent(2).string(statistics.costPerYear)) a year"),
    ]
    var blocks: [HTMLReport.Block] = [.metrics(metrics)]
    blocks += statistics.warnings.map { .note("Not to be believed unseen: \($0)") }
    return .init("Performance", blocks)
  }

  private func pathSection(_ currency: String) -> HTMLReport.Section {
    let stride = max(1, equities.count / Self.largestPointCount)
    let shown = equities.indices.filter { $0 % stride == 0 || $0 == equities.count - 1 }
    let unit = timeUnit
    let (passed, drawdowns) = (times(in: unit), drawdowns)
    let start = times.first?.description ?? ""
    let axis = Axis("\(unit.title) since \(start.prefix(unit.startLength))")
    return .init(
      "Equity and drawdown",
      [
        .figure(
          XYChart(
            caption: Caption("Equity", subtitle: "After all costs, at the snapshots' prices"),
            series: [.init("Equity", points: shown.map { .init(x: passed[$0], y: equities[$0]) })],
            xAxis: axis, yAxis: Axis("Equity", unit: .currency(currency)))),
        .figure(
          XYChart(
            caption: Caption("Drawdown", subtitle: "Loss from the highest equity so far"),
            series: [
              .init("Drawdown", points: shown.map { .init(x: passed[$0], y: -drawdowns[$0]) })
            ],
            xAxis: axis, yAxis: Axis("Drawdown", unit: .percent))),
      ])
  }

  private func profitSection(_ currency: String) -> HTMLReport.Section {
    let money = NumberFormat.currency(currency, decimals: 2).signed
    let parts = profit.parts.filter { $0.value != 0 }
    let largest = parts.reduce(0) { max($0, $1.value.magnitude) }
    let drawn = parts.filter { $0.value.magnitude >= Self.smallestDrawnShare * largest }
    return .init(
      "Where the profit came from",
      [
        .figure(
          BarChart(
            caption: Caption(
              "Profit by source", subtitle: "The parts add up to the change of equity"),
            bars: drawn.map { .init($0.name, $0.value) },
            axis: Axis("Profit", unit: .currency(currency)))),
        .table(
          Table(
            columns: [.init("Source", .leading), .init("Profit")],
            rows: parts.map { [$0.name, money.string($0.value)] }
              + [["all", money.string(profit.total)]], lastRowIsTotal: true)),
      ])
  }

  private func decisionsSection(_ currency: String) -> HTMLReport.Section {
    let whole = NumberFormat.fixed(0)
    let rows = [
      ("snapshots", counts.steps), ("steps with orders", counts.tradingSteps),
      ("steps halted by a breaker", counts.haltedSteps),
      ("contingencies", counts.contingencies), ("steps with a bad input", counts.faultySteps),
      ("trades of assets", counts.trades), ("orders in contracts", counts.orders),
    ]
    let shown = events.prefix(Self.largestEventCount).map { $0.words(currency) }
    let more = events.count - shown.count
    return .init(
      "Decisions and events",
      [
        .table(
          Table(
            columns: [.init("What", .leading), .init("How often")],
            rows: rows.map { [$0.0, whole.string(Double($0.1))] })),
        .list(shown + (more > 0 ? ["and \(more) more"] : [])),
      ])
  }

  private static var largestEventCount: Int { 40 }

  /// The years below which figures per year say more about noise than about the strategy.
  private static var shortestYearlySpan: Double { 0.25 }

  /// The share of the largest part below which a bar could not be seen.
  private static var smallestDrawnShare: Double { 1e-4 }

  /// What the time axis counts.
  private enum TimeUnit {
    case years, days, hours

    var name: String {
      switch self {
      case .years: "years"
      case .days: "days"
      case .hours: "hours"
      }
    }

    var title: String {
      switch self {
      case .years: "Years"
      case .days: "Days"
      case .hours: "Hours"
      }
    }

    /// Those in a year of 365 days.
    var perYear: Double {
      switch self {
      case .years: 1
      case .days: 365
      case .hours: 8760
      }
    }

    /// The characters of a start that are worth showing: the day, or the minute too.
    var startLength: Int { self == .hours ? 16 : 10 }
  }

  /// Hours up to three days, days up to a quarter.
  private var timeUnit: TimeUnit {
    let years = timesInYears.last ?? 0
    return years <= 3.0 / 365 ? .hours : years < Self.shortestYearlySpan ? .days : .years
  }

  private func times(in unit: TimeUnit) -> [Double] { timesInYears.map { $0 * unit.perYear } }

  private var timesInYears: [Double] {
    guard let first = times.first else { return [] }
    return times.map { $0.years(since: first) }
  }
}

extension BacktestEvent {
  fileprivate func words(_ currency: String) -> String {
    let money = NumberFormat.currency(currency, decimals: 2)
    return switch self {
    case .expired(let id, let time, let received):
      received < 0
        ? "\(time): \(id) expired, \(money.string(-received)) paid"
        : "\(time): \(id) expired, \(money.string(received)) received"
    case .delisted(let asset, let time, let recovered):
      "\(time): \(asset) ended, \(money.string(recovered)) recovered"
    case .liquidated(let id, let time, let penalty):
      "\(time): \(id) liquidated, penalty \(money.string(penalty))"
    case .ruined(let time): "\(time): nothing is left"
    case .unfilled(let time, let reason): "\(time): not filled: \(reason)"
    }
  }
}
