import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) the accuracy that the normal equations lose where RA is ill-conditioned: here its
// condition enters once and not squared; (2) speed does not count, few steps are taken with it.
//
// With ẑ = R⁻ᵀz the system of a Newton step is
//
//   | P    (RA)'   E' |
//   | RA    −I     0  |
//   | E      0     0  |
//
// factored as LDL' with pivots of order one and two. Björck, Numerical Methods for Least Squares
// Problems (1996), section 2.5; Bunch and Kaufman, Mathematics of Computation 31 (1977).

/// The Newton system with its conic rows kept, for the last digits of badly conditioned programs.
struct AugmentedKKT: ~Copyable {
  /// Above this order a factorization takes seconds.
  static let largestOrder = 2000

  /// What is added to the diagonal of variables and taken from that of equations, relative to their
  /// data of about one: some roundings.
  private static let regularization = 1e-13

  /// The number of rows and columns.
  let order: Int

  private var solver: LDLSolver?
  /// The lower triangle, column after column.
  private var elements: [Double] = []
  private var columns: [Double] = []
  private var solution: [Double] = []
  private let variables: [Int]

  init(_ core: ConicCore) {
    variables = Array(0..<core.count)
    order = core.count + core.rows.count + core.equations.count
  }

  /// Factors the system; false when it is too large or cannot be factored.
  mutating func factor(_ core: ConicCore, _ cones: inout ConeSet) -> Bool {
    guard order <= Self.largestOrder else { return false }
    setElements(core, &cones)
    do throws(LinearAlgebraError) {
      var current = try takeSolver(order)
      do throws(LinearAlgebraError) {
        try current.factor(lowerTriangleOf: elements)
        solver = consume current
        return true
      } catch {
        solver = consume current
        return false
      }
    } catch {
      return false
    }
  }

  private mutating func takeSolver(_ size: Int) throws(LinearAlgebraError) -> LDLSolver {
    if let kept = solver.take() { return kept }
    return try LDLSolver(order: size)
  }

  private mutating func setElements(_ core: ConicCore, _ cones: inout ConeSet) {
    let size = order
    let n = core.count
    let m = core.rows.count
    elements.refill(size * size, with: 0)
    core.quadratic.addLowerTriangle(to: &elements, leading: size, variables: variables)
    for j in 0..<n { elements[j * (size + 1)] += Self.regularization }
    setRows(core, &cones)
    for k in 0..<m { elements[(n + k) * (size + 1)] = -1 }
    for e in 0..<core.equations.count {
      for p in core.equations.range(e) {
        elements[n + m + e + core.equations.indices[p] * size] = core.equations.coefficients[p]
      }
      elements[(n + m + e) * (size + 1)] = -Self.regularization
    }
  }

  /// Writes RA.
  private mutating func setRows(_ core: ConicCore, _ cones: inout ConeSet) {
    let n = core.count
    let m = core.rows.count
    // One column a variable; taken out while it is lent.
    var panel: [Double] = []
    swap(&panel, &columns)
    panel.refill(m * n, with: 0)
    for k in 0..<m {
      for p in core.rows.range(k) {
        panel[k + core.rows.indices[p] * m] = core.rows.coefficients[p]
      }
    }
    var span = panel.mutableSpan
    for j in 0..<n {
      cones.applyFactor(&span, j * m)
      for k in 0..<m { elements[n + k + j * order] = span[k + j * m] }
    }
    swap(&panel, &columns)
  }

  /// Solves once, without refinement; NaN when there is no factorization.
  mutating func solve(
    _ core: ConicCore,
    _ cones: inout ConeSet,
    _ right: borrowing ConicKKT.Vector,
    into result: inout ConicKKT.Vector
  ) {
    let n = core.count
    let m = core.rows.count
    result.z.copyElements(of: right.z)
    var rows = result.z.mutableSpan
    cones.applyFactor(&rows, 0)
    solution.copyElements(of: right.x)
    solution.append(contentsOf: result.z)
    solution.append(contentsOf: right.y)
    // Taken out while it is lent.
    var values: [Double] = []
    swap(&values, &solution)
    if !solve(&values) { values.refill(values.count, with: .nan) }
    swap(&values, &solution)
    result.x.refill(n, with: 0)
    result.y.refill(core.equations.count, with: 0)
    for i in 0..<n { result.x[i] = solution[i] }
    for k in 0..<m { result.z[k] = solution[n + k] }
    for e in result.y.indices { result.y[e] = solution[n + m + e] }
    var multipliers = result.z.mutableSpan
    cones.applyFactorTransposed(&multipliers, 0)
  }

  /// Replaces a right-hand side by its solution; false when there is no factorization.
  private func solve(_ values: inout [Double]) -> Bool {
    if values.isEmpty { return true }
    var span = values.mutableSpan
    switch solver {
    case .some(let solver): return solver.solveFinite(&span)
    case .none: return false
    }
  }
}
