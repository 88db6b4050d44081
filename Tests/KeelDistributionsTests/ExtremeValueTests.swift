import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ExtremeValueTests {
  struct File: Decodable {
    struct Tail: Decodable {
      let losses: [Double]
      let count: Int
      let confidence: Double
      let threshold: Double
      let scale: Double
      let shape: Double
      let logLikelihood: Double
      let valueAtRisk: Double
      let expectedShortfall: Double
      let low: Double
      let high: Double
      let hill: Double
      let moment: Double
    }
    struct Block: Decodable {
      let losses: [Double]
      let blockLength: Int
      let blocks: Double
      let location: Double
      let scale: Double
      let shape: Double
      let level: Double
      let low: Double
      let high: Double
    }
    struct Expansion: Decodable {
      let mean: Double
      let volatility: Double
      let skewness: Double
      let excessKurtosis: Double
      let confidence: Double
      let valueAtRisk: Double
      let expectedShortfall: Double
    }
    let tails: [Tail]
    let blocks: [Block]
    let heavyBlocks: [Block]
    let expansions: [Expansion]
  }

  @Test func tailsOverAThreshold() throws {
    for item in try Reference.load(File.self, "extreme_values").tails {
      let tail = try PeaksOverThreshold(item.losses, exceedanceCount: item.count)
      #expect(tail.threshold == item.threshold && tail.excesses.count == item.count)
      // The references come from a search without derivatives.
      expectClose(tail.fit.law.shape, item.shape, absolute: 1e-6)
      expectClose(tail.fit.law.scale, item.scale, relative: 1e-6)
      expectClose(tail.fit.logLikelihood, item.logLikelihood, relative: 1e-12)
      let c = item.confidence
      expectClose(try tail.valueAtRisk(confidence: c), item.valueAtRisk, relative: 1e-6)
      expectClose(try tail.expectedShortfall(confidence: c), item.expectedShortfall, relative: 1e-6)
      let interval = try tail.valueAtRiskInterval(confidence: c)
      let width = item.high - item.low
      expectClose(interval.lowerBound, item.low, absolute: 1e-4 * width)
      expectClose(interval.upperBound, item.high, absolute: 1e-4 * width)
      expectClose(try tail.returnLevel(observations: 1 / (1 - c)), item.valueAtRisk, relative: 1e-6)
      expectClose(
        try TailIndex.hill(item.losses, count: item.count).shape, item.hill, relative: 1e-12)
      expectClose(
        try TailIndex.moment(item.losses, count: item.count).shape, item.moment, absolute: 1e-10)
    }
  }

  @Test func maximaOfBlocks() throws {
    #if DEBUG
      let cases = try Reference.load(File.self, "extreme_values").blocks.prefix(1)
    #else
      let cases = try Reference.load(File.self, "extreme_values").blocks[...]
    #endif
    for item in cases {
      let blocks = try BlockMaxima(item.losses, blockLength: item.blockLength)
      #expect(blocks.maxima.count == item.losses.count / item.blockLength)
      expectClose(blocks.fit.law.shape, item.shape, absolute: 1e-5)
      expectClose(try blocks.returnLevel(blocks: item.blocks), item.level, relative: 1e-5)
      let interval = try blocks.returnLevelInterval(blocks: item.blocks)
      let width = item.high - item.low
      expectClose(interval.lowerBound, item.low, absolute: 1e-3 * width)
      expectClose(interval.upperBound, item.high, absolute: 1e-3 * width)
    }
  }

  /// Levels far beyond the maxima have ends as far again, and each side is compared by its own size.
  @Test func levelsOfHeavyMaximaHaveEnds() throws {
    for item in try Reference.load(File.self, "extreme_values").heavyBlocks {
      let blocks = try BlockMaxima(item.losses, blockLength: item.blockLength)
      let name = "\(item.blocks)"
      expectClose(blocks.fit.law.shape, item.shape, absolute: 1e-5, name)
      expectClose(try blocks.returnLevel(blocks: item.blocks), item.level, relative: 1e-4, name)
      let interval = try blocks.returnLevelInterval(blocks: item.blocks)
      expectClose(interval.lowerBound, item.low, relative: 1e-7, name)
      expectClose(interval.upperBound, item.high, relative: 1e-7, name)
    }
    // Levels on both sides of the one that is free, and one that is too large for a number.
    let item = try #require(try Reference.load(File.self, "extreme_values").heavyBlocks.first)
    let blocks = try BlockMaxima(item.losses, blockLength: item.blockLength)
    let (below, above) = (
      try blocks.returnLevelInterval(blocks: 2.5 - 1e-9),
      try blocks.returnLevelInterval(blocks: 2.5 + 1e-9)
    )
    expectClose(below.lowerBound, above.lowerBound, relative: 1e-7)
    expectClose(below.upperBound, above.upperBound, relative: 1e-7)
    let farthest = try blocks.returnLevelInterval(blocks: 1e300)
    #expect(try blocks.returnLevel(blocks: 1e300) == .infinity)
    #expect(farthest.lowerBound > 1e180 && farthest.lowerBound < 1e280)
    #expect(farthest.upperBound == .infinity)
  }

  @Test func expansions() throws {
    for item in try Reference.load(File.self, "extreme_values").expansions {
      let law = try CornishFisher(
        mean: item.mean, volatility: item.volatility, skewness: item.skewness,
        excessKurtosis: item.excessKurtosis)
      #expect(law.isMonotone)
      expectClose(law.valueAtRisk(confidence: item.confidence), item.valueAtRisk, relative: 1e-12)
      expectClose(
        law.expectedShortfall(confidence: item.confidence), item.expectedShortfall, relative: 1e-12)
    }
    // A normal law, at confidences that no tail below one is near enough to as well.
    let normal = try Normal(mean: 0.1, standardDeviation: 2)
    let plain = try CornishFisher(mean: 0.1, volatility: 2, skewness: 0, excessKurtosis: 0)
    for confidence in [1e-20, 0.3, 0.99] {
      expectClose(
        plain.valueAtRisk(confidence: confidence), normal.valueAtRisk(confidence: confidence),
        relative: 1e-14)
      expectClose(
        plain.expectedShortfall(confidence: confidence),
        normal.expectedShortfall(confidence: confidence), relative: 1e-14)
    }
    let wild = try CornishFisher(mean: 0, volatility: 1, skewness: -2, excessKurtosis: 1)
    #expect(!wild.isMonotone)
    #expect(wild.quantile(0).isNaN && wild.expectedShortfall(confidence: 1).isNaN)
    for (s, k) in [(11.0, 0.0), (.nan, 0), (0, -3), (0, .infinity)] {
      #expect(throws: DistributionsError.self) {
        try CornishFisher(mean: 0, volatility: 1, skewness: s, excessKurtosis: k)
      }
    }
  }

  /// Intervals of 90 % hold the true value about nine times in ten; the indices of Pareto and other tails are
  /// within their errors.
  @Test func intervalsHoldTheTruth() throws {
    #if DEBUG
      let count = 12
    #else
      let count = 300
    #endif
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 3)
    var held = 0
    for seed in 0..<UInt64(count) {
      let losses = try RandomStream(seed: seed, stream: 77).uniforms(count: 1000).map {
        law.quantile($0)
      }
      let tail = try PeaksOverThreshold(losses, exceedanceCount: 100)
      let interval = try tail.valueAtRiskInterval(confidence: 0.995, level: 0.9)
      held += interval.contains(law.quantile(0.995)) ? 1 : 0
    }
    let error = 4 * (0.09 / Double(count)).squareRoot()
    expectClose(Double(held) / Double(count), 0.88, absolute: error + 0.02)
    let pareto = try RandomStream(seed: 5).uniforms(count: 5000).map { pow($0, -0.4) }
    for index in [try TailIndex.hill(pareto, count: 500), try TailIndex.moment(pareto, count: 500)]
    {
      expectClose(index.shape, 0.4, absolute: 4 * index.standardError)
    }
    let bounded = try RandomStream(seed: 6).uniforms(count: 5000).map { 1 - pow($0, 0.25) }
    let index = try TailIndex.moment(bounded, count: 500)
    expectClose(index.shape, -0.25, absolute: 4 * index.standardError)
    #expect(index.standardError > 0)
  }

  /// Of equal losses above the threshold only rounding has a spread; that of nearly equal ones keeps its digits.
  @Test func equalLossesHaveNoMoments() throws {
    for (value, threshold, count) in [(0.058, 0.036, 18), (0.1, 0.03, 7), (6e-308, 3e-308, 11)] {
      let losses = [Double](repeating: value, count: count) + [threshold, threshold / 2]
      #expect(
        throws: DistributionsError.repeatedValue(
          value: value, count: count, observationCount: count + 2)
      ) {
        try TailIndex.moment(losses, count: count)
      }
    }
    let (low, threshold) = (0.058, 0.036)
    for part in [1e-3, 1e-9, 1e-15] {
      let high = low * (1 + part)
      let losses = (0..<18).map { $0 % 2 == 0 ? low : high } + [threshold]
      let half = log1p((high - low) / low) / 2
      let mean = log(low / threshold) + half
      let index = try TailIndex.moment(losses, count: 18)
      let exact = mean + 0.5 - 0.5 * (mean / half) * (mean / half)
      expectClose(index.shape, exact, relative: 1e-12, "\(part)")
    }
  }

  /// The size of the losses is the unit of everything; adding the same to all shifts the levels.
  @Test func unitsAndShifts() throws {
    let losses = try RandomStream(seed: 9).normals(count: 400)
    let tail = try PeaksOverThreshold(losses, exceedanceCount: 60)
    let large = try PeaksOverThreshold(losses.map { 1e6 * $0 }, exceedanceCount: 60)
    let shifted = try PeaksOverThreshold(losses.map { $0 + 100 }, exceedanceCount: 60)
    let level = try tail.valueAtRisk(confidence: 0.99)
    expectClose(try large.valueAtRisk(confidence: 0.99), 1e6 * level, relative: 1e-8)
    expectClose(try shifted.valueAtRisk(confidence: 0.99), level + 100, relative: 1e-8)
    expectClose(
      try large.valueAtRiskInterval(confidence: 0.99).upperBound,
      1e6 * (try tail.valueAtRiskInterval(confidence: 0.99)).upperBound, relative: 1e-6)
    // At the share of the tail the value at risk is the threshold.
    expectClose(
      try tail.valueAtRisk(confidence: 1 - tail.exceedanceShare), tail.threshold, relative: 1e-12)
  }

  @Test func lossesOfChangingVolatility() throws {
    let ratios = try RandomStream(seed: 10).normals(count: 500)
    let volatilities = (0..<500).map { 0.01 + 0.02 * Double($0 % 7) }
    let losses = zip(ratios, volatilities).map { $0 * $1 }
    let tail = try ConditionalTail(
      losses: losses, volatilities: volatilities, exceedanceCount: 50)
    let plain = try PeaksOverThreshold(ratios, exceedanceCount: 50)
    expectClose(
      try tail.valueAtRisk(confidence: 0.99, volatility: 0.03),
      0.03 * (try plain.valueAtRisk(confidence: 0.99)), relative: 1e-8)
    expectClose(
      try tail.expectedShortfall(confidence: 0.99, volatility: 0.03),
      0.03 * (try plain.expectedShortfall(confidence: 0.99)), relative: 1e-8)
    let history = try EmpiricalDistribution(
      outcomes: losses.map { -$0 }, volatilities: volatilities, currentVolatility: 0.05)
    let direct = try EmpiricalDistribution(outcomes: ratios.map { -0.05 * $0 })
    expectClose(
      history.valueAtRisk(confidence: 0.95), direct.valueAtRisk(confidence: 0.95), relative: 1e-12)
    for bad in [0, -1, Double.nan, .infinity] {
      #expect(throws: DistributionsError.self) {
        try tail.valueAtRisk(confidence: 0.99, volatility: bad)
      }
      #expect(throws: DistributionsError.self) {
        try EmpiricalDistribution(outcomes: [0.1], volatilities: [bad], currentVolatility: 1)
      }
    }
    #expect(throws: DistributionsError.self) {
      try ConditionalTail(losses: [1, 2], volatilities: [1], exceedanceCount: 10)
    }
  }

  @Test func refusesWhatIsNoTail() throws {
    let losses = try RandomStream(seed: 1).normals(count: 100)
    for count in [0, 9, 100, -5, Int.max] {
      #expect(throws: DistributionsError.self) {
        try PeaksOverThreshold(losses, exceedanceCount: count)
      }
    }
    #expect(throws: DistributionsError.self) {
      try PeaksOverThreshold([Double](repeating: 1, count: 50), exceedanceCount: 20)
    }
    #expect(throws: DistributionsError.self) {
      try PeaksOverThreshold(losses + [.nan], exceedanceCount: 20)
    }
    let tail = try PeaksOverThreshold(losses, exceedanceCount: 20)
    for confidence in [0.5, 1, .nan, -1] {
      #expect(throws: DistributionsError.self) { try tail.valueAtRisk(confidence: confidence) }
      #expect(throws: DistributionsError.self) {
        try tail.valueAtRiskInterval(confidence: confidence)
      }
    }
    for observations in [0, 1, -3, .nan, .infinity] {
      #expect(throws: DistributionsError.self) { try tail.returnLevel(observations: observations) }
    }
    for count in [0, 100, -1] {
      #expect(throws: DistributionsError.self) { try TailIndex.hill(losses, count: count) }
    }
    // The threshold of the upper 99 is negative.
    #expect(throws: DistributionsError.self) { try TailIndex.hill(losses, count: 99) }
    #expect(throws: DistributionsError.self) { try TailIndex.moment([3, 3, 3, 1], count: 3) }
    #expect(throws: DistributionsError.self) { try BlockMaxima(losses, blockLength: 0) }
    #expect(throws: DistributionsError.self) { try BlockMaxima(losses, blockLength: 50) }
  }
}
