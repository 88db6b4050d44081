/// A measure of the risk of a sample of outcomes that says how it changes with each of them.
///
/// What splits over assets and factors, and says what a position adds, is written for any such measure: those of
/// ``SampleRiskMeasure``, ``RiskSpectrum``, ``EntropicRisk`` and ``KernelValueAtRisk``, and the host's own.
public protocol OutcomeMeasure: Sendable {
  /// Whether twice the outcomes have twice the risk, so that the risk is the sum of outcomes times slopes.
  var isHomogeneous: Bool { get }

  /// Returns the risk of a sample with its slopes.
  ///
  /// - Parameter law: The outcomes, with their probabilities; in the order of time where the measure depends on it.
  /// - Returns: The risk, positive for a loss, and its derivative in each outcome.
  /// - Throws: `DistributionsError` where the risk or its slopes do not exist.
  func risk(of law: EmpiricalDistribution) throws(DistributionsError) -> SampleRisk

  /// Returns the risk of a sample, also where it has no slopes.
  ///
  /// - Parameter law: The outcomes, with their probabilities; in the order of time where the measure depends on it.
  /// - Returns: The risk, positive for a loss.
  /// - Throws: `DistributionsError` where the risk does not exist.
  func value(of law: EmpiricalDistribution) throws(DistributionsError) -> Double
}

extension OutcomeMeasure {
  /// The risk of a sample, by its slopes.
  public func value(of law: EmpiricalDistribution) throws(DistributionsError) -> Double {
    try risk(of: law).value
  }

  /// Refuses a measure that has no Euler split.
  func requireHomogeneous() throws(DistributionsError) {
    guard isHomogeneous else {
      throw .invalidValue(argument: "degree of the measure", got: 0, lowest: 1, highest: 1)
    }
  }
}

extension SampleRiskMeasure: OutcomeMeasure {}

extension RiskSpectrum: OutcomeMeasure {
  /// Every spectral measure is homogeneous.
  public var isHomogeneous: Bool { true }
}

extension EntropicRisk: OutcomeMeasure {
  /// Twice the outcomes have more than twice the risk.
  public var isHomogeneous: Bool { false }
}
