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
}
