import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ProtocolFailuresTests {
  private struct Case: Decodable {
    struct Tail: Decodable { var tail, shortfall, value: Double }
    var years, expected: Double
    var protocols: [ProtocolReference.Known]
    var links: [ProtocolReference.Link]
    var probabilities: [Double]
    var tails: [Tail]
  }
  private struct File: Decodable { var failures: [Case] }

  private static func failures(_ reference: Case) throws -> ProtocolFailures {
    try ProtocolReference.failures(reference.protocols, reference.links)
  }

  @Test func matchesReferences() throws {
    for reference in try Reference.load(File.self, "risk").failures {
      let losses = try Self.failures(reference).distribution(within: reference.years)
      var found = [Double](repeating: 0, count: reference.probabilities.count)
      for atom in losses.atoms { found[Int(atom.failed)] = atom.probability }
      for (value, expected) in zip(found, reference.probabilities) {
        expectClose(value, expected, relative: 1e-12, absolute: 1e-15)
      }
      expectClose(losses.expectedLoss, reference.expected, relative: 1e-13)
      for tail in reference.tails {
        #expect(try losses.valueAtRisk(tailProbability: tail.tail) == tail.value)
        let parts = try losses.shortfallContributions(tailProbability: tail.tail)
        expectClose(
          try losses.expectedShortfall(tailProbability: tail.tail), tail.shortfall,
          relative: 1e-12)
        expectClose(parts.reduce(0) { $0 + $1.value }, tail.shortfall, relative: 1e-12)
      }
    }
  }

  private static func random(_ seed: Int, count: Int, links: Int) throws -> ProtocolFailures {
    var generator = SeededGenerator(seed: UInt64(seed))
    let names = (0..<count).map { "P\($0)" }
    var pairs: Set<[Int]> = []
    while pairs.count < links {
      let pair = [
        Int.random(in: 0..<count, using: &generator), Int.random(in: 0..<count, using: &generator),
      ]
      if pair[0] != pair[1] { pairs.insert(pair) }
    }
    return try ProtocolFailures(
      names.map {
        ProtocolHazard(
          $0, hazardPerYear: generator.uniform(0.01...0.3),
          lossGivenFailure: generator.uniform(), exposure: generator.uniform(1...100))
      },
      dependencies: pairs.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }.map {
        FailureDependency(names[$0[0]], takes: names[$0[1]], probability: generator.uniform())
      })
  }

  @Test(arguments: 1...4)
  func simulationAgreesWithEnumeration(seed: Int) throws {
    let failures = try Self.random(seed, count: 7, links: 9)
    let exact = try failures.distribution(within: 2)
    let count = 20_000
    let simulated = try failures.simulatedDistribution(
      within: 2, scenarioCount: count, stream: RandomStream(seed: UInt64(seed)))
    expectClose(exact.atoms.reduce(0) { $0 + $1.probability }, 1, relative: 1e-13)
    expectClose(simulated.atoms.reduce(0) { $0 + $1.probability }, 1, relative: 1e-12)
    // Five standard errors for each of seven probabilities.
    for (left, right) in zip(exact.failureProbabilities, simulated.failureProbabilities) {
      let error = (left.value * (1 - left.value) / Double(count)).squareRoot()
      expectClose(right.value, left.value, absolute: 5 * error, left.name)
    }
    let spread = exact.atoms.reduce(0) { $0 + $1.probability * $1.loss * $1.loss }
    expectClose(
      simulated.expectedLoss, exact.expectedLoss,
      absolute: 5 * (spread / Double(count)).squareRoot())
    expectClose(
      try simulated.expectedShortfall(tailProbability: 0.05),
      try exact.expectedShortfall(tailProbability: 0.05), relative: 0.05)
    let parts = try simulated.shortfallContributions(tailProbability: 0.1)
    expectClose(
      parts.reduce(0) { $0 + $1.value }, try simulated.expectedShortfall(tailProbability: 0.1),
      relative: 1e-13)
  }

  /// Euler's parts are the derivatives of the shortfall with respect to what is at stake, where the tail has an edge
  /// inside an atom.
  @Test(arguments: 1...10)
  func partsAreDerivatives(seed: Int) throws {
    let failures = try Self.random(seed, count: 5, links: 4)
    func shortfall(_ place: Int, _ factor: Double) throws -> Double {
      var protocols = failures.protocols
      protocols[place].exposure *= factor
      return try ProtocolFailures(protocols, dependencies: failures.dependencies)
        .distribution(within: 1).expectedShortfall(tailProbability: 0.03)
    }
    let losses = try failures.distribution(within: 1)
    let parts = try losses.shortfallContributions(tailProbability: 0.03)
    for (place, part) in parts.enumerated() {
      let difference = try (shortfall(place, 1 + 1e-7) - shortfall(place, 1 - 1e-7)) / 2e-7
      expectClose(part.value, difference, absolute: 1e-5)
    }
  }

  @Test func independentFailuresMultiply() throws {
    let failures = try Self.random(3, count: 10, links: 0)
    let losses = try failures.distribution(within: 1)
    expectClose(
      losses.expectedLoss,
      failures.protocols.reduce(0) { $0 + $1.loss * $1.failureProbability(within: 1) },
      relative: 1e-13)
    expectClose(losses.probability(ofLossAtLeast: 0), 1, relative: 1e-13)
    let all = failures.protocols.reduce(1) { $0 * $1.failureProbability(within: 1) }
    expectClose(try #require(losses.atoms.first).probability, all, relative: 1e-13)
    #expect(try losses.valueAtRisk(tailProbability: 1) == 0)
    let shuffled = try ProtocolFailures(failures.protocols.reversed())
    #expect(try shuffled.distribution(within: 1) == losses)
  }

  @Test func yieldPaysForHazard() {
    let known = ProtocolHazard("A", hazardPerYear: 0.04, lossGivenFailure: 0.6, exposure: 1000)
    expectClose(known.yieldAfterFailures(0.09), 0.066, relative: 1e-14)
    expectClose(known.hazardPaidFor(byYield: 0.09, safeRate: 0.03), 0.1, relative: 1e-14)
    expectClose(known.failureProbability(within: 1), 1 - exp(-0.04), relative: 1e-13)
    #expect(known.loss == 600)
  }

  @Test func hostileInputIsRefused() throws {
    let good = ProtocolHazard("A", hazardPerYear: 0.1, lossGivenFailure: 0.5, exposure: 1)
    for number in [Double.nan, .infinity, -1] {
      for change in [\ProtocolHazard.hazardPerYear, \.lossGivenFailure, \.exposure] {
        var bad = good
        bad[keyPath: change] = number
        let changed = bad
        #expect(throws: RiskError.self) { try ProtocolFailures([changed]) }
      }
      #expect(throws: RiskError.self) {
        try ProtocolFailures([good]).distribution(within: number)
      }
      #expect(throws: RiskError.self) {
        try ProtocolFailures([good]).distribution(within: 1).valueAtRisk(tailProbability: number)
      }
    }
    #expect(throws: RiskError.duplicate("A")) { try ProtocolFailures([good, good]) }
    #expect(throws: RiskError.self) { try ProtocolFailures([]) }
    #expect(throws: RiskError.unknownProtocol("B")) {
      try ProtocolFailures([good], dependencies: [.init("A", takes: "B", probability: 0.5)])
    }
    #expect(throws: RiskError.self) {
      try ProtocolFailures([good], dependencies: [.init("A", takes: "A", probability: 0.5)])
    }
    let many = try Self.random(1, count: 21, links: 0)
    #expect(throws: RiskError.shapeMismatch(argument: "protocols", got: 21, required: 20)) {
      try many.distribution(within: 1)
    }
    let backward = try ProtocolFailures(
      many.protocols.prefix(18).map { $0 },
      dependencies: (0..<17).map {
        .init(
          many.protocols[$0].name, takes: many.protocols[($0 + 1) % 17].name, probability: 0.5)
      })
    #expect(
      throws: RiskError.shapeMismatch(
        argument: "protocols that lead back to one another", got: 17, required: 16)
    ) {
      try backward.distribution(within: 1)
    }
    #expect(throws: RiskError.self) {
      try many.simulatedDistribution(
        within: 1, scenarioCount: 0, stream: RandomStream(seed: 1))
    }
    let certain = try ProtocolFailures([
      ProtocolHazard("A", hazardPerYear: 1e300, lossGivenFailure: 1, exposure: 7)
    ])
    #expect(try certain.distribution(within: 1e300).expectedLoss == 7)
    #expect(try certain.distribution(within: 0).expectedShortfall(tailProbability: 0.01) == 0)
  }

  /// Losses that are finite one by one and not together would make every measure infinite or NaN.
  @Test func sumsOfLossesAreFinite() throws {
    let large = ["a", "b"].map {
      ProtocolHazard($0, hazardPerYear: 0.1, lossGivenFailure: 1, exposure: 1.5e308)
    }
    #expect(
      throws: RiskError.invalidValue(
        argument: "sum of losses", got: .infinity, lowest: 0, highest: .greatestFiniteMagnitude)
    ) {
      try ProtocolFailures(large)
    }
    #expect(try ProtocolFailures([large[0]]).distribution(within: 1).expectedLoss.isFinite)
  }
}
