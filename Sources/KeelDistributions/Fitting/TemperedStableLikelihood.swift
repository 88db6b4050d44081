// Goals in order: exact scores, few integrals.
//
// On the curve of a point all scores are sums at the same places: ∂f/∂p = 1/(2πi) ∫ ∂K/∂p exp(K(z) − zx) dz. Their
// logarithmic derivatives are smooth in the point and are interpolated with the log-density.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension StandardTemperedStable {
  /// ln f at a point, and its derivatives by the point, the index, ln λ₊, ln λ₋ and the share v₊ of the variance.
  ///
  /// - Parameter z: The point.
  /// - Returns: The six numbers, and two of 0; both sides must have jumps.
  func scores(_ z: Double) -> SIMD8<Double> {
    if z < 0 { return Self.mirroredScores(mirrored.scores(-z)) }
    let curve = spine(z)
    let factors = scoreFactors
    let values = curve.sums(checked: 2) { (place: TemperedSpine.Place) -> SIMD8<Double> in
      var terms = SIMD8<Double>.zero
      for (j, factor) in factors(place).enumerated() {
        terms[j] = (place.weight * factor).imaginary
      }
      return terms
    } _: { (sums: SIMD8<Double>, _: Double) -> SIMD8<Double> in
      sums
    }
    var scores = values / values[0]
    scores[0] = log(values[0]) + curve.logUnit
    return scores
  }

  /// The same at many points that share curves.
  var sharedScores: SharedSpines {
    SharedSpines(
      self, single: { scores($0) }, factors: { $0.scoreFactors($1) },
      mirrored: { Self.mirroredScores($0) })
  }

  private static func mirroredScores(_ m: SIMD8<Double>) -> SIMD8<Double> {
    SIMD8(m[0], -m[1], m[2], m[4], m[3], -m[5], 0, 0)
  }

  /// What the scores multiply the density's integrand by at a place of a curve.
  private func scoreFactors(_ place: TemperedSpine.Place) -> [Complex] {
    let rest = place.fromBranch * (1 / upper.tempering)
    let up = slopes(upper, place.z * (1 / upper.tempering), rest: rest)
    let w = place.z * (-1 / lower.tempering)
    let down = slopes(lower, w, rest: 1 - w)
    return [
      .one, -place.z, up.index + down.index, up.tempering, down.tempering, up.share - down.share,
    ]
  }

  /// The derivatives of vλ² ψ(w) by index, ln λ and v.
  private func slopes(
    _ side: TemperedSide,
    _ w: Complex,
    rest: Complex
  ) -> (index: Complex, tempering: Complex, share: Complex) {
    let (value, slope) = exponent.values(w, rest: rest)
    return (
      side.activity * exponent.indexSlope(w, rest: rest, value: value),
      side.activity * (2 * value - w * slope), (side.tempering * side.tempering) * value
    )
  }
}

/// The mean log-likelihood of a standardized sample under tempered stable laws of both sides.
///
/// Points are mean, ln standard deviation, index, the logarithms of both temperings times the standard deviation, and
/// ln(v₊/v₋) of the shares of the variance.
struct TemperedStableLikelihood {
  let sample: StandardizedSample

  static let parameterCount = 6

  /// The law of a point in the unit of the deviation.
  static func standard(_ point: [Double]) -> StandardTemperedStable {
    let share = 1 / (1 + exp(-point[5]))
    return StandardTemperedStable(
      exponent: TemperedExponent(index: point[2]),
      upper: TemperedSide(share: share, tempering: exp(point[3])),
      lower: TemperedSide(share: 1 / (1 + exp(point[5])), tempering: exp(point[4])))
  }

  /// Of the log-density and the scores.
  private static let tolerances = SmoothTable.tolerances(
    [1e-12] + [Double](repeating: 1e-9, count: 5))

  /// The mean log-likelihood, its gradient, and the mean outer product of the scores.
  func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double], products: [Double]) {
    let law = Self.standard(point)
    let (mean, deviation) = (point[0], exp(point[1]))
    guard deviation > 0, deviation.isFinite else { return (-.infinity, [], []) }
    let places = sample.values.map { ($0 - mean) / deviation }
    guard places.allSatisfy({ $0.isFinite }) else { return (-.infinity, [], []) }
    var curves = law.sharedScores
    let table = SmoothTable(places, tolerances: Self.tolerances) { curves.values($0) }
    let n = Self.parameterCount
    let odds = exp(-point[5].magnitude)
    let shareSlope = odds / ((1 + odds) * (1 + odds))
    var value = 0.0
    var gradient = [Double](repeating: 0, count: n)
    var products = [Double](repeating: 0, count: n * n)
    for (k, z) in places.enumerated() {
      let row = table.values[k]
      let scores = SIMD8(
        -row[1] / deviation, -1 - z * row[1], row[2], row[3], row[4], row[5] * shareSlope, 0, 0)
      let weight = sample.weights[k] / sample.totalWeight
      value += weight * (row[0] - point[1])
      for a in 0..<n {
        gradient[a] += weight * scores[a]
        for b in 0..<n { products[n * a + b] += weight * scores[a] * scores[b] }
      }
    }
    guard value.isFinite, products.allSatisfy({ $0.isFinite }) else {
      return (-.infinity, [], [])
    }
    return (value, gradient, products)
  }

  /// Points of the first two moments, and the temperings and shares that have the third and fourth for some indices.
  func starts(lowest: [Double], highest: [Double]) -> [[Double]] {
    func mean(_ value: (Double) -> Double) -> Double {
      zip(sample.values, sample.weights).reduce(0) { $0 + $1.1 * value($1.0) } / sample.totalWeight
    }
    let first = mean { $0 }
    let deviation = mean { ($0 - first) * ($0 - first) }.squareRoot()
    let kurtosis = mean { pow(($0 - first) / deviation, 4) } - 3
    let skewness = mean { pow(($0 - first) / deviation, 3) }
    return Self.startingIndices.map { index in
      let allowed = Self.startingKurtosis
      let tails = min(max(kurtosis, allowed.lowerBound), allowed.upperBound)
      let tempering = ((2 - index) * (3 - index) / tails).squareRoot()
      let tilt = skewness * tempering / (2 - index)
      let share = 0.5 * (1 + min(max(tilt, -Self.largestTilt), Self.largestTilt))
      let odds = log(share / (1 - share))
      return [first, log(deviation), index, log(tempering), log(tempering), odds]
    }.map { start in zip(start, zip(lowest, highest)).map { min(max($0, $1.0), $1.1) } }
  }

  private static let startingIndices = [0.6, 1.4]
  private static let startingKurtosis = 0.5...50
  private static let largestTilt = 0.8
}
