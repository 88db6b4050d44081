// Goals: (1) columns of very different size, and dependent ones; (2) no allocation.
//
// Householder QR with column pivoting (Businger and Golub, Numerische Mathematik 7, 1965) that
// rotates a right-hand side along. Fits have a handful of parameters; the triangle has to be at hand
// for the derivative of the step, and the shape changes with the active bounds: both are why this
// stands here beside `QRSolver`.

/// A matrix of changing shape, its pivoted triangle and a rotated right-hand side.
struct PivotedReduction: ~Copyable, Sendable {
  /// Columns one after the other; R in the upper triangle after `reduce`.
  var elements: [Double]
  /// The right-hand side, rotated by `reduce`.
  var right: [Double]
  /// Which column stands at each column of R.
  private(set) var pivots: [Int]
  private(set) var rowCount = 0
  private(set) var columnCount = 0
  /// The number of independent columns.
  private(set) var rank = 0
  private var squares: [Double]
  private var solution: [Double]

  init(largestRowCount: Int, largestColumnCount: Int) {
    elements = [Double](repeating: 0, count: largestRowCount * largestColumnCount)
    right = [Double](repeating: 0, count: largestRowCount)
    pivots = [Int](repeating: 0, count: largestColumnCount)
    squares = [Double](repeating: 0, count: largestColumnCount)
    solution = squares
  }

  /// Sets the shape; elements and right-hand side are filled by the caller.
  mutating func reshape(rowCount: Int, columnCount: Int) {
    self.rowCount = rowCount
    self.columnCount = columnCount
  }

  /// Finds the triangle; a diagonal element at or below the tolerance times the first is zero.
  mutating func reduce(relativeTolerance: Double) {
    let m = rowCount
    let n = columnCount
    for j in 0..<n {
      pivots[j] = j
      squares[j] = Self.square(elements, from: j &* m, to: (j &+ 1) &* m)
    }
    rank = 0
    var first = 0.0
    for k in 0..<min(m, n) {
      bringLargest(to: k)
      let diagonal = reflect(k)
      if k == 0 { first = diagonal }
      if diagonal <= relativeTolerance * first { break }
      rank = k &+ 1
    }
  }

  /// Swaps the column with the largest remaining part to a place; ties go to the first.
  private mutating func bringLargest(to k: Int) {
    var best = k
    for j in k &+ 1..<max(columnCount, k &+ 1) where squares[j] > squares[best] { best = j }
    guard best != k else { return }
    pivots.swapAt(k, best)
    squares.swapAt(k, best)
    for i in 0..<rowCount { elements.swapAt(i &+ k &* rowCount, i &+ best &* rowCount) }
  }

  /// Reflects column k onto its diagonal element and returns the magnitude of that element.
  private mutating func reflect(_ k: Int) -> Double {
    let m = rowCount
    let size = length(elements.span.extracting(k &* m &+ k..<(k &+ 1) &* m))
    guard size > 0 else { return 0 }
    let alpha = elements[k &* m &+ k]
    let beta = alpha > 0 ? -size : size
    let factor = (beta - alpha) / beta
    let inverse = 1 / (alpha - beta)
    for i in k &+ 1..<max(m, k &+ 1) { elements[k &* m &+ i] *= inverse }
    elements[k &* m &+ k] = beta
    for j in k &+ 1..<max(columnCount, k &+ 1) {
      squares[j] = Self.apply(
        &elements, vector: k &* m, target: j &* m, from: k, to: m, factor)
    }
    Self.apply(elements, vector: k &* m, to: &right, from: k, to: m, factor)
    return size
  }

  private static func square(_ elements: [Double], from: Int, to: Int) -> Double {
    let column = elements.span.extracting(from..<to)
    return dotProduct(column, column)
  }

  /// Reflects one column and returns the sum of squares below its row `from`.
  private static func apply(
    _ elements: inout [Double],
    vector: Int,
    target: Int,
    from k: Int,
    to m: Int,
    _ factor: Double
  ) -> Double {
    var a = elements.mutableSpan
    var sum = a[target &+ k]
    for i in k &+ 1..<max(m, k &+ 1) { sum += a[vector &+ i] * a[target &+ i] }
    sum *= factor
    a[target &+ k] -= sum
    var square = 0.0
    for i in k &+ 1..<max(m, k &+ 1) {
      let value = a[target &+ i] - sum * a[vector &+ i]
      a[target &+ i] = value
      square += value * value
    }
    return square
  }

  /// Reflects the right-hand side.
  private static func apply(
    _ elements: [Double],
    vector: Int,
    to right: inout [Double],
    from k: Int,
    to m: Int,
    _ factor: Double
  ) {
    let a = elements.span
    var b = right.mutableSpan
    var sum = b[k]
    for i in k &+ 1..<max(m, k &+ 1) { sum += a[vector &+ i] * b[i] }
    sum *= factor
    b[k] -= sum
    for i in k &+ 1..<max(m, k &+ 1) { b[i] -= sum * a[vector &+ i] }
  }

  /// Solves for the least-squares solution of the basic form: dependent columns get zero.
  mutating func solve(into x: inout [Double]) {
    for k in stride(from: rank &- 1, through: 0, by: -1) {
      var sum = right[k]
      for j in k &+ 1..<max(rank, k &+ 1) { sum -= elements[k &+ j &* rowCount] * solution[j] }
      solution[k] = sum / elements[k &+ k &* rowCount]
    }
    for j in 0..<columnCount { x[pivots[j]] = j < rank ? solution[j] : 0 }
  }

  /// The square of the length of R⁻ᵀ Pᵀ x, for a full rank.
  mutating func transposedSolutionSquare(_ x: [Double]) -> Double {
    var square = 0.0
    for k in 0..<rank {
      var sum = x[pivots[k]]
      for i in 0..<k { sum -= elements[i &+ k &* rowCount] * solution[i] }
      solution[k] = sum / elements[k &+ k &* rowCount]
      square += solution[k] * solution[k]
    }
    return square
  }
}
