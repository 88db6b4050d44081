import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A sample brought to a common scale, by a power of two, a location and a spread.
///
/// ```text
/// x = 2^e (center + spread · z)
/// ```
struct StandardizedSample {
  /// The numbers z.
  let values: [Double]
  /// As many positive weights.
  let weights: [Double]
  let totalWeight: Double
  /// Whether a weight differs from one.
  let isWeighted: Bool
  let center: Double
  let spread: Double
  let exponent: Int

  /// A farther observation has a square that cannot be summed with the others.
  static let largestDeviation = 1e100

  /// Standardizes by median and median absolute deviation, both of the weighted sample; refuses one of which
  /// a share of 1/divisor of the weight is equal.
  init(
    robustly observations: WeightedObservations,
    minimumCount: Int,
    repeatedShareDivisor divisor: Int
  ) throws(DistributionsError) {
    let sample = observations.values
    let scaled = try Self.scaled(sample, minimumCount: minimumCount)
    exponent = scaled.exponent
    weights = observations.weights
    totalWeight = observations.total
    isWeighted = observations.isWeighted
    let count = sample.count
    if observations.isWeighted {
      (center, spread) = try Self.weightedSpread(scaled.values, observations, divisor, exponent)
      values = try Self.standardized(scaled.values, center, spread, observations)
      return
    }
    var work = scaled.values
    let median = Selection.select(count / 2, in: &work)
    // A value with more than n/k of the ranks stands at a multiple of n/k.
    for part in 0..<divisor {
      let candidate = Selection.select(min(part * count / divisor, count - 1), in: &work)
      let equal = scaled.values.count { $0 == candidate }
      if equal * divisor >= count {
        throw .repeatedValue(
          value: Self.restored(candidate, exponent), count: equal, observationCount: count)
      }
    }
    var deviations = scaled.values.map { ($0 - median).magnitude }
    let spread = Selection.select(count / 2, in: &deviations)
    guard spread > 0 else {
      throw .repeatedValue(
        value: Self.restored(median, exponent), count: count / 2, observationCount: count)
    }
    center = median
    self.spread = spread
    values = try Self.standardized(scaled.values, center, spread, observations)
  }

  private static func standardized(
    _ scaled: [Double],
    _ center: Double,
    _ spread: Double,
    _ observations: WeightedObservations
  ) throws(DistributionsError) -> [Double] {
    let values = scaled.map { ($0 - center) / spread }
    for (index, value) in values.enumerated() where !(value.magnitude <= largestDeviation) {
      throw .invalidObservation(
        argument: "sample", index: observations.originalIndex(index),
        got: observations.values[index])
    }
    return values
  }

  /// Median and median absolute deviation of a weighted sample.
  private static func weightedSpread(
    _ values: [Double],
    _ observations: WeightedObservations,
    _ divisor: Int,
    _ exponent: Int
  ) throws(DistributionsError) -> (center: Double, spread: Double) {
    let weights = observations.weights
    let order = values.indices.sorted { values[$0] < values[$1] }
    let rounding = WeightedObservations.rounding(values.count)
    var start = 0
    while start < order.count {
      var (end, weight) = (start, 0.0)
      while end < order.count, values[order[end]] == values[order[start]] {
        weight += weights[order[end]]
        end += 1
      }
      if weight * Double(divisor) >= (1 - rounding) * observations.total {
        throw .repeatedValue(
          value: restored(values[order[start]], exponent), count: end - start,
          observationCount: values.count)
      }
      start = end
    }
    func upperMiddle(_ values: [Double]) -> Double {
      WeightedObservations.middle(of: values, weights, observations.total).upper
    }
    let median = upperMiddle(values)
    let spread = upperMiddle(values.map { ($0 - median).magnitude })
    guard spread > 0 else {
      throw .repeatedValue(
        value: restored(median, exponent), count: values.count / 2, observationCount: values.count)
    }
    return (median, spread)
  }

  /// Checks count and finiteness, and takes out the power of two of the largest magnitude.
  static func scaled(
    _ sample: [Double],
    minimumCount: Int
  ) throws(DistributionsError) -> (values: [Double], exponent: Int) {
    guard sample.count >= minimumCount else {
      throw .tooFewObservations(got: sample.count, required: minimumCount)
    }
    var largest = 0.0
    for (index, value) in sample.enumerated() {
      guard value.isFinite else {
        throw .invalidObservation(argument: "sample", index: index, got: value)
      }
      largest = max(largest, value.magnitude)
    }
    let exponent = largest > 0 ? Int(largest.exponent) : 0
    return (sample.map { restored($0, -exponent) }, exponent)
  }

  /// x · 2^e, in two exact steps where 2^e alone is no normal number.
  static func restored(_ value: Double, _ exponent: Int) -> Double {
    let half = exponent / 2
    return value * Double(sign: .plus, exponent: half, significand: 1)
      * Double(sign: .plus, exponent: exponent - half, significand: 1)
  }

  /// ln of the unit of z in that of the sample.
  var logUnit: Double { log(spread) + Double(exponent) * logOfTwo }

  /// A location of the sample as one of z.
  func standardizedLocation(_ location: Double) -> Double {
    (Self.restored(location, -exponent) - center) / spread
  }

  /// A scale of the sample as one of z.
  func standardizedScale(_ scale: Double) -> Double { Self.restored(scale, -exponent) / spread }

  /// Location and scale in the unit of the sample, checked.
  func restored(
    location: Double,
    scale: Double
  ) throws(DistributionsError) -> (location: Double, scale: Double) {
    let (location, scale) = (restoredLocation(location), restoredScale(scale))
    guard scale > 0, scale.isFinite, location.isFinite else {
      throw .notRepresentable(result: "scale")
    }
    return (location, scale)
  }

  /// The middle of the values with half of the weight on either side.
  var median: Double {
    guard isWeighted else {
      var work = values
      let upper = Selection.select(values.count / 2, in: &work)
      return values.count % 2 == 1
        ? upper : 0.5 * (upper + Selection.select(values.count / 2 - 1, in: &work))
    }
    let middle = WeightedObservations.middle(of: values, weights, totalWeight)
    return 0.5 * (middle.lower + middle.upper)
  }

  /// A scale of z in the unit of the sample.
  func restoredScale(_ scale: Double) -> Double { Self.restored(scale * spread, exponent) }

  /// A location of z in the unit of the sample.
  func restoredLocation(_ location: Double) -> Double {
    Self.restored(center + location * spread, exponent)
  }
}
