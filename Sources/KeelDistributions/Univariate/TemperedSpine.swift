// Goals in order: relative accuracy of density and both tails, any index, speed.
//
// The inversion integral along the curve through the saddle on which the exponent is real, so that nothing
// oscillates. A Lévy density of completely monotone sides makes −K a Rogers function: on every circle around the
// saddle there is exactly one point of the curve (M. Kwaśnicki, Fluctuation theory for Lévy processes with
// completely monotone jumps, Electronic Journal of Probability 24 (2019), section 4). An exponential tilt keeps
// the family, so that with the saddle z₀, K'(z₀) = x, and ζ = z − z₀ = r exp(iθ)
//   K(z) − zx = K(z₀) − z₀x + Σ a ψ(±ζ/D),   D = λ ∓ z₀, a = vλ² (D/λ)^α,
// has neither a mean nor a cancellation. The rule is the trapezoidal one in u with r = s sinh u, at midpoints. The
// pole 1/z of a tail is no pole of the sum: with its place u = iη its part is known, 1/(1 + exp(2πη/h)).
// Where there is no saddle, x ≥ K'(λ), the curve starts along the cut at the branch point λ: there
// r = s exp(u − exp(−u)). Where the curve would follow the cut and then bend, it is left for another one (TemperedCut.swift).

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One side of a tempered stable law of a given tilt.
struct TemperedSide: Hashable, Sendable {
  /// The activity a = vλ², with the variance v of the side.
  var activity: Double
  /// The tempering λ, infinite for a side without jumps.
  var tempering: Double

  static let none = TemperedSide(activity: 0, tempering: .infinity)

  init(activity: Double, tempering: Double) {
    self.activity = activity
    self.tempering = tempering
  }

  /// A side with a share of a variance of 1.
  init(share: Double, tempering: Double) {
    self.init(activity: share * tempering * tempering, tempering: tempering)
  }
}

/// The curve of a point above the mean, with what the integrals along it need.
struct TemperedSpine {
  let exponent: TemperedExponent
  let upper: TemperedSide
  let lower: TemperedSide
  /// K' − x at the tilt, which is 0 at the saddle.
  let startSlope: Complex
  /// Saddle or branch point.
  let center: Double
  /// How far the center of the circles is from the tilt, and it is from `center`.
  let offset: Double
  /// The logarithm of the unit of sums, and what it is above K − zx at the tilt.
  let logUnit: Double
  let logTop: Double
  /// s.
  let scale: Double
  /// The point.
  let x: Double
  /// The way along the cut to the center of the circles.
  var cut: TemperedCut?
  private var isBranch: Bool { offset > 0 }
  private var isSaddle: Bool { offset == 0 && cut == nil }

  /// One place of the curve.
  struct Node {
    /// ζ.
    var place: Complex
    /// K(z) − zx less its value at the tilt.
    var value: Complex
    /// ζ times the derivative.
    var slope: Complex
    var sine: Double
    var cosine: Double
  }

  /// The place on the circle of radius r at the angle 2 atan(exp t).
  func node(_ r: Double, _ t: Double) -> Node {
    let sine = 1 / cosh(t)
    let cosine = -tanh(t)
    let place = Complex(r * cosine, r * sine)
    let (value, slope) = values(at: place)
    return Node(place: place, value: value, slope: place * slope, sine: sine, cosine: cosine)
  }

  /// K(z) − zx less its value at the tilt, and its derivative, at ζ.
  private func values(at place: Complex) -> (value: Complex, slope: Complex) {
    let fromTilt = place + offset
    var value = fromTilt * startSlope
    var slope = startSlope
    if let cut {
      let w = fromTilt * (-1 / upper.tempering)
      let side = exponent.values(w, rest: 1 - w)
      let activity = upper.activity * cut.turn
      value = value + activity * side.value
      slope = slope - activity * side.slope * (1 / upper.tempering)
    } else if upper.activity > 0 {
      let w = fromTilt * (1 / upper.tempering)
      let rest = isBranch ? place * (-1 / upper.tempering) : 1 - w
      let side = exponent.values(w, rest: rest)
      value = value + upper.activity * side.value
      slope = slope + (upper.activity / upper.tempering) * side.slope
    }
    if lower.activity > 0 {
      let w = fromTilt * (-1 / lower.tempering)
      let side = exponent.values(w, rest: 1 - w)
      value = value + lower.activity * side.value
      slope = slope - (lower.activity / lower.tempering) * side.slope
    }
    return (value, slope)
  }

  private static let maximumSteps = 60
  private static let angleTolerance = 1e-13
  /// A step so small is the last: the next one would be some squares of it.
  private static let lastStep = 1e-8
  /// Beyond it sines are not normal numbers.
  private static let farthest = 690.0

  /// The place of the curve on a circle, by Newton's method inside a bracket, from the t of a neighbor.
  func place(_ r: Double, near guess: Double) -> (node: Node, t: Double) {
    var (low, high) = (-Self.farthest, Self.farthest)
    var t = min(max(guess, low), high)
    var current = node(r, t)
    for _ in 0..<Self.maximumSteps {
      let height = current.value.imaginary / current.sine
      if height == 0 { break }
      if height > 0 { low = t } else { high = t }
      let slope = current.slope.real - height * current.cosine
      var step = -height / slope
      if !(step.magnitude <= 2) || (step > 0) != (height > 0) { step = height > 0 ? 2 : -2 }
      if step.magnitude <= Self.angleTolerance * max(1, t.magnitude) { break }
      var next = t + step
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      if next == t { break }
      let isLast = (next - t).magnitude <= Self.lastStep
      t = next
      current = node(r, t)
      if isLast { break }
    }
    return (current, t)
  }

  /// The radius at u, and its derivative.
  private func radius(_ u: Double) -> (r: Double, rate: Double) {
    guard !isSaddle else { return (scale * sinh(u), scale * cosh(u)) }
    let e = exp(-u)
    let r = scale * exp(u - e)
    return (r, r * (1 + e))
  }

  /// A place of the rule.
  struct Place {
    /// ζ, and z.
    var fromCenter: Complex
    var z: Complex
    /// λ − z of the upper tempering.
    var fromBranch: Complex
    /// K'(z).
    var slope: Complex
    /// exp(K(z) − zx − top) dz/du.
    var weight: Complex
  }

  /// The rule converges like exp(−π²/2h) where the integrand decays as a normal one, faster for small indices.
  var firstStep: Double { exponent.index < 1.2 ? 0.1 : 0.075 }
  private static let maximumLevels = 5
  private static let maximumNodes = 20_000
  /// How far a rule of three times the step must agree.
  ///
  /// Its error leaves to the finer one the cube of it, next to the branch point, where the curve has bends, at least the
  /// square. But it has a phase and may vanish by chance, so that it must be smaller than that.
  var tolerance: Double { isSaddle ? 1e-8 : 3e-9 }
  private static let negligible = 1e-19
  /// So many negligible terms end a side.
  private static let patience = 3

  /// Where a rule ended, of its variable u.
  struct Ends {
    var curve = 0.0...0.0
    var cut = 0.0...0.0
  }

  /// Visits the midpoints of a rule of a step, outward.
  ///
  /// - Parameters:
  ///   - step: The step.
  ///   - ends: Where a coarser rule ended. A first rule has none: it is visited whole, and ends when the visitor says so.
  ///     Others are visited between them without the places of the rule of three times the step.
  ///   - body: Is told whether a place is in the rule of three times the step, and returns whether its terms are negligible.
  /// - Returns: Where the rule ends.
  func visit(
    step: Double,
    between ends: Ends?,
    _ body: (Place, _ isCoarse: Bool) -> Bool
  ) -> Ends {
    var result = Ends()
    for direction in cut?.isWhole == true ? [] : isSaddle ? [1] : [1, -1] {
      // The last three angles, of which the next is guessed.
      var angles = SIMD3(0.0, 0, 0)
      var visited = 0
      let end = Self.walk(direction, step, ends?.curve) { (u: Double, isCoarse: Bool) -> Bool? in
        let (r, rate) = radius(u)
        guard r > 0, r < Self.largestRadius else { return nil }
        let (node, angle) = place(r, near: Self.guess(angles, ends == nil ? visited : 1))
        angles = SIMD3(angle, angles.x, angles.y)
        visited += 1
        return body(weighted(node, rate: rate), isCoarse)
      }
      result.curve = min(result.curve.lowerBound, end)...max(result.curve.upperBound, end)
    }
    guard let cut else { return result }
    for direction in [1, -1] {
      let end = Self.walk(direction, step, ends?.cut) { (u: Double, isCoarse: Bool) -> Bool? in
        guard let place = cut.place(u) else { return nil }
        return body(place, isCoarse) && (direction < 0 || u > cut.leastEnd)
      }
      result.cut = min(result.cut.lowerBound, end)...max(result.cut.upperBound, end)
    }
    return result
  }

  /// Walks along midpoints of a rule from 0, for a first rule to where terms are negligible.
  ///
  /// - Returns: The last u.
  private static func walk(
    _ direction: Int,
    _ step: Double,
    _ ends: ClosedRange<Double>?,
    _ body: (_ u: Double, _ isCoarse: Bool) -> Bool?
  ) -> Double {
    var (last, idle) = (0.0, 0)
    for k in 0..<maximumNodes {
      let j = direction > 0 ? k : -1 - k
      let isCoarse = ((j % 3) + 3) % 3 == 1
      guard ends == nil || !isCoarse else { continue }
      let u = (Double(j) + 0.5) * step
      if let ends, !ends.contains(u) { break }
      guard let isNegligible = body(u, isCoarse) else { break }
      last = u
      idle = isNegligible ? idle + 1 : 0
      if ends == nil, idle >= patience { break }
    }
    return last
  }

  /// The next of evenly spaced values, by the last ones there are.
  private static func guess(_ last: SIMD3<Double>, _ count: Int) -> Double {
    switch count {
    case 0, 1: last.x
    case 2: 2 * last.x - last.y
    default: 3 * (last.x - last.y) + last.z
    }
  }

  /// Its square is a number.
  private static let largestRadius = 1e150

  /// A node with its part of dz: on the curve dz has the direction of the conjugate of the derivative.
  private func weighted(_ node: Node, rate: Double) -> Place {
    let phase = node.value.imaginary + (cut.map { $0.height(upper.tempering) } ?? 0)
    let rotation = Complex(cos(phase), sin(phase)) * Complex(node.cosine, node.sine)
    let factor = exp(node.value.real - logTop) * rate / node.slope.real
    let start = cut == nil ? 0 : upper.tempering
    let rest = cut != nil || isBranch ? 0 : upper.tempering
    let fromCenter = node.place + start
    return Place(
      fromCenter: fromCenter, z: fromCenter + center, fromBranch: rest - fromCenter,
      slope: node.slope / node.place + x, weight: (rotation * node.slope.conjugate) * factor)
  }

  /// Sums of some functions along the curve, over π.
  ///
  /// - Parameters:
  ///   - checked: How many of the first functions decide when a sum ends and has converged.
  ///   - terms: The functions at a place.
  ///   - completed: Adds what is known besides to sums of a step.
  /// - Returns: The sums, without exp(`logUnit`).
  func sums(
    checked: Int,
    _ terms: (Place) -> SIMD8<Double>,
    _ completed: (_ sums: SIMD8<Double>, _ step: Double) -> SIMD8<Double>
  ) -> SIMD8<Double> {
    var (sums, coarse) = (SIMD8<Double>(), SIMD8<Double>())
    var step = firstStep
    var result = sums
    var ends: Ends?
    for _ in 0..<Self.maximumLevels {
      let isFirst = ends == nil
      if !isFirst { coarse = sums }
      ends = visit(step: step, between: ends) { (place: Place, isCoarse: Bool) -> Bool in
        let part = terms(place)
        sums += part
        if isFirst, isCoarse { coarse += part }
        for j in 0..<checked where !(part[j].magnitude <= Self.negligible * sums[j].magnitude) {
          return false
        }
        return true
      }
      result = completed(sums * (step / Double.pi), step)
      let rough = completed(coarse * (3 * step / Double.pi), 3 * step)
      var error = 0.0
      for j in 0..<checked { error = max(error, (result[j] / rough[j] - 1).magnitude) }
      if error <= tolerance { break }
      step /= 3
    }
    return result
  }

  /// ln f(x), ln P(X > x) and ln E[X; X > x].
  func integrals() -> (density: Double, tail: Double, partial: Double) {
    let pole = poleAngle
    let logOne = -logUnit
    let values = sums(checked: 2) { (place: Place) -> SIMD8<Double> in
      let overZ = place.weight / place.z
      return SIMD8(
        place.weight.imaginary, overZ.imaginary, (overZ * place.slope).imaginary, 0, 0, 0, 0, 0)
    } _: { (sums: SIMD8<Double>, step: Double) -> SIMD8<Double> in
      guard let pole else { return sums }
      var sums = sums
      sums[1] += exp(logOne) / (1 + exp(2 * Double.pi * pole / step))
      return sums
    }
    return (log(values[0]) - logOne, log(values[1]) - logOne, log(values[2]) - logOne)
  }

  /// K(z) − zx on the real axis at a distance from the saddle, less its value there.
  private func height(_ distance: Double) -> (value: Double, slope: Double) {
    var (value, slope) = (0.0, 0.0)
    for (side, sign) in [(upper, 1.0), (lower, -1.0)] where side.activity > 0 {
      let w = sign * distance / side.tempering
      let part = exponent.values(Complex(w), rest: Complex(1 - w))
      value += side.activity * part.value.real
      slope += sign * side.activity / side.tempering * part.slope.real
    }
    return (value, slope)
  }

  /// The η of the pole at z = 0 when it is between the saddle and the first branch point of the rule.
  ///
  /// On the imaginary axis of u two real places ζ₁ζ₂ = −(s sin η)² have the same height.
  private var poleAngle: Double? {
    guard isSaddle else { return nil }
    guard center > 0 else { return 0 }
    guard center < scale else { return nil }
    let target = height(-center).value
    var (low, high) = (0.0, upper.tempering)
    var other = min(center, 0.5 * high)
    for _ in 0..<100 {
      let (value, slope) = height(other)
      if value > target { high = other } else { low = other }
      var next = other - (value - target) / slope
      if !(next > low && next < high) { next = high.isFinite ? 0.5 * (low + high) : 2 * other }
      let change = (next - other).magnitude
      other = next
      if change <= 1e-15 * other { break }
    }
    let product = (center * other).squareRoot()
    return product < scale ? asin(product / scale) : nil
  }
}
