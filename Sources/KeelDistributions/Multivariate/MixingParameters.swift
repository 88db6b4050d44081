// The mixing law of the largest expected likelihood, for sums of E[W], E[1/W] and E[ln W] over rows. With a free scale c,
// W = c V:
//   generalized inverse Gaussian: −n ln 2K(λ, ω) − nλ ln c + (λ−1) L − ω (c S₋ + S₊/c)/2, concave in λ for given ω and c, and
//   with one maximum in ω along the best c;
//   inverse gamma: c = n/S₋ and ln(νc/2) − ψ(ν/2) = L/n.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a fit is told beside the bounds of its mixing law.
struct MixtureFitSettings {
  var hasDrift: Bool
  var relativeTolerance: Double
  var maximumIterations: Int
}

/// Where the mixing law is searched.
struct MixingBounds {
  /// Of λ.
  var order = 0.0...0.0
  /// Of ω, or of ν.
  var size: ClosedRange<Double>
}

/// Sums over rows.
struct MixingSums {
  var count = 0.0
  var mean = 0.0
  var inverseMean = 0.0
  var logMean = 0.0

  init() {}

  init(_ rows: [MixingShape.Posterior]) {
    count = Double(rows.count)
    for row in rows {
      mean += row.mean
      inverseMean += row.inverseMean
      logMean += row.logMean
    }
  }

  mutating func add(_ other: MixingSums) {
    count += other.count
    mean += other.mean
    inverseMean += other.inverseMean
    logMean += other.logMean
  }

  var isFinite: Bool { mean.isFinite && inverseMean.isFinite && logMean.isFinite }
}

/// The parameters of a mixing law.
enum MixingParameters {
  /// λ and ω, with the mean one.
  case inverseGaussian(order: Double, concentration: Double)
  /// ν of ν/χ²(ν).
  case student(degreesOfFreedom: Double)

  var shape: MixingShape {
    switch self {
    case .inverseGaussian(let order, let concentration):
      MixingShape(order: order, concentration: concentration)
    case .student(let degrees): MixingShape(degreesOfFreedom: degrees)
    }
  }

  var coordinates: [Double] {
    switch self {
    case .inverseGaussian(let order, let concentration): [order, log(concentration)]
    case .student(let degrees): [log(degrees)]
    }
  }

  func moved(to coordinates: [Double], _ bounds: MixingBounds) -> MixingParameters {
    func clamped(_ value: Double, _ range: ClosedRange<Double>) -> Double {
      min(max(value, range.lowerBound), range.upperBound)
    }
    switch self {
    case .inverseGaussian:
      return .inverseGaussian(
        order: clamped(coordinates[0], bounds.order),
        concentration: clamped(exp(coordinates[1]), bounds.size))
    case .student:
      return .student(degreesOfFreedom: clamped(exp(coordinates[0]), bounds.size))
    }
  }

  /// The best law for sums over rows, and the factor that its scale leaves to dispersion and drift.
  func best(for sums: MixingSums, _ bounds: MixingBounds) -> (law: MixingParameters, scale: Double)
  {
    switch self {
    case .student:
      let scale = sums.count / sums.inverseMean
      let degrees = Self.zero(in: bounds.size) { v in
        log(0.5 * v * scale) - SpecialFunctions.digamma(0.5 * v) - sums.logMean / sums.count
      }
      return (.student(degreesOfFreedom: degrees), scale)
    case .inverseGaussian(var order, var concentration):
      let isOrderFree = bounds.order.lowerBound < bounds.order.upperBound
      var scale = Self.scale(order, concentration, sums)
      for _ in 0..<(isOrderFree ? Self.rounds : 1) {
        if isOrderFree {
          let (omega, logScale) = (concentration, log(scale))
          order = Self.root(in: bounds.order) { l in
            sums.logMean / sums.count - logScale - MixingShape.logBesselSlope(omega, order: l)
          }
        }
        let l = order
        concentration = Self.zero(in: bounds.size) { Self.slope(l, $0, sums) }
        scale = Self.scale(order, concentration, sums)
      }
      let law = MixingParameters.inverseGaussian(order: order, concentration: concentration)
      // E[W] is the scale times that of V; the shape's mean is one.
      return (law, scale * concentration / law.shape.chi)
    }
  }

  /// Order and concentration in turn.
  private static let rounds = 2

  /// The best c.
  private static func scale(_ order: Double, _ omega: Double, _ sums: MixingSums) -> Double {
    let drop = sums.count * order
    let root = hypot(drop, omega * (sums.mean * sums.inverseMean).squareRoot())
    return drop > 0
      ? omega * sums.mean / (drop + root) : (root - drop) / (omega * sums.inverseMean)
  }

  /// The derivative by ω along the best c, over n.
  private static func slope(_ order: Double, _ omega: Double, _ sums: MixingSums) -> Double {
    let here = SpecialFunctions.logScaledBesselK(omega, order: order)
    let smaller = exp(
      SpecialFunctions.logScaledBesselK(omega, order: order.magnitude - 1) - here)
    let c = scale(order, omega, sums)
    return smaller + order.magnitude / omega
      - 0.5 * (c * sums.inverseMean + sums.mean / c) / sums.count
  }

  /// Where a function that falls through zero does so, searched by its logarithm; else the better end.
  private static func zero(
    in range: ClosedRange<Double>,
    _ function: (Double) -> Double
  ) -> Double {
    let ends = log(range.lowerBound)...log(range.upperBound)
    let place = root(in: ends) { function(exp($0)) }
    if place == ends.lowerBound { return range.lowerBound }
    return place == ends.upperBound ? range.upperBound : exp(place)
  }

  private static func root(
    in range: ClosedRange<Double>,
    _ function: (Double) -> Double
  ) -> Double {
    if !(function(range.lowerBound) > 0) { return range.lowerBound }
    if !(function(range.upperBound) < 0) { return range.upperBound }
    return (try? Brent.root(of: function, in: range).argument) ?? range.lowerBound
  }
}
