/// Describes why a numerical routine or a matrix constructor refused its arguments.
@nonexhaustive
public enum NumericsError: Error, Hashable, Sendable {
  /// The number of elements does not fit the shape.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A count, an order or an index is outside the allowed range.
  case countOutOfRange(argument: String, got: Int, allowed: ClosedRange<Int>)

  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case valueOutOfRange(argument: String, got: Double, lowest: Double, highest: Double)

  /// The two triangles of a matrix that was offered as symmetric differ.
  case notSymmetric(row: Int, column: Int, upper: Double, lower: Double)

  /// The function has the same sign at both ends of the bracket.
  case rootNotBracketed(valueAtLowest: Double, valueAtHighest: Double)

  /// The iteration stopped before it reached the tolerance.
  case notConverged(iterations: Int, best: Double, residual: Double)
}
