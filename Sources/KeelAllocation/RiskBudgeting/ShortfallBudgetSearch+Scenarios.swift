import KeelData
import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics

extension ShortfallBudgetSearch {
  /// What the search found in the caller's terms.
  struct Answer {
    /// The weights in any scale.
    let weights: [Double]
    /// The share of each scenario in the tail.
    let scenarioShares: [Double]
    let isSolved: Bool
    let iterations: Int

    /// −X'q: what one unit of each asset adds to the loss in the tail.
    func prices(_ scenarios: ScenarioSet) -> [Double] {
      scenarios.universe.assets.indices.map { j in
        let column = scenarios.outcomes.column(j)
        var sum = CompensatedSum()
        for s in column.indices { sum.add(-scenarioShares[s] * column[s]) }
        return sum.value
      }
    }
  }

  private static let iterationLimit = 200
  private static let tolerance = ShortfallRiskBudgeting.tolerance / 10

  /// Searches over the scenarios that can happen.
  static func run(
    _ scenarios: ScenarioSet,
    confidence: Double,
    lines: RiskBudgetLines
  ) throws(AllocationError) -> Answer {
    let masses =
      scenarios.probabilities ?? [Double](repeating: 1, count: scenarios.scenarioCount)
    let possible = masses.indices.filter { masses[$0] > 0 }
    let total = masses.reduce(0, +)
    let own = try sizes(scenarios)
    // One size a line: that of its least asset. In these units all numbers are near one.
    var least = [Double](repeating: .infinity, count: lines.shares.count)
    for (j, line) in lines.lineOfAsset.enumerated() { least[line] = min(least[line], own[j]) }
    let sizes = lines.lineOfAsset.map { least[$0] }
    var elements: [Double] = []
    for j in sizes.indices {
      let column = scenarios.outcomes.column(j)
      for s in possible { elements.append(column[s] / sizes[j]) }
    }
    var search = ShortfallBudgetSearch(
      outcomes: try Translation.matrix(
        elements, rowCount: possible.count, columnCount: sizes.count),
      probabilities: possible.map { masses[$0] / total }, confidence: confidence, lines: lines,
      proportions: zip(sizes, own).map { $0 / $1 })
    let isSolved =
      (try? search.run(tolerance: tolerance, maximumIterations: iterationLimit)) ?? false
    var shares = [Double](repeating: 0, count: masses.count)
    for (k, s) in possible.enumerated() { shares[s] = search.shares[k] }
    return Answer(
      weights: zip(search.y, sizes).map { $0 / $1 }, scenarioShares: shares, isSolved: isSolved,
      iterations: search.iterations)
  }

  /// The root mean square of the outcomes of each asset.
  private static func sizes(_ scenarios: ScenarioSet) throws(AllocationError) -> [Double] {
    var sizes: [Double] = []
    for (j, asset) in scenarios.universe.assets.enumerated() {
      let column = scenarios.outcomes.column(j)
      var largest = 0.0
      for s in column.indices { largest = max(largest, column[s].magnitude) }
      guard largest > 0 else {
        throw .riskBudgetUnattainable(asset: asset, reason: .noVariance)
      }
      var sum = 0.0
      for s in column.indices { sum += (column[s] / largest) * (column[s] / largest) }
      sizes.append(largest * (sum / Double(column.count)).squareRoot())
    }
    return sizes
  }
}

extension Translation {
  /// The expected shortfall of weights over scenarios.
  static func expectedShortfall(
    _ weights: Weights,
    _ scenarios: ScenarioSet,
    _ confidence: Double
  ) throws(AllocationError) -> Double {
    do throws(DistributionsError) {
      return try SampleRiskMeasure.expectedShortfall(confidence: confidence).risk(
        of: EmpiricalDistribution(weights: weights, scenarios: scenarios)
      ).value
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
  }
}
