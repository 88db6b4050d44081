/// Describes why a numerical routine or a matrix constructor refused its arguments.
@nonexhaustive
public enum NumericsError: Error, Hashable, Sendable {
  /// The number of elements does not fit the shape.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A count, an order or an index is outside the allowed range.
  case countOutOfRange(argument: String, got: Int, allowed: ClosedRange<Int>)

  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(argument: String, got: Double, lowest: Double, highest: Double)

  /// The two triangles of a matrix that was offered as symmetric differ.
  case notSymmetric(row: Int, column: Int, upper: Double, lower: Double)

  /// The function has the same sign at both ends of the bracket.
  case rootNotBracketed(valueAtLowest: Double, valueAtHighest: Double)

  /// The iteration stopped before it reached the tolerance.
  case notConverged(iterations: Int, best: Double, residual: Double)
}

extension NumericsError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has \(got) elements, required are \(required)"
    case .countOutOfRange(let argument, let got, let allowed):
      "\(argument) is \(got), allowed is \(allowed.lowerBound) to \(allowed.upperBound)"
    case .invalidValue(let argument, let got, let lowest, let highest):
      "\(argument) is \(got), allowed is \(lowest) to \(highest)"
    case .notSymmetric(let row, let column, let upper, let lower):
      "the matrix is not symmetric: \(upper) at row \(row), column \(column), "
        + "but \(lower) across the diagonal"
    case .rootNotBracketed(let lowest, let highest):
      "the function has the same sign at both ends: \(lowest) and \(highest)"
    case .notConverged(let iterations, let best, let residual):
      "not converged in \(iterations) iterations: the best is \(best), with residual \(residual)"
    }
  }
}
