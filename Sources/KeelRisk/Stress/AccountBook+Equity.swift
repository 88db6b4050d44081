import KeelData
import KeelDerivatives

// Values alone, for many scenarios: no margins, costs or health, and the memory of one scenario for all.
//
// Sums run as in the full valuation, so that a loss has the same bits either way. What is not a number is valued again
// in full, which names the reason.

extension AccountBook {
  /// The memory of revaluations.
  struct Workspace {
    var pricing: OptionPricing
    /// The values of the lines after the last change, income and failures included.
    var values: [Double]

    init(_ book: AccountBook) {
      pricing = OptionPricing(book)
      values = [Double](repeating: 0, count: book.lines.count)
    }
  }

  /// The equity after a change; the same bits as that of the full valuation.
  func equity(
    after change: ScenarioChange,
    _ workspace: inout Workspace
  ) throws(RiskError) -> Double {
    try setValues(after: change, &workspace)
    var equity = 0.0
    for holding in holdingTerms.span.indices {
      let terms = holdingTerms[holding]
      equity += terms.units * terms.price * change.growth[terms.place]
    }
    for value in workspace.values { equity += value }
    if equity.isFinite { return equity }
    return try state(after: change).equity
  }

  /// Writes the values of the lines after a change.
  func setValues(
    after change: ScenarioChange,
    _ workspace: inout Workspace
  ) throws(RiskError) {
    try workspace.pricing.update(self, after: change)
    Self.scatter(
      workspace.pricing.prices, workspace.pricing.columns.spots, optionTerms,
      into: &workspace.values)
    if change.scenario.failures.isEmpty {
      for i in otherLines {
        let mark = lines[i].mark(after: change, in: market)
        workspace.values[i] = mark.value + mark.income
      }
      return
    }
    let kept = protocols.map { 1 - (change.scenario.failures[$0] ?? 0) }
    for i in optionTerms.lines where terms[i].owner >= 0 && workspace.values[i] > 0 {
      workspace.values[i] *= kept[terms[i].owner]
    }
    for i in otherLines {
      let mark = lines[i].mark(after: change, in: market)
      let share = mark.value > 0 && terms[i].owner >= 0 ? kept[terms[i].owner] : 1
      workspace.values[i] = mark.value * share + mark.income
    }
  }

  private static func scatter(
    _ prices: [Double],
    _ spots: [Double],
    _ terms: OptionTerms,
    into values: inout [Double]
  ) {
    var output = values.mutableSpan
    let (prices, spots, units, lines) = (
      prices.span, spots.span, terms.units.span, terms.lines.span
    )
    guard spots.count == prices.count, units.count == prices.count, lines.count == prices.count
    else { return }
    for i in prices.indices {
      output[lines[i]] = spots[i] > 0 ? units[i] * prices[i] : .nan
    }
  }
}
