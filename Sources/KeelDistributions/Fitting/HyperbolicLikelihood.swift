// Goals in order: exact slopes and curvatures, determined coordinates next to every limit law, speed.
//
// With a mixing variable W of mean E and W' = W/E the law is that of m + s (κ (W' − 1) + √W' N): m is the mean and
// s, without asymmetry, the deviation, whatever the shape is. A. McNeil, R. Frey and P. Embrechts, Quantitative
// Risk Management (2005), section 3.2. The EM algorithm given there is not needed: first and second derivatives
// are exact in all coordinates, from one sum over the observations.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The mean log-likelihood of a mixture of normal laws in (m, ln s, κ, shapes).
struct MeanVarianceLikelihood<Density: MeanVarianceDensity> {
  let sample: StandardizedSample
  private let largest: Double

  init(_ sample: StandardizedSample) {
    self.sample = sample
    largest = sample.values.reduce(0) { max($0, $1.magnitude) }
  }

  private func frame(_ point: [Double]) -> MeanVarianceFrame<Density>? {
    MeanVarianceFrame(point, largest, count: sample.values.count)
  }

  /// The mean log-likelihood with its derivatives.
  func evaluate(_ point: [Double]) -> LikelihoodPoint {
    guard let frame = frame(point) else { return .outside }
    var sum = MeanVarianceTerms.zero
    let (values, weights) = (sample.values.span, sample.weights.span)
    for i in values.indices {
      let z = (values[i] - frame.location) / frame.unit
      sum.add(frame.density.terms(z), z, weights[i])
    }
    let n = sample.totalWeight
    let value = sum.value / n - log(frame.unit)
    guard value.isFinite else { return .outside }
    return LikelihoodPoint(
      value: value, gradient: frame.gradient(sum, n).map { $0 / n },
      hessian: frame.hessian(sum, n).map { $0 / n })
  }

  /// The mean outer product of the observations' own gradients, row by row.
  func scoreProducts(_ point: [Double]) -> [Double] {
    let count = point.count
    var products = [Double](repeating: 0, count: count * count)
    guard let frame = frame(point) else { return products.map { _ in .nan } }
    for i in sample.values.indices {
      let z = (sample.values[i] - frame.location) / frame.unit
      var terms = MeanVarianceTerms.zero
      terms.add(frame.density.terms(z), z, 1)
      let score = frame.gradient(terms, 1)
      let mass = sample.weights[i] / sample.totalWeight
      for j in 0..<count {
        for k in 0..<count { products[count * j + k] += mass * score[j] * score[k] }
      }
    }
    return products
  }

  /// Mean, ln deviation and κ of the sample; outliers count as far points, and κ stays moderate.
  var start: [Double] {
    let n = sample.totalWeight
    let values = sample.values.map { min(max($0, -Self.largestStart), Self.largestStart) }
    let mean = zip(values, sample.weights).reduce(0) { $0 + $1.0 * $1.1 } / n
    var (square, cube) = (0.0, 0.0)
    for (x, mass) in zip(values, sample.weights) {
      let d = x - mean
      square += mass * d * d
      cube += mass * d * d * d
    }
    let variance = square / n
    let skewness = cube / n / (variance * variance.squareRoot())
    return [mean, 0.5 * log(variance), min(max(0.3 * skewness, -0.5), 0.5)]
  }

  private static var largestStart: Double { 9 }
}
