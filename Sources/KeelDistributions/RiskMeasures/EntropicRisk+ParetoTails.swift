// Goals in order: no overflow of exponentials, the border of divergence by the shapes alone, one integral a tail.
//
// A logarithm over the aversion: the accuracy is absolute, about 1e-15 over the aversion.
//
// Between two points of the sample the law is uniform: E[e^(−a x)] = e^(−a x₀) (1 − e^(−a h))/(a h) with the distance h. An excess over a
// threshold is Y = σ (e^(ξ t) − 1)/ξ with an exponential t of mean one, so that
//
//   E[e^(s Y)] = ∫ exp(s Y(t) − t) dt
//
// of which the exponent is concave where the integral exists: for s > 0 and ξ < 0, for s < 0 and any ξ.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension EntropicRisk {
  /// The entropic risk of a sample with Pareto tails; infinite where the losses have no exponential moment.
  func risk(of law: ParetoTailedEmpirical) throws(DistributionsError) -> Double {
    let (points, levels) = (law.points, law.probabilities)
    let mass = log(law.tailProbability)
    // Exponents are of the distances above the lower threshold.
    let base = points[0]
    guard let losses = try law.lowerTail.law.logExponentialMoment(aversion) else {
      return .infinity
    }
    var logarithms = [mass + losses]
    for i in 1..<points.count {
      let spread = aversion * (points[i] - points[i - 1])
      logarithms.append(
        log(levels[i] - levels[i - 1]) - aversion * (points[i - 1] - base)
          + (spread > 0 ? log(-expm1(-spread) / spread) : 0))
    }
    guard let gains = try law.upperTail.law.logExponentialMoment(-aversion) else {
      throw .notRepresentable(result: "tail")
    }
    logarithms.append(mass - aversion * (points[points.count - 1] - base) + gains)
    let top = logarithms.reduce(-Double.infinity, max)
    let sum = CompensatedSum.of(logarithms.map { exp($0 - top) })
    let value = (top + log(sum)) / aversion - base
    guard value.isFinite else { throw .notRepresentable(result: "risk") }
    return value
  }
}

extension GeneralizedPareto {
  /// ln E[e^(sY)] of the excess over the threshold; nil where it is infinite.
  fileprivate func logExponentialMoment(
    _ rate: Double
  ) throws(DistributionsError) -> Double? {
    let size = rate * scale
    if size > 0, shape > 0 || (shape == 0 && size >= 1) { return nil }
    if shape == 0 { return -log1p(-size) }
    // The peak is where s σ e^(ξ t) = 1, or at zero.
    let peak = size > 1 ? log(size) / -shape : 0
    let top = size > 1 ? (1 - size) / shape - peak : 0
    /// s Y(t) − t less its largest value, at a distance from the peak.
    func exponent(_ distance: Double) -> Double {
      min(size, 1) * (expm1(shape * distance) / shape) - distance
    }
    /// How far from the peak the integrand counts, to one side.
    func reach(_ sign: Double) -> Double {
      var length = 1 / max(1, size.magnitude)
      while exponent(sign * length) > Self.negligibleExponent { length *= 2 }
      return length
    }
    var settings = Integral.Settings()
    settings.relativeTolerance = 1e-13
    var sum = 0.0
    do throws(NumericsError) {
      for (low, high) in [
        (peak > 0 ? -min(peak, reach(-1)) : 0, 0), (0, reach(1)),
      ] where high > low {
        sum += try TanhSinh.integral(over: low...high, settings: settings) { distance, _ in
          exp(exponent(distance))
        }.value
      }
    } catch {
      throw .notRepresentable(result: "integral over the tail")
    }
    return top + log(sum)
  }

  /// e^(−45) is below the last digit.
  private static let negligibleExponent = -45.0
}
