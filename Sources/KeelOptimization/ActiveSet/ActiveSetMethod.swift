// Goals: (1) exact zeros and exact bounds; (2) the cost of the variables that are off their bounds,
// not of all; (3) no allocation from the second solve on. Safety is not a goal: the certificate
// decides, and the interior-point method stands behind.
//
// Primal-dual active sets: solve the optimality conditions for a guess of the active constraints,
// move every constraint whose sign is wrong to the other side, repeat (Hintermüller, Ito and
// Kunisch, SIAM J. Optim. 13, 2003). While the number of wrong signs falls, all move at once, freed
// variables only as many as the free ones allow, the most violated first; when it does not, the dual
// method takes over.

import KeelLinearAlgebra
import KeelNumerics

/// Finds the active set of a strictly convex program and solves for it exactly.
struct ActiveSetMethod: ~Copyable, Sendable {
  /// Conditions are taken for satisfied within this size relative to their terms.
  static let tolerance = 1e-13

  /// Block pivots without gain before the dual method.
  static let blockPatience = 4

  /// The number of variables that one step may free, when few are free.
  static let leastGrowth = 12

  /// The number of variables that one step may free, relative to those that are free.
  static let growthRate = 0.75

  /// The number of variables that a row frees which no free variable can satisfy.
  static let starvedGrowth = 2

  /// Rows are refined to the last bit, the gradient to some roundings.
  private static let rowWeight = 32.0

  /// Newton steps on the final set: one solves it, the next remove rounding.
  private static let refinements = 3

  /// The residual relative to its terms below which a further Newton step gains nothing.
  private static let refinedResidual = 1e-15

  /// The number of dual steps allowed beside one for each variable and row.
  private static let leastDualSteps = 50

  /// The limit of block pivots that a solver allows.
  static let mostBlocks = 60

  var program: FlatProgram
  var system = ReducedSystem()
  var x: [Double]
  var rowDuals: [Double]
  /// Px + q − A'y: the dual value of the bound where a variable is at one.
  var gradient: [Double]
  /// For each variable −1, 0 or 1: at its lower bound, free, at its upper bound.
  var side: [Int8]
  /// The same for each row; 2 for an equation.
  var rowSide: [Int8]
  /// The square roots of the diagonal of P.
  var deviations: [Double]
  var iterations = 0
  /// Whether a run goes on with the gradient of the one before, and leaves the rounding of its steps.
  var keepsGradient = false
  /// A point and P times it, from which products are taken; empty for zero.
  var center: [Double] = []
  var centerProduct: [Double] = []
  /// Multipliers of rows that prove, when checked, that the last run met a contradiction.
  var rowRay: [Double]
  var hasRay = false

  // Scratch memory.
  var positions: [Int]
  var changes: [Double]
  var scratch: [Double]
  var exposures: [Double]
  var direction: [Double] = []
  /// Unit vectors one after the other.
  var basis: [Double] = []
  var flips: Flips

  init(_ program: consuming FlatProgram) {
    let n = program.count
    x = [Double](repeating: 0, count: n)
    rowDuals = [Double](repeating: 0, count: program.rowCount)
    rowRay = rowDuals
    gradient = x
    side = [Int8](repeating: 0, count: n)
    rowSide = [Int8](repeating: 0, count: program.rowCount)
    deviations = program.curvature.map { $0.squareRoot() }
    positions = [Int](repeating: 0, count: n)
    changes = x
    scratch = x
    direction = x
    exposures = []
    if case .lowRank(let term) = program.kernel {
      exposures = [Double](repeating: 0, count: term.root.columnCount)
    }
    flips = Flips(capacity: n + program.rowCount)
    basis.reserveCapacity((min(n, program.rowCount) + 1) * n)
    self.program = program
  }

  /// Takes the memory that any run needs.
  mutating func reserve() {
    basis.reserveCapacity(min(x.count, rowSide.count) * x.count)
    if hasCurvature { system.reserve(program) }
  }

  /// Whether every variable has curvature of its own, which the method needs.
  var hasCurvature: Bool { deviations.allSatisfy { $0 > 0 } }

  /// Puts another quadratic term of the same order into the place of the present one.
  mutating func replaceKernel(_ quadratic: QuadraticTerm) {
    program.kernel = quadratic.kernel
    system.invalidate()
    quadratic.setDiagonal(&program.curvature)
    for i in deviations.indices { deviations[i] = program.curvature[i].squareRoot() }
    if case .lowRank(let term) = program.kernel, exposures.count != term.root.columnCount {
      exposures = [Double](repeating: 0, count: term.root.columnCount)
    }
  }

  /// Replaces the diagonal, in the memory of the present quadratic term.
  ///
  /// - Parameter diagonal: The n elements; of a low-rank term what stands beside the root. A dense
  ///   term has the factor 1.
  mutating func replaceDiagonal(_ diagonal: [Double]) {
    let present = program.kernel
    program.kernel = .diagonal([])
    switch consume present {
    case .dense(var matrix, _):
      for i in diagonal.indices { matrix[i, i] = diagonal[i] }
      program.curvature.copyElements(of: diagonal)
      program.kernel = .dense(matrix, 1)
    case .diagonal(var values):
      values.copyElements(of: diagonal)
      program.curvature.copyElements(of: diagonal)
      program.kernel = .diagonal(values)
    case .lowRank(var term):
      term.replaceDiagonal(diagonal)
      term.setFullDiagonal(&program.curvature)
      program.kernel = .lowRank(term)
    }
    system.invalidate()
    for i in deviations.indices { deviations[i] = program.curvature[i].squareRoot() }
  }

  /// Puts every variable and row off its bounds.
  mutating func forgetSets() {
    system.invalidate()
    for i in side.indices {
      x[i] = 0
      side[i] = 0
    }
    for k in rowSide.indices {
      rowSide[k] = 0
      rowDuals[k] = 0
    }
  }

  /// Begins the next run with the sets of the last one.
  mutating func keepSets() {
    for i in x.indices where side[i] == 0 {
      x[i] = min(max(x[i], program.lower[i]), program.upper[i])
    }
  }

  /// Takes over a point that was found elsewhere.
  mutating func restart(at point: [Double], _ duals: [Double]) {
    for i in x.indices {
      x[i] = point[i]
      side[i] = x[i] <= program.lower[i] ? -1 : x[i] >= program.upper[i] ? 1 : 0
    }
    for k in rowDuals.indices { rowDuals[k] = duals[k] }
  }

  /// Runs from the present sets until every condition holds: block pivots, and the dual method where
  /// they do not settle.
  ///
  /// - Parameters:
  ///   - maximumIterations: The limit of block pivots; dual steps are limited by the numbers of variables
  ///     and rows.
  ///   - isInterrupted: Asked at the start of each step.
  /// - Returns: Whether a point was found that satisfies all conditions.
  mutating func run(maximumIterations: Int, isInterrupted: () -> Bool) -> Bool {
    iterations = 0
    hasRay = false
    guard prepare(), !hasContradictionOfFixed() else { return false }
    let isSettled = runBlocks(maximumIterations, isInterrupted)
    let isDualFeasible = isSettled && rowDualsHaveRightSigns
    if isDualFeasible && mostViolated() == nil { return true }
    if isInterrupted() { return false }
    if !isSettled { dropDependentRows() }
    let steps = Self.leastDualSteps + x.count + rowSide.count
    return runDual(
      isDualFeasible: isDualFeasible, maximumSteps: steps, isInterrupted: isInterrupted) == .solved
  }

  /// Whether every active inequality pushes in the direction of its bound.
  var rowDualsHaveRightSigns: Bool {
    for k in rowSide.indices where rowSide[k] == 1 || rowSide[k] == -1 {
      if rowSide[k] < 0 ? rowDuals[k] < 0 : rowDuals[k] > 0 { return false }
    }
    return true
  }

  /// Pivots in blocks over the bounds, with equations as the only active rows, until every condition
  /// but those of other rows holds.
  private mutating func runBlocks(_ maximumIterations: Int, _ isInterrupted: () -> Bool) -> Bool {
    var fewest = Int.max
    var patience = Self.blockPatience
    while iterations < maximumIterations {
      if isInterrupted() { return false }
      iterations += 1
      releaseStarvedRows()
      guard newtonStep() else { return false }
      findViolations()
      if flips.count == 0 {
        if keepsGradient { return true }
        guard refine() else { return false }
        findViolations()
        if flips.count == 0 { return true }
      }
      if flips.count < fewest {
        fewest = flips.count
        patience = Self.blockPatience
      } else {
        patience -= 1
        if patience < 0 { return false }
      }
      apply()
    }
    return false
  }

  /// Puts the variables onto their bounds and computes the gradient there.
  mutating func prepare() -> Bool {
    for k in rowSide.indices {
      if program.rowLower[k] == program.rowUpper[k] {
        rowSide[k] = 2
      } else if rowSide[k] == 2 || rowBound(k).isInfinite {
        rowSide[k] = 0
      }
    }
    for i in x.indices {
      if program.lower[i] == program.upper[i] { side[i] = -1 }
      if side[i] == 0 {
        guard deviations[i] > 0 else { return false }
        continue
      }
      x[i] = side[i] < 0 ? program.lower[i] : program.upper[i]
      guard x[i].isFinite else { return false }
    }
    if keepsGradient { return true }
    for k in rowSide.indices where rowSide[k] == 0 { rowDuals[k] = 0 }
    recomputeGradient()
    return true
  }

  /// The bound of a row that its side means.
  private func rowBound(_ k: Int) -> Double {
    rowSide[k] == 1 ? program.rowUpper[k] : program.rowLower[k]
  }

  /// Px + q − A'y from nothing but the product at the center, if there is one.
  mutating func recomputeGradient() {
    if center.isEmpty {
      for i in gradient.indices { gradient[i] = program.linear[i] }
      for i in x.indices { changes[i] = x[i] }
    } else {
      for i in gradient.indices { gradient[i] = program.linear[i] + centerProduct[i] }
      for i in x.indices { changes[i] = x[i] - center[i] }
    }
    addProductOfChanges()
    for k in rowDuals.indices where rowDuals[k] != 0 { addRow(k, times: -rowDuals[k]) }
  }

  /// Takes products from a point on, to which few variables stay far: others cost nothing.
  mutating func setCenter(_ point: [Double]) {
    center = point
    var nonzero = 0
    for i in x.indices {
      changes[i] = point[i]
      gradient[i] = 0
      if point[i] != 0 { nonzero += 1 }
    }
    if case .dense(let matrix, let factor) = program.kernel, 2 * nonzero > x.count {
      for i in x.indices { scratch[i] = factor * point[i] }
      Self.multiply(matrix, scratch, into: &gradient)
    } else {
      addProductOfChanges()
    }
    centerProduct = gradient
  }

  /// One triangle is half the memory to read.
  private static func multiply(
    _ matrix: SymmetricMatrix,
    _ x: [Double],
    into result: inout [Double]
  ) {
    var target = result.mutableSpan
    do throws(NumericsError) {
      try Kernels.multiply(matrix, x.span, into: &target)
    } catch {
      // The order is the number of variables.
    }
  }

  /// Adds P times `changes` to the gradient; only columns with a change are read.
  mutating func addProductOfChanges() {
    switch program.kernel {
    case .dense(let matrix, let factor):
      var count = 0
      for i in changes.indices where changes[i] != 0 {
        positions[count] = i
        scratch[count] = factor * changes[i]
        count += 1
      }
      Self.addColumns(of: matrix, at: positions, times: scratch, count: count, to: &gradient)
    case .diagonal(let values):
      for i in changes.indices { gradient[i] += values[i] * changes[i] }
    case .lowRank(let term):
      term.addProduct(changes, exposures: &exposures, to: &gradient)
    }
  }

  private static func addColumns(
    of matrix: SymmetricMatrix,
    at positions: [Int],
    times factors: [Double],
    count: Int,
    to result: inout [Double]
  ) {
    var target = result.mutableSpan
    do throws(NumericsError) {
      try Kernels.addColumns(
        of: matrix.elements, at: positions.span, times: factors.span, count: count, to: &target)
    } catch {
      // The positions are those of variables.
    }
  }

  /// Adds a multiple of a row to the gradient.
  mutating func addRow(_ k: Int, times factor: Double) {
    program.addRow(k, times: factor, to: &gradient)
  }

  /// Solves the conditions of the present sets, as a correction of the present point.
  mutating func newtonStep() -> Bool {
    guard system.factor(program, side: side, rowSide: rowSide) else { return false }
    return correct()
  }

  /// One correction by the present factorization.
  private mutating func correct() -> Bool {
    guard system.solve(program, x: x, gradient: gradient, rowSide: rowSide) else { return false }
    for i in changes.indices { changes[i] = 0 }
    for p in 0..<system.freeCount {
      let i = system.free[p]
      let step = system.step[p]
      guard step.isFinite else { return false }
      let next = x[i] + step
      changes[i] = next - x[i]
      x[i] = next
    }
    addProductOfChanges()
    for a in 0..<system.activeCount {
      let k = system.activeRows[a]
      let change = system.dualStep[a]
      guard change.isFinite else { return false }
      let next = rowDuals[k] + change
      addRow(k, times: rowDuals[k] - next)
      rowDuals[k] = next
    }
    return true
  }

  /// Removes the rounding that the steps have left.
  mutating func refine() -> Bool {
    for _ in 0..<Self.refinements {
      recomputeGradient()
      if largestResidual() <= Self.refinedResidual { return true }
      guard correct() else { return false }
    }
    recomputeGradient()
    return true
  }

  /// The largest element of the gradient of a free variable or error of an active row, relative to
  /// its terms.
  private func largestResidual() -> Double {
    let total = weightedSize()
    var largest = 0.0
    for p in 0..<system.freeCount {
      let i = system.free[p]
      let size = deviations[i] * total + program.linear[i].magnitude
      if gradient[i] != 0 { largest = max(largest, gradient[i].magnitude / size) }
    }
    for a in 0..<system.activeCount {
      let k = system.activeRows[a]
      let bound = rowBound(k)
      let error = (program.rowValue(k, x) - bound).magnitude
      if error == 0 { continue }
      largest = max(largest, Self.rowWeight * error / (program.rowSize(k, x) + bound.magnitude))
    }
    return largest
  }

  /// Σ √P_jj |x_j|: times √P_ii it bounds |P| |x| in row i, by Cauchy and Schwarz.
  func weightedSize() -> Double {
    let (x, deviations) = (x.span, deviations.span)
    var sum = 0.0
    for i in 0..<min(x.count, deviations.count) { sum += deviations[i] * x[i].magnitude }
    return sum
  }

  /// The largest variable, signs aside.
  func largestMagnitude() -> Double {
    let x = x.span
    // Four at once: each comparison waits for the one before.
    var largest = (0.0, 0.0, 0.0, 0.0)
    var i = 0
    while i + 3 < x.count {
      largest.0 = x[i].magnitude > largest.0 ? x[i].magnitude : largest.0
      largest.1 = x[i + 1].magnitude > largest.1 ? x[i + 1].magnitude : largest.1
      largest.2 = x[i + 2].magnitude > largest.2 ? x[i + 2].magnitude : largest.2
      largest.3 = x[i + 3].magnitude > largest.3 ? x[i + 3].magnitude : largest.3
      i += 4
    }
    for rest in i..<x.count { largest.0 = max(largest.0, x[rest].magnitude) }
    return max(max(largest.0, largest.1), max(largest.2, largest.3))
  }
}
