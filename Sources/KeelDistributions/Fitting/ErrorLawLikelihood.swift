// Goals in order: the best location and scale of any shape, speed.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The likelihood of a standardized sample under the generalized error law.
struct ErrorLawLikelihood {
  /// In increasing order.
  private let values: [Double]
  private let weights: [Double]
  private let totalWeight: Double
  private let median: Double
  private let range: ClosedRange<Double>

  init(_ sample: StandardizedSample) {
    let order = sample.values.indices.sorted { sample.values[$0] < sample.values[$1] }
    values = order.map { sample.values[$0] }
    weights = order.map { sample.weights[$0] }
    totalWeight = sample.totalWeight
    median = sample.median
    range = values[0]...values[values.count - 1]
  }

  /// The mean log-likelihood with the best scale.
  func value(_ shape: Double, _ center: Double) -> Double {
    -logOfTwo - SpecialFunctions.logGammaOnePlus(1 / shape) - log(scale(shape, center)) - 1 / shape
  }

  /// The location of largest likelihood; the median for shape 1.
  func location(_ shape: Double) -> Double {
    if shape == 1 { return median }
    if shape < 1 { return cuspLocation(shape) }
    let unit = range.upperBound - range.lowerBound
    let root = try? Brent.root(
      of: { (center: Double) -> Double in
        zip(values, weights).reduce(0) { sum, pair in
          let d = (pair.0 - center) / unit
          return sum + pair.1 * (d < 0 ? -pow(-d, shape - 1) : pow(d, shape - 1))
        }
      }, in: range)
    return root?.argument ?? .nan
  }

  /// The observation with the least Σ w |x − μ|^β, by branch and bound over their order.
  private func cuspLocation(_ shape: Double) -> Double {
    // Beyond its ends an interval's points are at least as far as from the nearer end.
    func bound(_ low: Int, _ high: Int) -> Double {
      var sum = 0.0
      for k in 0..<low { sum += weights[k] * pow(values[low] - values[k], shape) }
      for k in (high + 1)..<max(values.count, high + 1) {
        sum += weights[k] * pow(values[k] - values[high], shape)
      }
      return sum
    }
    let middle = values.firstIndex { $0 >= median } ?? 0
    var best = (value: bound(middle, middle), index: middle)
    var open = [(bound: 0.0, low: 0, high: values.count - 1)]
    while let interval = open.popLast() {
      guard interval.bound < best.value else { continue }
      if interval.low == interval.high {
        best = (interval.bound, interval.low)
        continue
      }
      let split = (interval.low + interval.high) / 2
      let parts = [(interval.low, split), (split + 1, interval.high)].map { low, high in
        (bound: bound(low, high), low: low, high: high)
      }
      // The better part last, to be taken first.
      open += parts[0].bound < parts[1].bound ? [parts[1], parts[0]] : parts
    }
    return values[best.index]
  }

  /// The shape of largest likelihood at a location, up to 1.
  func shape(
    at center: Double,
    _ range: ClosedRange<Double>
  ) throws(DistributionsError) -> (shape: Double, status: FitStatus) {
    func slope(_ shape: Double) -> Double {
      gradient(shape, center, scale(shape, center)).logShape
    }
    if !(slope(range.lowerBound) > 0) { return (range.lowerBound, .lowerBound) }
    if !(slope(range.upperBound) < 0) { return (range.upperBound, .upperBound) }
    do throws(NumericsError) {
      let root = try Brent.root(
        of: { slope(exp($0)) }, in: log(range.lowerBound)...log(range.upperBound))
      return (exp(root.argument), .converged)
    } catch {
      throw .notRepresentable(result: "logLikelihood")
    }
  }

  func scale(_ shape: Double, _ center: Double) -> Double {
    // In the unit of the largest distance, whose powers neither overflow nor vanish.
    let unit = values.reduce(0) { max($0, ($1 - center).magnitude) }
    let mean =
      zip(values, weights).reduce(0) { sum, pair in
        sum + pair.1 * pow((pair.0 - center).magnitude / unit, shape)
      } / totalWeight
    return unit * pow(shape * mean, 1 / shape)
  }

  /// The slope of the likelihood in the shape, location and scale at their best.
  func slope(_ shape: Double) -> Double {
    let center = location(shape)
    return gradient(shape, center, scale(shape, center)).logShape / shape
  }

  /// The slopes in ln α and ln β at a location.
  private func gradient(
    _ shape: Double,
    _ center: Double,
    _ scale: Double
  ) -> (logScale: Double, logShape: Double) {
    var (powers, logarithms) = (0.0, 0.0)
    for (x, mass) in zip(values, weights) {
      let z = (x - center).magnitude / scale
      let power = mass * pow(z, shape)
      powers += power
      if power > 0 { logarithms += power * log(z) }
    }
    let n = totalWeight
    return (
      shape * powers / n - 1,
      1 + SpecialFunctions.digamma(1 / shape) / shape - shape * logarithms / n
    )
  }

  /// The errors of ln α and ln β from the observed information, the location held.
  func standardErrors(
    _ shape: Double,
    _ center: Double,
    _ scale: Double,
    isHeld: Bool
  ) -> (logScale: Double, logShape: Double) {
    let point = LikelihoodPoint.differenced(at: [0, 0]) { p in
      let slopes = gradient(shape * exp(p[1]), center, scale * exp(p[0]))
      return (0, [slopes.logScale, slopes.logShape])
    }
    let n = totalWeight
    let (a, b, c) = (-n * point.hessian[0], -n * point.hessian[1], -n * point.hessian[3])
    if isHeld { return (1 / a.squareRoot(), .nan) }
    let determinant = a * c - b * b
    return ((c / determinant).squareRoot(), (a / determinant).squareRoot())
  }
}
