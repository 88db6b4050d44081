import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The total volatility of an out-of-the-money price.
//
// Goals in order: never fail on a price that has an answer, full accuracy, few evaluations.
//
// Method: with p(s) the price in units of the lesser of forward and strike, the objective is
// ln(−ln p) for p ≤ ½ and ln(−ln(1−p)) above, as a function of ln s. Both are nearly straight: in
// the wing ln p ~ −x²/(2s²), for large s ln(1−p) ~ −s²/8. Householder's method of fourth order on it
// stays inside a bracket that shrinks with every evaluation; a step that leaves the bracket, or
// comes late, is replaced by the bracket's geometric mean. Next to the money the start is that of C.
// J. Corrado, T. W. Miller, "A note on a simple, accurate formula to compute implied standard
// deviations", Journal of Banking & Finance 20 (1996). Working on the logarithm of the price and the
// order of the steps follow P. Jäckel, "Let's Be Rational", Wilmott (2015). The search serves the
// options that the kernel leaves.

struct TotalVolatilitySearch {
  /// The logarithm of moneyness on the out-of-the-money side, `x ≤ 0`.
  let x: DoubleDouble

  private let timeValue: Double
  private let lesser: Double

  /// `ln p` or `ln(1 − p)` that is wanted.
  private let goal: Double

  /// The time value over the lesser leg.
  private let share: Double
  private let complement: Double
  private let usesComplement: Bool

  /// Creates a search for `0 < timeValue < lesser`; `missing` is `lesser − timeValue`.
  init(timeValue: Double, missing: Double, lesser: Double, logMoneyness: DoubleDouble) {
    x = logMoneyness
    self.timeValue = timeValue
    self.lesser = lesser
    usesComplement = timeValue > lesser / 2
    complement = missing / lesser
    let ratio = timeValue / lesser
    let logTarget = ratio.isNormal ? log(ratio) : log(timeValue) - log(lesser)
    share = ratio.isNormal ? ratio : exp(logTarget)
    goal = usesComplement ? log(complement) : logTarget
  }

  /// The volatility, and how much the wanted share changes with its logarithm.
  struct Answer {
    /// The last step is carried in the second part.
    let volatility: DoubleDouble
    /// The derivative of the time value with respect to the logarithm of the volatility.
    let sensitivity: Double
    let iterations: Int
  }

  func solve() throws(DerivativesError) -> Answer {
    // p(s) ≤ s/√(2π), its value at the money; and d₁ = 9 leaves less than an ulp to the maximum.
    var lower = share * Self.rootTwoPi * (1 - Self.bracketMargin)
    var upper = Self.saturation + (Self.saturation * Self.saturation - 2 * x.high).squareRoot()
    if lower < Self.leastVolatility {
      lower = Self.leastVolatility
      guard evaluate(lower).distance > 0 else {
        throw .noInformation(price: timeValue, timeValue: timeValue)
      }
    }
    var s = min(max(guess, lower), upper)
    for iteration in 1...Self.maximumIterations {
      let evaluation = evaluate(s)
      if evaluation.distance == 0 { return answer(DoubleDouble(s), evaluation, iteration) }
      // The distance is positive where s is too small.
      if evaluation.distance > 0 { lower = max(lower, s) } else { upper = min(upper, s) }
      let step = evaluation.step
      let moved = DoubleDouble.sum(s, s * expm1(step))
      if step.magnitude < Self.lastStep { return answer(moved, evaluation, iteration) }
      let next = moved.high
      let isLate = iteration > Self.patience && iteration % 2 == 0
      s =
        next > lower && next < upper && !isLate
        ? next : lower.squareRoot() * upper.squareRoot()
    }
    throw .iterationLimit(iterations: Self.maximumIterations, volatility: s)
  }

  /// The answer with what the last evaluation says of its surroundings.
  ///
  /// The derivative of the logarithm of the share changes by less than the last step.
  private func answer(
    _ s: DoubleDouble,
    _ evaluation: Evaluation,
    _ iterations: Int
  ) -> Answer {
    let wanted = usesComplement ? complement * lesser : timeValue
    return Answer(
      volatility: s, sensitivity: wanted * evaluation.slope.magnitude, iterations: iterations)
  }

  /// A start inside the basin: next to the money from the quadratic of Corrado and Miller, else the
  /// leading terms of the wing and at the money together, or the one of large volatilities.
  private var guess: Double {
    let inflection = (-2 * x.high).squareRoot()
    if usesComplement { return max(inflection, (-8 * goal).squareRoot()) }
    let distance = -x.high
    if share > distance * Self.nearTheMoney && distance < 1 {
      // In units of the root of forward times strike.
      let half = exp(-distance / 2)
      let price = share * half + (1 / half - half) / 2
      let root = 2 * Double.pi * price * price - 2 * distance * distance
      return (Self.rootTwoPi * price + max(root, 0).squareRoot()) / 2
    }
    let wing = min(inflection, distance / (-2 * goal).squareRoot())
    let atTheMoney = share * Self.rootTwoPi
    return (wing * wing + atTheMoney * atTheMoney).squareRoot()
  }

  private struct Evaluation {
    /// The distance to the goal in the objective, positive where the volatility is too small.
    let distance: Double
    /// Householder's step in `ln s`.
    let step: Double
    /// The derivative of the logarithm of the share by `ln s`.
    let slope: Double
  }

  private func evaluate(_ s: Double) -> Evaluation {
    let core = BlackCore(logMoneyness: x, totalVolatility: DoubleDouble(s))
    let value: Double
    let slope: Double
    let error: Double
    if usesComplement {
      let left = core.complement
      value = log(left)
      slope = -s * core.density(times: 1, units: 1) / left
      error = logarithmicError(left, complement, value)
    } else {
      value = core.logPrice
      slope = s * core.densityOverPrice
      error = logarithmicError(core.price(units: lesser), timeValue, value)
    }
    let (distance, step) = householderStep(
      error: error, value: value, slope: slope, core.d1.high, core.d2.high)
    return Evaluation(
      distance: usesComplement ? -distance : distance, step: step, slope: slope)
  }

  /// The distance in the objective and the step in `ln s`, from the logarithm of the share, its
  /// excess over the goal and its derivative by `ln s`.
  private func householderStep(
    error: Double,
    value: Double,
    slope: Double,
    _ d1: Double,
    _ d2: Double
  ) -> (distance: Double, step: Double) {
    // With g = ln p: g″ = g′ (1 + d₁d₂ − g′), (d₁d₂)′ = −(d₁² + d₂²); f = ln(−g) − ln(−goal).
    let bend = 1 + d1 * d2 - slope
    let second = slope * bend
    let third = second * bend - slope * (d1 * d1 + d2 * d2 + second)
    let first = slope / value
    let f2 = second / value - first * first
    let f3 = third / value - first * (3 * second / value - 2 * first * first)
    let distance = log1p(error / goal)
    let newton = -distance / first
    let a = newton * f2 / first
    let b = newton * newton * f3 / first
    // Far from the goal, or where a derivative cancels, the factor is kept bounded.
    let factor = (1 + a / 2) / (1 + a + b / 6)
    let bounded = min(max(factor, Self.leastFactor), Self.largestFactor)
    return (distance, factor.isFinite ? newton * bounded : newton)
  }

  /// `ln(computed / wanted)`, from the difference of the two where they are close.
  private func logarithmicError(_ computed: Double, _ wanted: Double, _ logarithm: Double) -> Double
  {
    let ratio = (computed - wanted) / wanted
    return ratio.magnitude < 0.5 && wanted.isNormal ? log1p(ratio) : logarithm - goal
  }

  private static let rootTwoPi = 2.506_628_274_631_000_7

  /// `Φ(−9)` is 1e-19.
  private static let saturation = 9.0

  /// Room for rounding in the lower end of the bracket.
  private static let bracketMargin = 1e-9

  /// A price that fits this volatility fits zero as well: the search stays among normal numbers.
  private static let leastVolatility = 1e-306

  /// The error after a step of this size is below its fourth power, less than an ulp.
  private static let lastStep = 1e-4

  /// The step stays within half and twice Newton's, so that a small one means a small distance.
  private static let leastFactor = 0.5
  private static let largestFactor = 2.0

  /// The share of log-moneyness in the time value above which an option is next to the money.
  private static let nearTheMoney = 0.2

  /// After this many evaluations every second step halves the bracket.
  private static let patience = 12
  private static let maximumIterations = 160
}
