// Nesterov-Todd scaling of a second-order cone. Nesterov and Todd, SIAM J. Optim. 8 (1998); the
// formulas are those of Vandenberghe, The CVXOPT linear and quadratic cone program solvers (2010).

/// The scaling W of one second-order cone: W z = W⁻¹ s = λ.
///
/// ```text
/// W = η [w₀ w₁'; w₁ I + w₁w₁'/(1 + w₀)],   w₀² − ‖w₁‖² = 1
/// ```
struct SecondOrderScaling {
  let offset: Int
  let count: Int
  private(set) var w: [Double]
  private(set) var eta = 1.0
  private(set) var lambda: [Double]

  init(offset: Int, count: Int) {
    self.offset = offset
    self.count = count
    w = [Double](repeating: 0, count: count)
    w[0] = 1
    lambda = w
  }

  /// v₀² − ‖v₁‖², from the two factors.
  static func determinant(_ v: borrowing Span<Double>, _ offset: Int, _ count: Int) -> Double {
    let size = tailNorm(v, offset, count)
    return (v[offset] - size) * (v[offset] + size)
  }

  /// ‖v₁‖, scaled so that no square overflows or vanishes.
  static func tailNorm(_ v: borrowing Span<Double>, _ offset: Int, _ count: Int) -> Double {
    var largest = 0.0
    for i in (offset &+ 1)..<max(offset &+ count, offset &+ 1) {
      largest = max(largest, v[i].magnitude)
    }
    guard largest > 0, largest.isFinite else { return largest }
    var sum = 0.0
    for i in (offset &+ 1)..<(offset &+ count) {
      let scaled = v[i] / largest
      sum += scaled * scaled
    }
    return largest * sum.squareRoot()
  }

  /// Sets the scaling; false when a point is not inside the cone.
  mutating func update(_ s: borrowing Span<Double>, _ z: borrowing Span<Double>) -> Bool {
    let sDeterminant = Self.determinant(s, offset, count)
    let zDeterminant = Self.determinant(z, offset, count)
    guard sDeterminant > 0, zDeterminant > 0, s[offset] > 0, z[offset] > 0 else { return false }
    let sSize = sDeterminant.squareRoot()
    let zSize = zDeterminant.squareRoot()
    var product = 0.0
    for i in 0..<count { product += (s[offset &+ i] / sSize) * (z[offset &+ i] / zSize) }
    let gamma = ((1 + product) / 2).squareRoot()
    guard gamma > 0, gamma.isFinite else { return false }
    var tail = 0.0
    for i in 1..<max(count, 1) {
      w[i] = (s[offset &+ i] / sSize - z[offset &+ i] / zSize) / (2 * gamma)
      tail += w[i] * w[i]
    }
    w[0] = (1 + tail).squareRoot()
    eta = (sSize / zSize).squareRoot()
    guard eta > 0, eta.isFinite, w[0].isFinite else { return false }
    for i in 0..<count { lambda[i] = z[offset &+ i] }
    Self.transform(&lambda, w, factor: eta)
    return true
  }

  /// v := W v for the elements from an offset.
  func apply(_ v: inout MutableSpan<Double>, _ start: Int) {
    transform(&v, start, sign: 1, factor: eta)
  }

  /// v := W⁻¹ v.
  func applyInverse(_ v: inout MutableSpan<Double>, _ start: Int) {
    transform(&v, start, sign: -1, factor: 1 / eta)
  }

  private func transform(
    _ v: inout MutableSpan<Double>,
    _ start: Int,
    sign: Double,
    factor: Double
  ) {
    Self.transform(&v, start, w, sign: sign, factor: factor)
  }

  private static func transform(_ v: inout [Double], _ w: [Double], factor: Double) {
    var span = v.mutableSpan
    transform(&span, 0, w, sign: 1, factor: factor)
  }

  private static func transform(
    _ v: inout MutableSpan<Double>,
    _ start: Int,
    _ w: [Double],
    sign: Double,
    factor: Double
  ) {
    let count = w.count
    let w = w.span
    var tail = 0.0
    for i in 1..<max(count, 1) { tail += w[i] * v[start &+ i] }
    let first = v[start]
    let shift = sign * first + tail / (1 + w[0])
    v[start] = factor * (w[0] * first + sign * tail)
    for i in 1..<max(count, 1) {
      v[start &+ i] = factor * (v[start &+ i] + shift * w[i])
    }
  }

  /// v := λ \ (a∘b − centering e): correction and centering of the combined step in scaled terms.
  ///
  /// All three vectors belong to the whole set of cones.
  func combine(
    _ a: borrowing Span<Double>,
    _ b: borrowing Span<Double>,
    centering: Double,
    _ v: inout MutableSpan<Double>
  ) {
    // a∘b − centering e = (p₀, p₁).
    var first = -centering
    for i in 0..<count { first += a[offset &+ i] * b[offset &+ i] }
    let size = Self.determinant(lambda.span, 0, count)
    var product = 0.0
    for i in 1..<max(count, 1) {
      let p = a[offset] * b[offset &+ i] + b[offset] * a[offset &+ i]
      v[offset &+ i] = p
      product += lambda[i] * p
    }
    let u = (lambda[0] * first - product) / size
    v[offset] = u
    for i in 1..<max(count, 1) {
      v[offset &+ i] = (v[offset &+ i] - u * lambda[i]) / lambda[0]
    }
  }

  /// The longest step to the boundary from v along d, at most `limit`.
  static func step(
    _ v: borrowing Span<Double>,
    _ d: borrowing Span<Double>,
    _ offset: Int,
    _ count: Int,
    limit: Double
  ) -> Double {
    let c = determinant(v, offset, count)
    var a = d[offset] * d[offset]
    var b = v[offset] * d[offset]
    for i in 1..<max(count, 1) {
      a -= d[offset &+ i] * d[offset &+ i]
      b -= v[offset &+ i] * d[offset &+ i]
    }
    guard a.isFinite, b.isFinite, c > 0 else { return 0 }
    // Least positive root of a t² + 2 b t + c.
    let discriminant = b * b - a * c
    var length = limit
    if d[offset] < 0 { length = min(length, -v[offset] / d[offset]) }
    if discriminant < 0 || (a >= 0 && b >= 0) { return length }
    let root = discriminant.squareRoot()
    if b < 0 {
      length = min(length, c / (root - b))
    } else {
      // Here a < 0: one root is positive.
      length = min(length, (b + root) / -a)
    }
    return length
  }
}
