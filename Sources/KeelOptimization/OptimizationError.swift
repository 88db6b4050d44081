/// Describes why a program cannot be posed.
///
/// What a solver found out about a program that can be posed (infeasible, unbounded, not solved) is
/// a ``SolverStatus``, not an error.
@nonexhaustive
public enum OptimizationError: Error, Hashable, Sendable {
  /// The number of elements does not fit the number of variables or rows.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A number is NaN or outside the allowed interval, which is all finite numbers where only those
  /// make sense.
  case invalidValue(argument: String, index: Int, got: Double, allowed: ClosedRange<Double>)

  /// An index names no variable, or the same variable twice.
  case invalidIndex(argument: String, got: Int, count: Int)

  /// Two constraints, or a constraint and a variable, have one name.
  case duplicateName(String)

  /// The lower bound of a row or a variable lies above its upper bound.
  case conflictingBounds(name: String, lower: Double, upper: Double)

  /// The quadratic term is not positive semidefinite on the variables that can move, `order` of
  /// them (or on the first `order` ones, where a diagonal element is negative).
  case notConvex(order: Int)
}

extension OptimizationError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has \(got) elements, required are \(required)"
    case .invalidValue(let argument, let index, let got, let allowed):
      "\(argument) is \(got) at index \(index), allowed is \(allowed)"
    case .invalidIndex(let argument, let got, let count):
      "\(argument) holds the index \(got), which names no variable of \(count) or one twice"
    case .duplicateName(let name):
      "the name \"\(name)\" stands twice"
    case .conflictingBounds(let name, let lower, let upper):
      "the lower bound \(lower) of \(name) is above its upper bound \(upper)"
    case .notConvex(let order):
      "the quadratic term is not positive semidefinite at order \(order)"
    }
  }
}
