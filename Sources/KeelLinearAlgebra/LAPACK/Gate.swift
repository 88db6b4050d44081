import CKeelShims
import KeelNumerics

// The gate in front of BLAS and LAPACK.
//
// Goals, in order: nothing that could hang, stop the process or be read outside its storage reaches
// the library; a bad element is named by its place; the cost is one pass at memory speed.
//
// - Shapes: every dimension and every product of dimension and leading dimension fits 32 bits, so
//   that neither the library's index arithmetic nor its argument check (XERBLA) can fail.
// - Finiteness: LAPACK reports success on NaN (dpotrf) or never returns (dsyevr with NaN, dgesdd
//   with infinities), so input is checked before the call, where it can be in the pass that copies.
// - Output: a result of finite input that is not finite has overflowed and is refused.
//
// Matrix-vector products read each element once, so a pass in front would double their time. There
// the vector is checked before and the result after: a NaN or an infinity in the matrix reaches the
// result of a product, because x * 0 is NaN for both.
enum Gate {
  /// BLAS indices are 32 bits wide.
  static let largestIndex = Int(Int32.max)

  /// The letter that LAPACK takes for the lower triangle.
  static let lower = CChar(UInt8(ascii: "L"))

  /// A dimension as the library takes it.
  static func dimension(_ value: Int, _ argument: String) throws(LinearAlgebraError) -> Int32 {
    guard value >= 0, value <= largestIndex else {
      throw .countOutOfRange(argument: argument, got: value, allowed: 0...largestIndex)
    }
    return Int32(truncatingIfNeeded: value)
  }

  /// Checks that a matrix can be addressed with 32 bits and that its storage has its shape.
  static func shape(
    rowCount: Int,
    columnCount: Int,
    storageCount: Int,
    _ argument: String
  ) throws(LinearAlgebraError) {
    _ = try dimension(rowCount, argument)
    _ = try dimension(columnCount, argument)
    // Both factors are below 2^31, so the product fits 64 bits.
    let count = rowCount &* columnCount
    guard count <= largestIndex else {
      throw .countOutOfRange(
        argument: "elements of \(argument)", got: count, allowed: 0...largestIndex)
    }
    try equal(storageCount, count, argument)
  }

  /// Checks that a length is what the other arguments require.
  static func equal(_ got: Int, _ required: Int, _ argument: String) throws(LinearAlgebraError) {
    guard got == required else {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
  }

  /// The number of columns of a block of right-hand sides.
  static func columnCount(
    ofCount count: Int,
    rowCount: Int,
    _ argument: String
  ) throws(LinearAlgebraError) -> Int32 {
    guard rowCount > 0 else {
      try equal(count, 0, argument)
      return 0
    }
    guard count % rowCount == 0 else {
      throw .shapeMismatch(argument: argument, got: count, required: rowCount)
    }
    guard count <= largestIndex else {
      throw .countOutOfRange(argument: argument, got: count, allowed: 0...largestIndex)
    }
    return try dimension(count / rowCount, argument)
  }

  /// Checks a scalar.
  static func finite(_ value: Double, _ argument: String) throws(LinearAlgebraError) {
    guard value.isFinite else { throw .notFinite(argument: argument, row: 0, column: 0) }
  }

  /// Checks an array and returns its largest magnitude.
  @discardableResult
  static func finite(
    _ elements: [Double],
    rowCount: Int,
    _ argument: String
  ) throws(LinearAlgebraError) -> Double {
    let largest = unsafe keel_finite_magnitude(elements, elements.count)
    if largest.isNaN { throw notFinite(elements, rowCount: rowCount, argument) }
    return largest
  }

  /// Checks a span.
  @discardableResult
  static func finite(
    _ elements: borrowing MutableSpan<Double>,
    rowCount: Int,
    _ argument: String
  ) throws(LinearAlgebraError) -> Double {
    let largest = unsafe elements.withUnsafeBufferPointer {
      unsafe keel_finite_magnitude($0.baseAddress, $0.count)
    }
    if largest.isNaN {
      for i in 0..<elements.count where !elements[i].isFinite {
        throw .notFinite(argument: argument, row: i % rowCount, column: i / rowCount)
      }
    }
    return largest
  }

  /// Checks a vector.
  static func finite(_ vector: Span<Double>, _ argument: String) throws(LinearAlgebraError) {
    let largest = unsafe vector.withUnsafeBufferPointer {
      unsafe keel_finite_magnitude($0.baseAddress, $0.count)
    }
    if largest.isNaN {
      throw .notFinite(argument: argument, row: vector.firstNonFiniteIndex ?? 0, column: 0)
    }
  }

  /// Checks shape and elements of a matrix.
  static func input(_ matrix: borrowing Matrix, _ argument: String) throws(LinearAlgebraError) {
    let count = matrix.elements.count
    try shape(
      rowCount: matrix.rowCount, columnCount: matrix.columnCount, storageCount: count, argument)
    let largest = unsafe matrix.elements.withUnsafeBufferPointer {
      unsafe keel_finite_magnitude($0.baseAddress, $0.count)
    }
    if largest.isNaN, let place = matrix.firstNonFiniteElement {
      throw .notFinite(argument: argument, row: place.row, column: place.column)
    }
  }

  /// Checks shape and elements of a symmetric matrix.
  static func input(
    _ matrix: borrowing SymmetricMatrix,
    _ argument: String
  ) throws(LinearAlgebraError) {
    let count = matrix.elements.count
    try shape(
      rowCount: matrix.order, columnCount: matrix.order, storageCount: count, argument)
    let largest = unsafe matrix.elements.withUnsafeBufferPointer {
      unsafe keel_finite_magnitude($0.baseAddress, $0.count)
    }
    if largest.isNaN, let place = matrix.firstNonFiniteElement {
      throw .notFinite(argument: argument, row: place.row, column: place.column)
    }
  }

  /// Whether an input is finite.
  static func isFinite(_ elements: Span<Double>) -> Bool {
    let largest = unsafe elements.withUnsafeBufferPointer {
      unsafe keel_finite_magnitude($0.baseAddress, $0.count)
    }
    return !largest.isNaN
  }

  /// Whether a result is finite.
  static func isFinite(_ elements: borrowing MutableSpan<Double>) -> Bool {
    let largest = unsafe elements.withUnsafeBufferPointer {
      unsafe keel_finite_magnitude($0.baseAddress, $0.count)
    }
    return !largest.isNaN
  }

  /// Copies the lower triangle, checks it in the same pass and returns its largest magnitude.
  @discardableResult
  static func copyLowerTriangle(
    of source: borrowing SymmetricMatrix,
    to target: inout [Double],
    _ argument: String
  ) throws(LinearAlgebraError) -> Double {
    let order = source.order
    try shape(rowCount: order, columnCount: order, storageCount: target.count, argument)
    let largest = unsafe source.elements.withUnsafeBufferPointer {
      unsafe keel_copy_lower($0.baseAddress, &target, order)
    }
    if largest.isNaN {
      guard let place = source.firstNonFiniteElement else {
        throw .libraryFault(operation: argument, code: 0)
      }
      throw .notFinite(argument: argument, row: place.row, column: place.column)
    }
    return largest
  }

  /// The same for the elements of a square, of which the lower triangle is read.
  @discardableResult
  static func copyLowerTriangle(
    of source: [Double],
    order: Int,
    to target: inout [Double],
    _ argument: String
  ) throws(LinearAlgebraError) -> Double {
    try shape(rowCount: order, columnCount: order, storageCount: source.count, argument)
    try equal(target.count, source.count, argument)
    let largest = unsafe keel_copy_lower(source, &target, order)
    guard largest.isNaN else { return largest }
    for j in 0..<order {
      for i in j..<order where !source[i &+ j &* order].isFinite {
        throw .notFinite(argument: argument, row: i, column: j)
      }
    }
    throw .libraryFault(operation: argument, code: 0)
  }

  /// Copies a matrix, checks it in the same pass and returns its largest magnitude.
  @discardableResult
  static func copy(
    _ source: borrowing Matrix,
    to target: inout [Double],
    _ argument: String
  ) throws(LinearAlgebraError) -> Double {
    let count = source.elements.count
    try shape(
      rowCount: source.rowCount, columnCount: source.columnCount, storageCount: count, argument)
    try equal(target.count, count, argument)
    let largest = unsafe source.elements.withUnsafeBufferPointer {
      unsafe keel_copy_finite($0.baseAddress, &target, count)
    }
    if largest.isNaN {
      guard let place = source.firstNonFiniteElement else {
        throw .libraryFault(operation: argument, code: 0)
      }
      throw .notFinite(argument: argument, row: place.row, column: place.column)
    }
    return largest
  }

  /// Checks a result of finite arguments.
  static func output(_ elements: [Double], _ operation: String) throws(LinearAlgebraError) {
    let largest = unsafe keel_finite_magnitude(elements, elements.count)
    if largest.isNaN { throw .overflow(operation: operation) }
  }

  /// Checks the lower triangle of a square result of finite arguments.
  static func outputLower(
    _ elements: [Double],
    order: Int,
    _ operation: String
  ) throws(LinearAlgebraError) {
    try equal(elements.count, order &* order, operation)
    let largest = unsafe keel_finite_lower(elements, order)
    if largest.isNaN { throw .overflow(operation: operation) }
  }

  /// Checks a result of finite arguments in a span.
  static func output(
    _ elements: borrowing MutableSpan<Double>,
    _ operation: String
  ) throws(LinearAlgebraError) {
    guard isFinite(elements) else { throw .overflow(operation: operation) }
  }

  /// Refuses the complaint about an argument that the gate makes impossible.
  static func accepted(_ info: Int32, _ operation: String) throws(LinearAlgebraError) {
    if info < 0 { throw .libraryFault(operation: operation, code: Int(info)) }
  }

  /// Refuses to use a solver before it holds a factorization.
  static func ready(_ isReady: Bool, _ order: Int) throws(LinearAlgebraError) {
    guard isReady else {
      throw .shapeMismatch(argument: "factored matrix", got: 0, required: order)
    }
  }

  /// The length of workspace that a query returned, at least the documented minimum.
  static func workspace(_ answer: Double, atLeast minimum: Int) throws(LinearAlgebraError) -> Int {
    guard minimum <= largestIndex, answer <= Double(largestIndex) else {
      throw .countOutOfRange(argument: "workspace", got: minimum, allowed: 0...largestIndex)
    }
    return Swift.max(minimum, Int(answer))
  }

  /// The error for an array that is known to hold a bad element.
  static func notFinite(
    _ elements: [Double],
    rowCount: Int,
    _ argument: String
  ) -> LinearAlgebraError {
    let index = elements.firstIndex { !$0.isFinite } ?? 0
    let rows = Swift.max(rowCount, 1)
    return .notFinite(argument: argument, row: index % rows, column: index / rows)
  }
}
