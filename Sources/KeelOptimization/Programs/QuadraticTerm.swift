import KeelLinearAlgebra
public import KeelNumerics

/// The matrix P of a quadratic objective 1/2 x'Px, in the form that the caller has it.
///
/// Every consumer uses the structure; none expands it.
@nonexhaustive
public enum QuadraticTerm: Hashable, Sendable {
  /// A full positive semidefinite matrix; it may be singular.
  case dense(SymmetricMatrix)

  /// A diagonal matrix with non-negative elements; all zero for a linear program.
  case diagonal([Double])

  /// The covariance of a factor model.
  case factor(FactorTerm)

  /// The second moments of scenarios.
  case scenarios(ScenarioTerm)

  /// A number, not negative, times a full matrix that is not multiplied out.
  case scaledDense(SymmetricMatrix, factor: Double)
}

/// The three ways in which P is held.
enum QuadraticKernel: Sendable {
  /// A matrix and the number that it is multiplied by.
  case dense(SymmetricMatrix, Double)
  case diagonal([Double])
  case lowRank(LowRankTerm)
}

extension QuadraticTerm {
  /// How P is held.
  var kernel: QuadraticKernel {
    switch self {
    case .dense(let matrix): .dense(matrix, 1)
    case .scaledDense(let matrix, let factor): .dense(matrix, factor)
    case .diagonal(let values): .diagonal(values)
    case .factor(let term): .lowRank(term.lowRank)
    case .scenarios(let term): term.kernel
    }
  }

  /// The number of rows and columns.
  public var order: Int {
    switch kernel {
    case .dense(let matrix, _): matrix.order
    case .diagonal(let values): values.count
    case .lowRank(let term): term.order
    }
  }

  /// The diagonal elements in memory that is kept.
  func setDiagonal(_ result: inout [Double]) {
    switch kernel {
    case .dense(let matrix, let factor):
      result.refill(matrix.order, with: 0)
      for i in result.indices { result[i] = factor * matrix[i, i] }
    case .diagonal(let values): result.copyElements(of: values)
    case .lowRank(let term):
      result.copyElements(of: term.diagonal)
      for j in 0..<term.root.columnCount {
        let column = term.root.column(j)
        for i in result.indices { result[i] += column[i] * column[i] }
      }
    }
  }

  /// The diagonal elements.
  public var diagonal: [Double] {
    switch kernel {
    case .dense(let matrix, let factor): matrix.diagonal.map { factor * $0 }
    case .diagonal(let values): values
    case .lowRank(let term): term.fullDiagonal
    }
  }

  /// Whether P is held as a full matrix.
  var isHeldDense: Bool {
    if case .dense = kernel { return true }
    return false
  }

  /// A dense term without a factor, so that elements can be replaced; other forms as they are.
  var multipliedOut: QuadraticTerm {
    guard case .dense(let matrix, let factor) = kernel, factor != 1 else { return self }
    return .dense(matrix.multiplied(by: factor))
  }

  /// The term multiplied out, in the memory of another one of the same form that nobody else holds.
  func copied(into memory: consuming QuadraticKernel) -> QuadraticTerm {
    let kernel = kernel
    switch consume memory {
    case .dense(var copy, _):
      guard case .dense(let matrix, let factor) = kernel, copy.order == matrix.order else { break }
      copy.copyElements(of: matrix, times: factor)
      return .dense(copy)
    case .diagonal(var copy):
      guard case .diagonal(let values) = kernel else { break }
      copy.copyElements(of: values)
      return .diagonal(copy)
    case .lowRank(var copy):
      guard case .lowRank(let term) = kernel else { break }
      copy.copyNumbers(of: term)
      return .factor(FactorTerm(lowRank: copy))
    }
    return multipliedOut
  }

  /// Whether the form itself makes P positive semidefinite.
  var isSemidefiniteByForm: Bool {
    switch self {
    case .dense, .scaledDense: false
    case .diagonal, .factor, .scenarios: true
    }
  }

  /// The term multiplied by a number.
  ///
  /// - Parameter factor: The number; negative numbers make the term refused by the solver.
  /// - Returns: The term, of the same form where the number is not negative.
  public func multiplied(by factor: Double) -> QuadraticTerm {
    switch self {
    case .dense(let matrix): return .scaledDense(matrix, factor: factor)
    case .scaledDense(let matrix, let present):
      return .scaledDense(matrix, factor: present * factor)
    case .diagonal(let values): return .diagonal(values.map { $0 * factor })
    case .factor(let term):
      guard factor >= 0 else { break }
      return .factor(FactorTerm(lowRank: term.lowRank.multiplied(by: factor)))
    case .scenarios(let term):
      guard factor >= 0 else { break }
      return .scenarios(term.multiplied(by: factor))
    }
    return .diagonal(diagonal.map { $0 * factor })
  }

  /// Throws unless all numbers are finite and the diagonal is not negative.
  func requireFinite() throws(OptimizationError) {
    switch self {
    case .dense(let matrix):
      if let place = matrix.firstNonFiniteElement {
        throw .invalidValue(
          argument: "quadratic", index: place.column, got: matrix[place.row, place.column],
          allowed: .finite)
      }
      for i in 0..<matrix.order where matrix[i, i] < 0 { throw .notConvex(order: i + 1) }
    case .diagonal(let values):
      for (i, value) in values.enumerated() where !value.isFinite {
        throw .invalidValue(argument: "quadratic", index: i, got: value, allowed: .finite)
      }
      for (i, value) in values.enumerated() where value < 0 { throw .notConvex(order: i + 1) }
    case .scaledDense(let matrix, let factor):
      try QuadraticTerm.dense(matrix).requireFinite()
      guard factor.isFinite else {
        throw .invalidValue(
          argument: "quadratic", index: 0, got: factor, allowed: .nonnegative)
      }
      guard factor >= 0 else { throw .notConvex(order: matrix.order) }
      var largest = 0.0
      for i in 0..<matrix.order { largest = max(largest, matrix[i, i]) }
      guard (factor * largest).isFinite else {
        throw .invalidValue(
          argument: "quadratic", index: 0, got: factor, allowed: .nonnegative)
      }
    case .factor, .scenarios:
      // Checked when the term was made; the products may have overflowed.
      for i in 0..<order {
        let value = diagonalElement(i)
        if value.isFinite { continue }
        throw .invalidValue(argument: "quadratic", index: i, got: value, allowed: .finite)
      }
    }
  }

  /// Throws unless all elements are finite when they are multiplied out.
  func requireFiniteElements() throws(OptimizationError) {
    guard case .dense(let matrix, let factor) = kernel, factor != 1 else { return }
    for j in 0..<matrix.order {
      let column = matrix.column(j)
      for i in 0..<matrix.order where !(factor * column[i]).isFinite {
        throw .invalidValue(
          argument: "quadratic", index: j, got: factor * column[i], allowed: .finite)
      }
    }
  }

  private func diagonalElement(_ i: Int) -> Double {
    switch kernel {
    case .dense(let matrix, let factor): return factor * matrix[i, i]
    case .diagonal(let values): return values[i]
    case .lowRank(let term):
      var sum = term.diagonal[i]
      for j in 0..<term.root.columnCount { sum += term.root[i, j] * term.root[i, j] }
      return sum
    }
  }

  /// Throws unless a dense P, with a shift of rounding size, has a Cholesky factorization; the other
  /// forms are positive semidefinite as they are.
  func requireConvex() throws(OptimizationError) {
    var factor = DefiniteFactor()
    try requireConvex(&factor)
  }

  /// The same in memory that is kept.
  ///
  /// A direction without own curvature may have no cross terms either.
  func requireConvex(_ factor: inout DefiniteFactor) throws(OptimizationError) {
    guard !isSemidefiniteByForm, case .dense(let matrix, _) = kernel else { return }
    try Self.requireConvex(matrix.elements, order: matrix.order, &factor)
  }

  /// The same for the elements of a full matrix, both triangles, column after column.
  static func requireConvex(
    _ elements: Span<Double>,
    order n: Int,
    _ factor: inout DefiniteFactor
  ) throws(OptimizationError) {
    for i in 0..<n where elements[i &* (n &+ 1)] <= 0 {
      for j in 0..<n where elements[j &+ i &* n] != 0 { throw .notConvex(order: n) }
    }
    let shift = QuadraticSolver.convexityTolerance
    if !factor.factor(elements, order: n, relativeShift: shift) { throw .notConvex(order: n) }
  }

  /// The full matrix, for checks.
  package var expanded: Matrix {
    let n = order
    var storage: [Double] = []
    storage.reserveCapacity(n * n)
    for j in 0..<n {
      var unit = [Double](repeating: 0, count: n)
      unit[j] = 1
      storage += times(unit)
    }
    return Matrix(uncheckedRowCount: n, columnCount: n, storage: storage)
  }

  /// The product P x, summed in a fixed order.
  package func times(_ x: [Double]) -> [Double] {
    switch kernel {
    case .dense(let matrix, let factor):
      SymmetricKernel.product(matrix, factor == 1 ? x : x.map { factor * $0 })
    case .diagonal(let values): zip(values, x).map { $0 * $1 }
    case .lowRank(let term): term.times(x)
    }
  }

  /// The same in memory that is kept, with room for what a form needs.
  func setTimes(_ result: inout [Double], _ x: [Double], room: inout [Double]) {
    switch kernel {
    case .dense(let matrix, let factor):
      room.refill(x.count, with: 0)
      for i in x.indices { room[i] = factor * x[i] }
      SymmetricKernel.setProduct(&result, matrix, room)
    case .diagonal(let values):
      result.refill(x.count, with: 0)
      for i in x.indices { result[i] = values[i] * x[i] }
    case .lowRank(let term):
      result.refill(x.count, with: 0)
      room.refill(term.root.columnCount, with: 0)
      term.addProduct(x, exposures: &room, to: &result)
    }
  }

  /// ``absoluteTimes(_:)`` in memory that is kept, with room for what a form needs.
  func setAbsoluteTimes(_ result: inout [Double], _ x: [Double], room: inout [Double]) {
    switch kernel {
    case .dense(let matrix, let factor):
      room.refill(x.count, with: 0)
      for i in x.indices { room[i] = factor * x[i] }
      SymmetricKernel.setAbsoluteProduct(&result, matrix, room)
    case .diagonal(let values):
      result.refill(x.count, with: 0)
      for i in x.indices { result[i] = (values[i] * x[i]).magnitude }
    case .lowRank(let term): term.setAbsoluteProduct(&result, x)
    }
  }

  /// The product |P| |x|, or a bound of it for a factor form: the scale of the rounding errors of
  /// ``times(_:)``.
  func absoluteTimes(_ x: [Double]) -> [Double] {
    switch kernel {
    case .dense(let matrix, let factor):
      SymmetricKernel.absoluteProduct(matrix, factor == 1 ? x : x.map { factor * $0 })
    case .diagonal(let values): zip(values, x).map { ($0 * $1).magnitude }
    case .lowRank(let term): term.absoluteTimes(x)
    }
  }

  /// The term plus a number on the diagonal.
  ///
  /// - Parameter number: The number, zero or more.
  /// - Returns: The term, of the same form where that has a diagonal.
  package func adding(_ number: Double) -> QuadraticTerm {
    switch kernel {
    case .diagonal(let values): return .diagonal(values.map { $0 + number })
    case .dense(let matrix, let factor):
      let n = matrix.order
      var elements = [Double](repeating: 0, count: n * n)
      for j in 0..<n {
        for i in j..<n { elements[i + j * n] = factor * matrix[i, j] }
        elements[j * (n + 1)] += number
      }
      return .dense(SymmetricMatrix(lowerTriangleOf: elements, order: n))
    case .lowRank(let term):
      return .factor(
        FactorTerm(
          lowRank: LowRankTerm(root: term.root, diagonal: term.diagonal.map { $0 + number })))
    }
  }

  /// The term with further variables that it does not depend on.
  package func padded(by count: Int) -> QuadraticTerm {
    switch kernel {
    case .diagonal(let values): return .diagonal(values + [Double](repeating: 0, count: count))
    case .dense(let matrix, let factor):
      let n = matrix.order
      let elements = matrix.elements
      let storage = [Double](capacity: (n + count) * (n + count)) { output in
        for j in 0..<n {
          for i in 0..<n { output.append(elements[i &+ j &* n]) }
          for _ in 0..<count { output.append(0) }
        }
        for _ in 0..<(count * (n + count)) { output.append(0) }
      }
      return QuadraticTerm.dense(SymmetricMatrix(lowerTriangleOf: storage, order: n + count))
        .multiplied(by: factor)
    case .lowRank(let term): return .factor(FactorTerm(lowRank: term.padded(by: count)))
    }
  }
}

extension SymmetricMatrix {
  /// The matrix multiplied by a number.
  func multiplied(by factor: Double) -> SymmetricMatrix {
    let elements = elements
    let scaled = [Double](capacity: elements.count) { output in
      for i in 0..<elements.count { output.append(elements[i] * factor) }
    }
    return SymmetricMatrix(lowerTriangleOf: scaled, order: order)
  }
}
