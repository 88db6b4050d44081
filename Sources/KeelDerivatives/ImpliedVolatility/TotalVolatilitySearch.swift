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
// the wing ln p ~ −x²/(2s²), for large s ln(1−p) ~ −s²/8. Halley's method on it stays inside a
// bracket that shrinks with every evaluation; a step that leaves the bracket, or comes late, is
// replaced by the bracket's geometric mean. Working on the logarithm of the price follows P.
// Jäckel, "Let's Be Rational", Wilmott (2015).

struct TotalVolatilitySearch {
  /// The logarithm of moneyness on the out-of-the-money side, `x ≤ 0`.
  let x: DoubleDouble

  private let timeValue: Double
  private let lesser: Double

  /// `ln p` or `ln(1 − p)` that is wanted.
  private let goal: Double
  private let logTarget: Double
  private let complement: Double
  private let usesComplement: Bool

  /// Creates a search for `0 < timeValue < lesser`; `missing` is `lesser − timeValue`.
  init(timeValue: Double, missing: Double, lesser: Double, logMoneyness: DoubleDouble) {
    x = logMoneyness
    self.timeValue = timeValue
    self.lesser = lesser
    usesComplement = timeValue > lesser / 2
    complement = missing / lesser
    logTarget = log(timeValue) - log(lesser)
    goal = usesComplement ? log(complement) : logTarget
  }

  func solve() throws(DerivativesError) -> (volatility: Double, iterations: Int) {
    // p(s) ≤ s/√(2π), its value at the money; and d₁ = 9 leaves less than an ulp to the maximum.
    var lower = exp(logTarget) * Self.rootTwoPi * (1 - Self.bracketMargin)
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
      if evaluation.distance == 0 { return (s, iteration) }
      // The distance is positive where s is too small.
      if evaluation.distance > 0 { lower = max(lower, s) } else { upper = min(upper, s) }
      let step = evaluation.step
      let next = s + s * expm1(step)
      if step.magnitude < Self.lastStep { return (next, iteration) }
      let isLate = iteration > Self.patience && iteration % 2 == 0
      s =
        next > lower && next < upper && !isLate
        ? next : lower.squareRoot() * upper.squareRoot()
    }
    throw .iterationLimit(iterations: Self.maximumIterations, volatility: s)
  }

  /// A start inside the basin: the wing's leading term, or the one of large volatilities.
  private var guess: Double {
    let inflection = (-2 * x.high).squareRoot()
    if usesComplement { return max(inflection, (-8 * goal).squareRoot()) }
    let wing = min(inflection, -x.high / (-2 * goal).squareRoot())
    return max(wing, exp(logTarget) * Self.rootTwoPi)
  }

  /// The distance to the goal in the objective, and Halley's step in `ln s`.
  private func evaluate(_ s: Double) -> (distance: Double, step: Double) {
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
    // With g = ln p: f = ln(−g) − ln(−goal), f′ = g′/g, f″ = g″/g − f′², g″ = g′ (1 + d₁d₂ − g′).
    let distance = log1p(error / goal)
    let first = slope / value
    let second =
      first * (1 + core.d1.high * core.d2.high - slope) - first * first
    let newton = -distance / first
    // Far from the goal, or where the second derivative cancels, the correction is kept bounded.
    let correction = newton * second / (2 * first)
    let bound = Self.largestCorrection
    let step =
      correction.isFinite ? newton / (1 + min(max(correction, -bound), bound)) : newton
    return (usesComplement ? -distance : distance, step)
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

  /// Halley's error after a step of this size is its cube, far below an ulp.
  private static let lastStep = 1e-6

  /// Halley's step stays within half and twice Newton's, so that a small one means a small
  /// distance.
  private static let largestCorrection = 0.5

  /// After this many evaluations every second step halves the bracket.
  private static let patience = 12
  private static let maximumIterations = 160
}
