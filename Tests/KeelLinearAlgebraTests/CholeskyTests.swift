import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct CholeskyTests {
  init() { #expect(oneBLASThread) }

  @Test(arguments: 1...60)
  func reconstructsAndSolves(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let order = 1 + (seed * 7) % 90
    let a = try randomPositiveDefinite(order: order, using: &generator)
    let factor = try Cholesky(a)
    let product = try factor.lower * factor.lower.transposed
    let residual = difference(product, a.matrix) / norm(a.matrix)
    #expect(residual <= Double(order) * Double.ulpOfOne)
    for j in 0..<order {
      for i in 0..<j { #expect(factor.lower[i, j] == 0) }
    }
    let x = (0..<order).map { _ in generator.gaussian() }
    let solved = try factor.solve(try a.times(x))
    for i in 0..<order { expectClose(solved[i], x[i], relative: 1e-9, absolute: 1e-9) }
    let half = try factor.solveLower(try factor.lower.times(x))
    let other = try factor.solveLower(try factor.lower.transposedTimes(x), .transposed)
    for i in 0..<order {
      expectClose(half[i], x[i], absolute: 1e-11)
      expectClose(other[i], x[i], absolute: 1e-11)
    }
    var solver = try CholeskySolver(order: order)
    try solver.factor(a)
    var columns = x + x
    var span = columns.mutableSpan
    try solver.solveLower(&span)
    try solver.solveLower(&span, .transposed)
    let whole = try factor.solve(x)
    for i in 0..<(2 * order) { expectClose(columns[i], whole[i % order], absolute: 1e-10) }
  }

  @Test func namesTheFailingMinor() throws {
    let a = try SymmetricMatrix(rows: [[1, 2], [2, 1]])
    #expect(throws: LinearAlgebraError.notPositiveDefinite(minorOrder: 2)) { try Cholesky(a) }
  }

  @Test func ownedSolverKeepsNothingOfTheMatrixBefore() throws {
    var generator = SeededGenerator(seed: 9)
    let order = 150
    let first = try randomPositiveDefinite(order: order, using: &generator)
    let second = try randomPositiveDefinite(order: order, using: &generator)
    var solver = try CholeskySolver(order: order)
    try solver.factor(first)
    try solver.factor(second)
    let fresh = try Cholesky(second)
    #expect(try solver.lower == fresh.lower)
    #expect(try solver.logDeterminant == fresh.logDeterminant)
    var isLower = true
    for j in 0..<order {
      for i in 0..<j { isLower = isLower && fresh.lower[i, j] == 0 }
    }
    #expect(isLower)
    #expect(fresh.reciprocalCondition > 0 && fresh.reciprocalCondition < 1)
  }
}
