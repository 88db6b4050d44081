import CKeelShims
package import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Goals: (1) nothing that is not finite reaches LAPACK; (2) no allocation once the largest order has
// been seen; (3) matrices of changing order, gathered from a larger one.

/// A Cholesky factor of small matrices of changing order, in memory that is kept.
///
/// What cannot be factored is an answer here, not an error: methods that try a set of variables
/// ask and go on.
package struct WorkingCholesky: ~Copyable, Sendable {
  /// The order of the present factor.
  package private(set) var order = 0

  /// The distance between columns: at least the order, grown in steps so that it seldom changes.
  private var leading = 0
  private var storage: [Double] = []

  /// The first leading dimension.
  private static let leastLeading = 16

  /// Creates a factor of order zero.
  ///
  /// - Parameter order: The order to take memory for.
  package init(reserving order: Int = 0) {
    if order > 0 { _ = reserve(order) }
  }

  /// Makes room for an order; false when its square cannot be addressed.
  private mutating func reserve(_ count: Int) -> Bool {
    if count <= leading { return true }
    guard count <= Gate.largestIndex / Swift.max(count, 1) else { return false }
    var next = Swift.max(leading, Self.leastLeading)
    while next < count { next += next / 2 }
    next = next <= Gate.largestIndex / next ? next : count
    var larger = [Double](repeating: 0, count: next &* next)
    for j in 0..<order {
      for i in j..<order { larger[i &+ j &* next] = storage[i &+ j &* leading] }
    }
    storage = larger
    leading = next
    return true
  }

  /// Appends one row and column of a symmetric matrix to the factored ones, in O(order²).
  ///
  /// - Parameters:
  ///   - elements: The n × n matrix, column after column.
  ///   - fullOrder: The order n.
  ///   - position: The row and column, below n.
  ///   - positions: Those of the present factor, in its order.
  /// - Returns: False, with the factor lost, when the larger matrix is not positive definite to some
  ///   digits.
  package mutating func append(
    _ elements: Span<Double>,
    fullOrder: Int,
    at position: Int,
    to positions: [Int]
  ) -> Bool {
    let count = order
    guard elements.count == fullOrder &* fullOrder, positions.count >= count, position >= 0,
      position < fullOrder, reserve(count + 1)
    else {
      order = 0
      return false
    }
    order = 0
    let source = position &* fullOrder
    let step = leading
    var row = storage.mutableSpan
    var square = elements[position &+ source]
    let least = square * Self.leastPivotShare
    // Forward substitution, a column of the factor at a time, in the row's place.
    for p in 0..<count { row[count &+ p &* step] = elements[positions[p] &+ source] }
    for p in 0..<count {
      let value = row[count &+ p &* step] / row[p &* (step &+ 1)]
      row[count &+ p &* step] = value
      square -= value * value
      let column = p &* step
      for q in (p + 1)..<max(count, p + 1) {
        row[count &+ q &* step] -= value * row[q &+ column]
      }
    }
    guard square > least, square.isFinite else { return false }
    row[count &* (step &+ 1)] = square.squareRoot()
    order = count + 1
    return true
  }

  /// What must be left of a diagonal element for a row to be appended: fewer digits would be lost to
  /// the updates that follow.
  private static let leastPivotShare = 1e-8

  /// Removes one row and column from the factored ones, in O(order²), by Givens rotations.
  ///
  /// - Parameter place: Where the row stands in the factor; below ``order``.
  /// - Returns: False when it is out of range.
  package mutating func remove(at place: Int) -> Bool {
    let count = order
    guard place >= 0, place < count else { return false }
    let step = leading
    var l = storage.mutableSpan
    for j in place..<max(count - 1, place) {
      // The rotation of columns j and j + 1 that clears what row j + 1 has on its diagonal.
      let (first, second) = (j &* step, (j &+ 1) &* step)
      let (a, b) = (l[j &+ 1 &+ first], l[j &+ 1 &+ second])
      let length = (a * a + b * b).squareRoot()
      let (c, s) = (a / length, b / length)
      for i in (j + 1)..<count {
        let (x, y) = (l[i &+ first], l[i &+ second])
        l[i &+ first] = c * x + s * y
        l[i &+ second] = c * y - s * x
      }
    }
    for j in 0..<(count - 1) {
      let column = j &* step
      for i in max(place, j)..<(count - 1) { l[i &+ column] = l[i &+ 1 &+ column] }
    }
    order = count - 1
    return true
  }

  /// Factors the rows and columns of a symmetric matrix at some positions.
  ///
  /// - Parameters:
  ///   - elements: The n × n matrix, column after column; its lower triangle is read.
  ///   - fullOrder: The order n.
  ///   - positions: The rows and columns, strictly increasing, each below n.
  ///   - count: How many of the positions are used.
  /// - Returns: False when the submatrix is not positive definite or not finite.
  package mutating func factor(
    _ elements: Span<Double>,
    fullOrder: Int,
    at positions: [Int],
    count: Int
  ) -> Bool {
    order = 0
    guard fullOrder >= 0, elements.count == fullOrder &* fullOrder, positions.count >= count,
      count >= 0, reserve(count)
    else { return false }
    let leading = leading
    var target = storage.mutableSpan
    var check = 0.0
    for q in 0..<count {
      let column = positions[q]
      guard column >= 0, column < fullOrder else { return false }
      let source = column &* fullOrder
      let start = q &* leading
      for p in q..<count {
        let value = elements[positions[p] &+ source]
        check += value * 0
        target[start &+ p] = value
      }
    }
    guard check == 0 else { return false }
    return factorStorage(count)
  }

  /// Factors a whole matrix, of any order, in memory that grows only for a larger one.
  ///
  /// - Parameters:
  ///   - elements: n × n numbers, column after column; the lower triangle is read.
  ///   - fullOrder: The order n.
  /// - Returns: False when the matrix is not positive definite or not finite.
  package mutating func factor(_ elements: [Double], order fullOrder: Int) -> Bool {
    order = 0
    guard fullOrder >= 0, elements.count == fullOrder &* fullOrder, reserve(fullOrder) else {
      return false
    }
    let leading = leading
    var largest = 0.0
    for j in 0..<fullOrder {
      let offset = j &* (fullOrder &+ 1)
      let target = j &* (leading &+ 1)
      largest = unsafe elements.withUnsafeBufferPointer { source in
        unsafe storage.withUnsafeMutableBufferPointer { copy in
          guard let from = source.baseAddress, let to = copy.baseAddress else { return 0 }
          return unsafe largest
            + keel_copy_finite(from + offset, to + target, fullOrder - j)
        }
      }
    }
    guard !largest.isNaN else { return false }
    return factorStorage(fullOrder)
  }

  /// Factors a whole matrix whose diagonal is raised by a part of itself, or set to 1 where it is not
  /// positive.
  ///
  /// - Parameters:
  ///   - matrix: The matrix; its lower triangle is read.
  ///   - relativeShift: The part.
  /// - Returns: False when the sum is not positive definite or not finite.
  package mutating func factor(_ matrix: SymmetricMatrix, relativeShift: Double) -> Bool {
    factor(matrix.elements, order: matrix.order, relativeShift: relativeShift)
  }

  /// The same for elements, column after column.
  ///
  /// - Parameters:
  ///   - elements: n × n numbers; the lower triangle is read.
  ///   - count: The order n.
  ///   - relativeShift: The part.
  /// - Returns: False when the sum is not positive definite or not finite.
  package mutating func factor(
    _ elements: Span<Double>,
    order count: Int,
    relativeShift: Double
  ) -> Bool {
    order = 0
    guard count >= 0, elements.count == count &* count, reserve(count) else { return false }
    let leading = leading
    var largest = 0.0
    for j in 0..<count {
      let offset = j &* (count &+ 1)
      let target = j &* (leading &+ 1)
      largest = unsafe elements.withUnsafeBufferPointer { source in
        unsafe storage.withUnsafeMutableBufferPointer { copy in
          guard let from = source.baseAddress, let to = copy.baseAddress else { return 0 }
          return unsafe largest
            + keel_copy_finite(from + offset, to + target, count - j)
        }
      }
      storage[target] = storage[target] > 0 ? storage[target] * (1 + relativeShift) : 1
    }
    guard !largest.isNaN else { return false }
    return factorStorage(count)
  }

  /// Factors a whole matrix with numbers taken from its diagonal.
  ///
  /// - Parameters:
  ///   - elements: n × n numbers, column after column; the lower triangle is read.
  ///   - fullOrder: The order n.
  ///   - numbers: At least n numbers.
  ///   - multiple: What they are multiplied by.
  /// - Returns: False when the difference is not positive definite or not finite.
  package mutating func factor(
    _ elements: Span<Double>,
    order fullOrder: Int,
    minus numbers: [Double],
    times multiple: Double
  ) -> Bool {
    order = 0
    guard fullOrder >= 0, elements.count == fullOrder &* fullOrder, numbers.count >= fullOrder,
      reserve(fullOrder)
    else { return false }
    let leading = leading
    var target = storage.mutableSpan
    var check = 0.0
    for j in 0..<fullOrder {
      for i in j..<fullOrder {
        let value = elements[i &+ j &* fullOrder]
        target[i &+ j &* leading] = value
        check += value * 0
      }
      let value = target[j &* (leading &+ 1)] - multiple * numbers[j]
      target[j &* (leading &+ 1)] = value
      check += value * 0
    }
    guard check == 0 else { return false }
    return factorStorage(fullOrder)
  }

  /// Factors XᵀX plus a diagonal: one `dsyrk` and one `dpotrf`.
  ///
  /// - Parameters:
  ///   - panel: At least `rowCount × columnCount` numbers, column after column.
  ///   - rowCount: The number of rows of X.
  ///   - columnCount: The number of columns of X, the order of the result.
  ///   - diagonal: At least `columnCount` numbers, not negative.
  /// - Returns: False when the sum is not positive definite or not finite.
  package mutating func factorGram(
    _ panel: [Double],
    rowCount: Int,
    columnCount: Int,
    diagonal: [Double]
  ) -> Bool {
    order = 0
    guard rowCount >= 0, columnCount >= 0, diagonal.count >= columnCount, reserve(columnCount),
      rowCount <= Gate.largestIndex / Swift.max(columnCount, 1),
      panel.count >= rowCount &* columnCount
    else { return false }
    if columnCount == 0 { return true }
    guard let columns = try? Gate.dimension(columnCount, "columns"),
      let rows = try? Gate.dimension(rowCount, "rows"),
      let step = try? Gate.dimension(leading, "order")
    else { return false }
    unsafe keel_dsyrk(
      Gate.lower, CChar(UInt8(ascii: "T")), columns, rows, 1, panel, Swift.max(rows, 1), 0,
      &storage, step)
    var check = 0.0
    for j in 0..<columnCount {
      let place = j &* (leading &+ 1)
      storage[place] += diagonal[j]
      // A bad element of X reaches the diagonal of its column.
      check += storage[place] * 0
    }
    guard check == 0 else { return false }
    return factorStorage(columnCount)
  }

  private mutating func factorStorage(_ count: Int) -> Bool {
    if count == 0 { return true }
    guard let n = try? Gate.dimension(count, "order"),
      let step = try? Gate.dimension(leading, "order"),
      unsafe keel_dpotrf(Gate.lower, n, &storage, step) == 0
    else { return false }
    for j in 0..<count {
      let pivot = storage[j &* (leading &+ 1)]
      guard pivot > 0, pivot.isFinite else { return false }
    }
    order = count
    return true
  }

  /// Solves L x = b or Lᵀ x = b in place.
  ///
  /// - Parameters:
  ///   - b: Right-hand sides of the length ``order``, one after the other.
  ///   - columnCount: Their number.
  ///   - transposition: Whether L or Lᵀ is meant.
  /// - Returns: False when the length is wrong or a right-hand side is not finite.
  package func solveLower(
    _ b: inout [Double],
    columnCount: Int = 1,
    _ transposition: Transposition = .none
  ) -> Bool {
    let count = order &* columnCount
    guard columnCount >= 0, b.count >= count else { return false }
    if count == 0 { return true }
    guard let n = try? Gate.dimension(order, "order"),
      let step = try? Gate.dimension(leading, "order"),
      let columns = try? Gate.dimension(columnCount, "columns")
    else { return false }
    let letter = transposition.letter
    let stored = TriangularDiagonal.stored.letter
    guard unsafe !keel_finite_magnitude(b, count).isNaN else { return false }
    if columnCount == 1 {
      unsafe keel_dtrsv(Gate.lower, letter, stored, n, storage, step, &b, 1)
    } else {
      unsafe keel_dtrsm(
        TriangularMatrixSide.left.letter, Gate.lower, letter, stored, n, columns, 1, storage, step,
        &b, n)
    }
    return true
  }

  /// Solves A x = b in place for one right-hand side.
  ///
  /// - Parameter b: The right-hand side, of the length ``order`` or longer.
  /// - Returns: False when the length is wrong or the right-hand side is not finite.
  package func solve(_ b: inout [Double]) -> Bool {
    solveLower(&b) && solveLower(&b, columnCount: 1, .transposed)
  }

  /// The logarithm of the determinant of the factored matrix.
  package var logDeterminant: Double {
    (0..<order).reduce(0) { $0 + 2 * log(storage[$1 &* (leading &+ 1)]) }
  }

  /// Sets a square to the inverse of the factored matrix, in its lower triangle.
  ///
  /// - Parameter inverse: ``order`` × ``order`` numbers, column after column; what stands above the
  ///   diagonal stays.
  /// - Returns: False when the length is wrong or an element cannot be represented.
  package func setInverse(_ inverse: inout [Double]) -> Bool {
    var elements = inverse.mutableSpan
    return setInverse(&elements)
  }

  /// The same in a part of an array.
  package func setInverse(_ inverse: inout MutableSpan<Double>) -> Bool {
    let count = order
    guard inverse.count == count &* count else { return false }
    if count == 0 { return true }
    if count <= Self.smallOrder { return setSmallInverse(&inverse) }
    guard let n = try? Gate.dimension(count, "order") else { return false }
    let factor = storage.span
    for j in 0..<count {
      for i in j..<count { inverse[i &+ j &* count] = factor[i &+ j &* leading] }
    }
    return unsafe inverse.withUnsafeMutableBufferPointer {
      guard unsafe keel_dpotri(Gate.lower, n, $0.baseAddress, n) == 0 else { return false }
      return unsafe !keel_finite_magnitude($0.baseAddress, $0.count).isNaN
    }
  }

  /// Up to this order a call of LAPACK costs more than the inverse.
  private static let smallOrder = 8

  /// M = L⁻¹ and then MᵀM, both in place.
  private func setSmallInverse(_ inverse: inout MutableSpan<Double>) -> Bool {
    let (count, step) = (order, leading)
    let l = storage.span
    var check = 0.0
    for j in 0..<count {
      let column = j &* count
      inverse[j &+ column] = 1 / l[j &* (step &+ 1)]
      for i in (j &+ 1)..<max(count, j &+ 1) {
        var sum = 0.0
        for p in j..<i { sum += l[i &+ p &* step] * inverse[p &+ column] }
        inverse[i &+ column] = -sum / l[i &* (step &+ 1)]
      }
    }
    for j in 0..<count {
      for i in j..<count {
        var sum = 0.0
        for p in i..<count { sum += inverse[p &+ i &* count] * inverse[p &+ j &* count] }
        inverse[i &+ j &* count] = sum
        check += sum * 0
      }
    }
    return check == 0
  }
}
