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
    try workspace.pricing.update(self, after: change)
    let failures = change.scenario.failures
    let kept = failures.isEmpty ? [] : keptShares(change.scenario)
    var equity = 0.0
    for holding in holdingTerms {
      equity += holding.units * holding.price * change.growth[holding.place]
    }
    for i in otherLines { equity += value(of: i, after: change, kept: kept) }
    equity += workspace.pricing.total(self, after: change)
    if equity.isFinite { return equity }
    return try state(after: change).equity
  }

  /// The value of a line that is no option; shares of all protocols are kept where none are given.
  private func value(of i: Int, after change: ScenarioChange, kept: [Double]) -> Double {
    let mark = lines[i].mark(after: change, in: market)
    let isClaim = !kept.isEmpty && mark.value > 0 && terms[i].owner >= 0
    return mark.value * (isClaim ? kept[terms[i].owner] : 1) + mark.income
  }

  /// Writes the values of the lines after a change.
  func setValues(
    after change: ScenarioChange,
    _ workspace: inout Workspace
  ) throws(RiskError) {
    try workspace.pricing.update(self, after: change)
    let kept = change.scenario.failures.isEmpty ? [] : keptShares(change.scenario)
    for i in otherLines { workspace.values[i] = value(of: i, after: change, kept: kept) }
    let pricing = workspace.pricing
    for (k, i) in optionTerms.lines.enumerated() {
      let value = optionTerms.units[k] * pricing.prices[k]
      let isClaim = !kept.isEmpty && value > 0 && terms[i].owner >= 0
      let share = isClaim ? kept[terms[i].owner] : 1
      workspace.values[i] = pricing.columns.spots[k] > 0 ? value * share : .nan
    }
  }
}
