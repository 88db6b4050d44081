import KeelNumerics

/// Bounds of the parameters of a local minimization.
struct Box: Sendable {
  private(set) var lower: [Double]
  private(set) var upper: [Double]

  /// A box without walls.
  init(count: Int) {
    lower = [Double](repeating: -.infinity, count: count)
    upper = [Double](repeating: .infinity, count: count)
  }

  /// Replaces the bounds; on an error nothing changes.
  mutating func set(lower: Span<Double>, upper: Span<Double>) throws(OptimizationError) {
    try requireCount("lower bounds", lower.count, self.lower.count)
    try requireCount("upper bounds", upper.count, self.lower.count)
    for i in 0..<lower.count {
      try QuadraticProgram.requireInterval(lower[i], upper[i], index: i, name: "x[\(i)]")
    }
    for i in 0..<lower.count {
      self.lower[i] = lower[i]
      self.upper[i] = upper[i]
    }
  }

  /// Whether a parameter has two different bounds or fewer.
  func isFixed(_ i: Int) -> Bool { lower[i] == upper[i] }

  /// The number moved into the interval of a parameter.
  func clamped(_ value: Double, _ i: Int) -> Double { min(upper[i], max(lower[i], value)) }

  /// The part of a derivative that points to where the parameter can go downhill.
  func projected(_ derivative: Double, at value: Double, _ i: Int) -> Double {
    if derivative > 0 && value <= lower[i] || derivative < 0 && value >= upper[i] { return 0 }
    return derivative
  }

  /// Where a number lies.
  func state(_ value: Double, _ i: Int) -> BoundState {
    if isFixed(i) { return .fixed }
    if value == lower[i] { return .atLower }
    return value == upper[i] ? .atUpper : .inside
  }

  /// Copies a start into the box; NaN and infinite numbers are refused.
  func start(_ start: Span<Double>, into x: inout [Double]) throws(OptimizationError) {
    try requireCount("start", start.count, x.count)
    try requireFiniteNumbers("start", start)
    for i in 0..<start.count { x[i] = clamped(start[i], i) }
  }
}

/// Refuses a wrong number of elements.
func requireCount(
  _ argument: String, _ got: Int, _ required: Int
) throws(OptimizationError) {
  guard got == required else {
    throw .shapeMismatch(argument: argument, got: got, required: required)
  }
}

/// Refuses NaN and infinite numbers.
func requireFiniteNumbers(_ argument: String, _ values: Span<Double>) throws(OptimizationError) {
  for i in 0..<values.count where !values[i].isFinite {
    throw .invalidValue(argument: argument, index: i, got: values[i], allowed: .finite)
  }
}

/// Whether all numbers are finite.
func isFinite(_ values: Span<Double>) -> Bool {
  // Zero times a finite number is zero, times any other NaN.
  var sum = 0.0
  for i in 0..<values.count { sum += values[i] * 0 }
  return sum == 0
}

/// The sum of products.
///
/// Four partial sums in a fixed order, which the compiler can keep in one vector register.
func dotProduct(_ a: Span<Double>, _ b: Span<Double>) -> Double {
  var sums = SIMD4<Double>.zero
  let count = min(a.count, b.count)
  var i = 0
  while i &+ 4 <= count {
    sums +=
      SIMD4(a[i], a[i &+ 1], a[i &+ 2], a[i &+ 3])
      * SIMD4(b[i], b[i &+ 1], b[i &+ 2], b[i &+ 3])
    i &+= 4
  }
  var sum = (sums[0] + sums[1]) + (sums[2] + sums[3])
  while i < count {
    sum += a[i] * b[i]
    i &+= 1
  }
  return sum
}

/// The Euclidean length, without overflow and underflow of the squares.
func length(_ a: Span<Double>) -> Double {
  let plain = dotProduct(a, a)
  if plain > VectorLength.smallestSquare && plain < .infinity { return plain.squareRoot() }
  var largest = 0.0
  for i in 0..<a.count { largest = max(largest, a[i].magnitude) }
  if largest == 0 || !largest.isFinite { return largest }
  var sum = 0.0
  for i in 0..<a.count { sum += (a[i] / largest) * (a[i] / largest) }
  return largest * sum.squareRoot()
}

private enum VectorLength {
  /// Above this, squares that underflowed are below the rounding of the sum.
  static let smallestSquare = 1e-270
}
