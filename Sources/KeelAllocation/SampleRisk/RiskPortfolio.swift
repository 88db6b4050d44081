public import KeelData
public import KeelDistributions
import KeelNumerics

/// A portfolio with its risk over scenarios and a bound of what is possible.
public struct RiskPortfolio: Hashable, Sendable {
  /// The weights, as fractions.
  public let weights: Weights

  /// The expected outcome per period, as a fraction.
  public let expectedReturn: Double

  /// The measure.
  public let measure: SampleRiskMeasure

  /// The risk of the weights, as `SampleRiskMeasure.risk(of:)` reports it.
  public let risk: Double

  /// No allowed portfolio has a lower risk than this.
  ///
  /// Proved from the caller's scenarios and limits by the dual values, up to their rounding.
  public let lowerBound: Double

  /// What the risk may be above the least possible one.
  public var largestImprovement: Double { max(risk - lowerBound, 0) }
}
