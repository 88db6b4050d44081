extension ConicProgram {
  /// Computes the certificate of a claimed answer from the data of the program alone.
  ///
  /// ```text
  /// r = Px + q − Σ F'z
  /// gap = x'Px + q'x + Σ g'z
  /// ```
  ///
  /// A convex program is solved when Fx + g lies in the cones, z in the dual cones, and residual and
  /// gap are zero. Anyone can run this on any answer; the solver runs it on its own.
  ///
  /// - Parameters:
  ///   - x: The claimed values of the variables.
  ///   - duals: The claimed dual values.
  ///   - iterations: The number to record in the certificate.
  /// - Returns: The certificate; its residuals are NaN when the answer holds NaN.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``.
  /// - Complexity: O(n²) for a dense quadratic term, O(m³) for a semidefinite block of order m.
  public func verify(
    _ x: [Double],
    duals: ConicDuals,
    iterations: Int = 0
  ) throws(OptimizationError) -> ConicCertificate {
    guard x.count == variableCount else {
      throw .shapeMismatch(argument: "x", got: x.count, required: variableCount)
    }
    guard duals.blocks.count == constraints.count else {
      throw .shapeMismatch(
        argument: "duals.blocks", got: duals.blocks.count, required: constraints.count)
    }
    for (k, block) in constraints.enumerated()
    where duals.blocks[k].count != block.expressions.count {
      throw .shapeMismatch(
        argument: "duals of \(block.name)", got: duals.blocks[k].count,
        required: block.expressions.count)
    }
    return certificate(x, duals.blocks, iterations: iterations)
  }

  /// The certificate of arrays of the right length.
  func certificate(_ x: [Double], _ z: [[Double]], iterations: Int) -> ConicCertificate {
    let product = quadratic.times(x)
    let productSize = quadratic.absoluteTimes(x)
    let curvature = dot(x, product)
    let slope = dot(linear, x)
    var objectiveSize = 0.0
    for i in x.indices {
      objectiveSize += x[i].magnitude * (productSize[i] + linear[i].magnitude)
    }
    var survey = ConicSurvey(
      residual: zip(product, linear).map { $0 + $1 },
      size: zip(productSize, linear).map { $0 + $1.magnitude })
    for (k, block) in constraints.enumerated() {
      survey.add(block, x, z[k], objectiveSize: objectiveSize)
    }
    let primal = curvature / 2 + slope
    let dual = -survey.bound - curvature / 2
    let missing = propagatingMaximum((primal - dual).magnitude, survey.complementarity)
    let size = propagatingMaximum(objectiveSize, survey.gapSize)
    let isFinite = x.allSatisfy(\.isFinite)
    return ConicCertificate(
      primalResidual: isFinite ? survey.primal.worst : .nan, dualResidual: survey.dualResidual,
      dualConeResidual: survey.dual.worst, relativeGap: relative(missing, to: size),
      primalObjective: primal, dualObjective: dual, worstViolation: survey.primal.violation,
      worstDualViolation: survey.dual.violation, iterations: iterations)
  }
}

/// The worst of several relative distances, with the name of its block.
private struct WorstDistance {
  private(set) var worst = 0.0
  private(set) var violation: Certificate.Violation?

  mutating func add(_ amount: Double, size: Double, name: String) {
    let ratio = relative(amount, to: size)
    if worst.isNaN || ratio <= worst { return }
    worst = ratio
    violation = Certificate.Violation(name: name, amount: amount, relative: ratio)
  }
}

/// What one pass over the blocks collects.
private struct ConicSurvey {
  /// Px + q − F'z and the sums of magnitudes of its terms.
  var residual: [Double]
  var size: [Double]
  var primal = WorstDistance()
  var dual = WorstDistance()
  /// Σ g'z.
  var bound = 0.0
  var gapSize = 0.0
  /// Σ |value'dual|.
  var complementarity = 0.0

  var dualResidual: Double {
    var worst = 0.0
    for i in residual.indices {
      worst = propagatingMaximum(worst, relative(residual[i].magnitude, to: size[i]))
    }
    return worst
  }

  mutating func add(
    _ block: ConicConstraint,
    _ x: [Double],
    _ z: [Double],
    objectiveSize: Double
  ) {
    var values: [Double] = []
    var sizes: [Double] = []
    for expression in block.expressions {
      values.append(expression.linearValue(x) + expression.constant)
      sizes.append(expression.termSize(x) + expression.constant.magnitude)
    }
    for (r, expression) in block.expressions.enumerated() { bound += expression.constant * z[r] }
    switch block.cone {
    case .zero, .nonnegative:
      for r in z.indices {
        add(block, r..<(r + 1), [values[r]], [z[r]], sizes[r], objectiveSize)
      }
    case .secondOrder, .exponential, .power, .positiveSemidefinite:
      // Elements of one cone compare with each other: the largest is the scale of all.
      let largest = sizes.reduce(0) { propagatingMaximum($0, $1) }
      add(block, 0..<z.count, values, z, largest, objectiveSize)
    }
  }

  /// Adds the rows of one factor of the cone.
  ///
  /// A dual value is counted with at least the magnitude that, over the rows, is worth the
  /// objective: one that should vanish has no other scale.
  private mutating func add(
    _ block: ConicConstraint,
    _ rows: Range<Int>,
    _ values: [Double],
    _ z: [Double],
    _ size: Double,
    _ objectiveSize: Double
  ) {
    let natural = size > 0 && size < .infinity ? objectiveSize / size : 0
    let largestDual = z.reduce(0) { propagatingMaximum($0, $1.magnitude) }
    let dualSize = propagatingMaximum(largestDual, natural)
    primal.add(block.cone.distance(values), size: size, name: block.name)
    dual.add(block.cone.dualDistance(z), size: dualSize, name: block.name)
    var product = 0.0
    for r in z.indices { product += values[r] * z[r] }
    complementarity += product.magnitude
    gapSize = propagatingMaximum(gapSize, 0) + size * largestDual
    for (r, row) in rows.enumerated() {
      let expression = block.expressions[row]
      for (i, f) in zip(expression.indices, expression.coefficients) {
        self.residual[i] -= f * z[r]
        self.size[i] += f.magnitude * dualSize
      }
    }
  }
}
