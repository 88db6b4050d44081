#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import KeelNumerics

// Returns from prices. Goals in order: no return that is made up, small returns to full relative
// accuracy, one pass.
//
// (p₁ − p₀) / p₀ has two roundings, each relative to the return itself, where p₁ / p₀ − 1 would
// lose the digits of a small one. For the same reason ln(p₁ / p₀) is taken as log1p of it near one.

extension PriceHistory {
  /// The simple returns `p(t) / p(t−1) − 1` of each row but the first.
  ///
  /// The row in which an asset is delisted has the return `recovery − 1`: the loss is booked, not
  /// dropped with the asset.
  ///
  /// - Parameter gaps: What to do where a return does not exist; see ``GapPolicy``.
  /// - Returns: T − 1 rows, or those of the common window. Relative error of a return: at most
  ///   2⁻⁵².
  /// - Throws: `DataError.missingPrice` with asset and row for a gap that the policy does not
  ///   cover, `DataError.shapeMismatch` for fewer than two rows, `DataError.invalidValue` for a
  ///   return that overflows or for columns that ``SimpleReturns`` refuses.
  public func simpleReturns(gaps: GapPolicy = .refuse) throws(DataError) -> SimpleReturns {
    let rows = try returnRows(gaps)
    return try SimpleReturns(
      universe: universe, timestamps: Array(timestamps[rows]),
      values: returns(rows, of: { ($1 - $0) / $0 }, recovered: { $0 - 1 }))
  }

  /// The log returns `ln(p(t) / p(t−1))` of each row but the first.
  ///
  /// The row in which an asset is delisted has the return `ln(recovery)`; a total loss has no
  /// logarithm and is refused.
  ///
  /// - Parameter gaps: What to do where a return does not exist; see ``GapPolicy``.
  /// - Returns: T − 1 rows, or those of the common window. Relative error of a return: at most
  ///   2⁻⁵¹ with a logarithm good to one ulp.
  /// - Throws: `DataError.missingPrice` with asset and row for a gap that the policy does not
  ///   cover, `DataError.shapeMismatch` for fewer than two rows, `DataError.invalidValue` for a
  ///   delisting without recovery or for columns that ``LogReturns`` refuses.
  public func logReturns(gaps: GapPolicy = .refuse) throws(DataError) -> LogReturns {
    let rows = try returnRows(gaps)
    return try LogReturns(
      universe: universe, timestamps: Array(timestamps[rows]),
      values: returns(rows, of: logReturn, recovered: { log($0) }))
  }

  /// The rows whose returns are taken.
  private func returnRows(_ gaps: GapPolicy) throws(DataError) -> Range<Int> {
    guard rowCount >= 2 else {
      throw .shapeMismatch(argument: "rowCount", got: rowCount, required: 2)
    }
    switch gaps {
    case .refuse:
      if let gap = firstReturnGap(in: 1..<rowCount) { throw gap }
      return 1..<rowCount
    case .commonWindow:
      var hasReturns = [Bool](repeating: true, count: rowCount)
      hasReturns[0] = false
      for j in 0..<assetCount {
        for i in 1..<rowCount where !hasReturn(i, j) { hasReturns[i] = false }
      }
      let window = hasReturns.longestRun
      if window.isEmpty, let gap = firstReturnGap(in: (rowCount - 1)..<rowCount) { throw gap }
      return window
    }
  }

  func hasReturn(_ row: Int, _ position: Int) -> Bool {
    let cell = row + position * rowCount
    return marks[cell - 1] == .value && (marks[cell] == .value || marks[cell] == .delisted)
  }

  /// The error for the first return that does not exist, row by row.
  private func firstReturnGap(in rows: Range<Int>) -> DataError? {
    for i in rows {
      for j in 0..<assetCount where !hasReturn(i, j) {
        // Row i − 1 lacks a price, or row i does and is no delisting that follows one.
        let row = marks[i - 1 + j * rowCount] == .value ? i : i - 1
        let isSecondDelisted =
          marks[i + j * rowCount] == .delisted && marks[i - 1 + j * rowCount] == .delisted
        let place = isSecondDelisted ? i : row
        return .missingPrice(
          asset: universe.assets[j], row: place,
          availability: availability(row: place, position: j))
      }
    }
    return nil
  }

  /// The returns of some rows; what stands where there is none means nothing.
  func returns(
    _ rows: Range<Int>,
    of formula: (Double, Double) -> Double,
    recovered: (Double) -> Double
  ) -> Matrix {
    let values = [Double](capacity: rows.count * assetCount) { output in
      for j in 0..<assetCount {
        let column = storage.column(j)
        for i in rows {
          let isDelisted = marks[i + j * rowCount] == .delisted
          output.append(
            isDelisted ? recovered(recoveries[j]) : formula(column[i - 1], column[i]))
        }
      }
    }
    return Matrix(uncheckedRowCount: rows.count, columnCount: assetCount, storage: values)
  }
}

/// The log return between two positive prices.
private func logReturn(_ first: Double, _ second: Double) -> Double {
  let change = (second - first) / first
  let nearOne = 0.5
  if change.magnitude <= nearOne { return log1p(change) }
  let ratio = second / first
  return ratio.isNormal ? log(ratio) : log(second) - log(first)
}
