import KeelData
import KeelEstimation
import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// Returns with gaps from rows with nil.
private func incomplete(
  _ rows: [[Double?]],
  names: [String]? = nil
) throws -> IncompleteReturns {
  let n = rows[0].count
  let universe = try Universe((names ?? (0..<n).map { "A\($0)" }).map { AssetID($0) })
  return try IncompleteReturns(
    universe: universe,
    timestamps: rows.indices.map {
      Timestamp(nanosecondsSinceEpoch: Int64($0) * 86_400_000_000_000)
    },
    values: Matrix(columns: (0..<n).map { j in rows.map { $0[j] ?? 0 } }),
    isPresent: (0..<n).flatMap { j in rows.map { $0[j] != nil } })
}

/// Rows with gaps: late listings and holes.
private func randomRows(_ count: Int, _ n: Int, seed: UInt64, holes: Double) throws -> [[Double?]] {
  let matrix = try randomReturns(count, n, seed: seed)
  var generator = SeededGenerator(seed: seed + 900)
  return (0..<count).map { i in
    (0..<n).map { j in
      let isHole = Double.random(in: 0..<1, using: &generator) < holes
      return i < 7 * (j % 4) || isHole ? nil : matrix[i, j]
    }
  }
}

@Suite struct GapTests {
  struct File: Decodable {
    struct Case: Decodable {
      let name: String
      let rows: [[Double?]]
      let isNested: Bool
      let pairwise: [[Double]]
      let weighted: [[Double]]
      let means: [Double]
      let covariance: [[Double]]
      let logLikelihood: Double
    }
    let cases: [Case]
  }

  private func expect(
    _ matrix: SymmetricMatrix,
    _ expected: [[Double]],
    _ share: Double,
    _ name: String
  ) {
    let size = expected.joined().reduce(0) { max($0, $1.magnitude) }
    for (i, row) in expected.enumerated() {
      for (j, value) in row.enumerated() {
        expectClose(matrix[i, j], value, absolute: share * size, "\(name) \(i) \(j)")
      }
    }
  }

  @Test func agreeWithPandasAndWithMaximumLikelihood() throws {
    for reference in try Reference.load(File.self, "gaps").cases {
      let returns = try incomplete(reference.rows)
      let pairwise = PairwiseCovariance(minimumCommonCount: 5, repair: .none)
      expect(
        try pairwise.covariance(from: returns).matrix, reference.pairwise, 1e-12, reference.name)
      var weighted = pairwise
      weighted.weighting = .exponential(halfLife: 13)
      expect(
        try weighted.covariance(from: returns).matrix, reference.weighted, 1e-12, reference.name)
      let estimate = try GapMoments(tolerance: 1e-13).estimate(from: returns)
      #expect(estimate.isConverged)
      expect(estimate.covariance.matrix, reference.covariance, 1e-10, reference.name)
      expectClose(estimate.logLikelihood, reference.logLikelihood, relative: 1e-11)
      for (value, expected) in zip(estimate.expectedReturns.values, reference.means) {
        expectClose(value, expected, absolute: 1e-12)
      }
      if !reference.isNested {
        #expect(throws: EstimationError.self) { try NestedMoments().moments(from: returns) }
        continue
      }
      let nested = try NestedMoments().moments(from: returns)
      expect(nested.covariance.matrix, reference.covariance, 1e-11, reference.name)
      for (value, expected) in zip(nested.expectedReturns.values, reference.means) {
        expectClose(value, expected, absolute: 1e-13)
      }
    }
  }

  @Test func withoutGapsAllAreTheSample() throws {
    let matrix = try randomReturns(50, 4, seed: 3)
    let complete = try labeled(matrix)
    let returns = IncompleteReturns(complete)
    let sample = try SampleCovariance().covariance(from: complete).matrix
    let likely = try SampleCovariance(divisor: .observationCount).covariance(from: complete).matrix
    let weighted = try EWMACovariance(halfLife: 9).covariance(from: complete).matrix
    let pairs: [(SymmetricMatrix, SymmetricMatrix)] = [
      (try PairwiseCovariance().covariance(from: returns).matrix, sample),
      (
        try PairwiseCovariance(weighting: .exponential(halfLife: 9)).covariance(from: returns)
          .matrix, weighted
      ),
      (try NestedMoments().moments(from: returns).covariance.matrix, likely),
      (try GapMoments().estimate(from: returns).covariance.matrix, likely),
    ]
    let size = sample.diagonal.reduce(0, max)
    for (value, expected) in pairs {
      for i in 0..<4 {
        for j in 0..<4 { expectClose(value[i, j], expected[i, j], absolute: 1e-12 * size) }
      }
    }
  }

  @Test func anAssetMoreChangesNoNumber() throws {
    let rows = try randomRows(90, 6, seed: 4, holes: 0.1)
    for weighting in [
      PairwiseCovariance.Weighting.equal, .exponential(halfLife: 20),
    ] {
      let estimator = PairwiseCovariance(weighting: weighting, repair: .none)
      let whole = try estimator.covariance(from: incomplete(rows)).matrix
      let part = try estimator.covariance(from: incomplete(rows.map { Array($0.prefix(4)) })).matrix
      for i in 0..<4 {
        for j in 0..<4 { expectClose(part[i, j], whole[i, j], absolute: 1e-12 * whole[3, 3]) }
      }
    }
  }

  @Test func assetOrderNeverChangesABit() throws {
    let rows = try randomRows(90, 5, seed: 5, holes: 0.1)
    let names = ["C", "A", "E", "B", "D"]
    let order = [3, 1, 4, 0, 2]
    let left = try incomplete(rows, names: names)
    let right = try incomplete(
      rows.map { row in order.map { row[$0] } }, names: order.map { names[$0] })
    let estimates: [(Covariance, Covariance)] = [
      (
        try PairwiseCovariance().covariance(from: left),
        try PairwiseCovariance().covariance(from: right)
      ),
      (
        try GapMoments().estimate(from: left).covariance,
        try GapMoments().estimate(from: right).covariance
      ),
    ]
    for (one, other) in estimates {
      for (i, from) in order.enumerated() {
        for (j, source) in order.enumerated() {
          #expect(one.matrix[from, source] == other.matrix[i, j])
        }
      }
    }
  }

  @Test func repairsAreReported() throws {
    // Three assets of which each pair shares rows that the third has not: correlations 1, 1 and −1.
    var rows: [[Double?]] = []
    for i in 0..<30 {
      let x = 0.01 * Double(i % 5 - 2) + 0.001 * Double(i % 7 - 3)
      let noise = 0.008 * Double(i % 3 - 1)
      rows.append([x, x + noise, nil])
      rows.append([x, nil, x + noise])
      rows.append([nil, x, noise - x])
    }
    let returns = try incomplete(rows)
    let plain = try PairwiseCovariance(repair: .none).covariance(from: returns)
    #expect(plain.definiteness == .unproved)
    #expect(try #require(plain.diagnostics.leastEigenvalue) < 0)
    let repaired = try PairwiseCovariance().covariance(from: returns)
    #expect(repaired.definiteness == .byConstruction)
    #expect(try #require(repaired.diagnostics.repairNorm) > 0.5 * plain.matrix[0, 0])
    #expect(try SymmetricEigen.values(of: repaired.matrix)[0] > 0)
    // A quiet time of one asset's own makes the common rows look wilder than both.
    let quiet = (0..<60).map { [0.0001 * Double($0 % 2), nil, nil] as [Double?] }
    let wild = try incomplete(rows + quiet)
    #expect(throws: EstimationError.self) {
      try PairwiseCovariance(repair: .none).covariance(from: wild)
    }
    let mended = try PairwiseCovariance().covariance(from: wild)
    #expect(mended.diagnostics.repairNorm ?? 0 > 0)
    for i in 0..<3 { #expect(repaired.matrix[i, i] == plain.matrix[i, i]) }
    let fine = try PairwiseCovariance().covariance(
      from: incomplete(randomRows(200, 3, seed: 6, holes: 0.05)))
    #expect(fine.diagnostics.repairNorm == 0)
  }

  /// What weights have forgotten is nothing in common; an impossible block of small assets is seen beside a large one.
  @Test func forgottenRowsAndSmallBlocks() throws {
    let matrix = try randomReturns(600, 2, seed: 9)
    let old = try incomplete((0..<600).map { [matrix[$0, 0], $0 < 100 ? matrix[$0, 1] : nil] })
    #expect(
      throws: EstimationError.tooFewCommonObservations(
        left: "A0", right: "A1", got: 0, required: 20)
    ) { try PairwiseCovariance(weighting: .exponential(halfLife: 1)).covariance(from: old) }
    var rows: [[Double?]] = []
    for i in 0..<30 {
      let x = 1e-10 * (Double(i % 5 - 2) + 0.1 * Double(i % 7 - 3))
      let noise = 0.8e-10 * Double(i % 3 - 1)
      let large = 0.1 * Double(i % 4 - 1)
      rows.append([x, x + noise, nil, large])
      rows.append([x, nil, x + noise, -large])
      rows.append([nil, x, noise - x, large])
    }
    let repaired = try PairwiseCovariance().covariance(from: incomplete(rows))
    #expect(try #require(repaired.diagnostics.repairNorm) > 0)
    for method in [PairwiseCovariance(repair: .nearestCorrelation(leastEigenvalue: 7))] {
      #expect(throws: EstimationError.self) { try method.covariance(from: incomplete(rows)) }
    }
  }

  /// Units of the data, and 1e-150 of them.
  @Test func scale() throws {
    let rows = try randomRows(90, 4, seed: 7, holes: 0.1)
    for factor in [1e-150, 1e-9, 3.0] {
      let scaled = rows.map { $0.map { $0.map { $0 * factor } } }
      let (one, other) = (
        try GapMoments().estimate(from: incomplete(rows)),
        try GapMoments().estimate(from: incomplete(scaled))
      )
      let matrix = one.covariance.matrix
      for i in 0..<4 {
        for j in 0..<4 {
          expectClose(
            other.covariance.matrix[i, j] / factor / factor, matrix[i, j],
            absolute: 1e-9 * matrix[3, 3])
        }
      }
    }
  }

  @Test func refusals() throws {
    let rows = try randomRows(60, 3, seed: 8, holes: 0)
    let returns = try incomplete(rows)
    #expect(throws: EstimationError.self) {
      try PairwiseCovariance(minimumCommonCount: 1).covariance(from: returns)
    }
    #expect(
      throws: EstimationError.tooFewCommonObservations(
        left: "A0", right: "A2", got: 46, required: 50)
    ) {
      try PairwiseCovariance(minimumCommonCount: 50).covariance(
        from: returns.selecting(["A0", "A2"]))
    }
    for halfLife in [0, -1, .nan] {
      #expect(throws: EstimationError.self) {
        try PairwiseCovariance(weighting: .exponential(halfLife: halfLife)).covariance(
          from: returns)
      }
    }
    for tolerance in [0, -1, .nan, 1] {
      #expect(throws: EstimationError.self) {
        try GapMoments(tolerance: tolerance).estimate(from: returns)
      }
    }
    #expect(throws: EstimationError.self) {
      try GapMoments(maximumIterations: 0).estimate(from: returns)
    }
    // Four rows cannot tell three assets apart.
    let short = try incomplete(Array(rows.suffix(4)))
    #expect(throws: EstimationError.self) { try GapMoments().estimate(from: short) }
    #expect(throws: EstimationError.self) {
      try NestedMoments().moments(from: incomplete(Array(rows.suffix(3))))
    }
    var holed = rows
    holed[40][0] = nil
    #expect(throws: EstimationError.notNested(asset: "A0", row: 40)) {
      try NestedMoments().moments(from: incomplete(holed))
    }
    let copies = try incomplete(rows.map { [$0[0], $0[0], $0[2]] })
    #expect(throws: EstimationError.self) { try GapMoments().estimate(from: copies) }
    #expect(throws: EstimationError.self) { try NestedMoments().moments(from: copies) }
    let flat = try incomplete(rows.map { [$0[0], 0.01, $0[2]] })
    #expect(throws: EstimationError.self) { try GapMoments().estimate(from: flat) }
    let stopped = try GapMoments(maximumIterations: 1, tolerance: 1e-14).estimate(from: returns)
    #expect(!stopped.isConverged)
  }
}
