public import KeelNumerics
import KeelLinearAlgebra

/// The matrix P of a quadratic objective 1/2 x'Px, in the form that the caller has it.
///
/// Every consumer uses the structure; none expands it.
@nonexhaustive
public enum QuadraticTerm: Hashable, Sendable {
  /// A full positive semidefinite matrix; it may be singular.
  case dense(SymmetricMatrix)

  /// A diagonal matrix with non-negative elements; all zero for a linear program.
  case diagonal([Double])
}

extension QuadraticTerm {
  /// The number of rows and columns.
  public var order: Int {
    switch self {
    case .dense(let matrix): matrix.order
    case .diagonal(let values): values.count
    }
  }

  /// The diagonal elements.
  public var diagonal: [Double] {
    switch self {
    case .dense(let matrix): matrix.diagonal
    case .diagonal(let values): values
    }
  }

  /// The term multiplied by a number.
  ///
  /// - Parameter factor: The number; negative numbers make the term refused by the solver.
  /// - Returns: The term of the same form.
  public func multiplied(by factor: Double) -> QuadraticTerm {
    switch self {
    case .dense(let matrix):
      let elements = matrix.elements
      let scaled = [Double](capacity: elements.count) { output in
        for i in 0..<elements.count { output.append(elements[i] * factor) }
      }
      return .dense(SymmetricMatrix(lowerTriangleOf: scaled, order: matrix.order))
    case .diagonal(let values): return .diagonal(values.map { $0 * factor })
    }
  }

  /// The product P x, summed in a fixed order.
  package func times(_ x: [Double]) -> [Double] {
    switch self {
    case .dense(let matrix): SymmetricKernel.product(matrix, x)
    case .diagonal(let values): zip(values, x).map { $0 * $1 }
    }
  }

  /// The product |P| |x|, the scale of the rounding errors of ``times(_:)``.
  func absoluteTimes(_ x: [Double]) -> [Double] {
    switch self {
    case .dense(let matrix): SymmetricKernel.absoluteProduct(matrix, x)
    case .diagonal(let values): zip(values, x).map { ($0 * $1).magnitude }
    }
  }

  /// The term of the program in x̂ where x = scale ∘ x̂ and the objective is multiplied by `cost`,
  /// for the variables at some indices.
  func scaled(by scale: [Double], cost: Double, at indices: [Int]) -> QuadraticTerm {
    switch self {
    case .dense(let matrix):
      let n = matrix.order
      let elements = matrix.elements
      let count = indices.count
      let selected = [Double](capacity: count * count) { output in
        for j in indices {
          let factor = cost * scale[j]
          for i in indices { output.append(elements[i &+ j &* n] * scale[i] * factor) }
        }
      }
      return .dense(SymmetricMatrix(lowerTriangleOf: selected, order: count))
    case .diagonal(let values):
      return .diagonal(indices.map { values[$0] * scale[$0] * scale[$0] * cost })
    }
  }
}
