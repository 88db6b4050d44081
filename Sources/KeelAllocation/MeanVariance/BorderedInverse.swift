// Goals: (1) the inverse that the critical line needs, right to rounding after its refinement;
// (2) O(k²) when an asset joins or leaves.
//
// The inverse of the symmetric indefinite matrix [0 1'; 1 K], K the covariance of the free assets.
// It exists exactly when K is definite on directions that keep the budget, so an asset without
// variance (cash) may be free, which a Cholesky factor of K would not allow.

import KeelNumerics

/// The inverse of the optimality system of the assets that are strictly inside their bounds.
struct BorderedInverse {
  /// The free assets; the asset at position q has row q + 1 of the inverse.
  private(set) var free: [Int]

  private var inverse: UpdatedInverse

  /// The system of one asset.
  init(asset: Int, variance: Double) {
    free = [asset]
    inverse = UpdatedInverse(columnMajor: [-variance, 1, 1, 0], order: 2)
  }

  /// The number of rows.
  var order: Int { free.count + 1 }

  /// The inverse times a vector of ``order`` numbers.
  func times(_ vector: [Double]) -> [Double] { inverse.times(vector) }

  /// What the covariance column of an asset is on the free assets, with the border's 1 before it.
  func border(of asset: Int, in covariance: SymmetricMatrix) -> [Double] {
    let column = covariance.column(asset)
    return [Double](capacity: order) { output in
      output.append(1)
      for i in free { output.append(column[i]) }
    }
  }

  /// Adds an asset with its border, the inverse times its border, and the variance that is left of
  /// it after the free assets hedged it, above zero.
  mutating func insert(_ asset: Int, image: [Double], remainder: Double) {
    inverse.insert(image: image, remainder: remainder)
    free.append(asset)
  }

  /// Takes the free asset at a position out; at least one other must stay.
  mutating func remove(at position: Int) {
    inverse.remove(at: position + 1)
    free[position] = free[free.count - 1]
    free.removeLast()
  }
}
