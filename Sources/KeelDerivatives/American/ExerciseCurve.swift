import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// One boundary of the exercise region of a put on one unit of strike.
//
// Goals in order: accuracy, convergence over the whole domain, speed.
//
// Method: L. Andersen, M. Lake, D. Offengenden, "High-performance American option pricing", Journal of
// Computational Finance 20 (2016), with other nodes and points. The boundary X exp(±√h(τ)) is known by h at
// Chebyshev nodes, and its slope (or its value) meets that of the payoff there:
//
//   B = N/D,   N = e^(−rτ) φ(d₋)/(σ√τ) + r ∫ e^(−rs) φ(d₋(s))/(σ√s) ds
//              D = e^(−qτ) (φ(d₊)/(σ√τ) + Φ(d₊)) + q ∫ e^(−qs) (φ(d₊(s))/(σ√s) + Φ(d₊(s))) ds
//   (value)    N = e^(−rτ) Φ(d₋) + r ∫ e^(−rs) Φ(d₋(s)) ds,   D = e^(−qτ) Φ(d₊) + q ∫ e^(−qs) Φ(d₊(s)) ds
//
// with s the time since the node and d± that of B(τ) over B(τ − s). The paper's variable is √τ, in which h
// has a term like x² ln x, and the root of s, in which the boundary has a root at the other end. Here it is
// x = τ^(1/4), and an angle with √s = √τ sin θ, √(τ − s) = √τ cos θ: both ends are smooth. Where q > r > 0
// the boundary leaves X = r/q like the root of time and turns to the form above further on;
// h = y (y + 2 ln X), y = ln(B/X), has both forms.
//
// With r < 0 and q < r a put is exercised between two boundaries. Each of them solves its equation alone (the
// payoff continued beyond the other one has the same equation on its own side): L. Andersen, M. Lake,
// "Fast American option pricing: the double-boundary case", Wilmott (2021). Below the lower one, Φ(d) is
// −Φ(−d) and the terms outside the integrals vanish.

/// A put on one unit of strike, by what its boundary depends on.
struct ExerciseProblem: Sendable, Hashable {
  let rate: Double
  let yield: Double
  let volatility: Double

  /// The boundaries at no time: where the put pays and waiting costs more than it earns.
  enum Region: Hashable {
    case never
    case below(Double)
    case between(Double, Double)
  }

  var region: Region {
    if rate > 0 { return .below(yield > rate ? rate / yield : 1) }
    if rate == 0 { return yield < 0 ? .below(1) : .never }
    return yield < rate ? .between(rate / yield, 1) : .never
  }

  /// ln of the ratio of a boundary at no time to that of a put without expiry; infinite where that has none.
  func logPerpetual(_ limit: Double) -> Double {
    guard rate > 0 else { return .infinity }
    let variance = volatility * volatility
    let drift = rate - yield - variance / 2
    let root = (drift * drift + 2 * rate * variance).squareRoot()
    let power = drift > 0 ? -(drift + root) / variance : -2 * rate / (root - drift)
    return max(log(limit) + log1p(-1 / power), .leastNormalMagnitude)
  }
}

/// When an iteration of a boundary ends.
struct ExerciseLimits {
  /// How far a step goes, as a part of what the condition says.
  let relaxation: Double

  /// The largest last change of ln(B/X) as a part of it.
  let tolerance: Double

  /// The largest one itself.
  let rounding: Double

  /// How much of the step before may be taken back.
  let largestShare: Double

  let maximumIterations: Int
}

struct ExerciseCurve: Sendable, Hashable {
  let problem: ExerciseProblem

  /// The longest time to expiry that it covers.
  let time: Double

  /// −1 for the boundary above which the holder waits, 1 for the one below which.
  let sign: Double

  /// The boundary at no time.
  let limit: Double

  /// What power of x is taken out of h, as far as h is a polynomial beyond it.
  let power: Int

  /// L in h = y (y ± 2 L).
  let shift: Double

  let logLimit: Double

  /// ln(B/X) at the nodes.
  private(set) var values: [Double]

  /// The coefficients of the sum, one more than nodes and a zero.
  private(set) var coefficients: [Double] = []

  /// The rule of the nodes.
  let rule: ExerciseRule

  private(set) var iterationCount = 0

  /// The last change of ln(B/X), as a part of it; NaN when the iteration diverged.
  private(set) var change = Double.infinity

  private(set) var isConverged = false

  init(
    _ problem: ExerciseProblem,
    time: Double,
    sign: Double,
    limit: Double,
    precision: AmericanPrecision,
    level: Kernels.Level
  ) {
    self.problem = problem
    self.time = time
    self.sign = sign
    self.limit = limit
    power = sign > 0 ? 2 : 0
    logLimit = log(limit)
    shift = sign < 0 ? max(0, -logLimit) : 0
    values = []
    let stages = ExerciseRule.stages(precision, startsAtStrike: limit == 1)
    rule = stages[stages.count - 1]
    // The slope's condition contracts faster, but not against a strong drift away from the boundary.
    let drift = (problem.rate - problem.yield) * time.squareRoot() / problem.volatility
    var isSmooth = drift < Self.strongDrift
    var scratch = [Double](repeating: 0, count: rule.scratchCount)
    for _ in 0..<2 where !isConverged {
      values = start(stages[0])
      isConverged = iterate(stages[0], isSmooth: isSmooth, &scratch, level)
      for k in stages.indices.dropFirst() where isConverged {
        values = refined(from: stages[k - 1], to: stages[k])
        isConverged = iterate(stages[k], isSmooth: isSmooth, &scratch, level)
      }
      isSmooth.toggle()
    }
  }

  /// ln(B/X) at a time to expiry that it covers.
  func logRatio(timeToExpiry: Double) -> Double {
    let part = (min(timeToExpiry, time) / time).squareRoot()
    return logRatio(at: part.squareRoot())
  }

  private static let strongDrift = 0.6
  private static let valueRelaxation = 1.3
  private static let largestShare = 0.5
  private static let maximumIterations = 200

  /// The logarithms of the conditions carry some roundings of one, however small ln(B/X) is.
  private static let roundings = 16.0

  // J. D. Evans, R. Kuske, J. B. Keller, "American options on assets with dividends near expiry",
  // Mathematical Finance 12 (2002).
  /// α√2 of the boundary next to expiry where q > r: ln(B/X) = −α σ √(2τ).
  private static let nearExpiry = 0.6388

  /// Next to expiry the asymptotic forms of the same paper, far from it the put without expiry.
  private func start(_ rule: ExerciseRule) -> [Double] {
    let (r, q, sigma) = (problem.rate, problem.yield, problem.volatility)
    let far = problem.logPerpetual(limit)
    var nodes = [Double](repeating: 0, count: rule.paddedNodeCount)
    for i in nodes.indices {
      guard i < rule.nodeCount else {
        nodes[i] = nodes[i - rule.nodeCount]
        continue
      }
      let square = rule.position(i) * rule.position(i)
      let deviation = sigma * time.squareRoot() * square
      var near = Self.nearExpiry * deviation
      if sign < 0 && limit == 1 {
        let tau = time * square * square
        let drift = (r - q).magnitude
        let scale = min(
          drift > 0 ? sigma / ((8 * Double.pi * tau).squareRoot() * drift) : .infinity,
          1 / (4 * Double.pi.squareRoot() * max(r.magnitude, q.magnitude) * tau))
        near = deviation * (Self.nearExpiry * Self.nearExpiry + 2 * log1p(scale)).squareRoot()
      }
      nodes[i] = sign * (far < .infinity ? -far * expm1(-near / far) : near)
    }
    return nodes
  }

  /// Solves the conditions at the nodes of a rule; whether the last change is within its tolerance.
  private mutating func iterate(
    _ rule: ExerciseRule,
    isSmooth: Bool,
    _ scratch: inout [Double],
    _ level: Kernels.Level
  ) -> Bool {
    let limits = ExerciseLimits(
      relaxation: isSmooth ? 1 : Self.valueRelaxation, tolerance: rule.tolerance,
      rounding: Self.roundings * Double.ulpOfOne * (1 + logLimit.magnitude),
      largestShare: Self.largestShare, maximumIterations: Self.maximumIterations)
    coefficients = [Double](repeating: 0, count: rule.coefficientCount)
    let steps = OptionKernels.exerciseBoundary(
      self, rule, isSmooth: isSmooth, limits: limits, &values, &coefficients, &change,
      &scratch, level: level)
    iterationCount += abs(steps)
    return steps > 0
  }

  /// The values at the nodes of a finer rule; next to expiry, where the coarse one has no node, like the root of
  /// time.
  private func refined(from coarse: ExerciseRule, to fine: ExerciseRule) -> [Double] {
    let last = coarse.nodeCount - 1
    return (0..<fine.paddedNodeCount).map { i in
      let x = fine.position(i)
      if x > coarse.position(last) { return logRatio(at: x) }
      let ratio = x / coarse.position(last)
      return values[last] * ratio * ratio
    }
  }

  private func logRatio(at x: Double) -> Double {
    var h = chebyshev(2 * x - 1)
    for _ in 0..<power { h *= x }
    guard h > 0, x > 0 else { return 0 }
    return sign * h / (shift + (h + shift * shift).squareRoot())
  }

  /// The sum, not negative, by Clenshaw's recurrence.
  private func chebyshev(_ z: Double) -> Double {
    var (first, second) = (0.0, 0.0)
    for k in stride(from: coefficients.count - 1, to: 0, by: -1) {
      (first, second) = (coefficients[k] + 2 * z * first - second, first)
    }
    return max(0, coefficients[0] + z * first - second)
  }
}
