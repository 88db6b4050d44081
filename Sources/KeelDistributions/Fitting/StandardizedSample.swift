import KeelNumerics

/// A sample brought to a common scale, by a power of two, a location and a spread.
///
/// ```text
/// x = 2^e (center + spread · z)
/// ```
struct StandardizedSample {
  /// The numbers z.
  let values: [Double]
  let center: Double
  let spread: Double
  let exponent: Int

  /// A farther observation has a square that cannot be summed with the others.
  static let largestDeviation = 1e100

  /// Standardizes by median and median absolute deviation; refuses a sample of n of which n/divisor
  /// are equal.
  init(
    robustly sample: [Double],
    minimumCount: Int,
    repeatedShareDivisor divisor: Int
  ) throws(DistributionsError) {
    let scaled = try Self.scaled(sample, minimumCount: minimumCount)
    exponent = scaled.exponent
    let count = sample.count
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
    values = scaled.values.map { ($0 - median) / spread }
    for (index, value) in values.enumerated()
    where !(value.magnitude <= Self.largestDeviation) {
      throw .invalidObservation(argument: "sample", index: index, got: sample[index])
    }
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

  /// A scale of z in the unit of the sample.
  func restoredScale(_ scale: Double) -> Double { Self.restored(scale * spread, exponent) }

  /// A location of z in the unit of the sample.
  func restoredLocation(_ location: Double) -> Double {
    Self.restored(center + location * spread, exponent)
  }
}
