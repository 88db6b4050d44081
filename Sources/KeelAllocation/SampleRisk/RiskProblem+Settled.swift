// Weights that keep their limits to the last bits.
//
// A solver of programs of tails ends where its proof holds, with limits missed by its rounding, some 1e-13. Three tries mend
// them, each only where the one before it leaves more than the rounding of a limit's own terms:
//
//   1. the weights inside their bounds, one of them moved by what the sum lacks;
//   2. the same of the nearest weights that keep all limits, where the proof of the least risk holds there, too;
//   3. the first try again, where no limit but the sum is missed by more than before.

import KeelDistributions
import KeelNumerics
import KeelOptimization

extension RiskProblem {
  /// What rounding of the solvers may leave of a sum.
  private static let roundedSum = 1e-9

  /// A violation of so much of the size of a limit's terms is one of its own rounding.
  private static let termRounding = 4 * Double.ulpOfOne

  /// The weights inside their bounds, with the exact sum, and inside the other limits to rounding, where the weights
  /// that were found miss them by rounding only.
  func settled(
    _ found: (weights: [Double], bound: Double),
    _ measure: SampleRiskMeasure
  ) throws(AllocationError) -> [Double] {
    guard let budget = unsplit.rows.first, budget.name == PortfolioConstraints.budgetName,
      budget.isEquality, budget.indices.count == found.weights.count,
      budget.coefficients.allSatisfy({ $0 == 1 })
    else { return found.weights }
    let total = budget.lower
    if let summed = withSum(total, found.weights, allowing: nil) { return summed }
    if let nearest = try? descent.nearest(toWeights: found.weights),
      let summed = withSum(total, nearest, allowing: nil),
      isProved(try risk(measure, at: summed).value, found.bound, within: MinimumRisk.gapTolerance)
    {
      return summed
    }
    return withSum(total, found.weights, allowing: found.weights) ?? found.weights
  }

  /// The weights inside their bounds with a sum that they miss by rounding; nil where they miss it by more, or where
  /// that would miss another limit by more than its rounding and than some weights do.
  private func withSum(
    _ total: Double,
    _ weights: [Double],
    allowing others: [Double]?
  ) -> [Double]? {
    let clamped = weights.indices.map {
      min(max(weights[$0], unsplit.lower[$0]), unsplit.upper[$0])
    }
    for place in clamped.indices.sorted(by: { clamped[$0].magnitude > clamped[$1].magnitude }) {
      var result = clamped
      for _ in 0..<3 {
        var sum = CompensatedSum()
        for weight in result { sum.add(weight) }
        let missing = total - sum.value
        if missing == 0 { break }
        guard missing.magnitude <= Self.roundedSum else { return nil }
        result[place] += missing
      }
      let isInside = result[place] >= unsplit.lower[place] && result[place] <= unsplit.upper[place]
      if isInside, keepsOtherLimits(result, allowing: others) { return result }
    }
    return nil
  }

  /// Whether weights miss no limit but the sum by more than its rounding and than other weights do.
  private func keepsOtherLimits(_ weights: [Double], allowing others: [Double]?) -> Bool {
    func violation(_ value: Double, _ lower: Double, _ upper: Double) -> Double {
      max(lower - value, value - upper, 0)
    }
    func terms(_ row: LinearRow, _ weights: [Double]) -> [Double] {
      zip(row.indices, row.coefficients).map { weights[$0] * $1 }
    }
    let areRowsKept = unsplit.rows.dropFirst().allSatisfy { row in
      let terms = (of: terms(row, weights), others: others.map { terms(row, $0) } ?? [])
      let allowed =
        others == nil ? 0 : violation(terms.others.reduce(0, +), row.lower, row.upper)
      let size = terms.of.reduce(0) { $0 + $1.magnitude }
      return violation(terms.of.reduce(0, +), row.lower, row.upper)
        <= max(allowed, Self.termRounding * max(size, 1))
    }
    return areRowsKept
      && unsplit.absolute.allSatisfy { row in
        let value = row.value(weights)
        let allowed = others.map { max(row.value($0) - row.limit, 0) } ?? 0
        return value - row.limit <= max(allowed, Self.termRounding * max(value, 1))
      }
  }
}
