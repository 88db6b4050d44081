/// Describes why a product, a factorization or a solve has no answer.
@nonexhaustive
public enum LinearAlgebraError: Error, Hashable, Sendable {
  /// Two shapes do not fit each other.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A count or a dimension is outside the range that the library can address.
  case countOutOfRange(argument: String, got: Int, allowed: ClosedRange<Int>)

  /// An argument holds a NaN or an infinity; a scalar reports row 0 and column 0.
  case notFinite(argument: String, row: Int, column: Int)

  /// The arguments are finite but the result is outside the range of `Double`.
  case overflow(operation: String)

  /// The leading minor of this order is not positive.
  case notPositiveDefinite(minorOrder: Int)

  /// The pivot at this index, counted from zero, is exactly zero.
  case singular(pivot: Int)

  /// An iteration inside the operation did not converge.
  case notConverged(operation: String, failures: Int)

  /// The BLAS library did not do what was asked: an ignored setting, wrong integers, a wrong
  /// result.
  case libraryFault(operation: String, code: Int)
}

extension LinearAlgebraError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has size \(got), required is \(required)"
    case .countOutOfRange(let argument, let got, let allowed):
      "\(argument) is \(got), allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .notFinite(let argument, let row, let column):
      "\(argument) is NaN or infinite at row \(row), column \(column)"
    case .overflow(let operation):
      "\(operation): the result is outside the range of Double"
    case .notPositiveDefinite(let minorOrder):
      "the matrix is not positive definite: its leading minor of order \(minorOrder) shows it"
    case .singular(let pivot):
      "the matrix is singular: its pivot at index \(pivot) is zero"
    case .notConverged(let operation, let failures):
      "\(operation): \(failures) elements did not converge"
    case .libraryFault(let operation, let code):
      "\(operation): the BLAS library did not do what was asked (code \(code))"
    }
  }
}
