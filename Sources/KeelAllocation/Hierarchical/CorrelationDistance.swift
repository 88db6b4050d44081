// Goals: (1) distance zero for equal assets, and the same bits for every order of the assets; (2) no
// overflow for any covariance; (3) loops over columns.

import KeelNumerics

/// Says how far apart two assets are, given their correlations.
///
/// ```text
/// d(i, j) = √((1 − ρ(i, j)) / 2)
/// ```
///
/// Libraries differ in which of the two distances they cluster by, and their trees differ with it.
@nonexhaustive
public enum CorrelationDistance: Hashable, Sendable, CaseIterable {
  /// The distance d itself: 0 for correlation 1, √½ for 0, 1 for −1.
  case direct

  /// The Euclidean distance of two columns of d, the distance of distances of the original article.
  ///
  /// ```text
  /// D(i, j) = √(Σ_k (d(k, i) − d(k, j))²)
  /// ```
  ///
  /// Two assets are close when they are equally far from all others. It takes O(N³) operations.
  case distanceOfDistances
}

/// Correlations, with the assets in a given order.
struct Correlations {
  /// The correlations, within [−1, 1], column after column; the upper triangle is zero.
  let lowerTriangle: [Double]

  let order: Int

  /// Divides a covariance with positive variances by its standard deviations.
  init(_ covariance: SymmetricMatrix, at positions: [Int]) {
    let n = positions.count
    order = n
    let variances = positions.map { covariance[$0, $0] }
    // Powers of two that bring each variance to [1, 4), exactly. There √(v·v) = v, so that equal
    // columns have the correlation one and not one minus an ulp.
    let scales = variances.map {
      Double(sign: .plus, exponent: -($0.exponent >> 1), significand: 1)
    }
    let scaled = zip(variances, scales).map { $0 * $1 * $1 }
    var gathered = [Double](repeating: 0, count: n)
    lowerTriangle = [Double](capacity: n * n) { output in
      for j in 0..<n {
        let column = covariance.column(positions[j])
        for i in j..<n { gathered[i] = column[positions[i]] }
        let (scale, variance) = (scales[j], scaled[j])
        for _ in 0..<j { output.append(0) }
        output.append(1)
        for i in (j + 1)..<max(n, j + 1) {
          let ratio = gathered[i] * scales[i] * scale / (scaled[i] * variance).squareRoot()
          output.append(min(max(ratio, -1), 1))
        }
      }
    }
  }

  /// The distances of the assets.
  func distances(_ distance: CorrelationDistance) -> SymmetricMatrix {
    let n = order
    let correlations = lowerTriangle.span
    let direct = [Double](capacity: n * n) { output in
      for j in 0..<n {
        let column = correlations.extracting((j &* n)..<((j + 1) &* n))
        for _ in 0..<j { output.append(0) }
        for i in j..<n { output.append(((1 - column[i]) / 2).squareRoot()) }
      }
    }
    let matrix = SymmetricMatrix(lowerTriangleOf: direct, order: n)
    switch distance {
    case .direct: return matrix
    case .distanceOfDistances: return ColumnDistances.matrix(matrix)
    }
  }
}
