/// Describes why a derivative cannot be priced or inverted.
@nonexhaustive
public enum DerivativesError: Error, Hashable, Sendable {
  /// An argument is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(argument: String, got: Double, lowest: Double, highest: Double)

  /// The price is below the value that the option has at zero volatility.
  case priceBelowIntrinsic(price: Double, intrinsic: Double)

  /// The price is not below the value that the option approaches as the volatility grows.
  case priceAboveMaximum(price: Double, maximum: Double)

  /// The price fits every volatility from zero to some level: its time value is zero or lost in the
  /// rounding of the price.
  case noInformation(price: Double, timeValue: Double)

  /// A column has another number of elements than the call requires.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// The iteration stopped at its limit; `volatility` is the last value tried.
  case iterationLimit(iterations: Int, volatility: Double)

  /// The boundary of early exercise did not settle; `change` is the last one, as a part of its logarithm.
  case boundaryNotFound(iterations: Int, change: Double)
}

extension DerivativesError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .invalidValue(let argument, let got, let lowest, let highest):
      "\(argument) is \(got), allowed is \(lowest) to \(highest)"
    case .priceBelowIntrinsic(let price, let intrinsic):
      "the price \(price) is below \(intrinsic), the value at zero volatility"
    case .priceAboveMaximum(let price, let maximum):
      "the price \(price) is not below \(maximum), the largest possible"
    case .noInformation(let price, let timeValue):
      "the price \(price) with time value \(timeValue) fits every small volatility"
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has \(got) elements, required are \(required)"
    case .iterationLimit(let iterations, let volatility):
      "no volatility found in \(iterations) steps; the last one tried is \(volatility)"
    case .boundaryNotFound(let iterations, let change):
      "the exercise boundary did not settle in \(iterations) steps; the last change is \(change)"
    }
  }
}
