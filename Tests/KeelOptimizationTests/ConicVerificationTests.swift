import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// `verify` on claims that are wrong by a known amount.
@Suite struct ConicVerificationTests {
  private struct Claim {
    var cone: Cone
    /// A point on the boundary.
    var boundary: [Double]
    /// A step out of the cone.
    var outward: [Double]
    /// A dual point on the boundary, complementary to the point.
    var dual: [Double]
    /// A step out of the dual cone.
    var dualOutward: [Double]
  }

  private let e = 2.718_281_828_459_045

  private var claims: [Claim] {
    [
      Claim(
        cone: .zero, boundary: [0], outward: [1], dual: [3], dualOutward: [0]),
      Claim(
        cone: .nonnegative, boundary: [0, 2], outward: [-1, 0], dual: [1, 0],
        dualOutward: [0, -1]),
      Claim(
        cone: .secondOrder, boundary: [5, 3, 4], outward: [-1, 0, 0], dual: [5, -3, -4],
        dualOutward: [-1, 0, 0]),
      Claim(
        cone: .exponential, boundary: [1, 1, e], outward: [0, 0, -1], dual: [-e, 0, 1],
        dualOutward: [0, 0, -1]),
      Claim(
        cone: .power(exponent: 0.5), boundary: [4, 1, 2], outward: [0, 0, 1],
        dual: [0.25, 1, -1], dualOutward: [0, 0, -1]),
      Claim(
        cone: .positiveSemidefinite(order: 2), boundary: [1, 1, 1], outward: [-1, 0, -1],
        dual: [1, -2, 1], dualOutward: [-1, 0, -1]),
    ]
  }

  /// Variables are the elements of the block, so that any claim can be made.
  private func program(_ claim: Claim) throws -> ConicProgram {
    // Px + q = z at the boundary point, so that the pair is optimal.
    try ConicProgram(
      linear: claim.dual,
      constraints: [
        ConicConstraint(
          "block", in: claim.cone,
          claim.boundary.indices.map { AffineExpression(variable: $0) })
      ])
  }

  @Test func acceptsComplementaryPairs() throws {
    for claim in claims {
      let program = try program(claim)
      let certificate = try program.verify(
        claim.boundary, duals: ConicDuals(of: program, blocks: [claim.dual]))
      #expect(certificate.holds(program.optimalTolerances), "\(claim.cone): \(certificate)")
    }
  }

  @Test(arguments: [1e-3, 1e-6, 1e-8]) func measuresViolations(step: Double) throws {
    for claim in claims {
      let program = try program(claim)
      let point = zip(claim.boundary, claim.outward).map { $0 + step * $1 }
      let certificate = try program.verify(
        point, duals: ConicDuals(of: program, blocks: [claim.dual]))
      let violation = try #require(certificate.worstViolation, "\(claim.cone)")
      #expect(violation.name == "block")
      // At most the step that undoes it; a nearer member may lie in another direction.
      #expect(violation.amount <= step * 1.001 && violation.amount >= step / 5, "\(claim.cone)")
      #expect(certificate.primalResidual == violation.relative)
      #expect(!certificate.holds(program.optimalTolerances))
    }
  }

  @Test(arguments: [1e-3, 1e-6]) func measuresDualViolations(step: Double) throws {
    for claim in claims where claim.cone != .zero {
      let program = try program(claim)
      let dual = zip(claim.dual, claim.dualOutward).map { $0 + step * $1 }
      let certificate = try program.verify(
        claim.boundary, duals: ConicDuals(of: program, blocks: [dual]))
      let violation = try #require(certificate.worstDualViolation, "\(claim.cone)")
      #expect(violation.amount <= step * 1.001 && violation.amount >= step / 5, "\(claim.cone)")
      #expect(!certificate.holds(program.optimalTolerances))
    }
  }

  /// Multipliers that prove nothing are no proof: of the wrong sign, outside the dual cone, with a
  /// residual, or zero.
  @Test func refusesWrongProofs() throws {
    let program = try ConicProgram(
      linear: [0, 0],
      constraints: [
        .bounds("upper", upper: [1]),
        ConicConstraint("lower", in: .nonnegative, [AffineExpression(variable: 0, constant: -2)]),
      ])
    #expect(program.infeasibilityProof(multipliers: [[1], [1]]) != nil)
    for wrong in [[[-1.0], [-1]], [[1], [2]], [[0], [0]], [[1], [0]], [[1], [.nan]]] {
      #expect(program.infeasibilityProof(multipliers: wrong) == nil)
    }
    #expect(program.infeasibilityProof(multipliers: [[1]]) == nil)
    #expect(program.unboundednessProof(direction: [0, 1]) == nil)
    #expect(program.unboundednessProof(direction: [1]) == nil)
  }
}
