import Foundation
import KeelNumerics
import KeelRisk
import KeelTestSupport
import Testing

/// Graphs of 12, 16 and 20 protocols that are no trees, against sums over all sets, and their sums by kind.
@Suite struct ProtocolEnumerationTests {
  private struct Case: Decodable {
    struct Known: Decodable {
      var kind: ProtocolKind?
      var hazard, loss: Double
    }
    struct Link: Decodable {
      var source, target: Int
      var probability: Double
    }
    struct Level: Decodable { var loss, probability: Double }
    struct Tail: Decodable {
      var tail, value, shortfall: Double
      var parts: [Double]
      var byKind: [FailureLosses.KindPart]
    }
    var years, expected: Double
    var protocols: [Known]
    var links: [Link]
    var failureProbabilities: [Double]
    var pairs: [[Double]]
    var levels: [Level]
    var tails: [Tail]
    var expectedByKind: [FailureLosses.KindPart]

    /// The name of a place, so that names sort as places do.
    static func name(_ place: Int) -> String { "P\(10 + place)" }

    func failures() throws -> ProtocolFailures {
      try ProtocolFailures(
        protocols.enumerated().map {
          ProtocolHazard(
            Self.name($0.offset), kind: $0.element.kind, hazardPerYear: $0.element.hazard,
            lossGivenFailure: 0.5, exposure: 2 * $0.element.loss)
        },
        dependencies: links.map {
          FailureDependency(
            Self.name($0.source), takes: Self.name($0.target), probability: $0.probability)
        })
    }
  }
  private struct File: Decodable { var cases: [Case] }

  private static let sizes = [12, 16, ProtocolFailures.acyclicLimit]

  private static func reference(_ count: Int) throws -> Case {
    let cases = try Reference.load(File.self, "protocol_enumeration").cases
    return try #require(cases.first { $0.protocols.count == count })
  }

  private static func expectEqual(
    _ found: [FailureLosses.KindPart],
    _ expected: [FailureLosses.KindPart]
  ) {
    #expect(found.map(\.kind) == expected.map(\.kind))
    for (left, right) in zip(found, expected) {
      expectClose(left.value, right.value, relative: 1e-12)
    }
  }

  @Test(arguments: sizes) func graphsEqualTheSumsOverAllSets(count: Int) throws {
    let reference = try Self.reference(count)
    let failures = try reference.failures()
    #expect(throws: RiskError.self) { try failures.treeDistribution(within: 1, lossUnit: 0.5) }
    let losses = try failures.distribution(within: reference.years)
    expectClose(losses.expectedLoss, reference.expected, relative: 1e-12)
    for (part, expected) in zip(losses.failureProbabilities, reference.failureProbabilities) {
      expectClose(part.value, expected, relative: 1e-12, part.name)
    }
    for level in reference.levels {
      expectClose(
        losses.probability(ofLossAtLeast: level.loss), level.probability, relative: 1e-12,
        "\(level.loss)")
    }
    for tail in reference.tails {
      #expect(try losses.valueAtRisk(tailProbability: tail.tail) == tail.value)
      let parts = try losses.shortfallContributions(tailProbability: tail.tail)
      expectClose(parts.reduce(0) { $0 + $1.value }, tail.shortfall, relative: 1e-12)
      for (part, expected) in zip(parts, tail.parts) {
        expectClose(part.value, expected, relative: 1e-12, part.name)
      }
      Self.expectEqual(try failures.partsByKind(parts), tail.byKind)
    }
    Self.expectEqual(
      try failures.partsByKind(losses.expectedLossContributions), reference.expectedByKind)
  }

  @Test(arguments: sizes) func pairsFailTogetherAsInTheSumsOverAllSets(count: Int) throws {
    let reference = try Self.reference(count)
    let losses = try reference.failures().distribution(within: reference.years)
    var sums = [CompensatedSum](repeating: CompensatedSum(), count: count * count)
    for atom in losses.atoms {
      for i in 1..<count where atom.failed >> i & 1 == 1 {
        for j in 0..<i where atom.failed >> j & 1 == 1 { sums[i * count + j].add(atom.probability) }
      }
    }
    for i in 1..<count {
      for j in 0..<i {
        expectClose(sums[i * count + j].value, reference.pairs[i][j], relative: 1e-12, "\(i), \(j)")
      }
    }
    // The same from the distribution given one of them.
    let last = count - 1
    let given = try losses.given(failureOf: Case.name(last)).failureProbabilities
    for (part, pair) in zip(given, reference.pairs[last]) {
      expectClose(
        part.value, pair / reference.failureProbabilities[last], relative: 1e-12, part.name)
    }
  }

  /// A chain takes a bridge and an oracle, both take a contract, and the bridge takes an issuer; a venue has no kind.
  private static func stack() throws -> ProtocolFailures {
    try ProtocolFailures(
      [
        .init("base", kind: .chain, hazardPerYear: 0.01, lossGivenFailure: 1, exposure: 3),
        .init("portal", kind: .bridge, hazardPerYear: 0.05, lossGivenFailure: 0.5, exposure: 8),
        .init("feed", kind: .oracle, hazardPerYear: 0.02, lossGivenFailure: 0, exposure: 1),
        .init("lender", kind: .contract, hazardPerYear: 0.03, lossGivenFailure: 0.5, exposure: 20),
        .init("pool", kind: .contract, hazardPerYear: 0.04, lossGivenFailure: 1, exposure: 6),
        .init("wrapped", kind: .issuer, hazardPerYear: 0.01, lossGivenFailure: 1, exposure: 7),
        .init("venue", hazardPerYear: 0.06, lossGivenFailure: 0.5, exposure: 10),
      ],
      dependencies: [
        .init("base", takes: "portal", probability: 0.5),
        .init("base", takes: "feed", probability: 0.25),
        .init("portal", takes: "lender", probability: 0.5),
        .init("feed", takes: "lender", probability: 0.75),
        .init("portal", takes: "wrapped", probability: 1),
      ])
  }

  @Test func partsAddByKind() throws {
    let failures = try Self.stack()
    let losses = try failures.distribution(within: 1)
    #expect(Set(failures.protocols.compactMap(\.kind)) == Set(ProtocolKind.allCases))
    // Means in closed form: given the chain, bridge and oracle are independent.
    let own = failures.protocols.reduce(into: [:]) {
      $0[$1.name] = $1.failureProbability(within: 1)
    }
    func probability(_ name: String) throws -> Double { try #require(own[name]) }
    let chain = try probability("base")
    let (bridge, oracle) = (try probability("portal"), try probability("feed"))
    let taken = (1 - (1 - bridge) * 0.5, 1 - (1 - oracle) * 0.75)
    let bridgeFails = chain * taken.0 + (1 - chain) * bridge
    let spared =
      chain * (1 - 0.5 * taken.0) * (1 - 0.75 * taken.1)
      + (1 - chain) * (1 - 0.5 * bridge) * (1 - 0.75 * oracle)
    let lender = 1 - (1 - (try probability("lender"))) * spared
    let issuer = 1 - (1 - (try probability("wrapped"))) * (1 - bridgeFails)
    let parts = try failures.partsByKind(losses.expectedLossContributions)
    #expect(parts.map(\.kind) == [.contract, .chain, .bridge, .oracle, .issuer, nil])
    for (part, expected) in zip(
      parts,
      [
        10 * lender + 6 * (try probability("pool")), 3 * chain, 4 * bridgeFails, 0, 7 * issuer,
        5 * (try probability("venue")),
      ])
    { expectClose(part.value, expected, relative: 1e-13) }
    expectClose(parts.reduce(0) { $0 + $1.value }, losses.expectedLoss, relative: 1e-14)
    let tail = try failures.partsByKind(losses.shortfallContributions(tailProbability: 0.05))
    expectClose(
      tail.reduce(0) { $0 + $1.value }, try losses.expectedShortfall(tailProbability: 0.05),
      relative: 1e-14)
    let joint = try losses.joined(with: [-1, 0, 2], tailProbability: 0.05)
    expectClose(
      try failures.partsByKind(joint.protocolParts).reduce(joint.marketPart) { $0 + $1.value },
      joint.expectedShortfall, relative: 1e-13)
    #expect(try failures.partsByKind([]).isEmpty)
    #expect(throws: RiskError.unknownProtocol("feed")) {
      try ProtocolFailures([failures.protocols[0]]).partsByKind(losses.expectedLossContributions)
    }
  }

  @Test func partsOfMeansOfTreesAddByKind() throws {
    let stack = try Self.stack()
    let failures = try ProtocolFailures(
      stack.protocols, dependencies: stack.dependencies.filter { $0.source != "feed" })
    let tree = try failures.treeDistribution(within: 1, lossUnit: 1)
    let sets = try failures.distribution(within: 1)
    let parts = tree.expectedLossContributions
    expectClose(parts.reduce(0) { $0 + $1.value }, tree.expectedLoss, relative: 1e-13)
    for (part, other) in zip(
      try failures.partsByKind(parts), try failures.partsByKind(sets.expectedLossContributions))
    {
      #expect(part.kind == other.kind)
      expectClose(part.value, other.value, relative: 1e-13)
    }
  }

  /// A kind changes no probability, and what was stored without one is read.
  @Test func kindsChangeNoBit() throws {
    let failures = try Self.stack()
    let plain = try ProtocolFailures(
      failures.protocols.map {
        ProtocolHazard(
          $0.name, hazardPerYear: $0.hazardPerYear, lossGivenFailure: $0.lossGivenFailure,
          exposure: $0.exposure)
      }, dependencies: failures.dependencies)
    let losses = try failures.distribution(within: 1)
    #expect(try plain.distribution(within: 1) == losses)
    let parts = try plain.partsByKind(losses.expectedLossContributions)
    #expect(parts.count == 1 && parts[0].kind == nil)
    let stored = Data(
      #"{"name":"base","hazardPerYear":0.01,"lossGivenFailure":1,"exposure":3}"#.utf8)
    let read = try JSONDecoder().decode(ProtocolHazard.self, from: stored)
    #expect(
      read == ProtocolHazard("base", hazardPerYear: 0.01, lossGivenFailure: 1, exposure: 3))
    for known in failures.protocols {
      let data = try JSONEncoder().encode(known)
      #expect(try JSONDecoder().decode(ProtocolHazard.self, from: data) == known)
    }
  }

  /// Dependencies that lead back, against sums over own failures and dependencies that take.
  @Test func cyclesEqualTheSumsOverAllThatMayHappen() throws {
    struct Cycle: Decodable {
      var years, expected: Double
      var protocols: [Ring]
      var links: [Case.Link]
      var failureProbabilities: [Double]
      var levels: [Case.Level]
    }
    struct Ring: Decodable { var hazard, loss: Double }
    struct Cycles: Decodable { var cases: [Cycle] }
    for reference in try Reference.load(Cycles.self, "protocol_cycles").cases {
      let failures = try ProtocolFailures(
        reference.protocols.enumerated().map {
          ProtocolHazard(
            Case.name($0.offset), hazardPerYear: $0.element.hazard, lossGivenFailure: 0.5,
            exposure: 2 * $0.element.loss)
        },
        dependencies: reference.links.map {
          FailureDependency(
            Case.name($0.source), takes: Case.name($0.target), probability: $0.probability)
        })
      let losses = try failures.distribution(within: reference.years)
      expectClose(losses.expectedLoss, reference.expected, relative: 1e-12)
      for (part, expected) in zip(losses.failureProbabilities, reference.failureProbabilities) {
        expectClose(part.value, expected, relative: 1e-12, part.name)
      }
      for level in reference.levels {
        expectClose(
          losses.probability(ofLossAtLeast: level.loss), level.probability, relative: 1e-12,
          "\(level.loss)")
      }
    }
  }

  /// Twenty protocols, eight of them in a ring that two others strike: the rest is independent.
  @Test func ringsAmongOthersAreAsOnTheirOwn() throws {
    func hazard(_ place: Int) -> ProtocolHazard {
      ProtocolHazard(
        Case.name(place), hazardPerYear: 0.01 * Double(place + 1), lossGivenFailure: 1,
        exposure: 1)
    }
    let links = (0..<8).map {
      FailureDependency(Case.name($0), takes: Case.name(($0 + 1) % 8), probability: 0.3)
    }
    let strikes = [
      FailureDependency(Case.name(8), takes: Case.name(3), probability: 0.6),
      FailureDependency(Case.name(9), takes: Case.name(5), probability: 1),
    ]
    let ring = try ProtocolFailures((0..<10).map(hazard), dependencies: links + strikes)
      .distribution(within: 1)
    let all = try ProtocolFailures((0..<20).map(hazard), dependencies: links + strikes)
      .distribution(within: 1)
    for (part, whole) in zip(ring.failureProbabilities, all.failureProbabilities) {
      expectClose(whole.value, part.value, relative: 1e-13, part.name)
    }
    for place in 10..<20 {
      expectClose(
        all.failureProbabilities[place].value, -expm1(-0.01 * Double(place + 1)), relative: 1e-13)
    }
    // None fails: all are spared.
    expectClose(
      1 - all.probability(ofLossAtLeast: 1), exp(-0.01 * 210), absolute: 1e-13)
    // A ring of seventeen is too large.
    #expect(
      throws: RiskError.shapeMismatch(
        argument: "protocols that lead back to one another", got: 17, required: 16)
    ) {
      try ProtocolFailures(
        (0..<18).map(hazard),
        dependencies: (0..<17).map {
          FailureDependency(Case.name($0), takes: Case.name(($0 + 1) % 17), probability: 0.3)
        }
      ).distribution(within: 1)
    }
  }
}
