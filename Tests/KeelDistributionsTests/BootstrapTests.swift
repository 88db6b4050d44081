import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct BootstrapTests {
  struct File: Decodable {
    struct Case: Decodable {
      let series: [Double]
      let stationary: Double
      let circular: Double
    }
    let cases: [Case]
  }

  @Test func blockLengths() throws {
    for reference in try Reference.load(File.self, "bootstrap").cases {
      for factor in [1, 1e-6, 1e200] {
        let lengths = try Bootstrap.optimalLength(reference.series.map { $0 * factor })
        expectClose(lengths.stationary, reference.stationary, relative: 1e-9)
        expectClose(lengths.circular, reference.circular, relative: 1e-9)
      }
    }
  }

  @Test func rowsAreDrawnInBlocks() throws {
    let (count, length) = (100, 7)
    let kinds: [Bootstrap.Blocks] = [
      .independent, .moving(length: length), .circular(length: length),
      .stationary(meanLength: Double(length)),
    ]
    for kind in kinds {
      let bootstrap = try Bootstrap(kind, seed: 11)
      var frequencies = [Int](repeating: 0, count: count)
      var breaks = 0
      for replicate in 0..<400 {
        let rows = try bootstrap.rows(replicate: UInt64(replicate), rowCount: count)
        #expect(rows.count == count)
        for row in rows { frequencies[row] += 1 }
        for (now, before) in zip(rows.dropFirst(), rows) where now != (before + 1) % count {
          breaks += 1
        }
      }
      let expected: Double =
        switch kind {
        case .independent: 400 * 99 * 0.99
        case .stationary: 400 * 99 / 7 * 0.99
        default: 400 * 14 * 0.99
        }
      expectClose(Double(breaks), expected, relative: 0.03, "\(kind)")
      if case .moving = kind {
        // The ends of the history are drawn seldom.
        #expect(frequencies[0] < 120 && frequencies[50] > 300)
      } else {
        #expect(frequencies.allSatisfy { $0 > 280 && $0 < 520 }, "\(kind)")
      }
    }
  }

  @Test func sameSeedSameRows() throws {
    let bootstrap = try Bootstrap(.stationary(meanLength: 5), seed: 3)
    let rows = try bootstrap.rows(replicate: 9, rowCount: 50)
    #expect(try bootstrap.rows(replicate: 9, rowCount: 50) == rows)
    #expect(try bootstrap.rows(replicate: 10, rowCount: 50) != rows)
    #expect(try bootstrap.rows(replicate: 9, rowCount: 50, count: 20) == Array(rows.prefix(20)))
    #expect(try bootstrap.rows(replicate: 9, rowCount: 1, count: 3) == [0, 0, 0])
  }

  /// The variance of the mean of an autoregression is known; single rows miss it.
  @Test func blocksKeepDependence() throws {
    let (count, rho) = (4000, 0.6)
    var generator = SeededGenerator(seed: 4)
    var series = [generator.gaussian()]
    for _ in 1..<count { series.append(rho * series[series.count - 1] + generator.gaussian()) }
    let truth = 1 / ((1 - rho) * (1 - rho)) / Double(count)
    let length = try Bootstrap.optimalLength(series).stationary
    #expect(length > 5 && length < 60)
    func variance(_ blocks: Bootstrap.Blocks) throws -> Double {
      let bootstrap = try Bootstrap(blocks, seed: 5)
      let means = try (0..<300).map { replicate in
        let rows = try bootstrap.rows(replicate: UInt64(replicate), rowCount: count)
        return rows.reduce(0) { $0 + series[$1] } / Double(count)
      }
      let mean = means.reduce(0, +) / 300
      return means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 299
    }
    expectClose(try variance(.stationary(meanLength: length)), truth, relative: 0.3)
    #expect(try variance(.independent) < 0.4 * truth)
  }

  @Test func refusals() throws {
    for kind in [
      Bootstrap.Blocks.moving(length: 0), .circular(length: -1), .stationary(meanLength: 0.5),
      .stationary(meanLength: .nan), .stationary(meanLength: .infinity),
    ] { #expect(throws: DistributionsError.self) { try Bootstrap(kind, seed: 1) } }
    let bootstrap = try Bootstrap(.moving(length: 9), seed: 1)
    #expect(throws: DistributionsError.self) { try bootstrap.rows(replicate: 0, rowCount: 8) }
    #expect(throws: DistributionsError.self) { try bootstrap.rows(replicate: 0, rowCount: 0) }
    #expect(throws: DistributionsError.self) {
      try bootstrap.rows(replicate: 0, rowCount: 10, count: -1)
    }
    #expect(throws: DistributionsError.self) { try Bootstrap.optimalLength([1, 2, 3]) }
    #expect(throws: DistributionsError.self) {
      try Bootstrap.optimalLength([Double](repeating: 2, count: 50))
    }
    var series = (0..<50).map { Double($0 % 7) }
    series[20] = .nan
    #expect(throws: DistributionsError.self) { try Bootstrap.optimalLength(series) }
    // The longest blocks that can be asked for.
    #expect(
      try Bootstrap(.circular(length: .max), seed: 1).rows(replicate: 0, rowCount: 5).count == 5)
    #expect(
      try Bootstrap(.stationary(meanLength: 1e300), seed: 1).rows(replicate: 0, rowCount: 5).count
        == 5)
  }
}
