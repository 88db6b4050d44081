import KeelData
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Graphs without dependencies that lead back, trees of any size, and failures together with markets.
@Suite struct ProtocolGraphsTests {
  private struct Case: Decodable {
    struct Tail: Decodable {
      var tail, shortfall, value: Double
      var parts: [Double]
    }
    struct Level: Decodable { var loss, probability: Double }
    struct Market: Decodable {
      var losses, weights, parts: [Double]
      var shortfall, value, expected: Double
    }
    var isTree: Bool
    var years, expected, expectedGivenFirst: Double
    var protocols: [ProtocolReference.Known]
    var links: [ProtocolReference.Link]
    var probabilities, failureProbabilities: [Double]
    var lossProbabilities: [Level]
    var tails: [Tail]
    var market: Market

    func failures() throws -> ProtocolFailures {
      try ProtocolReference.failures(protocols, links)
    }
  }
  private struct File: Decodable { var cases: [Case] }

  private static func references() throws -> [Case] {
    try Reference.load(File.self, "protocol_graphs").cases
  }

  /// Rare failures of several protocols keep their digits.
  @Test func setsMatchReferences() throws {
    for reference in try Self.references() {
      let losses = try reference.failures().distribution(within: reference.years)
      var found = [Double](repeating: 0, count: reference.probabilities.count)
      for atom in losses.atoms { found[Int(atom.failed)] = atom.probability }
      for (value, expected) in zip(found, reference.probabilities) {
        expectClose(value, expected, relative: 1e-14)
      }
      expectClose(losses.expectedLoss, reference.expected, relative: 1e-14)
      for (part, expected) in zip(losses.failureProbabilities, reference.failureProbabilities) {
        expectClose(part.value, expected, relative: 1e-14)
      }
      expectClose(
        try losses.expectedLoss(givenFailureOf: "P0"), reference.expectedGivenFirst,
        relative: 1e-13)
      for tail in reference.tails {
        expectClose(
          try losses.expectedShortfall(tailProbability: tail.tail), tail.shortfall,
          relative: 1e-12)
        for (part, expected) in zip(
          try losses.shortfallContributions(tailProbability: tail.tail), tail.parts)
        {
          expectClose(part.value, expected, relative: 1e-12, absolute: 1e-13)
        }
      }
    }
  }

  @Test func treesMatchReferences() throws {
    for reference in try Self.references() where reference.isTree {
      let losses = try reference.failures()
        .treeDistribution(within: reference.years, lossUnit: 0.5)
      #expect(losses.losses == reference.protocols.map(\.loss))
      var expected = [Double](repeating: 0, count: losses.probabilities.count)
      for level in reference.lossProbabilities { expected[Int(level.loss * 2)] = level.probability }
      for (value, probability) in zip(losses.probabilities, expected) {
        expectClose(value, probability, relative: 1e-13)
      }
      expectClose(losses.expectedLoss, reference.expected, relative: 1e-13)
      for (part, probability) in zip(
        losses.failureProbabilities, reference.failureProbabilities)
      {
        expectClose(part.value, probability, relative: 1e-13)
      }
      for tail in reference.tails {
        #expect(try losses.valueAtRisk(tailProbability: tail.tail) == tail.value)
        let parts = try losses.shortfallContributions(tailProbability: tail.tail)
        expectClose(
          try losses.expectedShortfall(tailProbability: tail.tail), tail.shortfall,
          relative: 1e-12)
        expectClose(parts.reduce(0) { $0 + $1.value }, tail.shortfall, relative: 1e-12)
        for (part, value) in zip(parts, tail.parts) {
          expectClose(part.value, value, relative: 1e-12, absolute: 1e-13)
        }
      }
    }
  }

  @Test func marketsJoinFailuresExactly() throws {
    for reference in try Self.references() {
      let losses = try reference.failures().distribution(within: reference.years)
      let market = reference.market
      let joint = try losses.joined(
        with: market.losses, probabilities: market.weights, tailProbability: 0.05)
      expectClose(joint.expectedLoss, market.expected, relative: 1e-13, absolute: 1e-14)
      #expect(joint.valueAtRisk == market.value)
      expectClose(joint.expectedShortfall, market.shortfall, relative: 1e-12)
      let parts = [joint.marketPart] + joint.protocolParts.map(\.value)
      expectClose(parts.reduce(0, +), joint.expectedShortfall, relative: 1e-12)
      for (part, expected) in zip(parts, market.parts) {
        expectClose(part, expected, relative: 1e-12, absolute: 1e-13)
      }
    }
  }

  /// A forest in which each protocol hangs on an earlier one of a random order, or on none.
  private static func forest(_ count: Int, seed: UInt64) throws -> ProtocolFailures {
    var generator = SeededGenerator(seed: seed)
    let names = (0..<count).map { "P\($0)" }.shuffled(using: &generator)
    var links: [FailureDependency] = []
    for place in 1..<count where generator.uniform() < 0.8 {
      let source = Int.random(in: 0..<place, using: &generator)
      links.append(
        FailureDependency(names[source], takes: names[place], probability: generator.uniform()))
    }
    return try ProtocolFailures(
      names.map {
        ProtocolHazard(
          $0, hazardPerYear: generator.uniform(0.001...0.2), lossGivenFailure: 0.5,
          exposure: Double(Int.random(in: 0...12, using: &generator)))
      }, dependencies: links)
  }

  /// Trees equal the enumeration of all sets, up to the largest number of them.
  @Test func treesEqualEnumeration() throws {
    #if DEBUG
      let sizes = [2, 5, 9, 11]
    #else
      let sizes = [2, 5, 9, 13, ProtocolFailures.acyclicLimit]
    #endif
    for (seed, count) in sizes.enumerated() {
      let failures = try Self.forest(count, seed: UInt64(seed + 7))
      let sets = try failures.distribution(within: 1)
      let tree = try failures.treeDistribution(within: 1, lossUnit: 0.5)
      var sums = [CompensatedSum](repeating: CompensatedSum(), count: tree.probabilities.count)
      for atom in sets.atoms { sums[Int(atom.loss * 2)].add(atom.probability) }
      for (sum, probability) in zip(sums, tree.probabilities) {
        expectClose(probability, sum.value, relative: 1e-12)
      }
      for tail in [0.001, 0.05] {
        for (part, other) in zip(
          try tree.shortfallContributions(tailProbability: tail),
          try sets.shortfallContributions(tailProbability: tail))
        {
          #expect(part.name == other.name)
          expectClose(part.value, other.value, relative: 1e-11, absolute: 1e-12)
        }
      }
    }
  }

  @Test func treesOfSixtyFourAreSimulated() throws {
    let failures = try Self.forest(64, seed: 5)
    let tree = try failures.treeDistribution(within: 1, lossUnit: 0.5)
    expectClose(tree.probabilities.reduce(0, +), 1, relative: 1e-13)
    expectClose(tree.probability(ofLossAtLeast: 0), 1, relative: 1e-13)
    let mean = zip(tree.failureProbabilities, tree.losses).reduce(0) { $0 + $1.0.value * $1.1 }
    expectClose(tree.expectedLoss, mean, relative: 1e-12)
    let count = 4000
    let simulated = try failures.simulatedDistribution(
      within: 1, scenarioCount: count, stream: RandomStream(seed: 11))
    for (left, right) in zip(tree.failureProbabilities, simulated.failureProbabilities) {
      let error = (left.value * (1 - left.value) / Double(count)).squareRoot()
      expectClose(right.value, left.value, absolute: 5 * error, left.name)
    }
    let spread = simulated.atoms.reduce(0) { $0 + $1.probability * $1.loss * $1.loss }
    expectClose(
      simulated.expectedLoss, tree.expectedLoss,
      absolute: 5 * (spread / Double(count)).squareRoot())
  }

  @Test func roundingMovesALossByHalfAUnit() throws {
    let failures = try ProtocolFailures([
      ProtocolHazard("A", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 10.2),
      ProtocolHazard("B", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 0.4),
    ])
    let losses = try failures.treeDistribution(within: 1, lossUnit: 1)
    #expect(losses.losses == [10, 0] && losses.probabilities.count == 11)
    expectClose(losses.probabilities[10], -expm1(-0.1), relative: 1e-15)
    #expect(try losses.valueAtRisk(tailProbability: 1) == 0)
  }

  @Test func whatIsNoTreeIsNamed() throws {
    let known = ["A", "B", "C"].map {
      ProtocolHazard($0, hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 1)
    }
    let twice = try ProtocolFailures(
      known,
      dependencies: [
        .init("A", takes: "C", probability: 0.5), .init("B", takes: "C", probability: 0.5),
      ])
    #expect(
      throws: RiskError.shapeMismatch(argument: "protocols that take C", got: 2, required: 1)
    ) { try twice.treeDistribution(within: 1, lossUnit: 1) }
    let ring = try ProtocolFailures(
      known,
      dependencies: [
        .init("A", takes: "B", probability: 0.5), .init("B", takes: "A", probability: 0.5),
      ])
    #expect(
      throws: RiskError.shapeMismatch(
        argument: "dependencies that lead back to A", got: 1, required: 0)
    ) { try ring.treeDistribution(within: 1, lossUnit: 1) }
    // A hangs on the ring and is not of it.
    let beside = try ProtocolFailures(
      known,
      dependencies: [
        .init("B", takes: "C", probability: 0.5), .init("C", takes: "B", probability: 0.5),
        .init("C", takes: "A", probability: 0.5),
      ])
    #expect(
      throws: RiskError.shapeMismatch(
        argument: "dependencies that lead back to B", got: 1, required: 0)
    ) { try beside.treeDistribution(within: 1, lossUnit: 1) }
    let plain = try ProtocolFailures(known)
    #expect(
      throws: RiskError.invalidValue(
        argument: "losses over lossUnit", got: 30_000, lowest: 0,
        highest: Double(ProtocolFailures.latticeLimit))
    ) { try plain.treeDistribution(within: 1, lossUnit: 1e-4) }
    for unit in [0, -1, Double.nan, .infinity, 1e-9] {
      #expect(throws: RiskError.self) { try plain.treeDistribution(within: 1, lossUnit: unit) }
    }
    let losses = try plain.distribution(within: 1)
    #expect(throws: RiskError.unknownProtocol("D")) { try losses.given(failureOf: "D") }
    #expect(throws: RiskError.self) {
      try plain.distribution(within: 0).given(failureOf: "A")
    }
    for market in [[], [Double.nan]] {
      #expect(throws: RiskError.self) { try losses.joined(with: market, tailProbability: 0.1) }
    }
    for tail in [0, 1, Double.nan] {
      #expect(throws: RiskError.self) { try losses.joined(with: [1], tailProbability: tail) }
    }
  }

  @Test func yieldsBreakEven() {
    let known = ProtocolHazard("A", hazardPerYear: 0.04, lossGivenFailure: 0.6, exposure: 1000)
    let safe = exp(0.03 * 2)
    for probability in [0, 0.05, 0.4, 0.999] {
      let yield = known.breakEvenYield(
        safeRate: 0.03, within: 2, failureProbability: probability)
      // The mean of what is left equals what is safe.
      expectClose((1 - probability * 0.6) * exp(yield * 2), safe, relative: 1e-14)
    }
    expectClose(
      known.breakEvenYield(safeRate: 0.03, within: 1, riskCharge: 0.01),
      0.04 - log(1 - 0.6 * (1 - exp(-0.04))), relative: 1e-13)
    #expect(known.breakEvenYield(safeRate: 0.03, within: 1, failureProbability: 0) == 0.03)
    let total = ProtocolHazard("B", hazardPerYear: 0, lossGivenFailure: 1, exposure: 1)
    #expect(
      total.breakEvenYield(safeRate: 0, within: 1, failureProbability: 1) == .infinity)
  }

  /// The line in a risk budget: means in closed form, limits of no and of certain failure.
  @Test func outcomesCountFailures() throws {
    let universe = try Universe(["BTC", "LENT", "POOL", "OTHER"])
    let market = try ScenarioSet(
      universe: universe,
      outcomes: Matrix(rows: [
        [-0.4, -0.3, -0.2, 0.1], [0.1, 0.05, 0.02, 0], [0.2, 0.1, 0.3, -0.1],
      ]),
      probabilities: [0.2, 0.5, 0.3])
    let failures = try ProtocolFailures(
      [
        ProtocolHazard("chain", hazardPerYear: 0.02, lossGivenFailure: 1, exposure: 0),
        ProtocolHazard("lender", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 1),
        ProtocolHazard("unused", hazardPerYear: 0.3, lossGivenFailure: 1, exposure: 1),
      ], dependencies: [.init("chain", takes: "lender", probability: 0.9)])
    let losses = try failures.distribution(within: 1)
    let set = try losses.outcomes(
      beside: market, claims: ["LENT": ("lender", 0.6), "POOL": ("chain", 1)])
    // Two protocols with claims: four sets, of which chain without lender is rare but possible.
    #expect(set.scenarioCount == 12)
    let means = try set.expectedReturns.values
    let before = try market.expectedReturns.values
    let probabilities = losses.failureProbabilities.map(\.value)
    expectClose(means[0], before[0], relative: 1e-14)
    expectClose(means[1], (1 + before[1]) * (1 - 0.6 * probabilities[1]) - 1, absolute: 1e-15)
    expectClose(means[2], (1 + before[2]) * (1 - probabilities[0]) - 1, absolute: 1e-15)
    expectClose(means[3], before[3], absolute: 1e-15)
    // A portfolio's losses are those of markets and failures joined, where exposures do not move.
    let still = try ScenarioSet(
      universe: universe, outcomes: Matrix(rows: [[0.1, 0, 0, 0], [-0.3, 0, 0, 0]]))
    let joined = try losses.outcomes(beside: still, claims: ["LENT": ("lender", 1)])
    let weights = try Weights(universe: universe, values: [1, 1, 0, 0])
    let mean = try zip(
      joined.portfolioOutcomes(weights: weights), joined.probabilities ?? []
    ).reduce(0) { $0 - $1.0 * $1.1 }
    expectClose(mean, 0.1 + probabilities[1], relative: 1e-13)
    let safe = try failures.distribution(within: 0)
      .outcomes(beside: market, claims: ["LENT": ("lender", 0.6)])
    #expect(safe.outcomes == market.outcomes)
    #expect(throws: RiskError.unknownProtocol("bridge")) {
      try losses.outcomes(beside: market, claims: ["BTC": ("bridge", 1)])
    }
    #expect(throws: RiskError.unknownInstrument("DOGE")) {
      try losses.outcomes(beside: market, claims: ["DOGE": ("chain", 1)])
    }
    #expect(throws: RiskError.self) {
      try losses.outcomes(beside: market, claims: ["BTC": ("chain", 1.5)])
    }
  }

  /// What is nearly sure to fail still may not, with full digits.
  @Test(arguments: [1e-9, 1, 30, 40, 700.0]) func treesKeepTheDigitsOfSurvival(hazard: Double)
    throws
  {
    let failures = try ProtocolFailures(
      [
        ProtocolHazard("A", hazardPerYear: hazard, lossGivenFailure: 1, exposure: 1),
        ProtocolHazard("B", hazardPerYear: hazard / 2, lossGivenFailure: 1, exposure: 2),
      ], dependencies: [.init("A", takes: "B", probability: 1 - 0x1p-40)])
    let tree = try failures.treeDistribution(within: 1, lossUnit: 1).probabilities
    let (a, b) = (exp(-hazard), exp(-hazard / 2))
    let expected = [
      a * b, -expm1(-hazard) * b * 0x1p-40, a * -expm1(-hazard / 2),
      -expm1(-hazard) * -expm1(-hazard / 2 - 40 * log(2)),
    ]
    let sets = try failures.distribution(within: 1)
    for (units, probability) in expected.enumerated() {
      expectClose(tree[units], probability, relative: 1e-13)
      let set = sets.atoms.first { $0.loss == Double(units) }?.probability ?? 0
      expectClose(tree[units], set, relative: 1e-13)
    }
  }

  /// A loss that is exceeded with just the probability of the tail is the value at risk, in each of the three.
  @Test(arguments: [1e-12, 1e-6, 0.03, 0.5]) func tiesAtTheEdgeOfTheTailAgree(hazard: Double) throws
  {
    let failures = try ProtocolFailures([
      ProtocolHazard("A", hazardPerYear: hazard, lossGivenFailure: 1, exposure: 3),
      ProtocolHazard("B", hazardPerYear: hazard, lossGivenFailure: 1, exposure: 5),
    ])
    let probability = -expm1(-hazard)
    let sets = try failures.distribution(within: 1)
    let tree = try failures.treeDistribution(within: 1, lossUnit: 1)
    for (tail, value, shortfall) in [
      (probability, 3.0, 5 + 3 * probability), (-expm1(-2 * hazard), 0, 8 / (1 + exp(-hazard))),
    ] {
      let joint = try sets.joined(with: [0], tailProbability: tail)
      #expect(try sets.valueAtRisk(tailProbability: tail) == value)
      #expect(try tree.valueAtRisk(tailProbability: tail) == value)
      #expect(joint.valueAtRisk == value)
      for found in [
        try sets.expectedShortfall(tailProbability: tail),
        try tree.expectedShortfall(tailProbability: tail), joint.expectedShortfall,
      ] { expectClose(found, shortfall, relative: 1e-11) }
    }
  }

  /// Tails far below the rounding of a confidence.
  @Test func smallTailsOfMarketsAndFailuresKeepTheirDigits() throws {
    let failures = try ProtocolFailures([
      ProtocolHazard("A", hazardPerYear: 2e-13, lossGivenFailure: 1, exposure: 5)
    ]).distribution(within: 1)
    let part = try failures.joined(with: [0], tailProbability: 1e-12)
    expectClose(part.expectedShortfall, 5 * -expm1(-2e-13) / 1e-12, relative: 1e-14)
    #expect(part.valueAtRisk == 0)
    for tail in [1e-17, 1e-300, Double.leastNormalMagnitude] {
      let joint = try failures.joined(with: [-1, 1], tailProbability: tail)
      expectClose(joint.expectedShortfall, 6, relative: 1e-14)
      expectClose(joint.marketPart, 1, relative: 1e-14)
      expectClose(joint.protocolParts[0].value, 5, relative: 1e-14)
    }
    #expect(throws: RiskError.self) {
      try failures.joined(with: [0], tailProbability: .leastNonzeroMagnitude)
    }
    let subnormal = Double.leastNonzeroMagnitude
    #expect(throws: RiskError.self) { try failures.valueAtRisk(tailProbability: subnormal) }
  }

  /// Masses have no unit, however large or small, and sums that overflow are refused.
  @Test func massesOfMarketsHaveNoUnit() throws {
    let failures = try ProtocolFailures([
      ProtocolHazard("A", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 1e6)
    ]).distribution(within: 1)
    let plain = try failures.joined(with: [1e6, 2e6], tailProbability: 0.05)
    for mass in [1e305, 1.7e308, 1e-300, 0x1p-1074] {
      let joint = try failures.joined(
        with: [1e6, 2e6], probabilities: [mass, mass], tailProbability: 0.05)
      #expect(joint == plain)
    }
    let large = try ProtocolFailures([
      ProtocolHazard("A", hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 1e308)
    ]).distribution(within: 1)
    #expect(throws: RiskError.self) { try large.joined(with: [1e308], tailProbability: 0.05) }
    #expect(throws: RiskError.self) {
      try failures.joined(with: [1], probabilities: [0], tailProbability: 0.05)
    }
  }
}
