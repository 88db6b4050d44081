import KeelNumerics

/// Numbers of assets, padded to a multiple of four for the kernels that pass over them.
///
/// Those behind the last asset are zero in all but limits. Sums have the same bits on every machine.
struct Lanes: Sendable {
  /// All lanes.
  private(set) var numbers: [Double]

  /// Creates lanes that hold one number, those behind the last asset too.
  init(count: Int, repeating number: Double = 0) {
    numbers = [Double](repeating: number, count: Kernels.paddedCount(of: count))
  }

  subscript(index: Int) -> Double {
    get { numbers[index] }
    set { numbers[index] = newValue }
  }

  /// The number of lanes.
  var capacity: Int { numbers.count }

  /// Takes the numbers of as many other lanes, in place.
  mutating func copy(_ others: borrowing Lanes) {
    for i in numbers.indices { numbers[i] = others.numbers[i] }
  }

  /// Becomes `values · (1 + r)` with one return an asset, `stride` apart.
  ///
  /// - Returns: The sum, and the least return or zero; NaN where there are too few returns. A return
  ///   that is NaN makes the sum NaN and is no least one.
  @inline(__always)
  mutating func grow(
    _ values: borrowing Lanes,
    by returns: Span<Double>,
    first: Int,
    stride: Int,
    count: Int
  ) -> (sum: Double, least: Double) {
    var output = numbers.mutableSpan
    do throws(NumericsError) {
      return try Kernels.grow(
        values.numbers.span, by: returns, first: first, stride: stride, count: count,
        into: &output)
    } catch {
      return (.nan, .nan)
    }
  }

  /// What is traded to come from these values to shares of a value, and the shares of what is sold.
  @inline(__always)
  borrowing func trades(
    to shares: borrowing Lanes,
    times value: Double
  ) -> (sum: Double, sharesSold: Double) {
    do throws(NumericsError) {
      let trades = try Kernels.trades(from: numbers.span, to: shares.numbers.span, times: value)
      return (trades.traded, trades.sharesSold)
    } catch {
      return (.nan, .nan)
    }
  }

  /// The largest distance from shares of a value beyond limits that are shares too; distances of
  /// zero are never beyond.
  @inline(__always)
  borrowing func largestExcess(
    over shares: borrowing Lanes,
    times value: Double,
    limits: borrowing Lanes
  ) -> Double {
    do throws(NumericsError) {
      return try Kernels.largestExcess(
        of: numbers.span, over: shares.numbers.span, times: value, limits: limits.numbers.span)
    } catch {
      return .nan
    }
  }

  /// The sum of all.
  var sum: Double { numbers.reduce(0, +) }

  /// The sum of the magnitudes.
  var magnitudes: Double { numbers.reduce(0) { $0 + $1.magnitude } }
}
