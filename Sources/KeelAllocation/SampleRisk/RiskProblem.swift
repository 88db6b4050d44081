import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization

/// The scenarios and constraints of a least risk, ready for the solvers.
struct RiskProblem {
  let scenarios: ScenarioSet
  let constraints: ResolvedConstraints
  let furtherNames: [String]
  /// The names that are not the caller's.
  private let generated: GeneratedNames
  /// The constraints without further variables.
  let unsplit: ResolvedConstraints
  /// The assets whose weights have a side without a bound.
  private let open: [Int]
  let settings: QuadraticSolver.Settings
  /// Summing to one.
  let probabilities: [Double]
  /// The largest outcome of an asset.
  let largestOutcome: Double

  init(
    _ choice: MinimumRisk,
    _ scenarios: ScenarioSet,
    _ means: ExpectedReturns
  ) throws(AllocationError) {
    var resolved = try choice.constraints.resolved(over: scenarios.universe)
    if let target = choice.targetReturn {
      try Translation.require(target, MinimumRisk.targetReturnName, in: .finite)
      resolved.rows.append(
        LinearRow(MinimumRisk.targetReturnName, coefficients: means.values, lower: target))
    }
    let limits = resolved.boundedByDistances().boundedBySize(reach: MinimumRisk.reach)
    (constraints, furtherNames, generated) = limits.constraints.split()
    (unsplit, open) = (resolved, limits.open)
    self.scenarios = scenarios
    settings = choice.settings
    largestOutcome = scenarios.outcomes.columnMajorElements.reduce(0) { max($0, $1.magnitude) }
    let masses =
      scenarios.probabilities ?? [Double](repeating: 1, count: scenarios.scenarioCount)
    let total = masses.reduce(0, +)
    probabilities = masses.map { $0 / total }
  }

  /// The weights with the least risk and a lower bound of it.
  func solution(
    of measure: SampleRiskMeasure
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    do throws(AllocationError) {
      let found = try solutionByAnyMethod(measure)
      let weights = try settled(found, measure)
      try requireNear(weights)
      return (weights, found.bound)
    } catch {
      guard case .infeasible = error else { throw error }
      // What is out of reach of weights inside finite bounds may not be so of others.
      let ones = QuadraticTerm.diagonal(scenarios.universe.assets.map { _ in 1 })
      if !open.isEmpty,
        let far = try? unsplit.program(quadratic: ones, convexity: .guaranteed, linear: nil)
          .feasiblePoint(settings: settings)
      {
        throw .unbounded(asset: Translation.largest(far, scenarios.universe))
      }
      throw try unsplit.translated(error, generated, settings: settings)
    }
  }

  /// Refuses weights that only their finite bounds hold back where the caller gave none.
  private func requireNear(_ weights: [Double]) throws(AllocationError) {
    for i in open {
      let isFar =
        (unsplit.upper[i] == .infinity && weights[i] > 0.999 * constraints.upper[i])
        || (unsplit.lower[i] == -.infinity && weights[i] < 0.999 * constraints.lower[i])
      if isFar { throw .unbounded(asset: scenarios.universe.assets[i]) }
    }
  }

  private func solutionByAnyMethod(
    _ measure: SampleRiskMeasure
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    do throws(AllocationError) {
      return try solutionByItsOwnMethod(measure)
    } catch {
      switch error {
      case .notSolved(status: .stalled, _), .notSolved(status: .almostOptimal, _):
        // Where a return is all but out of reach a program of tails can end before its proof.
        return try bundle(measure, from: try descent.start())
      default: throw error
      }
    }
  }

  private func solutionByItsOwnMethod(
    _ measure: SampleRiskMeasure
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    switch measure {
    case .standardDeviation: return try squares(isOneSided: false, target: nil)
    case .semideviation: return try squares(isOneSided: true, target: nil)
    case .lowerPartialMoment(.second, let target):
      return try squares(isOneSided: true, target: target)
    case .meanAbsoluteDeviation:
      let half = try shortfall(try centered(), target: 0)
      return (half.weights, 2 * half.bound)
    case .lowerPartialMoment(.first, let target):
      return try shortfall(scenarios.outcomes, target: target)
    case .expectedShortfall(let confidence):
      try Translation.requireConfidence(confidence)
      return try tail(scenarios.outcomes, probabilities, confidence)
    case .worstCase: return try worstCase()
    case .entropicValueAtRisk(let confidence):
      try Translation.requireConfidence(confidence)
      return try entropic(confidence)
    case .giniMeanDifference: return try meanDifference()
    case .maximumDrawdown: return try drawdown(measure, .largest)
    case .averageDrawdown: return try drawdown(measure, .mean)
    case .ulcerIndex: return try drawdown(measure, .rootMeanSquare)
    case .conditionalDrawdown(let confidence):
      try Translation.requireConfidence(confidence)
      return try drawdown(measure, .tail(confidence: confidence))
    case .entropicDrawdown(let confidence):
      try Translation.requireConfidence(confidence)
      return try drawdown(measure, .entropic(confidence: confidence))
    }
  }

  // MARK: - Values and planes

  /// The risk of some weights.
  func risk(
    _ measure: SampleRiskMeasure,
    at weights: [Double]
  ) throws(AllocationError) -> SampleRisk {
    do throws(DistributionsError) {
      return try measure.risk(
        of: EmpiricalDistribution(
          outcomes: scenarios.outcomes.outcomes(of: weights),
          probabilities: scenarios.probabilities))
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
  }

  /// The slopes in the weights that belong to slopes in the outcomes.
  func assetSlopes(_ slopes: [Double]) -> [Double] {
    (0..<scenarios.universe.count).map { j in
      let column = scenarios.outcomes.column(j)
      var sum = 0.0
      for s in column.indices where slopes[s] != 0 { sum += slopes[s] * column[s] }
      return sum
    }
  }

  /// A lower bound of `slopes · w` under the constraints, with any dual values of rows.
  func leastValue(ofPlane slopes: [Double], _ duals: [Double]) -> Double {
    let left = reducedSlopes(slopes, duals)
    var sum = 0.0
    for (row, dual) in zip(constraints.rows, duals) where dual != 0 {
      sum += dual * (dual > 0 ? row.lower : row.upper)
    }
    for i in left.indices where left[i] != 0 {
      sum += left[i] * (left[i] > 0 ? constraints.lower[i] : constraints.upper[i])
    }
    return sum.isNaN ? -.infinity : sum
  }

  /// A risk of so many roundings of the largest outcome is one of sums that cancel.
  private static let roundings = 64 * Double.ulpOfOne

  /// Whether a risk is proved to be the least within a relative tolerance, or to rounding.
  func isProved(_ risk: Double, _ bound: Double, within tolerance: Double) -> Bool {
    risk < .infinity
      && risk - bound <= max(tolerance * risk.magnitude, Self.roundings * largestOutcome)
  }

  /// What dual values of rows leave of slopes, for the weights and the further variables.
  func reducedSlopes(_ slopes: [Double], _ duals: [Double]) -> [Double] {
    var left = slopes + furtherNames.map { _ in 0.0 }
    for (row, dual) in zip(constraints.rows, duals) where dual != 0 {
      for (i, a) in zip(row.indices, row.coefficients) { left[i] -= dual * a }
    }
    return left
  }

  /// A violation of so much of the size of a limit's terms is one of rounding.
  private static let keptTolerance = 1e-10

  /// Whether weights satisfy the caller's constraints, but for rounding.
  func isKept(by weights: [Double]) -> Bool {
    func isWithin(_ value: Double, _ lower: Double, _ upper: Double, _ size: Double) -> Bool {
      let room = Self.keptTolerance * max(size, 1)
      return value >= lower - room && value <= upper + room
    }
    for i in weights.indices
    where !isWithin(weights[i], unsplit.lower[i], unsplit.upper[i], weights[i].magnitude) {
      return false
    }
    for row in unsplit.rows {
      var (value, size) = (0.0, 0.0)
      for (i, a) in zip(row.indices, row.coefficients) {
        value += a * weights[i]
        size += (a * weights[i]).magnitude
      }
      if !isWithin(value, row.lower, row.upper, size) { return false }
    }
    return unsplit.absolute.allSatisfy { row in
      let value = row.value(weights)
      return isWithin(value, 0, row.limit, value)
    }
  }

  // MARK: - Newton's method

  var descent: ConvexDescent {
    ConvexDescent(constraints: constraints, furtherNames: furtherNames, settings: settings)
  }

  private func squares(
    isOneSided: Bool,
    target: Double?
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    if let target { try Translation.require(target, "target", in: .finite) }
    let objective = ShortfallSquares(
      outcomes: target == nil ? try centered() : scenarios.outcomes, probabilities: probabilities,
      offset: target ?? 0, isOneSided: isOneSided)
    let (point, _, missed) = try descent.minimize(objective, from: try descent.start())
    // The measure is the root of twice the value.
    return (point.weights, (2 * max(point.value - missed, 0)).squareRoot())
  }

  // MARK: - Expected shortfalls

  /// Σ p max(target − x'w, 0): half the probability stands on a scenario without outcome.
  private func shortfall(
    _ outcomes: Matrix,
    target: Double
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    try Translation.require(target, "target", in: .finite)
    let (count, width) = (outcomes.rowCount, outcomes.columnCount)
    // The target is the outcome of a further asset that is held once, short.
    let isShifted = target != 0
    var elements: [Double] = []
    elements.reserveCapacity((count + 1) * (width + 1))
    for j in 0..<width {
      let column = outcomes.column(j)
      for s in column.indices { elements.append(column[s]) }
      elements.append(0)
    }
    if isShifted {
      elements.append(contentsOf: [Double](repeating: -target, count: count))
      elements.append(0)
    }
    let matrix = try Translation.matrix(
      elements, rowCount: count + 1, columnCount: isShifted ? width + 1 : width)
    return try tail(
      matrix, probabilities.map { $0 / 2 } + [0.5], 0.5, fixedColumns: isShifted ? 1 : 0)
  }

  func worstCase() throws(AllocationError) -> (weights: [Double], bound: Double) {
    let solution = try Translation.solution(
      of: try worstCaseProgram(), universe: scenarios.universe, settings: settings)
    return (
      Array(solution.value.variables.prefix(scenarios.universe.count)),
      solution.certificate.dualObjective
    )
  }

  /// The largest loss is the mean of the worst part that is smaller than any scenario.
  func worstCaseProgram() throws(AllocationError) -> ExpectedShortfallProgram {
    let possible = probabilities.indices.filter { probabilities[$0] > 0 }
    var elements: [Double] = []
    elements.reserveCapacity(possible.count * scenarios.outcomes.columnCount)
    for j in 0..<scenarios.outcomes.columnCount {
      let column = scenarios.outcomes.column(j)
      for s in possible { elements.append(column[s]) }
    }
    let matrix = try Translation.matrix(
      elements, rowCount: possible.count, columnCount: scenarios.outcomes.columnCount)
    let count = Double(possible.count)
    return try tailProgram(
      matrix, possible.map { _ in 1 / count }, 1 - 0.5 / count, fixedColumns: 0)
  }

  private func tail(
    _ outcomes: Matrix,
    _ probabilities: [Double],
    _ confidence: Double,
    fixedColumns: Int = 0
  ) throws(AllocationError) -> (weights: [Double], bound: Double) {
    let program = try tailProgram(
      outcomes, probabilities, confidence, fixedColumns: fixedColumns)
    let solution = try Translation.solution(
      of: program, universe: scenarios.universe, settings: settings, isGapJudged: true)
    return (
      Array(solution.value.variables.prefix(scenarios.universe.count)),
      solution.certificate.dualObjective
    )
  }

  /// The program of the least expected shortfall.
  ///
  /// - Parameters:
  ///   - outcomes: The outcomes of the assets, then of columns that are held once.
  ///   - probabilities: The probability of each row; they sum to one.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - fixedColumns: The number of columns after the assets.
  ///   - linear: A slope of each asset that is added to the objective; nil for none.
  ///   - shortfallWeight: The factor of the expected shortfall.
  /// - Returns: The program over the weights, the columns and the further variables.
  /// - Throws: ``AllocationError``.
  func tailProgram(
    _ outcomes: Matrix,
    _ probabilities: [Double],
    _ confidence: Double,
    fixedColumns: Int,
    linear: [Double]? = nil,
    shortfallWeight: Double = 1
  ) throws(AllocationError) -> ExpectedShortfallProgram {
    let universe = scenarios.universe
    let n = universe.count
    let held = [Double](repeating: 1, count: fixedColumns)
    func widened(_ values: [Double]) -> [Double] {
      Array(values.prefix(n)) + held + values.dropFirst(n)
    }
    let rows = constraints.rows.map { row in
      LinearRow(
        row.name, indices: row.indices.map { $0 < n ? $0 : $0 + fixedColumns },
        coefficients: row.coefficients, lower: row.lower, upper: row.upper)
    }
    return try Translation.shortfallProgram(universe: universe) { () throws(OptimizationError) in
      try ExpectedShortfallProgram(
        outcomes: outcomes, probabilities: probabilities, confidence: confidence,
        linear: linear.map { $0 + held.map { _ in 0 } + furtherNames.map { _ in 0 } },
        shortfallWeight: shortfallWeight, lowerBounds: widened(constraints.lower),
        upperBounds: widened(constraints.upper),
        rows: rows,
        variableNames: constraints.universe.assets.map(\.rawValue)
          + held.map { _ in "target of the partial moment" } + furtherNames)
    }
  }

  /// The outcomes less their means.
  private func centered() throws(AllocationError) -> Matrix {
    var elements: [Double] = []
    let (count, width) = (scenarios.outcomes.rowCount, scenarios.outcomes.columnCount)
    elements.reserveCapacity(count * width)
    for j in 0..<width {
      let column = scenarios.outcomes.column(j)
      var sum = CompensatedSum()
      for s in column.indices { sum.add(probabilities[s] * column[s]) }
      for s in column.indices { elements.append(column[s] - sum.value) }
    }
    return try Translation.matrix(elements, rowCount: count, columnCount: width)
  }
}

extension Matrix {
  /// The outcomes of a portfolio.
  func outcomes(of weights: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: rowCount)
    var output = result.mutableSpan
    for (j, weight) in weights.enumerated() where weight != 0 {
      let column = self.column(j)
      for s in column.indices { output[s] += weight * column[s] }
    }
    return result
  }
}

extension Translation {
  /// A matrix given column after column.
  static func matrix(
    _ elements: [Double],
    rowCount: Int,
    columnCount: Int
  ) throws(AllocationError) -> Matrix {
    do throws(NumericsError) {
      return try Matrix(rowCount: rowCount, columnCount: columnCount, columnMajor: elements)
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .infinity, allowed: .finite)
    }
  }
}
