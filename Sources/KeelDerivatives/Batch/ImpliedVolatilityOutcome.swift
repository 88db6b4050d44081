/// What became of one price in a batch of inversions.
public enum ImpliedVolatilityOutcome: UInt8, CaseIterable, Hashable, Sendable, Codable,
  BitwiseCopyable
{
  /// The volatility was found.
  case value = 0

  /// The price is below the value that the option has at zero volatility.
  case belowIntrinsic = 1

  /// The price is not below the value that the option approaches as the volatility grows.
  case aboveMaximum = 2

  /// The price fits every volatility from zero to some level.
  case noInformation = 3

  /// An argument is NaN, infinite or outside its domain.
  case invalid = 4
}

extension ImpliedVolatilityOutcome {
  /// The outcome that says what an error of the scalar form says.
  init(_ error: DerivativesError) {
    switch error {
    case .priceBelowIntrinsic: self = .belowIntrinsic
    case .priceAboveMaximum: self = .aboveMaximum
    case .noInformation, .iterationLimit: self = .noInformation
    default: self = .invalid
    }
  }
}
