import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// Ratios against 40 digits, their errors against influences without formulas.
@Suite struct PerformanceRatioTests {
  struct References: Decodable {
    let sample: [Double]
    let values: [String: Double]
    let errors: [String: Double]
    let laggedErrors: [String: Double]
    let benchmark: [Double]
    let benchmarkValues: [String: Double]
    let benchmarkErrors: [String: Double]
    let laggedBenchmarkErrors: [String: Double]
    let measures: [String: Double]
    let measureErrors: [String: Double]
    let laggedMeasureErrors: [String: Double]
    let falls: [String: Double]
    let opdyke: Double
    let lo: [String: Double]
  }

  /// The ratios, of outcomes in multiples of some unit.
  private static func ratios(unit: Double = 1) -> [(String, PerformanceRatio)] {
    let (level, rate) = (0.001 * unit, -0.0125 * unit)
    return [
      ("sharpe", .sharpe(rate: level)), ("sortino", .sortino(target: level)),
      ("kappa", .kappa(order: 3, target: level)), ("omega", .omega(target: level)),
      ("upside", .upsidePotential(target: level)), ("rachev", .rachev(gains: 0.89, losses: 0.875)),
      ("starr", .excess(rate: level, over: .expectedShortfall(confidence: 0.875))),
      ("starrLow", .excess(rate: rate, over: .expectedShortfall(confidence: 0.875))),
      ("deviation", .excess(rate: rate, over: .standardDeviation)),
      ("absolute", .excess(rate: rate, over: .meanAbsoluteDeviation)),
      ("semideviation", .excess(rate: rate, over: .semideviation)),
      (
        "partialFirst",
        .excess(rate: rate, over: .lowerPartialMoment(order: .first, target: level))
      ),
      (
        "partialSecond",
        .excess(rate: rate, over: .lowerPartialMoment(order: .second, target: level))
      ),
      ("gini", .excess(rate: rate, over: .giniMeanDifference)),
      ("entropic", .excess(rate: rate, over: .entropicValueAtRisk(confidence: 0.875))),
    ]
  }

  /// The ratios against a benchmark; the third is the power of the unit that they have.
  private static func benchmarkRatios(unit: Double = 1) -> [(String, BenchmarkRatio, Int)] {
    let (rate, threshold) = (0.0005 * unit, 0.005 * unit)
    return [
      ("beta", .beta, 0), ("information", .information, 0), ("treynor", .treynor(rate: rate), 1),
      ("alpha", .alpha(rate: rate), 1), ("appraisal", .appraisal(rate: rate), 0),
      ("riskAdjusted", .riskAdjusted(rate: rate), 1),
      ("upCapture", .upCapture(threshold: threshold), 0),
      ("downCapture", .downCapture(threshold: -threshold), 0),
      ("capture", .capture(threshold: threshold), 0),
    ]
  }

  @Test func valuesAndErrorsMatchReferences() throws {
    let reference = try Reference.load(References.self, "performance_ratios")
    let count = Double(reference.sample.count)
    for (name, ratio) in Self.ratios() {
      let plain = try ratio.estimate(of: reference.sample)
      let lagged = try ratio.estimate(of: reference.sample, lagCount: 4)
      expectClose(
        plain.value, try #require(reference.values[name]), relative: 1e-12, absolute: 1e-15, name)
      #expect(lagged.value == plain.value && plain.observationCount == 60)
      let relative = name == "sharpe" ? 0.02 : 1e-9
      expectClose(
        try #require(plain.standardError), try #require(reference.errors[name]),
        relative: relative, name)
      expectClose(
        try #require(lagged.standardError), try #require(reference.laggedErrors[name]),
        relative: relative, name)
    }
    let sharpe = try PerformanceRatio.sharpe(rate: 0.001).estimate(of: reference.sample)
    // The divisor T − 1 of the deviation against that of the moments.
    expectClose(try #require(sharpe.standardError), reference.opdyke, relative: 1 / count)
    for (periods, factor) in reference.lo {
      let scaling = try SharpeScaling(
        periodCount: try #require(Int(periods)), outcomes: reference.sample)
      expectClose(scaling.factor, factor, relative: 1e-13)
    }
    #expect(try SharpeScaling(independentPeriods: 9).factor == 3)
  }

  @Test func againstABenchmarkTheyMatchReferences() throws {
    let reference = try Reference.load(References.self, "performance_ratios")
    let ratios = Self.benchmarkRatios()
    #expect(ratios.count == reference.benchmarkValues.count)
    for (name, ratio, _) in ratios {
      let plain = try ratio.estimate(of: reference.sample, benchmark: reference.benchmark)
      let lagged = try ratio.estimate(
        of: reference.sample, benchmark: reference.benchmark, lagCount: 4)
      expectClose(
        plain.value, try #require(reference.benchmarkValues[name]), relative: 1e-12,
        absolute: 1e-15, name)
      expectClose(
        try #require(plain.standardError), try #require(reference.benchmarkErrors[name]),
        relative: 1e-9, name)
      expectClose(
        try #require(lagged.standardError), try #require(reference.laggedBenchmarkErrors[name]),
        relative: 1e-9, name)
    }
    // A multiple of the benchmark has its captures and its Treynor ratio, and no alpha.
    let twice = reference.benchmark.map { 2 * $0 }
    func value(_ ratio: BenchmarkRatio) throws -> Double {
      try ratio.estimate(of: twice, benchmark: reference.benchmark).value
    }
    expectClose(try value(.beta), 2, relative: 1e-14)
    expectClose(try value(.upCapture(threshold: 0)), 2, relative: 1e-14)
    expectClose(try value(.downCapture(threshold: 0)), 2, relative: 1e-14)
    expectClose(try value(.alpha(rate: 0)), 0, absolute: 1e-16)
    expectClose(
      try value(.treynor(rate: 0)),
      try BenchmarkRatio.treynor(rate: 0).estimate(
        of: reference.benchmark, benchmark: reference.benchmark
      ).value, relative: 1e-12)
  }

  @Test func errorsOfMeasuresMatchInfluences() throws {
    let reference = try Reference.load(References.self, "performance_ratios")
    let sample = reference.sample
    let law = try EmpiricalDistribution(outcomes: sample)
    var checked = 0
    func check(
      _ name: String,
      _ measure: some OutcomeMeasure,
      _ error: (Int) throws -> Double?
    ) throws {
      checked += 1
      expectClose(
        try measure.value(of: law), try #require(reference.measures[name]), relative: 1e-12, name)
      expectClose(
        try #require(try error(0)), try #require(reference.measureErrors[name]), relative: 1e-9,
        name)
      expectClose(
        try #require(try error(4)), try #require(reference.laggedMeasureErrors[name]),
        relative: 1e-9, name)
      #expect(throws: DistributionsError.self) { try error(60) }
    }
    for (name, measure): (String, SampleRiskMeasure) in [
      ("deviation", .standardDeviation), ("absolute", .meanAbsoluteDeviation),
      ("semideviation", .semideviation),
      ("partialFirst", .lowerPartialMoment(order: .first, target: 0.001)),
      ("partialSecond", .lowerPartialMoment(order: .second, target: 0.001)),
      ("gini", .giniMeanDifference), ("entropic", .entropicValueAtRisk(confidence: 0.875)),
      ("shortfall", .expectedShortfall(confidence: 0.875)),
    ] {
      try check(name, measure) { try measure.standardError(of: sample, lagCount: $0) }
    }
    for (name, spectrum) in [
      ("spectral", try RiskSpectrum.exponential(aversion: 12)),
      ("power", try RiskSpectrum.power(exponent: 0.5)),
    ] {
      try check(name, spectrum) { try spectrum.standardError(of: sample, lagCount: $0) }
    }
    let entropic = try EntropicRisk(aversion: 8)
    try check("entropicRisk", entropic) { try entropic.standardError(of: sample, lagCount: $0) }
    #expect(checked == reference.measures.count)
    for measure: SampleRiskMeasure in [.worstCase, .maximumDrawdown, .ulcerIndex] {
      #expect(try measure.standardError(of: sample) == nil)
    }
    let bootstrap = try Bootstrap(.stationary(meanLength: 3), seed: 6)
    let drawn = try SampleRiskMeasure.maximumDrawdown.interval(
      of: sample, bootstrap: bootstrap, replicateCount: 99)
    #expect(try #require(drawn.standardError) > 0)
    let kernel = try KernelValueAtRisk(confidence: 0.9)
      .interval(of: sample, bootstrap: bootstrap, replicateCount: 99)
    #expect(kernel.range.contains(law.valueAtRisk(confidence: 0.9)))
    #expect(throws: DistributionsError.self) {
      try SampleRiskMeasure.expectedShortfall(confidence: 2)
        .interval(of: sample, bootstrap: bootstrap, replicateCount: 99)
    }
  }

  @Test func ratiosOfFallsMatchEnumeration() throws {
    let reference = try Reference.load(References.self, "performance_ratios")
    for (name, ratio): (String, PerformanceRatio) in [
      ("burke", .burke(rate: 0.001, fallCount: nil)),
      ("burkeTwo", .burke(rate: 0.001, fallCount: 2)),
      ("sterling", .sterling(rate: 0.001, fallCount: 2, cushion: 0)),
      ("cushioned", .sterling(rate: 0.001, fallCount: 2, cushion: 0.125)),
      ("sterlingAll", .sterling(rate: 0.001, fallCount: 1000, cushion: 0)),
    ] {
      let estimate = try ratio.estimate(of: reference.sample)
      expectClose(
        estimate.value, try #require(reference.falls[name]), relative: 1e-11, absolute: 1e-16, name)
      #expect(estimate.standardError == nil)
    }
    // Falls of 0.01, 0.04 and, still open, 0.02.
    let outcomes = [0.02, -0.01, 0.03, -0.03, 0.01, -0.02, 0.05, -0.02]
    func value(_ ratio: PerformanceRatio) throws -> Double {
      try ratio.estimate(of: outcomes).value
    }
    let mean = 0.03 / 8
    expectClose(
      try value(.burke(rate: 0, fallCount: nil)), mean / 0.0021.squareRoot(), relative: 1e-12)
    expectClose(
      try value(.burke(rate: 0, fallCount: 1)), mean / 0.04, relative: 1e-12)
    expectClose(
      try value(.sterling(rate: 0, fallCount: 2, cushion: 0.1)), mean / 0.13, relative: 1e-12)
    // One fall is the largest drawdown.
    expectClose(
      try value(.sterling(rate: 0.001, fallCount: 1, cushion: 0)),
      try value(.excess(rate: 0.001, over: .maximumDrawdown)), relative: 1e-12)
    let rising = try PerformanceRatio.burke(rate: 0, fallCount: nil).estimate(of: [0.1, 0.2])
    #expect(rising.value == .infinity)
    for ratio: PerformanceRatio in [
      .burke(rate: 0, fallCount: 0), .burke(rate: .nan, fallCount: nil),
      .sterling(rate: 0, fallCount: 0, cushion: 0), .sterling(rate: 0, fallCount: 1, cushion: -1),
    ] {
      #expect(throws: DistributionsError.self) { try ratio.estimate(of: outcomes) }
    }
  }

  /// The error of the tail ratio is that of two quantiles of a normal law; of every other ratio that of histories drawn again.
  @Test func errorsOfTailsAndOfHistories() throws {
    let law = try Normal(mean: 0, standardDeviation: 1)
    let sample = law.draws(count: 4000, from: RandomStream(seed: 3, stream: 5))
    let estimate = try PerformanceRatio.tail(confidence: 0.95).estimate(of: sample)
    // ψ = (1{x > q} + ratio 1{x < −q} − …)/(f q) of disjoint events with ratio 1: 2 · 0.05 / (f q)².
    let (quantile, density) = (1.644_853_626_951_472_7, 0.103_135_640_375_370_9)
    expectClose(
      try #require(estimate.standardError), (0.1 / 4000).squareRoot() / (quantile * density),
      relative: 0.15)
    let short = Array(sample.prefix(250))
    let bootstrap = try Bootstrap(.stationary(meanLength: 2), seed: 4)
    for ratio: PerformanceRatio in [
      .sharpe(rate: 0), .tail(confidence: 0.9),
      .excess(rate: -0.5, over: .expectedShortfall(confidence: 0.9)),
    ] {
      let drawn = try ratio.interval(of: short, bootstrap: bootstrap, replicateCount: 199)
      let theory = try ratio.estimate(of: short)
      #expect(drawn.range.contains(theory.value) && drawn.basis == .bootstrap)
      expectClose(
        try #require(drawn.standardError), try #require(theory.standardError), relative: 0.35,
        "\(ratio)")
    }
    let falls = try PerformanceRatio.burke(rate: 0, fallCount: 3)
      .interval(of: short, bootstrap: bootstrap, replicateCount: 99)
    #expect(try #require(falls.standardError) > 0)
    #expect(throws: DistributionsError.self) {
      try PerformanceRatio.tail(confidence: 2)
        .interval(of: short, bootstrap: bootstrap, replicateCount: 99)
    }
    let benchmark = Array(sample[1000..<1250])
    let mixed = zip(short, benchmark).map { 0.5 * $0 + $1 }
    let beta = try BenchmarkRatio.beta.estimate(of: mixed, benchmark: benchmark)
    let drawn = try BenchmarkRatio.beta.interval(
      of: mixed, benchmark: benchmark, bootstrap: bootstrap, replicateCount: 199)
    #expect(drawn.range.contains(beta.value) && drawn.range.contains(1))
    expectClose(
      try #require(drawn.standardError), try #require(beta.standardError), relative: 0.25)
  }

  @Test func benchmarksAreChecked() throws {
    let outcomes = [0.01, -0.02, 0.03, 0.01]
    let beta = BenchmarkRatio.beta
    #expect(throws: DistributionsError.tooFewObservations(got: 2, required: 3)) {
      try beta.estimate(of: [1, 2], benchmark: [1, 2])
    }
    #expect(throws: DistributionsError.shapeMismatch(argument: "benchmark", got: 3, required: 4)) {
      try beta.estimate(of: outcomes, benchmark: [1, 2, 3])
    }
    #expect(throws: DistributionsError.self) {
      try beta.estimate(of: outcomes, benchmark: [1, 2, .nan, 3])
    }
    #expect(throws: DistributionsError.self) {
      try beta.estimate(of: outcomes, benchmark: outcomes, lagCount: 4)
    }
    for ratio: BenchmarkRatio in [
      .treynor(rate: .infinity), .upCapture(threshold: -1), .downCapture(threshold: 1),
      .capture(threshold: -0.1),
    ] {
      #expect(throws: DistributionsError.self) {
        try ratio.estimate(of: outcomes, benchmark: outcomes)
      }
    }
    // A constant benchmark has no slope.
    let constant = try beta.estimate(of: outcomes, benchmark: [1, 1, 1, 1])
    #expect(constant.value.isNaN && constant.standardError == nil)
    #expect(
      try BenchmarkRatio.upCapture(threshold: 0).estimate(
        of: outcomes, benchmark: [-1, -1, -2, -1]
      )
      .value.isNaN)
  }

  @Test func capturesOfNothingAndResidualsOfRoundingAreZero() throws {
    let benchmark = [0.01, -0.013, 0.02, -0.02, 0.017, 0.003]
    func value(_ ratio: BenchmarkRatio, _ outcomes: [Double]) throws -> Double {
      try ratio.estimate(of: outcomes, benchmark: benchmark).value
    }
    let withoutFalls = benchmark.map { max($0, 0) }
    let down = try value(.downCapture(threshold: 0), withoutFalls)
    #expect(down == 0 && down.sign == .plus)
    #expect(try value(.capture(threshold: 0), withoutFalls) == .infinity)
    #expect(try value(.appraisal(rate: 0), benchmark.map { 3 * $0 + 0.001 }) == .infinity)
    #expect(try value(.appraisal(rate: 0), benchmark.map { 3 * $0 - 0.001 }) == -.infinity)
    #expect(try value(.appraisal(rate: 0), benchmark.map { 0.7 * $0 }).isNaN)
    // (1 − 0.7) of the rate is lost.
    #expect(try value(.appraisal(rate: 0.001), benchmark.map { 0.7 * $0 }) == -.infinity)
    // Residuals far above the rounding count.
    let noise = [1, -1, 1, 1, -1, -1].map { 1e-12 * $0 }
    let real = try value(.appraisal(rate: 0), zip(benchmark, noise).map { 3 * $0 + 0.001 + $1 })
    #expect(real > 5e8 && real < 2e9)
    // One fall in six periods: some histories have none.
    #expect(throws: DistributionsError.self) {
      try BenchmarkRatio.downCapture(threshold: -0.015).interval(
        of: benchmark, benchmark: benchmark,
        bootstrap: Bootstrap(.stationary(meanLength: 2), seed: 4), replicateCount: 99)
    }
  }

  /// What is left of the benchmark plus a constant is rounding, and says nothing of a skill.
  @Test func trackingErrorsOfRoundingAreZero() throws {
    let benchmark = [0.01, -0.013, 0.02, -0.02, 0.017, 0.003]
    for unit in [1, 1e-170, 1e160] {
      func value(_ outcomes: [Double]) throws -> Double {
        try BenchmarkRatio.information.estimate(
          of: outcomes.map { unit * $0 }, benchmark: benchmark.map { unit * $0 }
        ).value
      }
      #expect(try value(benchmark.map { $0 + 0.001 }) == .infinity)
      #expect(try value(benchmark.map { $0 - 0.001 }) == -.infinity)
      #expect(try value(benchmark).isNaN)
      // Thirds that are put together again.
      let whole = benchmark.map { 0.1 * $0 + 0.2 * $0 + 0.7 * $0 }
      #expect(whole != benchmark)
      #expect(try value(whole).isNaN)
      // Active outcomes far above the rounding count.
      let noise = [1, -1, 1, 1, -1, -1].map { 1e-13 * $0 }
      let real = try value(zip(benchmark, noise).map { $0 + 0.001 + $1 })
      #expect(real > 5e9 && real < 2e10)
    }
    let infinite = try BenchmarkRatio.information.estimate(
      of: benchmark.map { $0 + 0.001 }, benchmark: benchmark)
    #expect(infinite.standardError == nil)
  }

  /// In any unit ratios are the same, and their errors: squares neither overflow nor vanish.
  @Test(arguments: [0x1p531, 0x1p-566, 0x1p1014, 0x1p-1000]) func unitsDoNotMatter(
    unit: Double
  ) throws {
    let reference = try Reference.load(References.self, "performance_ratios")
    let (sample, benchmark) = (reference.sample, reference.benchmark)
    let (moved, other) = (sample.map { $0 * unit }, benchmark.map { $0 * unit })
    for ((name, plain), (_, ratio)) in zip(Self.ratios(), Self.ratios(unit: unit)) {
      let (expected, got) = (try plain.estimate(of: sample), try ratio.estimate(of: moved))
      expectClose(got.value, expected.value, relative: 1e-12, name)
      expectClose(
        try #require(got.standardError, "\(name)"), try #require(expected.standardError),
        relative: 1e-9, name)
    }
    for (plain, ratio): (PerformanceRatio, PerformanceRatio) in [
      (.burke(rate: 0.001, fallCount: nil), .burke(rate: 0.001 * unit, fallCount: nil)),
      (.tail(confidence: 0.875), .tail(confidence: 0.875)),
    ] {
      expectClose(
        try ratio.estimate(of: moved).value, try plain.estimate(of: sample).value, relative: 1e-12)
    }
    for ((name, plain, power), (_, ratio, _)) in zip(
      Self.benchmarkRatios(), Self.benchmarkRatios(unit: unit))
    {
      let expected = try plain.estimate(of: sample, benchmark: benchmark)
      let got = try ratio.estimate(of: moved, benchmark: other)
      let factor = power == 1 ? unit : 1
      expectClose(got.value, factor * expected.value, relative: 1e-12, name)
      expectClose(
        try #require(got.standardError, "\(name)"), factor * (try #require(expected.standardError)),
        relative: 1e-9, name)
    }
    for measure: SampleRiskMeasure in [.standardDeviation, .semideviation, .giniMeanDifference] {
      expectClose(
        try #require(try measure.standardError(of: moved)),
        unit * (try #require(try measure.standardError(of: sample))), relative: 1e-12,
        "\(measure)")
    }
  }

  /// A slope has the units of both sides.
  @Test func slopesOfDifferentUnits() throws {
    let reference = try Reference.load(References.self, "performance_ratios")
    let plain = try BenchmarkRatio.beta.estimate(
      of: reference.sample, benchmark: reference.benchmark)
    for (unit, other) in [(0x1p500, 0x1p-500), (0x1p-500, 0x1p500), (1, 0x1p-600), (0x1p600, 1)] {
      let beta = try BenchmarkRatio.beta.estimate(
        of: reference.sample.map { $0 * unit }, benchmark: reference.benchmark.map { $0 * other })
      expectClose(beta.value, plain.value * (unit / other), relative: 1e-12)
      expectClose(
        try #require(beta.standardError), try #require(plain.standardError) * (unit / other),
        relative: 1e-12)
    }
  }

  /// Without a second outcome in the tail the measure is the worst case, which has no error; with just that one it has.
  @Test func worstCasesHaveNoError() throws {
    let outcomes = [0.3, -0.9, 1.1, -0.5, 0.2, 0.7, -0.1, 0.4, 0.9, 0.6]
    for confidence in [0.91, 0.99] {
      let measure = SampleRiskMeasure.expectedShortfall(confidence: confidence)
      #expect(try measure.standardError(of: outcomes) == nil)
      #expect(
        try RiskSpectrum.expectedShortfall(confidence: confidence).standardError(of: outcomes)
          == nil)
      for ratio: PerformanceRatio in [
        .excess(rate: 0, over: measure), .rachev(gains: 0.5, losses: confidence),
        .rachev(gains: confidence, losses: 0.5),
      ] {
        #expect(try ratio.estimate(of: outcomes).standardError == nil)
      }
    }
    // ψ is ten times the gap of 0.4 for the worst outcome.
    let expected = 4 * (0.1 * 0.9 / 10.0).squareRoot()
    for error in [
      try SampleRiskMeasure.expectedShortfall(confidence: 0.9).standardError(of: outcomes),
      try RiskSpectrum.expectedShortfall(confidence: 0.9).standardError(of: outcomes),
    ] {
      expectClose(try #require(error), expected, relative: 1e-12)
    }
  }

  @Test func byHand() throws {
    let outcomes = [0.02, -0.01, 0.03, -0.04, 0.01]
    func value(_ ratio: PerformanceRatio) throws -> Double {
      try ratio.estimate(of: outcomes).value
    }
    expectClose(try value(.omega(target: 0)), 0.06 / 0.05, relative: 1e-14)
    expectClose(try value(.kappa(order: 1, target: 0)), 0.06 / 0.05 - 1, relative: 1e-12)
    expectClose(
      try value(.sortino(target: 0)), 0.002 / (0.0017 / 5).squareRoot(), relative: 1e-13)
    #expect(try value(.kappa(order: 2, target: 0.01)) == value(.sortino(target: 0.01)))
    expectClose(
      try value(.upsidePotential(target: 0)), 0.012 / (0.0017 / 5).squareRoot(), relative: 1e-14)
    expectClose(try value(.rachev(gains: 0.6, losses: 0.6)), 0.025 / 0.025, relative: 1e-13)
    expectClose(try value(.tail(confidence: 0.8)), 0.02 / 0.01, relative: 1e-14)
    // Drawdowns 0, 0.01, 0, 0.04, 0.03.
    expectClose(try value(.excess(rate: 0, over: .maximumDrawdown)), 0.05, relative: 1e-13)
    expectClose(try value(.excess(rate: 0, over: .averageDrawdown)), 0.002 / 0.016, relative: 1e-13)
  }

  /// Of many samples the errors are the deviations of the estimates.
  @Test func errorsAreThoseOfManySamples() throws {
    let law = try StudentT(location: 0.1, scale: 1, degreesOfFreedom: 8)
    for ratio: PerformanceRatio in [.sharpe(rate: 0), .sortino(target: 0), .omega(target: 0)] {
      var (values, errors) = ([Double](), 0.0)
      for seed in 0..<150 {
        let sample = law.draws(count: 200, from: RandomStream(seed: 21, stream: UInt64(seed)))
        let estimate = try ratio.estimate(of: sample)
        values.append(estimate.value)
        errors += try #require(estimate.standardError) / 150
      }
      let spread = try SampleRiskMeasure.standardDeviation.risk(
        of: EmpiricalDistribution(outcomes: values)
      ).value
      expectClose(errors, spread, relative: 0.2, "\(ratio)")
    }
  }

  /// A loss of zero is minus an outcome of zero.
  @Test func zeroLossesGiveTheSignOfTheGains() throws {
    #expect(
      try PerformanceRatio.tail(confidence: 0.9).estimate(of: [0, 0, 0, 1, 1]).value == .infinity)
    let excess = PerformanceRatio.excess(rate: 0, over: .worstCase)
    #expect(try excess.estimate(of: [0, 0.1]).value == .infinity)
  }

  @Test func probabilitiesAndEdges() throws {
    let reference = try Reference.load(References.self, "performance_ratios")
    let sharpe = try PerformanceRatio.sharpe(rate: 0).estimate(of: reference.sample)
    expectClose(sharpe.probability(above: sharpe.value), 0.5, relative: 1e-15)
    #expect(sharpe.probability(above: sharpe.value - 1) > 0.99)
    let rising = try PerformanceRatio.omega(target: 0).estimate(of: [0.1, 0.2])
    #expect(rising.value == .infinity && rising.standardError == nil)
    #expect(rising.probability(above: 1).isNaN)
    #expect(try PerformanceRatio.sharpe(rate: 1).estimate(of: [1, 1]).value.isNaN)
    #expect(throws: DistributionsError.tooFewObservations(got: 1, required: 2)) {
      try PerformanceRatio.sharpe(rate: 0).estimate(of: [1])
    }
    for ratio: PerformanceRatio in [
      .sharpe(rate: .nan), .kappa(order: 0, target: 0), .kappa(order: 99, target: 0),
      .rachev(gains: 1, losses: 0.5), .tail(confidence: 0),
    ] {
      #expect(throws: DistributionsError.self) { try ratio.estimate(of: [1, 2, 3]) }
    }
    #expect(throws: DistributionsError.self) {
      try PerformanceRatio.sharpe(rate: 0).estimate(of: [1, 2, 3], lagCount: 3)
    }
    #expect(throws: DistributionsError.self) {
      try SharpeScaling(periodCount: 2, outcomes: [1, 1])
    }
    #expect(throws: DistributionsError.self) {
      try SharpeScaling(periodCount: 9, outcomes: [1, 2])
    }
  }
}

/// What each position, group and factor does to a risk.
@Suite struct PositionRiskTests {
  private static func scenarios(_ seed: Int) throws -> (Weights, ScenarioSet) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (count, width) = (200, 6)
    let rows = (0..<count).map { _ in
      let market = generator.gaussian() * 0.02
      return (0..<width).map { Double($0 + 1) / 4 * market + 0.01 * generator.gaussian() }
    }
    let universe = try Universe((0..<width).map { AssetID("A\($0)") })
    return (
      try Weights(universe: universe, values: [0.5, -0.2, 0.3, 0, 0.1, 0.4]),
      try ScenarioSet(universe: universe, outcomes: Matrix(rows: rows))
    )
  }

  @Test(arguments: 1...5) func marginalAndIncremental(seed: Int) throws {
    let (weights, scenarios) = try Self.scenarios(seed)
    for (name, measure) in SampleRiskMeasureTests.measures(0.9, 0) {
      let split = try RiskContributions.of(measure, weights: weights, scenarios: scenarios)
      let positions = try PositionRisk.all(of: measure, weights: weights, scenarios: scenarios)
      for (j, position) in positions.enumerated() {
        expectClose(position.contribution, split.contributions[j], relative: 1e-14, name)
        var values = weights.values
        values[j] = 0
        let without = try measure.risk(
          of: EmpiricalDistribution(
            weights: Weights(universe: weights.universe, values: values), scenarios: scenarios)
        ).value
        expectClose(position.incremental, split.total - without, absolute: 1e-13, name)
        // Convexity.
        #expect(position.contribution >= position.incremental - 1e-12, "\(name)")
      }
      #expect(positions[3].incremental == 0 && positions[3].contribution == 0)
    }
  }

  /// What is left without a huge position has its own digits.
  @Test func incrementalRisksOfHugeWeights() throws {
    let universe = try Universe(["A", "B", "C"])
    let rows = [[0.25, 0.1, 0.01], [-0.3, -0.2, 0.02], [0.7, 0.3, -0.03]]
    let scenarios = try ScenarioSet(universe: universe, outcomes: Matrix(rows: rows))
    let weights = try Weights(universe: universe, values: [1e12, 0, 1])
    let positions = try PositionRisk.all(of: .worstCase, weights: weights, scenarios: scenarios)
    let whole = try SampleRiskMeasure.worstCase.risk(
      of: EmpiricalDistribution(weights: weights, scenarios: scenarios)
    ).value
    #expect(positions[0].incremental == whole - 0.03)
    #expect(positions[1].incremental == 0)
  }

  @Test(arguments: 1...5) func groupsAndFactorsSumToTheRisk(seed: Int) throws {
    let (weights, scenarios) = try Self.scenarios(seed)
    let groups: [AssetID: String] = ["A0": "lending", "A1": "pool", "A2": "lending", "A4": "pool"]
    var generator = SeededGenerator(seed: UInt64(seed) &+ 50)
    let factors = try Matrix(
      rows: (0..<200).map { t in
        [scenarios.outcomes[t, 5], generator.gaussian() * 0.01]
      })
    let loadings = try Matrix(rows: (0..<6).map { [Double($0 + 1) / 6, $0 == 2 ? 1 : 0] })
    for (name, measure) in SampleRiskMeasureTests.measures(0.9, 0) {
      let split = try RiskContributions.of(measure, weights: weights, scenarios: scenarios)
      let parts = try split.parts(byGroup: groups)
      #expect(parts.map(\.group) == ["lending", "pool", nil])
      let size = split.contributions.reduce(0) { $0 + $1.magnitude }
      expectClose(
        parts.reduce(0) { $0 + $1.contribution }, split.total, absolute: 1e-12 * size, name)
      expectClose(
        parts[0].contribution, split.contributions[0] + split.contributions[2],
        absolute: 1e-15 * size)
      let byFactor = try SampleFactorContributions(
        measure, weights: weights, scenarios: scenarios, loadings: loadings,
        factorOutcomes: factors)
      #expect(byFactor.total == split.total)
      let sum = byFactor.factors.reduce(byFactor.specific, +)
      let reach = byFactor.factors.reduce(byFactor.specific.magnitude) { $0 + $1.magnitude }
      expectClose(sum, split.total, absolute: 1e-12 * max(reach, size), name)
      expectClose(
        byFactor.exposures[0],
        zip(weights.values, 1...6).reduce(0) { $0 + $1.0 * Double($1.1) / 6 },
        relative: 1e-14)
    }
    let split = try RiskContributions.of(.standardDeviation, weights: weights, scenarios: scenarios)
    #expect(throws: DistributionsError.self) { try split.parts(byGroup: ["NONE": "x"]) }
    #expect(throws: DistributionsError.self) {
      try SampleFactorContributions(
        .standardDeviation, weights: weights, scenarios: scenarios, loadings: factors,
        factorOutcomes: factors)
    }
    #expect(throws: DistributionsError.self) {
      try SampleFactorContributions(
        .lowerPartialMoment(order: .first, target: 0.1), weights: weights, scenarios: scenarios,
        loadings: loadings, factorOutcomes: factors)
    }
  }

  /// Outcomes of a portfolio have the bits of a sum that adds one asset after the other.
  @Test func outcomesAreSumsInTheOrderOfNames() throws {
    var generator = SeededGenerator(seed: 31)
    for width in [1, 7, 8, 9, 16, 27] {
      let universe = try Universe((0..<width).map { AssetID("A\(100 + $0)") })
      let rows = (0..<13).map { _ in (0..<width).map { _ in generator.gaussian() } }
      let values = (0..<width).map { $0 == 3 ? 0 : generator.gaussian() }
      let law = try EmpiricalDistribution(
        weights: Weights(universe: universe, values: values),
        scenarios: ScenarioSet(universe: universe, outcomes: Matrix(rows: rows)))
      for (row, outcome) in zip(rows, law.outcomes) {
        var sum = 0.0
        for (x, w) in zip(row, values) where w != 0 { sum += w * x }
        #expect(outcome == sum)
      }
    }
  }

  @Test(arguments: 1...5) func valueAtRiskAndSpectra(seed: Int) throws {
    let (weights, scenarios) = try Self.scenarios(seed)
    let law = try EmpiricalDistribution(weights: weights, scenarios: scenarios)
    for bandwidth in [nil, 0, 0.001] as [Double?] {
      let split = try RiskContributions.valueAtRisk(
        weights: weights, scenarios: scenarios, confidence: 0.9, bandwidth: bandwidth)
      #expect(split.total == law.valueAtRisk(confidence: 0.9))
      let size = split.contributions.reduce(0) { $0 + $1.magnitude }
      expectClose(split.contributions.reduce(0, +), split.total, absolute: 1e-12 * size)
    }
    let spectrum = try RiskSpectrum.exponential(aversion: 8)
    let split = try RiskContributions.spectral(spectrum, weights: weights, scenarios: scenarios)
    expectClose(split.total, try spectrum.risk(of: law).value, relative: 1e-15)
    let size = split.contributions.reduce(0) { $0 + $1.magnitude }
    expectClose(split.contributions.reduce(0, +), split.total, absolute: 1e-12 * size)
  }

  /// The kernel's split nears that of the law, from which the scenarios were drawn.
  @Test func valueAtRiskOfEllipticalLaws() throws {
    let covariance = try RiskContributionsTests.covariance(order: 4, seed: 3)
    let means = try ExpectedReturns(
      universe: covariance.universe, values: [0.001, 0.002, 0, -0.001])
    let weights = try Weights(universe: covariance.universe, values: [0.4, 0.1, 0.3, 0.2])
    let student = try MultivariateStudentT(
      expectedReturns: means, covariance: covariance, degreesOfFreedom: 5)
    let normal = try MultivariateNormal(expectedReturns: means, covariance: covariance)
    let exact = try student.valueAtRiskContributions(weights, confidence: 0.95)
    expectClose(
      exact.total, try student.portfolioLaw(weights).valueAtRisk(confidence: 0.95), relative: 1e-13)
    expectClose(exact.contributions.reduce(0, +), exact.total, relative: 1e-13)
    let gaussian = try normal.valueAtRiskContributions(weights, confidence: 0.95)
    expectClose(
      gaussian.total, try normal.portfolioLaw(weights).valueAtRisk(confidence: 0.95),
      relative: 1e-13)
    let scenarios = try student.scenarios(count: 40_000, from: RandomStream(seed: 8, stream: 2))
    let kernel = try RiskContributions.valueAtRisk(
      weights: weights, scenarios: scenarios, confidence: 0.95)
    for j in 0..<4 {
      expectClose(kernel.contributions[j], exact.contributions[j], absolute: 0.05 * exact.total)
    }
  }
}
