// Goals in order: one route to density, tails and tail means at a point; edges treated alike.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The alpha-stable law of scale one.
struct StandardStable: StandardLaw {
  let index: Double
  let skew: Double
  /// The coordinate of the shift ζ: ζ itself in the parametrization S0, 0 in S1.
  let origin: Double
  /// ζ = −β tan(πα/2), 0 for α = 1.
  let shift: Double
  let upper: StableContour
  let lower: StableContour
  private let ray: StableRay

  init(index: Double, skew: Double, isCentered: Bool) {
    self.index = index
    self.skew = skew
    let half = 0.5 * Double.pi
    let tangent =
      index == 1 || index == 2
      ? 0
      : index > 1.5
        ? -tan(half * (2 - index))
        : index < 0.5 ? tan(half * index) : -1 / tan(half * (index - 1))
    shift = index == 2 ? 0 : -skew * tangent
    origin = isCentered ? shift : 0
    upper = StableContour(index: index, skew: skew)
    lower = StableContour(index: index, skew: -skew)
    ray = StableRay(index: index, skew: skew)
  }

  private init(mirrorOf law: Self) {
    index = law.index
    skew = -law.skew
    origin = -law.origin
    shift = -law.shift
    upper = law.lower
    lower = law.upper
    ray = StableRay(index: index, skew: skew)
  }

  private var mirrored: Self { Self(mirrorOf: self) }

  // MARK: Moments

  var support: ClosedRange<Double> {
    guard index < 1, skew.magnitude == 1 else { return -Double.infinity...Double.infinity }
    return skew > 0 ? origin...Double.infinity : -Double.infinity...origin
  }

  var mean: Double {
    if index > 1 { return origin }
    return skew == 1 ? .infinity : skew == -1 ? -.infinity : .nan
  }

  var variance: Double { index == 2 ? 2 : .infinity }
  var skewness: Double { index == 2 ? 0 : .nan }
  var excessKurtosis: Double { index == 2 ? 0 : .nan }

  // MARK: Density and tails

  private var isNextToOne: Bool { (index - 1).magnitude < StableContour.nearOne }

  var isNextToCauchy: Bool {
    (index - 1).magnitude < StableRay.nearCauchy.index
      && skew.magnitude < StableRay.nearCauchy.skew
  }

  /// A point from the middle and from the shift.
  private func coordinates(_ z: Double) -> (x: Double, y: Double) {
    let y = z - origin
    return (z - origin + shift == z ? z : (origin == shift ? z : z + shift), y)
  }

  /// How a point is reached.
  enum Route {
    case ray(x: Double)
    case axis(x: Double, isAbove: Bool)
    case shift
    case outside(isAbove: Bool)
    /// A contour, the distance from the shift on its side, and the point from the middle on it.
    case contour(StableContour, y: Double, x: Double, isAbove: Bool)
  }

  func route(_ z: Double) -> Route {
    let (x, y) = coordinates(z)
    let isPositive = x > 0
    if isNextToOne, x.magnitude >= StableRay.firstAxisPoint, (isPositive ? skew : -skew) > -1 {
      return .axis(x: x.magnitude, isAbove: isPositive)
    }
    if isNextToCauchy { return .ray(x: x) }
    if y == 0, index != 1 { return .shift }
    let isAbove = index == 1 ? skew < 0 : y > 0
    let contour = isAbove ? upper : lower
    if contour.length == 0 { return .outside(isAbove: isAbove) }
    return .contour(contour, y: y.magnitude, x: isAbove ? x : -x, isAbove: isAbove)
  }

  /// ln f and both tails.
  func values(_ z: Double) -> (logDensity: Double, tails: LogTails) {
    switch route(z) {
    case .ray(let x): return ray.values(x)
    case .axis(let x, let isAbove):
      let side = isAbove ? ray : StableRay(index: index, skew: -skew)
      let tails = LogTails(upper: side.logTail(x, order: 0))
      return (side.logTail(x, order: -1), isAbove ? tails : tails.mirrored)
    case .shift: return valuesAtShift
    case .outside(let isAbove):
      return (
        -.infinity,
        isAbove ? LogTails(lower: 0, upper: -.infinity) : LogTails(lower: -.infinity, upper: 0)
      )
    case .contour(let contour, let y, let x, let isAbove):
      let integrals = contour.integrals(logScale: contour.logScale(y: y, x: x))
      let logPi = log(Double.pi)
      // The tail of the side, and the rest of the law, which of a one-sided law is all on the contour.
      let (tail, other) =
        index >= 1
        ? (integrals.inner, integrals.outer) : (integrals.outer, integrals.inner)
      let rest = contour.rest == 0 ? other : log(contour.rest + exp(other))
      let tails =
        tail < rest
        ? LogTails(upper: min(tail - logPi, 0)) : LogTails(lower: min(rest - logPi, 0))
      return (
        log(index) - logPi - contour.logUnit(y: y, x: x) + integrals.density,
        isAbove ? tails : tails.mirrored
      )
    }
  }

  /// At ζ: f = Γ(1 + 1/α) cos θ₀/(π (1 + ζ²)^(1/(2α))), F = (π/2 − θ₀)/π.
  private var valuesAtShift: (logDensity: Double, tails: LogTails) {
    if support.contains(origin), support != -Double.infinity...Double.infinity {
      let tails = LogTails(lower: -.infinity, upper: 0)
      return (-.infinity, skew > 0 ? tails : tails.mirrored)
    }
    let angle = atan(-shift) / index
    let logDensity =
      SpecialFunctions.logGamma(1 + 1 / index) + log(cos(angle)) - log(Double.pi)
      - log(hypot(1, shift)) / index
    let (below, above) = (upper.rest / Double.pi, lower.rest / Double.pi)
    return (
      logDensity, below < above ? LogTails(lower: log(below)) : LogTails(upper: log(above))
    )
  }

  func logDensity(_ z: Double) -> Double { values(z).logDensity }

  func logTails(_ z: Double) -> LogTails { values(z).tails }

  // MARK: Quantiles

  func lowerPoint(_ probability: Double) -> Double {
    if probability > 0.5 { return upperPoint(1 - probability) }
    return -mirrored.searchedPoint(log(probability))
  }

  func upperPoint(_ probability: Double) -> Double {
    probability > 0.5 ? lowerPoint(1 - probability) : searchedPoint(log(probability))
  }

  private func searchedPoint(_ logProbability: Double) -> Double {
    let isOneSided = support != -Double.infinity...Double.infinity
    let center = isOneSided || shift.magnitude < 1 ? origin : origin - shift
    return QuantileSearch.upperPoint(
      logProbability: logProbability, center: center, scale: 1,
      smallest: isOneSided ? 1e-300 : 1e-3
    ) { (z: Double) -> (tail: Double, density: Double) in
      let values = values(z)
      return (values.tails.upper, values.logDensity)
    }
  }

  // MARK: Means of tails

  func lowerMean(_ probability: Double) -> Double { -mirrored.upperMean(probability) }

  func upperMean(_ probability: Double) -> Double {
    // A power tail of index up to one has no mean.
    if index <= 1, skew > -1 { return .infinity }
    if index > 1, probability > 0.5 { return restAbove(probability) }
    let z = upperPoint(probability)
    return z + excess(z) / probability
  }

  /// E[(Z − z)⁺], for an index above one or an upper tail that is light.
  ///
  /// On its side of the shift the excess is that of the contour, beyond it the mean is known.
  private func excess(_ z: Double) -> Double {
    switch route(z) {
    case .axis(let x, let isAbove):
      let side = isAbove ? ray : StableRay(index: index, skew: -skew)
      let value = exp(side.logTail(x, order: 1))
      return isAbove ? value : mean - z + value
    case .ray(let x): return excessNextToCauchy(x)
    case .shift: return excess((z + 0x1p-40 * max(1, z.magnitude)))
    case .outside: return 0
    case .contour(let contour, let y, let x, let isAbove):
      let integral = contour.excessIntegral(logScale: contour.logScale(y: y, x: x))
      let value = exp(contour.logUnit(y: y, x: x) + integral) / (index * Double.pi)
      if index < 1 || isAbove { return value }
      return mean - z + value
    }
  }

  /// The same from the axis and an integral of the tail to it.
  private func excessNextToCauchy(_ x: Double) -> Double {
    let end = asinh(StableRay.firstAxisPoint)
    let start = asinh(x)
    let panelCount = max(1, ((end - start) / 1.5).rounded(.up))
    let width = (end - start) / panelCount
    var sum = exp(ray.logTail(StableRay.firstAxisPoint, order: 1))
    for k in 0..<Int(panelCount) {
      let low = start + Double(k) * width
      sum += StableContour.rule.integral(over: low...(low + width)) { u in
        exp(ray.values(sinh(u)).tails.upper) * cosh(u)
      }
    }
    return sum
  }
}

// MARK: - Draws

extension StandardStable {
  /// The draw of a uniform and an exponential one.
  func transformed(_ uniform: Double, _ exponential: Double) -> Double {
    if isNextToOne { return transformedNextToOne(uniform, exponential) + (origin - shift) }
    let angle = Double.pi * (uniform - 0.5)
    let sum = index * angle + atan(-shift)
    let tilt = cos(sum - angle)
    let value =
      sin(sum) * pow(hypot(1, shift) / cos(angle), 1 / index)
      * pow(tilt / exponential, (1 - index) / index)
    return value + origin
  }

  /// The same in S0, next to an index of one.
  ///
  /// With ζ = s/ε for ε = α − 1, the angle ψ = π(u − ½) and the exponential one e
  ///
  /// ```text
  /// Z = (tan ψ P + sin εψ) exp L − s (cos εψ exp L − 1)/ε,   L = −ε/α ln W
  /// P = cos εψ + ζ sin εψ,   W = P/(e cos ψ)
  /// ```
  ///
  /// P is a sum of positive terms, and nothing grows as ε vanishes.
  private func transformedNextToOne(_ uniform: Double, _ exponential: Double) -> Double {
    let epsilon = index - 1
    let half = 0.5 * Double.pi
    let angle = Double.pi * (uniform - 0.5)
    // The cosine and the tangent of ψ from its distance to the nearer end.
    let end = Double.pi * min(uniform, 1 - uniform)
    let (cosine, tangent) = (sin(end), (angle < 0 ? -1 : 1) * cos(end) / sin(end))
    let distance = Double.pi * (skew < 0 ? 1 - uniform : uniform)
    let share = epsilon == 0 ? distance / half : sin(epsilon * distance) / sin(epsilon * half)
    let sine = sin(0.5 * epsilon * angle)
    let loss = 2 * sine * sine
    let p = (1 - skew.magnitude) * (1 - loss) + skew.magnitude * share
    let rate = -log(p / (exponential * cosine)) / index
    let growth = exp(epsilon * rate)
    // s, and (cos εψ exp L − 1)/ε.
    let (scaledShift, change) =
      epsilon == 0
      ? (skew / half, rate)
      : (
        skew * epsilon / tan(epsilon * half),
        (expm1(epsilon * rate) - loss * growth) / epsilon
      )
    return (tangent * p + sin(epsilon * angle)) * growth - scaledShift * change
  }
}

extension StableContour {
  /// ln ∫ E(1/α, g) dd with the exponential integral E: the tail's mean excess.
  func excessIntegral(logScale: Double) -> Double {
    let limit = node(600).logRatio + logScale
    let least = isLight ? exp(limit) : 0
    guard least < .infinity else { return -.infinity }
    let order = 1 / index
    let middle = point(
      target: log1p(least) - logScale, tolerance: Self.startTolerance / (1 + least))
    var sum = 0.0
    for direction in [1.0, -1.0] {
      var (v, ratio, width) = (middle, node(middle).logRatio, 1.0)
      while v.magnitude < 600 {
        let (end, next) = panelEnd(
          from: v, ratio: ratio, direction: direction, width: width, change: 1.5,
          limit: (logScale, least))
        let half = 0.5 * (end - v).magnitude
        for i in 0..<16 {
          let (inner, outer, logRatio) = node(0.5 * (v + end) + half * Self.rule.nodes[i])
          let g = exp(logScale + logRatio)
          guard g < .infinity else { continue }
          let term =
            exp(least - g)
            * ExponentialIntegral.scaled(order: order, logArgument: logScale + logRatio)
          sum += half * Self.rule.weights[i] * inner * (outer / length) * term
        }
        (width, v, ratio) = (min(Self.largestWidth, 2 * (end - v).magnitude), end, next)
        let g = exp(logScale + ratio)
        let edge =
          exp(least - g)
          * ExponentialIntegral.scaled(order: order, logArgument: logScale + ratio)
        let place = node(v)
        if direction > 0 {
          // With E like g^(1/α−1) the rest of a power is known.
          let rate = isLight ? 1 : 1 - (1 - order) * powers.inner
          if place.inner < 1e-17 * length, isLight || g < 1e-17 {
            sum += place.inner * edge / rate
            break
          }
          if place.inner * edge < 1e-18 * rate * sum { break }
        } else if length * edge <= 1e-18 * sum {
          break
        }
      }
    }
    return log(sum) - least
  }
}
