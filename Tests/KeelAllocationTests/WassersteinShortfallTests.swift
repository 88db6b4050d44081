import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Shortfalls for the worst law near scenarios, from cvxpy with Clarabel and from HiGHS.
struct WassersteinReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let outcomes: [[Double]]
  let probabilities: [Double]
  let confidence: Double
  let radius: Double
  let norm: String
  let low: Double?
  let high: Double?
  let target: Double?
  let shortfall: Double?
  let worst: Double?
  let weights: [Double]

  var testDescription: String { name }

  struct File: Decodable {
    let shortfalls: [WassersteinReference]
    let transports: [WassersteinReference]
  }

  static let file: File? = {
    do {
      return try Reference.load(File.self, "robust")
    } catch {
      Issue.record("\(error)")
      return nil
    }
  }()

  var distance: WassersteinExpectedShortfall.OutcomeDistance {
    switch norm {
    case "sum": .sum
    case "largest": .largest
    default: .euclidean
    }
  }

  var choice: WassersteinExpectedShortfall {
    WassersteinExpectedShortfall(
      confidence: confidence, radius: radius, distance: distance, targetReturn: target,
      constraints: PortfolioConstraints(bounds: .uniform((low ?? 0)...(high ?? 1))))
  }

  func scenarios(_ outcomes: [[Double]]) throws -> ScenarioSet {
    try ScenarioSet(
      universe: Market.universe(weights.count), outcomes: Matrix(rows: outcomes),
      probabilities: probabilities)
  }

  /// The move of outcomes of a size that costs weights most.
  func worstMove(_ w: [Double], size: Double) -> [Double] {
    switch distance {
    case .largest: return w.map { $0 >= 0 ? -size : size }
    case .euclidean:
      let norm = w.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return w.map { -size * $0 / norm }
    default:
      let most = w.indices.max { w[$0].magnitude < w[$1].magnitude }
      return w.indices.map { $0 == most ? (w[$0] >= 0 ? -size : size) : 0 }
    }
  }

  func size(_ move: [Double]) -> Double {
    switch distance {
    case .largest: move.reduce(0) { max($0, $1.magnitude) }
    case .euclidean: move.reduce(0) { $0 + $1 * $1 }.squareRoot()
    default: move.reduce(0) { $0 + $1.magnitude }
    }
  }
}

@Suite struct WassersteinShortfallTests {
  @Test func referencesArePresent() {
    #expect(WassersteinReference.file?.shortfalls.count == 24)
    #expect(WassersteinReference.file?.transports.count == 9)
  }

  @Test(arguments: WassersteinReference.file?.shortfalls ?? [])
  func matches(_ reference: WassersteinReference) throws {
    let scenarios = try reference.scenarios(reference.outcomes)
    let expected = try #require(reference.shortfall)
    let theirs = try Weights(universe: scenarios.universe, values: reference.weights)
    expectClose(
      try reference.choice.worstCase(of: theirs, scenarios: scenarios), expected, relative: 1e-7)
    let solution = try reference.choice.weights(scenarios: scenarios)
    let portfolio = solution.value
    #expect(solution.status == .optimal)
    #expect(solution.certificate.holds(tolerances(reference.distance)))
    expectClose(portfolio.worstCaseShortfall, expected, relative: 1e-7)
    #expect(portfolio.worstCaseShortfall <= expected + 1e-8 * expected.magnitude)
    #expect(portfolio.lowerBound <= portfolio.worstCaseShortfall)
    expectClose(portfolio.lowerBound, portfolio.worstCaseShortfall, relative: 1e-8, absolute: 1e-12)
    #expect(
      try portfolio.worstCaseShortfall
        == reference.choice.worstCase(of: portfolio.weights, scenarios: scenarios))
    expectClose(portfolio.weights.total, 1, absolute: 1e-12)
    let bounds = (try #require(reference.low), try #require(reference.high))
    for w in portfolio.weights.values { #expect(w >= bounds.0 && w <= bounds.1) }
    if let target = reference.target {
      #expect(portfolio.estimate.expectedReturn >= target - 1e-12)
    }
    expectClose(portfolio.estimate.scenarioShares.reduce(0, +), 1, absolute: 1e-9)
    for (share, p) in zip(portfolio.estimate.scenarioShares, reference.probabilities) {
      #expect(share >= 0 && share <= p / (1 - reference.confidence) + 1e-9)
    }
  }

  /// What the solver for a distance promises.
  private func tolerances(
    _ distance: WassersteinExpectedShortfall.OutcomeDistance
  ) -> Certificate.Tolerances {
    distance == .euclidean ? ConicProgram.symmetricTolerances : Certificate.optimalTolerances
  }

  /// The formula against laws whose mass a linear program moved over a grid.
  @Test(arguments: WassersteinReference.file?.transports ?? [])
  func isTheWorstLaw(_ reference: WassersteinReference) throws {
    let scenarios = try reference.scenarios(reference.outcomes)
    let weights = try Weights(universe: scenarios.universe, values: reference.weights)
    let worst = try reference.choice.worstCase(of: weights, scenarios: scenarios)
    let found = try #require(reference.worst)
    #expect(found <= worst + 1e-9)
    expectClose(found, worst, relative: 1e-7)
  }

  /// The tail moved against the weights is a law within the radius that attains the worst case, and no other
  /// move is worse.
  @Test(arguments: WassersteinReference.file?.shortfalls ?? [])
  func isAttainedAndNotExceeded(_ reference: WassersteinReference) throws {
    let scenarios = try reference.scenarios(reference.outcomes)
    let portfolio = try reference.choice.weights(scenarios: scenarios).value
    let w = portfolio.weights.values
    let tail = 1 - reference.confidence
    let order = reference.outcomes.indices.sorted {
      loss(reference.outcomes[$0], w) > loss(reference.outcomes[$1], w)
    }
    var moved: [[Double]] = []
    var masses: [Double] = []
    var left = tail
    for s in order {
      let share = min(left, reference.probabilities[s])
      left -= share
      let move = reference.worstMove(w, size: reference.radius / tail)
      moved.append(zip(reference.outcomes[s], move).map { $0 + $1 })
      masses.append(share)
      moved.append(reference.outcomes[s])
      masses.append(reference.probabilities[s] - share)
    }
    func shortfall(_ outcomes: [[Double]], _ masses: [Double]) throws -> Double {
      try EmpiricalDistribution(
        weights: portfolio.weights,
        scenarios: ScenarioSet(
          universe: scenarios.universe, outcomes: Matrix(rows: outcomes), probabilities: masses)
      ).expectedShortfall(confidence: reference.confidence)
    }
    expectClose(
      try shortfall(moved, masses), portfolio.worstCaseShortfall, relative: 1e-9, absolute: 1e-13)
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<30 {
      let moves = reference.outcomes.map { _ in w.map { _ in generator.gaussian() } }
      var cost = 0.0
      for (move, p) in zip(moves, reference.probabilities) { cost += p * reference.size(move) }
      let outcomes = zip(reference.outcomes, moves).map { row, move in
        zip(row, move).map { $0 + $1 * reference.radius / cost }
      }
      #expect(
        try shortfall(outcomes, reference.probabilities) <= portfolio.worstCaseShortfall + 1e-12)
    }
  }

  private func loss(_ outcomes: [Double], _ w: [Double]) -> Double {
    zip(outcomes, w).reduce(0) { $0 - $1.0 * $1.1 }
  }

  @Test(arguments: WassersteinReference.file?.shortfalls ?? [])
  func radiusZeroIsThePlainPortfolio(_ reference: WassersteinReference) throws {
    let scenarios = try reference.scenarios(reference.outcomes)
    var choice = reference.choice
    choice.radius = 0
    let plain = try MinimumExpectedShortfall(
      confidence: choice.confidence, targetReturn: choice.targetReturn,
      constraints: choice.constraints
    ).weights(scenarios: scenarios)
    let robust = try choice.weights(scenarios: scenarios)
    #expect(robust.value.estimate == plain.value)
    #expect(robust.value.worstCaseShortfall == plain.value.expectedShortfall)
  }

  /// Most scenarios are left out of the conic program, and the proof is over all of them.
  @Test(arguments: [1e-5, 1e-3, 0.1]) func manyScenariosAreProved(radius: Double) throws {
    var generator = SeededGenerator(seed: 12)
    let (count, width) = (700, 6)
    let outcomes = try Matrix(
      rowCount: count, columnCount: width,
      columnMajor: (0..<(count * width)).map {
        0.01 * Double($0 / count + 1) * generator.gaussian()
      })
    let scenarios = try ScenarioSet(universe: Market.universe(width), outcomes: outcomes)
    let choice = WassersteinExpectedShortfall(
      confidence: 0.95, radius: radius,
      constraints: PortfolioConstraints(bounds: .uniform(-0.3...0.8)))
    let solution = try choice.weights(scenarios: scenarios)
    #expect(solution.certificate.holds(ConicProgram.symmetricTolerances))
    let portfolio = solution.value
    expectClose(portfolio.lowerBound, portfolio.worstCaseShortfall, relative: 1e-8)
    // Any other allowed weights are worse.
    for _ in 0..<200 {
      var w = portfolio.weights.values
      let (i, j) = (Int(generator.next() % 6), Int(generator.next() % 6))
      let move = 0.02 * generator.uniform(-1...1)
      w[i] += move
      w[j] -= move
      guard w.allSatisfy({ $0 >= -0.3 && $0 <= 0.8 }) else { continue }
      let other = try choice.worstCase(
        of: Weights(universe: scenarios.universe, values: w), scenarios: scenarios)
      #expect(other >= portfolio.worstCaseShortfall - 1e-10)
    }
  }

  /// Scenarios that cannot happen change nothing.
  @Test func impossibleScenariosDoNotCount() throws {
    let reference = try #require(WassersteinReference.file?.shortfalls.first)
    let outcomes = reference.outcomes
    let crash = outcomes[0].map { _ in -0.9 }
    let more = try ScenarioSet(
      universe: Market.universe(reference.weights.count),
      outcomes: Matrix(rows: [crash] + outcomes + [crash]),
      probabilities: [0] + reference.probabilities + [0])
    for distance in [WassersteinExpectedShortfall.OutcomeDistance.sum, .euclidean, .largest] {
      let choice = WassersteinExpectedShortfall(
        confidence: 0.9, radius: 0.001, distance: distance,
        constraints: PortfolioConstraints(bounds: .uniform(-0.3...0.8)))
      let a = try choice.weights(scenarios: reference.scenarios(outcomes)).value
      let b = try choice.weights(scenarios: more).value
      expectClose(a.worstCaseShortfall, b.worstCaseShortfall, relative: 1e-9)
      #expect(
        b.estimate.scenarioShares[0] == 0 && b.estimate.scenarioShares.count == outcomes.count + 2)
    }
  }

  /// Far laws leave only the norm: equal weights for the largest |w| and for Σw².
  @Test func largeRadiusLeavesTheLeastNorm() throws {
    let reference = try #require(WassersteinReference.file?.shortfalls.first)
    let scenarios = try reference.scenarios(reference.outcomes)
    for distance in [WassersteinExpectedShortfall.OutcomeDistance.sum, .euclidean] {
      let portfolio = try WassersteinExpectedShortfall(
        confidence: 0.9, radius: 1e4, distance: distance
      ).weights(scenarios: scenarios).value
      for w in portfolio.weights.values {
        expectClose(w, 1 / Double(reference.weights.count), absolute: 1e-6)
      }
    }
  }

  /// Without shorts, the largest difference changes nothing but the figure.
  @Test func longOnlyIsPlainForTheLargestDifference() throws {
    let reference = try #require(WassersteinReference.file?.shortfalls.first)
    let scenarios = try reference.scenarios(reference.outcomes)
    let plain = try MinimumExpectedShortfall(confidence: 0.9).weights(scenarios: scenarios).value
    let robust = try WassersteinExpectedShortfall(
      confidence: 0.9, radius: 0.002, distance: .largest
    ).weights(scenarios: scenarios).value
    #expect(robust.weights == plain.weights)
    expectClose(robust.worstCaseShortfall, plain.expectedShortfall + 0.02, relative: 1e-12)
    expectClose(robust.lowerBound, robust.worstCaseShortfall, relative: 1e-9)
  }

  @Test(arguments: hostileNumbers) func hostileNumbersAreAnswered(number: Double) throws {
    let reference = try #require(WassersteinReference.file?.shortfalls.first)
    let scenarios = try reference.scenarios(reference.outcomes)
    for distance in [WassersteinExpectedShortfall.OutcomeDistance.sum, .euclidean, .largest] {
      let choices = [
        WassersteinExpectedShortfall(confidence: 0.9, radius: number, distance: distance),
        WassersteinExpectedShortfall(confidence: number, radius: 0.001, distance: distance),
        WassersteinExpectedShortfall(
          confidence: 0.9, radius: 0.001, distance: distance, targetReturn: number),
        WassersteinExpectedShortfall(
          confidence: 0.9, radius: number, distance: distance,
          constraints: PortfolioConstraints(bounds: .uniform(-1...1))),
      ]
      for choice in choices {
        do throws(AllocationError) {
          let solution = try choice.weights(scenarios: scenarios)
          #expect(solution.certificate.holds(tolerances(distance)))
        } catch {
          if case .invalidValue(_, _, let got, _) = error, number.isNaN { #expect(got.isNaN) }
        }
      }
    }
  }

  @Test func errorsAreNamed() throws {
    let reference = try #require(WassersteinReference.file?.shortfalls.first)
    let scenarios = try reference.scenarios(reference.outcomes)
    for distance in [WassersteinExpectedShortfall.OutcomeDistance.sum, .euclidean, .largest] {
      var choice = WassersteinExpectedShortfall(
        confidence: 0.9, radius: 0.001, distance: distance, targetReturn: 10)
      do throws(AllocationError) {
        _ = try choice.weights(scenarios: scenarios)
        Issue.record("a target out of reach was reached")
      } catch {
        guard case .infeasible(let names, _) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(names.contains(MinimumExpectedShortfall.targetReturnName))
      }
      choice.targetReturn = nil
      // Names that the method would use itself.
      choice.constraints = PortfolioConstraints(
        bounds: .uniform(-0.5...0.8),
        linear: ["bounds", "norm", "excess", "A0 long", "A0 short", "A0 sold", "largest weight"]
          .map { LinearConstraint($0, coefficients: ["A0": 1], upper: 0.7) })
      #expect(try choice.weights(scenarios: scenarios).status == .optimal)
      choice.constraints.absolute = [.gross(limit: 1)]
      #expect(
        throws: AllocationError.invalidValue(
          argument: "absolute", asset: nil, got: 1, allowed: 0...0)
      ) { try choice.weights(scenarios: scenarios) }
    }
  }
}
