// With m(t) the mean return of the assets, s(i, m) and s(m, m) its covariances and g(t) = Σ s(j, m) x(t, j), Ledoit and
// Wolf (2003, lemmas 1 and 2):
//
//   ρ = Σ π(i, i) + Σ over i ≠ j of ρ(i, j)
//   ρ(i, j) = [s(j, m) v(i, j) + s(i, m) v(j, i)] / s(m, m) − s(i, m) s(j, m) w(i, j) / s(m, m)²
//   v(i, j) = Σ x(t, i)² x(t, j) m(t) / T − s(i, m) s(i, j),   w(i, j) = Σ m(t)² x(t, i) x(t, j) / T − s(m, m) s(i, j)
//
// Summed over all i and j these are sums over t of products of row sums; the terms i = j are taken off again.

import KeelNumerics

/// One factor, the mean return of all assets, with the sample variances.
struct SingleFactorTarget {
  private let order: Int
  /// s(i, m).
  private let exposures: [Double]
  /// s(m, m).
  private let variance: Double
  /// The largest s(i, i).
  private let largestVariance: Double

  init(_ sample: [Double], order: Int) {
    self.order = order
    var sums = [Double](repeating: 0, count: order)
    for j in 0..<order {
      let elements = sample.span
      var output = sums.mutableSpan
      var column = elements[j &* (order &+ 1)]
      for i in (j &+ 1)..<max(order, j &+ 1) {
        let value = elements[i &+ j &* order]
        column += value
        output[i] += value
      }
      output[j] += column
    }
    let means = sums.map { $0 / Double(order) }
    let variance = means.reduce(0, +) / Double(order)
    // Cauchy and Schwarz hold for what rounding leaves too, so that the target is positive semidefinite where assets offset
    // each other and the mean return hardly moves.
    exposures = means.enumerated().map { i, mean in
      let limit = (sample[i * (order + 1)] * max(variance, 0)).squareRoot()
      return min(max(mean, -limit), limit)
    }
    self.variance = variance
    largestVariance = (0..<order).reduce(0) { max($0, sample[$1 * (order + 1)]) }
  }

  /// Whether the mean return moves more than rounding makes it move.
  private var hasFactor: Bool {
    let size = Double(order) * largestVariance
    return variance > Double.ulpOfOne * size
  }

  /// The intensity δ.
  func intensity(_ sample: [Double], _ returns: ReturnsMatrix) -> Double {
    if order == 1 { return 0 }
    let count = Double(returns.rowCount)
    let sums = TriangleSums(sample, order: order)
    let rows = returns.rowSums { i in
      .init(
        first: exposures[i], second: exposures[i] * exposures[i], third: exposures[i])
    }
    let pi = rows.sum(.second, .second) / count - sums.squaredNorm
    let (size, fourth, second) = (
      Double(order), rows.sum(.fourth), rows.sum(.weightedFirst, .weightedFirst)
    )
    let first = rows.sum(.second, .first, .weightedFirst) / size
    let third = rows.sum(.first, .first, .weightedFirst, .weightedFirst) / (size * size)
    let own = rows.sum(.weightedThird, .first) / size
    let ownSquare = rows.sum(.weightedSecond, .first, .first) / (size * size)
    var rho = fourth / count - sums.squaredDiagonal
    if hasFactor {
      var quadratic = 0.0
      for i in 0..<order { quadratic += exposures[i] * exposures[i] * sample[i * (order + 1)] }
      let both = 2 * ((first - second) / count - (own / count - quadratic))
      let factor = (third - ownSquare) / count - variance * (second / count - quadratic)
      rho += both / variance - factor / (variance * variance)
    }
    return LedoitWolf.intensity(error: (pi - rho) / count, distance: distance(sample))
  }

  /// ‖S − F‖².
  private func distance(_ sample: [Double]) -> Double {
    let inverse = hasFactor ? 1 / variance : 0
    let elements = sample.span
    var sum = 0.0
    for j in 0..<order {
      let factor = exposures[j] * inverse
      var part = 0.0
      for i in (j &+ 1)..<max(order, j &+ 1) {
        let difference = elements[i &+ j &* order] - factor * exposures[i]
        part += difference * difference
      }
      sum += part
    }
    return 2 * sum
  }

  /// Moves the sample toward the target.
  func blend(_ sample: inout [Double], _ intensity: Double) {
    let inverse = hasFactor ? intensity / variance : 0
    var elements = sample.mutableSpan
    for j in 0..<order {
      let factor = exposures[j] * inverse
      for i in (j &+ 1)..<max(order, j &+ 1) {
        elements[i &+ j &* order] =
          (1 - intensity) * elements[i &+ j &* order] + factor * exposures[i]
      }
    }
  }
}
