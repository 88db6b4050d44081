// Goals in order: the optimum with its proof, speed.
//
// The columns of the covariance in turn, each a lasso (J. Friedman, T. Hastie, R. Tibshirani, "Sparse inverse covariance
// estimation with the graphical lasso", Biostatistics 9, 2008), from a start inside the bounds of the dual problem,
// whose objective then rises at each step (R. Mazumder, T. Hastie, "The graphical lasso: new insights and alternatives",
// Electronic Journal of Statistics 6, 2012). Newton's method (QUIC) was slower: the common factor of returns makes its quadratic
// models badly conditioned.
// Assets that no covariance above the penalty connects are solved apart (D. Witten, J. Friedman, N. Simon, "New insights and
// faster computations for the graphical lasso", Journal of Computational and Graphical Statistics 20, 2011).

import KeelLinearAlgebra
public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The sparse inverse of a covariance matrix, with its proof.
///
/// ```text
/// minimize  −ln det Θ + tr(S Θ) + λ Σ |Θ(i, j)| over i ≠ j
/// ```
public struct SparseInverse: Hashable, Sendable {
  /// When the search ends.
  public struct Settings: Hashable, Sendable {
    /// The largest violation of the optimality conditions, relative to the variances; below their rounding the search
    /// ends there, not converged.
    public var relativeTolerance = 1e-10

    /// The largest number of sweeps over the columns of a component; some thirty are usual.
    public var maximumIterations = 2000

    /// Creates the default settings.
    public init() {}
  }

  /// The inverse of ``precision``.
  public let covariance: SymmetricMatrix

  /// Θ.
  public let precision: SymmetricMatrix

  /// The objective at Θ less the best bound found: the optimum is not further below than this.
  public let dualityGap: Double

  /// The largest violation of the optimality conditions, relative to the variances.
  public let residual: Double

  /// The number of sweeps of the component that took most.
  public let iterations: Int

  /// The number of groups of assets that have no covariance above the penalty with others.
  public let componentCount: Int

  /// Whether the residual is within the tolerance.
  public let isConverged: Bool

  /// Solves.
  ///
  /// - Parameters:
  ///   - matrix: A covariance matrix, N × N, positive semidefinite with a positive diagonal.
  ///   - penalty: The penalty λ in units of the matrix, above 0; the diagonal is free.
  ///   - settings: When the search ends.
  /// - Throws: `EstimationError.invalidValue` for the penalty, the settings or the matrix,
  ///   `EstimationError.zeroVariance`, `EstimationError.notRepresentable`.
  /// - Complexity: A sweep takes O(K N) for each pass and each conjugate-gradient step that its columns need, for K
  ///   elements of Θ that are not zero; a few of them are usual. A matrix without full rank and a penalty far below its
  ///   elements may need a thousand passes of 50 steps a column, and then still end not converged: with 200 assets, 50
  ///   observations and a penalty of a thousandth of the variance a sweep took a second.
  public init(
    _ matrix: SymmetricMatrix,
    penalty: Double,
    settings: Settings = Settings()
  ) throws(EstimationError) {
    try Self.validate(matrix, penalty, settings)
    let n = matrix.order
    // Units in which the diagonal is one for a penalty of each pair: the problem is the same.
    let deviations = matrix.diagonal.map { $0.squareRoot() }
    var covariance = [Double](repeating: 0, count: n * n)
    var precision = covariance
    var (gap, residual, iterations, isConverged) = (0.0, 0.0, 0, true)
    let components = Self.components(matrix, penalty)
    for component in components {
      let part = try SparseInverseSearch(
        matrix, component, deviations, penalty: penalty, settings: settings)
      gap += part.gap
      residual = max(residual, part.residual)
      iterations = max(iterations, part.iterations)
      isConverged = isConverged && part.isConverged
      let m = component.count
      for (b, j) in component.enumerated() {
        for a in b..<m {
          let i = component[a]
          let scale = deviations[i] * deviations[j]
          covariance[i + j * n] = part.inverse[a + b * m] * scale
          precision[i + j * n] = part.elements[a + b * m] / scale
        }
      }
    }
    guard covariance.allSatisfy(\.isFinite), precision.allSatisfy(\.isFinite) else {
      throw .notRepresentable(result: "precision")
    }
    self.covariance = SymmetricMatrix(lowerTriangleOf: covariance, order: n)
    self.precision = SymmetricMatrix(lowerTriangleOf: precision, order: n)
    self.residual = residual
    self.iterations = iterations
    self.isConverged = isConverged
    dualityGap = gap
    componentCount = components.count
  }

  private static func validate(
    _ matrix: SymmetricMatrix,
    _ penalty: Double,
    _ settings: Settings
  ) throws(EstimationError) {
    guard penalty > 0, penalty.isFinite else {
      throw .invalidValue(
        argument: "penalty", got: penalty, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    guard settings.relativeTolerance > 0, settings.relativeTolerance < 1 else {
      throw .invalidValue(
        argument: "relativeTolerance", got: settings.relativeTolerance,
        lowest: .leastNonzeroMagnitude, highest: 1)
    }
    guard settings.maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(settings.maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
    if let place = matrix.firstNonFiniteElement {
      throw .invalidValue(
        argument: "matrix", got: matrix[place.row, place.column],
        lowest: -.greatestFiniteMagnitude, highest: .greatestFiniteMagnitude)
    }
    if let column = matrix.diagonal.firstIndex(where: { !($0 > 0) }) {
      throw .zeroVariance(asset: nil, column: column)
    }
  }

  /// The groups that elements above the penalty connect, by their first member.
  private static func components(_ matrix: SymmetricMatrix, _ penalty: Double) -> [[Int]] {
    let n = matrix.order
    var isFree = [Bool](repeating: true, count: n)
    var components: [[Int]] = []
    for first in 0..<n where isFree[first] {
      isFree[first] = false
      var members = [first]
      var next = 0
      while next < members.count {
        let column = matrix.column(members[next])
        for i in 0..<n where isFree[i] && column[i].magnitude > penalty {
          isFree[i] = false
          members.append(i)
        }
        next += 1
      }
      components.append(members.sorted())
    }
    return components
  }
}
