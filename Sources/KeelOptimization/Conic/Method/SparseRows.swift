/// Rows with sparse coefficients, one after the other.
struct SparseRows {
  private(set) var starts = [0]
  private(set) var indices: [Int] = []
  var coefficients: [Double] = []

  var count: Int { starts.count - 1 }

  mutating func append(_ indices: [Int]) {
    self.indices += indices
    coefficients += repeatElement(0, count: indices.count)
    starts.append(self.indices.count)
  }

  /// The positions of one row's elements.
  @inline(__always)
  func range(_ row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }

  /// result := A x, in the memory of the result.
  func setProduct(_ result: inout [Double], with x: [Double]) {
    result.refill(count, with: 0)
    let starts = self.starts.span
    let indices = self.indices.span
    let coefficients = self.coefficients.span
    let x = x.span
    var output = result.mutableSpan
    for k in 0..<output.count {
      var sum = 0.0
      for p in starts[k]..<starts[k &+ 1] { sum += coefficients[p] * x[indices[p]] }
      output[k] = sum
    }
  }

  /// Adds factor × A'z.
  func addTransposed(_ z: [Double], to result: inout [Double], factor: Double = 1) {
    let starts = self.starts.span
    let indices = self.indices.span
    let coefficients = self.coefficients.span
    let z = z.span
    var output = result.mutableSpan
    for k in 0..<z.count where z[k] != 0 {
      let weight = factor * z[k]
      for p in starts[k]..<starts[k &+ 1] { output[indices[p]] += coefficients[p] * weight }
    }
  }
}
