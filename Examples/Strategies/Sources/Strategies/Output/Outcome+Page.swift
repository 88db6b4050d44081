import Keel

// What became of a strategy as a page.

extension Outcome {
  private static let largestTripCount = 30

  var page: HTMLReport {
    HTMLReport(
      title: setup.title, subtitle: setup.summary,
      sections: [assumptionsSection] + result.sections() + [guardsSection],
      footer: setup.credits + [
        "Made with Keel. An example on past markets, not advice; for examples only, not authoritative market data."
      ])
  }

  private var assumptionsSection: HTMLReport.Section {
    .init("What is assumed", [.list(setup.assumptions)])
  }

  private var guardsSection: HTMLReport.Section {
    let rows = trips.prefix(Self.largestTripCount).map { [$0.time.description, $0.breaker] }
    let more = trips.count - rows.count
    var blocks: [HTMLReport.Block] = [
      .paragraph(
        "\(replay). Each record holds the hash of the inputs and of all settings, chained to the one before."
      )
    ]
    if rows.isEmpty {
      blocks.append(.paragraph("No breaker tripped."))
    } else {
      blocks.append(
        .table(
          Table(
            caption: "When breakers began to act",
            columns: [.init("Time", .leading), .init("Breaker", .leading)], rows: rows)))
    }
    if more > 0 { blocks.append(.paragraph("And \(count(more)) times more.")) }
    blocks += faults.prefix(Self.largestTripCount).map { .note($0) }
    return .init("Guards and replay", blocks)
  }
}
