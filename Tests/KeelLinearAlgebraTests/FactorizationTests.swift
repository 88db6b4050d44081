import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct FactorizationTests {
  init() { #expect(oneBLASThread) }

  @Test(arguments: 1...40)
  func luSolvesLikeTheSystem(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 1 + (seed * 7) % 60
    let a = try randomMatrix(n, n, using: &generator)
    let x = try randomMatrix(n, 2, using: &generator)
    let b = try a * x
    let factor = try LU(a)
    let solved = try factor.solve(b)
    // LAPACK's scaled residual: below 30 for a backward stable solve.
    let residual =
      difference(try a * solved, b) / (norm(a) * norm(solved) * Double(n) * Double.ulpOfOne)
    #expect(residual < 30)
    #expect(factor.reciprocalCondition > 0 && factor.reciprocalCondition <= 1)
    var solver = try LUSolver(order: n)
    try solver.factor(a)
    var transposedSolution = b.columnMajorElements
    var span = transposedSolution.mutableSpan
    try solver.solve(&span, .transposed)
    let y = try Matrix(rowCount: n, columnCount: 2, columnMajor: transposedSolution)
    let transposed = a.transposed
    #expect(
      difference(try transposed * y, b)
        / (norm(transposed) * norm(y) * Double(n) * Double.ulpOfOne) < 30)
  }

  @Test(arguments: 1...40)
  func ldlAgreesWithLUAndEigenvalues(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 1 + (seed * 3) % 50
    let a = try randomSymmetric(order: n, using: &generator)
    let factor = try LDL(a)
    let values = try SymmetricEigen(a).values
    #expect(factor.inertia.positive == values.count { $0 > 0 })
    #expect(factor.inertia.negative == values.count { $0 < 0 })
    let b = (0..<n).map { _ in generator.gaussian() }
    let first = try factor.solve(b)
    let second = try LU(a.matrix).solve(b)
    let scale = first.reduce(0) { max($0, $1.magnitude) }
    let limit = 100 * Double(n) * Double.ulpOfOne / factor.reciprocalCondition * scale
    for i in 0..<n { expectClose(first[i], second[i], absolute: limit) }
  }

  @Test func singularMatricesAreFactoredAndRefusedBySolve() throws {
    let singular = try SymmetricMatrix(rows: [[0, 0], [0, 1]])
    let ldl = try LDL(singular)
    #expect(ldl.inertia.positive == 1 && ldl.inertia.negative == 0 && ldl.inertia.zero == 1)
    #expect(ldl.reciprocalCondition == 0)
    #expect(throws: LinearAlgebraError.self) { try ldl.solve([1, 1]) }
    let lu = try LU(Matrix(rows: [[1, 2], [2, 4]]))
    #expect(lu.determinant.sign == 0 && lu.determinant.logMagnitude == -.infinity)
    #expect(throws: LinearAlgebraError.singular(pivot: 1)) { try lu.solve([1, 1]) }
  }

  @Test(arguments: 1...40)
  func qrReconstructs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let m = 1 + (seed * 7) % 40
    let n = 1 + (seed * 5) % 30
    let a = try randomMatrix(m, n, using: &generator)
    let factor = try QR(a)
    let q = try factor.orthonormalFactor()
    let product = try q * factor.upper
    var permuted = a
    for (j, source) in factor.pivots.enumerated() {
      for i in 0..<m { permuted[i, j] = a[i, source] }
    }
    let limit = 10 * Double(max(m, n)) * Double.ulpOfOne
    #expect(difference(product, permuted) <= limit * norm(a))
    #expect(
      difference(try q.transposed * q, try Matrix(identityOfOrder: min(m, n))) <= limit)
    let turned = try factor.rotate(.none, try factor.rotate(.transposed, a))
    #expect(difference(turned, a) <= limit * norm(a))
    #expect(factor.rank == min(m, n))
    #expect(try factor.reciprocalCondition > 0)
  }

  @Test(arguments: 1...40)
  func svdReconstructs(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let m = 1 + (seed * 7) % 40
    let n = 1 + (seed * 5) % 30
    let a = try randomMatrix(m, n, using: &generator)
    let svd = try SVD(a)
    var scaled = svd.u
    for j in 0..<scaled.columnCount {
      for i in 0..<m { scaled[i, j] *= svd.values[j] }
    }
    let limit = 20 * Double(max(m, n)) * Double.ulpOfOne
    #expect(difference(try scaled * svd.vTransposed, a) <= limit * norm(a))
    let identity = try Matrix(identityOfOrder: min(m, n))
    #expect(difference(try svd.u.transposed * svd.u, identity) <= limit)
    #expect(difference(try svd.vTransposed * svd.vTransposed.transposed, identity) <= limit)
    // Second method: squares of singular values are eigenvalues of the Gram matrix.
    let largest = try SymmetricEigen(try a.gram()).values.last ?? 0
    expectClose(largest.squareRoot(), svd.values[0], relative: limit)
  }

  @Test func leastNormForDeficientRank() throws {
    // Two equal columns share the weight; the basic solution gives all to one of them.
    let a = try Matrix(rows: [[1, 1], [1, 1], [1, 1]])
    let result = try LeastSquares(a, [2, 2, 2])
    #expect(result.rank == 1)
    expectClose(result.solution[0], 1, relative: 1e-14)
    expectClose(result.solution[1], 1, relative: 1e-14)
    var solver = try QRSolver(rowCount: 3, columnCount: 2)
    try solver.factor(a)
    #expect(try solver.rank == 1)
    var x = [0.0, 0.0]
    var span = x.mutableSpan
    try solver.solve([2, 2, 2].span, into: &span)
    expectClose(x[0] + x[1], 2, relative: 1e-14)
    #expect(x[0] == 0 || x[1] == 0)
  }

  @Test(arguments: [0, 1, 3, 7, 12])
  func pivotedCholeskyRevealsRank(rank: Int) throws {
    var generator = SeededGenerator(seed: UInt64(rank) + 40)
    let n = 12
    let x = try randomMatrix(rank, n, using: &generator)
    let a = try x.gram()
    let factor = try PivotedCholesky(a)
    #expect(factor.rank == rank)
    let product = try factor.lower * factor.lower.transposed
    for j in 0..<n {
      for i in 0..<n {
        expectClose(product[i, j], a[factor.pivots[i], factor.pivots[j]], absolute: 1e-12)
      }
    }
    #expect(factor.leastResidual >= -1e-12)
    let indefinite = try PivotedCholesky(SymmetricMatrix(diagonal: [1, -1, 2]))
    #expect(indefinite.rank == 2)
    #expect(indefinite.leastResidual == -1)
  }

  @Test func scalesExactly() throws {
    var generator = SeededGenerator(seed: 77)
    let a = try randomSymmetric(order: 9, using: &generator)
    let values = try SymmetricEigen(a).values
    for exponent in [-1000, -500, 500, 1000] {
      var scaled = a
      for j in 0..<9 {
        for i in j..<9 {
          scaled[i, j] = Double(sign: .plus, exponent: exponent, significand: a[i, j])
        }
      }
      let result = try SymmetricEigen(scaled).values
      for i in 0..<9 {
        let back = Double(sign: .plus, exponent: -exponent, significand: result[i])
        expectClose(back, values[i], absolute: 1e-14)
      }
    }
  }

  @Test func keepsDenormalNumbers() throws {
    let least = Double.leastNonzeroMagnitude
    let a = try SymmetricMatrix(diagonal: [3 * least, least, 2 * least])
    #expect(try SymmetricEigen(a).values == [least, 2 * least, 3 * least])
    #expect(try SVD(a.matrix).values == [3 * least, 2 * least, least])
    let x = try Cholesky(a).solve([3 * least, least, 2 * least])
    for value in x { expectClose(value, 1, relative: 4 * Double.ulpOfOne) }
  }

  // The triangle of one row has as many elements as columns, not their square.
  @Test(.timeLimit(.minutes(1))) func aRowOfAMillionColumnsTakesNoTimeToSpeakOf() throws {
    let columns = 1_000_000
    let qr = try QR(Matrix(rowCount: 1, columnCount: columns, repeating: 0.5))
    #expect(qr.rank == 1)
    #expect(qr.upper.rowCount == 1)
    #expect(qr.upper.columnMajorElements.allSatisfy { $0 == qr.upper[0, 0] })
  }
}
