// Goals: (1) multipliers and bounds exact to the last bits; (2) an end for every input; (3) few
// quadratic programs.
//
// For a given λ, Newton's method whose steps are quadratic programs under the caller's constraints
// without the sum of the weights; λ by the secant method with a bracket (Illinois) on
// ln(1'w(λ) / budget) over ln λ, which is a line of slope one half where nothing binds. Each search
// starts at the last weights.

import KeelData
import KeelNumerics
import KeelOptimization
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The weights `w(λ)` and the λ at which they add to the budget.
struct ConstrainedRiskSearch {
  let program: QuadraticProgram
  let universe: Universe
  let matrix: SymmetricMatrix
  let shares: [Double]
  let settings: QuadraticSolver.Settings

  /// The answer.
  private(set) var weights: [Double]
  private(set) var barrierWeight = 0.0
  private(set) var rowDuals: [Double]
  private(set) var boundDuals: [Double]
  private(set) var iterations = 0

  /// A step may divide or multiply a weight by ten.
  private static let largestFactor = 10.0
  /// Newton's step after one of this relative size is exact to rounding.
  private static let lastStep = 1e-8
  private static let maximumSteps = 100
  /// The relative distance of the sum from the budget that is left.
  private static let sumTolerance = 2e-14
  private static let maximumEvaluations = 120
  /// The factor of λ between points of the search for a bracket, and their number.
  private static let bracketFactor = 4.0
  private static let maximumExpansions = 60

  /// Starts at positive weights; the first row of the program is the sum of the weights.
  init(
    _ program: QuadraticProgram,
    _ covariance: Covariance,
    shares: [Double],
    settings: QuadraticSolver.Settings,
    start: [Double]
  ) {
    self.program = program
    universe = covariance.universe
    matrix = covariance.matrix
    self.shares = shares
    self.settings = settings
    weights = start
    rowDuals = [Double](repeating: 0, count: program.rows.count - 1)
    boundDuals = [Double](repeating: 0, count: start.count)
  }

  /// Finds weights that add to the budget.
  mutating func run(budget: Double) throws(AllocationError) {
    let variance = quadratic(weights)
    barrierWeight = variance
    let zero = Duals(
      of: program, rows: [Double](repeating: 0, count: program.rows.count), bounds: boundDuals)
    // Where nothing binds the start is the answer.
    if let certificate = try? program.verify(weights, duals: zero),
      certificate.primalResidual <= Certificate.optimalTolerances.primal
    {
      return
    }
    weights = try feasiblePoint()
    if !(variance > 0) { barrierWeight = quadratic(weights) }
    try solveForSum(budget)
  }

  // MARK: - The weight of the barrier

  private struct Sample {
    var place: Double
    var value: Double
  }

  /// Moves λ until the weights add to the budget.
  private mutating func solveForSum(_ budget: Double) throws(AllocationError) {
    let start = try sample(log(barrierWeight), budget)
    if start.value.magnitude <= Self.sumTolerance { return }
    guard var (left, right) = try bracket(from: start, budget) else { return }
    var side = 0
    for _ in 0..<Self.maximumEvaluations {
      let slope = (right.value - left.value) / (right.place - left.place)
      var place = right.place - right.value / slope
      // Rounding may put the secant outside.
      if !(place > left.place && place < right.place) { place = left.place / 2 + right.place / 2 }
      if !(place > left.place && place < right.place) { return }
      let next = try sample(place, budget)
      if next.value.magnitude <= Self.sumTolerance { return }
      if next.value < 0 {
        left = next
        if side < 0 { right.value /= 2 }
        side = -1
      } else {
        right = next
        if side > 0 { left.value /= 2 }
        side = 1
      }
    }
  }

  /// Two places with sums below and above the budget; nil when one with the budget is met.
  private mutating func bracket(
    from start: Sample,
    _ budget: Double
  ) throws(AllocationError) -> (left: Sample, right: Sample)? {
    let step = log(Self.bracketFactor)
    var inner = start
    var closest = start
    for _ in 0..<Self.maximumExpansions {
      let next = try sample(inner.place + (start.value < 0 ? step : -step), budget)
      if next.value.magnitude < closest.value.magnitude { closest = next }
      if next.value.magnitude <= Self.sumTolerance { return nil }
      if (next.value < 0) != (start.value < 0) {
        return start.value < 0 ? (inner, next) : (next, inner)
      }
      inner = next
    }
    let asset = weights.indices.max { weights[$0] < weights[$1] } ?? 0
    throw .riskBudgetUnattainable(
      asset: universe.assets[asset], reason: .sumOutOfReach(closest: exp(closest.value) * budget))
  }

  /// The logarithm of the sum of the weights over the budget, for the logarithm of λ.
  private mutating func sample(
    _ place: Double,
    _ budget: Double
  ) throws(AllocationError) -> Sample {
    barrierWeight = exp(place)
    try minimize()
    return Sample(place: place, value: log(weights.reduce(0, +) / budget))
  }

  // MARK: - The weights

  /// A point inside the constraints with positive weights, near the start.
  private func feasiblePoint() throws(AllocationError) -> [Double] {
    // Distances count relative to the weights wanted; the sum of the weights belongs to it, so that
    // constraints that clash with it are found here.
    let near = weights.map { 1 / ($0 * $0) }
    let pull = weights.map { -1 / $0 }
    let leastPart = 1e-3
    var lower = program.lowerBounds
    for i in lower.indices where lower[i] == 0 {
      lower[i] = min(leastPart * weights[i], program.upperBounds[i])
    }
    do throws(AllocationError) {
      return try solution(.diagonal(near), pull, lower, program.upperBounds, program.rows).value
    } catch {
      guard case .infeasible = error else { throw error }
    }
    // Without the least parts: it says which of the caller's constraints clash, or that some weights
    // cannot be positive.
    let point = try solution(
      .diagonal(near), pull, program.lowerBounds, program.upperBounds, program.rows
    ).value
    let least = point.indices.min { point[$0] / weights[$0] < point[$1] / weights[$1] } ?? 0
    guard point[least] > 0 else {
      throw .riskBudgetUnattainable(
        asset: universe.assets[least],
        reason: .outsideBounds(weight: weights[least], lowest: 0, highest: 0))
    }
    return point
  }

  /// Minimizes 1/2 w'Σw − λ Σ b ln w under the constraints but the sum.
  private mutating func minimize() throws(AllocationError) {
    for _ in 0..<Self.maximumSteps {
      let product = gradient(weights)
      let pull = weights.indices.map { barrierWeight * shares[$0] / weights[$0] }
      let hessian = hessian(pull)
      let step = try newtonPoint(product, pull, hessian)
      let change = weights.indices.map { step.value[$0] - weights[$0] }
      let size = weights.indices.reduce(0) { max($0, (change[$1] / weights[$1]).magnitude) }
      iterations += 1
      if size <= Self.lastStep {
        weights = step.value
        rowDuals = step.duals.rows
        boundDuals = step.duals.bounds
        return
      }
      let length = length(change, slope: zip(product, pull).map { $0 - $1 })
      if length == 1 {
        weights = step.value
      } else {
        for i in weights.indices { weights[i] += length * change[i] }
      }
    }
    throw .notSolved(status: .iterationLimit, certificate: certificate())
  }

  /// The minimum of the quadratic model, within a factor of the weights.
  private func newtonPoint(
    _ product: [Double],
    _ pull: [Double],
    _ hessian: SymmetricMatrix
  ) throws(AllocationError) -> Solution<[Double]> {
    let lower = weights.indices.map {
      max(program.lowerBounds[$0], min(weights[$0] / Self.largestFactor, program.upperBounds[$0]))
    }
    let upper = weights.indices.map {
      max(min(program.upperBounds[$0], weights[$0] * Self.largestFactor), lower[$0])
    }
    return try solution(
      .dense(hessian), pull.map { -2 * $0 }, lower, upper, Array(program.rows.dropFirst()))
  }

  /// The part of a step that reduces the objective enough.
  private func length(_ change: [Double], slope: [Double]) -> Double {
    let sufficientPart = 1e-4
    let leastLength = 1e-10
    let descent = zip(slope, change).reduce(0) { $0 + $1.0 * $1.1 }
    let product = gradient(change)
    let curvature = zip(product, change).reduce(0) { $0 + $1.0 * $1.1 }
    var length = 1.0
    while length > leastLength {
      // The change of the objective, without the cancellation of its two values.
      var value = length * length * curvature / 2
      for i in change.indices {
        let relative = length * change[i] / weights[i]
        let pull = barrierWeight * shares[i]
        value += length * (slope[i] + pull / weights[i]) * change[i] - pull * log1p(relative)
      }
      // Equality in sight of the minimum is rounding.
      if value <= sufficientPart * length * descent || value.magnitude <= 1e-14 * barrierWeight {
        return length
      }
      length /= 2
    }
    return length
  }

  private func solution(
    _ quadratic: QuadraticTerm,
    _ linear: [Double],
    _ lower: [Double],
    _ upper: [Double],
    _ rows: [LinearRow]
  ) throws(AllocationError) -> Solution<[Double]> {
    let step = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: quadratic, linear: linear, lowerBounds: lower, upperBounds: upper, rows: rows,
        variableNames: program.variableNames)
    }
    return try Translation.solution(of: step, universe: universe, settings: settings)
  }

  // MARK: - The objective

  private func gradient(_ vector: [Double]) -> [Double] {
    SymmetricKernel.product(matrix, vector)
  }

  private func quadratic(_ vector: [Double]) -> Double {
    zip(vector, gradient(vector)).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Σ + diag(λ b / w²).
  private func hessian(_ pull: [Double]) -> SymmetricMatrix {
    var matrix = matrix
    for i in pull.indices { matrix[i, i] += pull[i] / weights[i] }
    return matrix
  }

  private func certificate() -> Certificate {
    let duals = Duals(of: program, rows: [0] + rowDuals, bounds: boundDuals)
    let nothing = Certificate(
      primalResidual: .nan, dualResidual: .nan, relativeGap: .nan, primalObjective: .nan,
      dualObjective: .nan, worstViolation: nil, iterations: iterations)
    return (try? program.verify(weights, duals: duals, iterations: iterations)) ?? nothing
  }
}
