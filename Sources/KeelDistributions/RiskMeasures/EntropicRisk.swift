// Goals in order: no overflow of exponentials, slopes that sum to minus one, no silent infinity.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The certain loss that is as bad as an uncertain outcome for a utility with constant absolute aversion.
///
/// ```text
/// ρ = ln E[exp(−a x)] / a
/// ```
///
/// Convex, not homogeneous: twice the position is more than twice the risk, so that it has no Euler split. For small aversions it
/// is minus the mean plus half the aversion times the variance. Source: H. Föllmer and A. Schied, "Convex measures of risk and
/// trading constraints", Finance and Stochastics 6 (2002).
public struct EntropicRisk: Hashable, Sendable {
  /// The aversion a, in one over the unit of the outcome.
  public let aversion: Double

  /// Creates the measure.
  ///
  /// - Parameter aversion: a, 1e-12 to 1e12, in one over the unit of the outcome.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(aversion: Double) throws(DistributionsError) {
    try requireInside(aversion, 1e-12...1e12, "aversion")
    self.aversion = aversion
  }

  /// The entropic risk of a sample.
  ///
  /// - Parameter law: The outcomes, with their probabilities.
  /// - Returns: The risk, positive for a loss, and its slopes, which sum to minus one.
  /// - Throws: `DistributionsError.notRepresentable` for outcomes times aversion that overflow.
  /// - Complexity: O(T).
  public func risk(of law: EmpiricalDistribution) throws(DistributionsError) -> SampleRisk {
    let sample = WeightedSample(outcomes: law.outcomes, probabilities: law.probabilities)
    let mean = sample.mean { $0 }
    var exponents: [Double] = []
    for outcome in law.outcomes { exponents.append(-aversion * (outcome - mean)) }
    var top = -Double.infinity
    for (exponent, p) in zip(exponents, sample.probabilities) where p > 0 {
      top = max(top, exponent)
    }
    guard top.isFinite, mean.isFinite else { throw .notRepresentable(result: "risk") }
    // ln Σ p e^y: by e^y − 1 − y where all y are small, whose mean does not cancel.
    var (sum, rest) = (CompensatedSum(), CompensatedSum())
    var masses: [Double] = []
    for (exponent, p) in zip(exponents, sample.probabilities) {
      let mass = p > 0 ? p * exp(exponent - top) : 0
      masses.append(mass)
      sum.add(mass)
      if top < Self.smallExponent, p > 0 { rest.add(p * Self.exponentialRest(exponent)) }
    }
    let logMean = top < Self.smallExponent ? log1p(rest.value) : top + log(sum.value)
    let value = logMean / aversion - mean
    guard value.isFinite else { throw .notRepresentable(result: "risk") }
    return SampleRisk(value: value, slopes: masses.map { -$0 / sum.value })
  }

  private static let smallExponent = 0.5

  /// e^y − 1 − y, by its series where it cancels.
  private static func exponentialRest(_ y: Double) -> Double {
    guard y.magnitude < smallExponent else { return expm1(y) - y }
    var sum = 0.0
    for k in stride(from: lastTerm, to: 2, by: -1) { sum = (1 + sum) * y / Double(k) }
    return (1 + sum) * y * y / 2
  }

  /// y^16 / 16! is below the rounding of y² / 2 from here on.
  private static let lastTerm = 16

  /// The entropic risk of a law.
  ///
  /// - Parameter law: The law of the outcome.
  /// - Returns: The risk, positive for a loss; infinite for a lower tail that falls slower than the exponential, as Student's and a
  ///   Pareto tail with a positive shape. A Pareto tail with a negative shape ends, and has any risk.
  /// - Throws: `DistributionsError.notRepresentable` when the integral cannot be found, for a lower tail that falls as the exponential
  ///   within 1e-9, and when the parts of it below a probability of 1e-300 count.
  public func risk(of law: some ContinuousDistribution) throws(DistributionsError) -> Double {
    if let normal = law as? Normal {
      let deviation = normal.standardDeviation
      return aversion * deviation / 2 * deviation - normal.mean
    }
    if let pieces = law as? ParetoTailedEmpirical { return try risk(of: pieces) }
    let center = law.quantile(0.5)
    let aversion = aversion
    guard let rate = TailDecay(lowerOf: law).rate(beyond: 1 / aversion) else {
      throw .notRepresentable(result: "tail")
    }
    let excess = rate / aversion - 1
    if excess < -TailDecay.tolerance { return .infinity }
    guard excess > TailDecay.tolerance else { throw .notRepresentable(result: "tail") }
    let lower = try TailIntegral.value(
      of: { exp(-aversion * (law.quantile($0) - center)) }, weight: { _ in 1 })
    let upper = try TailIntegral.value(
      of: { exp(-aversion * (law.survivalQuantile($0) - center)) }, weight: { _ in 1 })
    let value = log(lower + upper) / aversion - center
    guard value.isFinite else { throw .notRepresentable(result: "risk") }
    return value
  }
}
