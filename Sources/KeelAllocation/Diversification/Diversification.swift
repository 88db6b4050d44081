public import KeelData
import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// How spread out a portfolio is: over assets, and over independent sources of risk.
//
// With p the shares of variance in uncorrelated bets, the effective number of bets is exp(−Σ p ln p). Two sets of bets:
// principal components, p_k = λ_k (v_k'w)²/w'Σw, and the minimum torsion, the uncorrelated factors nearest to the assets
// themselves. In units of each asset's volatility, y = w∘σ and C the correlation, the torsion is D u⁻¹ D with
// u = (D C D)^½ and the diagonal D fixed by d_i² = u_ii; its bets are p = (u D⁻¹ y)²/y'Cy, found by iterating d_i ← u_ii/d_i.
// Nothing is inverted, so that a singular covariance is no special case.
//
// References: A. Meucci, "Managing diversification", Risk 22 (2009); A. Meucci, A. Santangelo and R. Deguest, "Risk budgeting
// and diversification based on optimized uncorrelated factors" (2013); Y. Choueifaty and Y. Coignard, "Toward maximum
// diversification", Journal of Portfolio Management 35 (2008).

/// How spread out a portfolio is.
public struct Diversification: Hashable, Sendable {
  /// One over the sum of squared shares |w|/Σ|w|: N for equal weights, 1 for one asset.
  public let effectiveAssetCount: Double

  /// The exponential of the entropy of the shares |w|/Σ|w|.
  public let entropyAssetCount: Double

  /// The weighted volatilities over the volatility of the whole, Σ|w|σ / √(w'Σw): 1 when nothing diversifies.
  public let ratio: Double

  /// The effective number of principal bets.
  public let principalBetCount: Double

  /// The effective number of minimum-torsion bets.
  public let torsionBetCount: Double

  /// The share of variance of each asset's own uncorrelated bet, in the order of the universe: they add to one.
  public let torsionShares: [Double]

  /// Measures weights.
  ///
  /// - Parameters:
  ///   - weights: The weights of N assets; shorts are negative.
  ///   - covariance: Their covariance per period; it may be singular.
  /// - Throws: ``AllocationError``: another universe, weights without risk, a covariance that is not positive semidefinite.
  /// - Complexity: O(N³), some ten times.
  public init(weights: Weights, covariance: Covariance) throws(AllocationError) {
    try Translation.requireEqual(weights.universe, covariance.universe)
    let gross = weights.values.reduce(0) { $0 + $1.magnitude }
    try Translation.require(gross, "sum of absolute weights", in: .positive)
    let shares = weights.values.map { $0.magnitude / gross }
    let deviations = covariance.standardDeviations
    let scaled = zip(weights.values, deviations).map { $0 * $1 }
    let correlation = Self.correlation(covariance, deviations)
    let bets = try TorsionBets(correlation, scaled)
    try Translation.require(bets.variance, "variance", in: .positive)
    effectiveAssetCount = 1 / shares.reduce(0) { $0 + $1 * $1 }
    entropyAssetCount = Self.effectiveCount(shares)
    ratio = scaled.reduce(0) { $0 + $1.magnitude } / bets.variance.squareRoot()
    principalBetCount = Self.effectiveCount(
      try Self.principalShares(covariance, weights.values, variance: bets.variance))
    torsionShares = bets.shares
    torsionBetCount = Self.effectiveCount(bets.shares)
  }

  /// exp of the entropy of shares that add to one.
  private static func effectiveCount(_ shares: [Double]) -> Double {
    exp(shares.reduce(0) { $0 - ($1 > 0 ? $1 * log($1) : 0) })
  }

  /// The correlation of assets with risk; those without are uncorrelated with all.
  private static func correlation(
    _ covariance: Covariance,
    _ deviations: [Double]
  ) -> SymmetricMatrix {
    let (count, sigma) = (deviations.count, covariance.matrix)
    var values = [Double](repeating: 0, count: count * count)
    for j in 0..<count {
      values[j + j * count] = 1
      for i in j + 1..<max(count, j + 1) where deviations[i] > 0 && deviations[j] > 0 {
        values[i + j * count] = sigma[i, j] / (deviations[i] * deviations[j])
      }
    }
    return SymmetricMatrix(lowerTriangleOf: values, order: count)
  }

  private static func principalShares(
    _ covariance: Covariance,
    _ weights: [Double],
    variance: Double
  ) throws(AllocationError) -> [Double] {
    let eigen = try SymmetricRoot.eigen(covariance.matrix)
    return eigen.values.indices.map { k in
      let exposure = weights.indices.reduce(0) { $0 + eigen.vectors[$1, k] * weights[$1] }
      return max(eigen.values[k], 0) * exposure * exposure / variance
    }
  }
}

/// The shares of variance of minimum-torsion bets.
private struct TorsionBets {
  let shares: [Double]
  let variance: Double

  init(_ correlation: SymmetricMatrix, _ scaled: [Double]) throws(AllocationError) {
    let count = scaled.count
    var lengths = [Double](repeating: 1, count: count)
    var root = try SymmetricRoot(correlation, scaledBy: lengths)
    for _ in 0..<Self.iterationLimit {
      let next = (0..<count).map { root[$0, $0] / lengths[$0] }
      let change = zip(next, lengths).reduce(0) { max($0, ($1.0 / $1.1 - 1).magnitude) }
      // The mean of both, which ends the alternation about the fixed point.
      lengths = zip(next, lengths).map { ($0 * $1).squareRoot() }
      root = try SymmetricRoot(correlation, scaledBy: lengths)
      if change <= Self.tolerance { break }
    }
    let unscaled = zip(scaled, lengths).map { $0 / $1 }
    let bets = (0..<count).map { i in
      (0..<count).reduce(0) { $0 + root[i, $1] * unscaled[$1] }
    }
    let variance = bets.reduce(0) { $0 + $1 * $1 }
    self.variance = variance
    shares = bets.map { $0 * $0 / variance }
  }

  private static let iterationLimit = 1000
  private static let tolerance = 1e-14
}

/// The square root (D C D)^½.
private struct SymmetricRoot {
  private let order: Int
  private let values: [Double]

  init(_ matrix: SymmetricMatrix, scaledBy lengths: [Double]) throws(AllocationError) {
    order = lengths.count
    var scaled = [Double](repeating: 0, count: order * order)
    for j in 0..<order {
      for i in j..<order { scaled[i + j * order] = lengths[i] * matrix[i, j] * lengths[j] }
    }
    let eigen = try Self.eigen(SymmetricMatrix(lowerTriangleOf: scaled, order: order))
    let roots = eigen.values.map { max($0, 0).squareRoot() }
    var root = [Double](repeating: 0, count: order * order)
    for (k, value) in roots.enumerated() where value > 0 {
      for j in 0..<order {
        let factor = value * eigen.vectors[j, k]
        for i in 0..<order { root[i + j * order] += factor * eigen.vectors[i, k] }
      }
    }
    values = root
  }

  subscript(i: Int, j: Int) -> Double { values[i + j * order] }

  /// Eigenvalues that are not negative beyond rounding.
  static func eigen(_ matrix: SymmetricMatrix) throws(AllocationError) -> SymmetricEigen {
    let eigen: SymmetricEigen
    do throws(LinearAlgebraError) {
      eigen = try SymmetricEigen(matrix)
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
    let largest = eigen.values.last ?? 0
    guard eigen.values.allSatisfy({ $0 >= -negativeShare * largest }) else {
      throw .covarianceNotPositiveSemidefinite
    }
    return eigen
  }

  private static let negativeShare = 1e-10
}
