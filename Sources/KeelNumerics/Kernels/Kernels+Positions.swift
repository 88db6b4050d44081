import CKeelKernels

// Passes over the positions of an account. Their sums have the same bits at every level.

extension Kernels {
  /// Writes `positions · (1 + r)`, with one return an asset, `stride` apart.
  ///
  /// - Parameters:
  ///   - positions: The positions, padded by zeros to a multiple of four.
  ///   - returns: Where the returns stand.
  ///   - first: The place of the first return.
  ///   - stride: The distance from one to the next, at least 1.
  ///   - count: The number of returns.
  ///   - grown: The positions after their returns, as long as `positions`.
  ///   - level: The instruction set.
  /// - Returns: Their sum, and the least return or zero; where a return is NaN the sum is.
  /// - Throws: `NumericsError.shapeMismatch` where the spans are too short.
  package static func grow(
    _ positions: Span<Double>,
    by returns: Span<Double>,
    first: Int,
    stride: Int,
    count: Int,
    into grown: inout MutableSpan<Double>,
    level: Level = .automatic
  ) throws(NumericsError) -> (sum: Double, least: Double) {
    let padded = paddedCount(of: count)
    guard count > 0 else { return (0, 0) }
    try require(positions.count, "positions", atLeast: padded)
    try require(grown.count, "grown", atLeast: padded)
    guard first >= 0, stride > 0, first < returns.count,
      (returns.count - 1 - first) / stride >= count - 1
    else { throw .shapeMismatch(argument: "returns", got: returns.count, required: count) }
    var least = 0.0
    let sum = unsafe positions.withUnsafeBufferPointer { x in
      unsafe returns.withUnsafeBufferPointer { r in
        unsafe grown.withUnsafeMutableBufferPointer { y in
          unsafe keel_grow_positions(
            x.baseAddress, r.baseAddress.map { unsafe $0 + first }, stride, count, y.baseAddress,
            &least, level.rawValue)
        }
      }
    }
    return (sum, least)
  }

  /// What a trade from positions to shares of a value comes to.
  ///
  /// - Parameters:
  ///   - positions: The positions, padded by zeros to a multiple of four.
  ///   - shares: The shares of the value, as many.
  ///   - value: The value.
  ///   - level: The instruction set.
  /// - Returns: The sum of the magnitudes of what is traded, and the sum of the shares of what is
  ///   sold.
  /// - Throws: `NumericsError.shapeMismatch`.
  package static func trades(
    from positions: Span<Double>,
    to shares: Span<Double>,
    times value: Double,
    level: Level = .automatic
  ) throws(NumericsError) -> (traded: Double, sharesSold: Double) {
    try requirePadded(positions, "positions")
    try require(shares.count, "shares", atLeast: positions.count)
    var sold = 0.0
    let traded = unsafe positions.withUnsafeBufferPointer { x in
      unsafe shares.withUnsafeBufferPointer { s in
        unsafe keel_trade_positions(
          x.baseAddress, s.baseAddress, value, x.count, &sold, level.rawValue)
      }
    }
    return (traded, sold)
  }

  /// Where rows that begin on their target end, a number a row each.
  package struct RebalancedRows: Sendable {
    /// The value before the trade; NaN where a return is.
    package private(set) var before: [Double]
    /// The value after one step of Newton's method towards a trade that pays its cost.
    package private(set) var after: [Double]
    /// What is traded from the positions to the shares of that value.
    package private(set) var traded: [Double]
    /// The least return, or zero.
    package private(set) var least: [Double]

    /// Takes the memory for so many rows.
    package init(capacity: Int) {
      before = [Double](repeating: 0, count: capacity)
      (after, traded, least) = (before, before, before)
    }

    /// Takes as many rows as there is room for, in fours.
    ///
    /// Each row begins with the shares and cash, grows by its returns and trades back to the shares.
    /// The bits are those of `grow(_:by:first:stride:count:into:level:)` and
    /// `trades(from:to:times:level:)`.
    ///
    /// - Parameters:
    ///   - shares: The target shares; the first `count` are read.
    ///   - count: The number of assets.
    ///   - returns: The returns, asset after asset, `stride` apart.
    ///   - first: The place of the first asset's first return.
    ///   - stride: The distance from one asset to the next.
    ///   - cash: The cash after its return.
    ///   - shareSum: The sum of the shares.
    ///   - costFraction: What a trade costs.
    ///   - rows: The most rows.
    ///   - level: The instruction set.
    /// - Returns: The number of rows that were taken.
    package mutating func take(
      from shares: Span<Double>,
      count: Int,
      by returns: Span<Double>,
      first: Int,
      stride: Int,
      cash: Double,
      shareSum: Double,
      costFraction: Double,
      rows: Int,
      level: Level = .automatic
    ) -> Int {
      let taken = min(rows, before.count) / 4 * 4
      guard count > 0, count <= shares.count, taken > 0, first >= 0, stride > 0,
        first <= returns.count - taken, (returns.count - taken - first) / stride >= count - 1
      else { return 0 }
      unsafe before.withUnsafeMutableBufferPointer { b in
        unsafe after.withUnsafeMutableBufferPointer { a in
          unsafe traded.withUnsafeMutableBufferPointer { t in
            unsafe least.withUnsafeMutableBufferPointer { l in
              unsafe shares.withUnsafeBufferPointer { s in
                unsafe returns.withUnsafeBufferPointer { r in
                  var output = unsafe keel_rebalanced_rows(
                    before: b.baseAddress, after: a.baseAddress, traded: t.baseAddress,
                    least: l.baseAddress)
                  unsafe keel_rebalance_rows(
                    s.baseAddress, count, r.baseAddress.map { unsafe $0 + first }, stride, taken,
                    cash, shareSum, costFraction, &output, level.rawValue)
                }
              }
            }
          }
        }
      }
      return taken
    }
  }

  /// The largest distance of positions from shares of a value beyond limits, which are shares too;
  /// a position that stands on its share is never beyond.
  ///
  /// - Throws: `NumericsError.shapeMismatch`.
  package static func largestExcess(
    of positions: Span<Double>,
    over shares: Span<Double>,
    times value: Double,
    limits: Span<Double>,
    level: Level = .automatic
  ) throws(NumericsError) -> Double {
    try requirePadded(positions, "positions")
    try require(shares.count, "shares", atLeast: positions.count)
    try require(limits.count, "limits", atLeast: positions.count)
    return unsafe positions.withUnsafeBufferPointer { x in
      unsafe shares.withUnsafeBufferPointer { s in
        unsafe limits.withUnsafeBufferPointer { l in
          unsafe keel_largest_excess(
            x.baseAddress, s.baseAddress, value, l.baseAddress, x.count, level.rawValue)
        }
      }
    }
  }

  /// The number of places for so many positions.
  package static func paddedCount(of count: Int) -> Int { (count &+ 3) / 4 &* 4 }

  @inline(__always)
  private static func requirePadded(
    _ positions: Span<Double>,
    _ argument: String
  ) throws(NumericsError) {
    guard positions.count % 4 == 0 else {
      throw .shapeMismatch(
        argument: argument, got: positions.count, required: paddedCount(of: positions.count))
    }
  }

  @inline(__always)
  private static func require(
    _ count: Int,
    _ argument: String,
    atLeast required: Int
  ) throws(NumericsError) {
    guard count >= required else {
      throw .shapeMismatch(argument: argument, got: count, required: required)
    }
  }
}
