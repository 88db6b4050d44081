public import KeelData

/// Describes why a law, a fit or a risk measure cannot be computed.
@nonexhaustive
public enum DistributionsError: Error, Hashable, Sendable {
  /// A number is NaN or outside the allowed interval, both ends included.
  case invalidValue(argument: String, got: Double, lowest: Double, highest: Double)

  /// The number of elements does not fit.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// Two values that meet in one call are about different assets, or about the same in another
  /// order; `position` is the first place where they differ.
  case universeMismatch(position: Int, left: AssetID?, right: AssetID?)

  /// An element of a sample is NaN or infinite, or so far from the others that its square cannot be
  /// represented.
  case invalidObservation(argument: String, index: Int, got: Double)

  /// The sample is too small.
  case tooFewObservations(got: Int, required: Int)

  /// One value fills so much of the sample that no spread can be estimated.
  case repeatedValue(value: Double, count: Int, observationCount: Int)

  /// The variance of the portfolio is negative: the covariance is not positive semidefinite.
  case negativeVariance(Double)

  /// The result is too large for a floating-point number, or the spread too small for one.
  case notRepresentable(result: String)
}

extension DistributionsError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .invalidValue(let argument, let got, let lowest, let highest):
      "\(argument) is \(got), allowed is \(lowest) to \(highest)"
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has \(got) elements, required are \(required)"
    case .universeMismatch(let position, let left, let right):
      "the universes differ at position \(position): "
        + "\(left?.rawValue ?? "nothing") and \(right?.rawValue ?? "nothing")"
    case .invalidObservation(let argument, let index, let got):
      "\(argument) is \(got) at index \(index)"
    case .tooFewObservations(let got, let required):
      "there are \(got) observations, required are \(required)"
    case .repeatedValue(let value, let count, let observationCount):
      "\(count) of \(observationCount) observations are \(value): there is no spread to estimate"
    case .negativeVariance(let variance):
      "the variance of the portfolio is \(variance)"
    case .notRepresentable(let result):
      "the \(result) is too large for a floating-point number, or the spread too small for one"
    }
  }
}

extension DistributionsError {
  /// Translates an error of the values that travel.
  init(_ error: DataError) {
    switch error {
    case .universeMismatch(let position, let left, let right):
      self = .universeMismatch(position: position, left: left, right: right)
    case .shapeMismatch(let argument, let got, let required):
      self = .shapeMismatch(argument: argument, got: got, required: required)
    case .invalidValue(let argument, _, _, let got, let lowest, let highest):
      self = .invalidValue(argument: argument, got: got, lowest: lowest, highest: highest)
    default:
      self = .notRepresentable(result: "value")
    }
  }
}

/// Checks that two values are over the same universe.
func requireSame(_ left: Universe, _ right: Universe) throws(DistributionsError) {
  do throws(DataError) {
    try left.requireEqual(right)
  } catch {
    throw DistributionsError(error)
  }
}
