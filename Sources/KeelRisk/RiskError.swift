/// Describes why a risk cannot be measured.
@nonexhaustive
public enum RiskError: Error, Hashable, Sendable {
  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(argument: String, got: Double, lowest: Double, highest: Double)
}

extension RiskError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .invalidValue(let argument, let got, let lowest, let highest):
      "\(argument) is \(got), allowed is \(lowest) to \(highest)"
    }
  }
}
