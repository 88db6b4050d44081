import KeelNumerics

// Goals: (1) residuals at the level of rounding for singular P, through a small regularization that
// refinement removes; (2) one Cholesky factorization of order n for each weight vector.
//
// Quasi-definite system of one Newton step (Vanderbei, SIAM J. Optim. 5, 1995), eliminated to
//   H = P + diag(σ) + Σ w a a' (short inequality rows),   S = A H⁻¹ A' + diag(d).
// A dense H also gets ρ a a' for each equation, which changes no solution of the system and gives
// variables without curvature some (augmented Lagrangian, as in Golub and Greif, SIAM J. Sci.
// Comput. 24, 2003).

/// The linear system of a Newton step or of an equality-constrained problem.
///
/// ```text
/// | P + diag(σ) + Σ w a a'   A' | | x |   | f |
/// | A                       −d  | | v | = | g |
/// ```
struct KKTSystem: ~Copyable {
  /// Refinement steps: each gains the digits that regularization and rounding left, mostly in one.
  static let maximumRefinements = 6

  /// The first regularization relative to the diagonal of P (about one): some roundings of order n.
  static let leastRegularization = 1e-13

  /// What stands for the curvature of a variable that has none, in a diagonal P: the square root of
  /// double precision, so that neither it nor its inverse drowns the rest of the Schur complement.
  static let flatRegularization = 1e-8

  /// The factor from one attempt at regularization to the next.
  static let regularizationGrowth = 100.0

  /// The largest regularization before a factorization is given up.
  static let largestRegularization = 1e-3

  /// The weight ρ of the equations in a dense H: the size of the scaled P and rows.
  private static let augmentation = 1.0

  private let program: CoreProgram
  private let borderRows: [Int]
  private let shortRows: [Int]
  private var sigma: [Double] = []
  private var shortWeights: [Double] = []
  private var border: [Double] = []
  private var factor = DefiniteFactor()
  private var diagonalFactor: [Double]?
  private var lowRank = LowRankFactor()
  private var schur = DefiniteFactor()
  private var images: [[Double]] = []

  /// - Parameters:
  ///   - program: The program.
  ///   - borderRows: The rows of A.
  ///   - shortRows: Inequality rows with few coefficients, added to H.
  init(_ program: CoreProgram, borderRows: [Int], shortRows: [Int]) {
    self.program = program
    self.borderRows = borderRows
    self.shortRows = shortRows
  }

  /// Factors the system for weights.
  ///
  /// - Parameters:
  ///   - sigma: The diagonal that is added to P, one number a variable.
  ///   - shortWeights: The weight w of each short row.
  ///   - border: The number d of each border row; zero for an equation.
  /// - Returns: False when no regularization up to the largest makes the system definite.
  mutating func factor(sigma: [Double], shortWeights: [Double], border: [Double]) -> Bool {
    self.sigma = sigma
    self.shortWeights = shortWeights
    self.border = border
    var delta = Self.leastRegularization
    while delta <= Self.largestRegularization {
      if case .lowRank(let term) = program.quadratic.kernel {
        let isFactored = lowRank.factor(
          term, sigma: sigma, rows: borderRows.map { program.rows[$0] }, border: border,
          shift: delta, rowShift: delta)
        if isFactored { return true }
      } else if factorUpper(delta) && factorSchur(delta) {
        return true
      }
      delta *= Self.regularizationGrowth
    }
    return false
  }

  private mutating func factorUpper(_ delta: Double) -> Bool {
    let n = program.count
    if case .diagonal(let values) = program.quadratic.kernel, shortRows.isEmpty {
      let sum = (0..<n).map { i in
        let curvature = values[i] + sigma[i]
        return curvature > 0 ? curvature * (1 + delta) : Self.flatRegularization
      }
      diagonalFactor = sum
      return sum.allSatisfy { $0 > 0 && $0.isFinite }
    }
    diagonalFactor = nil
    var h = [Double](repeating: 0, count: n * n)
    switch program.quadratic.kernel {
    case .dense(let matrix):
      let elements = matrix.elements
      for i in 0..<(n &* n) { h[i] = elements[i] }
    case .diagonal(let values):
      for i in 0..<n { h[i &* (n &+ 1)] = values[i] }
    case .lowRank: return false
    }
    for i in 0..<n { h[i &* (n &+ 1)] += sigma[i] + delta }
    for (s, k) in shortRows.enumerated() where shortWeights[s] != 0 {
      Self.addOuterProduct(of: program.rows[k], weight: shortWeights[s], to: &h, order: n)
    }
    for (b, k) in borderRows.enumerated() where isAugmented(b) {
      Self.addOuterProduct(of: program.rows[k], weight: Self.augmentation, to: &h, order: n)
    }
    return factor.factor(h, order: n)
  }

  /// Whether a border row is an equation that is added to a dense H.
  private func isAugmented(_ b: Int) -> Bool { diagonalFactor == nil && border[b] == 0 }

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

  private mutating func factorSchur(_ delta: Double) -> Bool {
    let m = borderRows.count
    images = borderRows.map { k in
      var image = [Double](repeating: 0, count: program.count)
      for (i, a) in zip(program.rows[k].indices, program.rows[k].coefficients) { image[i] = a }
      solveUpper(&image)
      return image
    }
    var s = [Double](repeating: 0, count: m * m)
    for j in 0..<m {
      for i in j..<m { s[i + j * m] = program.rows[borderRows[i]].value(at: images[j]) }
    }
    // Relative to each element: the Schur complement has no scale of its own.
    for j in 0..<m { s[j * (m + 1)] += border[j] + s[j * (m + 1)] * Self.leastRegularization }
    for j in 0..<m where s[j * (m + 1)] == 0 { s[j * (m + 1)] = delta }
    return schur.factor(s, order: m)
  }

  private func solveUpper(_ b: inout [Double]) {
    guard let diagonalFactor else { return factor.solve(&b) }
    for i in b.indices { b[i] /= diagonalFactor[i] }
  }

  /// Solves with refinement against the system without regularization.
  ///
  /// - Parameters:
  ///   - f: The right-hand side of the variables.
  ///   - g: The right-hand side of the border rows.
  /// - Returns: The variables and the multipliers of the border rows.
  func solve(_ f: [Double], _ g: [Double]) -> (x: [Double], v: [Double]) {
    var (x, v) = solveOnce(f, g)
    var (rf, rg) = residual(f, g, x, v)
    var size = largestMagnitude(rf, rg)
    let enough = Double.ulpOfOne * largestMagnitude(f, g)
    for _ in 0..<Self.maximumRefinements where size > enough {
      let (dx, dv) = solveOnce(rf, rg)
      let nextX = sum(x, dx)
      let nextV = sum(v, dv)
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
    if case .lowRank = program.quadratic.kernel { return lowRank.solve(f, g) }
    var x = f
    for (b, k) in borderRows.enumerated() where isAugmented(b) && g[b] != 0 {
      let row = program.rows[k]
      for (i, a) in zip(row.indices, row.coefficients) { x[i] += Self.augmentation * a * g[b] }
    }
    solveUpper(&x)
    if borderRows.isEmpty { return (x, []) }
    var v = borderRows.indices.map { program.rows[borderRows[$0]].value(at: x) - g[$0] }
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
    let product = program.quadratic.times(x)
    var rf = f
    for i in rf.indices { rf[i] -= product[i] + sigma[i] * x[i] }
    for (s, k) in shortRows.enumerated() where shortWeights[s] != 0 {
      let row = program.rows[k]
      let value = shortWeights[s] * row.value(at: x)
      for (i, a) in zip(row.indices, row.coefficients) { rf[i] -= a * value }
    }
    var rg = g
    for (b, k) in borderRows.enumerated() {
      let row = program.rows[k]
      for (i, a) in zip(row.indices, row.coefficients) { rf[i] -= a * v[b] }
      rg[b] -= row.value(at: x) - border[b] * v[b]
    }
    return (rf, rg)
  }
}

/// The largest magnitude in two vectors; infinity when one holds NaN.
func largestMagnitude(_ left: [Double], _ right: [Double] = []) -> Double {
  var largest = 0.0
  for value in left { largest = value.isNaN ? .infinity : max(largest, value.magnitude) }
  for value in right { largest = value.isNaN ? .infinity : max(largest, value.magnitude) }
  return largest
}

/// The sum of two vectors.
func sum(_ left: [Double], _ right: [Double]) -> [Double] {
  zip(left, right).map { $0 + $1 }
}
