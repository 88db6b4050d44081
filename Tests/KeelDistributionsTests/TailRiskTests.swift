import Foundation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct TailRiskReference: Decodable {
  struct Book: Decodable {
    struct Point: Decodable {
      let point: Double
      let logCDF: Double
      let probability: Double
      let meanBelow: Double
    }
    let constant: Double
    let slopes: [Double]
    let curvatures: [Double]
    let points: [Point]
  }
  struct Matrices: Decodable {
    let deltas: [Double]
    let gammas: [[Double]]
    let means: [Double]
    let covariance: [[Double]]
    let constant: Double
    let slopes: [Double]
    let curvatures: [Double]
  }
  struct Spectrum: Decodable {
    let outcomes: [Double]
    let probabilities: [Double]?
    let values: [String: Double]
  }
  struct Ranks: Decodable {
    let count: Int
    let confidence: Double
    let level: Double
    let low: Int
    let high: Int
  }
  struct Fit: Decodable {
    let sample: [Double]
    let confidence: Double
    let values: [Double]
    let errors: [Double]
  }
  let books: [Book]
  let matrices: Matrices
  let spectra: [Spectrum]
  let laws: [String: Double]
  let orderStatistics: [Ranks]
  let fit: Fit

  static func load() throws -> Self { try Reference.load(Self.self, "tail_risk") }
}

/// Laws of quadratic books against two normal probabilities, their integrals and exponential laws.
@Suite struct DeltaGammaLawTests {
  @Test func tailsMatchReferences() throws {
    var count = 0
    for (number, book) in try TailRiskReference.load().books.enumerated() {
      let law = try DeltaGammaLaw(
        constant: book.constant, slopes: book.slopes, curvatures: book.curvatures)
      for point in book.points {
        let label = "book \(number) at \(point.point)"
        let size = max(1, point.logCDF.magnitude)
        expectClose(law.logCDF(point.point), point.logCDF, absolute: 1e-11 * size, label)
        expectClose(law.cdf(point.point) + law.survival(point.point), 1, absolute: 1e-15, label)
        guard point.probability < 1 - 1e-9 else { continue }
        let deviation = law.standardDeviation
        let reach = (point.point - law.mean).magnitude + deviation
        expectClose(
          law.quantile(point.probability), point.point, absolute: 1e-9 * reach, label)
        expectClose(
          law.meanBelow(probability: point.probability), point.meanBelow, absolute: 1e-9 * reach,
          label)
        count += 1
      }
    }
    #expect(count > 35)
  }

  @Test func matricesGiveTheirDiagonalForm() throws {
    let reference = try TailRiskReference.load().matrices
    let universe = try Universe(["BTC", "ETH", "SOL"])
    let moves = try MultivariateNormal(
      expectedReturns: ExpectedReturns(universe: universe, values: reference.means),
      covariance: Covariance(
        universe: universe, dense: SymmetricMatrix(rows: reference.covariance)))
    let law = try DeltaGammaLaw(
      deltas: reference.deltas, gammas: SymmetricMatrix(rows: reference.gammas), moves: moves)
    let diagonal = try DeltaGammaLaw(
      constant: reference.constant, slopes: reference.slopes, curvatures: reference.curvatures)
    expectClose(law.mean, diagonal.mean, relative: 1e-13)
    expectClose(law.variance, diagonal.variance, relative: 1e-13)
    for point in [-5, -1, -0.4, 0.1, 0.5, 2] {
      expectClose(law.logCDF(point), diagonal.logCDF(point), relative: 1e-11, absolute: 1e-12)
    }
    // The scenarios of the moves, valued in full.
    let stream = RandomStream(seed: 4, stream: 1)
    let scenarios = try moves.scenarios(count: 20_000, from: stream)
    let (columns, gammas) = (
      (0..<3).map { j in
        scenarios.outcomes.column(j).indices.map { scenarios.outcomes[$0, j] }
      }, reference.gammas
    )
    let profits = columns[0].indices.map { s in
      (0..<3).reduce(0) { sum, i in
        let bent = (0..<3).reduce(0) { $0 + gammas[i][$1] * columns[$1][s] / 2 }
        return sum + columns[i][s] * (reference.deltas[i] + bent)
      }
    }
    let drawn = try TailRisk.historical(
      EmpiricalDistribution(outcomes: profits), confidence: 0.975, level: 0.9999)
    let exact = try TailRisk.deltaGamma(law, confidence: 0.975)
    #expect(exact.method == .deltaGamma)
    #expect(try #require(drawn.valueAtRiskInterval).range.contains(exact.valueAtRisk))
    #expect(try #require(drawn.expectedShortfallInterval).range.contains(exact.expectedShortfall))
    let expansion = try law.cornishFisher()
    expectClose(expansion.mean, law.mean, relative: 1e-14)
    expectClose(
      expansion.valueAtRisk(confidence: 0.975), exact.valueAtRisk,
      absolute: 0.1 * law.standardDeviation)
  }

  @Test func integratesToOneOverItsDensity() throws {
    let law = try DeltaGammaLaw(
      constant: 0.1, slopes: [0.4, -1, 0.2], curvatures: [-0.8, 0.1, 0.5])
    let points = (-1600...1600).map { Double($0) / 40 }
    let densities = points.map { law.pdf($0) }
    expectClose(densities.reduce(0, +) / 40, 1, absolute: 1e-9)
    for (k, point) in points.enumerated() where k.isMultiple(of: 160) {
      #expect(densities[k] >= 0)
      let slope = (law.cdf(point + 1e-4) - law.cdf(point - 1e-4)) / 2e-4
      expectClose(densities[k], slope, absolute: 1e-7)
    }
    let mean = zip(points, densities).reduce(0) { $0 + $1.0 * $1.1 } / 40
    expectClose(mean, law.mean, absolute: 1e-8)
    let third =
      zip(points, densities).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * ($1.0 - mean) * $1.1 }
      / 40
    expectClose(third / (law.variance * law.standardDeviation), law.skewness, absolute: 1e-6)
  }

  /// Far out, next to the end and next to a singular point: digits, a bound or NaN, never a sum that has not converged.
  @Test func integralsAreResolvedOrNot() throws {
    let square = try DeltaGammaLaw(constant: 0, slopes: [0], curvatures: [1])
    for x in [1e-9, 1e-5, 0.1, 10, 1e3, 1e5] {
      // P(z² / 2 > x).
      let expected = log(2) + StandardNormal.logSurvival((2 * x).squareRoot())
      expectClose(
        square.logSurvival(x), expected, relative: 1e-9, absolute: 1e-9 * (1 + 1e-7 / x))
    }
    #expect(square.survival(1e30) == 0 && square.cdf(1e30) == 1 && square.cdf(-1e30) == 0)
    for probability in [1e-300, 1e-12, 1e-6] {
      expectClose(square.quantile(probability), 0, absolute: 1e-11)
      expectClose(square.meanBelow(probability: probability), 0, absolute: 1e-11)
    }
    let opposite = try DeltaGammaLaw(constant: 0, slopes: [0, 0], curvatures: [1, -1])
    #expect(opposite.logPDF(0) == .infinity)
    for x in [0, 1e-17, 1e-15, 1e-13, 1e-10] {
      expectClose(opposite.cdf(x), 0.5, absolute: 1e-8)
      expectClose(opposite.cdf(-x), 0.5, absolute: 1e-8)
    }
    let mixed = try DeltaGammaLaw(constant: 0, slopes: [1, 1], curvatures: [0.5, -0.5])
    expectClose(mixed.quantile(0.5), 0, absolute: 1e-12)
    expectClose(mixed.survivalQuantile(0.5), 0, absolute: 1e-12)
  }

  @Test func manyVariablesAreFastAndNearNormal() throws {
    let count = 60
    let law = try DeltaGammaLaw(
      constant: 0, slopes: (0..<count).map { 1 + Double($0 % 7) / 7 },
      curvatures: (0..<count).map { Double($0 % 3 - 1) * 1e-3 })
    let normal = try Normal(mean: law.mean, standardDeviation: law.standardDeviation)
    expectClose(
      law.valueAtRisk(confidence: 0.99), normal.valueAtRisk(confidence: 0.99), relative: 1e-3)
  }

  @Test func refusesWhatHasNoLaw() throws {
    #expect(throws: DistributionsError.self) {
      try DeltaGammaLaw(constant: 1, slopes: [0, 0], curvatures: [0, 0])
    }
    #expect(throws: DistributionsError.self) {
      try DeltaGammaLaw(constant: 1, slopes: [1], curvatures: [0, 1])
    }
    #expect(throws: DistributionsError.self) {
      try DeltaGammaLaw(constant: 1, slopes: [.nan], curvatures: [1])
    }
    let long = try DeltaGammaLaw(constant: 0, slopes: [0], curvatures: [2])
    #expect(long.cdf(-1e-9) == 0 && long.survival(-1) == 1)
    #expect(long.quantile(0) == 0 && long.quantile(1) == .infinity)
    #expect(long.cdf(.nan).isNaN && long.quantile(2).isNaN)
    #expect(try TailRisk.deltaGamma(long, confidence: 0.99).valueAtRisk < 0)
  }
}

/// One interface for value at risk and expected shortfall, with what is known of their errors.
@Suite struct TailRiskTests {
  private static func returns(_ count: Int, seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in 0.001 + 0.02 * generator.gaussian() }
  }

  @Test func ranksAreBinomial() throws {
    for reference in try TailRiskReference.load().orderStatistics {
      // Losses 1 to T, shuffled.
      var generator = SeededGenerator(seed: 3)
      let losses = (1...reference.count).map(Double.init).shuffled(using: &generator)
      let risk = try TailRisk.historical(
        EmpiricalDistribution(outcomes: losses.map { -$0 }), confidence: reference.confidence,
        level: reference.level)
      let interval = try #require(risk.valueAtRiskInterval)
      #expect(interval.basis == .orderStatistics && risk.method == .historical)
      #expect(
        interval.range.lowerBound == (reference.low == 0 ? -.infinity : Double(reference.low)))
      #expect(
        interval.range.upperBound
          == (reference.high > reference.count ? .infinity : Double(reference.high)))
    }
  }

  /// Of 400 samples the intervals hold the true values about as often as they say.
  @Test func intervalsHoldTheTruth() throws {
    let law = try Normal(mean: 0, standardDeviation: 1)
    let (value, shortfall) = (
      law.valueAtRisk(confidence: 0.9), law.expectedShortfall(confidence: 0.9)
    )
    var hits = [0, 0, 0, 0]
    for seed in 0..<400 {
      let sample = law.draws(count: 200, from: RandomStream(seed: 9, stream: UInt64(seed)))
      let risk = try TailRisk.historical(
        EmpiricalDistribution(outcomes: sample), confidence: 0.9, level: 0.9)
      let fitted = try TailRisk.parametric(Normal.fit(sample), confidence: 0.9, level: 0.9)
      let found = [
        try #require(risk.valueAtRiskInterval).range.contains(value),
        try #require(risk.expectedShortfallInterval).range.contains(shortfall),
        try #require(fitted.valueAtRiskInterval).range.contains(value),
        try #require(fitted.expectedShortfallInterval).range.contains(shortfall),
      ]
      for (k, hit) in found.enumerated() where hit { hits[k] += 1 }
    }
    // 360 wanted with a standard deviation of 6; ranks are never below, the asymptotic one has 20 losses.
    #expect(hits[0] >= 342 && hits[0] <= 390)
    #expect(hits[1] >= 325 && hits[1] <= 380)
    #expect(hits[2] >= 340 && hits[2] <= 380)
    #expect(hits[3] >= 340 && hits[3] <= 380)
  }

  @Test func deltaMethodMatchesFortyDigits() throws {
    let reference = try TailRiskReference.load().fit
    let fit = try StudentT.fit(reference.sample)
    let risk = try TailRisk.parametric(
      fit, sample: reference.sample, confidence: reference.confidence
    ) { p throws(DistributionsError) in
      try StudentT(location: p[0], scale: p[1], degreesOfFreedom: p[2])
    }
    expectClose(risk.valueAtRisk, reference.values[0], relative: 1e-6)
    expectClose(risk.expectedShortfall, reference.values[1], relative: 1e-6)
    let value = try #require(risk.valueAtRiskInterval)
    let shortfall = try #require(risk.expectedShortfallInterval)
    expectClose(try #require(value.standardError), reference.errors[0], relative: 2e-3)
    expectClose(try #require(shortfall.standardError), reference.errors[1], relative: 2e-3)
    #expect(value.basis == .deltaMethod && value.level == 0.95)
    #expect(throws: DistributionsError.shapeMismatch(argument: "sample", got: 1, required: 200)) {
      try TailRisk.parametric(fit, sample: [1], confidence: 0.9) { _ throws(DistributionsError) in
        fit.law
      }
    }
  }

  /// Next to the end of its domain a fit has measures without intervals.
  @Test func stepsOutOfTheDomainLeaveTheMeasures() throws {
    let reference = try TailRiskReference.load().fit
    let fit = try StudentT.fit(reference.sample)
    let bound = fit.parameters[2].value
    let risk = try TailRisk.parametric(
      fit, sample: reference.sample, confidence: reference.confidence
    ) { p throws(DistributionsError) in
      guard p[2] >= bound else { throw .notRepresentable(result: "law") }
      return try StudentT(location: p[0], scale: p[1], degreesOfFreedom: p[2])
    }
    expectClose(risk.valueAtRisk, reference.values[0], relative: 1e-6)
    #expect(risk.valueAtRiskInterval == nil && risk.expectedShortfallInterval == nil)
  }

  /// The general rule on a normal fit gives its closed form.
  @Test func deltaMethodOfANormalFit() throws {
    let sample = Self.returns(300, seed: 5)
    let fit = try Normal.fit(sample)
    let closed = try TailRisk.parametric(fit, confidence: 0.99)
    let general = try TailRisk.parametric(fit, sample: sample, confidence: 0.99) {
      p throws(DistributionsError) in
      try Normal(mean: p[0], standardDeviation: p[1])
    }
    for (one, other) in [
      (closed.valueAtRiskInterval, general.valueAtRiskInterval),
      (closed.expectedShortfallInterval, general.expectedShortfallInterval),
    ] {
      let (error, same) = (try #require(one?.standardError), try #require(other?.standardError))
      expectClose(same, error, relative: 1e-3)
    }
  }

  @Test func scalesOnlyWhereALawHolds() throws {
    let sample = Self.returns(300, seed: 6)
    let fit = try Normal.fit(sample)
    let tenDays = try TailRisk.parametric(fit, confidence: 0.99).overPeriods(10)
    let law = try Normal(
      mean: 10 * fit.law.mean, standardDeviation: 10.0.squareRoot() * fit.law.standardDeviation)
    expectClose(tenDays.valueAtRisk, law.valueAtRisk(confidence: 0.99), relative: 1e-15)
    expectClose(tenDays.expectedShortfall, law.expectedShortfall(confidence: 0.99), relative: 1e-15)
    #expect(tenDays.periodCount == 10 && tenDays.valueAtRiskInterval != nil)
    // Twice five is ten, from one period each time.
    #expect(
      try TailRisk.parametric(fit.law, confidence: 0.99).overPeriods(5).overPeriods(10).valueAtRisk
        == tenDays.valueAtRisk)
    let history = try TailRisk.historical(
      EmpiricalDistribution(outcomes: sample), confidence: 0.99)
    #expect(try history.overPeriods(1) == history)
    #expect(
      throws: DistributionsError.invalidValue(argument: "periods", got: 10, lowest: 1, highest: 1)
    ) { try history.overPeriods(10) }
    #expect(throws: DistributionsError.self) { try tenDays.overPeriods(0) }
    #expect(throws: DistributionsError.self) {
      try TailRisk.parametric(
        StudentT(location: 0, scale: 1, degreesOfFreedom: 4), confidence: 0.99
      ).overPeriods(10)
    }
    let expansion = try CornishFisher(
      mean: 0.001, volatility: 0.02, skewness: -0.3, excessKurtosis: 1.2)
    let longer = try TailRisk.cornishFisher(expansion, confidence: 0.99).overPeriods(4)
    let expected = try CornishFisher(
      mean: 0.004, volatility: 0.04, skewness: -0.15, excessKurtosis: 0.3)
    expectClose(longer.valueAtRisk, expected.valueAtRisk(confidence: 0.99), relative: 1e-14)
    #expect(throws: DistributionsError.self) {
      try TailRisk.cornishFisher(
        CornishFisher(mean: 0, volatility: 1, skewness: -3, excessKurtosis: 0), confidence: 0.99)
    }
  }

  /// Errors of moments by how the measures move with the weight of each outcome.
  @Test func expansionsOfSamplesHaveTheErrorsOfTheirMoments() throws {
    let sample = try StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: 12)
      .draws(count: 800, from: RandomStream(seed: 5))
    let risk = try TailRisk.cornishFisher(outcomes: sample, confidence: 0.95, level: 0.9)
    let count = Double(sample.count)
    /// The expansion of a sample in which one outcome has more weight.
    func expansion(_ more: Double, of place: Int) throws -> CornishFisher {
      let weights = sample.indices.map { (1 - more) / count + ($0 == place ? more : 0) }
      let mean = zip(sample, weights).reduce(0) { $0 + $1.0 * $1.1 }
      func moment(_ power: Double) -> Double {
        zip(sample, weights).reduce(0) { $0 + pow($1.0 - mean, power) * $1.1 }
      }
      return try CornishFisher(
        mean: mean, volatility: moment(2).squareRoot(), skewness: moment(3) / pow(moment(2), 1.5),
        excessKurtosis: moment(4) / pow(moment(2), 2) - 3)
    }
    let plain = try expansion(0, of: 0)
    expectClose(risk.valueAtRisk, plain.valueAtRisk(confidence: 0.95), relative: 1e-12)
    expectClose(risk.expectedShortfall, plain.expectedShortfall(confidence: 0.95), relative: 1e-12)
    var squares = [0.0, 0.0]
    let more = 1e-5
    for k in sample.indices {
      let (above, below) = (try expansion(more, of: k), try expansion(-more, of: k))
      let changes = [
        above.valueAtRisk(confidence: 0.95) - below.valueAtRisk(confidence: 0.95),
        above.expectedShortfall(confidence: 0.95) - below.expectedShortfall(confidence: 0.95),
      ]
      for j in 0..<2 { squares[j] += changes[j] * changes[j] / (4 * more * more) }
    }
    for (square, found) in zip(
      squares, [risk.valueAtRiskInterval, risk.expectedShortfallInterval])
    {
      let interval = try #require(found)
      #expect(interval.basis == .deltaMethod && interval.level == 0.9)
      expectClose(
        try #require(interval.standardError), square.squareRoot() / count, relative: 1e-5)
    }
    // Any unit, and cumulants that add.
    let large = try TailRisk.cornishFisher(
      outcomes: sample.map { $0 * 0x1p+600 }, confidence: 0.95, level: 0.9)
    expectClose(large.valueAtRisk * 0x1p-600, risk.valueAtRisk, relative: 1e-14)
    let width = try #require(large.valueAtRiskInterval?.standardError)
    expectClose(
      width * 0x1p-600, try #require(risk.valueAtRiskInterval?.standardError), relative: 1e-12)
    #expect(try risk.overPeriods(4).periodCount == 4)
    #expect(throws: DistributionsError.tooFewObservations(got: 4, required: 5)) {
      try CornishFisher(outcomes: [1, 2, 3, 4])
    }
    #expect(throws: DistributionsError.self) { try CornishFisher(outcomes: [1, 1, 1, 1, 1]) }
    #expect(throws: DistributionsError.self) { try CornishFisher(outcomes: [1, 2, .nan, 4, 5]) }
  }

  @Test func everyMethodAgreesWithItsOwnMeasure() throws {
    let sample = Self.returns(500, seed: 7)
    let volatilities = sample.indices.map { 0.01 + 0.02 * Double($0 % 50) / 50 }
    let filtered = try TailRisk.filteredHistory(
      outcomes: sample, volatilities: volatilities, currentVolatility: 0.03, confidence: 0.95)
    let law = try EmpiricalDistribution(
      outcomes: sample, volatilities: volatilities, currentVolatility: 0.03)
    #expect(filtered.valueAtRisk == law.valueAtRisk(confidence: 0.95))
    #expect(filtered.expectedShortfall == law.expectedShortfall(confidence: 0.95))
    #expect(filtered.method == .filteredHistory && filtered.observationCount == 500)
    let peaks = try PeaksOverThreshold(sample.map { -$0 }, exceedanceCount: 60)
    let tail = try TailRisk.peaksOverThreshold(peaks, confidence: 0.99)
    #expect(tail.valueAtRisk == (try peaks.valueAtRisk(confidence: 0.99)))
    #expect(try #require(tail.valueAtRiskInterval).range.contains(tail.valueAtRisk))
    #expect(try #require(tail.expectedShortfallInterval).range.contains(tail.expectedShortfall))
    let t = try StudentT(location: 0.001, scale: 0.02, degreesOfFreedom: 5)
    let parametric = try TailRisk.parametric(t, confidence: 0.99)
    #expect(parametric.valueAtRisk == t.valueAtRisk(confidence: 0.99))
    #expect(parametric.observationCount == nil && parametric.scaling == .none)
    let universe = try Universe(["A", "B"])
    let scenarios = try ScenarioSet(
      universe: universe,
      outcomes: Matrix(rows: sample.prefix(250).map { [$0, -$0 / 2] }))
    let weights = try Weights(universe: universe, values: [0.5, 0.5])
    let simulated = try TailRisk.simulated(scenarios, weights: weights, confidence: 0.9)
    expectClose(
      simulated.valueAtRisk,
      try EmpiricalDistribution(outcomes: sample.prefix(250).map { $0 / 4 })
        .valueAtRisk(confidence: 0.9), relative: 1e-14)
    for bad in [0, 1, .nan, -1, 2] {
      #expect(throws: DistributionsError.self) {
        try TailRisk.historical(law, confidence: bad)
      }
      #expect(throws: DistributionsError.self) {
        try TailRisk.historical(law, confidence: 0.9, level: bad)
      }
    }
  }

  @Test func ageHalvesTheProbability() throws {
    let sample = Self.returns(100, seed: 8)
    let law = try EmpiricalDistribution(outcomes: sample, halfLife: 10)
    let p = try #require(law.probabilities)
    expectClose(p[99] / p[89], 2, relative: 1e-14)
    expectClose(p.reduce(0, +), 1, relative: 1e-14)
    let risk = try TailRisk.historical(law, confidence: 0.95)
    #expect(risk.method == .weightedHistory)
    let interval = try #require(risk.valueAtRiskInterval)
    #expect(interval.basis == .asymptotic && interval.range.contains(risk.valueAtRisk))
    // Equal probabilities: the same error of the shortfall as without.
    let equal = try TailRisk.historical(
      EmpiricalDistribution(
        outcomes: sample, probabilities: [Double](repeating: 0.01, count: 100)), confidence: 0.9)
    let plain = try TailRisk.historical(EmpiricalDistribution(outcomes: sample), confidence: 0.9)
    expectClose(
      try #require(equal.expectedShortfallInterval?.standardError),
      try #require(plain.expectedShortfallInterval?.standardError), relative: 1e-12)
    #expect(throws: DistributionsError.self) {
      try EmpiricalDistribution(outcomes: sample, halfLife: 0)
    }
    #expect(throws: DistributionsError.self) {
      try EmpiricalDistribution(outcomes: [], halfLife: 1)
    }
  }

  @Test func bootstrapsAreTheirReplicates() throws {
    let sample = Self.returns(60, seed: 9)
    let bootstrap = try Bootstrap(.stationary(meanLength: 5), seed: 11)
    let interval = try bootstrap.interval(of: sample, level: 0.9, replicateCount: 199) {
      $0.reduce(0, +) / 60
    }
    var means: [Double] = []
    for replicate in 0..<199 {
      means.append(
        try bootstrap.rows(replicate: UInt64(replicate), rowCount: 60)
          .reduce(0) { $0 + sample[$1] } / 60)
    }
    means.sort()
    #expect(interval.range.lowerBound == means[9] && interval.range.upperBound == means[189])
    let risk = try TailRisk.historical(
      EmpiricalDistribution(outcomes: sample), confidence: 0.9, bootstrap: bootstrap,
      replicateCount: 99)
    #expect(risk.valueAtRiskInterval?.basis == .bootstrap)
    #expect(try #require(risk.expectedShortfallInterval).range.contains(risk.expectedShortfall))
    // A ratio without losses in some replicates: ranks stand, a deviation does not.
    let ratio = try bootstrap.interval(of: sample, level: 0.9, replicateCount: 199) {
      $0.contains(sample[0]) ? $0[0] : .infinity
    }
    #expect(ratio.range.upperBound == .infinity && ratio.range.lowerBound.isFinite)
    #expect(ratio.standardError == nil)
    #expect(throws: DistributionsError.self) {
      try bootstrap.interval(of: sample, replicateCount: 10) { $0[0] }
    }
    #expect(throws: DistributionsError.self) {
      try bootstrap.interval(of: [], replicateCount: 100) { $0[0] }
    }
    #expect(throws: DistributionsError.self) {
      try TailRisk.historical(
        EmpiricalDistribution(outcomes: sample, halfLife: 3), confidence: 0.9,
        bootstrap: bootstrap, replicateCount: 99)
    }
  }
}

/// Spectral and entropic measures against 20 digits.
@Suite struct RiskSpectrumTests {
  private static func spectra() throws -> [(String, RiskSpectrum)] {
    [
      ("exponential", try .exponential(aversion: 20)), ("power", try .power(exponent: 0.25)),
      ("steps", try .steps(ends: [0.125, 1], heights: [4, 4 / 7.0])),
      ("expectedShortfall", try .expectedShortfall(confidence: 0.9375)),
    ]
  }

  @Test func samplesMatchReferences() throws {
    for (number, reference) in try TailRiskReference.load().spectra.enumerated() {
      let law = try EmpiricalDistribution(
        outcomes: reference.outcomes, probabilities: reference.probabilities)
      for (name, spectrum) in try Self.spectra() {
        let risk = try spectrum.risk(of: law)
        expectClose(
          risk.value, try #require(reference.values[name]), relative: 2e-14, absolute: 1e-16,
          "\(number) \(name)")
        expectClose(risk.slopes.reduce(0, +), -1, relative: 1e-14, "\(number) \(name)")
        expectClose(
          zip(risk.slopes, law.outcomes).reduce(0) { $0 + $1.0 * $1.1 }, risk.value,
          relative: 1e-12, absolute: 1e-16)
      }
      let shortfall = try RiskSpectrum.expectedShortfall(confidence: 0.9375).risk(of: law).value
      expectClose(shortfall, law.expectedShortfall(confidence: 0.9375), relative: 1e-13)
      for (name, aversion) in [("entropic", 30), ("entropicSmall", 1e-6)] {
        let risk = try EntropicRisk(aversion: aversion).risk(of: law)
        expectClose(
          risk.value, try #require(reference.values[name]), relative: 1e-13, absolute: 1e-15,
          "\(number) \(name)")
        expectClose(risk.slopes.reduce(0, +), -1, relative: 1e-14)
      }
    }
  }

  @Test func lawsMatchReferences() throws {
    let reference = try TailRiskReference.load().laws
    let normal = try Normal(mean: 0.01, standardDeviation: 0.2)
    let student = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4)
    let cases: [(String, Double)] = [
      ("normalExponential", try RiskSpectrum.exponential(aversion: 20).risk(of: normal)),
      ("normalPower", try RiskSpectrum.power(exponent: 0.25).risk(of: normal)),
      ("studentExponential", try RiskSpectrum.exponential(aversion: 5).risk(of: student)),
      ("studentPower", try RiskSpectrum.power(exponent: 0.5).risk(of: student)),
      (
        "laplaceEntropic",
        try EntropicRisk(aversion: 4).risk(of: Laplace(location: 0, scale: 0.1))
      ),
    ]
    for (name, value) in cases {
      expectClose(value, try #require(reference[name]), relative: 1e-10, name)
    }
    expectClose(
      try EntropicRisk(aversion: 3).risk(of: normal), 3 * 0.04 / 2 - 0.01, relative: 1e-14)
    // A mixture of one normal law takes the integral.
    let mixture = try Mixture(components: [normal], weights: [1])
    expectClose(
      try EntropicRisk(aversion: 3).risk(of: mixture), 3 * 0.04 / 2 - 0.01, relative: 1e-10)
  }

  @Test func divergingIntegralsAreInfinite() throws {
    let student = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4)
    #expect(try RiskSpectrum.power(exponent: 0.2).risk(of: student) == .infinity)
    #expect(try EntropicRisk(aversion: 1).risk(of: student) == .infinity)
    let laplace = try Laplace(location: 0, scale: 1)
    #expect(try EntropicRisk(aversion: 1.5).risk(of: laplace) == .infinity)
    #expect(try EntropicRisk(aversion: 0.5).risk(of: laplace) < .infinity)
    let steps = try RiskSpectrum.steps(ends: [0.01, 0.05, 1], heights: [40, 10, 0.2 / 0.95])
    expectClose(
      try steps.risk(of: student),
      0.01 * 30 * student.expectedShortfall(confidence: 0.99)
        + 0.05 * (10 - 0.2 / 0.95) * student.expectedShortfall(confidence: 0.95), relative: 1e-12)
  }

  /// Tails that reach their last form only far beyond the least probability, and exponents at the border.
  @Test func bordersOfDivergence() throws {
    let entropic = try EntropicRisk(aversion: 1)
    let nearlyNormal = try StudentT(location: 0, scale: 0.01, degreesOfFreedom: 100)
    #expect(try entropic.risk(of: nearlyNormal) == .infinity)
    for degrees in [4.0, 100, 900] {
      let law = try StudentT(location: 0.3, scale: 1, degreesOfFreedom: degrees)
      #expect(try RiskSpectrum.power(exponent: 1 / degrees).risk(of: law) == .infinity)
      let least = 0.99 / degrees
      guard least >= 1e-3 else { continue }
      #expect(try RiskSpectrum.power(exponent: least).risk(of: law) == .infinity)
    }
    // Finite, but most of it beyond the least probability.
    let heavy = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4)
    let undecided = DistributionsError.notRepresentable(result: "integral over the tail")
    #expect(throws: undecided) { try RiskSpectrum.power(exponent: 0.251).risk(of: heavy) }
    // Losses and gains of Cauchy's law both diverge.
    let cauchy = try StudentT(location: 0, scale: 1, degreesOfFreedom: 1)
    #expect(throws: DistributionsError.notRepresentable(result: "risk")) {
      try RiskSpectrum.exponential(aversion: 5).risk(of: cauchy)
    }
    let laplace = try Laplace(location: 0, scale: 1)
    #expect(throws: DistributionsError.notRepresentable(result: "tail")) {
      try entropic.risk(of: laplace)
    }
    // Finite far from the border: steep, bounded and mixed tails.
    let parts = [
      try Normal(mean: 0, standardDeviation: 1), try Normal(mean: -1, standardDeviation: 3),
    ]
    let mixture = try Mixture(components: parts, weights: [0.75, 0.25])
    expectClose(
      try entropic.risk(of: mixture), log(0.75 * exp(0.5) + 0.25 * exp(5.5)), relative: 1e-10)
    let inverse = try NormalInverseGaussianLaw(
      location: 0, scale: 1, steepness: 2, asymmetry: -0.5)
    expectClose(
      try entropic.risk(of: inverse), 3.75.squareRoot() - 1.75.squareRoot(), relative: 1e-9)
    #expect(try EntropicRisk(aversion: 1.6).risk(of: inverse) == .infinity)
    let bounded = try LogNormal(logMean: 0, logStandardDeviation: 0.5)
    #expect(try entropic.risk(of: bounded) < 0)
  }

  /// ρ = a var / 2 where the mean is zero, to the last digits but for the third moment.
  @Test func smallAversionsKeepTheVariance() throws {
    let law = try EmpiricalDistribution(outcomes: [-0.75, 0.25, 0.25, 0.25])
    for aversion in [1e-6, 1e-8, 1e-10, 1e-12] {
      let risk = try EntropicRisk(aversion: aversion).risk(of: law).value
      let expected = aversion * (0.09375 + aversion * 0.09375 / 6)
      expectClose(risk, expected, relative: 1e-11)
    }
  }

  /// Coherence: a sum of portfolios has at most the sum of the risks, and slopes support the measure from below.
  @Test(arguments: 1...10) func spectraAreCoherent(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let x = (0..<50).map { _ in generator.gaussian() }
    let y = (0..<50).map { _ in (generator.gaussian() * 3).rounded() / 3 }
    for (name, spectrum) in try Self.spectra() {
      let one = try spectrum.risk(of: EmpiricalDistribution(outcomes: x))
      let other = try spectrum.risk(of: EmpiricalDistribution(outcomes: y))
      let both = try spectrum.risk(of: EmpiricalDistribution(outcomes: zip(x, y).map { $0 + $1 }))
      #expect(both.value <= one.value + other.value + 1e-12, "\(name)")
      let bound = one.value + zip(one.slopes, zip(x, y)).reduce(0) { $0 + $1.0 * ($1.1.1 - $1.1.0) }
      #expect(other.value >= bound - 1e-12, "\(name)")
    }
  }

  @Test func onlyAdmissibleSpectraExist() throws {
    #expect(throws: DistributionsError.self) { try RiskSpectrum.exponential(aversion: 0) }
    #expect(throws: DistributionsError.self) { try RiskSpectrum.power(exponent: 1.5) }
    #expect(throws: DistributionsError.self) { try RiskSpectrum.steps(ends: [], heights: []) }
    #expect(throws: DistributionsError.self) {
      try RiskSpectrum.steps(ends: [0.5, 1], heights: [0.5, 1.5])
    }
    #expect(throws: DistributionsError.self) {
      try RiskSpectrum.steps(ends: [0.5, 1], heights: [2, 1])
    }
    #expect(throws: DistributionsError.self) {
      try RiskSpectrum.steps(ends: [0.5, 0.9], heights: [1, 1])
    }
    #expect(throws: DistributionsError.self) {
      try RiskSpectrum.steps(ends: [1, 1], heights: [1, 0])
    }
    #expect(throws: DistributionsError.self) {
      try RiskSpectrum.steps(ends: [0.5, 0.5], heights: [2, 0])
    }
    #expect(throws: DistributionsError.self) { try EntropicRisk(aversion: -1) }
    let spectrum = try RiskSpectrum.steps(ends: [0.5, 1], heights: [1.5, 0.5])
    #expect(spectrum.weight(at: 0.5) == 1.5 && spectrum.weight(at: 0.51) == 0.5)
    #expect(spectrum.weight(at: 0).isNaN)
    expectClose(
      try RiskSpectrum.power(exponent: 1).risk(of: EmpiricalDistribution(outcomes: [1, 2, 6]))
        .value,
      -3, relative: 1e-15)
  }
}
