// H. Qi and D. Sun, "A quadratically convergent Newton method for computing the nearest correlation matrix", SIAM J.
// Matrix Anal. Appl. 28 (2006). The dual function
//
//   θ(y) = ‖(G + diag y)₊‖² / 2 − b'y
//
// is convex with a continuous gradient, diag (G + diag y)₊ − b. Newton's equation is solved by conjugate gradients with
// its diagonal as preconditioner. Weights turn G into D G D and b into the squares of D; a least eigenvalue τ is taken
// off first.

public import KeelData
import KeelLinearAlgebra
public import KeelNumerics

/// Finds the nearest correlation matrix.
///
/// ```text
/// minimize  Σ w(i) w(j) (X(i, j) − G(i, j))²   subject to  X(i, i) = 1,  X − τ I positive semidefinite
/// ```
///
/// Clipping eigenvalues, the usual repair, moves further and scales what was right. A matrix that satisfies the
/// conditions comes back as it is.
public struct NearestCorrelation: Hashable, Sendable {
  /// The least eigenvalue τ of the answer, 0 to below 1.
  public var leastEigenvalue: Double

  /// A positive weight w of each asset: how far its correlations are trusted; nil weighs all alike.
  public var weights: [Double]?

  /// Creates the method.
  ///
  /// - Parameters:
  ///   - leastEigenvalue: The least eigenvalue of the answer, 0 to below 1.
  ///   - weights: A positive weight of each asset; nil weighs all alike.
  public init(leastEigenvalue: Double = 0, weights: [Double]? = nil) {
    self.leastEigenvalue = leastEigenvalue
    self.weights = weights
  }

  /// A correlation matrix and how it was found.
  public struct Answer: Hashable, Sendable {
    /// The correlation matrix.
    public let matrix: SymmetricMatrix

    /// The Frobenius norm of what was added, without weights.
    public let distance: Double

    /// The largest residual of the conditions on the diagonal before the last scaling, which removes it.
    public let residual: Double

    /// The number of Newton steps.
    public let iterations: Int

    /// Whether the residual is as small as rounding lets it be; otherwise the matrix is a correlation matrix, but a
    /// nearer one may exist.
    public let isConverged: Bool
  }

  /// Finds the correlation matrix nearest to a symmetric matrix.
  ///
  /// - Parameter matrix: N × N, finite, elements −1 to 1 usually; its diagonal counts too.
  /// - Returns: The nearest correlation matrix.
  /// - Throws: `EstimationError.invalidValue` for settings and elements, `EstimationError.shapeMismatch`,
  ///   `EstimationError.eigenvaluesNotConverged`.
  /// - Complexity: O(N³) a Newton step, of which there are some ten.
  public func nearest(to matrix: SymmetricMatrix) throws(EstimationError) -> Answer {
    let roots = try checkedRoots(matrix)
    let n = matrix.order
    if n == 0 {
      return Answer(matrix: matrix, distance: 0, residual: 0, iterations: 0, isConverged: true)
    }
    if try isAllowed(matrix) {
      return Answer(matrix: matrix, distance: 0, residual: 0, iterations: 0, isConverged: true)
    }
    var search = DualOfCorrelations(matrix, roots, leastEigenvalue: leastEigenvalue)
    try search.run()
    var elements = try search.positivePart()
    let residual = search.residual(ofDiagonal: elements)
    // Rounding on the diagonal goes where it hurts no sign: X becomes F X F with a diagonal F.
    let share = 1 - leastEigenvalue
    let factors = (0..<n).map { i in
      let variance = elements[i * (n + 1)]
      return variance > 0 ? (share / variance).squareRoot() : 0
    }
    var distance = 0.0
    for j in 0..<n {
      for i in j..<n {
        let value = i == j ? 1 : elements[i + j * n] * factors[i] * factors[j]
        elements[i + j * n] = value
        let difference = value - matrix[i, j]
        distance += (i == j ? 1 : 2) * difference * difference
      }
    }
    return Answer(
      matrix: SymmetricMatrix(lowerTriangleOf: elements, order: n),
      distance: distance.squareRoot(), residual: residual, iterations: search.iterations,
      isConverged: residual <= DualOfCorrelations.tolerance * Double(n))
  }

  /// Replaces the correlations of a covariance by the nearest possible ones; the variances stay.
  ///
  /// Computed in the order of the assets' names: any order of them gives the same bits.
  ///
  /// - Parameter covariance: A covariance, every asset with variance; weights are in its order.
  /// - Returns: A positive semidefinite covariance, with the norm of what was added to it in the diagnostics.
  /// - Throws: As ``nearest(to:)``, and `EstimationError.zeroVariance`.
  public func repaired(_ covariance: Covariance) throws(EstimationError) -> Covariance {
    let universe = covariance.universe
    if let weights, weights.count != universe.count {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: universe.count)
    }
    let names = NameOrder(universe)
    var method = self
    method.weights = weights.map { names.values($0) }
    let matrix = covariance.matrix
    let repaired = try method.repaired(names.matrix(matrix)) { position in
      .zeroVariance(asset: universe.assets[names.order[position]], column: names.order[position])
    }
    var diagnostics = covariance.diagnostics
    diagnostics.repairNorm = repaired?.norm ?? diagnostics.repairNorm
    let result = repaired.map { names.restored($0.matrix) } ?? matrix
    return try Covariance(
      UnlabeledCovariance(form: .dense(result), diagnostics: diagnostics), over: universe)
  }

  /// The same for a matrix; nil where nothing is to be repaired.
  func repaired(
    _ matrix: SymmetricMatrix,
    zeroVariance: (Int) -> EstimationError
  ) throws(EstimationError) -> (matrix: SymmetricMatrix, norm: Double)? {
    let n = matrix.order
    let deviations = matrix.diagonal.map { max($0, 0).squareRoot() }
    if let constant = deviations.firstIndex(where: { !($0 > 0) }) { throw zeroVariance(constant) }
    var correlations = matrix
    for j in 0..<n {
      for i in j..<n {
        correlations[i, j] = i == j ? 1 : matrix[i, j] / deviations[i] / deviations[j]
      }
    }
    let answer = try nearest(to: correlations)
    if answer.iterations == 0 { return nil }
    var repaired = matrix
    var norm = 0.0
    for j in 0..<n {
      for i in (j + 1)..<max(n, j + 1) {
        repaired[i, j] = answer.matrix[i, j] * deviations[i] * deviations[j]
        let difference = repaired[i, j] - matrix[i, j]
        norm += 2 * difference * difference
      }
    }
    return (repaired, norm.squareRoot())
  }

  /// Checks what does not depend on a matrix.
  func requireSettings() throws(EstimationError) {
    guard leastEigenvalue >= 0, leastEigenvalue < 1 else {
      throw .invalidValue(
        argument: "leastEigenvalue", got: leastEigenvalue, lowest: 0, highest: 1.0.nextDown)
    }
  }

  /// The square roots of the weights, one for each row.
  private func checkedRoots(_ matrix: SymmetricMatrix) throws(EstimationError) -> [Double] {
    try requireSettings()
    let largest = 1e100
    if let place = matrix.firstNonFiniteElement {
      throw .invalidValue(
        argument: "matrix", got: matrix[place.row, place.column], lowest: -largest,
        highest: largest)
    }
    if let wild = matrix.matrix.columnMajorElements.first(where: { $0.magnitude > largest }) {
      throw .invalidValue(argument: "matrix", got: wild, lowest: -largest, highest: largest)
    }
    guard let weights else { return [Double](repeating: 1, count: matrix.order) }
    guard weights.count == matrix.order else {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: matrix.order)
    }
    let allowed = 1e-6...1e6
    if let wrong = weights.first(where: { !allowed.contains($0) }) {
      throw .invalidValue(
        argument: "weights", got: wrong, lowest: allowed.lowerBound, highest: allowed.upperBound)
    }
    return weights.map { $0.squareRoot() }
  }

  /// Whether a matrix satisfies all conditions.
  private func isAllowed(_ matrix: SymmetricMatrix) throws(EstimationError) -> Bool {
    guard matrix.diagonal.allSatisfy({ $0 == 1 }) else { return false }
    do throws(LinearAlgebraError) {
      let least = try SymmetricEigen.values(of: matrix).first ?? 1
      return least >= leastEigenvalue - Double(matrix.order) * Double.ulpOfOne
    } catch {
      throw EstimationError(error)
    }
  }
}
