// With σ(i) the deviations and r the mean correlation, Ledoit and Wolf (2004, appendix B):
//
//   ρ = Σ π(i, i) + r Σ over i ≠ j of (σ(j)/σ(i)) ϑ(i, j),   ϑ(i, j) = Σ x(t, i)³ x(t, j) / T − s(i, i) s(i, j)
//   Σ over i, j of (σ(j)/σ(i)) ϑ(i, j) = Σ over t of (Σ x³/σ) (Σ σ x) / T − Σ (Σ σ x)² / T

import KeelNumerics

/// The sample variances with one correlation, the mean of all.
struct ConstantCorrelationTarget {
  private let order: Int
  private let deviations: [Double]
  private let correlation: Double

  init(_ sample: [Double], _ returns: ReturnsMatrix) throws(EstimationError) {
    let order = returns.columnCount
    self.order = order
    let deviations = (0..<order).map { sample[$0 * (order + 1)].squareRoot() }
    if let constant = deviations.firstIndex(where: { !($0 > 0) }) {
      throw returns.zeroVariance(constant)
    }
    self.deviations = deviations
    let inverses = deviations.map { 1 / $0 }
    var sum = 0.0
    for j in 0..<order {
      var part = 0.0
      for i in (j + 1)..<max(order, j + 1) { part += sample[i &+ j &* order] * inverses[i] }
      sum += part * inverses[j]
    }
    let pairs = Double(order) * Double(order - 1) / 2
    correlation = order > 1 ? min(sum / pairs, 1) : 0
  }

  /// The intensity δ.
  func intensity(_ sample: [Double], _ returns: ReturnsMatrix) -> Double {
    // Of two assets the target is the sample itself.
    if order <= 2 { return 0 }
    let count = Double(returns.rowCount)
    let sums = TriangleSums(sample, order: order)
    let rows = returns.rowSums { i in .init(first: deviations[i], third: 1 / deviations[i]) }
    let pi = rows.sum(.second, .second) / count - sums.squaredNorm
    let fourth = rows.sum(.fourth)
    let cross = rows.sum(.weightedThird, .weightedFirst)
    let square = rows.sum(.weightedFirst, .weightedFirst)
    let diagonal = fourth / count - sums.squaredDiagonal
    let rho = diagonal + correlation * ((cross - square) / count - diagonal)
    return LedoitWolf.intensity(error: (pi - rho) / count, distance: distance(sample))
  }

  /// ‖S − F‖².
  private func distance(_ sample: [Double]) -> Double {
    var sum = 0.0
    let elements = sample.span
    for j in 0..<order {
      let factor = correlation * deviations[j]
      var part = 0.0
      for i in (j &+ 1)..<max(order, j &+ 1) {
        let difference = elements[i &+ j &* order] - factor * deviations[i]
        part += difference * difference
      }
      sum += part
    }
    return 2 * sum
  }

  /// Moves the sample toward the target.
  func blend(_ sample: inout [Double], _ intensity: Double) {
    var elements = sample.mutableSpan
    for j in 0..<order {
      let factor = intensity * correlation * deviations[j]
      for i in (j &+ 1)..<max(order, j &+ 1) {
        elements[i &+ j &* order] =
          (1 - intensity) * elements[i &+ j &* order] + factor * deviations[i]
      }
    }
  }
}
