/// A dense matrix of `Double` in column-major order, with value semantics.
///
/// Data matrices are T × N: rows are observations, columns are assets, so that the series of one
/// asset is contiguous. This type holds storage and element access only; products and
/// factorizations are in `KeelLinearAlgebra`.
///
/// Copies are free until one of them is changed. A subscript outside the matrix traps, as with
/// `Array`; every other misuse throws.
public struct Matrix: Sendable, Hashable {
  /// The number of rows.
  public let rowCount: Int

  /// The number of columns.
  public let columnCount: Int

  @usableFromInline internal var storage: [Double]

  /// Creates a matrix with one value everywhere.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows; zero or more.
  ///   - columnCount: The number of columns; zero or more.
  ///   - value: The value of every element.
  /// - Throws: `NumericsError.countOutOfRange` for a negative count or one too large to address.
  public init(
    rowCount: Int,
    columnCount: Int,
    repeating value: Double = 0
  ) throws(NumericsError) {
    let count = try Self.elementCount(rowCount: rowCount, columnCount: columnCount)
    self.rowCount = rowCount
    self.columnCount = columnCount
    storage = [Double](repeating: value, count: count)
  }

  /// Creates a matrix from its elements, column after column.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows; zero or more.
  ///   - columnCount: The number of columns; zero or more.
  ///   - elements: `rowCount × columnCount` numbers, the first column first.
  /// - Throws: `NumericsError` when the count of elements does not fit the shape.
  public init(
    rowCount: Int,
    columnCount: Int,
    columnMajor elements: [Double]
  ) throws(NumericsError) {
    let count = try Self.elementCount(rowCount: rowCount, columnCount: columnCount)
    guard elements.count == count else {
      throw .shapeMismatch(argument: "elements", got: elements.count, required: count)
    }
    self.rowCount = rowCount
    self.columnCount = columnCount
    storage = elements
  }

  /// Creates a matrix from its rows.
  ///
  /// - Parameter rows: The rows, all of one length. No rows give a 0 × 0 matrix.
  /// - Throws: `NumericsError.shapeMismatch` when the rows differ in length.
  public init(rows: [[Double]]) throws(NumericsError) {
    let columnCount = rows.first?.count ?? 0
    for row in rows where row.count != columnCount {
      throw .shapeMismatch(argument: "rows", got: row.count, required: columnCount)
    }
    try self.init(rowCount: rows.count, columnCount: columnCount)
    for (i, row) in rows.enumerated() {
      for (j, value) in row.enumerated() { storage[i + j * rowCount] = value }
    }
  }

  /// Creates a matrix from its columns.
  ///
  /// - Parameter columns: The columns, all of one length. No columns give a 0 × 0 matrix.
  /// - Throws: `NumericsError.shapeMismatch` when the columns differ in length.
  public init(columns: [[Double]]) throws(NumericsError) {
    let rowCount = columns.first?.count ?? 0
    for column in columns where column.count != rowCount {
      throw .shapeMismatch(argument: "columns", got: column.count, required: rowCount)
    }
    try self.init(
      rowCount: rowCount,
      columnCount: columns.count,
      columnMajor: Array(columns.joined())
    )
  }

  /// Creates the identity matrix.
  ///
  /// - Parameter order: The number of rows and columns; zero or more.
  /// - Throws: `NumericsError.countOutOfRange` for a negative order or one too large to address.
  public init(identityOfOrder order: Int) throws(NumericsError) {
    try self.init(rowCount: order, columnCount: order)
    for i in 0..<order { storage[i + i * order] = 1 }
  }

  /// Creates a matrix around storage whose length is known to fit.
  package init(uncheckedRowCount rowCount: Int, columnCount: Int, storage: [Double]) {
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.storage = storage
  }

  private static func elementCount(rowCount: Int, columnCount: Int) throws(NumericsError) -> Int {
    let allowed = 0...Int(Int32.max)
    guard allowed.contains(rowCount) else {
      throw .countOutOfRange(argument: "rowCount", got: rowCount, allowed: allowed)
    }
    guard allowed.contains(columnCount) else {
      throw .countOutOfRange(argument: "columnCount", got: columnCount, allowed: allowed)
    }
    // LAPACK addresses elements with 32-bit integers, so a larger matrix (16 GiB) could not be
    // used.
    let largest = Int(Int32.max)
    let (count, overflow) = rowCount.multipliedReportingOverflow(by: columnCount)
    guard !overflow, count <= largest else {
      throw .countOutOfRange(argument: "rowCount × columnCount", got: count, allowed: 0...largest)
    }
    return count
  }
}

// MARK: - Element access

extension Matrix {
  /// Reads or writes one element.
  ///
  /// Traps when an index is out of range.
  @inlinable
  public subscript(row: Int, column: Int) -> Double {
    get {
      precondition(row >= 0 && row < rowCount, "row out of range")
      precondition(column >= 0 && column < columnCount, "column out of range")
      return storage[row &+ column &* rowCount]
    }
    set {
      precondition(row >= 0 && row < rowCount, "row out of range")
      precondition(column >= 0 && column < columnCount, "column out of range")
      storage[row &+ column &* rowCount] = newValue
    }
  }

  /// The elements, column after column.
  public var columnMajorElements: [Double] { storage }

  /// The elements for reading in place, column after column.
  @inlinable
  public var elements: Span<Double> {
    @_lifetime(borrow self) borrowing get { storage.span }
  }

  /// The elements for changing in place, column after column.
  @inlinable
  public var mutableElements: MutableSpan<Double> {
    @_lifetime(&self) mutating get { storage.mutableSpan }
  }

  /// One column for reading in place.
  ///
  /// Traps when the index is out of range.
  ///
  /// - Parameter column: The index of the column.
  /// - Returns: `rowCount` elements.
  @inlinable
  @_lifetime(borrow self)
  public borrowing func column(_ column: Int) -> Span<Double> {
    precondition(column >= 0 && column < columnCount, "column out of range")
    return storage.span.extracting((column &* rowCount)..<((column &+ 1) &* rowCount))
  }

  /// A copy of one row.
  ///
  /// Traps when the index is out of range.
  ///
  /// - Parameter row: The index of the row.
  /// - Returns: `columnCount` elements.
  public func row(_ row: Int) -> [Double] {
    precondition(row >= 0 && row < rowCount, "row out of range")
    return [Double](capacity: columnCount) { output in
      for j in 0..<columnCount { output.append(storage[row + j * rowCount]) }
    }
  }

  /// The matrix with rows and columns exchanged.
  public var transposed: Matrix {
    let transposedStorage = [Double](capacity: storage.count) { output in
      for i in 0..<rowCount {
        for j in 0..<columnCount { output.append(storage[i + j * rowCount]) }
      }
    }
    return Matrix(
      uncheckedRowCount: columnCount,
      columnCount: rowCount,
      storage: transposedStorage
    )
  }

  /// The position of the first element, in column order, that is NaN or infinite, if there is one.
  public var firstNonFiniteElement: (row: Int, column: Int)? {
    guard let index = storage.span.firstNonFiniteIndex else { return nil }
    return (index % rowCount, index / rowCount)
  }
}

extension Span where Element == Double {
  /// The index of the first element that is NaN or infinite, if there is one.
  ///
  /// A sum of `x · 0` over blocks is NaN exactly when a block holds such an element, which costs
  /// one pass at memory speed; only a bad block is searched.
  @inlinable
  public var firstNonFiniteIndex: Int? {
    let blockLength = 4096
    var start = 0
    while start < count {
      let end = Swift.min(start &+ blockLength, count)
      var lanes = SIMD8<Double>.zero
      var i = start
      while i &+ 8 <= end {
        let block = SIMD8(
          self[i], self[i &+ 1], self[i &+ 2], self[i &+ 3], self[i &+ 4], self[i &+ 5],
          self[i &+ 6], self[i &+ 7])
        lanes += block * 0
        i &+= 8
      }
      var sum = lanes.sum()
      while i < end {
        sum += self[i] * 0
        i &+= 1
      }
      if !(sum == 0) {
        for j in start..<end where !self[j].isFinite { return j }
      }
      start = end
    }
    return nil
  }
}
