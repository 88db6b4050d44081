// Goals in order: the value of the sample itself, slopes that sum to it, less noise than the one outcome at it.
//
// The derivative of a value at risk is the mean loss of the asset where the portfolio loses just that much (C. Gouriéroux, J.-P. Laurent and
// O. Scaillet, "Sensitivity analysis of values at risk", Journal of Empirical Finance 7 (2000)). In a sample that is one scenario;
// a kernel takes those near it, after which the slopes are brought to the sum (E. Epperlein and A. Smillie, "Cracking VaR
// with kernels", Risk 19 (2006)).

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The value at risk of a sample, with slopes from a normal kernel around it.
///
/// ```text
/// slope(t) ∝ −p(t) exp(−(loss(t) − VaR)² / (2 bandwidth²))
/// ```
///
/// Homogeneous, not convex. Without a width the outcomes at the value at risk alone have slopes: right, and noisy.
public struct KernelValueAtRisk: OutcomeMeasure, Hashable {
  /// The confidence, inside (0, 1).
  public let confidence: Double

  /// The deviation of the kernel, in the unit of the outcomes; nil takes `1.06 σ S^(−1/5)`.
  public let bandwidth: Double?

  /// Creates the measure.
  ///
  /// - Parameters:
  ///   - confidence: The confidence, inside (0, 1).
  ///   - bandwidth: The deviation of the kernel, in the unit of the outcomes, not negative; nil takes `1.06 σ S^(−1/5)`
  ///     (Silverman), with the standard deviation of the outcomes.
  /// - Throws: `DistributionsError.invalidValue`.
  public init(confidence: Double, bandwidth: Double? = nil) throws(DistributionsError) {
    try requireConfidence(confidence)
    if let bandwidth {
      try requireInside(bandwidth, 0...(.greatestFiniteMagnitude), "bandwidth")
    }
    self.confidence = confidence
    self.bandwidth = bandwidth
  }

  /// Twice the outcomes have twice the value at risk; a bandwidth that is given has to follow them.
  public var isHomogeneous: Bool { true }

  /// The value at risk of a sample: ``EmpiricalDistribution/valueAtRisk(confidence:)``.
  public func value(of law: EmpiricalDistribution) -> Double {
    law.valueAtRisk(confidence: confidence)
  }

  /// The value at risk of a sample with the kernel's slopes.
  ///
  /// - Parameter law: The outcomes, with their probabilities.
  /// - Returns: The value at risk and its slopes; outcomes times slopes sum to it.
  /// - Throws: `DistributionsError.notRepresentable` where the kernel's mean loss has not the sign of the value at risk, so
  ///   that no factor brings its slopes to the sum.
  /// - Complexity: O(T).
  public func risk(of law: EmpiricalDistribution) throws(DistributionsError) -> SampleRisk {
    let value = value(of: law)
    let width: Double
    if let bandwidth { width = bandwidth } else { width = try Self.silvermanBandwidth(law) }
    try requireInside(width, 0...(.greatestFiniteMagnitude), "bandwidth")
    let sample = WeightedSample(outcomes: law.outcomes, probabilities: law.probabilities)
    // The nearest outcomes count whatever the width.
    let masses = zip(law.outcomes, sample.probabilities).map { outcome, mass in
      let distance = (-outcome - value).magnitude
      if distance == 0 { return mass }
      let z = distance / width
      return width > 0 ? mass * exp(-z * z / 2) : 0
    }
    let total = CompensatedSum.of(masses)
    let mean = CompensatedSum.of(zip(masses, law.outcomes).map { -$0 / total * $1 })
    let factor = mean == value ? 1 : value / mean
    guard factor > 0, factor.isFinite else {
      throw .notRepresentable(result: "split of the value at risk")
    }
    return SampleRisk(value: value, slopes: masses.map { -$0 / total * factor })
  }

  private static func silvermanBandwidth(
    _ law: EmpiricalDistribution
  ) throws(DistributionsError) -> Double {
    let deviation = try SampleRiskMeasure.standardDeviation.risk(of: law).value
    return 1.06 * deviation * pow(Double(law.outcomes.count), -0.2)
  }
}
