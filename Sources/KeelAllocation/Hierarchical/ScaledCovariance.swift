// Goals: (1) the correlation one for equal assets, exactly; (2) no overflow for any covariance; (3) no
// copy of the matrix, no root and no division for an element.

import KeelNumerics

/// A covariance with what turns its elements into correlations.
///
/// ```text
/// ρ(i, j) = ((Σ(i, j) s(i)) s(j)) (q(i) q(j)),   s a power of two,   q = 1 / √(Σ(i, i) s²)
/// ```
struct ScaledCovariance {
  let matrix: SymmetricMatrix

  /// The standard deviations.
  let deviations: [Double]

  /// Powers of two that bring each variance to [1, 4), exactly.
  let scales: [Double]

  /// The scaled variances, and one over their roots.
  let variances: [Double]
  let factors: [Double]

  var order: Int { matrix.order }

  /// Below this 1 − ρ a correlation is computed by the form that is exact for equal assets.
  static let exactGap = 0x1p-30

  /// Takes a covariance with positive variances.
  init(_ covariance: SymmetricMatrix) {
    matrix = covariance
    let diagonal = covariance.diagonal
    deviations = diagonal.map { $0.squareRoot() }
    scales = diagonal.map { Double(sign: .plus, exponent: -($0.exponent >> 1), significand: 1) }
    variances = zip(diagonal, scales).map { $0 * $1 * $1 }
    factors = variances.map { 1 / $0.squareRoot() }
  }

  /// The correlation, within [−1, 1], by a root of the product of the variances: √(v·v) = v, so that
  /// equal columns have the correlation one and not one minus an ulp.
  func correlation(_ i: Int, _ j: Int) -> Double {
    let ratio = matrix[i, j] * scales[i] * scales[j] / (variances[i] * variances[j]).squareRoot()
    return min(max(ratio, -1), 1)
  }

  /// Writes 1 − ρ of a column, NaN where a factor is, and returns the least.
  func writeGaps(of item: Int, _ factors: [Double], into gaps: inout [Double]) -> Double {
    var output = gaps.mutableSpan
    return Kernels.correlationGaps(
      matrix.column(item), of: item, scales: scales.span, factors: factors.span,
      factor: self.factors[item], into: &output)
  }
}
