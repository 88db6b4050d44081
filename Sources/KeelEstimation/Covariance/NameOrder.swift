import KeelData
import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The order of the assets' names, in which labeled values are computed.
struct NameOrder {
  /// The place of each position in the universe.
  let order: [Int]

  private let positions: [Int]

  init(_ universe: Universe) {
    let order = universe.positionsByName
    var positions = order
    for (position, place) in order.enumerated() { positions[place] = position }
    self.order = order
    self.positions = positions
  }

  /// A matrix brought into the order of names.
  func matrix(_ matrix: SymmetricMatrix) -> SymmetricMatrix { matrix.submatrix(at: order) }

  /// Numbers brought into the order of names.
  func values(_ values: [Double]) -> [Double] { order.map { values[$0] } }

  /// A matrix in the order of names brought back.
  func restored(_ matrix: SymmetricMatrix) -> SymmetricMatrix { matrix.submatrix(at: positions) }

  /// Numbers in the order of names brought back.
  func restored(_ values: [Double]) -> [Double] { positions.map { values[$0] } }
}

extension SymmetricMatrix {
  /// Whether the correlations are positive semidefinite up to rounding, whatever the sizes of the variances are.
  func isSemidefinite() throws(EstimationError) -> Bool {
    let deviations = diagonal.map { Swift.max($0, 0).squareRoot() }
    var correlations = self
    for j in 0..<order {
      for i in j..<order {
        let size = deviations[i] * deviations[j]
        if size == 0, self[i, j] != 0 { return false }
        correlations[i, j] = i == j ? 1 : size > 0 ? self[i, j] / deviations[i] / deviations[j] : 0
      }
    }
    do throws(LinearAlgebraError) {
      let values = try SymmetricEigen.values(of: correlations)
      return (values.first ?? 0) >= -Double(order) * Double.ulpOfOne * (values.last ?? 0)
    } catch {
      throw EstimationError(error)
    }
  }
}

/// A covariance factored through its correlations, so that the sizes of variances do not count as singular.
struct StandardizedCholesky {
  private let factor: Cholesky
  private let deviations: [Double]

  /// - Throws: `EstimationError.notPositiveDefinite` where double precision knows no inverse.
  init(_ matrix: SymmetricMatrix) throws(EstimationError) {
    let deviations = matrix.diagonal.map { $0.squareRoot() }
    guard deviations.allSatisfy({ $0 > 0 && $0.isFinite }) else { throw .notPositiveDefinite }
    var correlations = matrix
    for j in 0..<matrix.order {
      for i in j..<matrix.order {
        correlations[i, j] = i == j ? 1 : matrix[i, j] / deviations[i] / deviations[j]
      }
    }
    guard let factor = try? Cholesky(correlations),
      factor.reciprocalCondition > Double(matrix.order) * Double.ulpOfOne
    else { throw .notPositiveDefinite }
    self.factor = factor
    self.deviations = deviations
  }

  /// ln det Σ.
  var logDeterminant: Double {
    deviations.reduce(factor.logDeterminant) { $0 + 2 * log($1) }
  }

  /// Σ⁻¹ b.
  func solve(_ b: [Double]) throws(EstimationError) -> [Double] {
    let scaled = zip(b, deviations).map { $0 / $1 }
    guard let solution = try? factor.solve(scaled) else { throw .notPositiveDefinite }
    return zip(solution, deviations).map { $0 / $1 }
  }
}
