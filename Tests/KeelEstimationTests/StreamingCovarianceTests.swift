import Foundation
import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct StreamingCovarianceTests {
  private func stream(
    _ n: Int,
    _ halfLife: Double,
    _ weighting: StreamingCovariance.Weighting = .none
  ) throws -> StreamingCovariance {
    try StreamingCovariance(
      universe: Universe((0..<n).map { AssetID("A\($0)") }), halfLife: halfLife,
      weighting: weighting)
  }

  private func expectEqual(_ left: SymmetricMatrix, _ right: SymmetricMatrix, _ share: Double) {
    let size = right.diagonal.reduce(0, max)
    for i in 0..<right.order {
      for j in 0..<right.order {
        expectClose(left[i, j], right[i, j], absolute: share * size, "\(i) \(j)")
      }
    }
  }

  /// Through thousands of half-lives, that is many times the range of doubles.
  @Test(arguments: [0.05, 0.7, 3, 60, 1e6])
  func equalsTheBatch(halfLife: Double) throws {
    let returns = try randomReturns(1500, 4, seed: 5)
    var live = try stream(4, halfLife)
    for t in 0..<1500 {
      try live.update(returns.row(t))
      if ![2, 30, 700, 1500].contains(t + 1) { continue }
      let batch = try EWMACovariance(halfLife: halfLife).unlabeledCovariance(
        from: Matrix(columns: (0..<4).map { j in (0...t).map { returns[$0, j] } }))
      let streamed = try live.covariance().matrix
      expectEqual(streamed, batch.matrix, 1e-12)
      // The factor belongs to the sums.
      if t < 4 || halfLife < 1 { continue }
      let row = returns.row((t + 7) % 1500)
      let solved = try Cholesky(streamed).solve(row)
      expectClose(
        try live.squaredDistance(row), zip(solved, row).reduce(0) { $0 + $1.0 * $1.1 },
        relative: 1e-9)
    }
  }

  @Test(arguments: [StreamingCovariance.Weighting.none, .studentT(degreesOfFreedom: 4)])
  func aStoredStateGoesOnWithTheSameBits(weighting: StreamingCovariance.Weighting) throws {
    let returns = try randomReturns(300, 5, seed: 6)
    var whole = try stream(5, 20, weighting)
    for t in 0..<300 { try whole.update(returns.row(t)) }
    for cut in [0, 1, 9, 150, 299] {
      var part = try stream(5, 20, weighting)
      for t in 0..<cut { try part.update(returns.row(t)) }
      let data = try JSONEncoder().encode(part)
      var again = try JSONDecoder().decode(StreamingCovariance.self, from: data)
      #expect(again == part && again.hashValue == part.hashValue)
      for t in cut..<300 { try again.update(returns.row(t)) }
      #expect(again == whole)
      #expect(try again.covariance() == whole.covariance())
    }
  }

  /// Rows of the law have their scatter back; one wild row hardly moves it.
  @Test func studentWeights() throws {
    let (n, degrees) = (3, 5.0)
    var generator = SeededGenerator(seed: 8)
    var (plain, robust) = (
      try stream(n, 1e9), try stream(n, 1e9, .studentT(degreesOfFreedom: degrees))
    )
    #if DEBUG
      let rows = 8000
    #else
      let rows = 200_000
    #endif
    for _ in 0..<rows {
      var chi = 0.0
      for _ in 0..<5 {
        let draw = generator.gaussian()
        chi += draw * draw
      }
      let scale = 0.01 * (degrees / chi).squareRoot()
      let common = generator.gaussian()
      let row = (0..<n).map { _ in max(scale * (common + generator.gaussian()), -1) }
      try plain.update(row)
      try robust.update(row)
    }
    let truth = 1e-4 * degrees / (degrees - 2)
    let matrix = try robust.covariance().matrix
    let error = 12 / Double(rows).squareRoot()
    expectClose(matrix[0, 0], 2 * truth, relative: error)
    expectClose(matrix[0, 1], truth, relative: error)
    let before = (try plain.covariance().matrix[0, 0], matrix[0, 0])
    try plain.update([10, -1, 5])
    try robust.update([10, -1, 5])
    let after = (
      try plain.covariance().matrix[0, 0], try robust.covariance().matrix[0, 0]
    )
    #expect(after.0 > 2 * before.0)
    expectClose(after.1, before.1, relative: 0.01)
  }

  @Test func refusals() throws {
    for halfLife in [0, 0.001, -1, .nan, .infinity] {
      #expect(throws: EstimationError.self) { try stream(2, halfLife) }
    }
    for degrees in [2, 0, .nan, .infinity] {
      #expect(throws: EstimationError.self) {
        try stream(2, 10, .studentT(degreesOfFreedom: degrees))
      }
    }
    var live = try stream(2, 10)
    #expect(throws: EstimationError.tooFewObservations(got: 0, required: 1)) {
      try live.covariance()
    }
    #expect(throws: EstimationError.notPositiveDefinite) { try live.squaredDistance([0, 0.1]) }
    try live.update([0.1, 0.2])
    let state = live
    for row in [[0.1], [0.1, .nan], [0.1, -1.5], [0.1, .infinity]] {
      #expect(throws: EstimationError.self) { try live.update(row) }
      #expect(throws: EstimationError.self) { try live.squaredDistance(row) }
    }
    #expect(live == state)
    try live.update([1e100, -1])
    #expect(try live.covariance().matrix[0, 0] > 1e198)
    var text = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
    text = text.replacingOccurrences(of: "\"weight\":", with: "\"weight\":-")
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(StreamingCovariance.self, from: Data(text.utf8))
    }
    let whole = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
    for (key, value) in [
      ("observationCount", "9223372036854775807"), ("observationCount", "-1"),
      ("sums", "[1,5,1]"), ("factor", "[1,0,1]"), ("factor", "[1]"), ("halfLife", "0"),
    ] {
      let pattern = try Regex("\"\(key)\":(\\[[^\\]]*\\]|[^,}]*)")
      let changed = whole.replacing(pattern, with: "\"\(key)\":\(value)")
      #expect(changed != whole)
      #expect(throws: DecodingError.self, "\(key) \(value)") {
        try JSONDecoder().decode(StreamingCovariance.self, from: Data(changed.utf8))
      }
    }
  }
}
