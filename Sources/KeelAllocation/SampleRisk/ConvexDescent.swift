// Newton's method for a convex function of the weights under linear constraints.
//
// Goals in order: a proved bound of what is missed, a step that never leaves where the function is finite, few passes over
// the scenarios.
//
// Each step is a quadratic program under the constraints with gradient and Hessian, shortened until the function falls. At the
// end the slopes are split into the dual values of the last program; by convexity no allowed portfolio is better than by what
// the split leaves at rows and bounds:
//
//   f(w) − f(any v) ≤ Σ over rows and bounds of dual value × distance of w from the limit.

import KeelData
import KeelNumerics
import KeelOptimization

/// A convex function of weights with two derivatives almost everywhere.
protocol ConvexObjective {
  associatedtype Point: ConvexPoint

  /// The function at some weights.
  func evaluate(_ weights: [Double]) -> Point

  /// Its gradient and a positive semidefinite Hessian.
  func derivatives(
    at point: Point
  ) throws(AllocationError) -> (gradient: [Double], hessian: SymmetricMatrix)

  /// A change of the value at a point that is within its rounding.
  func rounding(at point: Point) -> Double
}

/// Weights with the value of a convex function; +∞ where they are not allowed.
protocol ConvexPoint {
  var weights: [Double] { get }
  var value: Double { get }
}

/// Linear constraints, under which convex functions are minimized.
struct ConvexDescent {
  /// The constraints as bounds and rows, over the weights and further variables.
  let constraints: ResolvedConstraints
  let furtherNames: [String]
  let settings: QuadraticSolver.Settings

  private static let stepLimit = 100

  /// A bound of what is missed below this share of rounding is as good as zero.
  private static let enough = 1e-4

  /// The share of the slope that a step must gain, and the shortest step.
  private static let armijo = 1e-4
  private static let shortestStep = 1e-10

  private var universe: Universe { constraints.universe }

  /// A point that satisfies the constraints, near zero.
  ///
  /// - Returns: The weights and the further variables.
  /// - Throws: ``AllocationError``.
  func start() throws(AllocationError) -> [Double] {
    try model(
      .diagonal(universe.assets.map { _ in 1 } + furtherNames.map { _ in 0 }),
      [Double](repeating: 0, count: constraints.lower.count)
    ).value
  }

  /// The point nearest to another one that satisfies the constraints.
  ///
  /// - Parameter variables: The weights and the further variables.
  /// - Returns: The weights and the further variables.
  /// - Throws: ``AllocationError``.
  func nearest(to variables: [Double]) throws(AllocationError) -> [Double] {
    try model(.diagonal(variables.map { _ in 1 }), variables.map { -$0 }).value
  }

  /// The weights nearest to others that satisfy the constraints.
  ///
  /// - Parameter weights: The weights, one an asset.
  /// - Returns: The weights.
  /// - Throws: ``AllocationError``.
  func nearest(toWeights weights: [Double]) throws(AllocationError) -> [Double] {
    let padding = furtherNames.map { _ in 0.0 }
    let found = try model(
      .diagonal(weights.map { _ in 1 } + padding), weights.map { -$0 } + padding)
    return Array(found.value.prefix(weights.count))
  }

  /// Minimizes from a point that satisfies the constraints and where the function is finite.
  ///
  /// - Parameters:
  ///   - objective: The function.
  ///   - start: The weights, then the further variables.
  ///   - relativeTolerance: A share of the value that may be missed.
  /// - Returns: The best point, all its variables and what it misses at most.
  /// - Throws: ``AllocationError``.
  func minimize<Objective: ConvexObjective>(
    _ objective: Objective,
    from start: [Double],
    relativeTolerance: Double = 0
  ) throws(AllocationError) -> (point: Objective.Point, variables: [Double], missed: Double) {
    let n = universe.count
    let padding = furtherNames.map { _ in 0.0 }
    var further = Array(start.dropFirst(n))
    var point = objective.evaluate(Array(start.prefix(n)))
    var best = (point: point, variables: start, missed: Double.infinity)
    for _ in 0..<Self.stepLimit {
      let (gradient, hessian) = try objective.derivatives(at: point)
      let pull = try Translation.product(hessian, point.weights)
      let model = try model(
        .dense(hessian.padded(to: constraints.lower.count)),
        zip(gradient, pull).map { $0 - $1 } + padding)
      let missed = missed(point.weights + further, gradient + padding, model.duals.rows)
      // Where the function is flat to rounding, full steps go on as long as the bound falls.
      let hasImproved = missed < best.missed / 2
      if missed < best.missed { best = (point, point.weights + further, missed) }
      let target = Array(model.value.prefix(n))
      let slope = zip(gradient, zip(target, point.weights)).reduce(0) {
        $0 + $1.0 * ($1.1.0 - $1.1.1)
      }
      let rounding = objective.rounding(at: point)
      let isFlat = slope.magnitude <= rounding
      let isEnough = missed <= max(Self.enough * rounding, relativeTolerance * point.value)
      if isEnough || (isFlat && !hasImproved) { break }
      guard let (next, length) = step(objective, point, target, slope, isFlat) else { break }
      further = zip(further, model.value.dropFirst(n)).map { $0 + length * ($1 - $0) }
      point = next
    }
    return best
  }

  /// The optimum of a quadratic model under the constraints.
  private func model(
    _ quadratic: QuadraticTerm,
    _ linear: [Double]
  ) throws(AllocationError) -> Solution<[Double]> {
    let program = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: quadratic, linear: linear, lowerBounds: constraints.lower,
        upperBounds: constraints.upper, rows: constraints.rows,
        variableNames: constraints.universe.assets.map(\.rawValue) + furtherNames,
        convexity: .guaranteed)
    }
    return try Translation.solution(of: program, universe: universe, settings: settings)
  }

  /// The longest of a step and its halves where the function is finite and, unless it is flat, falls.
  private func step<Objective: ConvexObjective>(
    _ objective: Objective,
    _ point: Objective.Point,
    _ target: [Double],
    _ slope: Double,
    _ isFlat: Bool
  ) -> (point: Objective.Point, length: Double)? {
    var length = 1.0
    while length >= Self.shortestStep {
      let next = objective.evaluate(
        zip(point.weights, target).map { $0 + length * ($1 - $0) })
      let falls =
        next.value < point.value && next.value <= point.value + Self.armijo * length * slope
      if next.value < .infinity && (isFlat || falls) { return (next, length) }
      length /= 2
    }
    return nil
  }

  /// What the slopes leave beyond the dual values of rows, at the bounds: an upper bound of what the
  /// point misses.
  private func missed(_ point: [Double], _ gradient: [Double], _ duals: [Double]) -> Double {
    var left = gradient
    var sum = 0.0
    for (row, dual) in zip(constraints.rows, duals) where dual != 0 {
      var value = 0.0
      for (i, a) in zip(row.indices, row.coefficients) {
        left[i] -= a * dual
        value += a * point[i]
      }
      let limit = dual > 0 ? row.lower : row.upper
      sum += dual * (value - limit)
    }
    for i in left.indices where left[i] != 0 {
      sum += left[i] * (point[i] - (left[i] > 0 ? constraints.lower[i] : constraints.upper[i]))
    }
    return sum.isNaN ? .infinity : max(sum, 0)
  }
}

extension SymmetricMatrix {
  /// The matrix in the first rows and columns of a larger one of zeros.
  fileprivate func padded(to size: Int) -> SymmetricMatrix {
    if size == order { return self }
    var elements = [Double](repeating: 0, count: size * size)
    for j in 0..<order {
      for i in j..<order { elements[i + j * size] = self[i, j] }
    }
    return SymmetricMatrix(lowerTriangleOf: elements, order: size)
  }
}
