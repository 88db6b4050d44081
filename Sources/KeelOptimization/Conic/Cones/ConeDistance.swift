import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// How far a vector is from a cone, by plain formulas that share nothing with the iterations.
//
// Each function returns an upper bound of the largest change of an element that brings the vector
// into the cone, zero for a member: the distance to the nearest of some explicit members.

extension Cone {
  /// An upper bound of the distance of the elements in a range to the cone, in the largest element;
  /// NaN for NaN.
  func distance(_ v: [Double], _ range: Range<Int>, _ room: inout ConeDistanceRoom) -> Double {
    guard range.allSatisfy({ v[$0].isFinite }) else { return .nan }
    let first = range.lowerBound
    switch self {
    case .zero: return range.reduce(0) { max($0, v[$1].magnitude) }
    case .nonnegative: return range.reduce(0) { max($0, -v[$1]) }
    case .secondOrder:
      if range.isEmpty { return 0 }
      return max(0, SecondOrderScaling.tailNorm(v.span, first, range.count) - v[first])
    case .exponential: return Self.exponentialDistance(v[first], v[first + 1], v[first + 2])
    case .power(let alpha):
      return Self.powerDistance(
        v[first], v[first + 1], v[first + 2], alpha: alpha, weights: (1, 1))
    case .positiveSemidefinite(let order):
      return room.semidefiniteDistance(v, first, order: order, offDiagonal: 1)
    }
  }

  /// The same for the dual cone.
  func dualDistance(_ v: [Double], _ range: Range<Int>, _ room: inout ConeDistanceRoom) -> Double {
    guard range.allSatisfy({ v[$0].isFinite }) else { return .nan }
    let first = range.lowerBound
    switch self {
    case .zero: return 0
    case .nonnegative, .secondOrder: return distance(v, range, &room)
    case .exponential: return Self.dualExponentialDistance(v[first], v[first + 1], v[first + 2])
    case .power(let alpha):
      return Self.powerDistance(
        v[first], v[first + 1], v[first + 2], alpha: alpha, weights: (alpha, 1 - alpha))
    case .positiveSemidefinite(let order):
      return room.semidefiniteDistance(v, first, order: order, offDiagonal: 0.5)
    }
  }

  /// The distance to {y exp(x/y) ≤ z}: along x, along z, or to the face where y is zero.
  private static func exponentialDistance(_ x: Double, _ y: Double, _ z: Double) -> Double {
    var least = max(x, y.magnitude, -z, 0)
    if y > 0 {
      least = min(least, max(0, y * exp(x / y) - z))
      if z > 0 { least = min(least, max(0, x - y * log(z / y))) }
    }
    return least
  }

  /// The distance to {−u exp(v/u − 1) ≤ w, u < 0}: along w, along v, or to the face where u is
  /// zero.
  private static func dualExponentialDistance(_ u: Double, _ v: Double, _ w: Double) -> Double {
    var least = max(u.magnitude, -v, -w, 0)
    if u < 0 {
      least = min(least, max(0, -u * exp(v / u - 1) - w))
      // With u negative the condition is v ≥ u (1 + log(w/−u)).
      if w > 0 { least = min(least, max(0, u * (1 + log(w / -u)) - v)) }
    }
    return least
  }

  /// The distance to {(x/a)^α (y/b)^β ≥ |z|}: first to x, y ≥ 0, then along z, x or y.
  private static func powerDistance(
    _ x: Double,
    _ y: Double,
    _ z: Double,
    alpha: Double,
    weights: (Double, Double)
  ) -> Double {
    let beta = 1 - alpha
    let outside = max(0, -x, -y)
    let (a, b) = (max(x, 0) / weights.0, max(y, 0) / weights.1)
    let size = z.magnitude
    var least = max(0, size - pow(a, alpha) * pow(b, beta))
    if b > 0 {
      let needed = weights.0 * pow(size / pow(b, beta), 1 / alpha)
      least = min(least, max(0, needed - max(x, 0)))
    }
    if a > 0 {
      let needed = weights.1 * pow(size / pow(a, alpha), 1 / beta)
      least = min(least, max(0, needed - max(y, 0)))
    }
    return max(outside, least)
  }
}

/// Room for the distance to semidefinite cones.
struct ConeDistanceRoom {
  private var elements: [Double] = []
  private var spectrum = WorkingSpectrum()

  /// −λ of the smallest eigenvalue: adding it to the diagonal makes the matrix semidefinite.
  fileprivate mutating func semidefiniteDistance(
    _ v: [Double],
    _ start: Int,
    order: Int,
    offDiagonal: Double
  ) -> Double {
    if order == 0 { return 0 }
    elements.refill(order * order, with: 0)
    var p = start
    for j in 0..<order {
      for i in j..<order {
        elements[i + j * order] = i == j ? v[p] : v[p] * offDiagonal
        p += 1
      }
    }
    guard let least = spectrum.leastEigenvalue(elements, order: order) else { return .nan }
    return max(0, -least)
  }
}
