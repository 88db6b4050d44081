/// Describes why a program cannot be posed.
///
/// What a solver found out about a program that can be posed (infeasible, unbounded, not solved) is a
/// ``SolverStatus``, not an error.
@nonexhaustive
public enum OptimizationError: Error, Hashable, Sendable {
  /// The number of elements does not fit the number of variables or rows.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A number is NaN, or infinite where only a finite number makes sense.
  case invalidValue(argument: String, index: Int, got: Double)

  /// An index names no variable, or the same variable twice.
  case invalidIndex(argument: String, got: Int, count: Int)

  /// Two constraints, or a constraint and a variable, have one name.
  case duplicateName(String)

  /// The lower bound of a row or a variable lies above its upper bound.
  case conflictingBounds(name: String, lower: Double, upper: Double)

  /// The quadratic term is not positive semidefinite: the program has no certificate of optimality.
  case notConvex(order: Int)
}
