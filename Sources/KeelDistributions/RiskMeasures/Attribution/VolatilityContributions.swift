// Goals in order: no overflow where the result is representable, the sum of the parts equal to the
// whole, one pass over the matrix.
//
// Euler split of σ(w) = √(w'Σw): c(i) = w(i) (Σw)(i) / σ. Reference: D. Tasche, Risk contributions
// and performance measurement, TU München 1999.

public import KeelData
import KeelNumerics

extension RiskContributions {
  /// Splits the volatility of a portfolio over its assets.
  ///
  /// ```text
  /// σ = √(w'Σw),   c(i) = w(i) (Σw)(i) / σ
  /// ```
  ///
  /// A portfolio without risk has total and contributions zero. The relative error is a few ulp
  /// times the number of assets, of the sum of the magnitudes of the contributions.
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions.
  ///   - covariance: The covariance per period, over the same universe in the same order.
  /// - Returns: The volatility per period, as a fraction, and its parts.
  /// - Throws: `DistributionsError.universeMismatch`, `DistributionsError.negativeVariance` when
  ///   the covariance is not positive semidefinite in the direction of the weights,
  ///   `DistributionsError.notRepresentable` when the volatility overflows.
  /// - Complexity: O(n²) for n assets.
  public static func volatility(
    weights: Weights,
    covariance: Covariance
  ) throws(DistributionsError) -> RiskContributions {
    let gradient = try VolatilityGradient(weights: weights, covariance: covariance)
    return RiskContributions(
      universe: weights.universe,
      total: gradient.volatility,
      contributions: gradient.contributions,
      marginals: gradient.marginals
    )
  }
}

/// The volatility of a portfolio and its Euler parts.
struct VolatilityGradient {
  let volatility: Double
  let contributions: [Double]
  /// Σw/σ: the change of the volatility with each weight; zero without risk.
  let marginals: [Double]

  init(weights: Weights, covariance: Covariance) throws(DistributionsError) {
    try requireSame(weights.universe, covariance.universe)
    // Powers of two bring weights and standard deviations near one, exactly.
    let weightScale = Self.powerOfTwo(near: weights.values)
    let deviationScale = Self.powerOfTwo(near: covariance.standardDeviations)
    let scaled = weights.values.map { $0 / weightScale }
    let product = covariance.product(with: scaled, scale: deviationScale)
    var variance = 0.0
    var magnitude = 0.0
    for i in scaled.indices {
      let term = scaled[i] * product[i]
      variance += term
      magnitude += term.magnitude
    }
    // What rounding alone can leave of a variance that is zero.
    let rounding = Double(scaled.count) * .ulpOfOne * magnitude
    guard variance >= -rounding else {
      let restored = variance * weightScale * weightScale * deviationScale * deviationScale
      throw .negativeVariance(restored)
    }
    guard variance > 0 else {
      volatility = 0
      contributions = [Double](repeating: 0, count: scaled.count)
      marginals = contributions
      return
    }
    let deviation = variance.squareRoot()
    // Both powers of two at once: one after the other may overflow on the way to a result that fits.
    let exponent = Int(weightScale.exponent + deviationScale.exponent)
    let total = Double(sign: .plus, exponent: exponent, significand: deviation)
    guard total.isFinite else { throw .notRepresentable(result: "volatility") }
    volatility = total
    contributions = scaled.indices.map { i in
      Double(sign: .plus, exponent: exponent, significand: scaled[i] * product[i] / deviation)
    }
    marginals = product.map {
      Double(sign: .plus, exponent: Int(deviationScale.exponent), significand: $0 / deviation)
    }
    guard contributions.allSatisfy(\.isFinite) else {
      throw .notRepresentable(result: "contributions")
    }
  }

  /// A power of two that brings the largest magnitude into [1, 2), kept where its inverse and its
  /// square are normal numbers; one when all values are zero.
  private static func powerOfTwo(near values: [Double]) -> Double {
    let largest = values.reduce(0) { max($0, $1.magnitude) }
    guard largest > 0 else { return 1 }
    return Double(sign: .plus, exponent: max(largest.exponent, -1020), significand: 1)
  }
}
