public import KeelData
import KeelNumerics

/// How much of a portfolio's volatility comes from each asset (Euler's decomposition).
///
/// ```text
/// σ = √(w'Σw),   contribution_i = w_i (Σw)_i / σ,   Σ contribution_i = σ
/// ```
///
/// A hedge has a negative contribution. Reference: Litterman, Hot spots and hedges, Goldman Sachs
/// (1996).
public struct RiskContributions: Hashable, Sendable {
  /// The assets.
  public let universe: Universe

  /// The volatility of the portfolio per period.
  public let volatility: Double

  /// The contribution of each asset to the volatility, per period.
  public let values: [Double]

  /// Decomposes the volatility of a portfolio.
  ///
  /// - Parameters:
  ///   - weights: The weights of N assets.
  ///   - covariance: Their covariance per period.
  /// - Throws: ``AllocationError/universeMismatch(position:left:right:)``, or
  ///   ``AllocationError/covarianceNotPositiveSemidefinite`` when the variance is negative by more
  ///   than rounding.
  /// - Complexity: O(N²).
  public init(weights: Weights, covariance: Covariance) throws(AllocationError) {
    try Translation.requireEqual(weights.universe, covariance.universe)
    universe = weights.universe
    let product = RiskKernel.product(covariance.matrix, weights.values)
    let terms = zip(weights.values, product).map { $0 * $1 }
    let variance = terms.reduce(0, +)
    let size = terms.reduce(0) { $0 + $1.magnitude }
    let rounding = 1e-12
    guard variance >= -rounding * size else { throw .covarianceNotPositiveSemidefinite }
    let deviation = max(variance, 0).squareRoot()
    volatility = deviation
    values = terms.map { deviation > 0 ? $0 / deviation : 0 }
  }

  /// The contribution of each asset as a share of the volatility.
  ///
  /// The shares add to one; all are zero for a portfolio without risk.
  public var shares: [Double] { values.map { volatility > 0 ? $0 / volatility : 0 } }

  /// The contribution of one asset.
  ///
  /// - Parameter asset: An asset of the universe.
  /// - Returns: Its contribution to the volatility per period, or nil when it is not in the universe.
  public subscript(asset: AssetID) -> Double? {
    universe.position(of: asset).map { values[$0] }
  }
}

/// Products for risk figures.
enum RiskKernel {
  /// The product Σ w, summed column after column.
  static func product(_ matrix: SymmetricMatrix, _ weights: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: matrix.order)
    var output = result.mutableSpan
    for j in 0..<matrix.order where weights[j] != 0 {
      let column = matrix.column(j)
      let factor = weights[j]
      for i in 0..<column.count { output[i] += column[i] * factor }
    }
    return result
  }
}
