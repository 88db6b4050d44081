/// The Greeks of a book, added by underlying and expiry.
///
/// Delta, gamma and what contains them are per unit of one asset and add within an underlying only; the book
/// keeps underlyings apart. Vegas of different expiries add in units, not in risk: ask for them by expiry.
/// Positions that are added in another order give the same sums up to rounding.
public struct GreeksBook<Underlying, Expiry>: Sendable
where
  Underlying: Hashable & Comparable & Sendable, Expiry: Hashable & Comparable & Sendable
{
  private var sums: [Underlying: [Expiry: Greeks]] = [:]

  /// Creates an empty book.
  public init() {}

  /// Adds a position.
  ///
  /// - Parameters:
  ///   - quantity: The number of contracts; negative when short.
  ///   - greeks: The Greeks of one contract.
  ///   - underlying: The asset.
  ///   - expiry: The expiry.
  /// - Complexity: O(1).
  public mutating func add(
    _ quantity: Double,
    of greeks: Greeks,
    underlying: Underlying,
    expiry: Expiry
  ) {
    sums[underlying, default: [:]][expiry, default: .zero] += quantity * greeks
  }

  /// The assets, sorted.
  public var underlyings: [Underlying] { sums.keys.sorted() }

  /// The expiries of an asset, sorted.
  ///
  /// - Parameter underlying: The asset.
  /// - Returns: The expiries in which the book has positions.
  public func expiries(of underlying: Underlying) -> [Expiry] {
    sums[underlying, default: [:]].keys.sorted()
  }

  /// The Greeks of all positions in an asset.
  ///
  /// - Parameter underlying: The asset.
  /// - Returns: The sum over expiries; zero for an asset without positions.
  public func total(of underlying: Underlying) -> Greeks {
    expiries(of: underlying).reduce(into: Greeks.zero) { $0 += total(of: underlying, expiry: $1) }
  }

  /// The Greeks of the positions in an asset with an expiry.
  ///
  /// - Parameters:
  ///   - underlying: The asset.
  ///   - expiry: The expiry.
  /// - Returns: The sum; zero without positions.
  public func total(of underlying: Underlying, expiry: Expiry) -> Greeks {
    sums[underlying]?[expiry] ?? .zero
  }
}
