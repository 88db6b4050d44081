/// A measure of the risk of a sample of outcomes, a loss being positive.
///
/// One definition for reports, contributions and optimizers. With outcomes `x(t)`, probabilities
/// `p(t)` and the mean `m = Σ p x`:
///
/// | measure | value |
/// |---|---|
/// | ``standardDeviation`` | √Σ p (x − m)² |
/// | ``meanAbsoluteDeviation`` | Σ p \|x − m\| |
/// | ``semideviation`` | √Σ p min(x − m, 0)² |
/// | ``lowerPartialMoment(order:target:)`` | Σ p max(target − x, 0), or √Σ p max(target − x, 0)² |
/// | ``giniMeanDifference`` | Σ p p′ \|x − x′\| / Σ p p′ over pairs of different outcomes |
/// | ``expectedShortfall(confidence:)`` | mean of the worst 1 − confidence of the losses |
/// | ``entropicValueAtRisk(confidence:)`` | min over z of z ln(Σ p exp(−x/z) / (1 − confidence)) |
/// | ``worstCase`` | max −x |
/// | ``maximumDrawdown`` | max d |
/// | ``averageDrawdown`` | Σ p d |
/// | ``conditionalDrawdown(confidence:)`` | mean of the worst 1 − confidence of d |
/// | ``entropicDrawdown(confidence:)`` | entropic value at risk of d |
/// | ``ulcerIndex`` | √Σ p d² |
///
/// A drawdown takes the outcomes in their order as simple returns that are added up, not compounded:
/// `d(t) = max over s ≤ t of (c(s) − c(t))` with `c(t) = x(1) + … + x(t)` and `c(0) = 0`. So every
/// measure is convex in the weights of a portfolio.
///
/// References: R. T. Rockafellar and S. Uryasev, Journal of Banking and Finance 26 (2002), for the
/// expected shortfall; A. Ahmadi-Javid, Journal of Optimization Theory and Applications 155 (2012),
/// for the entropic value at risk; A. Chekhlov, S. Uryasev and M. Zabarankin, International Journal
/// of Theoretical and Applied Finance 8 (2005), for drawdowns; P. Martin and B. McCann (1989) for
/// the ulcer index.
@nonexhaustive
public enum SampleRiskMeasure: Hashable, Sendable {
  /// The power of a partial moment.
  public enum Order: Hashable, Sendable, CaseIterable {
    /// The mean of what falls short.
    case first

    /// The root of the mean square of what falls short.
    case second
  }

  /// The root of the mean square distance from the mean.
  case standardDeviation

  /// The mean distance from the mean.
  case meanAbsoluteDeviation

  /// The root of the mean square of what falls short of the mean; its square is the semivariance.
  case semideviation

  /// What falls short of a target, which is an outcome.
  case lowerPartialMoment(order: Order, target: Double)

  /// The mean distance of two different outcomes.
  case giniMeanDifference

  /// The mean of the worst 1 − confidence of the losses; the confidence is inside (0, 1).
  case expectedShortfall(confidence: Double)

  /// The least upper bound of the expected shortfall that exponential moments give; the confidence
  /// is inside (0, 1).
  case entropicValueAtRisk(confidence: Double)

  /// The largest loss.
  case worstCase

  /// The largest drawdown.
  case maximumDrawdown

  /// The mean drawdown.
  case averageDrawdown

  /// The mean of the worst 1 − confidence of the drawdowns; the confidence is inside (0, 1).
  case conditionalDrawdown(confidence: Double)

  /// The entropic value at risk of the drawdowns; the confidence is inside (0, 1).
  case entropicDrawdown(confidence: Double)

  /// The root of the mean square drawdown.
  case ulcerIndex
}

extension SampleRiskMeasure {
  /// Whether twice the outcomes have twice the risk, so that the risk is the sum of outcomes times
  /// slopes.
  public var isHomogeneous: Bool {
    if case .lowerPartialMoment(_, let target) = self { return target == 0 }
    return true
  }

  /// Whether the measure depends on the order of the outcomes.
  public var dependsOnOrder: Bool {
    switch self {
    case .maximumDrawdown, .averageDrawdown, .conditionalDrawdown, .entropicDrawdown, .ulcerIndex:
      true
    default: false
    }
  }
}

/// The risk of a sample with its slopes.
public struct SampleRisk: Hashable, Sendable {
  /// The risk, positive for a loss, in the unit of the outcomes.
  public let value: Double

  /// The derivative of the risk with respect to each outcome.
  ///
  /// Where the risk has a kink it is one of its supporting slopes: for any other outcomes `y`,
  /// `risk(y) ≥ risk(x) + Σ slope · (y − x)`.
  public let slopes: [Double]
}

extension SampleRiskMeasure {
  /// The risk of a sample.
  ///
  /// The relative error is a few ulp times the square root of the number of outcomes; that of a
  /// deviation is relative to the largest distance from the mean.
  ///
  /// - Parameter law: The outcomes, with their probabilities; for drawdowns in the order of time.
  /// - Returns: The risk and its slopes.
  /// - Throws: `DistributionsError.invalidValue` for a confidence outside (0, 1) or a target that is
  ///   not finite, `DistributionsError.tooFewObservations` for the mean difference of less than two
  ///   outcomes with a probability, `DistributionsError.notRepresentable` for a risk that overflows.
  /// - Complexity: O(T), O(T log T) for the mean difference.
  public func risk(of law: EmpiricalDistribution) throws(DistributionsError) -> SampleRisk {
    try requireParameters()
    // A power of two brings the largest outcome near one, exactly.
    var largest = law.outcomes.reduce(0) { max($0, $1.magnitude) }
    if case .lowerPartialMoment(_, let target) = self { largest = max(largest, target.magnitude) }
    let scale =
      largest.isNormal ? Double(sign: .plus, exponent: largest.exponent, significand: 1) : 1
    let sample = WeightedSample(
      outcomes: law.outcomes.map { $0 / scale }, probabilities: law.probabilities)
    let risk = try scaledRisk(of: sample, scale: scale)
    guard (risk.value * scale).isFinite else { throw .notRepresentable(result: "risk") }
    return SampleRisk(value: risk.value * scale, slopes: risk.slopes)
  }

  private func scaledRisk(
    of sample: WeightedSample,
    scale: Double
  ) throws(DistributionsError) -> SampleRisk {
    switch self {
    case .standardDeviation: return sample.standardDeviation
    case .meanAbsoluteDeviation: return sample.meanAbsoluteDeviation
    case .semideviation: return sample.semideviation
    case .lowerPartialMoment(let order, let target):
      return sample.lowerPartialMoment(order, target: target / scale)
    case .giniMeanDifference: return try sample.meanDifference
    case .expectedShortfall(let confidence):
      return sample.ofLosses { $0.tail(confidence) }
    case .entropicValueAtRisk(let confidence):
      return sample.ofLosses { $0.entropicTail(confidence) }
    case .worstCase: return sample.ofLosses { $0.largest }
    case .maximumDrawdown: return sample.ofDrawdowns { $0.largest }
    case .averageDrawdown: return sample.ofDrawdowns { $0.average }
    case .conditionalDrawdown(let confidence):
      return sample.ofDrawdowns { $0.tail(confidence) }
    case .entropicDrawdown(let confidence):
      return sample.ofDrawdowns { $0.entropicTail(confidence) }
    case .ulcerIndex: return sample.ofDrawdowns { $0.rootMeanSquare }
    }
  }

  private func requireParameters() throws(DistributionsError) {
    switch self {
    case .expectedShortfall(let confidence), .entropicValueAtRisk(let confidence),
      .conditionalDrawdown(let confidence), .entropicDrawdown(let confidence):
      try requireConfidence(confidence)
    case .lowerPartialMoment(_, let target):
      guard target.isFinite else {
        throw .invalidValue(
          argument: "target", got: target, lowest: -.greatestFiniteMagnitude,
          highest: .greatestFiniteMagnitude)
      }
    default: break
    }
  }
}
