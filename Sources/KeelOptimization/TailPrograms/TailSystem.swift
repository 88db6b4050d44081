import KeelNumerics

// Goals: (1) steps that satisfy the equations to rounding, through refinement; (2) one Cholesky
// factorization of order n for each weight vector.
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

  private let count: Int
  private let borderRows: [CoreProgram.Row]
  private let shortRows: [CoreProgram.Row]
  private var matrix = SymmetricMatrix(lowerTriangleOf: [], order: 0)
  private var border: [Double] = []
  private var augmentation: [Double] = []
  private var factor = DefiniteFactor()
  private var schur = DefiniteFactor()
  private var images: [[Double]] = []

  init(count: Int, borderRows: [CoreProgram.Row], shortRows: [CoreProgram.Row]) {
    self.count = count
    self.borderRows = borderRows
    self.shortRows = shortRows
  }

  /// Factors the system for weights.
  ///
  /// - Parameters:
  ///   - gram: The lower triangle of outcomes' D outcomes, n² numbers.
  ///   - sigma: The diagonal to add.
  ///   - shortWeights: The weight w of each short row.
  ///   - border: The number d of each border row; zero for an equation.
  /// - Returns: False when no regularization makes the system definite.
  mutating func factor(
    gram: [Double],
    sigma: [Double],
    shortWeights: [Double],
    border: [Double]
  ) -> Bool {
    let n = count
    var gram = gram
    for (k, row) in shortRows.enumerated() where shortWeights[k] != 0 {
      Self.addOuterProduct(of: row, weight: shortWeights[k], to: &gram, order: n)
    }
    var largest = 0.0
    for i in 0..<n {
      gram[i * (n + 1)] += sigma[i]
      largest = max(largest, gram[i * (n + 1)])
    }
    guard largest > 0, largest < .infinity else { return false }
    matrix = SymmetricMatrix(lowerTriangleOf: gram, order: n)
    self.border = border
    var delta = Self.leastRegularization
    var isAugmented = false
    while delta <= Self.largestRegularization {
      // A direction that only the equations hold in place gets its curvature from them.
      augmentation = borderRows.indices.map {
        isAugmented && border[$0] == 0 ? augmentationWeight(borderRows[$0]) : 0
      }
      var elements = gram
      for (b, row) in borderRows.enumerated() where augmentation[b] != 0 {
        Self.addOuterProduct(of: row, weight: augmentation[b], to: &elements, order: n)
      }
      for i in 0..<n {
        let diagonal = elements[i * (n + 1)]
        elements[i * (n + 1)] = diagonal > 0 ? diagonal * (1 + delta) : largest * delta
      }
      if factor.factor(elements, order: n) && factorSchur() { return true }
      if isAugmented { delta *= Self.regularizationGrowth }
      isAugmented = true
    }
    return false
  }

  /// The geometric mean of the curvature along the variables of a row, over its largest coefficient.
  private func augmentationWeight(_ row: CoreProgram.Row) -> Double {
    var exponents = 0
    var members = 0
    for i in row.indices where matrix[i, i] > 0 {
      exponents += Int(matrix[i, i].exponent)
      members += 1
    }
    let size = largestMagnitude(row.coefficients)
    let mean = Double(sign: .plus, exponent: exponents / max(members, 1), significand: 1)
    return size > 0 ? mean / (size * size) : 0
  }

  private mutating func factorSchur() -> Bool {
    let m = borderRows.count
    if m == 0 { return true }
    images = borderRows.map { row in
      var image = [Double](repeating: 0, count: count)
      for (i, a) in zip(row.indices, row.coefficients) { image[i] = a }
      factor.solve(&image)
      return image
    }
    var s = [Double](repeating: 0, count: m * m)
    for j in 0..<m {
      for i in j..<m { s[i + j * m] = borderRows[i].value(at: images[j]) }
    }
    for j in 0..<m {
      s[j * (m + 1)] += border[j] + s[j * (m + 1)] * Self.leastRegularization
      if s[j * (m + 1)] == 0 { s[j * (m + 1)] = 1 }
    }
    return schur.factor(s, order: m)
  }

  /// Solves with refinement against the system without regularization.
  func solve(_ f: [Double], _ g: [Double]) -> (x: [Double], v: [Double]) {
    var (x, v) = solveOnce(f, g)
    var (rf, rg) = residual(f, g, x, v)
    var size = largestMagnitude(rf, rg)
    let enough = Double.ulpOfOne * largestMagnitude(f, g)
    for _ in 0..<Self.maximumRefinements where size > enough {
      let (dx, dv) = solveOnce(rf, rg)
      let (nextX, nextV) = (sum(x, dx), sum(v, dv))
      let next = residual(f, g, nextX, nextV)
      let nextSize = largestMagnitude(next.0, next.1)
      guard nextSize < size else { break }
      (x, v, rf, rg) = (nextX, nextV, next.0, next.1)
      let gained = nextSize < size / 2
      size = nextSize
      if !gained { break }
    }
    return (x, v)
  }

  private func solveOnce(_ f: [Double], _ g: [Double]) -> (x: [Double], v: [Double]) {
    var x = f
    for (b, row) in borderRows.enumerated() where augmentation[b] != 0 && g[b] != 0 {
      for (i, a) in zip(row.indices, row.coefficients) { x[i] += augmentation[b] * a * g[b] }
    }
    factor.solve(&x)
    if borderRows.isEmpty { return (x, []) }
    var v = borderRows.indices.map { borderRows[$0].value(at: x) - g[$0] }
    schur.solve(&v)
    for (b, image) in images.enumerated() {
      for i in x.indices { x[i] -= image[i] * v[b] }
    }
    return (x, v)
  }

  private func residual(
    _ f: [Double],
    _ g: [Double],
    _ x: [Double],
    _ v: [Double]
  ) -> ([Double], [Double]) {
    let product = SymmetricKernel.product(matrix, x)
    var rf = f
    for i in rf.indices { rf[i] -= product[i] }
    var rg = g
    for (b, row) in borderRows.enumerated() {
      for (i, a) in zip(row.indices, row.coefficients) { rf[i] -= a * v[b] }
      rg[b] -= row.value(at: x) - border[b] * v[b]
    }
    return (rf, rg)
  }

  /// Adds weight × a a' to the lower triangle.
  private static func addOuterProduct(
    of row: CoreProgram.Row,
    weight: Double,
    to h: inout [Double],
    order: Int
  ) {
    let indices = row.indices.span
    let coefficients = row.coefficients.span
    var elements = h.mutableSpan
    for p in 0..<indices.count {
      let column = indices[p] &* order
      let factor = weight * coefficients[p]
      for q in p..<indices.count { elements[indices[q] &+ column] += coefficients[q] * factor }
    }
  }
}
