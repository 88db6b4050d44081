public import KeelData
import KeelLinearAlgebra
import KeelNumerics
public import KeelOptimization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The portfolio that grows fastest over scenarios (Kelly).
//
//   maximize  E log(1 + x'w)  subject to the constraints
//
// Goals in order: a proved bound of what is missed, no scenario that ruins, few passes over the scenarios.
//
// Newton's method of ConvexDescent: with r = 1 + x'w, gradient −E x/r and Hessian E xx'/r².
//
// References: J. L. Kelly, Bell System Technical Journal 35 (1956); L. C. MacLean, E. O. Thorp and W. T. Ziemba (editors), "The
// Kelly Capital Growth Investment Criterion" (2011).

/// The portfolio with the highest expected logarithmic growth over scenarios.
///
/// ```swift
/// let best = try MaximumGrowth(constraints: constraints).weights(scenarios: scenarios)
/// let half = best.fraction(0.5, cash: "USD")
/// ```
///
/// Cash is an asset of the scenarios, with the same outcome in each.
public struct MaximumGrowth: Hashable, Sendable {
  /// The constraints.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - constraints: The constraints.
  ///   - settings: The limits of the solver.
  public init(
    constraints: PortfolioConstraints = .longOnly,
    settings: QuadraticSolver.Settings = QuadraticSolver.Settings()
  ) {
    self.constraints = constraints
    self.settings = settings
  }

  /// A portfolio with its growth.
  public struct Portfolio: Hashable, Sendable {
    /// The weights.
    public let weights: Weights

    /// The expected logarithmic growth per period.
    public let growth: Double

    /// No allowed portfolio grows faster by more than this per period.
    public let largestImprovement: Double

    /// What is left of each unit in the worst scenario.
    public let worstOutcome: Double

    /// A share of the portfolio, the rest in cash: less growth, much less risk.
    ///
    /// - Parameters:
    ///   - share: The share, usually 0 to 1; 0.5 is half Kelly.
    ///   - cash: The asset that takes the rest.
    /// - Returns: The weights.
    /// - Throws: ``AllocationError`` for a share that is not finite or cash that is not in the universe.
    public func fraction(_ share: Double, cash: AssetID) throws(AllocationError) -> Weights {
      try Translation.require(share, "share", in: .finite)
      guard let place = weights.universe.position(of: cash) else {
        throw .universeMismatch(position: nil, left: cash, right: nil)
      }
      var values = weights.values.map { share * $0 }
      values[place] += (1 - share) * weights.total
      return try Translation.weights(values, over: weights.universe)
    }
  }

  /// Chooses the weights.
  ///
  /// - Parameter scenarios: S scenarios of N assets for one period.
  /// - Returns: The weights with their growth and what is missed at most.
  /// - Throws: ``AllocationError``: constraints that clash, or under which no portfolio survives every scenario.
  /// - Complexity: O(S N² + N³) a step, some ten steps.
  public func weights(scenarios: ScenarioSet) throws(AllocationError) -> Portfolio {
    if let found = try cut(
      over: scenarios.universe, weights: { [$0.weights] },
      { (choice) throws(AllocationError) in
        try choice.weights(scenarios: scenarios)
      })
    {
      return found.answer
    }
    let universe = scenarios.universe
    let limits = try constraints.resolved(over: universe).boundedByDistances()
    let (split, names, generated) = limits.split()
    let descent = ConvexDescent(constraints: split, furtherNames: names, settings: settings)
    do throws(AllocationError) {
      let (point, _, missed) = try descent.minimize(
        LogGrowth(scenarios), from: try survivor(scenarios, descent, limits))
      return Portfolio(
        weights: try Translation.weights(point.weights, over: universe), growth: -point.value,
        largestImprovement: missed, worstOutcome: point.worst)
    } catch {
      throw try limits.translated(error, generated, settings: settings)
    }
  }

  /// A start that leaves this much of a unit everywhere is as good as the safest one.
  private static let safeOutcome = 0.5

  /// Weights that leave something in every scenario, and the further variables of the descent.
  func survivor(
    _ scenarios: ScenarioSet,
    _ descent: ConvexDescent,
    _ limits: ResolvedConstraints
  ) throws(AllocationError) -> [Double] {
    let spread = try descent.start()
    let weights = Array(spread.prefix(scenarios.universe.count))
    if LogGrowth(scenarios).evaluate(weights).worst >= Self.safeOutcome { return spread }
    let count = scenarios.scenarioCount
    // The mean of the worst scenario alone is the worst case.
    let safest = try MinimumExpectedShortfall(
      confidence: 1 - 0.5 / Double(count), constraints: constraints, settings: settings
    ).weights(
      scenarios: Translation.equallyLikely(scenarios)
    ).value
    guard safest.expectedShortfall < 1 else {
      throw .infeasible(
        constraints: ["something left in every scenario"],
        contradiction: safest.expectedShortfall - 1)
    }
    return safest.weights.values + limits.sold(safest.weights.values)
  }
}

/// Expected logarithmic growth over scenarios with its sign turned.
struct LogGrowth: ConvexObjective {
  struct Point: ConvexPoint {
    let weights: [Double]
    /// What is left of a unit in each scenario.
    let left: [Double]
    let value: Double
    let worst: Double
  }

  let scenarios: ScenarioSet
  /// Summing to one.
  let probabilities: [Double]

  init(_ scenarios: ScenarioSet) {
    self.scenarios = scenarios
    let given =
      scenarios.probabilities ?? [Double](repeating: 1, count: scenarios.scenarioCount)
    let total = given.reduce(0, +)
    probabilities = given.map { $0 / total }
  }

  func evaluate(_ weights: [Double]) -> Point {
    var left = [Double](repeating: 1, count: scenarios.scenarioCount)
    for (j, weight) in weights.enumerated() where weight != 0 {
      for s in left.indices { left[s] += weight * scenarios.outcomes[s, j] }
    }
    var (value, worst) = (0.0, Double.infinity)
    for s in left.indices where probabilities[s] > 0 {
      value -= left[s] > 0 ? probabilities[s] * log(left[s]) : -.infinity
      worst = min(worst, left[s])
    }
    return Point(weights: weights, left: left, value: value, worst: worst)
  }

  /// Gradient and Hessian of −E log(1 + x'w).
  func derivatives(
    at point: Point
  ) throws(AllocationError) -> (gradient: [Double], hessian: SymmetricMatrix) {
    let (count, width) = (scenarios.scenarioCount, point.weights.count)
    var scaled: [Double] = []
    scaled.reserveCapacity(count * width)
    var gradient: [Double] = []
    for j in 0..<width {
      var sum = 0.0
      for s in 0..<count {
        let share = probabilities[s] > 0 ? scenarios.outcomes[s, j] / point.left[s] : 0
        sum -= probabilities[s] * share
        scaled.append(probabilities[s].squareRoot() * share)
      }
      gradient.append(sum)
    }
    do {
      return (
        gradient,
        try Matrix(rowCount: count, columnCount: width, columnMajor: scaled).gram()
      )
    } catch {
      throw .invalidValue(argument: "outcomes", asset: nil, got: .nan, allowed: .finite)
    }
  }

  /// Logarithms of numbers near one carry the rounding of one.
  func rounding(at point: Point) -> Double { 1e-12 }
}
