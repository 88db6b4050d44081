// Goals in order: termination, accuracy up to the conditioning of the problem, speed.
//
// In u = ln x both ln P and ln Q are concave and monotone, so that Newton's method on the logarithm
// of the smaller tail converges from everywhere: from one side at once, from the other after one
// step. A bracket guards against rounding.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SpecialFunctions {
  /// Returns the argument at which the lower regularized incomplete gamma function has a value.
  ///
  /// ```text
  /// x with P(a, x) = p
  /// ```
  ///
  /// Relative error: the larger of 1e-13 and what a relative change of p by 1e-15 causes, for a in
  /// 1e-3 ... 1e6 and p from 1e-300. Method: Newton on ln P or ln Q over ln x, inside a bracket.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - probability: The value p, in 0 ... 1.
  /// - Returns: The argument; 0 when it underflows, infinity for 1; NaN outside the domain.
  public static func inverseRegularizedGammaP(_ a: Double, _ probability: Double) -> Double {
    InverseIncompleteGamma.checkedArgument(a, lower: probability, upper: 1 - probability)
  }

  /// Returns the argument at which the upper regularized incomplete gamma function has a value.
  ///
  /// ```text
  /// x with Q(a, x) = q
  /// ```
  ///
  /// Relative error: that of `inverseRegularizedGammaP`, with q in the place of p.
  ///
  /// - Parameters:
  ///   - a: The shape. Must be positive and finite.
  ///   - probability: The value q, in 0 ... 1.
  /// - Returns: The argument; infinity for 0; NaN outside the domain.
  public static func inverseRegularizedGammaQ(_ a: Double, _ probability: Double) -> Double {
    InverseIncompleteGamma.checkedArgument(a, lower: 1 - probability, upper: probability)
  }
}

private enum InverseIncompleteGamma {
  /// Newton needs about ten steps from the worst guess; the bracket halves after that.
  static let maximumSteps = 200
  /// A Newton step of this size, over the fourth root of a, leaves an error below rounding.
  static let lastStep = 1e-8
  /// Below this x the leading term of P is P to full accuracy.
  static let leadingTermLimit = -42.0
  /// Below this logarithm a number underflows to 0.
  static let underflowLimit = -746.0
  /// Room for rounding in the lower end of the bracket.
  static let boundMargin = 1e-12
  /// One step changes ln x by at most this much.
  static let longestStep = 5.0
  /// From here on every argument rounds to a.
  ///
  /// The law has the relative width a^(-1/2), and no probability lies further than 38.5 widths from
  /// the mean. The logarithms of the search would overflow.
  static let stepStart = 1e36

  static func checkedArgument(_ a: Double, lower p: Double, upper q: Double) -> Double {
    guard a > 0, a < .infinity, p >= 0, q >= 0 else { return .nan }
    if p == 0 { return 0 }
    if q == 0 { return .infinity }
    if a >= stepStart { return a }
    return argument(a, p, q)
  }

  static func argument(_ a: Double, _ p: Double, _ q: Double) -> Double {
    // P(a, x) <= x^a/Γ(a + 1) gives a lower bound of ln x, sharp for small x.
    let logP = p <= q ? ExtendedLogarithm.log(DoubleDouble(p)) : DoubleDouble(log1p(-q))
    let scaledBound = logP + DoubleDouble(GammaFunction.logarithmOnePlus(a))
    // Also when the quotient would overflow.
    if scaledBound.high < underflowLimit * a { return 0 }
    let bound = scaledBound / a
    let lowestX = ExtendedExponential.product(DoubleDouble(1), bound)
    if bound.high < leadingTermLimit { return lowestX }

    let isLower = p <= q
    let target = isLower ? p : q
    let logTarget = log(target)
    let precise = lastStep / (1 + a).squareRoot().squareRoot()
    var lowest = lowestX * (1 - boundMargin)
    var highest = Double.greatestFiniteMagnitude
    var x = min(max(lowestX, guess(a, target, logTarget, isLower: isLower)), highest / 4)
    for _ in 0..<maximumSteps {
      let tails = IncompleteGamma.tails(a, x)
      let value = isLower ? tails.lower : tails.upper
      let ratio = value / target
      let excess =
        ratio > 0.5 && ratio < 2 ? log1p((value - target) / target) : log(value) - logTarget
      let isLeft = isLower ? excess < 0 : excess > 0
      if isLeft { lowest = max(lowest, x) } else { highest = min(highest, x) }
      if excess == 0 { return x }
      var step = (isLower ? -excess : excess) * value / tails.density
      if !step.isFinite { step = isLeft ? longestStep : -longestStep }
      step = max(-longestStep, min(longestStep, step))
      var next = x + x * expm1(step)
      if step.magnitude < precise || excess.magnitude < Double.ulpOfOne { return next }
      if !(next > lowest && next < highest) {
        next = lowest.squareRoot() * highest.squareRoot()
        if !(next > lowest && next < highest) { return x }
      }
      x = next
    }
    return x
  }

  /// Wilson and Hilferty's cube, or for small shapes the leading behavior of the upper tail.
  static func guess(
    _ a: Double, _ target: Double, _ logTarget: Double, isLower: Bool
  ) -> Double {
    if !isLower, a < 10 {
      let y = max(1, -logTarget - GammaFunction.logarithm(a))
      return max(0.1, y + (a - 1) * log(y))
    }
    let z = isLower ? StandardNormal.quantile(target) : StandardNormal.survivalQuantile(target)
    let variance = 1 / (9 * a)
    let root = 1 - variance + z * variance.squareRoot()
    return root > 0 ? a * root * root * root : 0
  }
}
