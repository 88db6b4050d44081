import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

struct RiskSplitsReference: Decodable {
  struct Mixture: Decodable {
    struct Row: Decodable {
      let tail: Double
      let valueAtRisk: Double
      let expectedShortfall: Double
      let valueAtRiskMarginals: [Double]
      let shortfallMarginals: [Double]
    }
    let kind: String
    let shape: [Double]
    let location: [Double]
    let drift: [Double]
    let dispersion: [[Double]]
    let weights: [Double]
    let rows: [Row]
  }
  struct Regime: Decodable {
    let weight: Double
    let degrees: Double?
    let means: [Double]
    let covariance: [[Double]]
  }
  struct Book: Decodable {
    struct Position: Decodable {
      let constant: Double
      let deltas: [Double]
      let gammas: [[Double]]
    }
    struct Row: Decodable {
      let tail: Double
      let valueAtRisk: Double
      let expectedShortfall: Double
      let valueAtRiskParts: [Double]
      let shortfallParts: [Double]
    }
    let name: String
    let positions: [Position]
    let rows: [Row]
  }
  let mixtures: [Mixture]
  let regimes: [Regime]
  let regimeRows: [Mixture.Row]
  let means: [Double]
  let covariance: [[Double]]
  let books: [Book]

  static func load() throws -> Self { try Reference.load(Self.self, "risk_splits") }

  func moves() throws -> MultivariateNormal {
    let universe = try Universe(["BTC", "ETH", "SOL"])
    return try MultivariateNormal(
      expectedReturns: ExpectedReturns(universe: universe, values: means),
      covariance: Covariance(universe: universe, dense: SymmetricMatrix(rows: covariance)))
  }
}

/// Σ parts against a total, in units of the parts' magnitudes.
private func expectSum(_ parts: [Double], _ total: Double, _ label: String) {
  let size = parts.reduce(total.magnitude) { $0 + $1.magnitude }
  expectClose(parts.reduce(0, +), total, absolute: 1e-12 * size, label)
}

/// Splits of the risk of mean-variance mixtures against slopes of the measures.
@Suite struct MixtureContributionsTests {
  private typealias Split = (Weights, Double) throws -> RiskContributions

  /// Both splits of a law, and its portfolio's law.
  private static func splits(
    _ item: RiskSplitsReference.Mixture
  ) throws -> (Universe, Split, Split) {
    let universe = try Universe((0..<3).map { AssetID("A\($0)") })
    let dispersion = try SymmetricMatrix(rows: item.dispersion)
    if item.kind == "student" {
      let law = try MultivariateHyperbolicSkewedT(
        universe: universe, location: item.location, drift: item.drift, dispersion: dispersion,
        degreesOfFreedom: item.shape[0])
      return (
        universe, { try law.valueAtRiskContributions($0, confidence: $1) },
        { try law.expectedShortfallContributions($0, confidence: $1) }
      )
    }
    let law = try MultivariateGeneralizedHyperbolic(
      universe: universe, location: item.location, drift: item.drift, dispersion: dispersion,
      order: item.shape[0], concentration: item.shape[1])
    return (
      universe, { try law.valueAtRiskContributions($0, confidence: $1) },
      { try law.expectedShortfallContributions($0, confidence: $1) }
    )
  }

  @Test func splitsAreSlopesOfTheMeasures() throws {
    for item in try RiskSplitsReference.load().mixtures {
      let (universe, valueSplit, shortfallSplit) = try Self.splits(item)
      let weights = try Weights(universe: universe, values: item.weights)
      for row in item.rows {
        let label = "\(item.kind) \(item.shape) \(item.drift) \(row.tail)"
        for (split, total, marginals) in [
          (try valueSplit(weights, 1 - row.tail), row.valueAtRisk, row.valueAtRiskMarginals),
          (
            try shortfallSplit(weights, 1 - row.tail), row.expectedShortfall,
            row.shortfallMarginals
          ),
        ] {
          expectClose(split.total, total, absolute: 2e-11, label)
          let size = marginals.reduce(0) { max($0, $1.magnitude) }
          for j in 0..<3 {
            expectClose(split.marginals[j], marginals[j], absolute: 1e-9 * size, "\(label) \(j)")
            expectClose(
              split.contributions[j], item.weights[j] * split.marginals[j], relative: 1e-15)
          }
          expectSum(split.contributions, split.total, label)
        }
      }
    }
  }

  /// Without a drift the skewed t law is Student's.
  @Test func withoutDriftTheSplitIsStudents() throws {
    let covariance = try RiskContributionsTests.covariance(order: 3, seed: 9)
    let degrees = 5.0
    let student = try MultivariateStudentT(
      expectedReturns: ExpectedReturns(universe: covariance.universe, values: [0.001, 0, -0.002]),
      covariance: covariance, degreesOfFreedom: degrees)
    var scatter = covariance.matrix
    for j in 0..<3 {
      for i in 0...j { scatter[i, j] *= (degrees - 2) / degrees }
    }
    let skewed = try MultivariateHyperbolicSkewedT(
      universe: covariance.universe, location: [0.001, 0, -0.002], drift: [0, 0, 0],
      dispersion: scatter, degreesOfFreedom: degrees)
    let weights = try Weights(universe: covariance.universe, values: [0.5, 0.3, -0.4])
    for confidence in [1e-20, 0.2, 0.9, 0.99] {
      for (one, other) in [
        (
          try student.valueAtRiskContributions(weights, confidence: confidence),
          try skewed.valueAtRiskContributions(weights, confidence: confidence)
        ),
        (
          try student.expectedShortfallContributions(weights, confidence: confidence),
          try skewed.expectedShortfallContributions(weights, confidence: confidence)
        ),
      ] {
        for j in 0..<3 {
          expectClose(other.marginals[j], one.marginals[j], relative: 1e-10, absolute: 1e-13)
          // Of means of zero the confidence of 1e-20 leaves no digits.
          let absolute = confidence < 1e-16 ? 1e-17 : 0
          expectClose(
            other.contributions[j], one.contributions[j], relative: 1e-10, absolute: absolute)
        }
      }
    }
    #expect(throws: DistributionsError.self) {
      try skewed.valueAtRiskContributions(weights, confidence: 1)
    }
    let nothing = try Weights(universe: covariance.universe, values: [0, 0, 0])
    #expect(throws: DistributionsError.self) {
      try skewed.expectedShortfallContributions(nothing, confidence: 0.9)
    }
  }

  /// What a position adds, by full evaluation without it; a portfolio without positions has no risk.
  @Test func positionsOfLaws() throws {
    let covariance = try RiskContributionsTests.covariance(order: 3, seed: 4)
    let universe = covariance.universe
    let law = try MultivariateHyperbolicSkewedT(
      universe: universe, location: [0.001, 0, -0.002], drift: [-0.01, 0.004, -0.002],
      dispersion: covariance.matrix, degreesOfFreedom: 4)
    let weights = try Weights(universe: universe, values: [0.5, 0, 0.4])
    let split: (Weights) throws(DistributionsError) -> RiskContributions = {
      weights throws(DistributionsError) in
      try law.expectedShortfallContributions(weights, confidence: 0.95)
    }
    let positions = try PositionRisk.all(weights: weights, split: split)
    let whole = try split(weights)
    for (j, other) in [(0, [0, 0, 0.4]), (2, [0.5, 0, 0])] {
      let rest = try split(Weights(universe: universe, values: other))
      #expect(positions[j].incremental == whole.total - rest.total)
      expectClose(positions[j].contribution, whole.contributions[j], relative: 1e-15)
      // Expected shortfall is convex.
      #expect(positions[j].contribution >= positions[j].incremental - 1e-12)
    }
    #expect(positions[1].incremental == 0 && positions[1].contribution == 0)
    #expect(positions[1].marginal == whole.marginals[1] && positions[1].marginal != 0)
    let alone = try Weights(universe: universe, values: [0, 2, 0])
    let single = try PositionRisk.all(weights: alone, split: split)
    #expect(single[1].incremental == (try split(alone).total))
    expectClose(single[1].contribution, single[1].incremental, relative: 1e-12)
  }
}

/// Splits of the risk over regimes against slopes of the measures.
@Suite struct StudentTMixtureTests {
  private static let values = [0.5, -0.2, 0.7]

  private static func law(_ regimes: [RiskSplitsReference.Regime]) throws
    -> MultivariateStudentTMixture
  {
    let universe = try Universe((0..<3).map { AssetID("A\($0)") })
    return try MultivariateStudentTMixture(
      components: regimes.map { regime in
        try MultivariateStudentT(
          expectedReturns: ExpectedReturns(universe: universe, values: regime.means),
          covariance: Covariance(
            universe: universe, dense: SymmetricMatrix(rows: regime.covariance)),
          degreesOfFreedom: regime.degrees ?? .infinity)
      }, weights: regimes.map(\.weight))
  }

  @Test func splitsAreSlopesOfTheMeasures() throws {
    let reference = try RiskSplitsReference.load()
    let law = try Self.law(reference.regimes)
    let weights = try Weights(
      universe: law.components[0].covariance.universe, values: Self.values)
    for row in reference.regimeRows {
      for (split, total, marginals) in [
        (
          try law.valueAtRiskContributions(weights, confidence: 1 - row.tail), row.valueAtRisk,
          row.valueAtRiskMarginals
        ),
        (
          try law.expectedShortfallContributions(weights, confidence: 1 - row.tail),
          row.expectedShortfall, row.shortfallMarginals
        ),
      ] {
        expectClose(split.total, total, relative: 1e-10, absolute: 1e-12, "\(row.tail)")
        for j in 0..<3 {
          expectClose(
            split.marginals[j], marginals[j], relative: 1e-9, absolute: 1e-11, "\(row.tail) \(j)")
        }
        expectSum(split.contributions, split.total, "\(row.tail)")
      }
    }
  }

  @Test func oneRegimeIsItsLaw() throws {
    let reference = try RiskSplitsReference.load()
    let all = try Self.law(reference.regimes)
    let universe = all.components[0].covariance.universe
    let weights = try Weights(universe: universe, values: Self.values)
    for component in all.components {
      let one = try MultivariateStudentTMixture(components: [component], weights: [1])
      for confidence in [1e-20, 0.3, 0.99] {
        for (split, other) in [
          (
            try one.valueAtRiskContributions(weights, confidence: confidence),
            try component.valueAtRiskContributions(weights, confidence: confidence)
          ),
          (
            try one.expectedShortfallContributions(weights, confidence: confidence),
            try component.expectedShortfallContributions(weights, confidence: confidence)
          ),
        ] {
          for j in 0..<3 {
            expectClose(
              split.contributions[j], other.contributions[j], relative: 1e-10, absolute: 1e-13)
          }
        }
      }
    }
    #expect(throws: DistributionsError.self) {
      try MultivariateStudentTMixture(components: [], weights: [])
    }
    #expect(throws: DistributionsError.self) {
      try MultivariateStudentTMixture(components: all.components, weights: [0.5, 0.5, 0.5])
    }
    let other = try MultivariateStudentT(
      expectedReturns: ExpectedReturns(universe: Universe(["B"]), values: [0]),
      covariance: Covariance(
        universe: Universe(["B"]), dense: SymmetricMatrix(rows: [[1]])), degreesOfFreedom: 4)
    #expect(throws: DistributionsError.self) {
      try MultivariateStudentTMixture(
        components: [all.components[0], other], weights: [0.5, 0.5])
    }
    #expect(throws: DistributionsError.self) {
      try all.valueAtRiskContributions(weights, confidence: 0)
    }
  }
}

/// Splits of the risk of quadratic books against slopes of the measures.
@Suite struct DeltaGammaBookTests {
  private static func book(
    _ reference: RiskSplitsReference,
    _ item: RiskSplitsReference.Book
  ) throws -> DeltaGammaBook {
    try DeltaGammaBook(
      positions: item.positions.map { position in
        let isLinear = position.gammas.allSatisfy { row in row.allSatisfy { $0 == 0 } }
        return QuadraticPosition(
          constant: position.constant, deltas: position.deltas,
          gammas: isLinear ? nil : try SymmetricMatrix(rows: position.gammas))
      }, moves: reference.moves())
  }

  @Test func partsAreSlopesOfTheMeasures() throws {
    let reference = try RiskSplitsReference.load()
    for item in reference.books {
      let book = try Self.book(reference, item)
      for row in item.rows {
        for (measure, total, parts) in [
          (DeltaGammaBook.Measure.valueAtRisk, row.valueAtRisk, row.valueAtRiskParts),
          (.expectedShortfall, row.expectedShortfall, row.shortfallParts),
        ] {
          let label = "\(item.name) \(row.tail) \(measure)"
          let split = try book.contributions(measure, confidence: 1 - row.tail)
          expectClose(split.total, total, relative: 1e-10, label)
          #expect(split.total == book.risk(measure, confidence: 1 - row.tail))
          for k in parts.indices {
            expectClose(split.positions[k], parts[k], absolute: 1e-10, "\(label) \(k)")
          }
          expectSum(split.positions, split.total, label)
          expectSum(split.deltas + split.gammas + [split.constant], split.total, label)
          expectSum(split.assets.contributions, split.assets.total, label)
          expectClose(
            split.constant, -item.positions.reduce(0) { $0 + $1.constant }, relative: 1e-15)
        }
      }
    }
  }

  @Test(arguments: 1...4) func partsOfRandomBooksSum(seed: Int) throws {
    let count = 3 * seed
    var generator = SeededGenerator(seed: UInt64(seed))
    let covariance = try RiskContributionsTests.covariance(order: count, seed: UInt64(seed))
    let moves = try MultivariateNormal(
      expectedReturns: ExpectedReturns(
        universe: covariance.universe, values: (0..<count).map { _ in 0.01 * generator.gaussian() }),
      covariance: covariance)
    let positions = try (0..<4).map { _ in
      var gammas = try SymmetricMatrix(order: count)
      for j in 0..<count {
        for i in 0...j { gammas[i, j] = 8 * generator.gaussian() }
      }
      return QuadraticPosition(
        constant: generator.gaussian(), deltas: (0..<count).map { _ in generator.gaussian() },
        gammas: gammas)
    }
    let book = try DeltaGammaBook(positions: positions, moves: moves)
    for confidence in [0.3, 0.9, 0.99, 0.999_999] {
      for measure in DeltaGammaBook.Measure.allCases {
        let split = try book.contributions(measure, confidence: confidence)
        let label = "\(seed) \(confidence) \(measure)"
        expectSum(split.positions, split.total, label)
        expectSum(split.assets.contributions + [split.constant], split.total, label)
        let groups = try split.assets.parts(
          byGroup: Dictionary(
            uniqueKeysWithValues: covariance.universe.assets.enumerated().map {
              ($1, "group \($0 % 2)")
            }))
        expectSum(groups.map(\.contribution), split.assets.total, label)
      }
    }
    let incremental = try book.incrementalRisks(.expectedShortfall, confidence: 0.9)
    let parts = try book.contributions(.expectedShortfall, confidence: 0.9).positions
    for k in 0..<4 {
      let others = positions.enumerated().filter { $0.offset != k }.map(\.element)
      let rest = try DeltaGammaBook(positions: others, moves: moves)
      expectClose(
        incremental[k],
        book.risk(.expectedShortfall, confidence: 0.9)
          - rest.risk(.expectedShortfall, confidence: 0.9), relative: 1e-12)
      // Expected shortfall is convex.
      #expect(parts[k] >= incremental[k] - 1e-10)
    }
  }

  /// A linear book has the split of the normal law, and a scenario of the regression on its return.
  @Test func linearBooksAreNormal() throws {
    let moves = try RiskSplitsReference.load().moves()
    let deltas = [1.2, -0.7, 0.4]
    let book = try DeltaGammaBook(positions: [QuadraticPosition(deltas: deltas)], moves: moves)
    let weights = try Weights(universe: moves.covariance.universe, values: deltas)
    for (measure, normal) in [
      (
        DeltaGammaBook.Measure.valueAtRisk,
        try moves.valueAtRiskContributions(weights, confidence: 0.97)
      ),
      (.expectedShortfall, try moves.expectedShortfallContributions(weights, confidence: 0.97)),
    ] {
      let split = try book.contributions(measure, confidence: 0.97)
      #expect(split.gammas == [0, 0, 0])
      for j in 0..<3 {
        expectClose(split.deltas[j], normal.contributions[j], relative: 1e-9, absolute: 1e-12)
        expectClose(split.meanMoves[j], -normal.marginals[j], relative: 1e-9, absolute: 1e-12)
      }
    }
    #expect(
      try book.incrementalRisks(.valueAtRisk, confidence: 0.97)
        == [book.risk(.valueAtRisk, confidence: 0.97)])
  }

  @Test func edgesOfBooks() throws {
    let moves = try RiskSplitsReference.load().moves()
    let gammas = try SymmetricMatrix(diagonal: [4, 2, 1])
    // Next to the least value of a long book its scenario is where no move pays.
    let long = try DeltaGammaBook(
      positions: [QuadraticPosition(constant: -1, deltas: [0, 0, 0], gammas: gammas)], moves: moves)
    let split = try long.contributions(.expectedShortfall, confidence: 1 - 1e-15)
    expectClose(split.total, 1, absolute: 1e-9)
    for move in split.meanMoves { expectClose(move, 0, absolute: 1e-9) }
    expectSum(split.positions, split.total, "long")
    #expect(throws: DistributionsError.self) {
      try long.contributions(.valueAtRisk, confidence: 0)
    }
    #expect(throws: DistributionsError.shapeMismatch(argument: "deltas", got: 1, required: 3)) {
      try DeltaGammaBook(positions: [QuadraticPosition(deltas: [1])], moves: moves)
    }
    #expect(throws: DistributionsError.self) {
      try DeltaGammaBook(
        positions: [
          QuadraticPosition(deltas: [1, 1, 1], gammas: SymmetricMatrix(diagonal: [1, .nan, 0]))
        ], moves: moves)
    }
    #expect(throws: DistributionsError.self) {
      try DeltaGammaBook(positions: [QuadraticPosition(deltas: [0, 0, 0])], moves: moves)
    }
    // What is certain adds itself.
    let book = try DeltaGammaBook(
      positions: [
        QuadraticPosition(constant: -3, deltas: [0, 0, 0]), QuadraticPosition(deltas: [1, 0, 0]),
      ], moves: moves)
    let incremental = try book.incrementalRisks(.expectedShortfall, confidence: 0.9)
    expectClose(incremental[0], 3, relative: 1e-14)
    // The density of a difference of two squares is infinite in its middle, its tails are not.
    let universe = try Universe(["A", "B"])
    let pair = try MultivariateNormal(
      expectedReturns: ExpectedReturns(universe: universe, values: [0, 0]),
      covariance: Covariance(universe: universe, dense: SymmetricMatrix(diagonal: [1, 1])))
    let saddle = try DeltaGammaBook(
      positions: [
        QuadraticPosition(deltas: [0, 0], gammas: SymmetricMatrix(diagonal: [1, 0])),
        QuadraticPosition(deltas: [0, 0], gammas: SymmetricMatrix(diagonal: [0, -1])),
      ], moves: pair)
    let middle = try saddle.contributions(.expectedShortfall, confidence: 0.5)
    expectSum(middle.positions, middle.total, "saddle")
    // E[(z² − y²)/2; z² < y²] = −1/π.
    expectClose(middle.total, 2 / Double.pi, relative: 1e-9)
    #expect(throws: DistributionsError.notRepresentable(result: "means of the moves")) {
      try saddle.contributions(.valueAtRisk, confidence: 0.5)
    }
    for confidence in [0.4, 0.51, 0.99] {
      let split = try saddle.contributions(.valueAtRisk, confidence: confidence)
      expectSum(split.positions, split.total, "saddle \(confidence)")
    }
  }

  /// Others without risk, by an asset that does not move or by a hedge, are worth their mean profit.
  @Test func othersMayBeWithoutRisk() throws {
    let universe = try Universe(["A", "CASH"])
    let moves = try MultivariateNormal(
      expectedReturns: ExpectedReturns(universe: universe, values: [0.01, 0.002]),
      covariance: Covariance(universe: universe, dense: SymmetricMatrix(diagonal: [0.04, 0])))
    let held = QuadraticPosition(deltas: [1, 0])
    let cash = QuadraticPosition(
      constant: -1, deltas: [0, 5], gammas: try SymmetricMatrix(diagonal: [0, 1000]))
    for measure in DeltaGammaBook.Measure.allCases {
      let book = try DeltaGammaBook(positions: [held, cash], moves: moves)
      let alone = try DeltaGammaBook(positions: [held], moves: moves)
      let all = book.risk(measure, confidence: 0.95)
      let incremental = try book.incrementalRisks(measure, confidence: 0.95)
      // The profit of the cash is −1 + 0.01 + 1000 · 0.002² / 2.
      expectClose(incremental[0], all - 0.988, relative: 1e-12)
      expectClose(incremental[1], all - alone.risk(measure, confidence: 0.95), relative: 1e-12)
      let hedge = QuadraticPosition(constant: 0.25, deltas: [-1, 0])
      let hedged = try DeltaGammaBook(positions: [held, hedge, held], moves: moves)
      expectClose(
        try hedged.incrementalRisks(measure, confidence: 0.95)[0],
        hedged.risk(measure, confidence: 0.95) + 0.25, relative: 1e-12)
    }
  }
}

/// Splits by any measure of samples, the host's own among them.
@Suite struct OutcomeMeasureTests {
  /// The mean loss: the simplest measure of a host.
  private struct MeanLoss: OutcomeMeasure {
    var isHomogeneous: Bool { true }
    func risk(of law: EmpiricalDistribution) throws(DistributionsError) -> SampleRisk {
      try RiskSpectrum.power(exponent: 1).risk(of: law)
    }
  }

  private static func sample(_ seed: UInt64) throws -> (Weights, ScenarioSet) {
    var generator = SeededGenerator(seed: seed)
    let universe = try Universe((0..<4).map { AssetID("A\($0)") })
    let rows = (0..<300).map { _ in
      let market = generator.gaussian() * 0.02
      return (0..<4).map { Double($0 + 1) / 3 * market + 0.01 * generator.gaussian() - 0.001 }
    }
    return (
      try Weights(universe: universe, values: [0.6, -0.2, 0, 0.5]),
      try ScenarioSet(universe: universe, outcomes: Matrix(rows: rows))
    )
  }

  private static func check(
    _ measure: some OutcomeMeasure,
    isConvex: Bool = true,
    _ label: String
  ) throws {
    let (weights, scenarios) = try sample(7)
    let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    let value = try measure.value(of: law)
    let positions = try PositionRisk.all(of: measure, weights: weights, scenarios: scenarios)
    for (j, position) in positions.enumerated() {
      var others = weights.values
      others[j] = 0
      let rest = try EmpiricalDistribution(
        weights: Weights(universe: weights.universe, values: others), scenarios: scenarios)
      expectClose(
        position.incremental, try value - measure.value(of: rest), absolute: 1e-14, label)
      if isConvex { #expect(position.contribution >= position.incremental - 1e-12, "\(label)") }
    }
    let loadings = try Matrix(rows: [[0.3, 1], [0.7, 0], [1, 0.5], [1.3, -1]])
    var generator = SeededGenerator(seed: 3)
    let factors = try Matrix(
      rows: (0..<300).map { [scenarios.outcomes[$0, 2], 0.01 * generator.gaussian()] })
    guard measure.isHomogeneous else {
      #expect(throws: DistributionsError.self) {
        try RiskContributions.of(measure, weights: weights, scenarios: scenarios)
      }
      #expect(throws: DistributionsError.self) {
        try SampleFactorContributions(
          measure: measure, weights: weights, scenarios: scenarios, loadings: loadings,
          factorOutcomes: factors)
      }
      return
    }
    let split = try RiskContributions.of(measure, weights: weights, scenarios: scenarios)
    #expect(split.total == value)
    expectSum(split.contributions, split.total, label)
    let groups = try split.parts(byGroup: ["A0": "lending", "A3": "lending"])
    expectSum(groups.map(\.contribution), split.total, label)
    let byFactor = try SampleFactorContributions(
      measure: measure, weights: weights, scenarios: scenarios, loadings: loadings,
      factorOutcomes: factors)
    #expect(byFactor.total == split.total)
    expectSum(byFactor.factors + [byFactor.specific], split.total, label)
    for j in 0..<4 {
      expectClose(positions[j].marginal, split.marginals[j], relative: 1e-14)
      expectClose(positions[j].contribution, split.contributions[j], relative: 1e-14)
    }
  }

  @Test func everyMeasureSplitsEveryWay() throws {
    for (name, measure) in SampleRiskMeasureTests.measures(0.9, 0) {
      try Self.check(measure, name)
    }
    for (name, spectrum) in [
      ("exponential", try RiskSpectrum.exponential(aversion: 12)),
      ("power", try RiskSpectrum.power(exponent: 0.3)),
      ("steps", try RiskSpectrum.steps(ends: [0.125, 1], heights: [4, 4 / 7.0])),
    ] { try Self.check(spectrum, name) }
    try Self.check(KernelValueAtRisk(confidence: 0.9), isConvex: false, "kernel")
    try Self.check(KernelValueAtRisk(confidence: 0.9, bandwidth: 0), isConvex: false, "one outcome")
    try Self.check(EntropicRisk(aversion: 3), "entropic")
    try Self.check(MeanLoss(), "mean loss")
  }

  /// Slopes of a value at risk are those of the measure where one outcome alone has one.
  @Test func kernelsWithoutWidthAreSlopes() throws {
    let (weights, scenarios) = try Self.sample(8)
    let measure = try KernelValueAtRisk(confidence: 0.95, bandwidth: 0)
    let split = try RiskContributions.of(measure, weights: weights, scenarios: scenarios)
    for j in 0..<4 {
      func value(_ step: Double) throws -> Double {
        var moved = weights.values
        moved[j] += step
        return try measure.value(
          of: EmpiricalDistribution(
            weights: Weights(universe: weights.universe, values: moved), scenarios: scenarios))
      }
      expectClose(
        try (value(1e-7) - value(-1e-7)) / 2e-7, split.marginals[j], absolute: 1e-8)
    }
    #expect(throws: DistributionsError.self) { try KernelValueAtRisk(confidence: 1) }
    #expect(throws: DistributionsError.self) {
      try KernelValueAtRisk(confidence: 0.9, bandwidth: -1)
    }
  }
}
