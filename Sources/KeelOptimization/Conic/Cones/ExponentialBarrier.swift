#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The exponential cone {y exp(x/y) ≤ z} and the barrier of its dual.
///
/// ```text
/// F*(u, v, w) = −log ψ − log(−u) − log w,   ψ = v − u − u log(w/−u)
/// ```
enum ExponentialBarrier {
  /// The solution of −∇F*(z) = z.
  static let center = Vector3(
    -1.051_383_943_750_229, 0.556_409_618_604_388_4, 1.258_967_886_464_260_5)

  static func isInterior(_ s: Vector3) -> Bool { s.y > 0 && s.z > 0 && margin(s) > 0 }

  /// log(z/y) − x/y.
  private static func margin(_ s: Vector3) -> Double { log(s.z / s.y) - s.x / s.y }

  static func isDualInterior(_ z: Vector3) -> Bool {
    z.x < 0 && z.z > 0 && psi(z) > 0
  }

  private static func psi(_ z: Vector3) -> Double { z.y - z.x - z.x * log(z.z / -z.x) }

  /// −∇F(s), from the root of r + log(1 + r) = log(z/y) − x/y.
  static func dualShadow(_ s: Vector3) -> Vector3 {
    let r = root(margin(s))
    let a = 1 / (s.y * r)
    let w = (1 + 1 / r) / s.z
    return Vector3(-a, 1 / s.y - a - a * log(w / a), w)
  }

  /// The positive root of r + log(1 + r) = d for d > 0.
  ///
  /// The left side is concave, so that Newton's method increases towards the root after its first
  /// step, wherever it starts.
  static func root(_ d: Double) -> Double {
    // Ten steps reach double precision from anywhere in the range of Double.
    let stepCount = 10
    var r = d < 1 ? d / 2 : d - log(1 + d) + log(1 + d) / (1 + d)
    for _ in 0..<stepCount {
      let error = r + log1p(r) - d
      let next = r - error * (1 + r) / (2 + r)
      if next == r || !(next > 0) { break }
      r = next
    }
    return r
  }

  static func dualBarrier(_ z: Vector3) -> DualBarrier {
    let (u, w) = (z.x, z.z)
    let l = log(w / -u)
    return DualBarrier(
      point: z, weight: Vector3(1, 0, 1), psi: z.y - u - u * l,
      gradientOfPsi: Vector3(-l, 1, -u / w),
      hessianOfPsi: Symmetric3(xx: 1 / u, xz: -1 / w, zz: u / (w * w)),
      third: (-1 / (u * u), 0, 0, 0, 1 / (w * w), -2 * u / (w * w * w)))
  }

  /// With p = −u and r = p/ψ the Hessian is ∇ψ∇ψ'/ψ² plus [1+r, r; r, 1+r] in u/p and w/w.
  static func hessianFactor(_ barrier: DualBarrier) -> HessianFactor {
    let p = -barrier.point.x
    let w = barrier.point.z
    let psi = barrier.psi
    let l = -barrier.gradientOfPsi.x
    let r = p / psi
    let l11 = (1 + r).squareRoot() / p
    let l21 = r / (w * (1 + r).squareRoot())
    let l22 = ((1 + 2 * r) / (1 + r)).squareRoot() / w
    let first = Vector3(1 / l11, l / l11, 0)
    return HessianFactor(
      columns: (Vector3(l11, 0, l21), Vector3(0, 0, l22), barrier.gradientOfPsi / psi),
      rows: (first, (Vector3(0, -p / w, 1) - l21 * first) / l22, Vector3(0, psi, 0)))
  }
}
