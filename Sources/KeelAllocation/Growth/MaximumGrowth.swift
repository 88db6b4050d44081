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
// Newton's method: with r = 1 + x'w, gradient −E x/r and Hessian E xx'/r², each step is a quadratic program under the
// constraints, shortened until every r stays positive and the objective falls. At the end the slopes are split into the dual
// values of the last program; by concavity no allowed portfolio grows faster than by what the split leaves at the bounds:
//
//   growth(any v) − growth(w) ≤ Σ over rows and bounds of dual value × distance of w from the limit.
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
  /// The constraints; limits on sums of distances are not supported.
  public var constraints: PortfolioConstraints

  /// The limits of the solver.
  public var settings: QuadraticSolver.Settings

  /// Creates the portfolio choice.
  ///
  /// - Parameters:
  ///   - constraints: The constraints; limits on sums of distances are not supported.
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
    let universe = scenarios.universe
    let (lower, upper) = try constraints.resolvedBounds(over: universe)
    let rows = try constraints.resolvedRows(over: universe)
    let growth = LogGrowth(scenarios)
    var point = growth.evaluate(try survivor(scenarios))
    var best = (point: point, missed: Double.infinity)
    for _ in 0..<Self.stepLimit {
      let (gradient, hessian) = try growth.derivatives(at: point)
      let pull = try Translation.product(hessian, point.weights)
      let program = try Translation.program(universe: universe) { () throws(OptimizationError) in
        try QuadraticProgram(
          quadratic: .dense(hessian), linear: zip(gradient, pull).map { $0 - $1 },
          lowerBounds: lower, upperBounds: upper, rows: rows,
          variableNames: universe.assets.map(\.rawValue), convexity: .guaranteed)
      }
      let model = try Translation.solution(of: program, universe: universe, settings: settings)
      let missed = Self.missed(point.weights, gradient, model.duals.rows, rows, lower, upper)
      // Where growth is flat to rounding, full steps go on as long as the bound falls.
      let hasImproved = missed < best.missed / 2
      if missed < best.missed { best = (point, missed) }
      let slope = zip(gradient, zip(model.value, point.weights)).reduce(0) {
        $0 + $1.0 * ($1.1.0 - $1.1.1)
      }
      let isFlat = slope.magnitude <= Self.flatness
      if missed <= Self.tolerance || (isFlat && !hasImproved) { break }
      guard let next = growth.step(from: point, to: model.value, slope, isFlat: isFlat) else {
        break
      }
      point = next
    }
    return Portfolio(
      weights: try Translation.weights(best.point.weights, over: universe),
      growth: best.point.growth, largestImprovement: best.missed, worstOutcome: best.point.worst)
  }

  /// Weights that leave something in every scenario.
  private func survivor(_ scenarios: ScenarioSet) throws(AllocationError) -> [Double] {
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
    return safest.weights.values
  }

  /// What the slopes leave beyond the dual values of rows, at the bounds: an upper bound of what growth misses.
  private static func missed(
    _ weights: [Double],
    _ gradient: [Double],
    _ duals: [Double],
    _ rows: [LinearRow],
    _ lower: [Double],
    _ upper: [Double]
  ) -> Double {
    var left = gradient
    var sum = 0.0
    for (row, dual) in zip(rows, duals) where dual != 0 {
      var value = 0.0
      for (i, a) in zip(row.indices, row.coefficients) {
        left[i] -= a * dual
        value += a * weights[i]
      }
      let limit = dual > 0 ? row.lower : row.upper
      sum += dual * (value - limit)
    }
    for i in left.indices where left[i] != 0 {
      sum += left[i] * (weights[i] - (left[i] > 0 ? lower[i] : upper[i]))
    }
    return sum.isNaN ? .infinity : max(sum, 0)
  }

  private static let stepLimit = 100
  private static let tolerance = 1e-16
  /// A step that promises less than this much growth is within rounding of it.
  private static let flatness = 1e-12
}

/// Expected logarithmic growth over scenarios, as a function to be minimized with its sign turned.
private struct LogGrowth {
  struct Point {
    let weights: [Double]
    /// What is left of a unit in each scenario.
    let left: [Double]
    let growth: Double
    let worst: Double
  }

  private let scenarios: ScenarioSet
  private let probabilities: [Double]

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
    var (growth, worst) = (0.0, Double.infinity)
    for s in left.indices where probabilities[s] > 0 {
      growth += left[s] > 0 ? probabilities[s] * log(left[s]) : -.infinity
      worst = min(worst, left[s])
    }
    return Point(weights: weights, left: left, growth: growth, worst: worst)
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

  /// The longest of the step and its halves that survives and, where growth is not flat, grows faster; nil when none does.
  func step(from point: Point, to target: [Double], _ slope: Double, isFlat: Bool) -> Point? {
    var length = 1.0
    while length >= Self.shortestStep {
      let next = evaluate(
        zip(point.weights, target).map { $0 + length * ($1 - $0) })
      let grows =
        next.growth > point.growth && next.growth >= point.growth - Self.armijo * length * slope
      if next.worst > 0 && (isFlat || grows) { return next }
      length /= 2
    }
    return nil
  }

  private static let armijo = 1e-4
  private static let shortestStep = 1e-10
}
