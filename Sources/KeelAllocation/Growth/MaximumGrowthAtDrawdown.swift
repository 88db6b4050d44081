public import KeelData
import KeelNumerics
public import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The portfolio that grows fastest over scenarios among those that seldom fall far (Kelly with a limit on drawdowns).
//
//   maximize  E ln r  subject to  E r^(−λ) ≤ 1,  r = 1 + x'w,  λ = ln(probability) / ln(floor)
//
// Goals in order: a proved limit and a proved bound of what is missed, no scenario that ruins, few least values.
//
// Over independent periods r^(−λ) of the wealth is a supermartingale, so that the wealth ever falls to the floor with at most
// the probability. The limit has a price: for a share t, −(1 − t) E ln r + t ψ with ψ = ln(E r^(−λ)) / λ is minimized by
// Newton's method of ConvexDescent, and ψ at the minimum falls as t rises. Where it is zero is found by the false position of
// Illinois. Each minimum bounds the growth of everything that is allowed:
//
//   E ln r(any v) ≤ E ln r(w) − ψ(w) t/(1 − t) + what the minimum misses / (1 − t).
//
// Reference: E. Busseti, E. K. Ryu and S. Boyd, "Risk-constrained Kelly gambling", Journal of Investing 25 (2016).

/// The portfolio of highest expected logarithmic growth whose wealth seldom ever falls to a floor.
///
/// ```text
/// maximize  E ln(1 + x'w)  subject to  P(wealth ever ≤ floor) ≤ probability  and the constraints
/// ```
///
/// The probability is bounded: `E (1 + x'w)^(−λ) ≤ 1` with `λ = ln(probability) / ln(floor)` suffices when periods are independent, of
/// the law of the scenarios, and the weights are kept. Growth is bought with drawdowns; half Kelly falls to one half with
/// a probability of about 1/8, and this asks for the probability instead of the fraction.
///
/// ```swift
/// let choice = MaximumGrowthAtDrawdown(floor: 0.7, probability: 0.1)
/// let best = try choice.weights(scenarios: scenarios)
/// ```
///
/// Cash is an asset of the scenarios, with the same outcome in each.
public struct MaximumGrowthAtDrawdown: Hashable, Sendable {
  /// The share of the wealth of today that it should not fall to.
  public var floor: Double

  /// The largest probability that it ever does.
  public var probability: Double

  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - floor: The share of the wealth of today that it should not fall to, between 0 and 1.
  ///   - probability: The largest probability that it ever does, between 0 and 1.
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    floor: Double,
    probability: Double,
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.floor = floor
    self.probability = probability
    self.constraints = constraints
    self.settings = settings
  }

  /// A portfolio with its growth and its drawdowns.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The expected logarithmic growth per period.
    public let growth: Double

    /// No allowed portfolio within the limit grows faster by more than this per period.
    public let largestImprovement: Double

    /// A bound of the probability that the wealth ever falls to the floor, at most the limit.
    public let drawdownProbability: Double

    /// What is left of each unit in the worst scenario.
    public let worstOutcome: Double
  }

  /// The name of the limit in errors.
  public static let limitName = "the probability of the drawdown"

  /// The exponents λ that are supported.
  public static let exponents = 1e-6...1e5

  private static let shares = Double.leastNonzeroMagnitude...Double(1).nextDown

  /// Minima at most; some ten are enough.
  private static let attempts = 80

  /// A gap in growth below this is rounding.
  private static let enough = 1e-13

  /// Chooses the weights.
  ///
  /// - Parameter scenarios: S scenarios of N assets for one period.
  /// - Returns: The weights with growth, drawdowns and what is missed at most.
  /// - Throws: ``AllocationError``: `infeasible` for constraints that clash or under which no portfolio keeps the limit or
  ///   survives every scenario; `invalidValue` also for an exponent λ outside ``exponents``; `notProved`.
  /// - Complexity: O(S N² + N³) a step, some ten steps for each of some ten minima.
  public func weights(scenarios: ScenarioSet) throws(AllocationError) -> Portfolio {
    if let found = try cut(
      over: scenarios.universe, weights: { [$0.weights] },
      { (choice) throws(AllocationError) in
        try choice.weights(scenarios: scenarios)
      })
    {
      return found.answer
    }
    let exponent = try exponent()
    let limits = try constraints.resolved(over: scenarios.universe).boundedByDistances()
    let (split, names, generated) = limits.split()
    let descent = ConvexDescent(constraints: split, furtherNames: names, settings: settings)
    do throws(AllocationError) {
      let start = try MaximumGrowth(constraints: constraints, settings: settings)
        .survivor(scenarios, descent, limits)
      return try portfolio(scenarios, descent, from: start, exponent: exponent)
    } catch {
      throw try limits.translated(error, generated, settings: settings)
    }
  }

  /// The portfolio at the share of growth and moment where the moment is its limit.
  private func portfolio(
    _ scenarios: ScenarioSet,
    _ descent: ConvexDescent,
    from start: [Double],
    exponent: Double
  ) throws(AllocationError) -> Portfolio {
    var objective = GrowthAtDrawdown(growth: LogGrowth(scenarios), exponent: exponent, share: 0)
    func minimum(share: Double, from start: [Double]) throws(AllocationError) -> Minimum {
      objective.share = share
      let found = try descent.minimize(objective, from: start)
      return Minimum(
        share: share, point: found.point, variables: found.variables, missed: found.missed)
    }
    var outside = try minimum(share: 0, from: start)
    if outside.moment <= 0 { return try portfolio(outside, outside.bound, scenarios) }
    var inside = try minimum(share: 1, from: outside.variables)
    guard inside.moment <= 0 else {
      guard inside.moment > inside.missed else {
        throw .notProved(risk: inside.moment, lowerBound: inside.moment - inside.missed)
      }
      throw .infeasible(
        constraints: [Self.limitName], contradiction: inside.moment - inside.missed)
    }
    var (bound, latest) = (outside.bound, inside)
    // The moments at both ends; one that stays a second time is halved.
    var (high, low) = (outside.moment, inside.moment)
    var movedInside: Bool?
    for attempt in 0..<Self.attempts {
      let isDone = bound - inside.growth <= Self.enough * max(1, inside.growth.magnitude)
      if isDone || inside.share - outside.share <= inside.share.ulp { break }
      // The middle in turns, where an end stays long.
      let share = attempt % 6 == 5 ? 0.5 : high / (high - low)
      let middle = outside.share + (inside.share - outside.share) * share
      guard middle > outside.share, middle < inside.share else { break }
      let next = try minimum(share: middle, from: latest.variables)
      bound = min(bound, next.bound)
      latest = next
      if next.moment <= 0 {
        inside = next
        (high, low) = (movedInside == true ? high / 2 : high, next.moment)
      } else {
        outside = next
        (high, low) = (next.moment, movedInside == false ? low / 2 : low)
      }
      movedInside = next.moment <= 0
    }
    return try portfolio(inside, bound, scenarios)
  }

  /// The exponent λ of the settings.
  func exponent() throws(AllocationError) -> Double {
    try Translation.require(floor, "floor", in: Self.shares)
    try Translation.require(probability, "probability", in: Self.shares)
    let exponent = log(probability) / log(floor)
    try Translation.require(exponent, "exponent", in: Self.exponents)
    return exponent
  }

  private func portfolio(
    _ minimum: Minimum,
    _ bound: Double,
    _ scenarios: ScenarioSet
  ) throws(AllocationError) -> Portfolio {
    let weights = try Translation.weights(minimum.point.weights, over: scenarios.universe)
    let proved = try Self.drawdownProbability(of: weights, below: floor, scenarios: scenarios)
    return Portfolio(
      weights: weights, growth: minimum.growth,
      largestImprovement: max(bound - minimum.growth, 0),
      drawdownProbability: min(proved, probability), worstOutcome: minimum.point.growth.worst)
  }

  /// A bound of the probability that the wealth of any portfolio ever falls to a floor.
  ///
  /// ```text
  /// floor^λ  for the largest λ with  E (1 + x'w)^(−λ) ≤ 1
  /// ```
  ///
  /// - Parameters:
  ///   - weights: The weights, kept in every period.
  ///   - floor: The share of the wealth of today, between 0 and 1.
  ///   - scenarios: S scenarios of the same assets; periods are independent.
  /// - Returns: The bound: one for a portfolio that does not grow or may be ruined, zero for one that never loses.
  /// - Throws: ``AllocationError``.
  /// - Complexity: O(S N), and O(S) a step for some ten steps.
  public static func drawdownProbability(
    of weights: Weights,
    below floor: Double,
    scenarios: ScenarioSet
  ) throws(AllocationError) -> Double {
    try Translation.require(floor, "floor", in: shares)
    try Translation.requireEqual(weights.universe, scenarios.universe)
    let growth = LogGrowth(scenarios)
    let exponent = DrawdownMoment.largestExponent(
      left: growth.evaluate(weights.values).left, probabilities: growth.probabilities)
    return exp(exponent * log(floor))
  }
}

/// The least value of growth and moment at one share.
private struct Minimum {
  let share: Double
  let point: GrowthAtDrawdown.Point
  let variables: [Double]
  let missed: Double

  var moment: Double { point.moment?.value ?? .infinity }
  var growth: Double { -point.growth.value }

  /// No allowed portfolio within the limit grows faster.
  var bound: Double {
    share < 1 ? growth - moment * share / (1 - share) + missed / (1 - share) : .infinity
  }
}
