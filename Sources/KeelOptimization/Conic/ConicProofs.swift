/// A proof that no point satisfies conic constraints (Farkas).
///
/// ```text
/// Σ F'z = 0,  z in the dual cones,  −Σ g'z > 0
/// ```
///
/// At a feasible point the sum of z'(Fx + g) could not be negative, but it is Σ g'z.
public struct ConicInfeasibilityProof: Hashable, Sendable {
  /// The multipliers z of the blocks, the largest term of the proof about one.
  public fileprivate(set) var multipliers: ConicDuals

  /// −Σ g'z: positive.
  public fileprivate(set) var contradiction: Double

  /// What is left of Σ F'z, relative to the magnitudes of its terms.
  public fileprivate(set) var residual: Double

  /// The largest distance of a block's multipliers from the dual cone, relative to the largest of
  /// them.
  public fileprivate(set) var dualConeResidual: Double

  /// No point whose variables are all smaller than this in magnitude is feasible, whatever the
  /// residual; infinite when the residual is zero.
  public fileprivate(set) var radius: Double

  /// The names of the blocks that clash.
  public fileprivate(set) var constraints: [String]

  /// Room for a proof about a program, which proves nothing.
  init(emptyFor program: ConicProgram) {
    multipliers = ConicDuals(of: program, blocks: [])
    contradiction = .nan
    residual = .nan
    dualConeResidual = .nan
    radius = .nan
    constraints = []
  }
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
    var proof = ConicInfeasibilityProof(emptyFor: self)
    return setInfeasibilityProof(&proof, multipliers: candidate, room: &room) ? proof : nil
  }

  /// The same in memory that is kept; false, with an undefined proof, when there is none.
  func setInfeasibilityProof(
    _ proof: inout ConicInfeasibilityProof,
    multipliers candidate: [[Double]],
    room: inout ConicCertificateRoom
  ) -> Bool {
    guard let sums = farkasSums(of: candidate, room: &room), sums.isProof else { return false }
    let factor = 1 / sums.terms
    guard factor.isFinite else { return false }
    proof.constraints.removeAll(keepingCapacity: true)
    for k in constraints.indices where candidate[k].contains(where: { $0 != 0 }) {
      proof.constraints.append(constraints[k].name)
    }
    proof.multipliers.set(self, candidate, times: factor)
    let leftOver = room.products.residual.reduce(0) { $0 + $1.magnitude }
    proof.contradiction = sums.value * factor
    proof.residual = sums.residual
    proof.dualConeResidual = sums.coneResidual
    proof.radius = leftOver == 0 ? .infinity : sums.value / leftOver
    return true
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
        sums.coneResidual,
        relative(
          block.cone.dualDistance(z, z.indices, &room.distance), to: largestMagnitude(z)))
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
    var room = ConicCertificateRoom()
    var proof = UnboundednessProof(direction: [], slope: .nan, residual: .nan)
    return setUnboundednessProof(&proof, direction: candidate, room: &room) ? proof : nil
  }

  /// The same in memory that is kept; false, with an undefined proof, when there is none.
  func setUnboundednessProof(
    _ proof: inout UnboundednessProof,
    direction candidate: [Double],
    room: inout ConicCertificateRoom
  ) -> Bool {
    guard candidate.count == variableCount else { return false }
    let largest = largestMagnitude(candidate)
    guard largest > 0, largest < .infinity else { return false }
    proof.direction.copyElements(of: candidate)
    for i in proof.direction.indices { proof.direction[i] /= largest }
    proof.residual = rayResidual(proof.direction, room: &room)
    proof.slope = dot(linear, proof.direction)
    var slopeSize = 0.0
    for i in linear.indices { slopeSize += (linear[i] * proof.direction[i]).magnitude }
    return proof.residual <= Self.proofTolerance
      && proof.slope < -Self.proofTolerance * slopeSize
  }

  /// How far a direction is from one of no curvature that stays in all cones, relative to its terms.
  private func rayResidual(_ d: [Double], room: inout ConicCertificateRoom) -> Double {
    var residual = 0.0
    quadratic.setTimes(&room.products.residual, d, room: &room.scaled)
    quadratic.setAbsoluteTimes(&room.products.size, d, room: &room.scaled)
    for i in d.indices {
      residual = propagatingMaximum(
        residual,
        relative(room.products.residual[i].magnitude, to: room.products.size[i]))
    }
    for block in constraints {
      room.values.removeAll(keepingCapacity: true)
      room.sizes.removeAll(keepingCapacity: true)
      for expression in block.expressions {
        room.values.append(expression.linearValue(d))
        room.sizes.append(expression.termSize(d))
      }
      if !block.cone.isProduct {
        let distance = block.cone.distance(
          room.values, room.values.indices, &room.distance)
        residual = propagatingMaximum(
          residual, relative(distance, to: largestMagnitude(room.sizes)))
        continue
      }
      for r in room.values.indices {
        let distance = block.cone.distance(room.values, r..<(r + 1), &room.distance)
        residual = propagatingMaximum(residual, relative(distance, to: room.sizes[r]))
      }
    }
    return residual
  }
}
