import Keel

// What became of a strategy as a few lines of text.

extension Outcome {
  /// The span of a run is written per year only when it is long enough for that to mean something.
  private static let shortestYears = 0.25

  var span: String {
    guard let first = result.times.first, let last = result.times.last else { return "no time" }
    return "\(first) to \(last)"
  }

  var terminalLines: [String] {
    let counts = result.counts
    return [
      setup.title, "  \(setup.summary)",
      "  \(plural(counts.steps, "step")), \(span)", "  return      \(performance)",
      "  profit      \(profit)", "  decisions   \(decisions)", "  breakers    \(breakers)",
      "  events      \(events)", "  replay      \(replay)",
    ] + result.statistics.warnings.map { "  beware      \($0)" }
  }

  private var performance: String {
    let statistics = result.statistics
    let years = (result.times.last ?? .distantPast).years(
      since: result.times.first ?? .distantPast)
    let yearly =
      years >= Self.shortestYears
      ? "\(signedPercent(statistics.annualizedReturn)) a year, volatility "
        + "\(percent(statistics.annualizedVolatility)), "
      : ""
    return "\(signedPercent(statistics.totalReturn, 2)), \(yearly)worst drawdown "
      + percent(statistics.maximumDrawdown?.depth ?? 0, 2)
  }

  private var profit: String {
    // Less than half a dollar is not worth a word.
    let parts = result.profit.parts.filter { $0.value.magnitude >= 0.5 }
    let words = parts.map { "\($0.name) \(signedDollars($0.value))" }
    return (words + ["= \(signedDollars(result.profit.total))"]).joined(separator: ", ")
  }

  private var decisions: String {
    let counts = result.counts
    return "\(plural(counts.tradingSteps, "step")) with orders, \(plural(counts.trades, "trade")), "
      + "\(plural(counts.orders, "order")) in contracts, \(count(limitCount)) limits in the way, "
      + plural(counts.faultySteps, "fault")
  }

  var breakers: String {
    if trips.isEmpty { return "none tripped" }
    let names = Set(trips.map(\.breaker)).sorted()
    return names.map { name in
      let own = trips.filter { $0.breaker == name }
      return "\(name) \(plural(own.count, "time")), first \(own[0].time.description.prefix(16))"
    }.joined(separator: "; ")
  }

  private var events: String {
    if result.events.isEmpty { return "none" }
    var counts: [String: Int] = [:]
    for event in result.events { counts[event.kind, default: 0] += 1 }
    return counts.sorted { $0.key < $1.key }.map { "\(count($0.value)) \($0.key)" }
      .joined(separator: ", ")
  }

  var replay: String {
    "\(count(replayed)) of \(count(result.counts.steps)) decisions made again byte for byte, the chain of records is "
      + (isAuditWhole ? "whole" : "broken")
  }
}

extension BacktestEvent {
  /// What kind of event it is, in one word.
  var kind: String {
    switch self {
    case .expired: "expired"
    case .delisted: "delisted"
    case .liquidated: "liquidated"
    case .ruined: "ruined"
    case .unfilled: "unfilled"
    }
  }
}
