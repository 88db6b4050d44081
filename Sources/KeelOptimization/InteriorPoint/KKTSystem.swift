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
struct KKTSystem: ~Copyable, Sendable {
  /// A number for each variable and one for each border row.
  struct Vectors: Sendable {
    var x: [Double] = []
    var v: [Double] = []

    fileprivate var largest: Double { largestMagnitude(x, v) }

    fileprivate mutating func copyElements(of other: Vectors) {
      x.copyElements(of: other.x)
      v.copyElements(of: other.v)
    }

    fileprivate mutating func reserve(variableCount: Int, rowCount: Int) {
      x.reserveCapacity(variableCount)
      v.reserveCapacity(rowCount)
    }
  }

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

  /// The variables and the multipliers of the border rows that ``solve(_:_:_:)`` found.
  private(set) var solution = Vectors()

  private var borderRows: [Int] = []
  private var shortRows: [Int] = []
  private var sigma: [Double] = []
  private var shortWeights: [Double] = []
  private var border: [Double] = []

  private var h: [Double] = []
  private var factor = DefiniteFactor()
  private var isDiagonal = false
  private var diagonalFactor: [Double] = []
  private var lowRank = LowRankFactor()
  private var schurElements: [Double] = []
  private var schur = DefiniteFactor()
  /// H⁻¹ A', column after column.
  private var images: [Double] = []

  // Room for the refinement.
  private var residual = Vectors()
  private var step = Vectors()
  private var trial = Vectors()
  private var trialResidual = Vectors()
  private var product: [Double] = []
  private var exposures: [Double] = []

  init() {}
}

// MARK: - Memory

extension KKTSystem {
  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    let (n, m) = (shape.variableCount, shape.rowCount)
    borderRows.reserveCapacity(m)
    shortRows.reserveCapacity(m)
    shortWeights.reserveCapacity(m)
    border.reserveCapacity(m)
    sigma.reserveCapacity(n)
    product.reserveCapacity(n)
    reserveVectors(n, m)
    if shape.form == .lowRank {
      lowRank.reserve(order: n, columnCount: shape.columnCount + shape.borderCount)
      exposures.reserveCapacity(shape.columnCount)
      return
    }
    if shape.hasDenseSystem {
      h.reserveCapacity(n * n)
      factor.reserve(n)
    }
    diagonalFactor.reserveCapacity(n)
    schurElements.reserveCapacity(shape.borderCount * shape.borderCount)
    schur.reserve(shape.borderCount)
    images.reserveCapacity(shape.borderCount * n)
  }

  private mutating func reserveVectors(_ n: Int, _ m: Int) {
    // They change places.
    solution.reserve(variableCount: n, rowCount: m)
    residual.reserve(variableCount: n, rowCount: m)
    step.reserve(variableCount: n, rowCount: m)
    trial.reserve(variableCount: n, rowCount: m)
    trialResidual.reserve(variableCount: n, rowCount: m)
  }
}

// MARK: - Factorization

extension KKTSystem {
  /// Throws unless a full P is positive semidefinite up to rounding; the factor of the system is lost.
  mutating func requireConvex(_ program: CoreProgram) throws(OptimizationError) {
    try program.quadratic.requireConvex(&factor)
  }

  /// Chooses the rows of A.
  ///
  /// - Parameters:
  ///   - borderRows: The rows of A.
  ///   - shortRows: Inequality rows with few coefficients, added to H.
  mutating func restart(borderRows: [Int], shortRows: [Int]) {
    self.borderRows.copyElements(of: borderRows)
    self.shortRows.copyElements(of: shortRows)
  }

  /// Chooses the first rows as those of A, all of them equations.
  mutating func restart(equationCount: Int) {
    borderRows.removeAll(keepingCapacity: true)
    for k in 0..<equationCount { borderRows.append(k) }
    shortRows.removeAll(keepingCapacity: true)
  }

  /// Factors the system of equations without weights.
  ///
  /// - Parameter program: The program.
  /// - Returns: False when no regularization up to the largest makes the system definite.
  mutating func factor(_ program: CoreProgram) -> Bool {
    sigma.refill(program.count, with: 0)
    shortWeights.refill(shortRows.count, with: 0)
    border.refill(borderRows.count, with: 0)
    return factorPresent(program)
  }

  /// Factors the system for weights.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - sigma: The diagonal that is added to P, one number a variable.
  ///   - rowWeights: The weight of each row of the program: w of a short row, 1/d of a border row
  ///     that is no equation.
  /// - Returns: False when no regularization up to the largest makes the system definite.
  mutating func factor(_ program: CoreProgram, sigma: [Double], rowWeights: [Double]) -> Bool {
    self.sigma.copyElements(of: sigma)
    shortWeights.removeAll(keepingCapacity: true)
    for k in shortRows { shortWeights.append(rowWeights[k]) }
    border.removeAll(keepingCapacity: true)
    for k in borderRows { border.append(program.rows.isEquality(k) ? 0 : 1 / rowWeights[k]) }
    return factorPresent(program)
  }

  private mutating func factorPresent(_ program: CoreProgram) -> Bool {
    var delta = Self.leastRegularization
    while delta <= Self.largestRegularization {
      if program.quadratic.form == .lowRank {
        let isFactored = lowRank.factor(
          program, sigma: sigma, borderRows: borderRows, border: border, shift: delta)
        if isFactored { return true }
      } else if factorUpper(program, delta) && factorSchur(program, delta) {
        return true
      }
      delta *= Self.regularizationGrowth
    }
    return false
  }

  private mutating func factorUpper(_ program: CoreProgram, _ delta: Double) -> Bool {
    let n = program.count
    isDiagonal = program.quadratic.form == .diagonal && shortRows.isEmpty
    if isDiagonal {
      diagonalFactor.refill(n, with: Self.flatRegularization)
      for i in 0..<n {
        let curvature = program.quadratic.diagonal[i] + sigma[i]
        if curvature > 0 { diagonalFactor[i] = curvature * (1 + delta) }
      }
      return diagonalFactor.allSatisfy { $0 > 0 && $0.isFinite }
    }
    if program.quadratic.form == .dense {
      h.copyElements(of: program.quadratic.elements)
    } else {
      h.refill(n * n, with: 0)
      for i in 0..<n { h[i &* (n &+ 1)] = program.quadratic.diagonal[i] }
    }
    for i in 0..<n { h[i &* (n &+ 1)] += sigma[i] + delta }
    for s in shortRows.indices where shortWeights[s] != 0 {
      program.rows.addOuterProduct(of: shortRows[s], weight: shortWeights[s], to: &h, order: n)
    }
    for b in borderRows.indices where isAugmented(b) {
      program.rows.addOuterProduct(
        of: borderRows[b], weight: Self.augmentation, to: &h, order: n)
    }
    return factor.factor(h, order: n)
  }

  /// Whether a border row is an equation that is added to a dense H.
  private func isAugmented(_ b: Int) -> Bool { !isDiagonal && border[b] == 0 }

  private mutating func factorSchur(_ program: CoreProgram, _ delta: Double) -> Bool {
    let n = program.count
    let m = borderRows.count
    images.refill(m * n, with: 0)
    for b in 0..<m { program.rows.add(borderRows[b], times: 1, to: &images, from: b &* n) }
    if isDiagonal {
      for b in 0..<m { for i in 0..<n { images[b &* n &+ i] /= diagonalFactor[i] } }
    } else {
      factor.solve(&images, columnCount: m)
    }
    schurElements.refill(m * m, with: 0)
    for j in 0..<m {
      for i in j..<m {
        schurElements[i + j * m] = program.rows.value(borderRows[i], at: images, from: j &* n)
      }
    }
    // Relative to each element: the Schur complement has no scale of its own.
    for j in 0..<m {
      let place = j * (m + 1)
      schurElements[place] += border[j] + schurElements[place] * Self.leastRegularization
      if schurElements[place] == 0 { schurElements[place] = delta }
    }
    return schur.factor(schurElements, order: m)
  }
}

// MARK: - Solution

extension KKTSystem {
  /// Solves with refinement against the system without regularization; the result is ``solution``.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - f: The right-hand side of the variables.
  ///   - g: The right-hand side of the border rows.
  mutating func solve(_ program: CoreProgram, _ f: [Double], _ g: [Double]) {
    residual.x.copyElements(of: f)
    residual.v.copyElements(of: g)
    let enough = Double.ulpOfOne * residual.largest
    solveOnce(program)
    solution.copyElements(of: step)
    trial.copyElements(of: step)
    setTrialResidual(program, f, g)
    swap(&residual, &trialResidual)
    var size = residual.largest
    for _ in 0..<Self.maximumRefinements where size > enough {
      solveOnce(program)
      for i in trial.x.indices { trial.x[i] = solution.x[i] + step.x[i] }
      for b in trial.v.indices { trial.v[b] = solution.v[b] + step.v[b] }
      setTrialResidual(program, f, g)
      let nextSize = trialResidual.largest
      guard nextSize < size else { break }
      swap(&solution, &trial)
      swap(&residual, &trialResidual)
      let gained = nextSize < size / 2
      size = nextSize
      if !gained { break }
    }
  }

  /// Solves for the residual, without refinement; the result is the step.
  private mutating func solveOnce(_ program: CoreProgram) {
    if program.quadratic.form == .lowRank {
      return lowRank.solve(residual.x, residual.v, x: &step.x, v: &step.v)
    }
    let n = program.count
    step.x.copyElements(of: residual.x)
    for b in borderRows.indices where isAugmented(b) && residual.v[b] != 0 {
      program.rows.add(borderRows[b], times: Self.augmentation * residual.v[b], to: &step.x)
    }
    if isDiagonal {
      for i in 0..<n { step.x[i] /= diagonalFactor[i] }
    } else {
      factor.solve(&step.x)
    }
    step.v.removeAll(keepingCapacity: true)
    if borderRows.isEmpty { return }
    for b in borderRows.indices {
      step.v.append(program.rows.value(borderRows[b], at: step.x) - residual.v[b])
    }
    schur.solve(&step.v)
    for b in borderRows.indices {
      Self.subtract(images, from: b &* n, times: step.v[b], of: &step.x)
    }
  }

  private static func subtract(
    _ columns: [Double],
    from start: Int,
    times factor: Double,
    of vector: inout [Double]
  ) {
    let columns = columns.span
    var result = vector.mutableSpan
    for i in 0..<result.count { result[i] -= columns[start &+ i] * factor }
  }

  /// What the trial leaves of a right-hand side.
  private mutating func setTrialResidual(_ program: CoreProgram, _ f: [Double], _ g: [Double]) {
    program.quadratic.setProduct(&product, trial.x, room: &exposures)
    trialResidual.x.copyElements(of: f)
    for i in f.indices { trialResidual.x[i] -= product[i] + sigma[i] * trial.x[i] }
    for s in shortRows.indices where shortWeights[s] != 0 {
      let value = shortWeights[s] * program.rows.value(shortRows[s], at: trial.x)
      program.rows.add(shortRows[s], times: -value, to: &trialResidual.x)
    }
    trialResidual.v.copyElements(of: g)
    for b in borderRows.indices {
      let k = borderRows[b]
      program.rows.add(k, times: -trial.v[b], to: &trialResidual.x)
      trialResidual.v[b] -= program.rows.value(k, at: trial.x) - border[b] * trial.v[b]
    }
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
