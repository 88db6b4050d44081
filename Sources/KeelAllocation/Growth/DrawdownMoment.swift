// Growth with a price on the moment that bounds drawdowns.
//
// Goals in order: sums near one without cancellation, no overflow, few passes over the scenarios.
//
// With r = 1 + x'w, y = x/r and q in proportion to p r^(−λ), the moment ψ = ln(E r^(−λ)) / λ has
//
//   gradient −E_q y,   Hessian E_q yy' + λ Cov_q(y),
//
// and increases with λ from −E ln r at zero.

import KeelData
import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The moment ψ of what is left of a unit in each scenario.
struct DrawdownMoment {
  let value: Double
  /// The tilted probabilities q.
  let tilted: [Double]

  /// Exponents up to here are summed as what they are above one.
  private static let largestDifference = 30.0

  /// - Parameters:
  ///   - left: What is left of a unit, positive where it has a probability.
  ///   - probabilities: Summing to one.
  ///   - exponent: λ, not negative.
  init(left: [Double], probabilities: [Double], exponent: Double) {
    var (exponents, largest) = ([Double](repeating: 0, count: left.count), -Double.infinity)
    for s in left.indices where probabilities[s] > 0 {
      exponents[s] = -log(left[s])
      largest = max(largest, exponent * exponents[s])
    }
    var (above, total, mean) = (CompensatedSum(), CompensatedSum(), CompensatedSum())
    var tilted = [Double](repeating: 0, count: left.count)
    for s in left.indices where probabilities[s] > 0 {
      let power = exponent * exponents[s]
      tilted[s] = probabilities[s] * exp(power - largest)
      above.add(probabilities[s] * expm1(min(power, Self.largestDifference)))
      total.add(tilted[s])
      mean.add(probabilities[s] * exponents[s])
    }
    let sum = total.value
    self.tilted = tilted.map { $0 / sum }
    if exponent == 0 {
      value = mean.value
    } else if largest <= Self.largestDifference {
      value = log1p(above.value) / exponent
    } else {
      value = (largest + log(sum)) / exponent
    }
  }

  /// The largest exponent λ for which E r^(−λ) is at most one: zero without growth, infinite without losses.
  static func largestExponent(left: [Double], probabilities: [Double]) -> Double {
    let possible = left.indices.filter { probabilities[$0] > 0 }
    let worst = possible.min { left[$0] < left[$1] }
    guard let worst, left[worst] < 1 else { return .infinity }
    func moment(_ exponent: Double) -> Double {
      DrawdownMoment(left: left, probabilities: probabilities, exponent: exponent).value
    }
    guard left[worst] > 0, moment(0) < 0 else { return 0 }
    // There the worst scenario alone makes one.
    let largest = log(probabilities[worst]) / log(left[worst])
    do throws(NumericsError) {
      return try Brent.root(of: moment, in: 0...largest).argument
    } catch {
      // At its end the moment is zero to rounding.
      return largest
    }
  }
}

/// −(1 − share) E ln r + share ψ.
struct GrowthAtDrawdown: ConvexObjective {
  struct Point: ConvexPoint {
    let growth: LogGrowth.Point
    /// Nil where some scenario ruins.
    let moment: DrawdownMoment?
    let value: Double
    var weights: [Double] { growth.weights }
  }

  let growth: LogGrowth
  let exponent: Double
  var share: Double

  func evaluate(_ weights: [Double]) -> Point {
    let growth = growth.evaluate(weights)
    guard growth.worst > 0 else { return Point(growth: growth, moment: nil, value: .infinity) }
    let moment = DrawdownMoment(
      left: growth.left, probabilities: self.growth.probabilities, exponent: exponent)
    return Point(
      growth: growth, moment: moment, value: (1 - share) * growth.value + share * moment.value)
  }

  func derivatives(
    at point: Point
  ) throws(AllocationError) -> (gradient: [Double], hessian: SymmetricMatrix) {
    let plain = try growth.derivatives(at: point.growth)
    guard share > 0, let moment = point.moment else { return plain }
    let tail = try derivatives(of: moment, at: point.growth)
    let order = plain.gradient.count
    var elements = [Double](repeating: 0, count: order * order)
    for j in 0..<order {
      for i in j..<order {
        elements[i + j * order] = (1 - share) * plain.hessian[i, j] + share * tail.hessian[i, j]
      }
    }
    return (
      zip(plain.gradient, tail.gradient).map { (1 - share) * $0 + share * $1 },
      SymmetricMatrix(lowerTriangleOf: elements, order: order)
    )
  }

  private func derivatives(
    of moment: DrawdownMoment,
    at point: LogGrowth.Point
  ) throws(AllocationError) -> (gradient: [Double], hessian: SymmetricMatrix) {
    let (count, q) = (point.left.count, moment.tilted)
    var gradient: [Double] = []
    var scaled: [Double] = []
    scaled.reserveCapacity(2 * count * point.weights.count)
    for j in point.weights.indices {
      let ratios = (0..<count).map {
        q[$0] > 0 ? growth.scenarios.outcomes[$0, j] / point.left[$0] : 0
      }
      let mean = zip(q, ratios).reduce(0) { $0 + $1.0 * $1.1 }
      gradient.append(-mean)
      for s in 0..<count { scaled.append(q[s].squareRoot() * ratios[s]) }
      for s in 0..<count { scaled.append((exponent * q[s]).squareRoot() * (ratios[s] - mean)) }
    }
    return (gradient, try Translation.gram(scaled, rowCount: 2 * count, point.weights.count))
  }

  /// Small bets decide here: what a unit leaves is rounded, and its logarithm is not again.
  func rounding(at point: Point) -> Double { 1e-15 }
}
