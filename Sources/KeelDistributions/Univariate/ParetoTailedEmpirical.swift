// Goals in order: tails beyond the sample, one law for every function, speed.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of a sample in its middle, with fitted generalized Pareto tails.
///
/// Between the thresholds the distribution function is linear between the points `(x_i, (i − ½)/n)`.
/// Beyond them excesses have generalized Pareto laws fitted by maximum likelihood, so that quantiles and
/// expected shortfalls reach beyond the sample. Source: A. McNeil and R. Frey, Estimation of
/// tail-related risk measures for heteroscedastic financial time series, Journal of Empirical Finance 7
/// (2000), section 2.2.
///
/// Equal observations count as one point with the middle of their probabilities. A draw is a quantile.
public struct ParetoTailedEmpirical: ContinuousDistribution {
  /// The fit of the losses below the lower threshold: excesses are counted downwards, from 0.
  public let lowerTail: DistributionFit<GeneralizedPareto>

  /// The fit of the excesses above the upper threshold, from 0.
  public let upperTail: DistributionFit<GeneralizedPareto>

  /// The lower threshold, in the unit of the sample.
  public var lowerThreshold: Double { points[0] }

  /// The upper threshold, in the unit of the sample.
  public var upperThreshold: Double { points[points.count - 1] }

  /// The probability of a value below the lower threshold, and that of one above the upper threshold.
  public var tailProbability: Double { probabilities[0] }

  /// The mean.
  public let mean: Double

  /// The points of the middle, between which the distribution function is linear.
  let points: [Double]

  /// The value of the distribution function at each point.
  let probabilities: [Double]

  /// The allowed share of a tail.
  public static let allowedShare = 0.001...0.4

  /// Creates the law of a sample.
  ///
  /// - Parameters:
  ///   - sample: Finite numbers, so many that each tail has at least 10.
  ///   - tailShare: The share of the sample in each tail, in ``allowedShare``.
  /// - Throws: `DistributionsError.invalidValue`, `DistributionsError.tooFewObservations`,
  ///   `DistributionsError.invalidObservation`, `DistributionsError.repeatedValue` when a tail or the
  ///   middle has no spread, `DistributionsError.notRepresentable`.
  /// - Complexity: O(n log n).
  public init(sample: [Double], tailShare: Double = 0.1) throws(DistributionsError) {
    try requireInside(tailShare, Self.allowedShare, "tailShare")
    if let index = sample.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "sample", index: index, got: sample[index])
    }
    let count = sample.count
    let tailCount = Int(tailShare * Double(count))
    let least = GeneralizedPareto.minimumObservationCount
    guard tailCount >= least else {
      throw .tooFewObservations(
        got: count, required: Int((Double(least) / tailShare).rounded(.up)))
    }
    let sorted = sample.sorted()
    let (low, high) = (sorted[tailCount], sorted[count - 1 - tailCount])
    guard low < high else {
      throw .repeatedValue(value: low, count: count - 2 * tailCount, observationCount: count)
    }
    (points, probabilities) = Self.knots(sorted, tailCount)
    lowerTail = try GeneralizedPareto.fit(
      sorted[..<tailCount].map { low - $0 }, threshold: 0)
    upperTail = try GeneralizedPareto.fit(
      sorted[(count - tailCount)...].map { $0 - high }, threshold: 0)
    let mass = probabilities[0]
    var sum = mass * (low - lowerTail.law.mean) + mass * (high + upperTail.law.mean)
    for i in 1..<points.count {
      sum += (probabilities[i] - probabilities[i - 1]) * (0.5 * points[i] + 0.5 * points[i - 1])
    }
    mean = sum
  }

  /// The distinct points of the middle with their probabilities, the ends' as if they were single.
  private static func knots(_ sorted: [Double], _ tailCount: Int) -> ([Double], [Double]) {
    let count = Double(sorted.count)
    var points: [Double] = []
    var probabilities: [Double] = []
    let last = sorted.count - 1 - tailCount
    var i = tailCount
    while i <= last {
      var j = i
      while j < last, sorted[j + 1] == sorted[i] { j += 1 }
      points.append(sorted[i])
      probabilities.append((0.5 * Double(i) + 0.5 * Double(j) + 0.5) / count)
      i = j + 1
    }
    let mass = (Double(tailCount) + 0.5) / count
    probabilities[0] = mass
    probabilities[probabilities.count - 1] = 1 - mass
    return (points, probabilities)
  }

  // MARK: Moments

  /// The variance; infinite when a tail has none.
  public var variance: Double { central(2) }

  /// The third central moment over the cube of the standard deviation; NaN when it does not exist.
  public var skewness: Double {
    let variance = variance
    return central(3) / (variance * variance.squareRoot())
  }

  /// The fourth central moment over the square of the variance, less 3; infinite when it diverges.
  public var excessKurtosis: Double {
    let variance = variance
    return variance == .infinity ? .nan : central(4) / (variance * variance) - 3
  }

  private func central(_ order: Int) -> Double {
    let shape = max(lowerTail.law.shape, upperTail.law.shape)
    guard Double(order) * shape < 1 else { return order == 3 ? .nan : .infinity }
    let mass = probabilities[0]
    // Of the lower tail with the opposite sign.
    let mirrored = Self.tailMoment(order, from: mean - lowerThreshold, lowerTail.law)
    var sum = mass * (order % 2 == 0 ? mirrored : -mirrored)
    sum += mass * Self.tailMoment(order, from: upperThreshold - mean, upperTail.law)
    for i in 1..<points.count {
      let (a, b) = (points[i - 1] - mean, points[i] - mean)
      var powers = 0.0
      for k in 0...order { powers += pow(a, Double(k)) * pow(b, Double(order - k)) }
      sum += (probabilities[i] - probabilities[i - 1]) * powers / Double(order + 1)
    }
    return sum
  }

  /// E[(start + Y)ᵏ] of an excess Y, with E[Yʲ] = j! σʲ/Π (1 − iξ).
  private static func tailMoment(
    _ order: Int,
    from start: Double,
    _ law: GeneralizedPareto
  ) -> Double {
    var (sum, moment, binomial) = (0.0, 1.0, 1.0)
    for j in 0...order {
      sum += binomial * pow(start, Double(order - j)) * moment
      let next = Double(j + 1)
      moment *= next * law.scale / (1 - next * law.shape)
      binomial *= Double(order - j) / next
    }
    return sum
  }

  // MARK: Probabilities

  /// The first point above `x`, at least the second and at most the last one.
  private func upperKnot(of x: Double, in values: [Double]) -> Int {
    var (low, high) = (0, values.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if values[middle] > x { high = middle } else { low = middle }
    }
    return high
  }

  /// The logarithm of the density.
  public func logPDF(_ x: Double) -> Double {
    if x.isNaN { return .nan }
    let mass = log(probabilities[0])
    if x < lowerThreshold { return mass + lowerTail.law.logPDF(lowerThreshold - x) }
    if x > upperThreshold { return mass + upperTail.law.logPDF(x - upperThreshold) }
    let i = upperKnot(of: x, in: points)
    return log((probabilities[i] - probabilities[i - 1]) / (points[i] - points[i - 1]))
  }

  private func logTails(_ x: Double) -> LogTails {
    if x.isNaN { return LogTails(lower: .nan, upper: .nan) }
    let mass = log(probabilities[0])
    if x < lowerThreshold {
      return LogTails(lower: mass + lowerTail.law.logSurvival(lowerThreshold - x))
    }
    if x > upperThreshold {
      return LogTails(upper: mass + upperTail.law.logSurvival(x - upperThreshold))
    }
    let i = upperKnot(of: x, in: points)
    let share = (x - points[i - 1]) / (points[i] - points[i - 1])
    let value = probabilities[i - 1] + share * (probabilities[i] - probabilities[i - 1])
    return LogTails(lower: log(value))
  }

  /// The probability of a value of at most `x`.
  public func cdf(_ x: Double) -> Double { x.isNaN ? .nan : logTails(x).cdf }

  /// The probability of a value above `x`.
  public func survival(_ x: Double) -> Double { x.isNaN ? .nan : logTails(x).survival }

  /// The logarithm of the probability of a value of at most `x`.
  public func logCDF(_ x: Double) -> Double { logTails(x).lower }

  /// The logarithm of the probability of a value above `x`.
  public func logSurvival(_ x: Double) -> Double { logTails(x).upper }

  /// The point below which the law has a given probability.
  public func quantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    let mass = probabilities[0]
    if probability < mass {
      return lowerThreshold - lowerTail.law.survivalQuantile(probability / mass)
    }
    if 1 - probability < mass {
      return upperThreshold + upperTail.law.survivalQuantile((1 - probability) / mass)
    }
    return middlePoint(probability)
  }

  /// The point above which the law has a given probability.
  public func survivalQuantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    let mass = probabilities[0]
    return probability < mass
      ? upperThreshold + upperTail.law.survivalQuantile(probability / mass)
      : quantile(1 - probability)
  }

  private func middlePoint(_ probability: Double) -> Double {
    let i = upperKnot(of: probability, in: probabilities)
    let share = (probability - probabilities[i - 1]) / (probabilities[i] - probabilities[i - 1])
    return min(points[i - 1] + share * (points[i] - points[i - 1]), points[i])
  }

  /// The mean of the values below the quantile of a probability.
  public func meanBelow(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    let mass = probabilities[0]
    if probability < mass {
      return lowerThreshold - lowerTail.law.meanAbove(probability: probability / mass)
    }
    if 1 - probability < mass {
      guard probability < 1 else { return mean }
      let part = probability - (1 - mass)
      let top = upperThreshold + upperTail.law.meanBelow(probability: part / mass)
      return (lowerSum + middleSum + part * top) / probability
    }
    var sum = lowerSum
    let end = upperKnot(of: probability, in: probabilities)
    for i in 1..<end { sum += blockSum(i) }
    let x = middlePoint(probability)
    sum += (probability - probabilities[end - 1]) * (0.5 * x + 0.5 * points[end - 1])
    return sum / probability
  }

  /// The mean of the values above the quantile that is exceeded with a probability.
  public func meanAbove(probability: Double) -> Double {
    guard probability > 0, probability <= 1 else { return .nan }
    if probability == 1 { return mean }
    let mass = probabilities[0]
    if probability < mass {
      return upperThreshold + upperTail.law.meanAbove(probability: probability / mass)
    }
    let below = 1 - probability
    if below < mass {
      let part = mass - below
      let bottom = lowerThreshold - lowerTail.law.meanBelow(probability: part / mass)
      return (upperSum + middleSum + part * bottom) / probability
    }
    // From the upper threshold down: a mean of the other side may be infinite.
    var sum = upperSum
    let end = upperKnot(of: below, in: probabilities)
    let x = middlePoint(below)
    sum += (probabilities[end] - below) * (0.5 * x + 0.5 * points[end])
    for i in (end + 1)..<probabilities.count { sum += blockSum(i) }
    return sum / probability
  }

  /// The mean times the probability of the lower tail.
  private var lowerSum: Double { probabilities[0] * (lowerThreshold - lowerTail.law.mean) }

  /// The same of the upper tail.
  private var upperSum: Double { probabilities[0] * (upperThreshold + upperTail.law.mean) }

  /// The same of everything between the tails.
  private var middleSum: Double {
    (1..<probabilities.count).reduce(0) { $0 + blockSum($1) }
  }

  /// The same between two neighboring points.
  private func blockSum(_ i: Int) -> Double {
    (probabilities[i] - probabilities[i - 1]) * (0.5 * points[i] + 0.5 * points[i - 1])
  }
}
