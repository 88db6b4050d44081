internal import KeelDerivatives

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// What a market calls the delta of an option.
///
/// ```text
/// spot e^(−yT) Φ(±d₁),   forward Φ(±d₁),   premium-adjusted spot e^(−yT) (K/F) Φ(±d₂),   forward (K/F) Φ(±d₂)
/// ```
///
/// Premium-adjusted deltas hedge an option whose premium is paid in the asset: they are the delta less the premium. Source:
/// D. Reiswich and U. Wystup, "FX volatility smile construction", Wilmott 60 (2012).
public enum DeltaConvention: Hashable, Sendable, Codable {
  /// Units of the asset per option, with the yield of holding it, continuously compounded per year.
  case spot(carryYield: Double)

  /// Forwards per option.
  case forward

  /// Units of the asset per option, less the premium in the asset, with the yield of holding it.
  case premiumAdjustedSpot(carryYield: Double)

  /// Forwards per option, less the premium in the asset.
  case premiumAdjustedForward

  /// Coins per option that is settled in its own coin, which yields nothing: what the option moves less its value.
  public static var coinSettled: DeltaConvention { .premiumAdjustedSpot(carryYield: 0) }

  /// Whether the premium is subtracted.
  public var isPremiumAdjusted: Bool {
    switch self {
    case .spot, .forward: false
    case .premiumAdjustedSpot, .premiumAdjustedForward: true
    }
  }

  /// The delta over that of the forward.
  func holding(timeToExpiry: Double) -> Double {
    switch self {
    case .forward, .premiumAdjustedForward: 1
    case .spot(let carryYield), .premiumAdjustedSpot(let carryYield):
      exp(-carryYield * timeToExpiry)
    }
  }
}

/// What a market calls at the money.
public enum AtTheMoney: Hashable, Sendable, Codable {
  /// The strike is the forward.
  case forward

  /// The strike is the spot; the argument is the forward over the spot.
  case spot(forwardOverSpot: Double)

  /// The strike at which call and put have the same delta by a convention: `F e^(±s²/2)`, less where the premium is
  /// subtracted, with `s² = σ²T` at this strike.
  case deltaNeutral(DeltaConvention)
}
