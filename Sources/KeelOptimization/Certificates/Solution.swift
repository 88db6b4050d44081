/// The answer of a solver with its proof.
///
/// `value` is the answer only when `status` says so: ``SolverStatus/optimal``, or, for a caller who
/// accepts it, ``SolverStatus/almostOptimal``. Otherwise it is the last point that was reached.
public struct Solution<Value: Sendable>: Sendable {
  /// The point that was found.
  public let value: Value

  /// What the solver proved about it.
  public let status: SolverStatus

  /// Residuals of the point, computed afterwards from the caller's unscaled data.
  public let certificate: Certificate

  /// The dual values of rows and bounds, by name.
  public let duals: Duals

  /// Creates a solution.
  ///
  /// - Parameters:
  ///   - value: The point that was found.
  ///   - status: What was proved about it.
  ///   - certificate: The residuals of the point.
  ///   - duals: The dual values.
  public init(value: Value, status: SolverStatus, certificate: Certificate, duals: Duals) {
    self.value = value
    self.status = status
    self.certificate = certificate
    self.duals = duals
  }

  /// The same solution with another form of the value.
  ///
  /// - Parameter transform: Turns the value into the other form.
  /// - Returns: The solution with status, certificate and duals unchanged.
  /// - Throws: What `transform` throws.
  public func map<Other: Sendable, Failure: Error>(
    _ transform: (Value) throws(Failure) -> Other
  ) throws(Failure) -> Solution<Other> {
    Solution<Other>(
      value: try transform(value), status: status, certificate: certificate, duals: duals)
  }
}

extension Solution: Equatable where Value: Equatable {}

extension Solution: Hashable where Value: Hashable {}

/// What a solver proved, or why it stopped.
@nonexhaustive
public enum SolverStatus: Hashable, Sendable {
  /// The certificate holds to ``Certificate/optimalTolerances``.
  case optimal

  /// The certificate holds to ``Certificate/almostOptimalTolerances`` only.
  case almostOptimal

  /// No point satisfies the constraints; the proof was checked on the caller's data.
  case primalInfeasible(InfeasibilityProof)

  /// The objective falls without limit; the direction was checked on the caller's data.
  case unbounded(UnboundednessProof)

  /// The iteration limit was reached before the tolerance.
  case iterationLimit

  /// No further progress is possible in double precision and the tolerance does not hold.
  case stalled

  /// The deadline passed.
  case deadlineExceeded

  /// The task was cancelled.
  case cancelled
}

/// The dual values of rows and bounds.
///
/// The sign says what moves the minimum: a dual value is the derivative of the least objective with
/// respect to the bound that is active, positive for a lower bound, negative for an upper one. At
/// an optimum Px + q = A'(rows) + (bounds).
public struct Duals: Hashable, Sendable {
  /// One dual value a row.
  public let rows: [Double]

  /// One dual value a variable.
  public let bounds: [Double]

  /// The name of each row.
  public let rowNames: [String]

  /// The name of each variable; empty for `x[0]`, `x[1]` and so on.
  public let variableNames: [String]

  /// Creates dual values for a program.
  ///
  /// - Parameters:
  ///   - program: The program that names rows and variables.
  ///   - rows: One dual value a row.
  ///   - bounds: One dual value a variable.
  public init(of program: QuadraticProgram, rows: [Double], bounds: [Double]) {
    self.rows = rows
    self.bounds = bounds
    rowNames = program.rows.map(\.name)
    variableNames = program.variableNames
  }

  /// Creates dual values for names, without a program.
  package init(
    rows: [Double],
    bounds: [Double],
    rowNames: [String],
    variableNames: [String]
  ) {
    self.rows = rows
    self.bounds = bounds
    self.rowNames = rowNames
    self.variableNames = variableNames
  }

  /// The dual value of a row, or of the bounds of a variable.
  ///
  /// - Parameter name: The name of a row or of a variable.
  /// - Returns: The dual value, or nil when nothing has this name.
  /// - Complexity: O(rows + variables).
  public subscript(name: String) -> Double? {
    if let k = rowNames.firstIndex(of: name), k < rows.count { return rows[k] }
    if let i = variableNames.firstIndex(of: name), i < bounds.count { return bounds[i] }
    guard variableNames.isEmpty, name.hasPrefix("x["), name.hasSuffix("]"),
      let i = Int(name.dropFirst(2).dropLast()), bounds.indices.contains(i)
    else { return nil }
    return bounds[i]
  }
}
