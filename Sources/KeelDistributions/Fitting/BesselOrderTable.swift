// Goals in order: exact slopes in the argument and in the order, speed for many arguments of one order.
//
// K(ν, x) = ∫ exp(−x cosh t) cosh(νt) dt from 0 up (DLMF 10.32.9) by the trapezoidal rule, whose error falls
// exponentially: F. Goodwin, The evaluation of integrals of the form ∫ f(x) exp(−x²) dx, Mathematical
// Proceedings of the Cambridge Philosophical Society 45 (1949). The nodes of a step are tabulated for the order.
// About its largest value the integrand is (x² + ν²)^(−¼) wide, so that larger arguments have shorter steps.
//
// For many arguments the sums are taken at Chebyshev points of pieces in ln x, and polynomials go through them: ln K
// has no singularity nearer than the imaginary axis of x, so that the error of degree 15 is some 10^(−15) on pieces
// of a width of 0.5. L. Trefethen, Approximation Theory and Approximation Practice (2013), chapter 8.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// ln K(ν, x) of one order with its slopes in x and ν.
struct BesselOrderTable {
  /// With cosh(νt) = exp(νt) (1 + exp(−2νt))/2: the exponent νt, and the factors of exp(νt) in cosh(νt),
  /// cosh((ν−1)t), t sinh(νt), t sinh((ν−1)t) and t² cosh(νt).
  private struct Node {
    let rise: Double
    let exponent: Double
    let even: Double
    let lower: Double
    let odd: Double
    let lowerOdd: Double
    let square: Double
  }

  /// |ν|.
  private let size: Double
  private let sign: Double
  private let levels: [[Node]]
  /// The upper end of the first piece in ln x; the others are below it.
  private let top: Double
  /// Polynomials of what ``Value`` holds, piece by piece, the highest power last.
  private var pieces: [SIMD8<Double>] = []

  /// ln(exp(x) K), K(|ν|−1, x)/K(ν, x), and the slopes of ln K in x and ν, with those of x ∂ ln K/∂x and
  /// ∂ ln K/∂ν in ν.
  struct Value {
    let logScaled: Double
    let ratio: Double
    let slope: Double
    let orderSlope: Double
    let mixed: Double
    let orderCurvature: Double
  }

  /// The longest step, with an error of some exp(−π²/0.2).
  private static let longestStep = 0.2

  /// Up to this √(x² + ν²) the longest step does: then h² √(x² + ν²) is at most 0.36, and the error exp(−54).
  private static let largestOfLongest = 9.0

  /// Each level is for magnitudes up to four times those of the one before, with half of its step.
  private static let levelCount = 14

  /// Terms fall below exp(−45) of the largest.
  private static let negligibleExponent = 45.0
  private static let negligibleTerm = 0x1p-60

  private static let pieceWidth = 0.5
  private static let mostPieces = 16
  /// Fewer arguments than four times the points of the polynomials are not worth them.
  private static let leastArgumentsPerPiece = 64

  /// For an order and an interval of arguments, both ends positive, and so many of them.
  init(order: Double, arguments: ClosedRange<Double>, count: Int = 1) {
    size = order.magnitude
    sign = order < 0 ? -1 : 1
    top = log(arguments.upperBound)
    let length = (top - log(arguments.lowerBound)) / Self.pieceWidth
    let pieceCount = length < Double(Self.mostPieces) ? Int(length) + 1 : Self.mostPieces
    let isTabulated = count >= Self.leastArgumentsPerPiece * pieceCount
    // The last piece may reach below the interval.
    let least = isTabulated ? arguments.lowerBound * exp(-Self.pieceWidth) : arguments.lowerBound
    let arguments = least...arguments.upperBound
    let first = Self.level(hypot(size, arguments.lowerBound))
    let last = Self.level(hypot(size, arguments.upperBound))
    let size = size
    levels = (0...last).map { k in
      guard k >= first else { return [] }
      let start = k == 0 ? 0 : Self.largestOfLongest * pow(4, Double(k - 1))
      // The least argument of the level.
      let least = start > size ? ((start - size) * (start + size)).squareRoot() : 0
      return Self.nodes(size, max(least, arguments.lowerBound), level: k)
    }
    guard isTabulated else { return }
    for piece in 0..<pieceCount {
      let middle = top - (Double(piece) + 0.5) * Self.pieceWidth
      pieces += PiecePolynomial.coefficients { t in
        let value = self(exp(middle + 0.5 * Self.pieceWidth * t))
        return SIMD8(
          value.logScaled, value.ratio, value.orderSlope, value.mixed, value.orderCurvature, 0, 0, 0
        )
      }
    }
  }

  private static func level(_ magnitude: Double) -> Int {
    var (k, limit) = (0, largestOfLongest)
    while magnitude > limit, k + 1 < levelCount {
      limit *= 4
      k += 1
    }
    return k
  }

  private static func nodes(_ size: Double, _ x: Double, level: Int) -> [Node] {
    let step = longestStep * Double(sign: .plus, exponent: -level, significand: 1)
    let end = least(size, x) + negligibleExponent
    var nodes: [Node] = []
    var t = 0.0
    while true {
      let half = sinh(0.5 * t)
      let rise = 2 * half * half
      let weight = 0.5 * (t == 0 ? 0.5 * step : step)
      let mirror = exp(-2 * size * t)
      let (falling, turned) = (exp(-t), exp((1 - 2 * size) * t))
      nodes.append(
        Node(
          rise: rise, exponent: size * t, even: weight * (1 + mirror),
          lower: weight * (falling + turned), odd: weight * t * (1 - mirror),
          lowerOdd: weight * t * (falling - turned), square: weight * t * t * (1 + mirror)))
      if x * sinh(t) > size, x * rise - size * t > end { return nodes }
      t += step
    }
  }

  /// The least x (cosh t − 1) − νt.
  private static func least(_ size: Double, _ x: Double) -> Double {
    let t = asinh(size / x)
    let half = sinh(0.5 * t)
    return 2 * x * half * half - size * t
  }

  /// The value and slopes at an argument inside the interval whose logarithm is known.
  func callAsFunction(_ x: Double, logarithm: Double) -> Value {
    let distance = (top - logarithm) / Self.pieceWidth
    let piece = distance > 0 ? Int(min(distance, Double(Self.mostPieces))) : 0
    guard (piece + 1) * PiecePolynomial.count <= pieces.count else { return self(x) }
    let t = 2 * (Double(piece) - distance) + 1
    let sums = PiecePolynomial.value(pieces.span, from: piece * PiecePolynomial.count, at: t)
    return Value(
      logScaled: sums[0], ratio: sums[1], slope: -sums[1] - size / x, orderSlope: sums[2],
      mixed: sums[3], orderCurvature: sums[4])
  }

  /// The value and slopes at an argument inside the interval.
  func callAsFunction(_ x: Double) -> Value {
    let k = min(Self.level(hypot(size, x)), levels.count - 1)
    let nodes = levels[k]
    let span = nodes.span
    let top = Self.least(size, x)
    var (sum, lower, odd, lowerOdd, square) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for i in span.indices {
      let node = span[i]
      let e = exp(node.exponent - x * node.rise + top)
      let term = e * node.even
      sum += term
      lower += e * node.lower
      odd += e * node.odd
      lowerOdd += e * node.lowerOdd
      square += e * node.square
      // Past the largest term.
      if term < Self.negligibleTerm * sum { break }
    }
    let (ratio, growth) = (lower / sum, odd / sum)
    return Value(
      logScaled: log(sum) - top, ratio: ratio, slope: -ratio - size / x,
      orderSlope: sign * growth, mixed: sign * (x * (ratio * growth - lowerOdd / sum) - 1),
      orderCurvature: square / sum - growth * growth)
  }
}

/// Polynomials of degree 15 on [−1, 1] through the Chebyshev points, for up to eight functions.
private enum PiecePolynomial {
  static let count = 16

  private static let points = (0..<count).map {
    cos(Double.pi * (Double($0) + 0.5) / Double(count))
  }

  /// The powers' coefficients of the polynomial that is one at one of the points and zero at the others.
  private static let basis: [[Double]] = {
    var last = [Double](repeating: 0, count: count)
    var current = last
    last[0] = 1
    current[1] = 1
    var basis = points.map { _ in last.map { $0 / Double(count) } }
    for k in 1..<count {
      for (j, point) in points.enumerated() {
        let factor = 2 * cos(Double(k) * acos(point)) / Double(count)
        for i in 0..<count { basis[j][i] += factor * current[i] }
      }
      // T(k+1) = 2t T(k) − T(k−1).
      var next = last.map { -$0 }
      for i in 0..<(count - 1) { next[i + 1] += 2 * current[i] }
      (last, current) = (current, next)
    }
    return basis
  }()

  static func coefficients(_ function: (Double) -> SIMD8<Double>) -> [SIMD8<Double>] {
    var coefficients = [SIMD8<Double>](repeating: .zero, count: count)
    for (point, row) in zip(points, basis) {
      let value = function(point)
      for i in 0..<count { coefficients[i] += row[i] * value }
    }
    return coefficients
  }

  @inline(__always)
  static func value(
    _ coefficients: borrowing Span<SIMD8<Double>>,
    from start: Int,
    at t: Double
  ) -> SIMD8<Double> {
    // Four chains in t⁴ are shorter than one.
    let (square, fourth) = (t * t, t * t * t * t)
    var chains = (SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero, SIMD8<Double>.zero)
    for k in stride(from: 12, through: 0, by: -4) {
      chains.0 = chains.0 * fourth + coefficients[start + k]
      chains.1 = chains.1 * fourth + coefficients[start + k + 1]
      chains.2 = chains.2 * fourth + coefficients[start + k + 2]
      chains.3 = chains.3 * fourth + coefficients[start + k + 3]
    }
    return (chains.0 + t * chains.1) + square * (chains.2 + t * chains.3)
  }
}
