// The intervals that errors name as allowed.

extension ClosedRange<Double> {
  /// All finite numbers.
  package static var finite: ClosedRange<Double> {
    -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
  }

  /// All finite numbers that are not negative.
  package static var nonnegative: ClosedRange<Double> { 0 ... .greatestFiniteMagnitude }

  /// All finite numbers above zero.
  package static var positive: ClosedRange<Double> {
    .leastNonzeroMagnitude ... .greatestFiniteMagnitude
  }
}
