import KeelLinearAlgebra
import KeelNumerics

/// The quadratic term of a core program, x = scale ∘ x̂ and the objective times `cost`, in memory that
/// is kept.
struct ScaledQuadratic {
  private enum Form { case zero, diagonal, dense, lowRank }

  private var form = Form.zero
  private var order = 0
  /// The diagonal, or what a low-rank term has beside its root.
  private var diagonal: [Double] = []
  /// The full matrix, or the root of a low-rank term, column after column.
  private var elements: [Double] = []
  private var columnCount = 0
  private var exposures: [Double] = []

  init() {}

  /// Scales a term.
  mutating func restart(_ term: QuadraticTerm, scale: [Double], cost: Double) {
    order = scale.count
    columnCount = order
    switch term.kernel {
    case .diagonal(let values):
      diagonal.copyElements(of: values)
      for i in diagonal.indices { diagonal[i] *= scale[i] * scale[i] * cost }
      form = diagonal.allSatisfy { $0 == 0 } ? .zero : .diagonal
    case .dense(let matrix, let multiple):
      form = .dense
      elements.refill(order * order, with: 0)
      Self.fill(&elements, from: matrix.elements, order: order, order) { i, j in
        scale[i] * (cost * multiple * scale[j])
      }
    case .lowRank(let term):
      form = .lowRank
      columnCount = term.root.columnCount
      let root = cost.squareRoot()
      diagonal.copyElements(of: term.diagonal)
      for i in diagonal.indices { diagonal[i] *= (scale[i] * root) * (scale[i] * root) }
      elements.refill(order * columnCount, with: 0)
      Self.fill(&elements, from: term.root.elements, order: order, columnCount) { i, _ in
        scale[i] * root
      }
    }
  }

  private static func fill(
    _ target: inout [Double],
    from source: Span<Double>,
    order: Int,
    _ columnCount: Int,
    factor: (Int, Int) -> Double
  ) {
    var target = target.mutableSpan
    for j in 0..<columnCount {
      let start = j &* order
      for i in 0..<order { target[start &+ i] = source[start &+ i] * factor(i, j) }
    }
  }

  /// result := P x.
  mutating func setProduct(_ result: inout [Double], with x: [Double]) {
    result.refill(order, with: 0)
    switch form {
    case .zero: return
    case .diagonal: for i in result.indices { result[i] = diagonal[i] * x[i] }
    case .dense:
      PanelProducts.add(
        elements, rowCount: order, columnCount: order, .none, x, to: &result)
    case .lowRank:
      exposures.refill(columnCount, with: 0)
      PanelProducts.add(
        elements, rowCount: order, columnCount: columnCount, .transposed, x, to: &exposures)
      PanelProducts.add(
        elements, rowCount: order, columnCount: columnCount, .none, exposures, to: &result)
      for i in result.indices { result[i] += diagonal[i] * x[i] }
    }
  }

  /// Adds the lower triangle of P for some variables to a matrix whose columns are `leading` apart.
  func addLowerTriangle(to matrix: inout [Double], leading: Int, variables: [Int]) {
    var target = matrix.mutableSpan
    let source = elements.span
    let variables = variables.span
    let count = variables.count
    switch form {
    case .zero: return
    case .diagonal: addDiagonal(to: &target, leading, variables)
    case .dense:
      for j in 0..<count {
        let start = variables[j] &* order
        for i in j..<count { target[i &+ j &* leading] += source[start &+ variables[i]] }
      }
    case .lowRank:
      addDiagonal(to: &target, leading, variables)
      for k in 0..<columnCount {
        let start = k &* order
        for j in 0..<count {
          let factor = source[start &+ variables[j]]
          for i in j..<count {
            target[i &+ j &* leading] += source[start &+ variables[i]] * factor
          }
        }
      }
    }
  }

  private func addDiagonal(
    to target: inout MutableSpan<Double>,
    _ leading: Int,
    _ variables: Span<Int>
  ) {
    for i in 0..<variables.count { target[i &* (leading &+ 1)] += diagonal[variables[i]] }
  }

  /// Whether P has an element beside its diagonal in the row of a variable.
  func isCoupled(_ i: Int) -> Bool {
    switch form {
    case .zero, .diagonal: return false
    case .dense:
      for j in 0..<order where i != j && elements[j + i * order] != 0 { return true }
    case .lowRank:
      for k in 0..<columnCount where elements[i + k * order] != 0 { return true }
    }
    return false
  }

  /// The diagonal element of an uncoupled variable.
  func diagonalElement(_ i: Int) -> Double {
    switch form {
    case .zero: 0
    case .diagonal, .lowRank: diagonal[i]
    case .dense: elements[i * (order + 1)]
    }
  }
}
