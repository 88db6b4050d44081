/// Why a local minimization ended.
@nonexhaustive
public enum MinimizationStatus: Hashable, Sendable {
  /// The projected gradient is at or below its tolerance.
  case stationary

  /// The residuals are as small as the rounding of the parameters allows.
  case zeroResidual

  /// The possible decrease drowns in rounding, near a stationary point.
  case smallReduction

  /// The possible step drowns in the rounding of the parameters, near a stationary point.
  case smallStep

  /// The iteration limit was reached before the tolerance.
  case iterationLimit

  /// No further progress is possible and the point is not known to be stationary.
  case stalled

  /// The deadline passed.
  case deadlineExceeded

  /// The task was cancelled.
  case cancelled

  /// Whether the point is a stationary one, to its tolerance or as far as rounding allows.
  public var isConverged: Bool {
    switch self {
    case .stationary, .zeroResidual, .smallReduction, .smallStep: true
    case .iterationLimit, .stalled, .deadlineExceeded, .cancelled: false
    }
  }

  /// The reason to stop that comes from outside, if there is one.
  static func interruption(deadline: ContinuousClock.Instant?) -> MinimizationStatus? {
    if Task.isCancelled { return .cancelled }
    if let deadline, ContinuousClock.now >= deadline { return .deadlineExceeded }
    return nil
  }
}

/// Where a parameter lies in its interval.
public enum BoundState: Hashable, Sendable {
  /// Between the bounds.
  case inside

  /// Exactly at its lower bound.
  case atLower

  /// Exactly at its upper bound.
  case atUpper

  /// The bounds are one number.
  case fixed
}
