import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

/// `#expect` takes apart what it is given, which a call that changes a value does not allow.
private func expectTrue(
  _ condition: Bool,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(condition, sourceLocation: sourceLocation)
}

@Suite struct WorkingSpectrumTests {
  private static let orders = [5, 1, 12, 3, 0, 40, 5, 12]

  private func matrix(_ order: Int, using generator: inout SeededGenerator) throws -> Matrix {
    try Matrix(
      rowCount: order, columnCount: order,
      columnMajor: (0..<(order * order)).map { _ in generator.gaussian() })
  }

  /// The results of the solvers of one order, to the last bit, whatever orders came before.
  @Test func agreesWithTheSolvers() throws {
    var generator = SeededGenerator(seed: 3)
    var room = WorkingSpectrum()
    for order in Self.orders {
      let a = try matrix(order, using: &generator)
      expectTrue(room.decompose(a))
      let singular = try SVD(a)
      #expect(room.singularValues == singular.values)
      #expect(room.left == singular.u)
      #expect(room.rightTransposed == singular.vTransposed)
      let symmetric = try a.gram()
      let least = room.leastEigenvalue(symmetric.matrix.columnMajorElements, order: order)
      #expect(least == (try SymmetricEigen.values(of: symmetric).min() ?? 0))
      var factor = symmetric.matrix
      expectTrue(WorkingSpectrum.setLowerFactor(&factor))
      #expect(factor == (try Cholesky(symmetric).lower))
    }
  }

  /// Elements near the ends of the range of `Double`.
  @Test(arguments: [1e-300, 1e-200, 1e200, 1e300])
  func scalesWhatIsFarFromOne(size: Double) throws {
    var room = WorkingSpectrum()
    let a = [2 * size, size, size, 2 * size]
    let least = room.leastEigenvalue(a, order: 2) ?? .nan
    expectClose(least, size, relative: 1e-14)
    expectTrue(room.decompose(try Matrix(rowCount: 2, columnCount: 2, columnMajor: a)))
    expectClose(room.singularValues[0], 3 * size, relative: 1e-14)
    expectClose(room.singularValues[1], size, relative: 1e-14)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func refusesWhatIsNotFinite(bad: Double) throws {
    var room = WorkingSpectrum()
    let elements = [1, bad, bad, 2]
    let isRefused = room.leastEigenvalue(elements, order: 2) == nil
    #expect(isRefused)
    var a = try Matrix(rowCount: 2, columnCount: 2, columnMajor: elements)
    expectTrue(!room.decompose(a))
    expectTrue(!WorkingSpectrum.setLowerFactor(&a))
  }

  @Test func refusesOtherShapes() throws {
    var room = WorkingSpectrum()
    for order in [-1, 1, 3, Int.max] {
      let isRefused = room.leastEigenvalue([1, 0, 0, 1], order: order) == nil
      #expect(isRefused)
    }
    var wide = try Matrix(rowCount: 2, columnCount: 3)
    expectTrue(!room.decompose(wide))
    expectTrue(!WorkingSpectrum.setLowerFactor(&wide))
    var indefinite = try Matrix(rows: [[1, 2], [2, 1]])
    expectTrue(!WorkingSpectrum.setLowerFactor(&indefinite))
  }
}
