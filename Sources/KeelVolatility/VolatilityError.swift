/// Describes why quotes, smiles or models cannot be fitted or read.
@nonexhaustive
public enum VolatilityError: Error, Hashable, Sendable {
  /// A number is NaN, infinite or outside the allowed interval, both ends included.
  case invalidValue(argument: String, got: Double, lowest: Double, highest: Double)

  /// An argument has another number of elements than the call requires.
  case shapeMismatch(argument: String, got: Int, required: Int)

  /// A fit has fewer usable quotes than it needs.
  case tooFewQuotes(got: Int, required: Int)

  /// Two quotes of one expiry have the same log-moneyness.
  case duplicateStrike(logMoneyness: Double)

  /// A smile gives a butterfly a negative price: its density factor is negative, or its variance is not positive.
  case butterflyArbitrage(logMoneyness: Double, densityFactor: Double)

  /// The smiles that a fit may choose all fall below that of the expiry before: the time is that of the later expiry, the
  /// variance the least difference of the nearest one, negative.
  case calendarArbitrage(timeToExpiry: Double, logMoneyness: Double, variance: Double)

  /// A smile's total variance grows faster than 2 |k| in a wing.
  case steepWing(slope: Double)

  /// No smile keeps all conditions of a fit.
  case noFit

  /// Two smiles, or the quotes of two, have the same time to expiry.
  case duplicateExpiry(timeToExpiry: Double)
}

extension VolatilityError {
  /// Throws unless a number lies in an interval, both ends included.
  static func require(
    _ value: Double,
    _ argument: String,
    _ lowest: Double,
    _ highest: Double
  ) throws(VolatilityError) {
    guard value >= lowest, value <= highest else {
      throw .invalidValue(argument: argument, got: value, lowest: lowest, highest: highest)
    }
  }
}

extension VolatilityError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .invalidValue(let argument, let got, let lowest, let highest):
      "\(argument) is \(got), allowed is \(lowest) to \(highest)"
    case .shapeMismatch(let argument, let got, let required):
      "\(argument) has \(got) elements, required are \(required)"
    case .tooFewQuotes(let got, let required):
      "the fit has \(got) usable quotes, needed are \(required)"
    case .duplicateStrike(let logMoneyness):
      "two quotes have the log-moneyness \(logMoneyness)"
    case .butterflyArbitrage(let logMoneyness, let densityFactor):
      "the density factor at log-moneyness \(logMoneyness) is \(densityFactor)"
    case .calendarArbitrage(let time, let logMoneyness, let variance):
      "the total variance at log-moneyness \(logMoneyness) and time \(time) is \(-variance) below that before"
    case .steepWing(let slope):
      "the total variance grows by \(slope) per log-moneyness, allowed is 2"
    case .noFit:
      "no smile keeps all conditions of the fit"
    case .duplicateExpiry(let time):
      "two smiles have the time to expiry \(time)"
    }
  }
}
