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
  private var columns: [Double] = []
  private let variables: [Int]

  init(_ core: ConicCore) {
    variables = Array(0..<core.count)
    order = core.count + core.rows.count + core.equations.count
  }

  /// Factors the system; false when it is too large or cannot be factored.
  mutating func factor(_ core: ConicCore, _ cones: ConeSet) -> Bool {
    guard order <= Self.largestOrder else { return false }
    do throws(LinearAlgebraError) {
      var current = try takeSolver(order)
      do throws(LinearAlgebraError) {
        try current.factor(SymmetricMatrix(lowerTriangleOf: elements(core, cones), order: order))
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

  /// The lower triangle, column after column.
  private mutating func elements(_ core: ConicCore, _ cones: ConeSet) -> [Double] {
    let size = order
    let n = core.count
    let m = core.rows.count
    var result = [Double](repeating: 0, count: size * size)
    core.quadratic.addLowerTriangle(to: &result, leading: size, variables: variables)
    for j in 0..<n { result[j * (size + 1)] += Self.regularization }
    // RA, one column a variable.
    columns.refill(m * n, with: 0)
    for k in 0..<m {
      for p in core.rows.range(k) {
        columns[k + core.rows.indices[p] * m] = core.rows.coefficients[p]
      }
    }
    var span = columns.mutableSpan
    for j in 0..<n {
      cones.applyFactor(&span, j * m)
      for k in 0..<m { result[n + k + j * size] = span[k + j * m] }
    }
    for k in 0..<m { result[(n + k) * (size + 1)] = -1 }
    for e in 0..<core.equations.count {
      for p in core.equations.range(e) {
        result[n + m + e + core.equations.indices[p] * size] = core.equations.coefficients[p]
      }
      result[(n + m + e) * (size + 1)] = -Self.regularization
    }
    return result
  }

  /// Solves once, without refinement; NaN when there is no factorization.
  func solve(
    _ core: ConicCore,
    _ cones: ConeSet,
    _ right: ConicKKT.Vector,
    into result: inout ConicKKT.Vector
  ) {
    let n = core.count
    let m = core.rows.count
    var g = right.z
    var gSpan = g.mutableSpan
    cones.applyFactor(&gSpan, 0)
    var solution = right.x + g + right.y
    if !solution.isEmpty {
      var isSolved = false
      do throws(LinearAlgebraError) {
        var span = solution.mutableSpan
        switch solver {
        case .some(let solver):
          try solver.solve(&span)
          isSolved = true
        case .none: break
        }
      } catch {
        isSolved = false
      }
      if !isSolved { solution = [Double](repeating: .nan, count: solution.count) }
    }
    var z = Array(solution[n..<(n + m)])
    var zSpan = z.mutableSpan
    cones.applyFactorTransposed(&zSpan, 0)
    result = .init(x: Array(solution[..<n]), z: z, y: Array(solution[(n + m)...]))
  }
}
