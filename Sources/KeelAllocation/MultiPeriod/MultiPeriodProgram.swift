// A plan as a sequential program, and its proof.
//
// For slopes s(t) of the costs of trades the plan's objective is at least
//
//   Σ −(μ(t) − s(t) + s(t + 1))'w(t) + (λ/2) w(t)'Σ(t)w(t) + holding(w(t))  −  s(1)'w(0)  −  conjugates of the costs
//
// so that the plan is optimal when each w(t) is, for expected returns less the price of the trade to it plus the
// price of the trade from it. That is one certificate a period, on programs that one period has anyway.

import KeelData
import KeelNumerics
import KeelOptimization

/// A plan over resolved data.
struct MultiPeriodProgram {
  /// The costs of one trade, as functions of the trade.
  private struct TradeCosts {
    var costs = UtilityCosts()
    var power: PowerImpact?

    /// Whether every trade that costs anything costs more than in proportion, by its square alone.
    var isSmooth: Bool {
      power == nil && (costs.charges.isEmpty || costs.curvatures.contains { $0 > 0 })
        && costs.curvatures.allSatisfy { $0 > 0 }
    }
  }

  private let choice: MultiPeriodUtility
  private let steps: [MultiPeriodUtility.Step]
  private let universe: Universe
  private let start: [Double]?
  private let held: UtilityCosts
  private var limits: [ResolvedConstraints] = []
  private var trades: [TradeCosts] = []
  /// The program of each period alone, without costs of trades.
  private var alone: [PortfolioProgram] = []

  /// The relative gaps at which the iterations' point is tried.
  private static let tolerances = [1e-3, 1e-6, 1e-9, 1e-12]

  /// What the solution of a few equations leaves of a weight that is zero.
  private static let rounding = 1e-13

  /// Weights that are so many times the typical one grow without limit.
  private static let unboundedSize = 1e5

  init(
    _ choice: MultiPeriodUtility,
    _ steps: [MultiPeriodUtility.Step]
  ) throws(AllocationError) {
    guard let first = steps.first else {
      throw .invalidValue(
        argument: "count of steps", asset: nil, got: 0, allowed: 1...Double.greatestFiniteMagnitude)
    }
    guard choice.riskAversion >= 0, choice.riskAversion.isFinite else {
      throw .invalidValue(
        argument: "riskAversion", asset: nil, got: choice.riskAversion, allowed: .nonnegative)
    }
    let universe = first.covariance.universe
    self.choice = choice
    self.steps = steps
    self.universe = universe
    held = try MaximumUtility(
      riskAversion: choice.riskAversion, holdingCosts: choice.holdingCosts, penalty: choice.penalty
    ).resolvedCosts(over: universe)
    let firstCosts = first.costs ?? choice.costs
    if let current = firstCosts?.current {
      try Translation.requireEqual(current.universe, universe)
    }
    start = firstCosts?.current.values
    for (t, step) in steps.enumerated() {
      try Translation.requireEqual(step.covariance.universe, universe)
      try Translation.requireEqual(step.expectedReturns.universe, universe)
      if step.constraints == nil, t > 0, steps[t - 1].constraints == nil {
        limits.append(limits[t - 1])
      } else {
        limits.append(try (step.constraints ?? choice.constraints).resolved(over: universe))
      }
      if t == steps.count - 1 { try Self.end(&limits[t], at: choice.terminal) }
      if step.costs == nil, t > 0, steps[t - 1].costs == nil {
        trades.append(trades[t - 1])
      } else {
        trades.append(try tradeCosts(step.costs ?? choice.costs))
      }
      alone.append(try program(t))
    }
  }

  /// Holds the weights of a period at terminal ones.
  static func end(
    _ limits: inout ResolvedConstraints,
    at terminal: Weights?
  ) throws(AllocationError) {
    guard let terminal else { return }
    try Translation.requireEqual(terminal.universe, limits.universe)
    for (i, weight) in terminal.values.enumerated() {
      let distance = max(limits.lower[i] - weight, weight - limits.upper[i])
      if distance > 0 {
        throw .infeasible(
          constraints: [limits.universe.assets[i].rawValue], contradiction: distance)
      }
      limits.lower[i] = weight
      limits.upper[i] = weight
    }
  }

  /// Costs as functions of a trade: those of trading from nothing.
  private func tradeCosts(_ costs: TradingCosts?) throws(AllocationError) -> TradeCosts {
    guard var costs else { return TradeCosts() }
    costs.current = try Translation.weights(
      [Double](repeating: 0, count: universe.count), over: universe)
    var result = TradeCosts()
    try costs.add(to: &result.costs, over: universe)
    result.power = try costs.powers(over: universe)
    return result
  }

  /// The program of one period; where only the expected returns differ from the period before, that one's with others.
  private func program(_ t: Int) throws(AllocationError) -> PortfolioProgram {
    let step = steps[t]
    let isLast = t == steps.count - 1 && choice.terminal != nil
    if t > 0, step.constraints == nil, steps[t - 1].constraints == nil, !isLast,
      step.covariance == steps[t - 1].covariance
    {
      var program = alone[t - 1]
      try program.replace(returns: step.expectedReturns.values)
      return program
    }
    return try MaximumUtility.program(
      step.expectedReturns.values, step.covariance, riskAversion: choice.riskAversion, limits[t],
      costs: held)
  }
}

// MARK: - Solution

extension MultiPeriodProgram {
  /// The optimal plan.
  func solution() throws(AllocationError) -> Solution<MultiPeriodUtility.Plan> {
    let sequential = try sequentialProgram()
    do throws(OptimizationError) {
      try sequential.requireConvex()
    } catch {
      throw Translation.translated(error, universe)
    }
    var search = SequentialSearch(sequential, settings: choice.settings)
    if let near = try constantPlan() {
      let claim = try certified(search.point(near: near))
      if claim.status == .optimal { return claim }
    }
    var last: (status: SolverStatus, certificate: Certificate, size: Double)?
    for tolerance in Self.tolerances {
      let (point, status) = search.next(tolerance: tolerance)
      let claim = try certified(point)
      if claim.status == .optimal { return claim }
      let size = point.variables.joined().reduce(0) { max($0, $1.magnitude) }
      last = (status, claim.certificate, size)
      if status != .optimal { break }
    }
    guard let last else { throw .covarianceNotPositiveSemidefinite }
    if last.status == .stalled { try findReason(last.size) }
    throw .notSolved(
      status: last.status == .optimal ? .stalled : last.status, certificate: last.certificate)
  }

  /// The plan that trades once, near the optimum: the best weights for the mean of the returns, with the costs of the
  /// first trade spread over all periods; nil where further variables or powers are in the way, and where nothing makes
  /// two small trades cheaper than a large one, so that changes of sides seldom come to an end.
  private func constantPlan() throws(AllocationError) -> [[Double]]? {
    guard limits.allSatisfy(\.absolute.isEmpty), trades.allSatisfy(\.isSmooth) else { return nil }
    let share = 1 / Double(steps.count)
    var costs = held
    if let start {
      for charge in trades[0].costs.charges {
        costs.add(
          TradingCharge(
            buying: charge.buying.map { $0 * share }, selling: charge.selling.map { $0 * share },
            reference: zip(charge.reference, start).map(+)))
      }
      if !trades[0].costs.isFlat {
        costs.addSquares(trades[0].costs.curvatures.map { $0 * share / 2 }, center: start)
      }
    }
    var returns = [Double](repeating: 0, count: universe.count)
    for step in steps {
      for (i, value) in step.expectedReturns.values.enumerated() { returns[i] += share * value }
    }
    do throws(AllocationError) {
      let best = try MaximumUtility.program(
        returns, steps[0].covariance, riskAversion: choice.riskAversion, limits[0], costs: costs
      ).unprovedPoint(settings: choice.settings)
      return steps.map { _ in best }
    } catch {
      return nil
    }
  }

  private var tradesAreFree: Bool { trades.allSatisfy { $0.costs.isEmpty && $0.power == nil } }

  /// Throws where one period alone has no answer.
  private func findReason(_ size: Double) throws(AllocationError) {
    for program in alone {
      do throws(AllocationError) {
        _ = try program.solution(settings: choice.settings)
      } catch {
        switch error {
        case .infeasible: throw error
        // Costs of trades may bound what is unbounded without them.
        case .unbounded:
          if tradesAreFree || size > Self.unboundedSize * program.typicalSize { throw error }
        default: break
        }
      }
    }
  }

  /// The sequential program: limits on sums of distances are split into further variables.
  private func sequentialProgram() throws(AllocationError) -> SequentialProgram {
    let parts = alone.enumerated().map { t, program in
      let (plain, trade) = (program.plain, trades[t])
      let split = limits[t].absolute.isEmpty ? limits[t] : limits[t].split().constraints
      let further = split.lower.count - universe.count
      return SequentialProgram.Step(
        quadratic: further > 0 ? plain.quadratic.padded(by: further) : plain.quadratic,
        convexity: plain.convexity,
        linear: further > 0
          ? plain.linear + [Double](repeating: 0, count: further) : plain.linear,
        lower: split.lower, upper: split.upper, rows: split.rows,
        charges: held.charges.map(\.sequential),
        changes: start == nil && t == 0
          ? SequentialProgram.ChangeCosts()
          : SequentialProgram.ChangeCosts(
            charges: trade.costs.charges.map(\.sequential), curvatures: trade.costs.curvatures,
            powers: trade.power?.coefficients ?? []))
    }
    return SequentialProgram(
      steps: parts, start: start ?? [Double](repeating: 0, count: universe.count))
  }
}

extension TradingCharge {
  fileprivate var sequential: SequentialProgram.Charge {
    SequentialProgram.Charge(above: buying, below: selling, reference: reference)
  }
}

extension PortfolioProgram {
  /// The size of a weight where none is large.
  fileprivate var typicalSize: Double {
    max(1, plain.rows.first.map { $0.lower.magnitude } ?? 0)
  }
}

// MARK: - Proof

extension MultiPeriodProgram {
  /// The slopes of a trade, its cost, and the least of cost − slopes × trade over all trades.
  private func trade(
    _ t: Int,
    _ change: [Double],
    _ bent: [[Double]],
    _ powers: [Double]
  ) -> (slopes: [Double], cost: Double, bound: Double) {
    let costs = trades[t].costs
    var slopes = [Double](repeating: 0, count: change.count)
    var (cost, bound) = (CompensatedSum(), CompensatedSum())
    for (charge, own) in zip(costs.charges, bent) {
      for i in change.indices {
        slopes[i] += own[i]
        bound.add(-own[i] * charge.reference[i])
      }
      cost.add(charge.value(change))
    }
    for i in change.indices {
      if !costs.isFlat {
        let half = costs.curvatures[i] * change[i] * change[i] / 2
        slopes[i] += costs.curvatures[i] * change[i]
        cost.add(half)
        bound.add(-half)
      }
      if let power = trades[t].power, power.coefficients[i] > 0 {
        let (size, price) = (change[i].magnitude, power.coefficients[i])
        slopes[i] += powers[i]
        cost.add(price * size * size.squareRoot())
        // The slope is that of this trade, whose cost is twice the conjugate.
        let root = powers[i].magnitude / (1.5 * price)
        bound.add(-price * root * root * root / 2)
      }
    }
    return (slopes, cost.value, bound.value)
  }

  /// The plan of a point with its certificate, computed from the data alone.
  private func certified(
    _ point: SequentialPoint
  ) throws(AllocationError) -> Solution<MultiPeriodUtility.Plan> {
    let weights = point.variables.indices.map { atReferences(point.variables[$0], $0) }
    var before = start ?? weights[0]
    var changes: [[Double]] = []
    for values in weights {
      changes.append(zip(values, before).map { $0 - $1 })
      before = values
    }
    let isFree = start == nil
    let paid = changes.indices.map { t in
      isFree && t == 0
        ? (slopes: changes[0], cost: 0, bound: 0)
        : trade(t, changes[t], point.slopes[t], point.powerSlopes[t])
    }
    var proof = PlanProof(
      universe, stepCount: steps.count, iterations: point.iterations)
    var utilities: [Double] = []
    for t in alone.indices {
      var program = alone[t]
      var returns = steps[t].expectedReturns.values
      for i in returns.indices {
        returns[i] -= paid[t].slopes[i]
        if t + 1 < paid.count { returns[i] += paid[t + 1].slopes[i] }
      }
      let product = program.plain.quadratic.times(weights[t])
      utilities.append(-program.objective(weights[t], product: product) - paid[t].cost)
      try program.replace(returns: returns)
      let duals = rowDuals(t, point.rowDuals[t])
      let claim = try program.certified(
        weights[t], rows: duals, bounds: program.boundDuals(weights[t], product, duals),
        iterations: point.iterations)
      let slope = zip(paid[t].slopes, changes[t]).reduce(0) { $0 + $1.0 * $1.1 }
      let offset = t == 0 ? -zip(paid[0].slopes, start ?? []).reduce(0) { $0 + $1.0 * $1.1 } : 0
      proof.add(
        claim, at: t, size: program.size(weights[t], product), offset: offset,
        missing: paid[t].cost - slope, bound: paid[t].bound)
    }
    var plan: [Weights] = []
    for values in weights { plan.append(try Translation.weights(values, over: universe)) }
    let certificate = proof.certificate
    return Solution(
      value: MultiPeriodUtility.Plan(
        weights: plan, trades: changes, utilities: utilities, tradePrices: paid.map(\.slopes)),
      status: certificate.holds(Certificate.optimalTolerances) ? .optimal : .stalled,
      certificate: certificate, duals: proof.duals)
  }

  /// The weights of a period, exactly at the references of limits on distances where only rounding is missing.
  private func atReferences(_ variables: [Double], _ t: Int) -> [Double] {
    var result = Array(variables.prefix(universe.count))
    for row in limits[t].absolute {
      for i in result.indices
      where row.coefficients[i] > 0 && (result[i] - row.reference[i]).magnitude < Self.rounding {
        result[i] = min(max(row.reference[i], limits[t].lower[i]), limits[t].upper[i])
      }
    }
    return result
  }

  /// The dual values of the rows of one period, then of its limits on sums of distances.
  private func rowDuals(_ t: Int, _ values: [Double]) -> [Double] {
    let count = limits[t].rows.count
    if limits[t].absolute.isEmpty { return values }
    let rows = limits[t].split().constraints.rows
    return values.prefix(count)
      + limits[t].absolute.map { limit in
        rows.lastIndex { $0.name == limit.name }.map { values[$0] } ?? 0
      }
  }
}

extension PortfolioProgram {
  /// What is missing to the optimality condition, at the bounds where that is a dual value.
  ///
  /// - Parameters:
  ///   - x: The variables.
  ///   - product: P x.
  ///   - rows: The dual values of rows.
  /// - Returns: One number a variable.
  fileprivate func boundDuals(_ x: [Double], _ product: [Double], _ rows: [Double]) -> [Double] {
    var missing = product
    for i in x.indices { missing[i] += plain.linear[i] }
    for (row, price) in zip(plain.rows, rows) {
      for (i, a) in zip(row.indices, row.coefficients) { missing[i] -= a * price }
    }
    for (row, price) in zip(absolute, rows.dropFirst(plain.rows.count)) {
      for i in x.indices where x[i] != row.reference[i] {
        missing[i] -= row.coefficients[i] * (x[i] > row.reference[i] ? price : -price)
      }
    }
    for charge in costs.charges { for i in x.indices { missing[i] += charge.slope(x[i], i) } }
    return x.indices.map { i in
      let (lower, upper) = (plain.lowerBounds[i], plain.upperBounds[i])
      if lower == upper { return missing[i] }
      return x[i] == lower ? max(missing[i], 0) : x[i] == upper ? min(missing[i], 0) : 0
    }
  }

  /// The size of the terms of the objective.
  fileprivate func size(_ x: [Double], _ product: [Double]) -> Double {
    x.indices.reduce(0) {
      $0 + x[$1].magnitude * (product[$1].magnitude + plain.linear[$1].magnitude)
    }
  }
}

/// The certificates of all periods as one.
private struct PlanProof {
  private let universe: Universe
  private let iterations: Int
  private var primalResidual = 0.0
  private var dualResidual = 0.0
  private var relativeGap = 0.0
  private var (primal, dual, size) = (CompensatedSum(), CompensatedSum(), 0.0)
  /// What the costs of trades exceed their supports by.
  private var excess = 0.0
  private var worst: Certificate.Violation?
  private var (rows, bounds): ([Double], [Double]) = ([], [])
  private var (rowNames, variableNames): ([String], [String]) = ([], [])

  init(_ universe: Universe, stepCount: Int, iterations: Int) {
    self.universe = universe
    bounds.reserveCapacity(stepCount * universe.count)
    variableNames.reserveCapacity(stepCount * universe.count)
    self.iterations = iterations
  }

  /// Adds a period.
  ///
  /// - Parameters:
  ///   - claim: Its program with the slopes of trades.
  ///   - t: Its number.
  ///   - size: The size of its terms.
  ///   - offset: What the objective has beside that of the programs.
  ///   - missing: The cost of the trade less slopes times the trade.
  ///   - bound: The least that can be.
  mutating func add(
    _ claim: Solution<[Double]>,
    at t: Int,
    size: Double,
    offset: Double,
    missing: Double,
    bound: Double
  ) {
    let certificate = claim.certificate
    func larger(_ left: Double, _ right: Double) -> Double {
      left.isNaN || right.isNaN ? .nan : max(left, right)
    }
    primalResidual = larger(primalResidual, certificate.primalResidual)
    dualResidual = larger(dualResidual, certificate.dualResidual)
    relativeGap = larger(relativeGap, certificate.relativeGap)
    if let violation = certificate.worstViolation,
      violation.relative >= worst?.relative ?? 0
    {
      worst = violation
    }
    primal.add(certificate.primalObjective + offset)
    primal.add(missing)
    dual.add(certificate.dualObjective + offset)
    dual.add(bound)
    excess += missing - bound
    self.size += size
    rows += claim.duals.rows
    bounds += claim.duals.bounds
    let place = "[\(t)]"
    for name in claim.duals.rowNames { rowNames.append(name + place) }
    for asset in universe.assets { variableNames.append(asset.rawValue + place) }
  }

  /// The gap of the whole is at most the largest relative one of a period, and what trades add.
  var certificate: Certificate {
    Certificate(
      primalResidual: primalResidual, dualResidual: dualResidual,
      relativeGap: relativeGap + (excess == 0 ? 0 : excess.magnitude / size),
      primalObjective: primal.value, dualObjective: dual.value, worstViolation: worst,
      iterations: iterations)
  }

  var duals: Duals {
    Duals(rows: rows, bounds: bounds, rowNames: rowNames, variableNames: variableNames)
  }
}
