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

  /// The derivatives of F* at a point of the dual interior.
  func dualBarrier(_ z: Vector3) -> DualBarrier {
    switch self {
    case .exponential: ExponentialBarrier.dualBarrier(z)
    case .power(let alpha): PowerBarrier(alpha).dualBarrier(z)
    }
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
