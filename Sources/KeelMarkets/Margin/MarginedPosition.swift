public import KeelDerivatives
import KeelNumerics

// The price at which the equity of a position falls to its maintenance margin.
//
// With z the price (linear and quanto contracts) or its inverse (inverse ones), profit and notional are linear in z, and the
// margin is convex and piecewise linear. As rates are below one, equity less margin is monotone in z: rising for a position
// that gains with z, falling for one that loses. It has one root at most, in the tier where the linear equation's root lies.

/// A futures position with margin of its own.
public struct MarginedPosition: Hashable, Sendable, Codable {
  /// The position.
  public let position: FuturesPosition

  /// The margin that backs it, in the currency of settlement; negative when losses have eaten more.
  public let margin: Double

  /// The venue's maintenance margin.
  public let tiers: MaintenanceTiers

  /// Creates a margined position.
  ///
  /// - Parameters:
  ///   - position: The position.
  ///   - margin: The margin that backs it, in the currency of settlement: finite.
  ///   - tiers: The venue's maintenance margin, for notionals in the currency of settlement.
  /// - Throws: `MarketsError.invalidValue`.
  public init(
    position: FuturesPosition,
    margin: Double,
    tiers: MaintenanceTiers
  ) throws(MarketsError) {
    try require(margin, "margin", in: .finite)
    self.position = position
    self.margin = margin
    self.tiers = tiers
  }

  /// Margin plus unrealized profit, in the currency of settlement.
  ///
  /// - Parameter price: The mark price, in cash: positive, finite.
  /// - Returns: The equity; NaN outside the domain.
  public func equity(at price: Double) -> Double { margin + position.profit(at: price) }

  /// The maintenance margin, in the currency of settlement.
  ///
  /// - Parameter price: The mark price, in cash: positive, finite.
  /// - Returns: The margin; NaN outside the domain.
  public func maintenance(at price: Double) -> Double {
    tiers.margin(
      ofNotional: position.contract.notional(quantity: position.quantity, price: price).magnitude)
  }

  /// Equity over maintenance margin; below one the position is liquidated.
  ///
  /// - Parameter price: The mark price, in cash: positive, finite.
  /// - Returns: The ratio; infinite for an empty position with equity, NaN outside the domain.
  public func marginRatio(at price: Double) -> Double {
    let needed = maintenance(at: price)
    let equity = equity(at: price)
    return needed == 0 ? (equity >= 0 ? .infinity : -.infinity) : equity / needed
  }

  /// The price at which equity equals the maintenance margin.
  ///
  /// - Returns: The price, below which a long and above which a short position is liquidated; nil where no positive price
  ///   does it.
  /// - Complexity: O(number of tiers).
  public var liquidationPrice: Double? {
    let size = position.quantity.magnitude * position.contract.size
    guard size > 0 else { return nil }
    let isInverse = position.contract.settlement == .inverse
    let entry = isInverse ? 1 / position.entryPrice : position.entryPrice
    // The profit per z, and what is left at z = 0.
    let gain = (position.quantity > 0) != isInverse ? size : -size
    let constant = margin - gain * entry
    for (place, tier) in tiers.tiers.enumerated() {
      // constant + gain z = rate size z − deduction.
      let root = -(constant + tiers.deductions[place]) / (gain - tier.rate * size)
      let end = place + 1 < tiers.tiers.count ? tiers.tiers[place + 1].start : .infinity
      if root > 0, root * size >= tier.start, root * size <= end, root.isFinite {
        return isInverse ? 1 / root : root
      }
    }
    return nil
  }
}
