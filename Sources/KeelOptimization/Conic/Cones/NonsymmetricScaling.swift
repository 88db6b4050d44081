// Goals: (1) a positive definite scaling at every interior pair of points; (2) the scaling and its
// inverse by formulas, without a factorization that could fail near the boundary.
//
// Primal-dual scaling of a three-dimensional cone: a matrix H with H z = s and H z̃ = s̃, where
// z̃ = −∇F(s) and s̃ = −∇F*(z), and in the third direction as near to μ∇²F*(z) as a rank-one term
// can be. Dahl and Andersen, Mathematical Programming 194 (2022); the form with differences to the
// shadows is that of Goulart and Chen, arXiv 2405.12762. Where the two conditions are one (on the
// central path) the scaling is μ∇²F*(z).

/// The scaling of one exponential or power cone.
struct NonsymmetricScaling {
  let kind: NonsymmetricKind
  let offset: Int

  /// The dual point, and the derivatives of F* there.
  private(set) var z = Vector3()
  private(set) var barrier: DualBarrier
  private(set) var factor: HessianFactor

  /// H = Σ c c' over these columns.
  private(set) var columns: (Vector3, Vector3, Vector3) = (.zero, .zero, .zero)
  /// H⁻¹ = Σ r r' over these rows.
  private(set) var rows: (Vector3, Vector3, Vector3) = (.zero, .zero, .zero)

  /// Below this relative distance from the central path the differences to the shadows are rounding:
  /// the square root of double precision.
  private static let leastDistance = 1.5e-8

  init(_ kind: NonsymmetricKind, offset: Int) {
    self.kind = kind
    self.offset = offset
    z = kind.center
    barrier = kind.dualBarrier(kind.center)
    factor = kind.hessianFactor(barrier)
  }

  /// Sets the scaling for a pair of points; false when none can be represented.
  mutating func update(s: Vector3, z: Vector3, mu: Double) -> Bool {
    self.z = z
    barrier = kind.dualBarrier(z)
    factor = kind.hessianFactor(barrier)
    return setPrimalDual(s: s, z: z) || setDual(mu: mu)
  }

  /// The scaling with H z = s and H z̃ = s̃.
  private mutating func setPrimalDual(s: Vector3, z: Vector3) -> Bool {
    let primalShadow = barrier.primalShadow
    let dualShadow = kind.dualShadow(s)
    let product = dot(s, z)
    let mu = product / NonsymmetricKind.degree
    let shadowMu = dot(primalShadow, dualShadow) / NonsymmetricKind.degree
    let distance = mu * shadowMu - 1
    guard product > 0, distance > Self.leastDistance, distance < .infinity else { return false }
    let ds = s - mu * primalShadow
    let dz = z - mu * dualShadow
    let dProduct = dot(ds, dz)
    guard dProduct > 0 else { return false }
    let axis = cross(z, dualShadow)
    let dualAxis = cross(s, primalShadow)
    let axisNorm = norm(axis)
    let scaledAxis = axis / axisNorm
    let pairing = dot(scaledAxis, dualAxis)
    // What H = μ∇²F* is beyond its action on z and z̃ has rank one: aa'/(a'H⁻¹a).
    let weight = mu / dot(scaledAxis, factor.solved(scaledAxis))
    guard weight > 0, axisNorm > 0, pairing != 0 else { return false }
    let root = weight.squareRoot()
    columns = (
      s / product.squareRoot(), ds / dProduct.squareRoot(), scaledAxis * root
    )
    rows = (
      z / product.squareRoot(), dz / dProduct.squareRoot(), dualAxis / (pairing * root)
    )
    return isUsable
  }

  /// The scaling μ∇²F*(z).
  private mutating func setDual(mu: Double) -> Bool {
    guard mu > 0 else { return false }
    let root = mu.squareRoot()
    rows = (factor.rows.0 / root, factor.rows.1 / root, factor.rows.2 / root)
    columns = (
      factor.columns.0 * root, factor.columns.1 * root, factor.columns.2 * root
    )
    return isUsable
  }

  private var isUsable: Bool {
    columns.0.isFinite && columns.1.isFinite && columns.2.isFinite && rows.0.isFinite
      && rows.1.isFinite && rows.2.isFinite
  }

  /// H v.
  func times(_ v: Vector3) -> Vector3 {
    dot(columns.0, v) * columns.0 + dot(columns.1, v) * columns.1 + dot(columns.2, v) * columns.2
  }

  /// R v, where R'R = H⁻¹.
  func factorTimes(_ v: Vector3) -> Vector3 {
    Vector3(dot(rows.0, v), dot(rows.1, v), dot(rows.2, v))
  }

  /// R'v.
  func factorTransposedTimes(_ v: Vector3) -> Vector3 {
    v.x * rows.0 + v.y * rows.1 + v.z * rows.2
  }

  /// σμ∇F*(z) − ½∇³F*(z)[Δz, (∇²F*)⁻¹Δs]: centering and the correction of second order.
  func correction(ds: Vector3, dz: Vector3, centering: Double) -> Vector3 {
    let gradient = -barrier.primalShadow
    let higher = barrier.thirdDerivative(dz, factor.solved(ds)) * 0.5
    return higher.isFinite ? centering * gradient - higher : centering * gradient
  }

  /// How far a pair of points is from the central path: 1 on it, towards 0 away from it.
  ///
  /// 3/⟨∇F(s), ∇F*(z)⟩ relative to the common μ; zero outside the cones.
  func proximity(s: Vector3, z: Vector3, mu: Double) -> Double {
    guard kind.isInterior(s), kind.isDualInterior(z) else { return 0 }
    let product = dot(kind.dualBarrier(z).primalShadow, kind.dualShadow(s))
    let ratio = NonsymmetricKind.degree / (product * mu)
    return ratio > 0 ? ratio : 0
  }
}
