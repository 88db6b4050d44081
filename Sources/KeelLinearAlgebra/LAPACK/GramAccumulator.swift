import CKeelShims
package import KeelNumerics

/// The sum of XᵀX over panels of rows, for data that are prepared a panel at a time.
///
/// The panels are not searched for bad elements: a NaN or an infinity reaches the diagonal of the
/// sum as itself, and ``finish()`` refuses it there.
package struct GramAccumulator: Sendable {
  /// The number of columns.
  package private(set) var order: Int

  /// The lower triangle of the sum, column after column; the upper one is zero.
  package private(set) var lowerTriangle: [Double]

  /// Creates an empty sum.
  ///
  /// - Parameter order: The number of columns; zero or more.
  /// - Throws: `LinearAlgebraError.countOutOfRange` when its square does not fit 32 bits.
  package init(order: Int) throws(LinearAlgebraError) {
    lowerTriangle = try Workspace.square(order: order)
    self.order = order
  }

  /// Starts a new sum in the same memory, or in more where the order is larger than ever.
  ///
  /// - Parameter order: The number of columns; zero or more.
  /// - Throws: `LinearAlgebraError.countOutOfRange` when its square does not fit 32 bits.
  package mutating func restart(order: Int) throws(LinearAlgebraError) {
    try Gate.shape(
      rowCount: order, columnCount: order, storageCount: order &* order, "Gram matrix")
    lowerTriangle.removeAll(keepingCapacity: true)
    lowerTriangle.append(contentsOf: repeatElement(0, count: order * order))
    self.order = order
  }

  /// Adds XᵀX of one panel: one `dsyrk`.
  ///
  /// - Parameters:
  ///   - panel: At least `rowCount × order` numbers, column after column.
  ///   - rowCount: The number of rows; none changes nothing.
  /// - Throws: `LinearAlgebraError.shapeMismatch`, `LinearAlgebraError.countOutOfRange`.
  package mutating func add(_ panel: [Double], rowCount: Int) throws(LinearAlgebraError) {
    let rows = try Gate.dimension(rowCount, "rowCount")
    let (count, overflow) = rowCount.multipliedReportingOverflow(by: order)
    guard rowCount >= 0, !overflow, panel.count >= count else {
      throw .shapeMismatch(argument: "panel", got: panel.count, required: count)
    }
    if rowCount == 0 || order == 0 { return }
    let columns = try Gate.dimension(order, "order")
    unsafe keel_dsyrk(
      Gate.lower, CChar(UInt8(ascii: "T")), columns, rows, 1, panel, rows, 1,
      &lowerTriangle, columns)
  }

  /// Adds XᵀX of some rows of a matrix, read where they are: one `dsyrk`.
  ///
  /// - Parameters:
  ///   - matrix: A matrix with `order` columns.
  ///   - range: Rows of the matrix; none change nothing.
  /// - Throws: `LinearAlgebraError.shapeMismatch`, `LinearAlgebraError.countOutOfRange`.
  package mutating func add(
    _ matrix: Matrix,
    rows range: Range<Int>
  ) throws(LinearAlgebraError) {
    guard matrix.columnCount == order else {
      throw .shapeMismatch(argument: "matrix", got: matrix.columnCount, required: order)
    }
    guard range.lowerBound >= 0, range.upperBound <= matrix.rowCount else {
      throw .shapeMismatch(argument: "rows", got: range.upperBound, required: matrix.rowCount)
    }
    let rows = try Gate.dimension(range.count, "rowCount")
    let stride = try Gate.dimension(matrix.rowCount, "rowCount")
    if rows == 0 || order == 0 { return }
    let columns = try Gate.dimension(order, "order")
    unsafe matrix.elements.withUnsafeBufferPointer { elements in
      guard let first = elements.baseAddress else { return }
      unsafe keel_dsyrk(
        Gate.lower, CChar(UInt8(ascii: "T")), columns, rows, 1, first + range.lowerBound, stride,
        1, &lowerTriangle, columns)
    }
  }

  /// The lower triangle of the sum, column after column; the upper one is zero.
  ///
  /// - Returns: `order²` finite numbers.
  /// - Throws: `LinearAlgebraError.overflow` when a panel held a bad element or the sum overflows.
  package consuming func finish() throws(LinearAlgebraError) -> [Double] {
    try requireFinite()
    return lowerTriangle
  }

  /// Checks the sum.
  ///
  /// - Throws: `LinearAlgebraError.overflow` when a panel held a bad element or the sum overflows.
  package func requireFinite() throws(LinearAlgebraError) {
    try Gate.output(lowerTriangle, "Gram matrix")
  }
}
