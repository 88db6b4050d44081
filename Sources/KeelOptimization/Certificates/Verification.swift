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
    let violation = worstViolation(x)
    let product = quadratic.times(x)
    let productSize = quadratic.absoluteTimes(x)
    let curvature = dot(x, product)
    let slope = dot(linear, x)
    var objectiveSize = 0.0
    for i in x.indices {
      objectiveSize += x[i].magnitude * (productSize[i] + linear[i].magnitude)
    }
    var gap = GapTerms()
    let residual = dualResidual(
      x, product, productSize, y, z, objectiveSize: objectiveSize)
    for (k, row) in rows.enumerated() {
      gap.add(dual: y[k], value: row.value(at: x), lower: row.lower, upper: row.upper)
    }
    for i in x.indices {
      gap.add(dual: z[i], value: x[i], lower: lowerBounds[i], upper: upperBounds[i])
    }
    let primal = curvature / 2 + slope
    let dual = gap.bound - curvature / 2
    let size = propagatingMaximum(objectiveSize, gap.size)
    let missing = propagatingMaximum((primal - dual).magnitude, gap.complementarity)
    return Certificate(
      primalResidual: violation?.relative ?? (x.allSatisfy(\.isFinite) ? 0 : .nan),
      dualResidual: residual, relativeGap: relative(missing, to: size),
      primalObjective: primal, dualObjective: dual, worstViolation: violation,
      iterations: iterations)
  }

  /// The row or bound that is missed by the largest relative distance.
  private func worstViolation(_ x: [Double]) -> Certificate.Violation? {
    var worst = (amount: 0.0, relative: 0.0, row: -1, variable: -1)
    func consider(_ value: Double, _ lower: Double, _ upper: Double, _ size: Double) -> Bool {
      let amount = value.isNaN ? value : max(lower - value, value - upper)
      if amount <= 0 { return false }
      let bound = value < lower ? lower : upper
      let ratio = relative(amount, to: size + bound.magnitude)
      if ratio <= worst.relative || worst.relative.isNaN { return false }
      worst.amount = amount
      worst.relative = ratio
      return true
    }
    let largest = x.reduce(0) { max($0, $1.magnitude) }
    for i in x.indices where consider(x[i], lowerBounds[i], upperBounds[i], largest) {
      worst.variable = i
    }
    for (k, row) in rows.enumerated() {
      var size = 0.0
      for (i, a) in zip(row.indices, row.coefficients) { size += (a * x[i]).magnitude }
      if consider(row.value(at: x), row.lower, row.upper, size) {
        worst.row = k
        worst.variable = -1
      }
    }
    if worst.row < 0 && worst.variable < 0 { return nil }
    return Certificate.Violation(
      name: worst.row >= 0 ? rows[worst.row].name : variableName(worst.variable),
      amount: worst.amount, relative: worst.relative)
  }

  /// The largest element of Px + q − A'y − z relative to its terms.
  ///
  /// A term a y is counted with at least the dual value that, over the whole row, is worth the
  /// objective: a variable whose only terms are duals that should vanish has no other scale.
  private func dualResidual(
    _ x: [Double],
    _ product: [Double],
    _ productSize: [Double],
    _ y: [Double],
    _ z: [Double],
    objectiveSize: Double
  ) -> Double {
    var residual = product
    var size = productSize
    for i in x.indices {
      residual[i] += linear[i] - z[i]
      size[i] += linear[i].magnitude + z[i].magnitude
    }
    var worst = 0.0
    for (k, row) in rows.enumerated() {
      var terms = 0.0
      for (i, a) in zip(row.indices, row.coefficients) { terms += (a * x[i]).magnitude }
      let natural = terms > 0 && terms < .infinity ? objectiveSize / terms : 0
      let dualSize = propagatingMaximum(y[k].magnitude, natural)
      for (i, a) in zip(row.indices, row.coefficients) {
        residual[i] -= a * y[k]
        size[i] += a.magnitude * dualSize
      }
    }
    for i in x.indices {
      let wrong = wrongSide(z[i], lowerBounds[i], upperBounds[i])
      worst = propagatingMaximum(
        worst, relative(max(residual[i].magnitude, wrong), to: size[i]))
    }
    // A row's dual of the wrong sign is a residual of its own, of full relative size unless it is
    // small beside the terms of the variables that it touches.
    for (k, row) in rows.enumerated() {
      let wrong = wrongSide(y[k], row.lower, row.upper)
      if wrong == 0 { continue }
      for (i, a) in zip(row.indices, row.coefficients) {
        worst = propagatingMaximum(worst, relative((a * wrong).magnitude, to: size[i]))
      }
    }
    return worst
  }

  /// The magnitude of a dual value that belongs to an infinite bound.
  private func wrongSide(_ dual: Double, _ lower: Double, _ upper: Double) -> Double {
    if dual > 0 && lower == -.infinity { return dual }
    if dual < 0 && upper == .infinity { return -dual }
    return 0
  }
}

/// What the constraints contribute to the duality gap.
private struct GapTerms {
  /// Σ (lower y⁺ − upper y⁻).
  var bound = 0.0

  /// Σ of the magnitudes of these terms.
  var size = 0.0

  /// Σ |slack × dual|.
  var complementarity = 0.0

  mutating func add(dual: Double, value: Double, lower: Double, upper: Double) {
    if dual == 0 { return }
    let active = dual > 0 ? lower : upper
    // A dual value of an infinite bound is counted in the dual residual.
    if active.isInfinite { return }
    bound += active * dual
    size += max((active * dual).magnitude, (value * dual).magnitude)
    complementarity += ((value - active) * dual).magnitude
  }
}

/// A residual relative to its terms; zero for zero, whatever the terms.
func relative(_ residual: Double, to size: Double) -> Double {
  residual == 0 ? 0 : residual / size
}

/// The larger of two numbers, and NaN when one is NaN.
func propagatingMaximum(_ left: Double, _ right: Double) -> Double {
  left.isNaN || right.isNaN ? .nan : max(left, right)
}
