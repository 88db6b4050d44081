import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ProductTests {
  init() { #expect(oneBLASThread) }

  /// Products by the definition round like the library's within this factor of the inner dimension.
  private func bound(_ inner: Int, _ a: Matrix, _ b: Matrix) -> Double {
    2 * Double(inner + 1) * Double.ulpOfOne * norm(a) * norm(b)
  }

  @Test(arguments: 1...40)
  func matchesTheDefinition(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let m = 1 + seed % 13
    let k = 1 + (seed * 5) % 17
    let n = 1 + (seed * 3) % 11
    let a = try randomMatrix(m, k, using: &generator)
    let b = try randomMatrix(k, n, using: &generator)
    let limit = bound(k, a, b)
    let reference = try naiveProduct(a, b)
    #expect(difference(try a * b, reference) <= limit)
    var c = try randomMatrix(m, n, using: &generator)
    var expected = c
    for j in 0..<n {
      for i in 0..<m { expected[i, j] = 2 * reference[i, j] - 3 * c[i, j] }
    }
    try c.setToProduct(
      a.transposed, .transposed, b.transposed, .transposed, scale: 2, keeping: -3)
    #expect(difference(c, expected) <= 4 * (limit + Double.ulpOfOne * norm(expected)))
    let vector = (0..<k).map { _ in generator.gaussian() }
    let asMatrix = try Matrix(rowCount: k, columnCount: 1, columnMajor: vector)
    let product = try Matrix(rowCount: m, columnCount: 1, columnMajor: a.times(vector))
    #expect(difference(product, try naiveProduct(a, asMatrix)) <= bound(k, a, asMatrix))
    #expect(
      difference(
        try Matrix(
          rowCount: m, columnCount: 1, columnMajor: a.transposed.transposedTimes(vector)),
        product) <= bound(k, a, asMatrix))
    let gram = try a.gram(scale: 0.5)
    let gramReference = try naiveProduct(a.transposed, a)
    for j in 0..<k {
      for i in 0..<k {
        expectClose(gram[i, j], gramReference[i, j] / 2, absolute: bound(m, a.transposed, a))
        #expect(gram[i, j] == gram[j, i])
      }
    }
    let outer = try a.outerGram()
    #expect(
      difference(outer.matrix, try naiveProduct(a, a.transposed)) <= bound(k, a, a.transposed))
  }

  @Test(arguments: 1...30)
  func symmetricProducts(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 1 + seed % 23
    let m = 1 + (seed * 3) % 7
    let s = try randomSymmetric(order: n, using: &generator)
    let b = try randomMatrix(n, m, using: &generator)
    #expect(difference(try s * b, try naiveProduct(s.matrix, b)) <= bound(n, s.matrix, b))
    let c = b.transposed
    #expect(difference(try c * s, try naiveProduct(c, s.matrix)) <= bound(n, c, s.matrix))
    let v = (0..<n).map { _ in generator.gaussian() }
    let byMatrix = try s.matrix.times(v)
    let bySymmetric = try s.times(v)
    var quadratic = 0.0
    for i in 0..<n {
      expectClose(bySymmetric[i], byMatrix[i], absolute: 1e-12)
      quadratic += v[i] * byMatrix[i]
    }
    expectClose(try s.quadraticForm(v), quadratic, absolute: 1e-11)
    var y = v
    var span = y.mutableSpan
    try s.multiply(v.span, into: &span, scale: 2, keeping: -1)
    for i in 0..<n { expectClose(y[i], 2 * byMatrix[i] - v[i], absolute: 1e-12) }
  }

  @Test func triangularForms() throws {
    var generator = SeededGenerator(seed: 5)
    let n = 6
    var t = try randomMatrix(n, n, using: &generator)
    for i in 0..<n { t[i, i] = 3 + generator.uniform() }
    for side in [TriangularMatrixSide.left, .right] {
      for triangle in [Triangle.lower, .upper] {
        for transposition in [Transposition.none, .transposed] {
          for diagonal in [TriangularDiagonal.stored, .unit] {
            let form = TriangularForm(
              side: side, triangle: triangle, transposition: transposition, diagonal: diagonal)
            var dense = try Matrix(identityOfOrder: n)
            for j in 0..<n {
              for i in 0..<n where (triangle == .lower ? i > j : i < j) { dense[i, j] = t[i, j] }
              if diagonal == .stored { dense[j, j] = t[j, j] }
            }
            if transposition == .transposed { dense = dense.transposed }
            let b =
              side == .left
              ? try randomMatrix(n, 4, using: &generator)
              : try randomMatrix(4, n, using: &generator)
            var product = b
            try product.multiplyByTriangular(t, form, scale: 2)
            let expected = side == .left ? try naiveProduct(dense, b) : try naiveProduct(b, dense)
            var doubled = expected
            for j in 0..<doubled.columnCount {
              for i in 0..<doubled.rowCount { doubled[i, j] *= 2 }
            }
            #expect(difference(product, doubled) <= 1e-13 * norm(doubled), "\(form)")
            try product.solveTriangular(t, form, scale: 0.5)
            #expect(difference(product, b) <= 1e-11 * norm(b), "\(form)")
          }
        }
      }
    }
    var b = try Matrix(identityOfOrder: n)
    t[2, 2] = 0
    #expect(throws: LinearAlgebraError.singular(pivot: 2)) { try b.solveTriangular(t) }
  }

  @Test func emptyShapes() throws {
    let tall = try Matrix(rowCount: 3, columnCount: 0)
    let wide = try Matrix(rowCount: 0, columnCount: 3)
    #expect(try tall * wide == Matrix(rowCount: 3, columnCount: 3))
    #expect(try wide * tall == Matrix(rowCount: 0, columnCount: 0))
    #expect(try tall.times([]) == [0, 0, 0])
    #expect(try wide.times([1, 2, 3]) == [])
    #expect(try wide.gram() == SymmetricMatrix(order: 3))
    #expect(try tall.gram() == SymmetricMatrix(order: 0))
    #expect(try SymmetricMatrix(order: 0).quadraticForm([]) == 0)
    #expect(try SymmetricMatrix(order: 0) * wide == wide)
  }

  @Test func refusesMismatch() throws {
    let a = try Matrix(rowCount: 2, columnCount: 3)
    #expect(
      throws: LinearAlgebraError.shapeMismatch(argument: "right factor", got: 2, required: 3)
    ) { try a * a }
    #expect(throws: LinearAlgebraError.shapeMismatch(argument: "vector", got: 2, required: 3)) {
      try a.times([1, 2])
    }
    #expect(throws: LinearAlgebraError.shapeMismatch(argument: "factor", got: 2, required: 3)) {
      try SymmetricMatrix(order: 3) * a
    }
  }
}
