/// A quote that no smile is fitted to, and why.
public struct DroppedQuote: Hashable, Sendable, Codable {
  /// Why a quote is not used.
  public enum Reason: Hashable, Sendable, Codable {
    /// A price, size, strike, time or age is NaN, infinite or negative, or a strike or underlying is zero.
    case notFinite

    /// The time to expiry is not positive.
    case expired

    /// The age in seconds is above the limit.
    case stale(age: Double)

    /// There is no bid, or no option is bid for.
    case noBid

    /// The bid is zero.
    case zeroBid

    /// There is no ask, or no option is offered.
    case noAsk

    /// The bid is above the ask.
    case crossed(bid: Double, ask: Double)

    /// The ask is a larger multiple of the bid than the limit.
    case wideSpread(ratio: Double)

    /// The same option is quoted by the element at `index`, which is younger or comes first.
    case duplicate(index: Int)

    /// Too few pairs of calls and puts say where the forward of the expiry is, and the caller does not.
    case noForward(pairs: Int)

    /// The option is in the money: the one of the other kind at its strike says more.
    case inTheMoney

    /// Call and put at the strike miss parity by more half spreads than the limit.
    case outsideParity(halfSpreads: Double)

    /// The ask does not exceed what the option is worth at zero volatility.
    case belowIntrinsic

    /// The ask is not below the largest possible price.
    case aboveMaximum
  }

  /// The position of the quote in the list that was cleaned.
  public let index: Int

  /// Why it is not used.
  public let reason: Reason
}
