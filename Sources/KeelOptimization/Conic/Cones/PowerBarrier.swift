#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The power cone {x^α y^β ≥ |z|}, β = 1 − α, and the barrier of its dual.
///
/// ```text
/// F*(u, v, w) = −log ψ − β log u − α log v,   ψ = (u/α)^2α (v/β)^2β − w²
/// ```
struct PowerBarrier {
  let alpha: Double
  let beta: Double

  init(_ alpha: Double) {
    self.alpha = alpha
    beta = 1 - alpha
  }

  /// The solution of −∇F*(z) = z.
  var center: Vector3 { Vector3((1 + alpha).squareRoot(), (1 + beta).squareRoot(), 0) }

  func isInterior(_ s: Vector3) -> Bool { s.x > 0 && s.y > 0 && margin(s) > 0 }

  /// log(x^2α y^2β / z²).
  private func margin(_ s: Vector3) -> Double {
    if s.z == 0 { return .infinity }
    let size = s.z.magnitude
    return 2 * alpha * log(s.x / size) + 2 * beta * log(s.y / size)
  }

  func isDualInterior(_ z: Vector3) -> Bool {
    z.x > 0 && z.y > 0 && margin(Vector3(z.x / alpha, z.y / beta, z.z)) > 0
  }

  /// −∇F(s): with φ = (u/α)^2α (v/β)^2β and ρ = φ/ψ = 1 + 1/t it solves
  /// u x = 2αρ + β, v y = 2βρ + α, w z = −2(ρ − 1).
  func dualShadow(_ s: Vector3) -> Vector3 {
    let inverse = 1 / root(margin(s))
    return Vector3(
      (1 + alpha + 2 * alpha * inverse) / s.x, (1 + beta + 2 * beta * inverse) / s.y,
      s.z == 0 ? 0 : -2 * inverse / s.z)
  }

  /// The root t > 0 of 2α log(1 + (1+α)t/2α) + 2β log(1 + (1+β)t/2β) − log(1 + t) = d, d > 0.
  ///
  /// The left side increases from zero, first like 2t and later like log t; Newton's method in
  /// log t, kept inside a bracket.
  func root(_ d: Double) -> Double {
    if d == .infinity { return .infinity }
    let a = (1 + alpha) / (2 * alpha)
    let b = (1 + beta) / (2 * beta)
    func value(_ t: Double) -> Double {
      2 * alpha * log1p(a * t) + 2 * beta * log1p(b * t) - log1p(t) - d
    }
    // Below 3t everywhere, because log(1 + x) ≤ x and log(1 + t) ≥ 0.
    var low = d / (3 + 1)
    var high = max(low, .leastNormalMagnitude)
    // Doubling the exponent's distance ends within the range of Double.
    let growth = 16.0
    while value(high) < 0 && high < .greatestFiniteMagnitude / growth {
      low = high
      high *= growth
    }
    var t = (low * high).squareRoot()
    // Bisection of the logarithm alone would be done after this many steps.
    let stepCount = 60
    for _ in 0..<stepCount {
      let error = value(t)
      if error == 0 { break }
      if error < 0 { low = t } else { high = t }
      let slope =
        2 * alpha * a * t / (1 + a * t) + 2 * beta * b * t / (1 + b * t) - t / (1 + t)
      var next = t * exp(-error / slope)
      if !(next > low && next < high) { next = (low * high).squareRoot() }
      if (next - t).magnitude <= 2 * t.ulp { break }
      t = next
    }
    return t
  }

  func dualBarrier(_ z: Vector3) -> DualBarrier {
    let (u, v, w) = (z.x, z.y, z.z)
    let phi = exp(2 * alpha * log(u / alpha) + 2 * beta * log(v / beta))
    let a = 2 * alpha
    let b = 2 * beta
    return DualBarrier(
      point: z, weight: Vector3(beta, alpha, 0), psi: phi - w * w,
      gradientOfPsi: Vector3(a * phi / u, b * phi / v, -2 * w),
      hessianOfPsi: Symmetric3(
        xx: a * (a - 1) * phi / (u * u), xy: a * b * phi / (u * v),
        yy: b * (b - 1) * phi / (v * v), zz: -2),
      third: (
        a * (a - 1) * (a - 2) * phi / (u * u * u), a * (a - 1) * b * phi / (u * u * v),
        a * b * (b - 1) * phi / (u * v * v), b * (b - 1) * (b - 2) * phi / (v * v * v), 0, 0
      ))
  }

  /// With ω = w/√ψ, ρ = 1 + ω², D = (2αρ + β, 2βρ + α) and d = (α, β) the Hessian in u/u, v/v and
  /// w/√ψ is [diag D + 4ρω²dd', −4ρωd; ·, 2 + 4ω²].
  func hessianFactor(_ barrier: DualBarrier) -> HessianFactor {
    let z = barrier.point
    let root = barrier.psi.squareRoot()
    let omega = z.z / root
    let square = omega * omega
    let rho = 1 + square
    let first = 2 * alpha * rho + beta
    let second = 2 * beta * rho + alpha
    let gamma = 4 * rho * square
    let pivot = first + gamma * alpha * alpha
    let l11 = pivot.squareRoot()
    let l21 = gamma * alpha * beta / l11
    let l22 =
      ((first * second + gamma * (first * beta * beta + second * alpha * alpha)) / pivot)
      .squareRoot()
    let l31 = -4 * rho * omega * alpha / l11
    let l32 = -4 * rho * omega * beta * (first / pivot) / l22
    let k = alpha * alpha / first + beta * beta / second
    let corner =
      (2 + 4 * square * alpha * beta * (1 / first + 1 / second)) / (1 + gamma * k)
    return HessianFactor(
      lower: (l11, l21, l22, l31, l32, corner.squareRoot()),
      scale: Vector3(1 / z.x, 1 / z.y, 1 / root))
  }
}
