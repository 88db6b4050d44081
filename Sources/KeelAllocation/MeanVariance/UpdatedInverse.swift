// Goals: (1) O(k²) when a row and its column join or leave; (2) any symmetric matrix, also an
// indefinite one, as long as it stays invertible.
//
// Joining and leaving are the bordering formulas: Golub and Van Loan, Matrix Computations (2013),
// section 2.1.4. Rounding accumulates over updates; the owner refines its solutions.

import KeelNumerics

/// The explicit inverse of a symmetric matrix of which rows and columns join and leave.
struct UpdatedInverse {
  /// The number of rows.
  private(set) var order: Int

  /// The rows in use are the first ``order`` of each column.
  private var storage: [Double]
  private var stride: Int

  private static let leastStride = 32

  /// Takes the inverse, column after column.
  init(columnMajor elements: [Double], order: Int) {
    self.order = order
    stride = max(Self.leastStride, order)
    storage = [Double](repeating: 0, count: stride * stride)
    for j in 0..<order {
      for i in 0..<order { storage[i + j * stride] = elements[i + j * order] }
    }
  }

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

  /// The magnitudes of the inverse times those of a vector of ``order`` numbers.
  func absoluteTimes(_ vector: [Double]) -> [Double] {
    let n = order
    var result = [Double](repeating: 0, count: n)
    var output = result.mutableSpan
    let elements = storage.span
    for j in 0..<n where vector[j] != 0 {
      let factor = vector[j].magnitude
      let column = elements.extracting((j &* stride)..<(j &* stride &+ n))
      for i in 0..<n { output[i] += column[i].magnitude * factor }
    }
    return result
  }

  /// Adds a last row with the inverse times its border, and what its diagonal element exceeds the
  /// border times that by: not zero.
  mutating func insert(image: [Double], remainder: Double) {
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
    order += 1
  }

  /// Takes a row out whose diagonal element in the inverse is not zero; the last row takes its place.
  mutating func remove(at q: Int) {
    let n = order
    let ld = stride
    var elements = storage.mutableSpan
    let pivot = elements[q &+ q &* ld]
    let column = [Double](capacity: n) { output in
      for i in 0..<n { output.append(elements[i &+ q &* ld]) }
    }
    for j in 0..<n where j != q {
      let factor = column[j] / pivot
      for i in 0..<n { elements[i &+ j &* ld] -= column[i] * factor }
    }
    let last = n - 1
    if q != last {
      for i in 0..<n { elements[i &+ q &* ld] = elements[i &+ last &* ld] }
      for j in 0..<n { elements[q &+ j &* ld] = elements[last &+ j &* ld] }
      elements[q &+ q &* ld] = elements[last &+ last &* ld]
    }
    order -= 1
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
