// Goals: (1) positive weights for any variances, without overflow; (2) a defined answer for clusters
// without risk; (3) N²/2 products in all.
//
// Recursive bisection of López de Prado, Journal of Portfolio Management 42 (2016), section 3.

/// The allocation of hierarchical risk parity over an ordered list of assets.
struct RecursiveBisection {
  private let correlations: Correlations
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

  init(_ correlations: Correlations, order: [Int]) {
    self.correlations = correlations
    self.order = order
  }

  /// The weights, in the order of the correlations; they add to one.
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
    let members = order[range]
    let n = correlations.order
    let deviations = correlations.deviations
    let least = members.reduce(.infinity) { min($0, deviations[$1]) }
    if members.count == 1 { return ClusterVariance(deviation: least, ratio: 1) }
    let x = members.map { least / deviations[$0] }
    let items = Array(members)
    let elements = correlations.lowerTriangle.span
    var squares = 0.0
    var sum = 0.0
    var products = 0.0
    for j in items.indices {
      let item = items[j]
      var product = 0.0
      for i in 0..<j {
        let other = items[i]
        product += elements[max(item, other) &+ min(item, other) &* n] * x[i]
      }
      products += product * x[j]
      squares += x[j] * x[j]
      sum += x[j]
    }
    let total = squares + 2 * products
    // What rounding can leave of a total that is zero.
    let rounding = Double(items.count) * .ulpOfOne * sum * sum
    guard total >= -rounding else { throw .covarianceNotPositiveSemidefinite }
    return ClusterVariance(
      deviation: least, ratio: total <= rounding ? 0 : total / squares / squares)
  }
}
