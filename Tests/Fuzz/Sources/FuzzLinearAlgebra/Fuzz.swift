import FuzzInput
import Keel

/// Matrices of any numbers through every factorization: each call ends with a value or a typed
/// error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(data, count)
  let (rows, columns) = (input.count(below: 7), input.count(below: 7))
  guard
    let matrix = try? Matrix(
      rowCount: rows, columnCount: columns, columnMajor: input.numbers(rows * columns))
  else { fatalError("a matrix of fitting shape was refused") }
  _ = try? SVD(matrix)
  _ = try? QR(matrix)
  _ = try? LU(matrix)
  _ = try? matrix * matrix.transposed
  guard rows == columns else { return 0 }
  guard var symmetric = try? SymmetricMatrix(order: rows) else { return 0 }
  for i in 0..<rows {
    for j in 0...i { symmetric[i, j] = matrix[i, j] }
  }
  if let factor = try? Cholesky(symmetric) {
    precondition(factor.lower.firstNonFiniteElement == nil, "a factor that is not finite")
  }
  if let eigen = try? SymmetricEigen(symmetric) {
    precondition(eigen.values.allSatisfy(\.isFinite), "an eigenvalue that is not finite")
  }
  _ = try? LDL(symmetric)
  _ = try? PivotedCholesky(symmetric)
  return 0
}
