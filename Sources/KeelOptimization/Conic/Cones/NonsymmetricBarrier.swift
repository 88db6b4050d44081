// Goals: (1) gradients without cancellation near the boundary of the primal cone; (2) no iteration
// without a bracket.
//
// Barriers of the two three-dimensional cones that are not symmetric, all with parameter 3. The
// dual barrier F* is given in closed form, the primal one is its conjugate, so that
// −∇F(−∇F*(z)) = z. Chares, Cones and interior-point algorithms for structured convex optimization
// involving powers and exponentials, thesis, Louvain (2009); Goulart and Chen, arXiv 2405.12762.

/// The kind of a three-dimensional cone that is not symmetric.
enum NonsymmetricKind: Hashable {
  case exponential
  case power(Double)

  /// The parameter of the barrier.
  static let degree = 3.0

  /// The point that is its own image under −∇F*, on the ray where iterations start.
  var center: Vector3 {
    switch self {
    case .exponential: ExponentialBarrier.center
    case .power(let alpha): PowerBarrier(alpha).center
    }
  }

  func isInterior(_ s: Vector3) -> Bool {
    switch self {
    case .exponential: ExponentialBarrier.isInterior(s)
    case .power(let alpha): PowerBarrier(alpha).isInterior(s)
    }
  }

  func isDualInterior(_ z: Vector3) -> Bool {
    switch self {
    case .exponential: ExponentialBarrier.isDualInterior(z)
    case .power(let alpha): PowerBarrier(alpha).isDualInterior(z)
    }
  }

  /// −∇F(s).
  func dualShadow(_ s: Vector3) -> Vector3 {
    switch self {
    case .exponential: ExponentialBarrier.dualShadow(s)
    case .power(let alpha): PowerBarrier(alpha).dualShadow(s)
    }
  }

  /// A factor of ∇²F*(z), from a point and its barrier.
  func hessianFactor(_ barrier: DualBarrier) -> HessianFactor {
    switch self {
    case .exponential: ExponentialBarrier.hessianFactor(barrier)
    case .power(let alpha): PowerBarrier(alpha).hessianFactor(barrier)
    }
  }

  /// The derivatives of F* at a point of the dual interior.
  func dualBarrier(_ z: Vector3) -> DualBarrier {
    switch self {
    case .exponential: ExponentialBarrier.dualBarrier(z)
    case .power(let alpha): PowerBarrier(alpha).dualBarrier(z)
    }
  }
}

/// ∇²F* = C C', by formulas that subtract nothing: near the boundary a Cholesky factorization of the
/// same matrix would fail.
struct HessianFactor {
  /// The columns of C.
  var columns: (Vector3, Vector3, Vector3)
  /// The rows of C⁻¹.
  var rows: (Vector3, Vector3, Vector3)

  /// The factor of a lower triangular C with the rows multiplied by `scale`.
  init(
    lower l: (l11: Double, l21: Double, l22: Double, l31: Double, l32: Double, l33: Double),
    scale: Vector3
  ) {
    columns = (
      Vector3(l.l11, l.l21, l.l31) * scale, Vector3(0, l.l22, l.l32) * scale,
      Vector3(0, 0, l.l33) * scale
    )
    let first = Vector3(1 / l.l11, 0, 0)
    let second = (Vector3(0, 1, 0) - l.l21 * first) / l.l22
    let third = (Vector3(0, 0, 1) - l.l31 * first - l.l32 * second) / l.l33
    rows = (first / scale, second / scale, third / scale)
  }

  /// The factor from its columns and the rows of its inverse.
  init(columns: (Vector3, Vector3, Vector3), rows: (Vector3, Vector3, Vector3)) {
    self.columns = columns
    self.rows = rows
  }

  /// (∇²F*)⁻¹ v.
  func solved(_ v: Vector3) -> Vector3 {
    dot(rows.0, v) * rows.0 + dot(rows.1, v) * rows.1 + dot(rows.2, v) * rows.2
  }

  /// ∇²F* v.
  func times(_ v: Vector3) -> Vector3 {
    dot(columns.0, v) * columns.0 + dot(columns.1, v) * columns.1 + dot(columns.2, v) * columns.2
  }
}

/// F* = −log ψ − weight.x log|z.x| − weight.y log|z.y| − weight.z log|z.z| and its derivatives at a
/// point.
struct DualBarrier {
  var point: Vector3
  var weight: Vector3
  var psi: Double
  var gradientOfPsi: Vector3
  var hessianOfPsi: Symmetric3
  /// The third derivatives of ψ: uuu, uuv, uvv, vvv, uww, www.
  var third: (uuu: Double, uuv: Double, uvv: Double, vvv: Double, uww: Double, www: Double)

  /// −∇F*(z), the primal shadow.
  var primalShadow: Vector3 {
    var shadow = gradientOfPsi / psi
    for i in 0..<3 where weight[i] != 0 { shadow[i] += weight[i] / point[i] }
    return shadow
  }

  /// ∇²F*(z).
  var hessian: Symmetric3 {
    var h = Symmetric3(
      xx: -hessianOfPsi.xx / psi, xy: -hessianOfPsi.xy / psi, xz: -hessianOfPsi.xz / psi,
      yy: -hessianOfPsi.yy / psi, yz: -hessianOfPsi.yz / psi, zz: -hessianOfPsi.zz / psi)
    h.addOuter(gradientOfPsi / psi, 1)
    if weight.x != 0 { h.xx += weight.x / (point.x * point.x) }
    if weight.y != 0 { h.yy += weight.y / (point.y * point.y) }
    if weight.z != 0 { h.zz += weight.z / (point.z * point.z) }
    return h
  }

  /// ∇³F*(z)[a, b].
  func thirdDerivative(_ a: Vector3, _ b: Vector3) -> Vector3 {
    let psiA = dot(gradientOfPsi, a) / psi
    let psiB = dot(gradientOfPsi, b) / psi
    let hA = hessianOfPsi.times(a) / psi
    let hB = hessianOfPsi.times(b) / psi
    let uv = a.x * b.y + a.y * b.x
    let uw = a.x * b.z + a.z * b.x
    let contraction = Vector3(
      third.uuu * a.x * b.x + third.uuv * uv + third.uvv * a.y * b.y + third.uww * a.z * b.z,
      third.uuv * a.x * b.x + third.uvv * uv + third.vvv * a.y * b.y,
      third.uww * uw + third.www * a.z * b.z)
    var result = -contraction / psi + hA * psiB + hB * psiA
    result += (dot(a, hB) - 2 * psiA * psiB) / psi * gradientOfPsi
    for i in 0..<3 where weight[i] != 0 {
      result[i] -= 2 * weight[i] * (a[i] / point[i]) * (b[i] / point[i]) / point[i]
    }
    return result
  }
}
