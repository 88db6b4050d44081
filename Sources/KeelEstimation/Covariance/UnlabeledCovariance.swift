public import KeelData
import KeelLinearAlgebra
public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A covariance estimate of data without asset names, in the order of their columns.
public struct UnlabeledCovariance: Hashable, Sendable {
  /// The N × N matrix, or the parts of a factor model, per period.
  public let form: Covariance.Form

  /// What the estimator found out.
  public internal(set) var diagnostics: CovarianceDiagnostics

  /// Collects an estimate.
  ///
  /// - Parameters:
  ///   - form: The N × N matrix, or the parts of a factor model, per period.
  ///   - diagnostics: What the estimator found out.
  public init(
    form: Covariance.Form,
    diagnostics: CovarianceDiagnostics = CovarianceDiagnostics()
  ) {
    self.form = form
    self.diagnostics = diagnostics
  }

  /// An estimate from a lower triangle.
  init(lowerTriangle: consuming [Double], order: Int, shrinkageIntensity: Double? = nil) {
    self.init(
      form: .dense(SymmetricMatrix(lowerTriangleOf: lowerTriangle, order: order)),
      diagnostics: CovarianceDiagnostics(shrinkageIntensity: shrinkageIntensity))
  }

  /// The N × N matrix, per period.
  ///
  /// - Complexity: O(1) for a matrix, O(N² K) for a factor model.
  public var matrix: SymmetricMatrix {
    switch form {
    case .dense(let matrix): matrix
    case .factor(let parts): parts.matrix
    }
  }
}

/// Says which diagnostics of a covariance are computed.
@nonexhaustive
public enum CovarianceExamination: Hashable, Sendable {
  /// Those that cost nothing: the number of observations and the shrinkage intensity.
  case basic

  /// Also least eigenvalue, condition number and effective rank: one eigenvalue decomposition,
  /// O(N³).
  case eigenvalues
}

extension CovarianceDiagnostics {
  /// Adds what the eigenvalues say about a positive semidefinite matrix.
  mutating func examine(_ matrix: SymmetricMatrix) throws(EstimationError) {
    let values: [Double]
    do throws(LinearAlgebraError) {
      values = try SymmetricEigen.values(of: matrix)
    } catch {
      throw EstimationError(error)
    }
    guard let least = values.min(), let largest = values.max() else { return }
    leastEigenvalue = least
    conditionNumber = least > 0 ? largest / least : .infinity
    // Rounding can leave eigenvalues of a singular matrix slightly below zero.
    let shares = values.map { max($0, 0) / largest }
    let total = shares.reduce(0, +)
    let entropy = shares.reduce(0.0) { sum, share in
      share > 0 ? sum - share / total * log(share / total) : sum
    }
    effectiveRank = largest > 0 ? exp(entropy) : 0
  }
}

extension Covariance {
  /// Labels an estimate.
  init(_ estimate: UnlabeledCovariance, over universe: Universe) throws(EstimationError) {
    do throws(DataError) {
      switch estimate.form {
      case .dense(let matrix):
        self = try Covariance(
          universe: universe, dense: matrix, definiteness: .byConstruction,
          diagnostics: estimate.diagnostics)
      case .factor(let parts):
        self = try Covariance(
          universe: universe, factor: parts, diagnostics: estimate.diagnostics)
      }
    } catch {
      throw .notRepresentable(result: "covariance")
    }
  }
}
