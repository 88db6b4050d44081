import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) steps that satisfy the equations to rounding, through refinement; (2) one Cholesky
// factorization of order n for each weight vector; (3) no allocation when sizes come back.
//
//   | H   A' | | x |   | f |
//   | A   −d | | v | = | g |,   H = outcomes' D outcomes + diag(σ) + Σ w a a' (short rows)
//
// H has elements from 1e-10 to 1e+12 in the last iterations, so that its regularization is relative
// to each diagonal element.

/// The linear system of a Newton step of a tail program.
struct TailSystem: ~Copyable {
  /// The first regularization relative to the diagonal: some roundings of order n.
  private static let leastRegularization = 1e-14

  /// The factor from one attempt to the next, and the last attempt.
  private static let regularizationGrowth = 100.0
  private static let largestRegularization = 1e-5

  /// Each refinement gains the digits that regularization and rounding left.
  private static let maximumRefinements = 4

  /// Inequalities stand in the border up to one for so many variables.
  private static let mostBorderRows = 3

  private var count = 0
  /// The rows that stand in the border, and those that are part of H.
  private(set) var borderRows: [Int] = []
  private(set) var shortRows: [Int] = []
  /// The lower triangle of H; the caller puts outcomes' D outcomes there.
  var matrix: [Double] = []
  /// The number d of each border row; zero for an equation.
  private var border: [Double] = []
  private var elements: [Double] = []
  private var augmentation: [Double] = []
  private var factor = WorkingCholesky()
  private var schur = WorkingCholesky()
  private var schurElements: [Double] = []
  private var images: [[Double]] = []

  /// The solution: variables and multipliers of the border rows.
  private(set) var x: [Double] = []
  private(set) var v: [Double] = []
  private var residualX: [Double] = []
  private var residualV: [Double] = []
  private var nextX: [Double] = []
  private var nextV: [Double] = []
  private var trialX: [Double] = []
  private var trialV: [Double] = []

  init() {}

  /// Sets the sizes and sorts the rows.
  mutating func restart(count: Int, rows: borrowing TailRows) {
    self.count = count
    borderRows.removeAll(keepingCapacity: true)
    shortRows.removeAll(keepingCapacity: true)
    for k in 0..<rows.count {
      // A short row costs its length squared in the matrix, a border row one solve.
      let length = rows.range(k).count
      if !rows.isEquality(k) && length * length <= count {
        shortRows.append(k)
      } else {
        borderRows.append(k)
      }
    }
    // More rows than the variables can meet at once make the border singular, and the matrix only larger.
    let inequalities = borderRows.count { !rows.isEquality($0) }
    if inequalities > count / Self.mostBorderRows {
      shortRows += borderRows.filter { !rows.isEquality($0) }
      borderRows.removeAll { !rows.isEquality($0) }
    }
    while images.count < borderRows.count { images.append([]) }
  }

  /// Takes the memory for systems up to a size.
  mutating func reserve(count: Int, rowCount: Int) {
    factor = WorkingCholesky(reserving: count)
    schur = WorkingCholesky(reserving: rowCount)
    matrix.reserveCapacity(count * count)
    elements.reserveCapacity(count * count)
    schurElements.reserveCapacity(rowCount * rowCount)
    while images.count < rowCount { images.append([]) }
    for b in images.indices { images[b].reserveCapacity(count) }
    x.reserveCapacity(count)
    nextX.reserveCapacity(count)
    trialX.reserveCapacity(count)
    residualX.reserveCapacity(count)
    borderRows.reserveCapacity(rowCount)
    shortRows.reserveCapacity(rowCount)
    border.reserveCapacity(rowCount)
    augmentation.reserveCapacity(rowCount)
    v.reserveCapacity(rowCount)
    nextV.reserveCapacity(rowCount)
    trialV.reserveCapacity(rowCount)
    residualV.reserveCapacity(rowCount)
  }

  /// Factors the system for weights.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - sigma: The diagonal to add.
  ///   - rowWeights: The weight w of each row that is no equation.
  /// - Returns: False when no regularization makes the system definite.
  mutating func factor(
    _ rows: borrowing TailRows,
    sigma: [Double],
    rowWeights: [Double]
  ) -> Bool {
    let n = count
    for k in shortRows where rowWeights[k] != 0 {
      Self.addOuterProduct(of: k, rows, weight: rowWeights[k], to: &matrix, order: n)
    }
    var largest = 0.0
    for i in 0..<n {
      matrix[i * (n + 1)] += sigma[i]
      largest = max(largest, matrix[i * (n + 1)])
    }
    guard largest > 0, largest < .infinity else { return false }
    border.removeAll(keepingCapacity: true)
    for k in borderRows { border.append(rows.isEquality(k) ? 0 : 1 / rowWeights[k]) }
    var delta = Self.leastRegularization
    var isAugmented = false
    while delta <= Self.largestRegularization {
      fillElements(rows, isAugmented: isAugmented)
      for i in 0..<n {
        let diagonal = elements[i * (n + 1)]
        elements[i * (n + 1)] = diagonal > 0 ? diagonal * (1 + delta) : largest * delta
      }
      if factor.factor(elements, order: n) && factorSchur(rows) { return true }
      if isAugmented { delta *= Self.regularizationGrowth }
      isAugmented = true
    }
    return false
  }

  /// H, with curvature from the equations for directions that only they hold in place.
  private mutating func fillElements(_ rows: borrowing TailRows, isAugmented: Bool) {
    elements.copyElements(of: matrix)
    augmentation.refill(borderRows.count, with: 0)
    if !isAugmented { return }
    for (b, k) in borderRows.enumerated() where border[b] == 0 {
      augmentation[b] = augmentationWeight(k, rows)
      if augmentation[b] == 0 { continue }
      Self.addOuterProduct(of: k, rows, weight: augmentation[b], to: &elements, order: count)
    }
  }

  /// The geometric mean of the curvature along the variables of a row, over its largest coefficient.
  private func augmentationWeight(_ k: Int, _ rows: borrowing TailRows) -> Double {
    var exponents = 0
    var members = 0
    for e in rows.range(k) {
      let diagonal = matrix[rows.indices[e] * (count + 1)]
      guard diagonal > 0 else { continue }
      exponents += Int(diagonal.exponent)
      members += 1
    }
    let size = rows.largestCoefficient(k)
    let mean = Double(sign: .plus, exponent: exponents / max(members, 1), significand: 1)
    return size > 0 ? mean / (size * size) : 0
  }

  private mutating func factorSchur(_ rows: borrowing TailRows) -> Bool {
    let m = borderRows.count
    if m == 0 { return true }
    schurElements.refill(m * m, with: 0)
    for (b, k) in borderRows.enumerated() {
      images[b].refill(count, with: 0)
      rows.add(k, times: 1, to: &images[b])
      guard factor.solve(&images[b]) else { return false }
    }
    for j in 0..<m {
      for i in j..<m { schurElements[i + j * m] = rows.value(borderRows[i], at: images[j]) }
    }
    for j in 0..<m {
      let place = j * (m + 1)
      schurElements[place] += border[j] + schurElements[place] * Self.leastRegularization
      if schurElements[place] == 0 { schurElements[place] = 1 }
    }
    return schur.factor(schurElements, order: m)
  }

  /// Estimates the dual values of the equations: those that leave the least gradient.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - gradient: What A'y is added to.
  ///   - regularization: The relative weight of the identity.
  ///   - y: Becomes the dual values, one a row.
  /// - Returns: False, with y as it was, when there are no equations or no estimate.
  mutating func estimate(
    _ rows: borrowing TailRows,
    gradient: [Double],
    regularization: Double,
    into y: inout [Double]
  ) -> Bool {
    nextV.removeAll(keepingCapacity: true)
    for k in borderRows where rows.isEquality(k) { nextV.append(-rows.value(k, at: gradient)) }
    let m = nextV.count
    if m == 0 { return false }
    schurElements.refill(m * m, with: 0)
    var b = 0
    for k in borderRows where rows.isEquality(k) {
      nextX.refill(count, with: 0)
      rows.add(k, times: 1, to: &nextX)
      var a = 0
      for other in borderRows where rows.isEquality(other) {
        schurElements[a + b * m] = rows.value(other, at: nextX)
        a += 1
      }
      schurElements[b * (m + 1)] *= 1 + regularization
      b += 1
    }
    guard schur.factor(schurElements, order: m), schur.solve(&nextV),
      largestMagnitude(nextV) < .infinity
    else { return false }
    b = 0
    for k in borderRows where rows.isEquality(k) {
      y[k] = nextV[b]
      b += 1
    }
    return true
  }

  /// Solves with refinement against the system without regularization.
  mutating func solve(_ rows: borrowing TailRows, _ f: [Double], _ g: [Double]) {
    residualX.copyElements(of: f)
    residualV.copyElements(of: g)
    solveOnce(rows)
    swap(&x, &nextX)
    swap(&v, &nextV)
    setResidual(rows, f, g, x, v)
    var size = largestMagnitude(residualX, residualV)
    let enough = Double.ulpOfOne * largestMagnitude(f, g)
    for _ in 0..<Self.maximumRefinements where size > enough {
      solveOnce(rows)
      trialX.copyElements(of: x)
      trialV.copyElements(of: v)
      for i in trialX.indices { trialX[i] += nextX[i] }
      for b in trialV.indices { trialV[b] += nextV[b] }
      setResidual(rows, f, g, trialX, trialV)
      let nextSize = largestMagnitude(residualX, residualV)
      guard nextSize < size else { break }
      swap(&x, &trialX)
      swap(&v, &trialV)
      let gained = nextSize < size / 2
      size = nextSize
      if !gained { break }
    }
  }

  /// Solves for the residual, without refinement, into `nextX` and `nextV`.
  private mutating func solveOnce(_ rows: borrowing TailRows) {
    nextX.copyElements(of: residualX)
    nextV.refill(borderRows.count, with: 0)
    for (b, k) in borderRows.enumerated() where augmentation[b] != 0 && residualV[b] != 0 {
      rows.add(k, times: augmentation[b] * residualV[b], to: &nextX)
    }
    var isSolved = factor.solve(&nextX)
    if !borderRows.isEmpty {
      for (b, k) in borderRows.enumerated() {
        nextV[b] = rows.value(k, at: nextX) - residualV[b]
      }
      isSolved = isSolved && schur.solve(&nextV)
      for b in nextV.indices {
        let image = images[b]
        for i in nextX.indices { nextX[i] -= image[i] * nextV[b] }
      }
    }
    if !isSolved {
      nextX.refill(nextX.count, with: .nan)
      nextV.refill(nextV.count, with: .nan)
    }
  }

  private mutating func setResidual(
    _ rows: borrowing TailRows,
    _ f: [Double],
    _ g: [Double],
    _ x: [Double],
    _ v: [Double]
  ) {
    residualX.copyElements(of: f)
    Self.subtractProduct(matrix, x, from: &residualX)
    residualV.copyElements(of: g)
    for (b, k) in borderRows.enumerated() {
      rows.add(k, times: -v[b], to: &residualX)
      residualV[b] -= rows.value(k, at: x) - border[b] * v[b]
    }
  }

  /// Subtracts H x, from the lower triangle, column after column.
  private static func subtractProduct(
    _ matrix: [Double],
    _ x: [Double],
    from result: inout [Double]
  ) {
    let n = x.count
    let elements = matrix.span
    let x = x.span
    var output = result.mutableSpan
    for j in 0..<n {
      let column = j &* n
      let factor = x[j]
      var sum = elements[column &+ j] * factor
      for i in (j &+ 1)..<Swift.max(n, j &+ 1) {
        let element = elements[column &+ i]
        output[i] -= element * factor
        sum += element * x[i]
      }
      output[j] -= sum
    }
  }

  /// Adds weight × a a' to the lower triangle.
  private static func addOuterProduct(
    of k: Int,
    _ rows: borrowing TailRows,
    weight: Double,
    to h: inout [Double],
    order: Int
  ) {
    let indices = rows.indices.span
    let coefficients = rows.coefficients.span
    var elements = h.mutableSpan
    let range = rows.range(k)
    for p in range {
      let column = indices[p] &* order
      let factor = weight * coefficients[p]
      for q in p..<range.upperBound {
        elements[indices[q] &+ column] += coefficients[q] * factor
      }
    }
  }
}
