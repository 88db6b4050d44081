// A workspace takes other numbers for the same variables, rows and conditions. Everything that was
// derived from the old ones is derived anew in its own memory.

import KeelNumerics

extension TreeSearch {
  /// Goes over to another linear objective.
  mutating func setLinear(_ linear: Span<Double>) throws(OptimizationError) {
    try plain.setLinear(linear)
    for i in 0..<linear.count { problem.program.linear[i] = linear[i] }
    bound.replaceLinear(problem.program.linear)
  }

  /// Goes over to another quadratic term.
  mutating func setQuadratic(
    _ quadratic: QuadraticTerm,
    convexity: QuadraticProgram.Convexity
  ) throws(OptimizationError) {
    try quadratic.requireFiniteElements()
    try plain.setQuadratic(quadratic, convexity: convexity)
    try relaxed.copyQuadratic(quadratic, zeros: bound.zeros)
    problem.program.quadratic = quadratic
    problem.program.convexity = convexity
    extractor.split(quadratic, into: &firstExtraction)
    bound.replaceQuadratic(quadratic)
    setCurvature()
    restart(settings)
  }

  /// Goes over to other bounds of the variables.
  mutating func setBounds(
    lower: Span<Double>,
    upper: Span<Double>
  ) throws(OptimizationError) {
    try plain.setBounds(lower: lower, upper: upper)
    for i in 0..<lower.count {
      problem.program.lowerBounds[i] = lower[i]
      problem.program.upperBounds[i] = upper[i]
    }
    replaceDomains()
  }

  /// Goes over to other bounds of a row.
  mutating func setRow(
    _ row: Int,
    lower: Double,
    upper: Double
  ) throws(OptimizationError) {
    try plain.setRow(row, lower: lower, upper: upper)
    try relaxed.setRow(row, lower: lower, upper: upper)
    problem.program.rows[row].lower = lower
    problem.program.rows[row].upper = upper
    replaceDomains()
  }

  private mutating func replaceDomains() {
    domains.setNumbers(problem)
    domains.setRoot(&root)
    weights.replaceDomains(domains)
    bound.replaceBounds(problem.program, domains)
  }
}

extension QuadraticWorkspace {
  /// Replaces the quadratic term by a copy in the memory of the present one.
  ///
  /// - Parameters:
  ///   - quadratic: A term of the same order and form; a dense one is multiplied out.
  ///   - zeros: As many zeros as there are variables.
  /// - Throws: As ``setQuadratic(_:convexity:)``.
  fileprivate mutating func copyQuadratic(
    _ quadratic: QuadraticTerm,
    zeros: [Double]
  ) throws(OptimizationError) {
    let present = method.program.kernel
    // Out of the workspace while it is written: shared memory would be copied.
    try setQuadratic(.diagonal(zeros), convexity: .guaranteed)
    try setQuadratic(quadratic.copied(into: consume present), convexity: .guaranteed)
  }
}
