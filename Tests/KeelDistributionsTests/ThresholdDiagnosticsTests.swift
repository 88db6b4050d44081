import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ThresholdDiagnosticsTests {
  struct File: Decodable {
    struct Threshold: Decodable {
      let count: Int
      let threshold, meanExcess, meanExcessError, shape, shapeError: Double
      let modifiedScale, modifiedScaleError, hill, hillError: Double
      let andersonDarling, cramerVonMises, andersonDarlingP, cramerVonMisesP: Double
      let replicates: Int
    }
    struct Sample: Decodable {
      let losses: [Double]
      let thresholds: [Threshold]
    }
    struct Interval: Decodable {
      let losses: [Double]
      let count: Int
      let confidence, threshold, levelLow, low: Double
      let expectedShortfall, levelHigh, high: Double?
    }
    let diagnostics: [Sample]
    let intervals: [Interval]
  }

  #if DEBUG
    static let replicateCount = 39
  #else
    static let replicateCount = 999
  #endif

  @Test func everyThresholdIsDescribed() throws {
    for sample in try Reference.load(File.self, "threshold_diagnostics").diagnostics {
      let diagnostics = try ThresholdDiagnostics(
        sample.losses, exceedanceCounts: sample.thresholds.map(\.count),
        replicateCount: Self.replicateCount, from: RandomStream(seed: 1))
      #expect(diagnostics.candidates.count == sample.thresholds.count)
      for (candidate, reference) in zip(diagnostics.candidates, sample.thresholds) {
        let name = "\(reference.count)"
        #expect(candidate.threshold == reference.threshold)
        #expect(candidate.peaks.excesses.count == reference.count)
        expectClose(candidate.peaks.meanExcess, reference.meanExcess, relative: 1e-12, name)
        expectClose(
          candidate.peaks.meanExcessError, reference.meanExcessError, relative: 1e-10, name)
        // The references come from a search without derivatives.
        expectClose(candidate.shape.value, reference.shape, absolute: 1e-6, name)
        expectClose(candidate.shape.standardError, reference.shapeError, relative: 1e-5, name)
        expectClose(
          candidate.modifiedScale.value, reference.modifiedScale,
          absolute: 1e-5 * reference.modifiedScaleError, name)
        expectClose(
          candidate.modifiedScale.standardError, reference.modifiedScaleError, relative: 1e-3, name)
        let hill = try #require(candidate.hill)
        expectClose(hill.shape, reference.hill, relative: 1e-12, name)
        expectClose(hill.standardError, reference.hillError, relative: 1e-12, name)
        for (test, statistic, p) in [
          (
            candidate.goodnessOfFit.andersonDarling, reference.andersonDarling,
            reference.andersonDarlingP
          ),
          (
            candidate.goodnessOfFit.cramerVonMises, reference.cramerVonMises,
            reference.cramerVonMisesP
          ),
        ] {
          expectClose(test.statistic, statistic, relative: 1e-5, name)
          let draws = 1 / Double(Self.replicateCount) + 1 / Double(reference.replicates)
          expectClose(
            test.pValue, p, absolute: 4 * (p * (1 - p) * draws).squareRoot() + 2 * draws, name)
        }
      }
    }
  }

  /// A rate that lets a threshold through, one that refuses all, and the rule by its formula.
  @Test func theLowestGoodThresholdIsTaken() throws {
    let samples = try Reference.load(File.self, "threshold_diagnostics").diagnostics
    // Beyond 2 the second sample has a Pareto tail, below a normal center.
    let mixed = samples[1]
    let diagnostics = try ThresholdDiagnostics(
      mixed.losses, exceedanceShares: mixed.thresholds.map { Double($0.count) / 1000 },
      replicateCount: Self.replicateCount, from: RandomStream(seed: 2))
    #expect(try diagnostics.selected()?.threshold == mixed.thresholds[2].threshold)
    #expect(
      try diagnostics.selected(falseDiscoveryRate: 1e-300)?.threshold
        == mixed.thresholds[0].threshold)
    for rate in [0, 1, 1.3, -0.1, .nan, .infinity] {
      #expect(throws: DistributionsError.self) {
        try diagnostics.selected(falseDiscoveryRate: rate)
      }
    }
    let values = diagnostics.candidates.map { $0.goodnessOfFit.andersonDarling.pValue }
    for rate in [0.02, 0.05, 0.2, 0.4] {
      let means = values.indices.map { k in
        values[...k].reduce(0) { $0 - log(1 - $1) } / Double(k + 1)
      }
      let refused = (means.lastIndex { $0 <= rate } ?? -1) + 1
      #expect(
        try diagnostics.selected(falseDiscoveryRate: rate)?.threshold
          == (refused < values.count ? diagnostics.candidates[refused].threshold : nil))
    }
  }

  @Test func thresholdsRepeatAndKeepTheirBounds() throws {
    let losses = try RandomStream(seed: 4).normals(count: 300)
    func diagnostics(_ counts: [Int]) throws -> ThresholdDiagnostics {
      var settings = GeneralizedPareto.FitSettings()
      settings.lowestShape = 0.2
      return try ThresholdDiagnostics(
        losses, exceedanceCounts: counts, settings: settings, replicateCount: 3,
        from: RandomStream(seed: 3))
    }
    func pValues(_ diagnostics: ThresholdDiagnostics) -> [Double] {
      diagnostics.candidates.map { $0.goodnessOfFit.cramerVonMises.pValue }
    }
    let first = try diagnostics([200, 30])
    #expect(try pValues(diagnostics([200, 30])) == pValues(first))
    // The first threshold draws the same whatever follows.
    #expect(try pValues(diagnostics([200]))[0] == pValues(first)[0])
    for candidate in first.candidates {
      // The normal tail is lighter than a shape of 0.2.
      #expect(candidate.shape.value == 0.2)
      #expect(candidate.shape.standardError.isNaN && candidate.modifiedScale.standardError.isNaN)
    }
    // A threshold below zero has no estimate of Hill.
    #expect(first.candidates[0].hill == nil && first.candidates[1].hill != nil)
  }

  @Test func refusesThresholdsOutOfOrder() throws {
    let losses = try RandomStream(seed: 4).normals(count: 100)
    for counts in [[], [20, 20], [10, 10], [20, 30], [100], [9], [50, 5], [-1], [Int.max]] {
      #expect(throws: DistributionsError.self) {
        try ThresholdDiagnostics(
          losses, exceedanceCounts: counts, replicateCount: 3, from: RandomStream(seed: 1))
      }
    }
    for shares in [[], [0.0], [1], [0.2, 0.3], [.nan], [-0.1], [0.01]] {
      #expect(throws: DistributionsError.self) {
        try ThresholdDiagnostics(
          losses, exceedanceShares: shares, replicateCount: 3, from: RandomStream(seed: 1))
      }
    }
    for count in [0, -3] {
      #expect(throws: DistributionsError.self) {
        try ThresholdDiagnostics(
          losses, exceedanceCounts: [20], replicateCount: count, from: RandomStream(seed: 1))
      }
    }
    #expect(
      throws: DistributionsError.invalidObservation(argument: "losses", index: 100, got: .infinity)
    ) {
      try ThresholdDiagnostics(
        losses + [.infinity], exceedanceCounts: [20], replicateCount: 3,
        from: RandomStream(seed: 1))
    }
  }

  // MARK: Intervals

  /// The ranges of both measures over the region of near likelihoods.
  @Test func intervalsAreRangesOverTheRegion() throws {
    for item in try Reference.load(File.self, "threshold_diagnostics").intervals {
      let tail = try PeaksOverThreshold(item.losses, exceedanceCount: item.count)
      let name = "\(item.losses.count) \(item.count)"
      let observations = 1 / (1 - item.confidence)
      let shortfall = try tail.expectedShortfall(confidence: item.confidence)
      expectClose(shortfall, item.expectedShortfall ?? .infinity, relative: 1e-5, name)
      let range = try tail.expectedShortfallInterval(confidence: item.confidence)
      expectClose(range.lowerBound, item.low, absolute: 1e-4 * (shortfall - item.low), name)
      if let high = item.high {
        expectClose(range.upperBound, high, absolute: 1e-4 * (high - item.low), name)
      } else {
        #expect(range.upperBound == .infinity, "\(name)")
      }
      let levels = try tail.returnLevelInterval(observations: observations)
      let level = try tail.returnLevel(observations: observations)
      expectClose(levels.lowerBound, item.levelLow, absolute: 1e-4 * (level - item.levelLow), name)
      if let high = item.levelHigh {
        expectClose(levels.upperBound, high, absolute: 1e-4 * (high - item.levelLow), name)
      }
      let same = try tail.valueAtRiskInterval(confidence: item.confidence)
      expectClose(levels.lowerBound, same.lowerBound, relative: 1e-7, name)
      expectClose(levels.upperBound, same.upperBound, relative: 1e-7, name)
      #expect(levels.contains(level) && range.contains(shortfall))
      let narrow = try tail.expectedShortfallInterval(confidence: item.confidence, level: 0.5)
      #expect(narrow.lowerBound > range.lowerBound && narrow.upperBound <= range.upperBound)
    }
  }

  /// Intervals of 90 % of the expected shortfall hold the true one about nine times in ten.
  @Test func shortfallIntervalsHoldTheTruth() throws {
    #if DEBUG
      let count = 8
    #else
      let count = 300
    #endif
    let law = try GeneralizedPareto(threshold: 1, scale: 2, shape: 0.2)
    var held = 0
    for seed in 0..<UInt64(count) {
      let losses = law.draws(count: 600, from: RandomStream(seed: seed, stream: 3))
      let tail = try PeaksOverThreshold(losses, exceedanceCount: 200)
      let interval = try tail.expectedShortfallInterval(confidence: 0.99, level: 0.9)
      held += interval.contains(law.meanAbove(probability: 0.01)) ? 1 : 0
    }
    let error = 4 * (0.09 / Double(count)).squareRoot()
    expectClose(Double(held) / Double(count), 0.88, absolute: error + 0.02)
  }

  @Test func tailsWithoutMeanHaveNoUpperEnd() throws {
    let losses = try RandomStream(seed: 5).uniforms(count: 500).map { pow($0, -1.5) }
    let tail = try PeaksOverThreshold(losses, exceedanceCount: 200)
    #expect(try #require(tail.fit["shape"]).value > 1)
    let range = try tail.expectedShortfallInterval(confidence: 0.99)
    #expect(range.upperBound == .infinity)
    // The mean of the losses beyond the value at risk is above its own interval's least value.
    #expect(range.lowerBound > (try tail.valueAtRiskInterval(confidence: 0.99)).lowerBound)
    let risk = try TailRisk.peaksOverThreshold(tail, confidence: 0.99)
    #expect(risk.expectedShortfall == .infinity)
    #expect(risk.expectedShortfallInterval?.range == range)
    var settings = GeneralizedPareto.FitSettings()
    settings.lowestShape = 1.2
    let heavy = try PeaksOverThreshold(losses, exceedanceCount: 200, settings: settings)
    #expect(try heavy.expectedShortfallInterval(confidence: 0.99).lowerBound == .infinity)
  }

  /// Where the likelihood refuses all shapes below one no mean is finite; at higher levels the least mean comes into sight.
  @Test func tailsThatRefuseAMeanHaveNoLowerEnd() throws {
    let losses = try RandomStream(seed: 5).uniforms(count: 500).map { pow($0, -1.5) }
    let tail = try PeaksOverThreshold(losses, exceedanceCount: 400)
    #expect(try #require(tail.fit["shape"]).value > 1.3)
    var last = Double.infinity
    for level in [0.9, 0.95, 1 - 1e-5, 1 - 1e-9] {
      let range = try tail.expectedShortfallInterval(confidence: 0.92, level: level)
      #expect(range.upperBound == .infinity)
      if level <= 0.95 { #expect(range.lowerBound == .infinity) }
      #expect(range.lowerBound <= last)
      last = range.lowerBound
    }
    #expect(last < 1e6)
    let narrow = try tail.valueAtRiskInterval(confidence: 0.92, level: 1e-12)
    let value = try tail.valueAtRisk(confidence: 0.92)
    expectClose(narrow.lowerBound, value, relative: 1e-6)
    expectClose(narrow.upperBound, value, relative: 1e-6)
  }

  @Test func levelsOfRareLossesKeepTheirDigits() throws {
    let losses = try RandomStream(seed: 9).normals(count: 400)
    let tail = try PeaksOverThreshold(losses, exceedanceCount: 60)
    // One in 10¹⁷ has no confidence below one.
    let level = try tail.returnLevel(observations: 1e17)
    #expect(level > (try tail.returnLevel(observations: 1e15)))
    #expect(try tail.returnLevelInterval(observations: 1e17).contains(level))
    for observations in [0, 1, 6, 400.0 / 60, -3, .nan, .infinity] {
      #expect(throws: DistributionsError.self) { try tail.returnLevel(observations: observations) }
      #expect(throws: DistributionsError.self) {
        try tail.returnLevelInterval(observations: observations)
      }
    }
    for (confidence, level) in [
      (0.5, 0.9), (1, 0.9), (.nan, 0.9), (0.99, 0), (0.99, 1), (0.99, .nan),
    ] {
      #expect(throws: DistributionsError.self) {
        try tail.expectedShortfallInterval(confidence: confidence, level: level)
      }
    }
  }

  @Test func conditionalTailsHaveTheirIntervals() throws {
    let ratios = try RandomStream(seed: 10).normals(count: 500)
    let volatilities = (0..<500).map { 0.01 + 0.02 * Double($0 % 7) }
    let tail = try ConditionalTail(
      losses: zip(ratios, volatilities).map { $0 * $1 }, volatilities: volatilities,
      exceedanceCount: 50)
    let risk = try TailRisk.conditionalTail(tail, confidence: 0.99, volatility: 0.03, level: 0.9)
    #expect(risk.method == .conditionalTail && risk.observationCount == 500)
    #expect(risk.valueAtRisk == (try tail.valueAtRisk(confidence: 0.99, volatility: 0.03)))
    #expect(
      risk.expectedShortfall == (try tail.expectedShortfall(confidence: 0.99, volatility: 0.03)))
    let plain = try TailRisk.peaksOverThreshold(tail.peaks, confidence: 0.99, level: 0.9)
    for (own, ratio) in [
      (risk.valueAtRiskInterval, plain.valueAtRiskInterval),
      (risk.expectedShortfallInterval, plain.expectedShortfallInterval),
    ] {
      let (own, ratio) = (try #require(own), try #require(ratio))
      #expect(own.basis == .profileLikelihood && own.level == 0.9)
      expectClose(own.range.lowerBound, 0.03 * ratio.range.lowerBound, relative: 1e-15)
      expectClose(own.range.upperBound, 0.03 * ratio.range.upperBound, relative: 1e-15)
    }
    for bad in [0, -1, Double.nan, .infinity] {
      #expect(throws: DistributionsError.self) {
        try TailRisk.conditionalTail(tail, confidence: 0.99, volatility: bad)
      }
    }
  }
}
