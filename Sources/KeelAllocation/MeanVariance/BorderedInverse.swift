// Goals: (1) the inverse that the critical line needs, right to rounding after its refinement;
// (2) O(k²) when an asset joins or leaves.
//
// The inverse of the symmetric indefinite matrix [0 1'; 1 K], K the covariance of the free assets.
// It exists exactly when K is definite on directions that keep the budget, so an asset without
// variance (cash) may be free, which a Cholesky factor of K would not allow. Joining and leaving are
// the bordering formulas: Golub and Van Loan, Matrix Computations (2013), section 2.1.4.

import KeelNumerics

/// The inverse of the optimality system of the assets that are strictly inside their bounds.
struct BorderedInverse {
  /// The free assets; the asset at position q has row q + 1 of the inverse.
  private(set) var free: [Int]

  /// The rows in use are the first `free.count + 1` of each column.
  private var storage: [Double]
  private var stride: Int

  /// The system of one asset.
  init(asset: Int, variance: Double) {
    let initialStride = 32
    stride = initialStride
    storage = [Double](repeating: 0, count: initialStride * initialStride)
    free = [asset]
    storage[0] = -variance
    storage[1] = 1
    storage[stride] = 1
  }

  /// The number of rows.
  var order: Int { free.count + 1 }

  /// The inverse times a vector of ``order`` numbers.
  func times(_ vector: [Double]) -> [Double] {
    let n = order
    var result = [Double](repeating: 0, count: n)
    var output = result.mutableSpan
    let elements = storage.span
    for j in 0..<n where vector[j] != 0 {
      let factor = vector[j]
      let column = elements.extracting((j &* stride)..<(j &* stride &+ n))
      for i in 0..<n { output[i] += column[i] * factor }
    }
    return result
  }

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
    let n = order
    if n + 1 > stride { grow() }
    let ld = stride
    var elements = storage.mutableSpan
    for j in 0..<n {
      let factor = image[j] / remainder
      for i in 0..<n { elements[i &+ j &* ld] += image[i] * factor }
      elements[n &+ j &* ld] = -factor
      elements[j &+ n &* ld] = -factor
    }
    elements[n &+ n &* ld] = 1 / remainder
    free.append(asset)
  }

  /// Takes the free asset at a position out; at least one other must stay.
  mutating func remove(at position: Int) {
    let n = order
    let ld = stride
    let q = position + 1
    var elements = storage.mutableSpan
    let pivot = elements[q &+ q &* ld]
    let column = [Double](capacity: n) { output in
      for i in 0..<n { output.append(elements[i &+ q &* ld]) }
    }
    for j in 0..<n where j != q {
      let factor = column[j] / pivot
      for i in 0..<n { elements[i &+ j &* ld] -= column[i] * factor }
    }
    // The last row and column take the place of the one that left.
    let last = n - 1
    if q != last {
      for i in 0..<n { elements[i &+ q &* ld] = elements[i &+ last &* ld] }
      for j in 0..<n { elements[q &+ j &* ld] = elements[last &+ j &* ld] }
      elements[q &+ q &* ld] = elements[last &+ last &* ld]
      free[position] = free[last - 1]
    }
    free.removeLast()
  }

  private mutating func grow() {
    let wider = stride * 2
    var copy = [Double](repeating: 0, count: wider * wider)
    for j in 0..<order {
      for i in 0..<order { copy[i + j * wider] = storage[i + j * stride] }
    }
    storage = copy
    stride = wider
  }
}
