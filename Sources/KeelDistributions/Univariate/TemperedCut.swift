// Goals in order: no bend of the curve that a rule must resolve, relative accuracy however rare the jumps are.
//
// Few and far jumps upward from a body that is nearly that of the lower side: the saddle is next to the branch point λ, or there
// is none, and the curve follows the cut to where the saddle of the body alone would be. There it bends, the sharper the
// fewer the jumps. Instead the way is along the upper side of the cut,
//   Im K(λ + ρ) = v (ρ/λ)^α λ² sin(πα)/(α(1 − α)),
// where nothing oscillates, to the place z∗ = λ + ρ∗ of the least real part, and from there along the curve on which the
// imaginary part is that of z∗. Im K grows along the real axis on both sides, so that (K(z) − K(z∗))/(z − z∗) has a positive
// imaginary part above it, and the curve has exactly one point on every circle around z∗, as one around the saddle. It starts
// straight upward. From z∗ the upper side is one of a lower side: (λ − z)^α = (ρ∗ exp(−iπ))^α (1 + ζ/ρ∗)^α.
// Where the real part falls so far along the cut that what follows is negligible, the cut is all.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The way along the upper side of the cut from the branch point λ.
struct TemperedCut {
  private let exponent: TemperedExponent
  /// The upper side, and the lower one tilted to λ.
  private let upper: TemperedSide
  private let lower: TemperedSide
  /// The slope of the lower side's exponent at λ, less x.
  private let startSlope: Double
  private let x: Double
  /// cos(πα), and sin(πα)/(1 − α).
  private let cosine: Double
  private let sine: Double
  /// ρ∗: where the way ends.
  var distance = 0.0
  /// The logarithm of the unit above K(λ) − λx.
  var top = 0.0
  /// No curve follows.
  var isWhole = false

  init(_ law: StandardTemperedStable, _ x: Double) {
    (exponent, upper, self.x) = (law.exponent, law.upper, x)
    let index = law.index
    cosine = cos(Double.pi * index)
    sine = index == 1 ? Double.pi : sin(Double.pi * (1 - index)) / (1 - index)
    guard law.lower.activity > 0 else {
      (lower, startSlope) = (.none, -x)
      return
    }
    let below = law.lower
    lower = law.tilted(below, below.tempering + upper.tempering)
    startSlope =
      -below.activity / below.tempering
      * exponent.slope(q: -log1p(upper.tempering / below.tempering)) - x
  }

  /// exp(−iπα).
  var turn: Complex { Complex(cosine, -(1 - exponent.index) * sine) }

  /// Im K, real part of K − zx less that at λ, and K' − x without its imaginary part, at λ + ρ.
  private func values(_ rho: Double) -> (height: Double, real: Double, slope: Double) {
    let index = exponent.index
    let t = rho / upper.tempering
    let power = pow(t, index)
    // (1 − (t^ε cos πε − 1)/ε)/α, without cancellation next to an index of 1 and toward 0.
    let slope = realRatio(t)
    var real =
      index < 0.5 ? (power * cosine / index + t) / (index - 1) : t * (1 - slope) / index
    real = upper.activity * real + startSlope * rho
    var total = startSlope - upper.activity / upper.tempering * slope
    if lower.activity > 0 {
      let w = rho / lower.tempering
      let side = exponent.values(Complex(-w), rest: Complex(1 + w))
      real += lower.activity * side.value.real
      total -= lower.activity / lower.tempering * side.slope.real
    }
    return (upper.activity * power * sine / index, real, total)
  }

  /// (t^ε cos πε − 1)/ε.
  private func realRatio(_ t: Double) -> Double {
    let excess = exponent.index - 1
    guard excess != 0 else { return log(t) }
    let half = sin(0.5 * Double.pi * excess)
    return (-expm1(excess * log(t)) * cosine - 2 * half * half) / excess
  }

  /// Im K at a ρ.
  func height(_ rho: Double) -> Double {
    upper.activity * pow(rho / upper.tempering, exponent.index) * sine / exponent.index
  }

  /// The real part of K − zx at a ρ, less that at λ.
  func real(_ rho: Double) -> Double { values(rho).real }

  private static let maximumSteps = 40

  /// The ρ of the least real part, by Newton's method from another one.
  func leastPlace(from start: Double) -> Double? {
    guard start > 0, start.isFinite, lower.activity > 0 else { return nil }
    var distance = start
    for _ in 0..<Self.maximumSteps {
      let slope = values(distance).slope
      let curvature =
        upper.activity / upper.tempering / distance
        * pow(distance / upper.tempering, exponent.index - 1) * cosine
        + lower.activity / lower.tempering / lower.tempering
        * pow(1 + distance / lower.tempering, exponent.index - 2)
      guard curvature > 0 else { return nil }
      let next = min(max(distance - slope / curvature, 0.25 * distance), 4 * distance)
      guard next.isFinite, next > 0 else { return nil }
      let change = (next - distance).magnitude
      distance = next
      // The next step would be the square of it.
      if change <= 1e-8 * distance { return distance }
    }
    return nil
  }

  /// What follows so far below the first jumps is negligible.
  var negligible: Double { Self.smallestPart - max(0, -log(height(1 / x))) }
  private static let smallestPart = -45.0
  private static let maximumDoublings = 80

  /// The ρ from which all that follows is negligible, and if there is one for smaller x too; heights stay below a largest one.
  func lastPlace(largestHeight: Double) -> Double? {
    var rho = 1 / x
    let end = negligible
    var last: Double?
    for _ in 0..<Self.maximumDoublings {
      guard rho.isFinite else { break }
      let (height, real, slope) = values(rho)
      guard height <= largestHeight else { break }
      if real < end { last = rho }
      guard slope < 0, !(real < Self.reach * end) else { break }
      rho *= 2
    }
    return last
  }

  /// For points down to a third.
  private static let reach = 3.0

  /// The u from which places fall toward the branch point doubly exponentially, past those of the first jumps.
  private var bend: Double { 1 + max(0, log(distance * x)) }

  /// The u at which derivatives of the exponent, whose terms fall like ρ^α, are negligible too.
  var leastEnd: Double { bend + log(-Self.smallestPart / exponent.index) }

  /// The square of it is a number.
  private static let leastPart = 1e-150

  /// The place ρ∗/(1 + exp(u − exp(−u) + exp(u − bend))).
  func place(_ u: Double) -> TemperedSpine.Place? {
    let (near, far) = (exp(-u), exp(u - bend))
    let odds = exp(u - near + far)
    let rest = 1 / (1 + odds)
    let rho = distance * rest
    guard rho > Self.leastPart * upper.tempering else { return nil }
    let (height, real, slope) = values(rho)
    let share = odds.isFinite ? odds * rest : 1
    let factor = exp(real - top) * rho * share * (1 + near + far)
    return TemperedSpine.Place(
      fromCenter: Complex(rho), z: Complex(upper.tempering + rho),
      fromBranch: Complex(-rho, -0.0), slope: Complex(slope + x, exponent.index * height / rho),
      weight: Complex(cos(height), sin(height)) * factor)
  }
}

extension StandardTemperedStable {
  /// Curves from the saddle and the branch point bend little beyond this phase.
  private static let largestBend = 0.8
  /// Terms of the cut must not cancel.
  private static let largestHeight = 1.5

  /// The curve of a point x ≥ 0 that starts along the cut; nil where that is not needed.
  func cutSpine(_ x: Double) -> TemperedSpine? {
    let start = lower.activity > 0 ? saddleOfLowerSide(x) - upper.tempering : .infinity
    guard start > 0 || start.isNaN else { return nil }
    var cut = TemperedCut(self, x)
    if let distance = cut.leastPlace(from: start), cut.height(distance) <= Self.largestBend {
      cut.distance = distance
      cut.isWhole = cut.real(distance) < cut.negligible
    } else if let distance = cut.lastPlace(largestHeight: Self.largestHeight) {
      cut.distance = distance
      cut.isWhole = true
    } else {
      return nil
    }
    let distance = cut.distance
    let fall = cut.real(distance)
    cut.top = max(0, fall)
    // K(λ) − λx.
    var base = upper.activity / index - upper.tempering * x
    if lower.activity > 0 {
      let w = -upper.tempering / lower.tempering
      base += lower.activity * exponent.value(w, rest: 1 - w)
    }
    let up = tilted(upper, distance)
    let down = tilted(lower, lower.tempering + upper.tempering + distance)
    let curvature =
      up.activity / distance / distance * cut.turn.real
      + down.activity / down.tempering / down.tempering
    return TemperedSpine(
      exponent: exponent, upper: up, lower: down,
      startSlope: Complex(0, index * cut.height(distance) / distance), center: upper.tempering,
      offset: 0, logUnit: base + cut.top, logTop: cut.top - fall,
      scale: min(1 / curvature.squareRoot(), distance, down.tempering), x: x, cut: cut)
  }
}
