import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) derivatives to the accuracy that the condition allows; (2) a singular system is noticed
// and named; (3) one factorization for any number of directions.

/// The linear system of the optimality conditions at fixed active constraints.
///
/// ```text
/// | P_FF  A_WF' | | u |   | f |
/// | A_WF  0     | | w | = | g |
/// ```
struct OptimalitySystem: Sendable {
  /// Below this reciprocal condition, after scaling, the system is singular.
  static let leastReciprocalCondition = 1e-13

  /// Eigenvalues below this part of the largest are zero.
  private static let eigenvalueTolerance = 1e-12

  /// Passes that make the largest element of each row about one.
  private static let scalingPasses = 4

  /// Whether some direction of the variables changes neither conditions nor objective.
  private(set) var isFlat = false

  /// Whether the active rows are linearly dependent on the free variables.
  private(set) var hasDependentRows = false

  /// The number of free variables.
  let freeCount: Int

  private let matrix: SymmetricMatrix
  private let scale: [Double]
  private var factor: LDL?
  private var eigen: SymmetricEigen?

  /// - Parameters:
  ///   - matrix: The matrix above.
  ///   - freeCount: The order of P_FF.
  /// - Throws: ``OptimizationError/invalidValue(argument:index:got:allowed:)`` when an element
  ///   overflows.
  init(_ matrix: SymmetricMatrix, freeCount: Int) throws(OptimizationError) {
    self.freeCount = freeCount
    let order = matrix.order
    var scaled = matrix
    var scale = [Double](repeating: 1, count: order)
    for _ in 0..<Self.scalingPasses {
      var factors = [Double](repeating: 1, count: order)
      for j in 0..<order {
        var largest = 0.0
        let column = scaled.column(j)
        for i in 0..<order { largest = max(largest, column[i].magnitude) }
        if largest.isNormal {
          let exponent = -(Double(largest.exponent) / 2).rounded()
          factors[j] = Double(sign: .plus, exponent: Int(exponent), significand: 1)
        }
      }
      for j in 0..<order {
        for i in j..<order { scaled[i, j] *= factors[i] * factors[j] }
        scale[j] *= factors[j]
      }
    }
    self.matrix = scaled
    self.scale = scale
    do throws(LinearAlgebraError) {
      try factorize(scaled)
    } catch {
      throw .invalidValue(argument: "quadratic", index: 0, got: .nan, allowed: .finite)
    }
  }

  private mutating func factorize(_ scaled: SymmetricMatrix) throws(LinearAlgebraError) {
    if matrix.order == 0 { return }
    do throws(LinearAlgebraError) {
      let candidate = try LDL(scaled)
      if candidate.reciprocalCondition > Self.leastReciprocalCondition {
        factor = candidate
        return
      }
    } catch {
      // A zero pivot: the eigenvalues say more.
    }
    let eigen = try SymmetricEigen(scaled)
    self.eigen = eigen
    let largest = largestMagnitude(eigen.values)
    for (e, value) in eigen.values.enumerated()
    where value.magnitude <= Self.eigenvalueTolerance * largest {
      // Null vectors have a part (u, 0) or (0, w), or are sums of such.
      var variables = 0.0
      for i in 0..<freeCount { variables += eigen.vectors[i, e] * eigen.vectors[i, e] }
      if variables > Self.leastShare { isFlat = true }
      if 1 - variables > Self.leastShare { hasDependentRows = true }
    }
  }

  /// The squared part of a unit null vector that is not rounding.
  private static let leastShare = 1e-6

  /// Solves the system; where it is singular, for the solution of least length after scaling.
  func solve(_ right: [Double]) -> [Double] {
    let b = zip(right, scale).map { $0 * $1 }
    var v = solveOnce(b)
    if factor != nil {
      let product = SymmetricKernel.product(matrix, v)
      let correction = solveOnce(zip(b, product).map { $0 - $1 })
      v = sum(v, correction)
    }
    return zip(v, scale).map { $0 * $1 }
  }

  private func solveOnce(_ b: [Double]) -> [Double] {
    if b.isEmpty { return b }
    if let factor {
      return (try? factor.solve(b)) ?? [Double](repeating: .nan, count: b.count)
    }
    guard let eigen else { return [Double](repeating: .nan, count: b.count) }
    var result = [Double](repeating: 0, count: b.count)
    let largest = largestMagnitude(eigen.values)
    for (e, value) in eigen.values.enumerated()
    where value.magnitude > Self.eigenvalueTolerance * largest {
      var product = 0.0
      for i in b.indices { product += eigen.vectors[i, e] * b[i] }
      for i in b.indices { result[i] += product / value * eigen.vectors[i, e] }
    }
    return result
  }
}
