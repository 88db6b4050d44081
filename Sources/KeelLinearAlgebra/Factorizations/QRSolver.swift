public import KeelNumerics

/// Solves least-squares problems of one shape again and again by a pivoted QR factorization.
///
/// All memory is taken at the start; ``factor(_:)`` and ``solve(_:into:)`` allocate nothing. Keep
/// one solver a thread: it cannot be copied.
///
/// ```text
/// A P = Q R,  |r₀₀| ≥ |r₁₁| ≥ …
/// ```
///
/// The rank is the number of diagonal elements of R above `relativeTolerance · |r₀₀|`. With
/// deficient rank the solution is the basic one: the dependent columns get zero.
/// ``LeastSquares`` gives the one of least norm.
///
/// Method: LAPACK `dgeqp3`, `dormqr` and a triangular solve. Reference: Golub and Van Loan, Matrix
/// Computations (2013), section 5.5; Quintana-Ortí, Sun and Bischof, SIAM J. Sci. Comput. 19
/// (1998).
public struct QRSolver: ~Copyable, Sendable {
  /// The number of rows.
  public let rowCount: Int

  /// The number of columns.
  public let columnCount: Int

  /// A diagonal element of R at or below this times the first one counts as zero.
  public let relativeTolerance: Double

  private(set) var storage: [Double]
  private(set) var tau: [Double]
  private var pivotStorage: [Int32]
  private var work: [Double]
  private var transformed: [Double]
  private var rankStorage = 0
  private var isFactored = false

  /// Takes the memory for problems of one shape.
  ///
  /// - Parameters:
  ///   - rowCount: The number of rows; zero or more.
  ///   - columnCount: The number of columns; zero or more.
  ///   - relativeTolerance: The tolerance for the rank; by default `max(rows, columns) · ε`.
  /// - Throws: `countOutOfRange` when a count is negative or the matrix does not fit 32 bits;
  ///   `notFinite` for a bad tolerance.
  public init(
    rowCount: Int,
    columnCount: Int,
    relativeTolerance: Double? = nil
  ) throws(LinearAlgebraError) {
    let rectangle = try Workspace.rectangle(rowCount: rowCount, columnCount: columnCount)
    let largest = Swift.max(rowCount, columnCount)
    let tolerance = relativeTolerance ?? (Double(largest) * Double.ulpOfOne)
    try Gate.finite(tolerance, "relativeTolerance")
    let length = try QRRoutines.workspace(rowCount: rowCount, columnCount: columnCount)
    storage = rectangle
    self.relativeTolerance = Swift.max(tolerance, 0)
    tau = [Double](repeating: 0, count: Swift.min(rowCount, columnCount))
    pivotStorage = [Int32](repeating: 0, count: columnCount)
    work = [Double](repeating: 0, count: length)
    transformed = [Double](repeating: 0, count: rowCount)
    self.rowCount = rowCount
    self.columnCount = columnCount
  }

  /// Factors a matrix, which replaces the factor of the one before.
  ///
  /// - Parameter a: A finite matrix of this shape.
  /// - Throws: `shapeMismatch`, `notFinite` with the place of the element, `overflow` when the
  ///   factor leaves the range of `Double`. The solver then holds no factor.
  /// - Complexity: O(m · n²) for m ≥ n.
  public mutating func factor(_ a: borrowing Matrix) throws(LinearAlgebraError) {
    isFactored = false
    try Gate.equal(a.rowCount, rowCount, "matrix")
    try Gate.equal(a.columnCount, columnCount, "matrix")
    try QRRoutines.factor(a, into: &storage, pivots: &pivotStorage, tau: &tau, work: &work)
    rankStorage = 0
    if !tau.isEmpty {
      let limit = relativeTolerance * storage[0].magnitude
      while rankStorage < tau.count,
        storage[rankStorage &+ rankStorage &* rowCount].magnitude > limit
      { rankStorage += 1 }
    }
    isFactored = true
  }

  /// Finds the x that makes ‖A x − b‖ least, of the basic form where the rank is deficient.
  ///
  /// - Parameters:
  ///   - b: As many numbers as rows.
  ///   - x: As many numbers as columns, to be filled.
  /// - Returns: ‖A x − b‖, from the rotated right-hand side.
  /// - Throws: `shapeMismatch`, also when no matrix has been factored; `notFinite`; `overflow`.
  /// - Complexity: O(m · n).
  @discardableResult
  public mutating func solve(
    _ b: Span<Double>,
    into x: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) -> Double {
    try Gate.ready(isFactored, rowCount)
    try Gate.equal(b.count, rowCount, "right-hand side")
    try Gate.equal(x.count, columnCount, "solution")
    try Gate.finite(b, "right-hand side")
    for i in 0..<rowCount { transformed[i] = b[i] }
    try QRRoutines.apply(
      factor: storage, tau: tau, rowCount: rowCount, .transposed, to: &transformed, work: &work)
    let residual = Norms.euclidean(transformed.span.extracting(rankStorage..<rowCount))
    try QRRoutines.solveUpper(
      factor: storage, rowCount: rowCount, rank: rankStorage, &transformed)
    for j in 0..<columnCount {
      x[Int(pivotStorage[j]) &- 1] = j < rankStorage ? transformed[j] : 0
    }
    return residual
  }

  /// The number of independent columns of the last matrix.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been factored.
  public var rank: Int {
    get throws(LinearAlgebraError) {
      try Gate.ready(isFactored, rowCount)
      return rankStorage
    }
  }

  /// Which column of the last matrix stands at each column of R.
  ///
  /// - Throws: `shapeMismatch` when no matrix has been factored.
  public var pivots: [Int] {
    get throws(LinearAlgebraError) {
      try Gate.ready(isFactored, rowCount)
      return pivotStorage.map { Int($0) - 1 }
    }
  }
}
