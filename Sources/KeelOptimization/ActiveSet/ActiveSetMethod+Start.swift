// Goals: (1) the right set but for a few members, at the cost of some columns of P; (2) a budget
// that can be met with the bounds. Nothing else depends on the guess.
//
// P is replaced by its Nyström approximation of rank one on a sample of variables, ββ' with
// β = P e / √(e'P e), plus what is left of its diagonal: a market with one factor. Its portfolio
// depends on two numbers only, the dual value of the budget and the exposure β'x (for the minimum
// variance long only these are the threshold betas of Clarke, de Silva and Thorley, Journal of
// Portfolio Management 37, 2011). Both maximize a concave, piecewise quadratic dual
// objective, by Newton's method. Bounds may have bends between them, where the slope of the objective
// rises: every variable still has its own minimum for the two numbers.

extension ActiveSetMethod {
  /// The number of columns in the sample.
  private static let sampleCount = 16

  /// The least specific variance, relative to the variance: the approximation leaves none for the
  /// sample itself.
  private static let leastSpecificShare = 0.1

  /// Newton steps on the two numbers.
  static let oneFactorSteps = 20

  /// Halvings of a Newton step, the part of its slope that must be gained, and the distance from the
  /// budget that is good enough for a guess.
  static let halvings = 8
  static let sufficientPart = 0.01
  static let enough = 1e-4

  /// The least curvature of the budget relative to that of a market without bounds.
  static let ridgeShare = 1e-3

  /// Chooses the sets that a market with one factor would have.
  mutating func startFromOneFactor() {
    for k in rowSide.indices {
      rowSide[k] = 0
      rowDuals[k] = 0
    }
    let bounds = BoundedLines(
      lower: program.lower, upper: program.upper, slopes: program.linear)
    guard placeByOneFactor(bounds) != nil else {
      for i in side.indices { side[i] = 0 }
      return
    }
    for i in side.indices {
      side[i] = x[i] <= program.lower[i] ? -1 : x[i] >= program.upper[i] ? 1 : 0
      if !x[i].isFinite {
        x[i] = 0
        side[i] = 0
      }
    }
  }

  /// Puts the variables where a market with one factor would have them; uses `gradient`.
  ///
  /// - Parameter functions: What the objective has beside its quadratic term.
  /// - Returns: The budget, if there is one, and its dual value; nil where a variable has no curvature.
  mutating func placeByOneFactor(
    _ functions: borrowing some FunctionsOfVariables
  ) -> (budget: Int?, dual: Double)? {
    guard approximateByOneFactor() else { return nil }
    let budget = firstEquation
    let point = oneFactorPoint(budget: budget, functions)
    for i in x.indices {
      let pull = point.exposure * gradient[i] - point.dual * changes[i]
      x[i] = functions.least(i, pull: pull, curvature: scratch[i]).x
    }
    return (budget, point.dual)
  }

  /// The first equation of more than one variable: the budget.
  var firstEquation: Int? {
    rowSide.indices.first { k in
      program.rowLower[k] == program.rowUpper[k]
        && program.rowStarts[k + 1] - program.rowStarts[k] > 1
    }
  }

  /// Puts β into `gradient` and the specific variances into `scratch`.
  mutating func approximateByOneFactor() -> Bool {
    let n = x.count
    for i in 0..<n {
      guard deviations[i] > 0 else { return false }
      changes[i] = 0
      gradient[i] = 0
    }
    let step = max(1, n / Self.sampleCount)
    for i in stride(from: step / 2, to: n, by: step) { changes[i] = 1 / deviations[i] }
    addProductOfChanges()
    var norm = 0.0
    for i in 0..<n { norm += gradient[i] * changes[i] }
    guard norm > 0, norm < .infinity else { return false }
    let scale = 1 / norm.squareRoot()
    for i in 0..<n {
      gradient[i] *= scale
      let variance = program.curvature[i]
      scratch[i] = max(
        variance - gradient[i] * gradient[i], Self.leastSpecificShare * variance)
    }
    return true
  }

  /// The dual value of the budget and the exposure to the factor.
  private struct OneFactorPoint {
    var dual = 0.0
    var exposure = 0.0
  }

  /// What one pass over the variables gives for two numbers: the dual objective, its derivatives
  /// and second derivatives.
  private struct OneFactorSums {
    var objective = 0.0
    var a = 0.0
    var b = 0.0
    var aa = 0.0
    var ab = 0.0
    var bb = 0.0
  }

  private func sums(
    _ point: OneFactorPoint,
    _ functions: borrowing some FunctionsOfVariables
  ) -> OneFactorSums {
    let (changes, gradient, scratch) = (changes, gradient, scratch)
    var sums = OneFactorSums()
    for i in changes.indices {
      let a = changes[i]
      let b = gradient[i]
      let least = functions.least(
        i, pull: point.exposure * b - point.dual * a, curvature: scratch[i])
      sums.objective += least.value
      sums.a += a * least.x
      sums.b += b * least.x
      if least.isHeld { continue }
      let inverse = 1 / scratch[i]
      sums.aa += a * a * inverse
      sums.ab += a * b * inverse
      sums.bb += b * b * inverse
    }
    return sums
  }

  /// Maximizes the dual objective of the one-factor market by Newton's method with backtracking;
  /// `changes` becomes the budget's row.
  ///
  /// ```text
  /// θ(ν, f) = ν budget − f²/2 + Σ min over x of D x²/2 + q(x) + (f β − ν a) x,   q linear between bounds and bends
  /// ```
  private mutating func oneFactorPoint(
    budget: Int?,
    _ functions: borrowing some FunctionsOfVariables
  ) -> OneFactorPoint {
    for i in changes.indices { changes[i] = 0 }
    var ridge = 0.0
    if let budget {
      for e in program.rowStarts[budget]..<program.rowStarts[budget + 1] {
        let i = program.rowIndices[e]
        let a = program.rowCoefficients[e]
        changes[i] = a
        ridge += a * a / scratch[i]
      }
    }
    let target = budget.map { program.rowLower[$0] } ?? 0
    func objective(_ point: OneFactorPoint, _ sums: OneFactorSums) -> Double {
      point.dual * target - 0.5 * point.exposure * point.exposure + sums.objective
    }
    var point = OneFactorPoint()
    var present = sums(point, functions)
    var value = objective(point, present)
    for _ in 0..<Self.oneFactorSteps {
      let first = target - present.a
      let second = present.b - point.exposure
      // Where no variable is off its bounds the budget has no curvature of its own.
      let aa = present.aa + Self.ridgeShare * ridge
      let bb = 1 + present.bb
      let determinant = aa * bb - present.ab * present.ab
      var step = OneFactorPoint(dual: 0, exposure: second / bb)
      if budget != nil, determinant > 0 {
        step.dual = (first * bb + present.ab * second) / determinant
        step.exposure = (aa * second + present.ab * first) / determinant
      }
      let slope = first * step.dual + second * step.exposure
      guard slope > 0, slope.isFinite else { break }
      var length = 1.0
      var isAccepted = false
      for _ in 0..<Self.halvings {
        let next = OneFactorPoint(
          dual: point.dual + length * step.dual,
          exposure: point.exposure + length * step.exposure)
        let nextSums = sums(next, functions)
        let nextValue = objective(next, nextSums)
        if nextValue >= value + Self.sufficientPart * length * slope {
          (point, present, value) = (next, nextSums, nextValue)
          isAccepted = true
          break
        }
        length /= 2
      }
      guard isAccepted else { break }
      if first.magnitude <= Self.enough * target.magnitude, length == 1, slope <= Self.enough {
        break
      }
    }
    return point
  }
}

/// Functions of single variables, each linear between its bounds and bends.
protocol FunctionsOfVariables {
  /// The minimum of `curvature x²/2 + pull x` and the function of variable i.
  ///
  /// - Returns: Where it is, its value up to a constant, and whether a bound or bend holds it.
  func least(
    _ i: Int,
    pull: Double,
    curvature: Double
  ) -> (x: Double, value: Double, isHeld: Bool)
}

/// Lines between bounds.
private struct BoundedLines: FunctionsOfVariables {
  let lower: [Double]
  let upper: [Double]
  let slopes: [Double]

  func least(
    _ i: Int,
    pull: Double,
    curvature: Double
  ) -> (x: Double, value: Double, isHeld: Bool) {
    let slope = slopes[i] + pull
    let wanted = -slope / curvature
    let x = min(max(wanted, lower[i]), upper[i])
    return (x, x * (0.5 * curvature * x + slope), x != wanted)
  }
}
