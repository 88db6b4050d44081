import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// `#expect` takes apart what it is given, which a noncopyable value does not allow.
private func expectTrue(
  _ condition: Bool,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(condition, sourceLocation: sourceLocation)
}

@Suite struct WorkingCholeskyTests {
  private func matrix(order n: Int, seed: UInt64) throws -> SymmetricMatrix {
    var generator = SeededGenerator(seed: seed)
    let factors = (0..<(n + 4)).map { _ in (0..<n).map { _ in generator.gaussian() } }
    var result = try SymmetricMatrix(order: n)
    for i in 0..<n {
      for j in 0...i { result[i, j] = factors.reduce(0) { $0 + $1[i] * $1[j] } }
    }
    return result
  }

  /// The solution by the plain solver on the submatrix.
  private func reference(
    _ a: SymmetricMatrix,
    _ positions: [Int],
    _ b: [Double]
  ) throws -> [Double] {
    var solver = try CholeskySolver(order: positions.count)
    try solver.factor(a.submatrix(at: positions.sorted()))
    let order = positions.sorted()
    var right = order.map { b[$0] }
    var span = right.mutableSpan
    try solver.solve(&span)
    return positions.map { right[order.firstIndex(of: $0) ?? 0] }
  }

  @Test(arguments: 1...20)
  func updatesSolveAsNewFactors(seed: Int) throws {
    let n = 60
    let a = try matrix(order: n, seed: UInt64(seed))
    var generator = SeededGenerator(seed: UInt64(seed) + 50)
    let b = (0..<n).map { _ in generator.gaussian() }
    var free = Array(stride(from: 0, to: n, by: 2))
    var factor = WorkingCholesky(reserving: 4)
    expectTrue(factor.factor(a.elements, fullOrder: n, at: free, count: free.count))
    for _ in 0..<40 {
      if generator.uniform() < 0.5 && free.count > 1 {
        let place = Int(generator.next() % UInt64(free.count))
        expectTrue(factor.remove(at: place))
        free.remove(at: place)
      } else if let new = (0..<n).first(where: { !free.contains($0) && generator.uniform() < 0.2 }) {
        expectTrue(factor.append(a.elements, fullOrder: n, at: new, to: free))
        free.append(new)
      }
      expectTrue(factor.order == free.count)
      var x = free.map { b[$0] }
      expectTrue(factor.solve(&x))
      for (got, wanted) in zip(x, try reference(a, free, b)) {
        expectClose(got, wanted, relative: 1e-9, absolute: 1e-10)
      }
    }
  }

  @Test func gramOfPanel() throws {
    let panel = [1.0, 2, 3, 4, 5, 7]
    var factor = WorkingCholesky()
    expectTrue(factor.factorGram(panel, rowCount: 3, columnCount: 2, diagonal: [1, 0]))
    // [15 35; 35 90] x = [1, 2]
    var x = [1.0, 2]
    expectTrue(factor.solve(&x))
    expectClose(x[0], (90.0 - 70) / (15 * 90 - 35 * 35), relative: 1e-13)
    expectClose(x[1], (30.0 - 35) / (15 * 90 - 35 * 35), relative: 1e-13)
  }

  @Test func badMatricesAreRefused() throws {
    var factor = WorkingCholesky()
    let indefinite = try SymmetricMatrix(rows: [[1, 2], [2, 1]])
    expectTrue(!factor.factor(indefinite.elements, fullOrder: 2, at: [0, 1], count: 2))
    expectTrue(factor.factor(indefinite.elements, fullOrder: 2, at: [0], count: 1))
    expectTrue(!factor.append(indefinite.elements, fullOrder: 2, at: 1, to: [0]))
    expectTrue(!factor.factor(indefinite.elements, fullOrder: 2, at: [2], count: 1))
    expectTrue(!factor.factor(indefinite.elements, fullOrder: 3, at: [0], count: 1))
    let bad = try SymmetricMatrix(rows: [[.nan, 0], [0, 1]])
    expectTrue(!factor.factor(bad.elements, fullOrder: 2, at: [0, 1], count: 2))
    expectTrue(!factor.factor(bad, relativeShift: 0))
    expectTrue(!factor.factorGram([.infinity], rowCount: 1, columnCount: 1, diagonal: [0]))
    expectTrue(!factor.factorGram([1], rowCount: 2, columnCount: 1, diagonal: [0]))
    expectTrue(!factor.remove(at: 5))
    expectTrue(factor.factor(indefinite, relativeShift: 10))
  }
}
