import KeelLinearAlgebra
package import KeelNumerics

/// A matrix P = C C' + diag(d) with few columns in C.
package struct LowRankTerm: Hashable, Sendable {
  /// The n × k matrix C.
  package private(set) var root: Matrix

  /// The n numbers d, not negative.
  package private(set) var diagonal: [Double]

  package init(root: Matrix, diagonal: [Double]) {
    self.root = root
    self.diagonal = diagonal
  }

  var order: Int { diagonal.count }

  /// The diagonal elements of P.
  var fullDiagonal: [Double] {
    var result: [Double] = []
    setFullDiagonal(&result)
    return result
  }

  /// The same in memory that is kept.
  func setFullDiagonal(_ result: inout [Double]) {
    result.copyElements(of: diagonal)
    for j in 0..<root.columnCount {
      let column = root.column(j)
      for i in result.indices { result[i] += column[i] * column[i] }
    }
  }

  /// Takes the numbers of another term, those of d in the memory that it has.
  mutating func copyNumbers(of other: LowRankTerm) {
    root = other.root
    diagonal.copyElements(of: other.diagonal)
  }

  /// Replaces the numbers d in their memory.
  mutating func replaceDiagonal(_ values: [Double]) { diagonal.copyElements(of: values) }

  /// The product P x.
  func times(_ x: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: order)
    var exposures = [Double](repeating: 0, count: root.columnCount)
    addProduct(x, exposures: &exposures, to: &result)
    return result
  }

  /// Adds P x to a vector, without allocation.
  ///
  /// - Parameters:
  ///   - x: The n numbers x.
  ///   - exposures: Room for k numbers, which become C'x.
  ///   - result: The n numbers that are added to.
  func addProduct(_ x: [Double], exposures: inout [Double], to result: inout [Double]) {
    LowRankKernel.addProduct(root.elements, diagonal, x, exposures: &exposures, to: &result)
  }

  /// The product |C| |C|' |x| + d |x|, which bounds |P| |x|.
  func absoluteTimes(_ x: [Double]) -> [Double] {
    var result: [Double] = []
    setAbsoluteProduct(&result, x)
    return result
  }

  /// The same in memory that is kept.
  func setAbsoluteProduct(_ result: inout [Double], _ x: [Double]) {
    LowRankKernel.setAbsoluteProduct(
      &result, root.elements, columnCount: root.columnCount, diagonal, x)
  }

  /// The term multiplied by a number that is not negative.
  func multiplied(by factor: Double) -> LowRankTerm {
    let root = factor.squareRoot()
    return scaled(rowFactors: [Double](repeating: root, count: order), at: Array(0..<order))
  }

  /// The term with further variables that it does not depend on.
  func padded(by count: Int) -> LowRankTerm {
    let n = order
    let storage = [Double](capacity: (n + count) * root.columnCount) { output in
      for j in 0..<root.columnCount {
        let column = root.column(j)
        for i in 0..<n { output.append(column[i]) }
        for _ in 0..<count { output.append(0) }
      }
    }
    return LowRankTerm(
      root: Matrix(
        uncheckedRowCount: n + count, columnCount: root.columnCount, storage: storage),
      diagonal: diagonal + [Double](repeating: 0, count: count))
  }

  /// The term with the rows at some positions, each multiplied by a factor.
  func scaled(rowFactors: [Double], at indices: [Int]) -> LowRankTerm {
    let k = root.columnCount
    let storage = [Double](capacity: indices.count * k) { output in
      for j in 0..<k {
        let column = root.column(j)
        for i in indices { output.append(column[i] * rowFactors[i]) }
      }
    }
    return LowRankTerm(
      root: Matrix(uncheckedRowCount: indices.count, columnCount: k, storage: storage),
      diagonal: indices.map { diagonal[$0] * rowFactors[$0] * rowFactors[$0] })
  }
}
