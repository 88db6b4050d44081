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
    var room = ConicCertificateRoom()
    return certificate(x, duals.blocks, iterations: iterations, room: &room)
  }

  /// The certificate of arrays of the right length.
  func certificate(
    _ x: [Double],
    _ z: [[Double]],
    iterations: Int,
    room: inout ConicCertificateRoom
  ) -> ConicCertificate {
    room.products.restart(count: variableCount)
    quadratic.setProducts(x, &room.products)
    let curvature = dot(x, room.products.residual)
    let slope = dot(linear, x)
    var objectiveSize = 0.0
    for i in x.indices {
      objectiveSize += x[i].magnitude * (room.products.size[i] + linear[i].magnitude)
    }
    for i in x.indices {
      room.products.residual[i] += linear[i]
      room.products.size[i] += linear[i].magnitude
    }
    var survey = ConicSurvey()
    for (k, block) in constraints.enumerated() {
      survey.add(block, x, z[k], objectiveSize: objectiveSize, &room)
    }
    let primal = curvature / 2 + slope
    let dual = -survey.bound - curvature / 2
    let missing = propagatingMaximum((primal - dual).magnitude, survey.complementarity)
    let size = propagatingMaximum(objectiveSize, survey.gapSize)
    let isFinite = x.allSatisfy(\.isFinite)
    return ConicCertificate(
      primalResidual: isFinite ? survey.primal.worst : .nan, dualResidual: room.dualResidual,
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

/// Room for the sums of a certificate.
struct ConicCertificateRoom {
  /// Px + q − F'z and the sums of magnitudes of its terms.
  var products = CertificateScratch(count: 0)
  var values: [Double] = []
  var sizes: [Double] = []
  /// Room for a vector times a number.
  var scaled: [Double] = []
  var distance = ConeDistanceRoom()

  fileprivate var dualResidual: Double {
    var worst = 0.0
    for i in products.residual.indices {
      worst = propagatingMaximum(
        worst, relative(products.residual[i].magnitude, to: products.size[i]))
    }
    return worst
  }
}

/// What one pass over the blocks collects.
private struct ConicSurvey {
  var primal = WorstDistance()
  var dual = WorstDistance()
  /// Σ g'z.
  var bound = 0.0
  var gapSize = 0.0
  /// Σ |value'dual|.
  var complementarity = 0.0

  mutating func add(
    _ block: ConicConstraint,
    _ x: [Double],
    _ z: [Double],
    objectiveSize: Double,
    _ room: inout ConicCertificateRoom
  ) {
    room.values.removeAll(keepingCapacity: true)
    room.sizes.removeAll(keepingCapacity: true)
    for (r, expression) in block.expressions.enumerated() {
      room.values.append(expression.linearValue(x) + expression.constant)
      room.sizes.append(expression.termSize(x) + expression.constant.magnitude)
      bound += expression.constant * z[r]
    }
    switch block.cone {
    case .zero, .nonnegative:
      for r in z.indices {
        add(block, r..<(r + 1), z, room.sizes[r], objectiveSize, &room)
      }
    case .secondOrder, .exponential, .power, .positiveSemidefinite:
      // Elements of one cone compare with each other: the largest is the scale of all.
      let largest = room.sizes.reduce(0) { propagatingMaximum($0, $1) }
      add(block, 0..<z.count, z, largest, objectiveSize, &room)
    }
  }

  /// Adds the rows of one factor of the cone.
  ///
  /// A dual value is counted with at least the magnitude that, over the rows, is worth the
  /// objective: one that should vanish has no other scale.
  private mutating func add(
    _ block: ConicConstraint,
    _ rows: Range<Int>,
    _ z: [Double],
    _ size: Double,
    _ objectiveSize: Double,
    _ room: inout ConicCertificateRoom
  ) {
    let natural = size > 0 && size < .infinity ? objectiveSize / size : 0
    var largestDual = 0.0
    var product = 0.0
    for r in rows {
      largestDual = propagatingMaximum(largestDual, z[r].magnitude)
      product += room.values[r] * z[r]
    }
    let dualSize = propagatingMaximum(largestDual, natural)
    primal.add(
      block.cone.distance(room.values, rows, &room.distance), size: size, name: block.name)
    dual.add(
      block.cone.dualDistance(z, rows, &room.distance), size: dualSize, name: block.name)
    complementarity += product.magnitude
    gapSize = propagatingMaximum(gapSize, 0) + size * largestDual
    for row in rows {
      let expression = block.expressions[row]
      for p in expression.indices.indices {
        let i = expression.indices[p]
        let f = expression.coefficients[p]
        room.products.residual[i] -= f * z[row]
        room.products.size[i] += f.magnitude * dualSize
      }
    }
  }
}
