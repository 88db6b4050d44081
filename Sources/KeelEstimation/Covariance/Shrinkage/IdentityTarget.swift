import KeelNumerics

/// μ I with the mean variance μ: Ledoit and Wolf (2004), where π is Σ ‖x(t)‖⁴ / T − ‖S‖² and ρ is zero.
struct IdentityTarget {
  private let order: Int
  private let mean: Double
  private let sums: TriangleSums

  init(_ sample: [Double], order: Int) {
    self.order = order
    sums = TriangleSums(sample, order: order)
    mean = sums.trace / Double(order)
  }

  /// The intensity δ.
  func intensity(_ returns: ReturnsMatrix) -> Double {
    if order == 1 { return 0 }
    let count = Double(returns.rowCount)
    let error = returns.rowSums().sum(.second, .second) / count - sums.squaredNorm
    return LedoitWolf.intensity(error: error / count, distance: distance)
  }

  /// ‖S − μ I‖².
  var distance: Double {
    sums.squaredNorm - 2 * mean * sums.trace + Double(order) * mean * mean
  }

  /// tr S² and (tr S)².
  var squaredNorm: Double { sums.squaredNorm }
  var squaredTrace: Double { sums.trace * sums.trace }

  /// Moves the sample toward the target.
  func blend(_ sample: inout [Double], _ intensity: Double) {
    var elements = sample.mutableSpan
    for i in elements.indices { elements[i] *= 1 - intensity }
    for j in 0..<order { elements[j &* (order &+ 1)] += intensity * mean }
  }
}
