public import Testing

/// Checks a computed number against a reference, relative to the reference or absolutely, and
/// reports value, reference, error, bound and distance in ulp.
public func expectClose(
  _ value: Double,
  _ reference: Double,
  relative: Double = 0,
  absolute: Double = 0,
  _ label: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if value == reference || (value.isNaN && reference.isNaN) { return }
  let error = (value - reference).magnitude
  let bound = max(absolute, relative * reference.magnitude)
  if error <= bound { return }
  let ulps = error / reference.ulp
  Issue.record(
    "\(label()) got \(value), reference \(reference), error \(error), bound \(bound), \(ulps) ulp",
    sourceLocation: sourceLocation)
}

/// The distance between a value and a reference in units in the last place of the reference.
public func ulps(_ value: Double, _ reference: Double) -> Double {
  if value == reference || (value.isNaN && reference.isNaN) { return 0 }
  return (value - reference).magnitude / reference.ulp
}

/// A small seeded generator for test data (SplitMix64), independent of the library's own.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates a generator from a seed.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A uniform number in an interval.
  public mutating func uniform(_ range: ClosedRange<Double> = 0...1) -> Double {
    Double.random(in: range, using: &self)
  }

  /// A number that is normal to test quality: the sum of twelve uniform numbers minus six.
  public mutating func gaussian() -> Double {
    (0..<12).reduce(-6) { sum, _ in sum + uniform() }
  }
}

/// Numbers that break careless code.
public let hostileNumbers: [Double] = [
  .nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
  .leastNormalMagnitude, 1e-300, 1e300, -1e300, .greatestFiniteMagnitude,
]

/// A number below the least normal one, which a literal would warn about; NaN when it is no number.
public func subnormal(_ text: String) -> Double { Double(text) ?? .nan }
