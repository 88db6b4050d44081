import CKeelShims
import KeelNumerics

/// Products of a column-major panel with vectors, for methods that keep their own memory.
///
/// Nothing is checked for finiteness: the callers look at what they made of the results.
package enum PanelProducts {
  /// Adds a multiple of X v, or of Xᵀ v, to a vector.
  ///
  /// - Parameters:
  ///   - panel: At least `rowCount × columnCount` numbers, column after column.
  ///   - rowCount: The number of rows of X.
  ///   - columnCount: The number of columns of X.
  ///   - transposition: Whether X or Xᵀ is meant.
  ///   - scale: The multiple.
  ///   - vector: At least as many numbers as the product needs.
  ///   - result: The vector that is added to, at least as long as the product.
  /// - Returns: False, with nothing done, when an argument is too short.
  @discardableResult
  package static func add(
    _ panel: Span<Double>,
    rowCount: Int,
    columnCount: Int,
    _ transposition: Transposition,
    scale: Double = 1,
    _ vector: [Double],
    to result: inout [Double]
  ) -> Bool {
    let inner = transposition == .none ? columnCount : rowCount
    let outer = transposition == .none ? rowCount : columnCount
    guard rowCount >= 0, columnCount >= 0,
      rowCount <= Gate.largestIndex / Swift.max(columnCount, 1),
      panel.count >= rowCount &* columnCount, vector.count >= inner, result.count >= outer
    else { return false }
    if rowCount == 0 || columnCount == 0 { return true }
    guard let m = try? Gate.dimension(rowCount, "rows"),
      let n = try? Gate.dimension(columnCount, "columns")
    else { return false }
    unsafe panel.withUnsafeBufferPointer {
      unsafe keel_dgemv(
        transposition.letter, m, n, scale, $0.baseAddress, m, vector, 1, 1, &result, 1)
    }
    return true
  }

  /// The same for a panel in an array.
  @discardableResult
  package static func add(
    _ panel: [Double],
    rowCount: Int,
    columnCount: Int,
    _ transposition: Transposition,
    scale: Double = 1,
    _ vector: [Double],
    to result: inout [Double]
  ) -> Bool {
    add(
      panel.span, rowCount: rowCount, columnCount: columnCount, transposition, scale: scale,
      vector, to: &result)
  }

  /// Multiplies a panel by the transpose of a lower triangle in place: X := X Lᵀ.
  ///
  /// - Parameters:
  ///   - panel: At least `rowCount × order` numbers, column after column.
  ///   - rowCount: The number of rows of X.
  ///   - lower: `order × order` numbers, column after column, of which the lower triangle counts.
  ///   - order: The number of columns of X.
  /// - Returns: False, with nothing done, when an argument is too short.
  @discardableResult
  package static func multiply(
    _ panel: inout [Double],
    rowCount: Int,
    byTransposeOfLower lower: [Double],
    order: Int
  ) -> Bool {
    guard rowCount >= 0, order >= 0, rowCount <= Gate.largestIndex / Swift.max(order, 1),
      order <= Gate.largestIndex / Swift.max(order, 1), panel.count >= rowCount &* order,
      lower.count >= order &* order
    else { return false }
    if rowCount == 0 || order == 0 { return true }
    guard let m = try? Gate.dimension(rowCount, "rows"),
      let n = try? Gate.dimension(order, "columns")
    else { return false }
    unsafe keel_dtrmm(
      CChar(UInt8(ascii: "R")), Gate.lower, CChar(UInt8(ascii: "T")), CChar(UInt8(ascii: "N")), m,
      n, 1, lower, n, &panel, m)
    return true
  }
}
