import KeelLinearAlgebra
import KeelNumerics

// Nesterov-Todd scaling of the cone of positive semidefinite matrices, from two Cholesky factors and
// one singular value decomposition. Todd, Toh and Tütüncü, SIAM J. Optim. 8 (1998); Vandenberghe, The
// CVXOPT linear and quadratic cone program solvers (2010).

/// The scaling W of one semidefinite cone: W(V) = R'VR, with W(Z) = W⁻ᵀ(S) = diag(λ).
///
/// A matrix is kept as the lower triangle, column after column, with elements off the diagonal
/// multiplied by √2, so that inner products are those of matrices. All memory is taken by the first
/// use and kept.
struct SemidefiniteScaling {
  let offset: Int
  let order: Int
  private(set) var lambda: [Double]
  private var r: Matrix
  private var inverse: Matrix
  /// Room for the factors of products and for their results.
  private var left: Matrix
  private var right: Matrix
  private var product: Matrix
  /// Room for a symmetric matrix, of which the lower triangle counts.
  private var triangle: [Double]
  private var spectrum = WorkingSpectrum()

  static let root2 = 2.0.squareRoot()

  init(offset: Int, order: Int) {
    self.offset = offset
    self.order = order
    lambda = [Double](repeating: 1, count: order)
    triangle = [Double](repeating: 0, count: order * order)
    for i in 0..<order { triangle[i * (order + 1)] = 1 }
    r = Matrix(uncheckedRowCount: order, columnCount: order, storage: triangle)
    inverse = r
    left = r
    right = r
    product = r
  }

  /// The number of elements of the triangle.
  var count: Int { order * (order + 1) / 2 }

  /// Sets the scaling; false when a matrix is not positive definite.
  mutating func update(_ s: borrowing Span<Double>, _ z: borrowing Span<Double>) -> Bool {
    if order == 0 { return true }
    Self.fill(&left, with: s, offset)
    Self.fill(&right, with: z, offset)
    guard WorkingSpectrum.setLowerFactor(&left), WorkingSpectrum.setLowerFactor(&right) else {
      return false
    }
    guard product.setToFiniteProduct(right, .transposed, left, .none),
      spectrum.decompose(product)
    else { return false }
    lambda.copyElements(of: spectrum.singularValues)
    // R = L₁ V Λ^-½ and R⁻¹ = Λ^-½ U'L₂'.
    guard lambda.allSatisfy({ $0 > 0 }),
      r.setToFiniteProduct(left, .none, spectrum.rightTransposed, .transposed),
      inverse.setToFiniteProduct(spectrum.left, .transposed, right, .transposed)
    else { return false }
    for j in 0..<order {
      let root = lambda[j].squareRoot()
      for i in 0..<order {
        r[i, j] /= root
        inverse[j, i] /= root
      }
    }
    return true
  }

  /// Sets a square matrix to that of a triangle.
  private static func fill(_ matrix: inout Matrix, with v: borrowing Span<Double>, _ start: Int) {
    let order = matrix.rowCount
    var elements = matrix.mutableElements
    var p = start
    for j in 0..<order {
      elements[j &* (order &+ 1)] = v[p]
      p += 1
      for i in (j + 1)..<max(order, j + 1) {
        let value = v[p] / root2
        elements[i &+ j &* order] = value
        elements[j &+ i &* order] = value
        p += 1
      }
    }
  }

  /// Writes the triangle of a matrix, by the mean of both triangles.
  private static func store(_ matrix: Matrix, _ v: inout MutableSpan<Double>, _ start: Int) {
    let order = matrix.rowCount
    let elements = matrix.elements
    var p = start
    for j in 0..<order {
      v[p] = elements[j * (order + 1)]
      p += 1
      for i in (j + 1)..<max(order, j + 1) {
        v[p] = (elements[i + j * order] + elements[j + i * order]) / root2
        p += 1
      }
    }
  }

  private func spoil(_ v: inout MutableSpan<Double>, _ start: Int) {
    for i in start..<(start + count) { v[i] = .nan }
  }
}

// MARK: - Products

extension SemidefiniteScaling {
  /// v := W v = R'VR.
  mutating func apply(_ v: inout MutableSpan<Double>, _ start: Int) {
    congruence(r, .transposed, &v, start)
  }

  /// v := W'v = RVR'.
  mutating func applyTransposed(_ v: inout MutableSpan<Double>, _ start: Int) {
    congruence(r, .none, &v, start)
  }

  /// v := W⁻ᵀv = R⁻¹VR⁻ᵀ.
  mutating func applyInverseTransposed(_ v: inout MutableSpan<Double>, _ start: Int) {
    congruence(inverse, .none, &v, start)
  }

  /// v := W⁻¹v = R⁻ᵀVR⁻¹.
  mutating func applyInverse(_ v: inout MutableSpan<Double>, _ start: Int) {
    congruence(inverse, .transposed, &v, start)
  }

  /// v := op(M) V op(M)', all NaN when that cannot be computed.
  private mutating func congruence(
    _ m: Matrix,
    _ transposition: Transposition,
    _ v: inout MutableSpan<Double>,
    _ start: Int
  ) {
    if order == 0 { return }
    Self.fill(&left, with: v.span, start)
    let other = transposition == .none ? Transposition.transposed : .none
    guard product.setToFiniteProduct(m, transposition, left, .none),
      left.setToFiniteProduct(product, .none, m, other)
    else { return spoil(&v, start) }
    Self.store(left, &v, start)
  }

  /// v := λ \ (a∘b − centering e): correction and centering of the combined step in scaled terms.
  mutating func combine(
    _ a: borrowing Span<Double>,
    _ b: borrowing Span<Double>,
    centering: Double,
    _ v: inout MutableSpan<Double>,
    _ start: Int
  ) {
    if order == 0 { return }
    Self.fill(&left, with: a, start)
    Self.fill(&right, with: b, start)
    guard product.setToFiniteProduct(left, .none, right, .none) else { return spoil(&v, start) }
    for j in 0..<order {
      for i in 0..<order {
        var sum = (product[i, j] + product[j, i]) / 2
        if i == j { sum -= centering }
        left[i, j] = 2 * sum / (lambda[i] + lambda[j])
      }
    }
    Self.store(left, &v, start)
  }
}

// MARK: - Distances

extension SemidefiniteScaling {
  /// The longest step from diag(λ) along a scaled direction, at most `limit`.
  mutating func step(_ scaled: borrowing Span<Double>, _ start: Int, limit: Double) -> Double {
    if order == 0 { return limit }
    setTriangle(scaled, start)
    for j in 0..<order {
      for i in j..<order { triangle[i + j * order] /= (lambda[i] * lambda[j]).squareRoot() }
    }
    guard let least = spectrum.leastEigenvalue(triangle, order: order) else { return 0 }
    return least < 0 ? min(limit, -1 / least) : limit
  }

  /// The smallest eigenvalue of the matrix of a triangle; nil when it is not finite.
  mutating func leastEigenvalue(_ v: borrowing Span<Double>, _ start: Int) -> Double? {
    setTriangle(v, start)
    return spectrum.leastEigenvalue(triangle, order: order)
  }

  private mutating func setTriangle(_ v: borrowing Span<Double>, _ start: Int) {
    var p = start
    for j in 0..<order {
      for i in j..<order {
        triangle[i + j * order] = i == j ? v[p] : v[p] / Self.root2
        p += 1
      }
    }
  }
}
