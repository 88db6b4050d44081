// Goals in order: termination, accuracy up to the conditioning of the problem, speed.
//
// In u = ln(x/(1 - x)) the logarithm of I is concave and increasing, so that Newton's method on the
// logarithm of the smaller tail converges from everywhere: from the left at once, from the right
// after one step. A bracket guards against rounding. The iteration keeps the smaller of x and 1 -
// x, so that arguments next to 1 lose nothing.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SpecialFunctions {
  /// Returns the argument at which the regularized incomplete beta function has a value.
  ///
  /// ```text
  /// x with I_x(a, b) = p
  /// ```
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of p by 1e-15 causes, for a and
  /// b in 1e-3 ... 1e6 and p from 1e-300. Method: Newton on the logarithm of the smaller tail over
  /// ln(x/(1 − x)), inside a bracket.
  ///
  /// - Parameters:
  ///   - probability: The value p, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: The argument in 0 ... 1, 0 when it underflows; NaN outside the domain.
  public static func inverseRegularizedBeta(
    _ probability: Double, a: Double, b: Double
  ) -> Double {
    InverseIncompleteBeta.checkedArgument(a, b, lower: probability, upper: 1 - probability)
  }

  /// Returns the argument at which the complement of the incomplete beta function has a value.
  ///
  /// ```text
  /// x with 1 − I_x(a, b) = q
  /// ```
  ///
  /// Relative error: that of `inverseRegularizedBeta`, with q in the place of p.
  ///
  /// - Parameters:
  ///   - probability: The value q, in 0 ... 1.
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: The argument in 0 ... 1, 0 when it underflows; NaN outside the domain.
  public static func inverseRegularizedBetaComplement(
    _ probability: Double, a: Double, b: Double
  ) -> Double {
    InverseIncompleteBeta.checkedArgument(a, b, lower: 1 - probability, upper: probability)
  }
}

private enum InverseIncompleteBeta {
  /// Newton needs about a dozen steps from the worst guess; the bracket halves after that.
  static let maximumSteps = 200
  /// A Newton step of this size, over the fourth root of the parameters, leaves an error below
  /// rounding.
  static let lastStep = 1e-8
  /// Below this logarithm of (1 + a + b) x the leading term of I is I to full accuracy.
  static let leadingTermLimit = -42.0
  /// Room for rounding in the lower end of the bracket.
  static let boundMargin = 1e-12
  /// Beyond this |u| the smaller of x and 1 − x underflows.
  static let largestLogit = 746.0

  static func checkedArgument(_ a: Double, _ b: Double, lower p: Double, upper q: Double) -> Double
  {
    guard a > 0, a < .infinity, b > 0, b < .infinity, p >= 0, q >= 0 else { return .nan }
    if p == 0 { return 0 }
    if q == 0 { return 1 }
    if p <= q { return argument(p, a, b).x.high }
    return argument(q, b, a).y.high
  }

  /// The argument with I = target, target at most about ½.
  static func argument(_ target: Double, _ a: Double, _ b: Double) -> IncompleteBeta.Argument {
    // I <= (x/(1 − x))^a / (a B) gives a lower bound of u, sharp for small x.
    let logTarget = ExtendedLogarithm.log(DoubleDouble(target))
    let scaledBound = logTarget + DoubleDouble(IncompleteBeta.logScaledBeta(a, b))
    // Also when the quotient would overflow.
    if scaledBound.high < -largestLogit * a { return .init(x: 0) }
    let bound = scaledBound / a
    if bound.high + log(1 + a + b) < leadingTermLimit {
      return .init(x: ExtendedExponential.product(DoubleDouble(1), bound))
    }
    var lowest = max(-largestLogit, bound.high - boundMargin * bound.high.magnitude)
    var highest = largestLogit
    var logit = min(max(lowest, guess(target, a, b)), highest)
    var point = argument(logit: logit)
    let precise = lastStep / (1 + min(a, b)).squareRoot().squareRoot()
    for _ in 0..<maximumSteps {
      let tails = IncompleteBeta.tails(point, a, b)
      let ratio = tails.lower / target
      let excess =
        ratio > 0.5 && ratio < 2
        ? log1p((tails.lower - target) / target) : log(tails.lower) - logTarget.high
      if excess == 0 { return point }
      if excess < 0 { lowest = max(lowest, logit) } else { highest = min(highest, logit) }
      let step = -excess * tails.lower / tails.density
      let next = logit + step
      if step.magnitude < precise || (excess.magnitude < Double.ulpOfOne && step.magnitude < 1) {
        return moved(point, by: step)
      }
      if next > lowest, next < highest {
        point = moved(point, by: step)
        logit = next
      } else {
        let middle = lowest + (highest - lowest) / 2
        guard middle > lowest, middle < highest else { return point }
        logit = middle
        point = argument(logit: middle)
      }
    }
    return point
  }

  /// A first value of u: the normal law with the spread of the beta law's logit.
  static func guess(_ target: Double, _ a: Double, _ b: Double) -> Double {
    guard min(a, b) >= 1 else { return -.infinity }
    return log(a / b) + StandardNormal.quantile(target) * (1 / a + 1 / b).squareRoot()
  }

  /// The point 1/(1 + exp(−u)).
  static func argument(logit: Double) -> IncompleteBeta.Argument {
    let small = exp(-logit.magnitude)
    let share = small / (1 + small)
    return logit < 0 ? .init(x: share) : .init(y: share)
  }

  /// The point whose logit is larger by a step.
  static func moved(
    _ point: IncompleteBeta.Argument, by step: Double
  ) -> IncompleteBeta.Argument {
    let (x, y) = (point.x.high, point.y.high)
    if step >= 0 {
      let factor = exp(-step)
      let sum = x + y * factor
      return x <= y * factor ? .init(x: x / sum) : .init(y: y * factor / sum)
    }
    let factor = exp(step)
    let sum = x * factor + y
    return x * factor <= y ? .init(x: x * factor / sum) : .init(y: y / sum)
  }
}
