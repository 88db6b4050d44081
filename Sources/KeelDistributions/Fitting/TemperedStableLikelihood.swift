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
  /// - Returns: The six numbers; both sides must have jumps.
  func scores(_ z: Double) -> [Double] {
    if z < 0 {
      let m = mirrored.scores(-z)
      return [m[0], -m[1], m[2], m[4], m[3], -m[5]]
    }
    let curve = spine(z)
    let above = curve.isBranch ? 0 : curve.upper.tempering
    let values = curve.sums(checked: 1) { (place: TemperedSpine.Place) -> SIMD8<Double> in
      let rest = (above - place.fromCenter) * (1 / upper.tempering)
      let up = slopes(upper, place.z * (1 / upper.tempering), rest: rest)
      let w = place.z * (-1 / lower.tempering)
      let down = slopes(lower, w, rest: 1 - w)
      let weight = place.weight
      return SIMD8(
        weight.imaginary,
        (weight * place.z).imaginary,
        (weight * (up.index + down.index)).imaginary,
        (weight * up.tempering).imaginary,
        (weight * down.tempering).imaginary,
        (weight * (up.share - down.share)).imaginary, 0, 0)
    } _: { (sums: SIMD8<Double>, _: Double) -> SIMD8<Double> in
      sums
    }
    let f = values[0]
    return [
      log(f) + curve.logFactor + curve.logTop, -values[1] / f, values[2] / f, values[3] / f,
      values[4] / f, values[5] / f,
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
  private static let tolerances = [1e-12] + [Double](repeating: 1e-9, count: 5)

  /// The mean log-likelihood, its gradient, and the mean outer product of the scores.
  func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double], products: [Double]) {
    let law = Self.standard(point)
    let (mean, deviation) = (point[0], exp(point[1]))
    guard deviation > 0, deviation.isFinite else { return (-.infinity, [], []) }
    let places = sample.values.map { ($0 - mean) / deviation }
    guard places.allSatisfy({ $0.isFinite }) else { return (-.infinity, [], []) }
    let table = TemperedTable(places, count: 6, tolerances: Self.tolerances) { law.scores($0) }
    let n = Self.parameterCount
    let odds = exp(-point[5].magnitude)
    let shareSlope = odds / ((1 + odds) * (1 + odds))
    var value = 0.0
    var gradient = [Double](repeating: 0, count: n)
    var products = [Double](repeating: 0, count: n * n)
    for (k, z) in places.enumerated() {
      let row = table.values[(6 * k)..<(6 * k + 6)]
      let i = row.startIndex
      let scores = [
        -row[i + 1] / deviation, -1 - z * row[i + 1], row[i + 2], row[i + 3], row[i + 4],
        row[i + 5] * shareSlope,
      ]
      let weight = sample.weights[k] / sample.totalWeight
      value += weight * (row[i] - point[1])
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
