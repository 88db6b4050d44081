// Goals in order: the digits of the tail itself, all moments from one path, O(r²) a point of it.
//
// Under the law tilted by e^(sV) the variables of V = Σ (b z + λ (z² − 1)/2) are independent normal with the means and variances
//
//   m = s b/(1 − λ s),   v = 1/(1 − λ s)
//
// so that E[h(z) e^(sV)] = e^(K(s)) E_s[h(z)], and for linear and quadratic h the mean given V = x or V > x is the integral of the density or the
// tail along the same path, with E_s[h] under it. Source: C. Rouvinez, "Going Greek with VaR", Risk 10 (1997), for the law; the
// tilted moments are those of the noncentral chi-square variables in it.

import KeelNumerics

/// First and second moments of the variables of a quadratic form, given that it loses.
struct QuadraticTailMoments {
  /// What is known of the form.
  enum Event {
    /// It is at its quantile.
    case atPoint
    /// It is at most its quantile.
    case below
  }

  /// E[z | event].
  let mean: [Double]
  /// Cov[z, z' | event], column-major.
  let covariance: [Double]

  /// Integrates the moments; nil where the integrals have no digits, or the density is infinite.
  ///
  /// - Parameters:
  ///   - form: The form, of mean zero and variance one.
  ///   - slopes: b of each variable, in the unit of the form.
  ///   - curvatures: λ of each variable, in the unit of the form.
  ///   - probability: The probability of the quantile.
  ///   - event: What is known.
  init?(
    _ form: StandardQuadraticForm,
    slopes: [Double],
    curvatures: [Double],
    probability: Double,
    event: Event
  ) {
    let x = -form.lowerPoint(probability)
    guard x.isFinite else { return nil }
    // Of minus the form, whose upper tail is the lower one.
    let (b, l) = (slopes.map { -$0 }, curvatures.map { -$0 })
    if QuadraticSearch.isLargest(x, of: form.lower) {
      self.init(atVertex: b, l)
      return
    }
    guard let nodes = form.lower.nodes(x, isDensityNeeded: event == .atPoint) else { return nil }
    let weights = nodes.map { event == .atPoint ? $0.density : $0.tail }
    let total = CompensatedSum.of(weights.map(\.imaginary))
    guard total > 0, total.isFinite else { return nil }
    self.init(nodes.map(\.place), weights.map { $0 / total }, b, l)
  }

  /// Sums along the path.
  private init(_ places: [Complex], _ weights: [Complex], _ b: [Double], _ l: [Double]) {
    let rank = b.count
    var first = [Double](repeating: 0, count: rank)
    var second = [Double](repeating: 0, count: rank * rank)
    for (s, weight) in zip(places, weights) {
      let variances = l.map { 1 / (1 - s * $0) }
      let means = b.indices.map { s * b[$0] * variances[$0] }
      for j in 0..<rank {
        let part = weight * means[j]
        first[j] += part.imaginary
        for i in 0..<j { second[j * rank + i] += (part * means[i]).imaginary }
        second[j * rank + j] += (part * means[j] + weight * variances[j]).imaginary
      }
    }
    for j in 0..<rank {
      for i in 0...j {
        second[j * rank + i] -= first[i] * first[j]
        second[i * rank + j] = second[j * rank + i]
      }
    }
    mean = first
    covariance = second
  }

  /// At the largest value of the form every variable that has a curvature is where its parabola ends.
  private init(atVertex b: [Double], _ l: [Double]) {
    mean = zip(b, l).map { $1 == 0 ? 0 : -$0 / $1 }
    var second = [Double](repeating: 0, count: b.count * b.count)
    for j in l.indices where l[j] == 0 { second[j * b.count + j] = 1 }
    covariance = second
  }
}
