/// Says whether an asset has a price at a time, and why not.
///
/// Missing prices are data of their own kind and never NaN, zero or the price of the day before.
@nonexhaustive
public enum Availability: Hashable, Sendable {
  /// There is a price.
  case value

  /// The asset does not trade yet.
  case notListed

  /// The asset is listed, but nobody traded or nobody recorded it.
  case noTrade

  /// Trading is suspended.
  case halted

  /// The asset is gone for good; `recovery` is what a holder got back as a fraction of the last
  /// price: 0 for a total loss, 1 for the last price.
  case delisted(recovery: Double)
}

/// Says what to do with gaps when returns are taken from prices.
///
/// No policy fills a gap with an older price.
@nonexhaustive
public enum GapPolicy: Hashable, Sendable {
  /// Any gap throws `DataError.missingPrice` with asset and row.
  case refuse

  /// The longest run of consecutive rows in which every asset has a return; the latest of equal
  /// ones.
  ///
  /// An asset has a return in a row when it has a price there (or is delisted there) and a price in
  /// the row before. Every return therefore spans one period, and rows outside the run are left
  /// out.
  case commonWindow
}
