import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) no cancellation, whatever the weights; (2) linear time, and one dsyrk for the matrix.
//
// With B d = d(t) − d(t − 1), positive weights E of the changes and D of the drawdowns, the least of
//
//   Σ E (B d + x)² + Σ D d²   over d   is   x' K⁻¹ x,   K = E⁻¹ + B D⁻¹ B'
//
// K is tridiagonal with −1/D beside the diagonal. Its pivots are g + 1/D with
//
//   g(1) = 1/E(1),   g(t) = 1/E(t) + g(t − 1) / (1 + D(t − 1) g(t − 1))
//
// so that nothing is subtracted: the filter of a random walk that is seen with noise (R. E. Kalman,
// Journal of Basic Engineering 82, 1960), with the columns of the outcomes as observations.

/// The factors L Δ L' of the matrix that is left when drawdowns are eliminated.
struct DrawdownChain {
  /// 1 / D.
  private(set) var gaps: [Double] = []
  private var pivots: [Double] = []
  /// What a row passes on to the next one.
  private var ratios: [Double] = []
  private var passed: [Double] = []
  private var roots: [Double] = []
  private var panel: [Double] = []
  private var carried: [Double] = []
  private var sum: GramAccumulator?

  /// Rows of a block: with some hundred columns it fits the second-level cache.
  private static let blockRows = 512

  /// Factors K.
  ///
  /// - Parameters:
  ///   - changeWeights: E, positive.
  ///   - drawdownWeights: D, positive.
  mutating func factor(changeWeights: [Double], drawdownWeights: [Double]) {
    let count = changeWeights.count
    gaps.refill(count, with: 0)
    pivots.refill(count, with: 0)
    ratios.refill(count, with: 0)
    roots.refill(count, with: 0)
    passed.refill(count, with: 0)
    var before = 0.0
    for t in 0..<count {
      gaps[t] = 1 / drawdownWeights[t]
      let own = 1 / changeWeights[t] + before
      pivots[t] = own + gaps[t]
      ratios[t] = gaps[t] / pivots[t]
      roots[t] = 1 / pivots[t].squareRoot()
      before = own * ratios[t]
      passed[t] = before
    }
  }

  /// Solves K s = B D⁻¹ pulls + b in place of b.
  ///
  /// Gaps of very different size would cancel in B D⁻¹ pulls: what a row keeps of its own pull is
  /// g / (1 + D g) instead.
  func solve(_ b: inout [Double], pulls: [Double]) {
    var last = 0.0
    for t in b.indices {
      if t > 0 { last = ratios[t - 1] * last - passed[t - 1] * pulls[t - 1] }
      last += b[t]
      b[t] = last
    }
    last = 0
    for t in b.indices.reversed() {
      last = b[t] / pivots[t] + ratios[t] * (pulls[t] + last)
      b[t] = last
    }
  }

  /// The lower triangle of X' K⁻¹ X.
  ///
  /// - Parameters:
  ///   - columns: The columns of X, one after the other.
  ///   - count: Their number.
  ///   - triangle: Becomes the count² numbers.
  /// - Returns: False when they are not finite.
  mutating func setGram(
    _ columns: [Double],
    count: Int,
    _ triangle: inout [Double]
  ) -> Bool {
    let rowCount = pivots.count
    carried.refill(count, with: 0)
    do throws(LinearAlgebraError) {
      var sum = try takeSum(order: count)
      var first = 0
      while first < rowCount {
        let range = first..<min(first + Self.blockRows, rowCount)
        if panel.count < range.count * count { panel.refill(range.count * count, with: 0) }
        whiten(columns, range, count)
        try sum.add(panel, rowCount: range.count)
        first = range.upperBound
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
  private mutating func takeSum(order: Int) throws(LinearAlgebraError) -> GramAccumulator {
    guard var kept = sum.take() else { return try GramAccumulator(order: order) }
    try kept.restart(order: order)
    return kept
  }

  /// Fills the panel with some rows of Δ^(−1/2) L⁻¹ X.
  private mutating func whiten(_ columns: [Double], _ range: Range<Int>, _ count: Int) {
    Self.whiten(columns, range, count, ratios, roots, carrying: &carried, into: &panel)
  }

  /// Two columns at a time: each waits for itself.
  private static func whiten(
    _ columns: [Double],
    _ range: Range<Int>,
    _ count: Int,
    _ ratios: [Double],
    _ roots: [Double],
    carrying carried: inout [Double],
    into panel: inout [Double]
  ) {
    let rowCount = ratios.count
    let source = columns.span
    let ratios = ratios.span
    let roots = roots.span
    var target = panel.mutableSpan
    let before = max(range.lowerBound - 1, 0)
    for j in stride(from: 0, to: count, by: 2) {
      let other = min(j &+ 1, count &- 1)
      let (from, fromOther) = (j &* rowCount, other &* rowCount)
      let to = j &* range.count &- range.lowerBound
      let toOther = other &* range.count &- range.lowerBound
      var (last, lastOther) = (carried[j], carried[other])
      var ratio = ratios[before]
      for t in range {
        last = source[from &+ t] + ratio * last
        lastOther = source[fromOther &+ t] + ratio * lastOther
        ratio = ratios[t]
        target[to &+ t] = last * roots[t]
        target[toOther &+ t] = lastOther * roots[t]
      }
      carried[j] = last
      carried[other] = lastOther
    }
  }
}
