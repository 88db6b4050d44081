import KeelLinearAlgebra
import KeelNumerics

// Nesterov-Todd scaling of the cone of positive semidefinite matrices, from two Cholesky factors and
// one singular value decomposition. Todd, Toh and Tütüncü, SIAM J. Optim. 8 (1998); Vandenberghe, The
// CVXOPT linear and quadratic cone program solvers (2010).

/// The scaling W of one semidefinite cone: W(V) = R'VR, with W(Z) = W⁻ᵀ(S) = diag(λ).
///
/// A matrix is kept as the lower triangle, column after column, with elements off the diagonal
/// multiplied by √2, so that inner products are those of matrices.
struct SemidefiniteScaling {
  let offset: Int
  let order: Int
  private(set) var lambda: [Double]
  private var r: Matrix
  private var inverse: Matrix

  static let root2 = 2.0.squareRoot()

  init(offset: Int, order: Int) {
    self.offset = offset
    self.order = order
    lambda = [Double](repeating: 1, count: order)
    var identity = [Double](repeating: 0, count: order * order)
    for i in 0..<order { identity[i * (order + 1)] = 1 }
    r = Matrix(uncheckedRowCount: order, columnCount: order, storage: identity)
    inverse = r
  }

  /// The number of elements of the triangle.
  var count: Int { order * (order + 1) / 2 }

  /// Sets the scaling; false when a matrix is not positive definite.
  mutating func update(_ s: borrowing Span<Double>, _ z: borrowing Span<Double>) -> Bool {
    if order == 0 { return true }
    do throws(LinearAlgebraError) {
      let sFactor = try Cholesky(symmetricMatrix(s, offset)).lower
      let zFactor = try Cholesky(symmetricMatrix(z, offset)).lower
      var product = sFactor
      try product.setToProduct(zFactor, .transposed, sFactor, .none)
      let decomposition = try SVD(product)
      lambda = decomposition.values
      guard lambda.allSatisfy({ $0 > 0 }) else { return false }
      // R = L₁ V Λ^-½ and R⁻¹ = Λ^-½ U'L₂'.
      try r.setToProduct(sFactor, .none, decomposition.vTransposed, .transposed)
      try inverse.setToProduct(decomposition.u, .transposed, zFactor, .transposed)
      for j in 0..<order {
        let root = lambda[j].squareRoot()
        for i in 0..<order {
          r[i, j] /= root
          inverse[j, i] /= root
        }
      }
      return true
    } catch {
      return false
    }
  }

  /// The matrix of a triangle.
  func matrix(_ v: borrowing Span<Double>, _ start: Int) -> Matrix {
    var elements = [Double](repeating: 0, count: order * order)
    var p = start
    for j in 0..<order {
      elements[j * (order + 1)] = v[p]
      p += 1
      for i in (j + 1)..<max(order, j + 1) {
        let value = v[p] / Self.root2
        elements[i + j * order] = value
        elements[j + i * order] = value
        p += 1
      }
    }
    return Matrix(uncheckedRowCount: order, columnCount: order, storage: elements)
  }

  /// The symmetric matrix of a triangle.
  func symmetricMatrix(_ v: borrowing Span<Double>, _ start: Int) -> SymmetricMatrix {
    SymmetricMatrix(lowerTriangleOf: matrix(v, start).columnMajorElements, order: order)
  }

  /// Writes the triangle of a matrix, by the mean of both triangles.
  func store(_ matrix: Matrix, _ v: inout MutableSpan<Double>, _ start: Int) {
    let elements = matrix.elements
    var p = start
    for j in 0..<order {
      v[p] = elements[j * (order + 1)]
      p += 1
      for i in (j + 1)..<max(order, j + 1) {
        v[p] = (elements[i + j * order] + elements[j + i * order]) / Self.root2
        p += 1
      }
    }
  }

  /// v := op(M) V op(M)', all NaN when that cannot be computed.
  private func congruence(
    _ m: Matrix,
    _ transposition: Transposition,
    _ v: inout MutableSpan<Double>,
    _ start: Int
  ) {
    if order == 0 { return }
    do throws(LinearAlgebraError) {
      let argument = matrix(v.span, start)
      var half = argument
      var full = argument
      try half.setToProduct(m, transposition, argument, .none)
      try full.setToProduct(
        half, .none, m, transposition == .none ? .transposed : .none)
      store(full, &v, start)
    } catch {
      for i in start..<(start + count) { v[i] = .nan }
    }
  }

  /// v := W v = R'VR.
  func apply(_ v: inout MutableSpan<Double>, _ start: Int) { congruence(r, .transposed, &v, start) }

  /// v := W'v = RVR'.
  func applyTransposed(_ v: inout MutableSpan<Double>, _ start: Int) {
    congruence(r, .none, &v, start)
  }

  /// v := W⁻ᵀv = R⁻¹VR⁻ᵀ.
  func applyInverseTransposed(_ v: inout MutableSpan<Double>, _ start: Int) {
    congruence(inverse, .none, &v, start)
  }

  /// v := W⁻¹v = R⁻ᵀVR⁻¹.
  func applyInverse(_ v: inout MutableSpan<Double>, _ start: Int) {
    congruence(inverse, .transposed, &v, start)
  }

  /// The longest step from diag(λ) along a scaled direction, at most `limit`.
  func step(_ scaled: borrowing Span<Double>, _ start: Int, limit: Double) -> Double {
    if order == 0 { return limit }
    var d = matrix(scaled, start)
    for j in 0..<order {
      for i in 0..<order { d[i, j] /= (lambda[i] * lambda[j]).squareRoot() }
    }
    let symmetric = SymmetricMatrix(lowerTriangleOf: d.columnMajorElements, order: order)
    guard let least = Self.leastEigenvalue(symmetric) else { return 0 }
    return least < 0 ? min(limit, -1 / least) : limit
  }

  /// The smallest eigenvalue; nil when the matrix is not finite.
  static func leastEigenvalue(_ matrix: SymmetricMatrix) -> Double? {
    do throws(LinearAlgebraError) {
      return try SymmetricEigen.values(of: matrix).min() ?? 0
    } catch {
      return nil
    }
  }

  /// v := λ \ (a∘b − centering e): correction and centering of the combined step in scaled terms.
  func combine(
    _ a: borrowing Span<Double>,
    _ b: borrowing Span<Double>,
    centering: Double,
    _ v: inout MutableSpan<Double>,
    _ start: Int
  ) {
    if order == 0 { return }
    do throws(LinearAlgebraError) {
      let left = matrix(a, start)
      let right = matrix(b, start)
      var product = left
      try product.setToProduct(left, .none, right, .none)
      var result = product
      for j in 0..<order {
        for i in 0..<order {
          var sum = (product[i, j] + product[j, i]) / 2
          if i == j { sum -= centering }
          result[i, j] = 2 * sum / (lambda[i] + lambda[j])
        }
      }
      store(result, &v, start)
    } catch {
      for i in start..<(start + count) { v[i] = .nan }
    }
  }
}
