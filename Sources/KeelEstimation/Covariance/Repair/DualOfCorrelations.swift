import KeelLinearAlgebra
import KeelNumerics

/// Newton's method on the dual function of the nearest correlation matrix.
struct DualOfCorrelations {
  private let order: Int
  /// D (G − τ I) D.
  private let target: SymmetricMatrix
  /// The diagonal that the positive part must have.
  private let diagonal: [Double]
  private let roots: [Double]

  private var multipliers: [Double]
  private var values: [Double] = []
  private var vectors: Matrix
  private(set) var iterations = 0

  /// The residual that counts as none, for each row.
  static let tolerance = 1e-13

  private static let mostIterations = 60
  private static let mostHalvings = 30
  private static let sufficientPart = 1e-4
  private static let mostConjugateSteps = 200

  init(_ matrix: SymmetricMatrix, _ roots: [Double], leastEigenvalue: Double) {
    let n = matrix.order
    order = n
    self.roots = roots
    var target = matrix
    for j in 0..<n {
      for i in j..<n {
        target[i, j] = (matrix[i, j] - (i == j ? leastEigenvalue : 0)) * roots[i] * roots[j]
      }
    }
    self.target = target
    diagonal = roots.map { (1 - leastEigenvalue) * $0 * $0 }
    multipliers = (0..<n).map { [diagonal] in diagonal[$0] - target[$0, $0] }
    vectors = Matrix(uncheckedRowCount: 0, columnCount: 0, storage: [])
  }

  /// Runs until the residual is rounding, or no step improves.
  mutating func run() throws(EstimationError) {
    var value = try decompose(multipliers)
    var gradient = try gradient()
    while iterations < Self.mostIterations {
      let size = largest(gradient)
      if size <= Self.tolerance { return }
      iterations += 1
      let step = try newtonStep(gradient, tolerance: min(0.1, size))
      let slope = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      guard slope < 0 else { return }
      let start = multipliers
      var length = 1.0
      var isAccepted = false
      for _ in 0..<Self.mostHalvings {
        let next = zip(start, step).map { $0 + length * $1 }
        let nextValue = try decompose(next)
        let nextGradient = try self.gradient()
        // Where rounding hides the decrease of the function the gradient tells.
        let isLower = nextValue <= value + Self.sufficientPart * length * slope
        if isLower || largest(nextGradient) <= 0.5 * size {
          (multipliers, value, gradient) = (next, nextValue, nextGradient)
          isAccepted = true
          break
        }
        length /= 2
      }
      if !isAccepted {
        _ = try decompose(start)
        return
      }
    }
  }

  /// (G + diag y)₊ without the weights, the lower triangle.
  func positivePart() throws(EstimationError) -> [Double] {
    var elements = try SymmetricEigen.product(vectors, 0..<order) { values[$0] }
    for j in 0..<order {
      for i in j..<order { elements[i + j * order] /= roots[i] * roots[j] }
    }
    return elements
  }

  /// The largest distance of a diagonal without weights from what it must be.
  func residual(ofDiagonal elements: [Double]) -> Double {
    (0..<order).reduce(0) { largest, i in
      max(largest, (elements[i * (order + 1)] - diagonal[i] / (roots[i] * roots[i])).magnitude)
    }
  }

  private func largest(_ gradient: [Double]) -> Double {
    zip(gradient, diagonal).reduce(0) { max($0, ($1.0 / $1.1).magnitude) }
  }

  /// The dual function at multipliers, with the decomposition that belongs to it.
  private mutating func decompose(_ y: [Double]) throws(EstimationError) -> Double {
    var shifted = target
    for i in 0..<order { shifted[i, i] += y[i] }
    do throws(LinearAlgebraError) {
      let eigen = try SymmetricEigen(shifted)
      values = eigen.values
      vectors = eigen.vectors
    } catch {
      throw EstimationError(error)
    }
    let squares = values.reduce(0) { $1 > 0 ? $0 + $1 * $1 : $0 }
    return squares / 2 - zip(diagonal, y).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func gradient() throws(EstimationError) -> [Double] {
    var result = diagonal.map { -$0 }
    for k in 0..<order where values[k] > 0 {
      let vector = vectors.column(k)
      for i in 0..<order { result[i] += values[k] * vector[i] * vector[i] }
    }
    return result
  }

  /// The slopes of the positive parts of the eigenvalues: first divided differences.
  private func slopes() -> Matrix {
    let storage = [Double](capacity: order * order) { output in
      for l in 0..<order {
        for k in 0..<order {
          let (a, b) = (values[k], values[l])
          if a > 0 && b > 0 {
            output.append(1)
          } else if a <= 0 && b <= 0 {
            output.append(0)
          } else {
            output.append(max(a, b) / (max(a, b) - min(a, b)))
          }
        }
      }
    }
    return Matrix(uncheckedRowCount: order, columnCount: order, storage: storage)
  }

  /// Solves V h = −gradient by conjugate gradients.
  private func newtonStep(
    _ gradient: [Double],
    tolerance: Double
  ) throws(EstimationError) -> [Double] {
    let slopes = slopes()
    let preconditioner = try preconditioner(slopes)
    var solution = [Double](repeating: 0, count: order)
    var rest = gradient.map { -$0 }
    var scaled = zip(rest, preconditioner).map { $0 / $1 }
    var direction = scaled
    var product = zip(rest, scaled).reduce(0) { $0 + $1.0 * $1.1 }
    let target = tolerance * rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for _ in 0..<Self.mostConjugateSteps {
      let image = try curvature(direction, slopes)
      let bend = zip(direction, image).reduce(0) { $0 + $1.0 * $1.1 }
      guard bend > 0 else { break }
      let length = product / bend
      for i in 0..<order {
        solution[i] += length * direction[i]
        rest[i] -= length * image[i]
      }
      if rest.reduce(0, { $0 + $1 * $1 }).squareRoot() <= target { break }
      scaled = zip(rest, preconditioner).map { $0 / $1 }
      let next = zip(rest, scaled).reduce(0) { $0 + $1.0 * $1.1 }
      for i in 0..<order { direction[i] = scaled[i] + next / product * direction[i] }
      product = next
    }
    return solution
  }

  /// diag(P (Ω ∘ (P' diag(h) P)) P'), with a little of the identity against a singular one.
  private func curvature(_ h: [Double], _ slopes: Matrix) throws(EstimationError) -> [Double] {
    let ridge = 1e-14
    var scaled = vectors
    for k in 0..<order {
      for i in 0..<order { scaled[i, k] *= h[i] }
    }
    do throws(LinearAlgebraError) {
      var inner = try vectors.transposed * scaled
      for l in 0..<order {
        for k in 0..<order { inner[k, l] *= slopes[k, l] }
      }
      let outer = try vectors * inner
      var result = h.map { ridge * $0 }
      for k in 0..<order {
        let (left, right) = (outer.column(k), vectors.column(k))
        for i in 0..<order { result[i] += left[i] * right[i] }
      }
      return result
    } catch {
      throw EstimationError(error)
    }
  }

  /// The diagonal of V: Σ over k and l of P(i, k)² Ω(k, l) P(i, l)².
  private func preconditioner(_ slopes: Matrix) throws(EstimationError) -> [Double] {
    let least = 1e-8
    var squares = vectors
    for k in 0..<order {
      for i in 0..<order { squares[i, k] *= squares[i, k] }
    }
    do throws(LinearAlgebraError) {
      let products = try squares * slopes
      return (0..<order).map { i in
        max((0..<order).reduce(0) { $0 + products[i, $1] * squares[i, $1] }, least)
      }
    } catch {
      throw EstimationError(error)
    }
  }
}
