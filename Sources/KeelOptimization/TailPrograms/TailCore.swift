import KeelLinearAlgebra
import KeelNumerics

// The program as the iterations see it. The value at risk t is the last variable, so that the
// scenarios that count stand in one matrix (Rockafellar and Uryasev, Journal of Risk 2, 2000).

/// A piecewise linear program in scaled units, over some scenarios and some variables.
///
/// ```text
/// minimize  cost'x + Σ limit(s) max(0, −(outcomes x + offset)(s))
/// subject to  rows and bounds
/// ```
///
/// The memory is kept when the program is replaced by another one.
struct TailCore {
  /// S' × n numbers, column after column; the last column is one, that of the value at risk.
  var outcomes: [Double] = []
  /// What variables that are held fixed contribute.
  var offsets: [Double] = []
  /// The largest multiplier of each scenario, positive.
  var limits: [Double] = []
  var cost: [Double] = []
  var lower: [Double] = []
  var upper: [Double] = []
  var rows = TailRows()

  private var sum: GramAccumulator?
  private var panel: [Double] = []
  private var roots: [Double] = []

  var count: Int { cost.count }
  var scenarioCount: Int { limits.count }

  /// margins := outcomes x + offset: positive where a scenario is not in the tail.
  func setMargins(_ margins: inout [Double], at x: [Double]) {
    margins.copyElements(of: offsets)
    PanelProducts.add(
      outcomes, rowCount: scenarioCount, columnCount: count, .none, x, to: &margins)
  }

  /// result := outcomes x.
  func setProduct(_ result: inout [Double], with x: [Double]) {
    result.refill(scenarioCount, with: 0)
    PanelProducts.add(
      outcomes, rowCount: scenarioCount, columnCount: count, .none, x, to: &result)
  }

  /// result := outcomes' q.
  func setTransposedProduct(_ result: inout [Double], with q: [Double]) {
    result.refill(count, with: 0)
    PanelProducts.add(
      outcomes, rowCount: scenarioCount, columnCount: count, .transposed, q, to: &result)
  }

  /// The lower triangle of outcomes' diag(weights) outcomes: one weighted `dsyrk`, over blocks of
  /// scenarios that stay in the cache.
  ///
  /// - Parameters:
  ///   - weights: One number a scenario.
  ///   - triangle: Becomes the n² numbers.
  /// - Returns: False when they are not finite.
  mutating func setGram(weights: [Double], _ triangle: inout [Double]) -> Bool {
    roots.copyElements(of: weights)
    for s in roots.indices { roots[s] = roots[s].squareRoot() }
    do throws(LinearAlgebraError) {
      var sum = try takeSum()
      var first = 0
      while first < scenarioCount {
        let end = min(first + Self.blockRows, scenarioCount)
        fillPanel(first..<end)
        try sum.add(panel, rowCount: end - first)
        first = end
      }
      try sum.requireFinite()
      triangle.copyElements(of: sum.lowerTriangle)
      self.sum = consume sum
      return true
    } catch {
      return false
    }
  }

  /// The sum, empty; whoever takes it puts it back.
  private mutating func takeSum() throws(LinearAlgebraError) -> GramAccumulator {
    guard var kept = sum.take() else { return try GramAccumulator(order: count) }
    try kept.restart(order: count)
    return kept
  }

  /// Copies some scenarios, times the roots of their weights.
  private mutating func fillPanel(_ range: Range<Int>) {
    let length = range.count * count
    if panel.count < length { panel.refill(length, with: 0) }
    Self.copy(range, of: outcomes, rowCount: scenarioCount, columnCount: count, roots, to: &panel)
  }

  private static func copy(
    _ range: Range<Int>,
    of elements: [Double],
    rowCount: Int,
    columnCount: Int,
    _ factors: [Double],
    to panel: inout [Double]
  ) {
    var target = panel.mutableSpan
    let source = elements.span
    let scale = factors.span
    for j in 0..<columnCount {
      let from = j &* rowCount
      let to = j &* range.count &- range.lowerBound
      for s in range { target[to &+ s] = source[from &+ s] * scale[s] }
    }
  }

  /// Rows of a block: with some hundred variables it fits the second-level cache.
  private static let blockRows = 1024

  /// Takes the memory for programs up to a size.
  mutating func reserve(scenarioCount: Int, count: Int, rowCount: Int, entryCount: Int) {
    outcomes.reserveCapacity(scenarioCount * count)
    offsets.reserveCapacity(scenarioCount)
    limits.reserveCapacity(scenarioCount)
    roots.reserveCapacity(scenarioCount)
    cost.reserveCapacity(count)
    lower.reserveCapacity(count)
    upper.reserveCapacity(count)
    panel.reserveCapacity(min(scenarioCount, Self.blockRows) * count)
    rows.reserve(rowCount: rowCount, entryCount: entryCount)
    sum = try? GramAccumulator(order: count)
  }
}
