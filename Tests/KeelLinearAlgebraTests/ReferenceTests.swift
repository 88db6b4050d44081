import KeelLinearAlgebra
import KeelNumerics
import KeelTestSupport
import Testing

struct SolutionReference: Decodable, Sendable {
  let b: [Double]
  let x: [Double]
  let absolute: Double
}

struct LeastSquaresReference: Decodable, Sendable {
  let b: [Double]
  let x: [Double]
  let absolute: Double
  let residualNorm: Double
}

struct SymmetricReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let order: Int
  let elements: [Double]
  let eigenvalues: [Double]
  let eigenvalueAbsolute: Double
  let positive: Int
  let negative: Int
  let isPositiveDefinite: Bool
  let logDeterminant: Double
  let logDeterminantAbsolute: Double
  let solution: SolutionReference

  var testDescription: String { name }

  func matrix() throws -> SymmetricMatrix {
    try SymmetricMatrix(Matrix(rowCount: order, columnCount: order, columnMajor: elements))
  }
}

struct GeneralReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let rowCount: Int
  let columnCount: Int
  let elements: [Double]
  let singularValues: [Double]
  let singularValueAbsolute: Double
  let rank: Int
  let determinantSign: Int?
  let logDeterminant: Double?
  let logDeterminantAbsolute: Double?
  let solution: SolutionReference?
  let leastSquares: LeastSquaresReference?

  var testDescription: String { name }

  func matrix() throws -> Matrix {
    try Matrix(rowCount: rowCount, columnCount: columnCount, columnMajor: elements)
  }
}

struct LinearAlgebraReference: Decodable, Sendable {
  let symmetric: [SymmetricReference]
  let general: [GeneralReference]

  static let all: LinearAlgebraReference = {
    do {
      return try Reference.load(LinearAlgebraReference.self, "linear_algebra")
    } catch {
      Issue.record("reference file: \(error)")
      return LinearAlgebraReference(symmetric: [], general: [])
    }
  }()
}

func expectClose(_ values: [Double], _ reference: [Double], absolute: Double, _ label: String) {
  #expect(values.count == reference.count, "\(label)")
  for (i, pair) in zip(values, reference).enumerated() {
    expectClose(pair.0, pair.1, absolute: absolute, "\(label)[\(i)]")
  }
}

@Suite struct ReferenceTests {
  init() { #expect(oneBLASThread) }

  @Test(arguments: LinearAlgebraReference.all.symmetric)
  func symmetricEigenvalues(_ reference: SymmetricReference) throws {
    let eigen = try SymmetricEigen(reference.matrix())
    expectClose(
      eigen.values, reference.eigenvalues, absolute: reference.eigenvalueAbsolute, "eigenvalue")
    expectClose(
      try SymmetricEigen.values(of: reference.matrix()), reference.eigenvalues,
      absolute: reference.eigenvalueAbsolute, "eigenvalue alone")
  }

  @Test(arguments: LinearAlgebraReference.all.symmetric)
  func indefiniteSystems(_ reference: SymmetricReference) throws {
    let factor = try LDL(reference.matrix())
    #expect(factor.inertia.positive == reference.positive)
    #expect(factor.inertia.negative == reference.negative)
    #expect(factor.inertia.zero == 0)
    let solution = reference.solution
    expectClose(
      try factor.solve(solution.b), solution.x, absolute: solution.absolute, "solution")
  }

  @Test(arguments: LinearAlgebraReference.all.symmetric)
  func definiteSystems(_ reference: SymmetricReference) throws {
    let matrix = try reference.matrix()
    guard reference.isPositiveDefinite else {
      #expect(throws: LinearAlgebraError.self) { try Cholesky(matrix) }
      return
    }
    let factor = try Cholesky(matrix)
    expectClose(
      factor.logDeterminant, reference.logDeterminant,
      absolute: reference.logDeterminantAbsolute, "log determinant")
    let solution = reference.solution
    expectClose(
      try factor.solve(solution.b), solution.x, absolute: solution.absolute, "solution")
    var solver = try CholeskySolver(order: reference.order)
    try solver.factor(matrix)
    let estimate = try solver.reciprocalCondition
    #expect(try solver.reciprocalCondition(of: matrix) == factor.reciprocalCondition)
    #expect(estimate >= factor.reciprocalCondition * (1 - 1e-12))
    #expect(estimate <= 3 * factor.reciprocalCondition)
    let inverse = try factor.inverse()
    expectClose(
      try inverse.times(solution.b), solution.x, absolute: 4 * solution.absolute, "inverse")
  }

  @Test(arguments: LinearAlgebraReference.all.general)
  func singularValues(_ reference: GeneralReference) throws {
    let decomposition = try SVD(reference.matrix())
    expectClose(
      decomposition.values, reference.singularValues,
      absolute: reference.singularValueAbsolute, "singular value")
    #expect(decomposition.rank() == reference.rank)
    #expect(try QR(reference.matrix()).rank == reference.rank)
  }

  @Test(arguments: LinearAlgebraReference.all.general.filter { $0.solution != nil })
  func generalSystems(_ reference: GeneralReference) throws {
    let factor = try LU(reference.matrix())
    #expect(factor.determinant.sign == reference.determinantSign)
    expectClose(
      factor.determinant.logMagnitude, try #require(reference.logDeterminant),
      absolute: try #require(reference.logDeterminantAbsolute), "log determinant")
    let solution = try #require(reference.solution)
    expectClose(
      try factor.solve(solution.b), solution.x, absolute: solution.absolute, "solution")
  }

  @Test(arguments: LinearAlgebraReference.all.general.filter { $0.leastSquares != nil })
  func leastSquares(_ reference: GeneralReference) throws {
    let solution = try #require(reference.leastSquares)
    let a = try reference.matrix()
    let byValues = try LeastSquares(a, solution.b)
    #expect(byValues.rank == reference.rank)
    expectClose(byValues.solution, solution.x, absolute: solution.absolute, "least norm")
    expectClose(
      byValues.residualNorm, solution.residualNorm, relative: 1e-12, absolute: 1e-13, "residual")
    var solver = try QRSolver(rowCount: a.rowCount, columnCount: a.columnCount)
    try solver.factor(a)
    var x = [Double](repeating: 0, count: a.columnCount)
    var span = x.mutableSpan
    let residual = try solver.solve(solution.b.span, into: &span)
    expectClose(x, solution.x, absolute: solution.absolute, "basic")
    expectClose(residual, solution.residualNorm, relative: 1e-12, absolute: 1e-13, "residual")
  }
}
