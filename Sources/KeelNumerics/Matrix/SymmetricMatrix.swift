/// A symmetric matrix of `Double`.
///
/// Both triangles are stored, column-major, and are equal by construction: whoever receives a
/// `SymmetricMatrix` never has to ask which triangle holds the truth.
public struct SymmetricMatrix: Sendable, Hashable {
  /// The number of rows and columns.
  public let order: Int

  @usableFromInline internal var storage: [Double]

  /// The largest difference between the triangles, relative to the largest of the two elements and
  /// of the geometric mean of their diagonal elements, that is taken for rounding: the sum of some
  /// thousand products, each in another order.
  public static let symmetryTolerance = 1e-10

  /// Creates a symmetric matrix with one value everywhere.
  ///
  /// - Parameters:
  ///   - order: The number of rows and columns; zero or more.
  ///   - value: The value of every element.
  /// - Throws: `NumericsError.countOutOfRange` for a negative order or one too large to address.
  public init(order: Int, repeating value: Double = 0) throws(NumericsError) {
    let matrix = try Matrix(rowCount: order, columnCount: order, repeating: value)
    self.order = order
    storage = matrix.storage
  }

  /// Creates a diagonal matrix.
  ///
  /// - Parameter diagonal: The diagonal elements.
  /// - Throws: `NumericsError.countOutOfRange` when the order is too large to address.
  public init(diagonal: [Double]) throws(NumericsError) {
    try self.init(order: diagonal.count)
    for (i, value) in diagonal.enumerated() { storage[i + i * order] = value }
  }

  /// Creates a symmetric matrix from a square one whose triangles agree.
  ///
  /// The stored element is the mean of the two.
  ///
  /// - Parameter matrix: A square matrix. NaN and infinities are kept; they are refused later, with
  ///   their place, by whatever computes with them.
  /// - Throws: `NumericsError.shapeMismatch` when the matrix is not square,
  ///   `NumericsError.notSymmetric` when its triangles differ by more than ``symmetryTolerance``.
  public init(_ matrix: Matrix) throws(NumericsError) {
    guard matrix.rowCount == matrix.columnCount else {
      throw .shapeMismatch(
        argument: "matrix", got: matrix.columnCount, required: matrix.rowCount)
    }
    order = matrix.rowCount
    storage = matrix.storage
    for j in 0..<order {
      for i in 0..<j {
        let upper = storage[i + j * order]
        let lower = storage[j + i * order]
        if upper == lower { continue }
        let diagonal = (storage[i + i * order].magnitude * storage[j + j * order].magnitude)
          .squareRoot()
        let scale = max(upper.magnitude, lower.magnitude, diagonal)
        // Written so that NaN in one triangle alone fails, and NaN in both passes to the gate.
        guard
          (upper - lower).magnitude <= Self.symmetryTolerance * scale
            || (upper.isNaN && lower.isNaN)
        else {
          throw .notSymmetric(row: i, column: j, upper: upper, lower: lower)
        }
        let mean = upper + (lower - upper) / 2
        storage[i + j * order] = mean
        storage[j + i * order] = mean
      }
    }
  }

  /// Creates a symmetric matrix from its rows.
  ///
  /// - Parameter rows: As many rows as columns, with equal triangles.
  /// - Throws: As ``init(_:)``.
  public init(rows: [[Double]]) throws(NumericsError) {
    try self.init(Matrix(rows: rows))
  }

  /// Creates a symmetric matrix from square column-major storage, by copying the lower triangle
  /// over the upper one.
  package init(lowerTriangleOf storage: consuming [Double], order: Int) {
    self.order = order
    self.storage = storage
    Self.mirrorLowerTriangle(of: &self.storage, order: order)
  }

  /// Takes the elements of a matrix of the same order, multiplied by a number, in the memory that it
  /// has.
  package mutating func copyElements(of other: SymmetricMatrix, times factor: Double) {
    for k in storage.indices { storage[k] = factor * other.storage[k] }
  }

  /// Copies the lower triangle over the upper one, in blocks that stay in the cache.
  ///
  /// - Parameters:
  ///   - storage: order × order numbers, column after column.
  ///   - order: The number of rows.
  package static func mirrorLowerTriangle(of storage: inout [Double], order: Int) {
    let block = 32
    let n = order
    var elements = storage.mutableSpan
    for firstColumn in stride(from: 0, to: n, by: block) {
      for firstRow in stride(from: firstColumn, to: n, by: block) {
        for j in firstColumn..<min(firstColumn + block, n) {
          for i in max(firstRow, j + 1)..<max(min(firstRow + block, n), max(firstRow, j + 1)) {
            elements[j &+ i &* n] = elements[i &+ j &* n]
          }
        }
      }
    }
  }
}

// MARK: - Element access

extension SymmetricMatrix {
  /// Reads one element, or writes it and its mirror image.
  ///
  /// Traps when an index is out of range.
  @inlinable
  public subscript(row: Int, column: Int) -> Double {
    get {
      precondition(row >= 0 && row < order, "row out of range")
      precondition(column >= 0 && column < order, "column out of range")
      return storage[row &+ column &* order]
    }
    set {
      precondition(row >= 0 && row < order, "row out of range")
      precondition(column >= 0 && column < order, "column out of range")
      storage[row &+ column &* order] = newValue
      storage[column &+ row &* order] = newValue
    }
  }

  /// The elements for reading in place: both triangles, column after column.
  @inlinable
  public var elements: Span<Double> {
    @_lifetime(borrow self) borrowing get { storage.span }
  }

  /// One column for reading in place.
  ///
  /// Traps when the index is out of range.
  ///
  /// - Parameter column: The index of the column.
  /// - Returns: `order` elements.
  @inlinable
  @_lifetime(borrow self)
  public borrowing func column(_ column: Int) -> Span<Double> {
    precondition(column >= 0 && column < order, "column out of range")
    return storage.span.extracting((column &* order)..<((column &+ 1) &* order))
  }

  /// The diagonal elements.
  public var diagonal: [Double] {
    [Double](capacity: order) { output in
      for i in 0..<order { output.append(storage[i + i * order]) }
    }
  }

  /// The same matrix as a general one.
  public var matrix: Matrix {
    Matrix(uncheckedRowCount: order, columnCount: order, storage: storage)
  }

  /// The matrix of the rows and columns at some indices, in the order of these indices.
  ///
  /// - Parameter indices: Indices of rows; repeats are allowed. Traps when one is out of range.
  /// - Returns: A matrix of order `indices.count`.
  public func submatrix(at indices: [Int]) -> SymmetricMatrix {
    let n = order
    // An index beyond the order would read an element of another row instead of trapping.
    for index in indices { precondition(index >= 0 && index < n, "index out of range") }
    let selected = [Double](capacity: indices.count * indices.count) { output in
      for j in indices {
        for i in indices { output.append(storage[i + j * n]) }
      }
    }
    return SymmetricMatrix(lowerTriangleOf: selected, order: indices.count)
  }

  /// The position of the first element, in column order, that is NaN or infinite, if there is one.
  public var firstNonFiniteElement: (row: Int, column: Int)? {
    guard let index = storage.span.firstNonFiniteIndex else { return nil }
    return (index % order, index / order)
  }
}
