#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// L = ln(1 + ξz)/ξ with its first two derivatives in ξ, also next to ξ = 0.
struct StretchedLogarithm {
  let value: Double
  let slope: Double
  let curvature: Double

  /// Below this magnitude of ξz the derivatives are series: their closed forms cancel.
  private static let seriesLimit = 0.02

  /// For 1 + ξz > 0.
  @inline(__always)
  init(_ z: Double, shape: Double) {
    let t = shape * z
    if t.magnitude < Self.seriesLimit {
      // L = z Σ (−t)ᵏ/(k+1).
      value = StandardGeneralizedPareto.stretchedLogarithm(z, shape)
      slope = -z * z * Self.slopeSeries(t)
      curvature = z * z * z * Self.curvatureSeries(t)
    } else {
      let ratio = z / (1 + t)
      value = log1p(t) / shape
      slope = (ratio - value) / shape
      curvature = -(ratio * ratio + 2 * slope) / shape
    }
  }

  /// Σ (k+1)/(k+2) (−t)ᵏ.
  private static func slopeSeries(_ t: Double) -> Double {
    var sum = 0.0
    for k in stride(from: 9.0, through: 0, by: -1) { sum = (k + 1) / (k + 2) - t * sum }
    return sum
  }

  /// Σ (k+1)(k+2)/(k+3) (−t)ᵏ.
  private static func curvatureSeries(_ t: Double) -> Double {
    var sum = 0.0
    for k in stride(from: 9.0, through: 0, by: -1) {
      sum = (k + 1) * (k + 2) / (k + 3) - t * sum
    }
    return sum
  }
}
