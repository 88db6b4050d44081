extension QuadraticProgram {
  /// Computes the certificate of a claimed answer from the data of the program alone.
  ///
  /// ```text
  /// r = Px + q − A'y − z
  /// gap = x'Px + q'x − Σ (lower y⁺ − upper y⁻) − Σ (lowerBound z⁺ − upperBound z⁻)
  /// ```
  ///
  /// A convex program is solved when all residuals are zero. Anyone can run this on any answer; the
  /// solver runs it on its own.
  ///
  /// - Parameters:
  ///   - x: The claimed values of the variables.
  ///   - duals: The claimed dual values.
  ///   - iterations: The number to record in the certificate.
  /// - Returns: The certificate; its residuals are NaN when the answer holds NaN.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``.
  /// - Complexity: O(n²) for a dense quadratic term.
  public func verify(
    _ x: [Double],
    duals: Duals,
    iterations: Int = 0
  ) throws(OptimizationError) -> Certificate {
    for (argument, got, required) in [
      ("x", x.count, variableCount), ("duals.bounds", duals.bounds.count, variableCount),
      ("duals.rows", duals.rows.count, rows.count),
    ] where got != required {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
    return certificate(x, duals.rows, duals.bounds, iterations: iterations)
  }

  /// The certificate of vectors of the right length.
  func certificate(
    _ x: [Double],
    _ y: [Double],
    _ z: [Double],
    iterations: Int
  ) -> Certificate {
    var scratch = CertificateScratch(count: variableCount)
    return FlatProgram(self).certificate(
      x, y, z, iterations: iterations, names: ConstraintNames(self), scratch: &scratch)
  }
}
