// Goals in order: one route to density, tails and tail means at a point; the saddle with its digits.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The tempered stable law of mean 0 and variance 1.
///
/// ```text
/// K(z) = Σ vλ² ψ(±z/λ),   v₊ + v₋ = 1
/// ```
struct StandardTemperedStable: StandardLaw {
  let exponent: TemperedExponent
  /// Upper and lower side, in deviations.
  let upper: TemperedSide
  let lower: TemperedSide

  init(exponent: TemperedExponent, upper: TemperedSide, lower: TemperedSide) {
    self.exponent = exponent
    self.upper = upper
    self.lower = lower
  }

  var mirrored: Self { Self(exponent: exponent, upper: lower, lower: upper) }

  var index: Double { exponent.index }
  var mean: Double { 0 }
  var variance: Double { 1 }

  var skewness: Double { (2 - index) * (powerSum(1, sign: -1)) }

  var excessKurtosis: Double { (2 - index) * (3 - index) * powerSum(2, sign: 1) }

  /// Σ ± vλ^(−n).
  private func powerSum(_ n: Double, sign: Double) -> Double {
    func term(_ side: TemperedSide) -> Double {
      side.activity > 0 ? side.activity * pow(side.tempering, -2 - n) : 0
    }
    return term(upper) + sign * term(lower)
  }

  /// The cumulant of an order from 2.
  func cumulant(_ order: Int) -> Double {
    var factor = 1.0
    for k in 2..<max(order, 2) { factor *= Double(k) - index }
    return factor * powerSum(Double(order - 2), sign: order % 2 == 0 ? 1 : -1)
  }

  var support: ClosedRange<Double> {
    guard index < 1 else { return -Double.infinity...Double.infinity }
    func reach(_ side: TemperedSide) -> Double { side.activity / side.tempering / (1 - index) }
    if lower.activity == 0 { return -reach(upper)...Double.infinity }
    if upper.activity == 0 { return -Double.infinity...reach(lower) }
    return -Double.infinity...Double.infinity
  }

  // MARK: The curve of a point

  /// Contributions of circles smaller than exp(−40/α) of those that count are negligible.
  private static let negligibleLogarithm = 42.0

  /// The curve of a point x ≥ 0.
  func spine(_ x: Double) -> TemperedSpine {
    guard upper.activity > 0 else {
      return saddleSpine(x, center: saddleOfLowerSide(x), above: .infinity)
    }
    if let curve = cutSpine(x) { return curve }
    let last =
      max(1, log(upper.tempering * x)) + Self.negligibleLogarithm / min(index, 1)
    guard slope(q: last) > x else { return branchSpine(x) }
    let q = saddle(x, last: last)
    return saddleSpine(
      x, center: -upper.tempering * expm1(-q), above: upper.tempering * exp(-q), q: q)
  }

  /// The saddle of the lower side alone: x/λ = expm1(εq)/ε with λ + z = λ exp q.
  func saddleOfLowerSide(_ x: Double) -> Double {
    let ratio = x * lower.tempering / lower.activity
    let excess = index - 1
    return lower.tempering * expm1(excess == 0 ? ratio : log1p(excess * ratio) / excess)
  }

  /// K' where λ − z = λ exp(−q).
  private func slope(q: Double) -> Double {
    let z = -upper.tempering * expm1(-q)
    let above = upper.activity / upper.tempering * exponent.slope(q: q)
    guard lower.activity > 0 else { return above }
    return above
      - lower.activity / lower.tempering * exponent.slope(q: -log1p(z / lower.tempering))
  }

  /// The q of the saddle, by Newton's method inside a bracket.
  private func saddle(_ x: Double, last: Double) -> Double {
    var (low, high) = (0.0, last)
    var q = min(x / upper.tempering, 0.5 * last)
    for _ in 0..<200 {
      let excess = slope(q: q) - x
      if excess == 0 { break }
      if excess > 0 { high = q } else { low = q }
      let e = exp(-q)
      let z = -upper.tempering * expm1(-q)
      var curvature = upper.activity / upper.tempering * exp((1 - index) * q)
      if lower.activity > 0 {
        curvature +=
          lower.activity / lower.tempering / lower.tempering * upper.tempering * e
          * pow(1 + z / lower.tempering, index - 2)
      }
      var next = q - excess / curvature
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      let change = (next - q).magnitude
      q = next
      if change <= 1e-15 * q { break }
    }
    return q
  }

  /// The side after a tilt that leaves a part of its tempering.
  func tilted(_ side: TemperedSide, _ rest: Double) -> TemperedSide {
    guard side.activity > 0 else { return .none }
    return TemperedSide(
      activity: side.activity * pow(rest / side.tempering, index), tempering: rest)
  }

  /// K at a real place, and at the distance from the upper branch point.
  private func value(_ z: Double, above: Double) -> Double {
    var sum = 0.0
    if upper.activity > 0 {
      sum +=
        upper.activity
        * exponent.value(z / upper.tempering, rest: above / upper.tempering)
    }
    if lower.activity > 0 {
      let w = -z / lower.tempering
      sum += lower.activity * exponent.value(w, rest: 1 - w)
    }
    return sum
  }

  private func saddleSpine(
    _ x: Double, center: Double, above: Double, q: Double = 0
  ) -> TemperedSpine {
    let up = tilted(upper, above)
    let down = tilted(lower, lower.tempering + center)
    var curvature = 0.0
    for side in [up, down] where side.activity > 0 {
      curvature += side.activity / side.tempering / side.tempering
    }
    let scale = min(3 / curvature.squareRoot(), up.tempering, down.tempering)
    return TemperedSpine(
      exponent: exponent, upper: up, lower: down, startSlope: .zero, center: center, offset: 0,
      logUnit: value(center, above: above) - center * x, logTop: 0, scale: scale, x: x)
  }

  /// The curve around the branch point λ.
  private func branchSpine(_ x: Double) -> TemperedSpine {
    let distance = min(upper.tempering, 1 / x)
    let tilt = upper.tempering - distance
    let up = tilted(upper, distance)
    let down = tilted(lower, lower.tempering + tilt)
    let slope = self.slope(q: -log(distance / upper.tempering))
    let drift = x - slope
    let factor = value(tilt, above: distance) - tilt * x
    var top = up.activity / index - drift * distance
    var curvature = up.activity / distance / distance
    if down.activity > 0 {
      let w = -distance / down.tempering
      top += down.activity * exponent.value(w, rest: 1 - w)
      curvature += down.activity / down.tempering / down.tempering
    }
    let scale = min(
      1 / drift.magnitude, 1 / curvature.squareRoot(), distance * pow(up.activity, -1 / index))
    return TemperedSpine(
      exponent: exponent, upper: up, lower: down, startSlope: Complex(-drift),
      center: upper.tempering,
      offset: distance, logUnit: factor + top, logTop: top, scale: scale, x: x)
  }

  // MARK: Density and tails

  typealias Integrals = (density: Double, tail: Double, partial: Double)

  /// Beyond it all logarithms are those of the exponential alone.
  private static let farthestPoint = 1e60
  /// Beyond this saddle they are the exponent there.
  private static let farthestSaddle = 1e100

  /// ln f, ln P(X > z) and ln E[X; X > z] for z ≥ 0.
  private func upperIntegrals(_ z: Double) -> Integrals {
    guard z < support.upperBound else { return (-.infinity, -.infinity, -.infinity) }
    if upper.activity > 0, z > Self.farthestPoint {
      let value = -upper.tempering * z
      return (value, value, value)
    }
    let spine = self.spine(z)
    if !(spine.center < Self.farthestSaddle) {
      let value = spine.logUnit.isNaN ? -.infinity : spine.logUnit
      return (value, value, value)
    }
    return spine.integrals()
  }

  private func integrals(_ z: Double) -> (values: Integrals, isAbove: Bool) {
    z >= 0 ? (upperIntegrals(z), true) : (mirrored.upperIntegrals(-z), false)
  }

  func logDensity(_ z: Double) -> Double { integrals(z).values.density }

  func logTails(_ z: Double) -> LogTails {
    let (values, isAbove) = integrals(z)
    let tail = min(values.tail, 0)
    return isAbove ? LogTails(upper: tail) : LogTails(lower: tail)
  }

  private func point(_ probability: Double, isAbove: Bool) -> Double {
    let law = isAbove ? self : mirrored
    return QuantileSearch.upperPoint(
      logProbability: log(probability), center: 0, scale: 1, smallest: 1e-3
    ) { (x: Double) -> (tail: Double, density: Double) in
      let (values, side) = law.integrals(x)
      let tail = side ? min(values.tail, 0) : logOfComplement(min(values.tail, 0))
      return (tail, values.density)
    }
  }

  func lowerPoint(_ probability: Double) -> Double {
    probability > 0.5 ? point(1 - probability, isAbove: true) : -point(probability, isAbove: false)
  }

  func upperPoint(_ probability: Double) -> Double {
    probability > 0.5 ? -point(1 - probability, isAbove: false) : point(probability, isAbove: true)
  }

  /// E[X; X > x] is −E[X; X ≤ x]: the mean is 0.
  func lowerMean(_ probability: Double) -> Double {
    -exp(integrals(lowerPoint(probability)).values.partial - log(probability))
  }

  func upperMean(_ probability: Double) -> Double {
    exp(integrals(upperPoint(probability)).values.partial - log(probability))
  }
}
