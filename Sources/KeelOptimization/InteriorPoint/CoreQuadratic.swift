import KeelLinearAlgebra
import KeelNumerics

/// The quadratic term of a core program, in memory that is kept.
struct CoreQuadratic: Sendable {
  /// How P is held.
  enum Form: Sendable { case diagonal, dense, lowRank }

  private(set) var form = Form.diagonal
  private(set) var order = 0
  /// The number of columns of C in P = C C' + diag(d).
  private(set) var columnCount = 0
  /// The diagonal of P, or what a low-rank term has beside C; nothing for a full matrix.
  private(set) var diagonal: [Double] = []
  /// The full matrix or C, column after column.
  private(set) var elements: [Double] = []
  /// What the rows of C are multiplied by.
  private var rowFactors: [Double] = []

  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    let n = shape.variableCount
    switch shape.form {
    case .dense: elements.reserveCapacity(n * n)
    case .diagonal: break
    case .lowRank: elements.reserveCapacity(n * shape.columnCount)
    }
    diagonal.reserveCapacity(n)
    rowFactors.reserveCapacity(n)
  }

  /// Becomes the term of a program in x̂ where x = scale ∘ x̂ and the objective is multiplied by
  /// `cost`, for the variables at some indices.
  mutating func restart(
    _ term: QuadraticTerm,
    scale: [Double],
    cost: Double,
    at indices: [Int]
  ) {
    switch term.kernel {
    case .dense(let matrix, let multiple):
      begin(.dense, order: indices.count, columnCount: indices.count)
      fillMatrix(from: matrix, scale, cost * multiple, indices)
    case .diagonal(let values):
      begin(.diagonal, order: indices.count, columnCount: 0)
      for i in indices { diagonal.append(values[i] * scale[i] * scale[i] * cost) }
    case .lowRank(let term):
      begin(.lowRank, order: indices.count, columnCount: term.root.columnCount)
      rowFactors.removeAll(keepingCapacity: true)
      let root = cost.squareRoot()
      for i in indices {
        let factor = scale[i] * root
        rowFactors.append(factor)
        diagonal.append(term.diagonal[i] * factor * factor)
      }
      let columns = columnCount
      Self.gather(term.root.elements, term.order, at: indices, columns, into: &elements)
      Self.scaleRows(&elements, rowFactors, columnCount: columns)
    }
  }

  /// Becomes the part of another term at some of its variables.
  mutating func restart(_ other: CoreQuadratic, at indices: [Int]) {
    let isFull = other.form == .dense
    begin(
      other.form, order: indices.count, columnCount: isFull ? indices.count : other.columnCount)
    if isFull {
      Self.gather(other.elements, other.order, at: indices, into: &elements)
    } else {
      for i in indices { diagonal.append(other.diagonal[i]) }
      let columns = columnCount
      Self.gather(other.elements.span, other.order, at: indices, columns, into: &elements)
    }
  }

  /// Becomes a diagonal term with zeros before ones.
  mutating func restart(zeros: Int, ones: Int) {
    begin(.diagonal, order: zeros + ones, columnCount: 0)
    for i in 0..<order { diagonal.append(i < zeros ? 0 : 1) }
  }

  private mutating func begin(_ form: Form, order: Int, columnCount: Int) {
    self.form = form
    self.order = order
    self.columnCount = columnCount
    diagonal.removeAll(keepingCapacity: true)
    elements.refill(order * columnCount, with: 0)
  }

  private mutating func fillMatrix(
    from matrix: SymmetricMatrix,
    _ scale: [Double],
    _ cost: Double,
    _ indices: [Int]
  ) {
    let source = matrix.elements
    let scale = scale.span
    let indices = indices.span
    let count = indices.count
    Self.fillLowerTriangle(
      &elements, source, matrix.order, scale, cost, indices)
    SymmetricMatrix.mirrorLowerTriangle(of: &elements, order: count)
  }

  private static func fillLowerTriangle(
    _ target: inout [Double],
    _ source: Span<Double>,
    _ sourceOrder: Int,
    _ scale: Span<Double>,
    _ cost: Double,
    _ indices: Span<Int>
  ) {
    let count = indices.count
    var target = target.mutableSpan
    for q in 0..<count {
      let j = indices[q]
      let factor = cost * scale[j]
      let column = j &* sourceOrder
      let start = q &* count
      for p in q..<count {
        let i = indices[p]
        target[start &+ p] = source[i &+ column] * scale[i] * factor
      }
    }
  }

  /// The rows and columns of a square matrix at some indices.
  private static func gather(
    _ source: [Double],
    _ sourceOrder: Int,
    at indices: [Int],
    into target: inout [Double]
  ) {
    let source = source.span
    let indices = indices.span
    var target = target.mutableSpan
    let count = indices.count
    for q in 0..<count {
      let column = indices[q] &* sourceOrder
      let start = q &* count
      for p in 0..<count { target[start &+ p] = source[column &+ indices[p]] }
    }
  }

  /// The rows of a matrix at some indices.
  private static func gather(
    _ source: Span<Double>,
    _ sourceOrder: Int,
    at indices: [Int],
    _ columnCount: Int,
    into target: inout [Double]
  ) {
    let indices = indices.span
    var target = target.mutableSpan
    let count = indices.count
    for j in 0..<columnCount {
      let column = j &* sourceOrder
      let start = j &* count
      for p in 0..<count { target[start &+ p] = source[column &+ indices[p]] }
    }
  }

  /// Multiplies the rows of a matrix by factors.
  private static func scaleRows(_ target: inout [Double], _ factors: [Double], columnCount: Int) {
    let factors = factors.span
    var target = target.mutableSpan
    for j in 0..<columnCount {
      let start = j &* factors.count
      for p in 0..<factors.count { target[start &+ p] *= factors[p] }
    }
  }

  /// The diagonal element of P for a variable.
  func curvature(_ i: Int) -> Double {
    switch form {
    case .diagonal: return diagonal[i]
    case .dense: return elements[i &* (order &+ 1)]
    case .lowRank:
      var sum = diagonal[i]
      for j in 0..<columnCount { sum += elements[i &+ j &* order] * elements[i &+ j &* order] }
      return sum
    }
  }

  /// result := P x, with room for what a form needs.
  func setProduct(_ result: inout [Double], _ x: [Double], room: inout [Double]) {
    switch form {
    case .dense: SymmetricKernel.setProduct(&result, elements.span, order: order, x)
    case .diagonal:
      result.refill(order, with: 0)
      for i in result.indices { result[i] = diagonal[i] * x[i] }
    case .lowRank:
      result.refill(order, with: 0)
      room.refill(columnCount, with: 0)
      LowRankKernel.addProduct(elements.span, diagonal, x, exposures: &room, to: &result)
    }
  }

  /// result := |P| |x|, or a bound of it for a low-rank term.
  func setAbsoluteProduct(_ result: inout [Double], _ x: [Double]) {
    switch form {
    case .dense: SymmetricKernel.setAbsoluteProduct(&result, elements.span, order: order, x)
    case .diagonal:
      result.refill(order, with: 0)
      for i in result.indices { result[i] = (diagonal[i] * x[i]).magnitude }
    case .lowRank:
      LowRankKernel.setAbsoluteProduct(
        &result, elements.span, columnCount: columnCount, diagonal, x)
    }
  }

  /// Throws unless a full matrix, with a shift of rounding size, has a Cholesky factorization.
  func requireConvex(_ factor: inout DefiniteFactor) throws(OptimizationError) {
    guard form == .dense else { return }
    try QuadraticTerm.requireConvex(elements.span, order: order, &factor)
  }
}
