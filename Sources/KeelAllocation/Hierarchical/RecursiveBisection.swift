// Goals: (1) positive weights for any variances, without overflow; (2) a defined answer for clusters
// without risk; (3) N²/2 products in all.
//
// Recursive bisection of López de Prado, Journal of Portfolio Management 42 (2016), section 3.

import KeelNumerics

/// The allocation of hierarchical risk parity over an ordered list of assets.
struct RecursiveBisection {
  private let covariance: ScaledCovariance
  private let order: [Int]

  /// The variance of the inverse-variance portfolio of a cluster.
  ///
  /// ```text
  /// variance = ratio · deviation²,   ratio = Σ_ij ρ_ij x_i x_j / (Σ x_i²)²,   x_i = deviation / σ_i
  /// ```
  private struct ClusterVariance {
    /// The least standard deviation in the cluster.
    let deviation: Double
    /// The variance over its square; zero when it is no more than rounding.
    let ratio: Double
  }

  /// Takes the columns of the covariance in the order in which they are halved.
  init(_ covariance: ScaledCovariance, order: [Int]) {
    self.covariance = covariance
    self.order = order
  }

  /// The weights, in the order of the covariance; they add to one.
  func weights() throws(AllocationError) -> [Double] {
    var weights = [Double](repeating: 0, count: order.count)
    var pending: [(range: Range<Int>, weight: Double)] = [(order.indices, 1)]
    while let (range, weight) = pending.popLast() {
      if range.count <= 1 {
        for k in range { weights[order[k]] = weight }
        continue
      }
      let middle = range.lowerBound + range.count / 2
      let left = range.lowerBound..<middle
      let right = middle..<range.upperBound
      let shares = Self.shares(try variance(of: left), try variance(of: right))
      pending.append((left, weight * shares.0))
      pending.append((right, weight * shares.1))
    }
    return weights
  }

  /// Shares in inverse proportion to two variances; halves when both are zero.
  private static func shares(_ left: ClusterVariance, _ right: ClusterVariance) -> (Double, Double)
  {
    if left.ratio == 0 || right.ratio == 0 {
      if left.ratio == right.ratio { return (0.5, 0.5) }
      return left.ratio == 0 ? (1, 0) : (0, 1)
    }
    // The smaller variance over the larger one: the quotient may underflow but not overflow.
    let deviations = left.deviation / right.deviation
    let quotient = left.ratio / right.ratio * deviations * deviations
    if quotient <= 1 {
      let share = 1 / (1 + quotient)
      return (share, quotient * share)
    }
    let inverse = right.ratio / left.ratio / deviations / deviations
    let share = 1 / (1 + inverse)
    return (inverse * share, share)
  }

  private func variance(of range: Range<Int>) throws(AllocationError) -> ClusterVariance {
    let items = Array(order[range])
    let deviations = covariance.deviations
    let least = items.reduce(.infinity) { min($0, deviations[$1]) }
    if items.count == 1 { return ClusterVariance(deviation: least, ratio: 1) }
    // What turns a covariance of two members into ρ x x: at most one over their deviations.
    let factors = items.map {
      covariance.scales[$0] * (covariance.factors[$0] * (least / deviations[$0]))
    }
    var squares = 0.0
    var sum = 0.0
    var products = 0.0
    for j in items.indices {
      let x = least / deviations[items[j]]
      products +=
        Self.product(
          covariance.matrix.column(items[j]), at: items.span, factors.span, count: j) * factors[j]
      squares += x * x
      sum += x
    }
    let total = squares + 2 * products
    // What rounding can leave of a total that is zero.
    let rounding = Double(items.count) * .ulpOfOne * sum * sum
    guard total >= -rounding else { throw .covarianceNotPositiveSemidefinite }
    return ClusterVariance(
      deviation: least, ratio: total <= rounding ? 0 : total / squares / squares)
  }

  /// The sum of some elements of a column times their factors.
  private static func product(
    _ column: Span<Double>,
    at items: Span<Int>,
    _ factors: Span<Double>,
    count: Int
  ) -> Double {
    // Four sums: additions wait for each other.
    var sums = SIMD4<Double>.zero
    var i = 0
    while i + 4 <= count {
      let (a, b, c, d) = (items[i], items[i + 1], items[i + 2], items[i + 3])
      let elements = SIMD4<Double>(column[a], column[b], column[c], column[d])
      let others = SIMD4<Double>(factors[i], factors[i + 1], factors[i + 2], factors[i + 3])
      sums += elements * others
      i += 4
    }
    var sum = sums.sum()
    while i < count {
      sum += column[items[i]] * factors[i]
      i += 1
    }
    return sum
  }
}
