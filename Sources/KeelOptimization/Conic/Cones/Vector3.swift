/// Three numbers of an exponential or power cone.
typealias Vector3 = SIMD3<Double>

/// The inner product.
@inline(__always)
func dot(_ left: Vector3, _ right: Vector3) -> Double {
  left.x * right.x + left.y * right.y + left.z * right.z
}

/// The cross product.
func cross(_ left: Vector3, _ right: Vector3) -> Vector3 {
  Vector3(
    left.y * right.z - left.z * right.y, left.z * right.x - left.x * right.z,
    left.x * right.y - left.y * right.x)
}

/// The Euclidean norm, without overflow.
func norm(_ v: Vector3) -> Double {
  let largest = max(v.x.magnitude, v.y.magnitude, v.z.magnitude)
  guard largest > 0, largest.isFinite else { return largest }
  let scaled = v / largest
  return largest * dot(scaled, scaled).squareRoot()
}

extension SIMD3<Double> {
  /// Whether no element is NaN or infinite.
  var isFinite: Bool { (self * 0) == Vector3(0, 0, 0) }
}

/// A symmetric matrix of order three.
struct Symmetric3 {
  var xx = 0.0
  var xy = 0.0
  var xz = 0.0
  var yy = 0.0
  var yz = 0.0
  var zz = 0.0

  /// Adds factor × v v'.
  mutating func addOuter(_ v: Vector3, _ factor: Double) {
    xx += factor * v.x * v.x
    xy += factor * v.x * v.y
    xz += factor * v.x * v.z
    yy += factor * v.y * v.y
    yz += factor * v.y * v.z
    zz += factor * v.z * v.z
  }

  func times(_ v: Vector3) -> Vector3 {
    Vector3(
      xx * v.x + xy * v.y + xz * v.z, xy * v.x + yy * v.y + yz * v.z,
      xz * v.x + yz * v.y + zz * v.z)
  }

  var frobeniusNorm: Double {
    (xx * xx + yy * yy + zz * zz + 2 * (xy * xy + xz * xz + yz * yz)).squareRoot()
  }

  /// The rows of L⁻¹ where this matrix is L L', or nil when it is not positive definite.
  var inverseFactor: (Vector3, Vector3, Vector3)? {
    guard xx > 0 else { return nil }
    let a = xx.squareRoot()
    let b = xy / a
    let c = xz / a
    let dd = yy - b * b
    guard dd > 0 else { return nil }
    let d = dd.squareRoot()
    let e = (yz - b * c) / d
    let ff = zz - c * c - e * e
    guard ff > 0 else { return nil }
    let f = ff.squareRoot()
    let first = Vector3(1 / a, 0, 0)
    let second = Vector3(-b / (a * d), 1 / d, 0)
    let third = Vector3((b * e / d - c) / (a * f), -e / (d * f), 1 / f)
    guard first.isFinite, second.isFinite, third.isFinite else { return nil }
    return (first, second, third)
  }

  /// The solution of this matrix times v = right, or nil when it is not positive definite.
  func solved(_ right: Vector3) -> Vector3? {
    guard let rows = inverseFactor else { return nil }
    return dot(rows.0, right) * rows.0 + dot(rows.1, right) * rows.1
      + dot(rows.2, right) * rows.2
  }
}
