import KeelLinearAlgebra
import KeelNumerics

extension QuadraticTerm {
  /// The term of a program in which some variables are multiples ±1 of one.
  ///
  /// - Parameters:
  ///   - others: The m variables that stay, in this order.
  ///   - tied: The variables that become one, after the others.
  ///   - signs: The sign of each tied variable.
  /// - Returns: The term of order m + 1, of the same form.
  /// - Complexity: O(n²), or O(nk) with k factors.
  package func tying(others: [Int], tied: [Int], signs: [Double]) -> QuadraticTerm {
    let m = others.count
    switch kernel {
    case .diagonal(let values):
      return .diagonal(others.map { values[$0] } + [tied.reduce(0) { $0 + values[$1] }])
    case .dense(let matrix, let factor):
      let elements = matrix.elements
      let n = matrix.order
      var storage = [Double](repeating: 0, count: (m + 1) * (m + 1))
      for (j, from) in others.enumerated() {
        for i in j..<m { storage[i &+ j &* (m &+ 1)] = elements[others[i] &+ from &* n] }
        var sum = 0.0
        for (sign, i) in zip(signs, tied) { sum += sign * elements[i &+ from &* n] }
        storage[m &+ j &* (m &+ 1)] = sum
      }
      var total = CompensatedSum()
      for (left, j) in zip(signs, tied) {
        for (right, i) in zip(signs, tied) { total.add(left * right * elements[i &+ j &* n]) }
      }
      storage[m &* (m &+ 2)] = max(total.value, 0)
      return QuadraticTerm.dense(SymmetricMatrix(lowerTriangleOf: storage, order: m + 1))
        .multiplied(by: factor)
    case .lowRank(let term):
      let k = term.root.columnCount
      let root = [Double](capacity: (m + 1) * k) { output in
        for j in 0..<k {
          let column = term.root.column(j)
          for i in others { output.append(column[i]) }
          var sum = 0.0
          for (sign, i) in zip(signs, tied) { sum += sign * column[i] }
          output.append(sum)
        }
      }
      return .factor(
        FactorTerm(
          lowRank: LowRankTerm(
            root: Matrix(uncheckedRowCount: m + 1, columnCount: k, storage: root),
            diagonal: others.map { term.diagonal[$0] }
              + [tied.reduce(0) { $0 + term.diagonal[$1] }])))
    }
  }
}
