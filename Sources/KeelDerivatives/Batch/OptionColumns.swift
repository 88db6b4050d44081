import KeelNumerics

/// European options on spot prices as columns, for prices, Greeks and implied volatilities at once.
///
/// Element `i` of every column belongs to option `i`; a column of one element holds for all
/// options. So a chain on one asset has one spot and a column of strikes. An element's result
/// depends on its own values alone, bit for bit on one processor: not on its place, on its
/// neighbors, on whether a value is shared or on the number of threads. A price alone is exact for inputs
/// moved by some units in the last place; beside Greeks it has more digits far out. Method and accuracy:
/// <doc:BatchOptions>.
///
/// ```swift
/// let chain = OptionColumns(
///   kinds: [.call], spots: [60_000], strikes: strikes, timesToExpiry: [0.25], rates: [0.04],
///   carryYields: [0])
/// let prices = try chain.prices(volatilities: volatilities)
/// ```
public struct OptionColumns: Hashable, Sendable {
  /// Call or put.
  public var kinds: [EuropeanOption.Kind]

  /// The spot prices, in cash.
  public var spots: [Double]

  /// The strikes, in cash.
  public var strikes: [Double]

  /// The times to expiry in years (ACT/365 fixed); zero means expired.
  public var timesToExpiry: [Double]

  /// The interest rates, continuously compounded per year.
  public var rates: [Double]

  /// The yields of holding the asset, continuously compounded per year.
  public var carryYields: [Double]

  /// Creates columns; each has one element for all options, or one for each.
  ///
  /// - Parameters:
  ///   - kinds: Call or put.
  ///   - spots: The spot prices, in cash.
  ///   - strikes: The strikes, in cash.
  ///   - timesToExpiry: The times to expiry in years.
  ///   - rates: The interest rates, continuously compounded per year.
  ///   - carryYields: The yields of holding the asset, continuously compounded per year.
  public init(
    kinds: [EuropeanOption.Kind],
    spots: [Double],
    strikes: [Double],
    timesToExpiry: [Double],
    rates: [Double],
    carryYields: [Double]
  ) {
    self.kinds = kinds
    self.spots = spots
    self.strikes = strikes
    self.timesToExpiry = timesToExpiry
    self.rates = rates
    self.carryYields = carryYields
  }

  /// Creates columns of options on forwards, undiscounted, whose volatilities are total: `σ√T`.
  ///
  /// These are options on a spot price that expire in one year without rates.
  ///
  /// - Parameters:
  ///   - kinds: Call or put.
  ///   - forwards: The forward prices, in cash.
  ///   - strikes: The strikes, in cash.
  public init(kinds: [EuropeanOption.Kind], forwards: [Double], strikes: [Double]) {
    self.init(
      kinds: kinds, spots: forwards, strikes: strikes, timesToExpiry: [1], rates: [0],
      carryYields: [0])
  }

  /// The number of options: that of the columns, or of another one where all of these are shared.
  func count(with other: Int) -> Int {
    let least = min(
      min(kinds.count, spots.count, strikes.count),
      min(timesToExpiry.count, rates.count, carryYields.count))
    let most = max(
      max(kinds.count, spots.count, strikes.count),
      max(timesToExpiry.count, rates.count, carryYields.count))
    return least == 0 ? 0 : most > 1 ? most : other
  }

  /// Checks that every column has one element or one for each option.
  func requireCounts(_ count: Int) throws(DerivativesError) {
    try Self.requireCount(kinds.count, "kinds", count)
    try Self.requireCount(spots.count, "spots", count)
    try Self.requireCount(strikes.count, "strikes", count)
    try Self.requireCount(timesToExpiry.count, "timesToExpiry", count)
    try Self.requireCount(rates.count, "rates", count)
    try Self.requireCount(carryYields.count, "carryYields", count)
  }

  static func requireCount(
    _ got: Int,
    _ argument: String,
    _ count: Int
  ) throws(DerivativesError) {
    guard got == count || got == 1 else {
      throw .shapeMismatch(argument: argument, got: got, required: count)
    }
  }
}
