import KeelNumerics

// Pieces that the factorizations share.

enum Workspace {
  /// Zeroed storage for a square matrix that the library can address.
  static func square(order: Int) throws(LinearAlgebraError) -> [Double] {
    try rectangle(rowCount: order, columnCount: order)
  }

  /// Zeroed storage for a matrix that the library can address.
  static func rectangle(rowCount: Int, columnCount: Int) throws(LinearAlgebraError) -> [Double] {
    let rows = Int(try Gate.dimension(rowCount, "rowCount"))
    let columns = Int(try Gate.dimension(columnCount, "columnCount"))
    try Gate.shape(
      rowCount: rows, columnCount: columns, storageCount: rows &* columns, "matrix")
    return [Double](repeating: 0, count: rows &* columns)
  }
}

enum Triangles {
  /// The upper triangle, or trapezoid, of the first rows of column-major storage.
  static func upper(of storage: [Double], rowCount: Int, columnCount: Int, keeping rows: Int)
    -> Matrix
  {
    var elements = [Double](repeating: 0, count: rows &* columnCount)
    for j in 0..<columnCount {
      for i in 0..<Swift.min(j &+ 1, rows) {
        elements[i &+ j &* rows] = storage[i &+ j &* rowCount]
      }
    }
    return Matrix(uncheckedRowCount: rows, columnCount: columnCount, storage: elements)
  }
}
