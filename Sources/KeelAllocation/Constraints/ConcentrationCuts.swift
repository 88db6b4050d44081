// Goals: (1) every choice under constraints takes the limit, and its proof stays that of linear rows; (2) limits that
// do not bind change no bit; (3) few rounds.
//
// The sum of the k largest |w| is the largest of the sums ± w over all sets of k assets. Sets that a portfolio
// exceeds become rows, and the choice is made again (Kelley, The cutting-plane method for solving convex programs, 1960).
// There are finitely many; a portfolio that is best under some of the rows and exceeds none is best under all.
// Weights tie at the optimum, and every way to order them is another set: the guess which ones tie comes first.

import KeelData
import KeelNumerics
import KeelOptimization

/// A choice under constraints that can be made again under others.
protocol ConstrainedChoice {
  var constraints: PortfolioConstraints { get set }
}

extension MinimumVariance: ConstrainedChoice {}
extension MaximumUtility: ConstrainedChoice {}
extension TargetReturn: ConstrainedChoice {}
extension TargetRisk: ConstrainedChoice {}
extension TrackingError: ConstrainedChoice {}
extension MaximumSharpe: ConstrainedChoice {}
extension MaximumDiversification: ConstrainedChoice {}
extension EfficientFrontier: ConstrainedChoice {}
extension ConstrainedRiskBudgeting: ConstrainedChoice {}
extension RobustUtility: ConstrainedChoice {}
extension WassersteinExpectedShortfall: ConstrainedChoice {}
extension MinimumExpectedShortfall: ConstrainedChoice {}
extension MaximumReturnOverExpectedShortfall: ConstrainedChoice {}
extension MinimumRisk: ConstrainedChoice {}
extension MaximumReturnAtRisk: ConstrainedChoice {}
extension MaximumReturnOverRisk: ConstrainedChoice {}
extension RiskFrontier: ConstrainedChoice {}
extension MaximumGrowth: ConstrainedChoice {}
extension MaximumGrowthAtDrawdown: ConstrainedChoice {}
extension MultiPeriodUtility: ConstrainedChoice {}
extension DiscreteUtility: ConstrainedChoice {
  var constraints: PortfolioConstraints {
    get { utility.constraints }
    set { utility.constraints = newValue }
  }
}

extension ConstrainedChoice {
  /// The choice under limits on sums of largest weights.
  ///
  /// - Parameters:
  ///   - universe: The assets.
  ///   - weights: The weights of an answer, all those that must keep the limits.
  ///   - shortcut: From an answer that exceeds the only limit to one under it; nil where that fails.
  ///   - solve: Makes the choice under constraints without such limits.
  /// - Returns: The answer and the rows of its last round; nil without such limits.
  /// - Throws: What `solve` throws, with the names of the limits, and ``AllocationError`` for limits that
  ///   mean nothing.
  func cut<Answer>(
    over universe: Universe,
    weights: (Answer) -> [Weights],
    shortcut: (Self, ConcentrationConstraint, Answer) throws(AllocationError) -> Answer? = {
      (_, _, _) throws(AllocationError) in nil
    },
    _ solve: (Self) throws(AllocationError) -> Answer
  ) throws(AllocationError) -> (answer: Answer, cuts: ConcentrationCuts)? {
    if !constraints.concentration.contains(where: \.isLargest) { return nil }
    try constraints.checkConcentration(over: universe)
    var cuts = ConcentrationCuts(constraints)
    var choice = self
    choice.constraints = cuts.constraints
    let unlimited = choice
    while true {
      choice.constraints = cuts.constraints
      let answer: Answer
      do throws(AllocationError) {
        answer = try solve(choice)
      } catch {
        if case .unbounded = error, try cuts.addBounds(over: universe) { continue }
        throw cuts.translated(error)
      }
      if try !cuts.add(below: weights(answer)) { return (answer, cuts) }
      if let limit = cuts.limitToGuess, let best = try shortcut(unlimited, limit, answer) {
        cuts.replaceRows()
        return (best, cuts)
      }
    }
  }

  /// The choice under limits on sums of largest weights, each with one dual value.
  ///
  /// - Parameters:
  ///   - universe: The assets.
  ///   - weights: The weights of a value.
  ///   - solve: Makes the choice under constraints without such limits.
  /// - Returns: The solution; nil without such limits.
  /// - Throws: What ``cut(over:weights:_:)`` throws.
  func limited<Value>(
    over universe: Universe,
    weights: (Value) -> Weights,
    _ solve: (Self) throws(AllocationError) -> Solution<Value>
  ) throws(AllocationError) -> Solution<Value>? {
    let found = try cut(
      over: universe, weights: { [weights($0.value)] },
      shortcut: { (choice, limit, answer) throws(AllocationError) in
        try choice.tied(limit, from: answer, weights: weights, solve)
      }, solve)
    return found.map { $0.cuts.merged($0.answer) }
  }

  /// The same for the weights of a quadratic program.
  ///
  /// - Parameters:
  ///   - universe: The assets.
  ///   - settings: The limits of the solver.
  ///   - program: The program of the choice; nil where it has more than one.
  ///   - solve: Makes the choice under constraints without such limits.
  /// - Returns: The solution; nil without such limits.
  /// - Throws: What ``cut(over:weights:shortcut:_:)`` throws.
  func limited(
    over universe: Universe,
    settings: QuadraticSolver.Settings,
    program: (Self) throws(AllocationError) -> PortfolioProgram?,
    _ solve: (Self) throws(AllocationError) -> Solution<Weights>
  ) throws(AllocationError) -> Solution<Weights>? {
    let found = try cut(
      over: universe, weights: { [$0.value] },
      shortcut: { (choice, limit, answer) throws(AllocationError) in
        guard let program = try program(choice),
          let search = TiedWeights(program, limit, settings: settings)
        else { return try choice.tied(limit, from: answer, weights: \.self, solve) }
        let best = try search.solution(
          from: answer.value.values, position: 1 + choice.constraints.linear.count)
        return try best?.map { (values) throws(AllocationError) in
          try Translation.weights(values, over: universe)
        }
      }, solve)
    return found.map { $0.cuts.merged($0.answer) }
  }

  /// The choice under one limit on largest weights, by corrected guesses which weights tie.
  ///
  /// - Parameters:
  ///   - limit: The limit, which is not among the constraints.
  ///   - answer: The choice without it.
  ///   - weights: The weights of a value.
  ///   - solve: Makes the choice.
  /// - Returns: The choice with a dual value of the limit after those of the linear constraints; nil where the
  ///   guesses do not lead to one.
  /// - Throws: ``AllocationError``.
  private func tied<Value>(
    _ limit: ConcentrationConstraint,
    from answer: Solution<Value>,
    weights: (Value) -> Weights,
    _ solve: (Self) throws(AllocationError) -> Solution<Value>
  ) throws(AllocationError) -> Solution<Value>? {
    let start = weights(answer.value)
    guard case .largest(let count) = limit.measure,
      var levels = WeightLevels(near: start.values, count: count, limit: limit.limit)
    else { return nil }
    for _ in 0..<TiedRows.rounds {
      let rows = TiedRows(levels, limit, start.universe)
      var choice = self
      choice.constraints.linear += rows.rows
      let best: Solution<Value>
      do throws(AllocationError) {
        best = try solve(choice)
      } catch {
        // Places that no portfolio has: the rows of sets of assets say more.
        return nil
      }
      let first = 1 + constraints.linear.count
      guard let shares = rows.shares(best.duals, from: first) else { return nil }
      let found = weights(best.value).values
      if levels.assets(.level).isEmpty {
        if levels.isRanked(found) { return rows.merged(best, from: first) }
        guard let next = WeightLevels(near: found, count: count, limit: limit.limit) else {
          return nil
        }
        levels = next
        continue
      }
      let moved = levels.correct(
        weights: found, shares: shares, tolerance: TiedRows.shareTolerance)
      guard let moved else { return nil }
      if moved > 0 { continue }
      let excess = limit.value(of: weights(best.value)) - limit.limit
      return excess <= ConcentrationCuts.accuracy * limit.limit
        ? rows.merged(best, from: first) : nil
    }
    return nil
  }
}

extension ConcentrationConstraint {
  /// Whether the k largest weights are limited.
  var isLargest: Bool {
    if case .largest = measure { true } else { false }
  }
}

/// The rows that stand for limits on sums of largest weights.
struct ConcentrationCuts {
  /// The constraints with rows in the place of the limits.
  private(set) var constraints: PortfolioConstraints
  private let limits: [ConcentrationConstraint]
  /// The rows before those of the limits, the budget among them.
  private let firstRow: Int
  /// For each row the position of its limit.
  private var sources: [Int] = []
  /// For each row the rounds since an answer met it.
  private var idleRounds: [Int] = []
  private var rowNames: Set<String> = []
  /// The rows that were taken away once.
  private var dropped: Set<String> = []
  private var rounds = 0
  /// A mean of the answers so far, the last ones first.
  private var center: [Double] = []
  private var lastExcess = Double.infinity
  private var hasBounds = false

  /// Rounds at most; they seldom take more than fifty.
  private static let maximumRounds = 2000

  /// The last round with a guess.
  private static let lastGuess = 64

  private static let weightOfLast = 0.3
  private static let patience = 5

  /// What a solver may leave of a row, relative to the limit.
  static let accuracy = 1e-8

  init(_ constraints: PortfolioConstraints) {
    self.constraints = constraints
    limits = constraints.concentration.filter(\.isLargest)
    firstRow = 1 + constraints.linear.count
    self.constraints.concentration.removeAll(where: \.isLargest)
  }

  /// Adds a row for each limit and portfolio that exceeds it by more than rounding.
  ///
  /// - Parameter portfolios: The portfolios of an answer.
  /// - Returns: Whether there are new rows.
  /// - Throws: ``AllocationError/notSolved(status:certificate:)`` after too many rounds.
  mutating func add(below portfolios: [Weights]) throws(AllocationError) -> Bool {
    var worst = 0.0
    var found: [(row: LinearConstraint, source: Int)] = []
    func consider(_ row: LinearConstraint, _ source: Int, exceeding excess: Double) {
      if rowNames.contains(row.name) || found.contains(where: { $0.row.name == row.name }) {
        return
      }
      found.append((row, source))
      worst = max(worst, excess / max(limits[source].limit, excess))
    }
    for portfolio in portfolios {
      for (k, limit) in limits.enumerated() {
        let (row, value) = limit.row(of: portfolio)
        let rounding = Double(portfolio.values.count) * .ulpOfOne * max(value, limit.limit)
        if value - limit.limit <= rounding { continue }
        consider(row, k, exceeding: value - limit.limit)
        // The largest weights of the answers so far change less from round to round.
        if center.count == portfolio.values.count {
          let (row, _) = limit.row(
            of: try Translation.weights(center, over: portfolio.universe))
          let excess = row.value(of: portfolio) - limit.limit
          if excess > rounding { consider(row, k, exceeding: excess) }
        }
      }
    }
    if portfolios.count == 1, let portfolio = portfolios.first {
      let w = portfolio.values
      center = center.isEmpty ? w : zip(center, w).map { $0 + Self.weightOfLast * ($1 - $0) }
    }
    // What an inexact solver leaves is no reason for ever more rows.
    if worst <= Self.accuracy, worst > lastExcess / 2 { return false }
    lastExcess = worst
    rounds += 1
    guard rounds <= Self.maximumRounds else {
      throw .notSolved(
        status: .iterationLimit,
        certificate: Certificate(
          primalResidual: worst, dualResidual: .nan, relativeGap: .nan, primalObjective: .nan,
          dualObjective: .nan, worstViolation: nil, iterations: rounds))
    }
    if found.isEmpty { return false }
    dropIdleRows(portfolios)
    for (row, source) in found {
      constraints.linear.append(row)
      sources.append(source)
      idleRounds.append(0)
      rowNames.insert(row.name)
    }
    return true
  }

  /// The only limit, in rounds that are worth a guess which weights tie: ever fewer.
  var limitToGuess: ConcentrationConstraint? {
    limits.count == 1 && rounds & (rounds - 1) == 0 && rounds <= Self.lastGuess ? limits.first : nil
  }

  /// Says that the answer has one dual value for the only limit.
  mutating func replaceRows() { sources = [0] }

  /// Takes away rows that no answer met for some rounds; one that comes back stays, so that the rounds end.
  private mutating func dropIdleRows(_ portfolios: [Weights]) {
    for k in sources.indices.reversed() {
      let row = constraints.linear[firstRow - 1 + k]
      let isIdle = portfolios.allSatisfy { row.value(of: $0) < row.upper * (1 - Self.accuracy) }
      idleRounds[k] = isIdle ? idleRounds[k] + 1 : 0
      if idleRounds[k] < Self.patience || !dropped.insert(row.name).inserted { continue }
      constraints.linear.remove(at: firstRow - 1 + k)
      sources.remove(at: k)
      idleRounds.remove(at: k)
      rowNames.remove(row.name)
    }
  }

  /// Adds bounds that the limits imply with room to spare, so that none of them holds an optimum.
  ///
  /// - Returns: Whether there are new bounds.
  mutating func addBounds(over universe: Universe) throws(AllocationError) -> Bool {
    if hasBounds { return false }
    hasBounds = true
    let least = limits.reduce(Double.infinity) { min($0, $1.limit) }
    let reach = least > 0 ? 2 * least : 1
    let (lower, upper) = try constraints.resolvedBounds(over: universe)
    var ranges: [AssetID: ClosedRange<Double>] = [:]
    for (i, asset) in universe.assets.enumerated() {
      let low = lower[i].isFinite ? lower[i] : min(-reach, upper[i])
      let high = upper[i].isFinite ? upper[i] : max(reach, lower[i])
      ranges[asset] = low...high
    }
    constraints.bounds = .byAsset(ranges, others: 0...0)
    return true
  }

  /// The error in the caller's names.
  func translated(_ error: AllocationError) -> AllocationError {
    guard case .infeasible(let names, let contradiction) = error else { return error }
    var result: [String] = []
    for name in names {
      let own = limitName(of: name) ?? name
      if !result.contains(own) { result.append(own) }
    }
    return .infeasible(constraints: result, contradiction: contradiction)
  }

  /// The limit that a row stands for, with the number of its period if it has one.
  private func limitName(of name: String) -> String? {
    for (row, k) in zip(constraints.linear.dropFirst(firstRow - 1), sources) {
      if name == row.name { return limits[k].name }
      if name.hasPrefix("\(row.name)[") {
        return limits[k].name + name.dropFirst(row.name.count)
      }
    }
    return nil
  }

  /// The solution of a plan with one dual value a limit and period, after all others.
  func merged<Value>(_ solution: Solution<Value>, periods: [Int]) -> Solution<Value> {
    let duals = solution.duals
    let ownNames = Set(periods.flatMap { t in limits.map { "\($0.name)[\(t)]" } })
    var sums: [String: Double] = [:]
    var rows: [Double] = []
    var names: [String] = []
    for (name, dual) in zip(duals.rowNames, duals.rows) {
      if let own = limitName(of: name), ownNames.contains(own) {
        sums[own, default: 0] += dual
      } else {
        rows.append(dual)
        names.append(name)
      }
    }
    for t in periods {
      for limit in limits {
        let name = "\(limit.name)[\(t)]"
        rows.append(sums[name] ?? 0)
        names.append(name)
      }
    }
    return Solution(
      value: solution.value, status: solution.status, certificate: solution.certificate,
      duals: Duals(
        rows: rows, bounds: duals.bounds, rowNames: names, variableNames: duals.variableNames))
  }

  /// The solution with one dual value a limit, after those of the linear constraints.
  func merged<Value>(_ solution: Solution<Value>) -> Solution<Value> {
    let duals = solution.duals
    var sums = limits.map { _ in 0.0 }
    for (row, k) in sources.enumerated() { sums[k] += duals.rows[firstRow + row] }
    let last = firstRow + sources.count
    return Solution(
      value: solution.value, status: solution.status, certificate: solution.certificate,
      duals: Duals(
        rows: duals.rows.prefix(firstRow) + sums + duals.rows.dropFirst(last),
        bounds: duals.bounds,
        rowNames: duals.rowNames.prefix(firstRow) + limits.map(\.name)
          + duals.rowNames.dropFirst(last),
        variableNames: duals.variableNames))
  }
}

extension ConcentrationConstraint {
  /// The row Σ ± w ≤ limit over the largest weights of a portfolio, and its value there; among equals the first
  /// in the universe count.
  func row(of portfolio: Weights) -> (row: LinearConstraint, value: Double) {
    guard case .largest(let count) = measure else {
      return (LinearConstraint(name, coefficients: [:]), 0)
    }
    let w = portfolio.values
    let order = w.indices.sorted {
      (w[$1].magnitude, $0) < (w[$0].magnitude, $1)
    }
    let largest = order.prefix(count).filter { w[$0] != 0 }.sorted()
    var coefficients: [AssetID: Double] = [:]
    var value = 0.0
    var labels: [String] = []
    for i in largest {
      let asset = portfolio.universe.assets[i]
      coefficients[asset] = w[i] < 0 ? -1 : 1
      value += w[i].magnitude
      labels.append(w[i] < 0 ? "-\(asset)" : "\(asset)")
    }
    let title = "\(name): \(labels.joined(separator: ", "))"
    return (LinearConstraint(title, coefficients: coefficients, upper: limit), value)
  }
}

extension LinearConstraint {
  /// The sum for a portfolio.
  fileprivate func value(of portfolio: Weights) -> Double {
    var sum = 0.0
    for (i, asset) in portfolio.universe.assets.enumerated() {
      if let coefficient = coefficients[asset] { sum += coefficient * portfolio.values[i] }
    }
    return sum
  }
}
