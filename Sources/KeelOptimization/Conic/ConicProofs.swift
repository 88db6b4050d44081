/// A proof that no point satisfies conic constraints (Farkas).
///
/// ```text
/// Σ F'z = 0,  z in the dual cones,  −Σ g'z > 0
/// ```
///
/// At a feasible point the sum of z'(Fx + g) could not be negative, but it is Σ g'z.
public struct ConicInfeasibilityProof: Hashable, Sendable {
  /// The multipliers z of the blocks, the largest term of the proof about one.
  public let multipliers: ConicDuals

  /// −Σ g'z: positive.
  public let contradiction: Double

  /// What is left of Σ F'z, relative to the magnitudes of its terms.
  public let residual: Double

  /// The largest distance of a block's multipliers from the dual cone, relative to the largest of
  /// them.
  public let dualConeResidual: Double

  /// No point whose variables are all smaller than this in magnitude is feasible, whatever the
  /// residual; infinite when the residual is zero.
  public let radius: Double

  /// The names of the blocks that clash.
  public let constraints: [String]
}

extension ConicProgram {
  /// The size of a residual of a proof relative to its terms that is taken for zero.
  static let proofTolerance = 1e-9

  /// What rounding may leave of a sum, relative to the size of its terms; a smaller one counts as
  /// zero.
  static let proofNoise = 1e-12

  /// Checks multipliers as a proof of infeasibility, on the data of the program.
  ///
  /// - Parameter candidate: One array a block, one multiplier an expression.
  /// - Returns: The proof, or nil when the multipliers prove nothing.
  /// - Complexity: O(size of the data), O(m³) for a semidefinite block of order m.
  public func infeasibilityProof(multipliers candidate: [[Double]]) -> ConicInfeasibilityProof? {
    var room = ConicCertificateRoom()
    guard let sums = farkasSums(of: candidate, room: &room), sums.isProof else { return nil }
    let terms = sums.terms
    let factor = 1 / terms
    guard factor.isFinite else { return nil }
    let names = constraints.indices.filter { k in candidate[k].contains { $0 != 0 } }.map {
      constraints[$0].name
    }
    let leftOver = room.products.residual.reduce(0) { $0 + $1.magnitude }
    return ConicInfeasibilityProof(
      multipliers: ConicDuals(
        of: self, blocks: candidate.map { $0.map { $0 * factor } }),
      contradiction: sums.value * factor, residual: sums.residual,
      dualConeResidual: sums.coneResidual,
      radius: leftOver == 0 ? .infinity : sums.value / leftOver, constraints: names)
  }

  /// What multipliers prove about feasibility.
  struct FarkasSums {
    var value = 0.0
    var terms = 0.0
    var residual = 0.0
    var coneResidual = 0.0

    var isProof: Bool {
      residual <= ConicProgram.proofTolerance && coneResidual <= ConicProgram.proofNoise
        && value > ConicProgram.proofNoise * terms && terms.isNormal
    }
  }

  /// The sums of a proof of infeasibility; nil for arrays of another shape.
  ///
  /// The room then holds Σ F'z and the sums of magnitudes of its terms.
  func farkasSums(
    of candidate: [[Double]],
    room: inout ConicCertificateRoom
  ) -> FarkasSums? {
    guard candidate.count == constraints.count else { return nil }
    var sums = FarkasSums()
    room.products.restart(count: variableCount)
    for (k, block) in constraints.enumerated() {
      let z = candidate[k]
      guard z.count == block.expressions.count else { return nil }
      sums.coneResidual = propagatingMaximum(
        sums.coneResidual, relative(block.cone.dualDistance(z), to: largestMagnitude(z)))
      for (r, expression) in block.expressions.enumerated() where z[r] != 0 {
        sums.value -= expression.constant * z[r]
        sums.terms += (expression.constant * z[r]).magnitude
        for p in expression.indices.indices {
          let i = expression.indices[p]
          let term = expression.coefficients[p] * z[r]
          room.products.residual[i] += term
          room.products.size[i] += term.magnitude
        }
      }
    }
    for i in room.products.residual.indices {
      sums.residual = propagatingMaximum(
        sums.residual,
        relative(room.products.residual[i].magnitude, to: room.products.size[i]))
    }
    return sums
  }

  /// Checks a direction as a proof that the objective has no lower limit, on the data of the
  /// program.
  ///
  /// From a feasible point one can move along it forever; that there is one is not part of the
  /// proof.
  ///
  /// - Parameter candidate: One number a variable.
  /// - Returns: The proof, or nil when the direction proves nothing.
  public func unboundednessProof(direction candidate: [Double]) -> UnboundednessProof? {
    guard candidate.count == variableCount else { return nil }
    let largest = largestMagnitude(candidate)
    guard largest > 0, largest < .infinity else { return nil }
    let d = candidate.map { $0 / largest }
    var residual = 0.0
    let product = quadratic.times(d)
    let productSize = quadratic.absoluteTimes(d)
    for i in d.indices {
      residual = propagatingMaximum(
        residual, relative(product[i].magnitude, to: productSize[i]))
    }
    for block in constraints {
      let values = block.expressions.map { $0.linearValue(d) }
      let sizes = block.expressions.map { $0.termSize(d) }
      switch block.cone {
      case .zero, .nonnegative:
        for r in values.indices {
          residual = propagatingMaximum(
            residual, relative(block.cone.distance([values[r]]), to: sizes[r]))
        }
      case .secondOrder, .exponential, .power, .positiveSemidefinite:
        residual = propagatingMaximum(
          residual, relative(block.cone.distance(values), to: largestMagnitude(sizes)))
      }
    }
    let slope = dot(linear, d)
    var slopeSize = 0.0
    for i in d.indices { slopeSize += (linear[i] * d[i]).magnitude }
    guard residual <= Self.proofTolerance, slope < -Self.proofTolerance * slopeSize else {
      return nil
    }
    return UnboundednessProof(direction: d, slope: slope, residual: residual)
  }
}
