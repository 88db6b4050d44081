/// The direction in which an amount is rounded that its decimals cannot hold.
public enum AmountRounding: Hashable, Sendable {
  /// Toward zero: the magnitude never grows. The choice for a spend.
  case towardZero

  /// Away from zero: the magnitude never shrinks. The choice for a reserve.
  case awayFromZero

  /// Toward negative infinity.
  case down

  /// Toward positive infinity.
  case up

  /// To the nearest; halfway to the even last digit.
  case toNearestOrEven

  /// Whether the magnitude of a truncated quotient grows by one.
  func movesAway(quotient: UInt128, rest: Rest, isNegative: Bool) -> Bool {
    if rest == .zero { return false }
    switch self {
    case .towardZero: return false
    case .awayFromZero: return true
    case .down: return isNegative
    case .up: return !isNegative
    case .toNearestOrEven: return rest == .aboveHalf || (rest == .half && quotient & 1 == 1)
    }
  }
}
