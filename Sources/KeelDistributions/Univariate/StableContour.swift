// Goals in order: relative accuracy of density and both tails, any index and skew, speed.
//
// V. M. Zolotarev, One-dimensional Stable Distributions (1986), section 2.2, and J. P. Nolan, Numerical
// calculation of stable densities and distribution functions, Stochastic Models 13 (1997), theorem 1: the
// inversion integral along the contour on which the exponent −g is real, so that nothing oscillates. With
// y > 0 the distance from the shift ζ, d = π/2 − θ and d' = ℓ − d the distances to the contour's ends:
//   r^(α−1) = (y/ρ) sin d/sin αd',   g = r y sin(αd' + d)/sin αd',   ρ² = 1 + β² tan²(πα/2)
//   f = α/(π|α−1|y) ∫ g exp(−g) dd,   ∫ exp(−g) dd and ∫ (1 − exp(−g)) dd for both tails.
// Next to α = 1 y and the logarithms of ratios are of the size 1/(α−1): there
//   y = βT + x,   sin αd'/sin d = 1 + |ε| q,   T = tan(πα/2), ε = α − 1,
// and everything is written in |ε|T, q and sin(αd' + d)/|ε|, which stay finite; α = 1 is their limit.
// The distances are logistic in the variable of integration, in which the singularities of all factors are
// π away from the real line: panels of 16 Gauss-Legendre points converge geometrically.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The side above the shift of a standard stable law.
struct StableContour: Hashable, Sendable {
  /// α.
  let index: Double
  /// α − 1.
  let excess: Double
  /// The range ℓ of d, and π − ℓ.
  let length: Double
  let rest: Double
  /// Whether g has a positive limit at its inner end: the tail there is lighter than any power.
  let isLight: Bool
  /// The form for indices next to one: y counts in units of 1/|ε|.
  private let isNearOne: Bool
  /// π − αℓ.
  private let gap: Double
  /// (αd' + d's distance from π at the inner end)/|ε|, where the side is near one.
  private let scaledGap: Double
  /// |ε| |βT|.
  private let scaledShift: Double
  /// ln(1/ρ), or ln(|βT|/ρ)/ε near one.
  private let logConstant: Double

  /// The largest |α − 1| of the form for indices next to one.
  static let nearOne = 0.05

  init(index: Double, skew: Double) {
    self.index = index
    excess = index - 1
    isLight = index >= 1 ? skew == -1 || index == 2 : skew == 1
    let distance = excess.magnitude
    // tan of πα/2 or of π(2 − α)/2, as sine over cosine.
    let half = 0.5 * Double.pi
    let sine =
      index > 1.5 ? sin(half * (2 - index)) : index < 0.5 ? sin(half * index) : cos(half * distance)
    let cosine =
      index > 1.5 ? cos(half * (2 - index)) : index < 0.5 ? cos(half * index) : sin(half * distance)
    let product = sine * cosine
    let (ss, cc) = (sine * sine, cosine * cosine)
    if index >= 1 {
      gap = atan2((1 + skew) * product, cc - skew * ss)
      length = atan2((1 + skew) * product, skew * ss - cc) / index
      rest = Double.pi - length
    } else {
      gap = atan2((1 + skew) * product, skew * ss - cc)
      length = atan2((1 + skew) * product, cc - skew * ss) / index
      rest = atan2((1 - skew) * product, cc + skew * ss) / index
    }
    let tilt = index >= 1 ? -skew : skew
    isNearOne = distance < Self.nearOne && tilt * sine > cosine
    if isNearOne {
      let u = distance == 0 ? 0 : tan(half * distance)
      let slope = distance == 0 ? half : u / distance
      scaledShift = tilt / slope
      let reduced = (1 - tilt) * slope / (u * u + tilt)
      let gapOfOne = distance == 0 ? reduced : atan(distance * reduced) / distance
      scaledGap = index >= 1 ? gapOfOne : gapOfOne / index
      logConstant = distance == 0 ? 0 : -0.5 * log1p(u * u / (tilt * tilt)) / excess
    } else {
      scaledShift = 0
      scaledGap = 0
      logConstant = -0.5 * log1p(tilt * tilt * ss / cc)
    }
  }

  /// The part of ln g that depends on the point: `y` from the shift, and x from the middle.
  func logScale(y: Double, x: Double) -> Double {
    guard isNearOne else { return index / excess * log(y) }
    let (logScaled, logRatio) = scaledDistance(y: y, x: x)
    return logScaled + logRatio
  }

  /// ln |ε|y and, near one, ln(y/|βT|)/ε.
  private func scaledDistance(y: Double, x: Double) -> (logScaled: Double, logRatio: Double) {
    let ratio = x / scaledShift
    let change = excess.magnitude * ratio
    // Next to the shift x is rounded to it, and y is not.
    if change < -0.5 {
      let logScaled = log(excess.magnitude) + log(y)
      return (logScaled, (logScaled - log(scaledShift)) / excess)
    }
    return (log(scaledShift * (1 + change)), quotient(ratio, change))
  }

  /// ln(1 + z)/ε for z = |ε| a.
  private func quotient(_ a: Double, _ z: Double) -> Double {
    let value = excess == 0 ? a : log1p(z) / excess.magnitude
    return excess < 0 ? -value : value
  }

  /// ln |ε|y.
  func logUnit(y: Double, x: Double) -> Double {
    isNearOne ? scaledDistance(y: y, x: x).logScaled : log(excess.magnitude) + log(y)
  }

  /// The distances to the ends at which g tends to 0 and to infinity, and ln g less its scale.
  ///
  /// In units of ℓ the first is 1/(1 + exp v).
  func node(_ v: Double) -> (inner: Double, outer: Double, logRatio: Double) {
    let e = exp(-v.magnitude)
    let (small, large) = (length * e / (1 + e), length / (1 + e))
    let (inner, outer) = v > 0 ? (small, large) : (large, small)
    let (d, other) = excess >= 0 ? (inner, outer) : (outer, inner)
    let half = 0.5 * Double.pi
    let sineD = d <= half ? sin(d) : sin(rest + other)
    let angle = index * other
    let sineA = angle <= half ? sin(angle) : sin(gap + index * d)
    if isNearOne {
      let eta = excess.magnitude * (scaledGap + inner)
      let sineOfEta = excess == 0 ? scaledGap + inner : sin(eta) / excess.magnitude
      let bend = sin(0.5 * eta)
      let loss = excess == 0 ? 0 : 2 * bend * bend / excess.magnitude
      let q = sineOfEta * (cos(d) / sineD) - loss
      let z = excess.magnitude * q
      var logR = quotient(q, z)
      if z < -0.5 || z > 1 {
        let direct = log(sineA / sineD) / excess.magnitude
        logR = excess < 0 ? -direct : direct
      }
      return (inner, outer, logConstant - logR + log(sineOfEta / sineA))
    }
    let sum = angle + d
    let third =
      sum <= half
      ? sin(sum) : excess >= 0 ? sin(gap + excess * d) : sin(rest - excess * other)
    return (
      inner, outer,
      (logConstant + log(sineD / sineA)) / excess + log(third / sineA)
    )
  }

  /// The powers of the distances with which g tends to 0 and to infinity at the ends.
  var powers: (inner: Double, outer: Double) {
    let distance = excess.magnitude
    return excess >= 0
      ? (1 / distance, index / distance) : (index / distance, 1 / distance)
  }
}

/// The integrals over the contour at one point, as logarithms.
struct StableIntegrals {
  /// ∫ g exp(−g).
  var density: Double
  /// ∫ exp(−g).
  var inner: Double
  /// ∫ (1 − exp(−g)).
  var outer: Double
}

extension StableContour {
  /// The panels' rule.
  static let rule = GaussLegendre(checkedCount: 16)

  /// Beyond it distances leave the range of numbers.
  private static let farthest = 600.0
  /// exp(−45) is negligible: a change of g within it of the farthest place is that of a power.
  private static let reach = 45.0

  /// The largest change of ln g in a panel, and of v; exp(−g) grows fast toward the poles of g.
  static let largestChange = 1.5
  static let largestSmallChange = 5.0
  static let largestWidth = 2.0
  static let largestSmallWidth = 4.0
  private static let negligible = 1e-18
  private static let maximumPanels = 4000
  /// Of ln g at the place from which panels are laid.
  static let startTolerance = 0.25

  /// The integrals for a scale of g.
  func integrals(logScale: Double) -> StableIntegrals {
    guard logScale.isFinite else {
      return logScale == .infinity
        ? StableIntegrals(density: -.infinity, inner: -.infinity, outer: log(length))
        : StableIntegrals(density: -.infinity, inner: log(length), outer: -.infinity)
    }
    let end = logScale + node(Self.farthest).logRatio
    let start = logScale + node(-Self.farthest).logRatio
    if start < Self.reach { return outerPower(start) }
    let least = isLight ? exp(end) : 0
    if end > -Self.reach, !isLight { return innerPower(end) }
    guard least < .infinity else {
      return StableIntegrals(density: -.infinity, inner: -.infinity, outer: log(length))
    }
    let middle = point(
      target: log1p(least) - logScale, tolerance: Self.startTolerance / (1 + least))
    return march(from: middle, logScale: logScale, least: least)
  }

  /// All of the change of g happens where g = (d/D)^p, D below every number.
  private func innerPower(_ logG: Double) -> StableIntegrals {
    let p = powers.inner
    let logReach = log(length) - Self.farthest - logG / p
    let gamma = SpecialFunctions.logGamma(1 + 1 / p)
    return StableIntegrals(
      density: logReach + gamma - log(p), inner: logReach + gamma, outer: log(length))
  }

  /// The same with g = (d/D)^(−p).
  private func outerPower(_ logG: Double) -> StableIntegrals {
    let p = powers.outer
    let logReach = log(length) - Self.farthest + logG / p
    let gamma = SpecialFunctions.logGamma(1 - 1 / p)
    return StableIntegrals(
      density: logReach + gamma - log(p), inner: log(length), outer: logReach + gamma)
  }

  /// The v at which the ratio has a logarithm; it falls with v.
  func point(target: Double, tolerance: Double = startTolerance) -> Double {
    var (low, high) = (-Self.farthest, Self.farthest)
    var v = 0.0
    var value = node(0).logRatio - target
    var reach = 1.0
    // Doubling steps to a bracket.
    while high - low > 1 {
      let next = value > 0 ? v + reach : v - reach
      if value > 0 { low = v } else { high = v }
      guard next > low, next < high else { break }
      v = next
      value = node(v).logRatio - target
      reach *= 2
    }
    if value > 0 { low = max(low, v) } else { high = min(high, v) }
    // Regula falsi with halved ends (M. Dowell and P. Jarratt, 1971).
    var (above, below) = (node(low).logRatio - target, node(high).logRatio - target)
    for _ in 0..<60 where high - low > 1e-12 * max(1, low.magnitude) {
      var next =
        (above.isFinite && below.isFinite)
        ? (low * below - high * above) / (below - above) : 0.5 * (low + high)
      if !(next > low && next < high) { next = 0.5 * (low + high) }
      v = next
      value = node(v).logRatio - target
      if value.magnitude < tolerance { break }
      if value > 0 {
        low = v
        above = value
        below *= 0.5
      } else {
        high = v
        below = value
        above *= 0.5
      }
    }
    return v
  }

  /// The end of a panel from `v` in a direction, and the ratio there.
  ///
  /// The panel's change is that of ln g, or over a large limit G of g that of ln(1 + g − G).
  func panelEnd(
    from v: Double,
    ratio: Double,
    direction: Double,
    width: Double,
    change: Double,
    limit: (logScale: Double, least: Double) = (0, 0)
  ) -> (end: Double, ratio: Double) {
    var h = width
    let isFlat = limit.least >= 1
    func height(_ ratio: Double) -> Double {
      isFlat ? log1p(max(0, exp(limit.logScale + ratio) - limit.least)) : ratio
    }
    let start = height(ratio)
    for _ in 0..<60 {
      let end = v + direction * h
      let next = node(end).logRatio
      let moved = (height(next) - start).magnitude
      if moved <= change || h < 1e-13 * max(1, v.magnitude) { return (end, next) }
      h *= moved.isFinite ? max(0.1, min(0.8, 0.8 * change / moved)) : 0.1
    }
    return (v + direction * h, node(v + direction * h).logRatio)
  }

  private struct Sums {
    var density = 0.0
    var inner = 0.0
    var outer = 0.0
  }

  /// The sums over a panel, with exp(−least) taken out of all but the outer one.
  private func panel(_ from: Double, _ to: Double, _ logScale: Double, _ least: Double) -> Sums {
    var sums = Sums()
    let (center, half) = (0.5 * (from + to), 0.5 * (to - from).magnitude)
    let rule = Self.rule
    for i in 0..<16 {
      let (inner, outer, logRatio) = node(center + half * rule.nodes[i])
      let weight = half * rule.weights[i] * inner * (outer / length)
      let g = exp(logScale + logRatio)
      guard g < .infinity else {
        sums.outer += weight
        continue
      }
      let e = exp(least - g)
      sums.density += weight * g * e
      sums.inner += weight * e
      sums.outer += weight * (g < 0.5 ? -expm1(-g) : 1 - exp(-g))
    }
    return sums
  }

  private func march(from middle: Double, logScale: Double, least: Double) -> StableIntegrals {
    var sums = Sums()
    let start = node(middle)
    // Toward g → 0.
    var (v, ratio, width) = (middle, start.logRatio, 1.0)
    for _ in 0..<Self.maximumPanels {
      let g = exp(logScale + ratio)
      let change = g > 0.02 ? Self.largestChange : Self.largestSmallChange
      let (end, next) = panelEnd(
        from: v, ratio: ratio, direction: 1, width: width, change: change,
        limit: (logScale, least))
      let part = panel(v, end, logScale, least)
      sums.density += part.density
      sums.inner += part.inner
      sums.outer += part.outer
      (width, v, ratio) = (
        min(g > 0.02 ? Self.largestWidth : Self.largestSmallWidth, 2 * (end - v)), end, next
      )
      let inner = node(v).inner
      let value = exp(logScale + ratio)
      let remaining = inner * exp(least - value)
      if remaining * max(value, least) <= Self.negligible * min(sums.density, sums.outer) {
        sums.inner += remaining
        // With a positive limit of g nothing is left of the others either.
        break
      }
      if v > Self.farthest { break }
    }
    (v, ratio, width) = (middle, start.logRatio, 1.0)
    for _ in 0..<Self.maximumPanels {
      let (end, next) = panelEnd(
        from: v, ratio: ratio, direction: -1, width: width, change: Self.largestChange,
        limit: (logScale, least))
      let part = panel(end, v, logScale, least)
      sums.density += part.density
      sums.inner += part.inner
      sums.outer += part.outer
      (width, v, ratio) = (min(Self.largestWidth, 2 * (v - end)), end, next)
      let value = exp(logScale + ratio)
      let bound = length * exp(least - value)
      if bound * max(1, value) <= Self.negligible * min(sums.density, sums.inner) {
        sums.outer += node(v).outer
        break
      }
      if v < -Self.farthest { break }
    }
    return StableIntegrals(
      density: log(sums.density) - least, inner: log(sums.inner) - least, outer: log(sums.outer))
  }
}
