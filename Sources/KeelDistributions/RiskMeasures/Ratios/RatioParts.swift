// Goals in order: one rule for the errors of all ratios, influences that sum to zero, no loss of digits in means.
//
// The influence of an outcome on a functional is its derivative as the mass moves to that outcome; that of a smooth function of some functionals
// follows by the chain rule. Sources: F. Hampel, "The influence curve and its role in robust estimation", Journal of the American Statistical
// Association 69 (1974); P. Hall and S. Sheather, "On the distribution of a studentized quantile", Journal of the Royal Statistical Society
// B 50 (1988), for the distance of the quantiles from which the density is taken.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A functional of a law with the influence of each outcome on it; nil where it has none.
struct RatioPart {
  var value: Double
  var influences: [Double]?

  /// The same for a denominator: a loss of zero is minus an outcome of zero, −0.0, whose ratio has the wrong infinity.
  var aboveZero: RatioPart { RatioPart(value: value + 0.0, influences: influences) }

  /// A smooth function of two functionals, from its derivatives.
  private func combined(
    _ other: RatioPart,
    value: Double,
    _ slope: Double,
    _ otherSlope: Double
  ) -> RatioPart {
    guard value.isFinite, let influences, let others = other.influences else {
      return RatioPart(value: value)
    }
    return RatioPart(
      value: value,
      influences: zip(influences, others).map { slope * $0 + otherSlope * $1 })
  }

  static func / (left: RatioPart, right: RatioPart) -> RatioPart {
    let ratio = left.value / right.value
    guard ratio.isFinite, let above = left.influences, let below = right.influences else {
      return RatioPart(value: ratio)
    }
    return RatioPart(
      value: ratio, influences: zip(above, below).map { ($0 - ratio * $1) / right.value })
  }

  static func * (left: RatioPart, right: RatioPart) -> RatioPart {
    left.combined(right, value: left.value * right.value, right.value, left.value)
  }

  static func - (left: RatioPart, right: RatioPart) -> RatioPart {
    left.combined(right, value: left.value - right.value, 1, -1)
  }

  static func + (left: RatioPart, right: Double) -> RatioPart {
    RatioPart(value: left.value + right, influences: left.influences)
  }

  static func * (left: RatioPart, right: Double) -> RatioPart {
    RatioPart(value: left.value * right, influences: left.influences?.map { $0 * right })
  }

  /// The root of the sum of squares of some numbers over a divisor.
  static func rootMeanSquare(_ values: [Double], divisor: Double) -> RatioPart {
    let scaled = RatioMoments.scaled(values)
    let squares = scaled.values.map { $0 * $0 }
    let mean = RatioMoments.average(squares)
    let deviation = scaled.unit * (mean * (Double(squares.count) / divisor)).squareRoot()
    guard mean > 0 else { return RatioPart(value: deviation) }
    return RatioPart(
      value: deviation, influences: squares.map { deviation * (($0 - mean) / (2 * mean)) })
  }
}

extension RatioEstimate {
  init(_ part: RatioPart, observationCount: Int, lagCount: Int) {
    self.init(
      value: part.value,
      standardError: part.influences.flatMap { RatioMoments.error($0, lagCount: lagCount) },
      observationCount: observationCount)
  }
}

/// Parts of ratios of one sample.
struct RatioMoments {
  let outcomes: [Double]
  let mean: Double

  /// The distances from the mean.
  var distances: [Double] { outcomes.map { $0 - mean } }

  init(_ outcomes: [Double]) {
    self.outcomes = outcomes
    let first = outcomes[0]
    mean = first + Self.average(outcomes.map { $0 - first })
  }

  /// The law of at least two outcomes.
  static func law(of outcomes: [Double]) throws(DistributionsError) -> EmpiricalDistribution {
    guard outcomes.count >= 2 else {
      throw .tooFewObservations(got: outcomes.count, required: 2)
    }
    return try EmpiricalDistribution(outcomes: outcomes)
  }

  static func average(_ values: [Double]) -> Double {
    let sum = CompensatedSum.of(values)
    let count = Double(values.count)
    return sum.isFinite ? sum / count : CompensatedSum.of(values.map { $0 / count })
  }

  /// Numbers in units of the power of two below the largest magnitude, so that their squares neither overflow nor vanish.
  static func scaled(_ values: [Double]) -> (values: [Double], unit: Double) {
    let largest = values.reduce(0) { max($0, $1.magnitude) }
    guard largest > 0, largest.isFinite else { return (values, 1) }
    let unit =
      largest.isNormal
      ? Double(sign: .plus, exponent: largest.exponent, significand: 1) : .leastNormalMagnitude
    return (values.map { $0 / unit }, unit)
  }

  /// The mean less a rate.
  func meanPart(above rate: Double) -> RatioPart {
    RatioPart(value: mean - rate, influences: distances)
  }

  /// The standard deviation, with T − 1.
  var deviation: RatioPart {
    RatioPart.rootMeanSquare(distances, divisor: Double(outcomes.count - 1))
  }

  func sharpe(_ rate: Double) -> RatioPart { meanPart(above: rate) / deviation }

  func excess(_ target: Double, order: Int) -> RatioPart {
    meanPart(above: target) / losses(target, order: order)
  }

  /// The mean of what exceeds the target.
  func gains(_ target: Double) -> RatioPart {
    Self.mean(of: outcomes.map { max($0 - target, 0) })
  }

  /// The mean of some numbers.
  static func mean(of values: [Double]) -> RatioPart {
    let mean = average(values)
    return RatioPart(value: mean, influences: values.map { $0 - mean })
  }

  /// The root of a lower partial moment.
  func losses(_ target: Double, order: Int) -> RatioPart {
    let losses = outcomes.map { max(target - $0, 0) }
    let largest = losses.reduce(0, max)
    guard largest > 0 else { return RatioPart(value: 0, influences: losses) }
    let powers = losses.map { pow($0 / largest, Double(order)) }
    let moment = Self.average(powers)
    let root = pow(moment, 1 / Double(order))
    // d m^(1/n) = root / (n m) dm.
    let slope = largest * root / (Double(order) * moment)
    return RatioPart(
      value: largest * root, influences: powers.map { slope * ($0 - moment) })
  }

  /// The mean of the largest 1 − confidence of some numbers; without influences where that is the largest one alone.
  static func tail(_ values: [Double], _ confidence: Double) -> RatioPart {
    let tail = SampleTail(losses: values, masses: nil, confidence: confidence)
    let room = (1 - confidence) * Double(values.count)
    guard room * (1 + SampleTail.massTolerance) >= 1 else {
      return RatioPart(value: tail.expectedShortfall)
    }
    let rest = tail.valueAtRisk - tail.expectedShortfall
    return RatioPart(
      value: tail.expectedShortfall,
      influences: values.map { max($0 - tail.valueAtRisk, 0) / (1 - confidence) + rest })
  }

  /// The depths of the deepest falls from a peak to the next, of outcomes that add.
  func deepestFalls(_ count: Int) -> [Double] {
    var falls: [Double] = []
    var (drawdown, depth) = (CompensatedSum(), 0.0)
    for x in outcomes {
      drawdown.add(-x)
      if drawdown.value <= 0 {
        drawdown = CompensatedSum()
        if depth > 0 { falls.append(depth) }
        depth = 0
      }
      depth = max(depth, drawdown.value)
    }
    if depth > 0 { falls.append(depth) }
    return Array(falls.sorted(by: >).prefix(count))
  }

  /// The error of the mean of influences.
  static func error(_ influences: [Double], lagCount: Int) -> Double? {
    let count = influences.count
    let mean = average(influences)
    let (distances, unit) = scaled(influences.map { $0 - mean })
    var variance = 0.0
    for lag in 0...lagCount {
      var sum = CompensatedSum()
      for t in lag..<count { sum.add(distances[t] * distances[t - lag]) }
      let weight = lag == 0 ? 1 : 2 * (1 - Double(lag) / Double(lagCount + 1))
      variance += weight * sum.value / Double(count)
    }
    let error = unit * (max(variance, 0) / Double(count)).squareRoot()
    return error.isFinite ? error : nil
  }
}

// MARK: - Influences on measures of risk

extension RatioMoments {
  /// The value at risk of equally likely outcomes: ψ = (1{loss > VaR} − (1 − confidence)) / f(VaR).
  static func quantile(_ law: EmpiricalDistribution, _ confidence: Double) -> RatioPart {
    let value = law.valueAtRisk(confidence: confidence)
    let z = StandardNormal.quantile(confidence)
    let density = StandardNormal.pdf(z)
    let curve = 1.5 * density * density / (2 * z * z + 1)
    let reach =
      pow(Double(law.outcomes.count), -1.0 / 3) * cbrt(Self.score * Self.score) * cbrt(curve)
    // Both quantiles inside the sample.
    let step = min(reach, min(confidence, 1 - confidence) / 2)
    let sparsity =
      (law.valueAtRisk(confidence: confidence + step)
        - law.valueAtRisk(confidence: confidence - step)) / (2 * step)
    guard sparsity > 0, sparsity.isFinite else { return RatioPart(value: value) }
    return RatioPart(
      value: value,
      influences: law.outcomes.map { ((-$0 > value ? 1 : 0) - (1 - confidence)) * sparsity })
  }

  /// The two-sided normal score at 95 %, for which the distance of quantiles is best.
  private static let score = 1.959_963_984_540_054

  /// The influence of each outcome on a measure; nil for the worst case and what depends on the order.
  func influences(of measure: SampleRiskMeasure) -> [Double]? {
    let count = Double(outcomes.count)
    switch measure {
    case .standardDeviation:
      return RatioPart.rootMeanSquare(distances, divisor: count).influences
    case .meanAbsoluteDeviation: return absoluteDeviationInfluences
    case .semideviation: return semideviationInfluences
    case .lowerPartialMoment(let order, let target):
      return losses(target, order: order == .first ? 1 : 2).influences
    case .giniMeanDifference: return meanDifferenceInfluences
    case .expectedShortfall(let confidence):
      return Self.tail(outcomes.map { -$0 }, confidence).influences
    case .entropicValueAtRisk(let confidence):
      let equal = [Double](repeating: 1 / count, count: outcomes.count)
      let tail = EntropicTail(
        losses: outcomes.map { -$0 }, probabilities: equal, confidence: confidence)
      // At the least temperature the value is that of the mean of an exponential; at none it is the worst case.
      guard tail.temperature > 0 else { return nil }
      return tail.weights.map { tail.temperature * (count * $0 - 1) }
    case .worstCase, .maximumDrawdown, .averageDrawdown, .conditionalDrawdown, .entropicDrawdown,
      .ulcerIndex:
      return nil
    }
  }

  /// ψ = |d| − E|d| − (P(d > 0) − P(d < 0)) d with the distances d from the mean.
  private var absoluteDeviationInfluences: [Double] {
    let distances = distances
    let mean = Self.average(distances.map(\.magnitude))
    let balance = Self.average(distances.map { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 })
    return distances.map { $0.magnitude - mean - balance * $0 }
  }

  /// ψ = (min(d, 0)² − S² − 2 E[min(d, 0)] d) / 2S.
  private var semideviationInfluences: [Double]? {
    let (distances, unit) = Self.scaled(distances)
    let shortfalls = distances.map { min($0, 0) }
    let (mean, square) = (
      Self.average(shortfalls), Self.average(shortfalls.map { $0 * $0 })
    )
    guard square > 0 else { return nil }
    return zip(distances, shortfalls).map {
      unit * (($1 * $1 - square - 2 * mean * $0) / (2 * square.squareRoot()))
    }
  }

  /// ψ = 2 (E|x − X| − E|X − X′|), with the divisor of pairs of different outcomes.
  private var meanDifferenceInfluences: [Double] {
    let distances = distances
    let order = distances.indices.sorted { distances[$0] < distances[$1] }
    let count = distances.count
    var means = [Double](repeating: 0, count: count)
    var below = CompensatedSum()
    // The distances sum to zero: what is above is minus what is below.
    let total = CompensatedSum.of(distances)
    for (rank, t) in order.enumerated() {
      let x = distances[t]
      let above = total - below.value - x
      let sum = x * Double(2 * rank - count + 1) - below.value + above
      means[t] = sum / Double(count - 1)
      below.add(x)
    }
    let mean = Self.average(means)
    return means.map { 2 * ($0 - mean) }
  }
}
