public import KeelData

/// Describes why a law, a fit or a risk measure cannot be computed.
@nonexhaustive
public enum DistributionsError: Error, Hashable, Sendable {
  /// A number is NaN or outside the allowed interval, both ends included.
  case invalidArgument(argument: String, got: Double, lowest: Double, highest: Double)

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

extension DistributionsError {
  /// Translates an error of the values that travel.
  init(_ error: DataError) {
    switch error {
    case .universeMismatch(let position, let left, let right):
      self = .universeMismatch(position: position, left: left, right: right)
    case .shapeMismatch(let argument, let got, let required):
      self = .shapeMismatch(argument: argument, got: got, required: required)
    case .invalidValue(let argument, _, _, let got, let lowest, let highest):
      self = .invalidArgument(argument: argument, got: got, lowest: lowest, highest: highest)
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
