import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Ten thousand random sets of constraints: weights that satisfy every one of them, or names of some that clash.
@Suite struct RandomConstraintSetsTests {
  /// What a set is solved for.
  enum Choice: Int, CaseIterable, CustomTestStringConvertible {
    case variance, utility, costs, targetReturn, tracking, shortfall, deviation, positions
    case targetRisk, activeRisk, returnAtRisk

    /// Whether it takes a limit on the sum of squares.
    var takesSquares: Bool {
      switch self {
      case .variance, .utility, .costs, .targetReturn: true
      default: false
      }
    }

    /// Whether it has a limit on a risk.
    var hasRisk: Bool { self == .targetRisk || self == .activeRisk || self == .returnAtRisk }

    var testDescription: String { "\(self)" }
  }

  #if DEBUG
    static let count = 40
  #else
    /// For each of eleven choices: 10 010 in all.
    static let count = 910
  #endif

  private struct Sample {
    let mean: ExpectedReturns
    let covariance: Covariance
    let scenarios: ScenarioSet
    let held: Weights
    var constraints: PortfolioConstraints
    var target = 0.0
    /// The limit on a volatility, a tracking error or an expected shortfall.
    var risk = 0.0
  }

  private func sample(_ choice: Choice, seed: Int) throws -> Sample {
    var generator = SeededGenerator(seed: UInt64(seed) &* 16 &+ UInt64(choice.rawValue))
    let n = 2 + Int(generator.next() % 6)
    let (mean, covariance) = try Market.factorModel(count: n, seed: seed * 16 + choice.rawValue)
    let universe = covariance.universe
    let raw = (0..<n).map { _ in generator.uniform(0...1) }
    let total = raw.reduce(0, +)
    let held = try Weights(universe: universe, values: raw.map { $0 / total })
    var rows: [Double] = []
    for _ in 0..<(25 * n) { rows.append(generator.uniform(-0.1...0.11)) }
    let scenarios = try ScenarioSet(
      universe: universe,
      outcomes: try Matrix(rowCount: 25, columnCount: n, columnMajor: rows))
    let isShort = generator.uniform() < 0.4
    var ranges: [AssetID: ClosedRange<Double>] = [:]
    for asset in universe.assets where generator.uniform() < 0.5 {
      let low = isShort ? generator.uniform(-0.6...0.3) : generator.uniform(0...0.35)
      ranges[asset] = low...(low + generator.uniform(0...0.8))
    }
    let others = isShort ? -0.5...0.7 : 0...generator.uniform(0.2...1)
    var linear: [LinearConstraint] = []
    for k in 0..<Int(generator.next() % 4) {
      var coefficients: [AssetID: Double] = [:]
      for asset in universe.assets where generator.uniform() < 0.6 {
        coefficients[asset] = generator.uniform() < 0.5 ? 1 : generator.uniform(-2...2)
      }
      let center = generator.uniform(-0.2...0.8)
      let width = generator.uniform() < 0.2 ? 0 : generator.uniform(0...0.6)
      linear.append(
        LinearConstraint(
          "row \(k)", coefficients: coefficients,
          lower: generator.uniform() < 0.3 ? -.infinity : center,
          upper: generator.uniform() < 0.3 ? .infinity : center + width))
    }
    var absolute: [AbsoluteConstraint] = []
    if generator.uniform() < 0.4 {
      absolute.append(.turnover(from: held, limit: generator.uniform(0...0.8)))
    }
    if isShort && generator.uniform() < 0.6 {
      absolute.append(.gross(limit: generator.uniform(0.6...2)))
    }
    var concentration: [ConcentrationConstraint] = []
    if generator.uniform() < 0.4 {
      let most = 1 + Int(generator.next() % UInt64(n))
      concentration.append(
        .largest(most, limit: generator.uniform(0.6...1.6) * Double(most) / Double(n)))
    }
    if choice.takesSquares && generator.uniform() < 0.4 {
      concentration.append(.effectiveAssets(atLeast: generator.uniform(0.4...1.1) * Double(n)))
    }
    let budget = generator.uniform() < 0.7 ? 1 : generator.uniform(-0.2...1.2)
    return Sample(
      mean: mean, covariance: covariance, scenarios: scenarios, held: held,
      constraints: PortfolioConstraints(
        bounds: .byAsset(ranges, others: others), budget: budget, linear: linear,
        absolute: absolute, concentration: concentration),
      target: generator.uniform(-0.001...0.002), risk: generator.uniform(0.005...0.05))
  }

  private func weights(_ choice: Choice, _ sample: Sample) throws(AllocationError) -> Weights {
    let (mean, covariance) = (sample.mean, sample.covariance)
    switch choice {
    case .variance:
      return try MinimumVariance(constraints: sample.constraints)
        .weights(covariance: covariance).value
    case .utility:
      return try MaximumUtility(riskAversion: 4, constraints: sample.constraints)
        .weights(expectedReturns: mean, covariance: covariance).value
    case .costs:
      let costs = TradingCosts(
        from: sample.held, buying: .uniform(0.002), selling: .uniform(0.001), spreadOver: 4)
      return try MaximumUtility(riskAversion: 4, constraints: sample.constraints, costs: costs)
        .weights(expectedReturns: mean, covariance: covariance).value
    case .targetReturn:
      return try TargetReturn(sample.target, constraints: sample.constraints)
        .weights(expectedReturns: mean, covariance: covariance).value
    case .tracking:
      return try TrackingError(to: sample.held, constraints: sample.constraints)
        .weights(covariance: covariance).value
    case .shortfall:
      return try MinimumRisk(.expectedShortfall(confidence: 0.8), constraints: sample.constraints)
        .weights(scenarios: sample.scenarios).weights
    case .deviation:
      return try MinimumRisk(.meanAbsoluteDeviation, constraints: sample.constraints)
        .weights(scenarios: sample.scenarios).weights
    case .positions:
      return try DiscreteUtility(
        MaximumUtility(riskAversion: 4, constraints: sample.constraints),
        counts: [PositionCount("positions", atMost: 3)]
      ).weights(expectedReturns: mean, covariance: covariance).weights
    case .targetRisk, .activeRisk:
      return try TargetRisk(
        volatility: sample.risk, benchmark: choice == .activeRisk ? sample.held : nil,
        constraints: sample.constraints
      ).weights(expectedReturns: mean, covariance: covariance).value.weights
    case .returnAtRisk:
      return try MaximumReturnAtRisk(
        .expectedShortfall(confidence: 0.8), limit: sample.risk, constraints: sample.constraints
      ).weights(scenarios: sample.scenarios).weights
    }
  }

  /// The risk that a limit is on; zero for choices without one.
  private static func risk(
    of weights: Weights, _ choice: Choice, _ sample: Sample
  ) throws -> Double {
    switch choice {
    case .targetRisk, .activeRisk:
      let start = choice == .activeRisk ? sample.held.values : weights.values.map { _ in 0 }
      let active = zip(weights.values, start).map { $0 - $1 }
      let product = sample.covariance.product(with: active)
      return zip(active, product).reduce(0) { $0 + $1.0 * $1.1 }.squareRoot()
    case .returnAtRisk:
      let law = try EmpiricalDistribution(weights: weights, scenarios: sample.scenarios)
      return try SampleRiskMeasure.expectedShortfall(confidence: 0.8).risk(of: law).value
    default: return 0
    }
  }

  /// What no allowed portfolio has less risk than, proved; infinite where the limits clash, which another program proves.
  private static func leastRisk(_ choice: Choice, _ sample: Sample) throws -> Double {
    do throws(AllocationError) {
      return try leastRiskOfAll(choice, sample)
    } catch {
      guard case .infeasible(let names, _) = error else { throw error }
      let least = try leastViolation(of: names, in: sample, choice)
      return least > 1e-13 ? .infinity : -.infinity
    }
  }

  private static func leastRiskOfAll(
    _ choice: Choice, _ sample: Sample
  ) throws(AllocationError) -> Double {
    switch choice {
    case .targetRisk:
      let least = try MinimumVariance(constraints: sample.constraints)
        .weights(covariance: sample.covariance).certificate.dualObjective
      return (2 * max(least, 0)).squareRoot()
    case .activeRisk:
      let least = try TrackingError(to: sample.held, constraints: sample.constraints)
        .weights(covariance: sample.covariance)
      // The certificate's objective is half the square.
      return (2 * max(least.certificate.dualObjective, 0)).squareRoot()
    default:
      return try MinimumRisk(.expectedShortfall(confidence: 0.8), constraints: sample.constraints)
        .weights(scenarios: sample.scenarios).lowerBound
    }
  }

  @Test(arguments: Choice.allCases) func noSetIsSilentlyRelaxed(choice: Choice) throws {
    var (solved, refused) = (0, 0)
    for seed in 0..<Self.count {
      let sample = try sample(choice, seed: seed)
      let label: Comment = "\(choice) seed \(seed)"
      do throws(AllocationError) {
        let weights = try weights(choice, sample)
        solved += 1
        let fault = Self.fault(of: weights, in: sample.constraints)
        #expect(fault == nil, label)
        if choice == .positions { #expect(weights.values.filter { $0 != 0 }.count <= 3, label) }
        if choice == .targetReturn {
          let reached = zip(weights.values, sample.mean.values).reduce(0) { $0 + $1.0 * $1.1 }
          #expect(reached >= sample.target - 1e-14, label)
        }
        let risk = (try? Self.risk(of: weights, choice, sample)) ?? .nan
        #expect(risk <= sample.risk * (1 + 1e-12), label)
      } catch {
        refused += 1
        switch error {
        case .infeasible(let names, let contradiction):
          #expect(!names.isEmpty && contradiction > 0, label)
          let least = try Self.leastViolation(of: names, in: sample, choice)
          #expect(least > 1e-13, "\(label): \(names) miss each other by \(least)")
        case .targetUnreachable where choice == .targetReturn:
          let least = try Self.leastViolation(
            of: Self.names(sample) + [TargetReturn.rowName], in: sample, choice)
          #expect(least > 1e-13, label)
        case .targetUnreachable where choice.hasRisk:
          #expect(try Self.leastRisk(choice, sample) > sample.risk * (1 - 1e-9), label)
        case .noDiscretePortfolio where choice == .positions:
          #expect(try !Self.hasFewPositions(sample), label)
        default: Issue.record("\(label): \(error)")
        }
      }
    }
    // Both kinds are frequent.
    #expect(solved > Self.count / 10 && refused > Self.count / 20, "\(solved) \(refused)")
  }

  /// What weights violate, beyond the rounding of sums; bounds have none.
  private static func fault(of weights: Weights, in constraints: PortfolioConstraints) -> String? {
    let universe = weights.universe
    let w = weights.values
    let ulps = 2 * Double.ulpOfOne * Double(w.count)
    for (asset, weight) in zip(universe.assets, w) {
      let bounds = constraints.bounds.interval(of: asset)
      if !bounds.contains(weight) { return "\(asset): \(weight) beside \(bounds)" }
    }
    let size = w.reduce(0) { $0 + $1.magnitude }
    if (w.reduce(0, +) - constraints.budget).magnitude
      > ulps * max(size, constraints.budget.magnitude)
    {
      return "budget \(w.reduce(0, +) - constraints.budget)"
    }
    for row in constraints.linear {
      var (value, size) = (0.0, 0.0)
      for (asset, coefficient) in row.coefficients {
        let term = coefficient * w[universe.position(of: asset) ?? 0]
        value += term
        size += term.magnitude
      }
      let slack = 8 * ulps * max(size, 1)
      if value < row.lower - slack || value > row.upper + slack { return "\(row.name) \(value)" }
    }
    for row in constraints.absolute {
      let reference = row.reference?.values ?? w.map { _ in 0 }
      let value = zip(w, reference).reduce(0) { $0 + ($1.0 - $1.1).magnitude }
      if value > row.limit + 8 * ulps * (1 + size) { return "\(row.name) \(value - row.limit)" }
    }
    for row in constraints.concentration {
      let excess = row.value(of: weights) - row.limit
      if excess > 8 * ulps * (1 + size) { return "\(row.name) \(excess)" }
    }
    return nil
  }

  /// The least t by which all named limits must be moved to agree: a program that always has a solution.
  private static func leastViolation(
    of names: [String],
    in sample: Sample,
    _ choice: Choice,
    fixing zeros: Set<Int> = []
  ) throws -> Double {
    let universe = sample.covariance.universe
    let n = universe.count
    let limits = sample.constraints
    // Weights, distances of each limit on them, and t.
    // Parts of the largest weights: their threshold, magnitudes and excesses.
    let largest = limits.concentration.filter { $0.measure != .squares }
    let firstPart = n + n * limits.absolute.count
    let count = firstPart + (1 + 2 * n) * largest.count + 1
    let t = count - 1
    var rows: [LinearRow] = []
    func add(_ name: String, _ entries: [(Int, Double)], _ lower: Double, _ upper: Double) {
      guard names.contains(name) else { return }
      var above = [Double](repeating: 0, count: count)
      for (i, a) in entries { above[i] = a }
      var below = above
      above[t] = -1
      below[t] = 1
      if upper < .infinity {
        rows.append(LinearRow("\(name) \(rows.count)", coefficients: above, upper: upper))
      }
      if lower > -.infinity {
        rows.append(LinearRow("\(name) \(rows.count)", coefficients: below, lower: lower))
      }
    }
    add(
      PortfolioConstraints.budgetName, (0..<n).map { ($0, 1) }, limits.budget, limits.budget)
    for row in limits.linear {
      add(
        row.name,
        row.coefficients.compactMap { entry in
          universe.position(of: entry.key).map { ($0, entry.value) }
        },
        row.lower, row.upper)
    }
    if choice == .targetReturn {
      add(
        TargetReturn.rowName, sample.mean.values.enumerated().map { ($0.offset, $0.element) },
        sample.target, .infinity)
    }
    for (k, row) in limits.absolute.enumerated() {
      let first = n + n * k
      for i in 0..<n {
        let reference = row.reference?.values[i] ?? 0
        rows.append(
          LinearRow(
            "up \(k) \(i)", indices: [i, first + i], coefficients: [-1, 1], lower: -reference))
        rows.append(
          LinearRow(
            "down \(k) \(i)", indices: [i, first + i], coefficients: [1, 1], lower: reference))
      }
      add(row.name, (0..<n).map { (first + $0, 1) }, -.infinity, row.limit)
    }
    for (k, row) in largest.enumerated() {
      guard case .largest(let most) = row.measure else { continue }
      // k s + Σ u with u ≥ |w| − s, u ≥ 0.
      let s = firstPart + (1 + 2 * n) * k
      for i in 0..<n {
        let (size, excess) = (s + 1 + i, s + 1 + n + i)
        for sign in [-1.0, 1] {
          rows.append(
            LinearRow(
              "size \(sign) \(k) \(i)", indices: [i, size], coefficients: [sign, 1], lower: 0))
        }
        rows.append(
          LinearRow(
            "excess \(k) \(i)", indices: [s, size, excess], coefficients: [1, -1, 1], lower: 0))
        rows.append(LinearRow("part \(k) \(i)", indices: [excess], coefficients: [1], lower: 0))
      }
      add(
        row.name, [(s, Double(most))] + (0..<n).map { (s + 1 + n + $0, 1) }, -.infinity, row.limit)
    }
    for (i, asset) in universe.assets.enumerated() {
      let bounds = limits.bounds.interval(of: asset)
      let isZero = zeros.contains(i)
      add(
        asset.rawValue, [(i, 1)], isZero ? max(bounds.lowerBound, 0) : bounds.lowerBound,
        isZero ? min(bounds.upperBound, 0) : bounds.upperBound)
    }
    var linear = [Double](repeating: 0, count: count)
    linear[t] = 1
    var lower = [Double](repeating: -100, count: count)
    lower[t] = 0
    let program = try QuadraticProgram(
      quadratic: .diagonal([Double](repeating: 0, count: count)), linear: linear,
      lowerBounds: lower, upperBounds: [Double](repeating: 100, count: count), rows: rows)
    let solution = try QuadraticSolver().solve(program)
    try #require(solution.status == .optimal)
    let least = solution.value[t]
    guard least <= 1e-13,
      let squares = limits.concentration.first(where: { $0.measure == .squares }),
      names.contains(squares.name)
    else { return least }
    // All others agree: what their least sum of squares has beyond the limit.
    let size = (0..<count).map { $0 < n ? 2.0 : 0 }
    var upper = [Double](repeating: 100, count: count)
    upper[t] = 1e-12
    let spread = try QuadraticSolver().solve(
      QuadraticProgram(
        quadratic: .diagonal(size), lowerBounds: lower, upperBounds: upper, rows: rows))
    try #require(spread.status == .optimal)
    return spread.certificate.dualObjective - squares.limit
  }

  /// The names of all constraints.
  private static func names(_ sample: Sample) -> [String] {
    sample.covariance.universe.assets.map(\.rawValue) + [PortfolioConstraints.budgetName]
      + sample.constraints.linear.map(\.name) + sample.constraints.absolute.map(\.name)
      + sample.constraints.concentration.map(\.name)
  }

  /// Whether three positions satisfy everything, by all sets of three.
  private static func hasFewPositions(_ sample: Sample) throws -> Bool {
    let universe = sample.covariance.universe
    let names = names(sample)
    for set in 0..<(1 << universe.count) where set.nonzeroBitCount <= 3 {
      let zeros = Set((0..<universe.count).filter { set >> $0 & 1 == 0 })
      if try leastViolation(of: names, in: sample, .positions, fixing: zeros) <= 1e-13 {
        return true
      }
    }
    return false
  }
}

extension PortfolioConstraints.Bounds {
  /// The interval of an asset.
  fileprivate func interval(of asset: AssetID) -> ClosedRange<Double> {
    switch self {
    case .uniform(let range): range
    case .byAsset(let ranges, let others): ranges[asset] ?? others
    }
  }
}
