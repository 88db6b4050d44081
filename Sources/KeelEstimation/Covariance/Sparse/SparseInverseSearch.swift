import KeelLinearAlgebra
import KeelNumerics

/// The search over one component, in units in which every variance is one.
struct SparseInverseSearch {
  /// Θ, both triangles.
  private(set) var elements: [Double]

  /// Θ⁻¹, both triangles.
  private(set) var inverse: [Double]

  private(set) var gap = 0.0
  private(set) var residual = 0.0
  private(set) var iterations = 0
  private(set) var isConverged = true

  private let order: Int
  private let sample: [Double]
  private let penalties: [Double]

  /// The covariance of the dual problem, both triangles.
  private var dual: [Double]

  /// The coefficients of each column on the others.
  private var coefficients: [Double]

  /// Solves a column.
  private var column: LassoColumn

  /// A column is solved to this share of the last sweep's change.
  private static let columnShare = 0.02

  /// The changes of a sweep that end the search, over the tolerance of the residual: what follows sums up.
  private static let sweepShare = 0.1

  /// Changes below this are rounding.
  private static let leastChange = 4 * Double.ulpOfOne

  init(
    _ matrix: SymmetricMatrix,
    _ component: [Int],
    _ deviations: [Double],
    penalty: Double,
    settings: SparseInverse.Settings
  ) throws(EstimationError) {
    let m = component.count
    order = m
    var sample = [Double](repeating: 1, count: m * m)
    var penalties = [Double](repeating: 0, count: m * m)
    for (b, j) in component.enumerated() {
      for (a, i) in component.enumerated() where a != b {
        sample[a + b * m] = matrix[i, j] / deviations[i] / deviations[j]
        penalties[a + b * m] = penalty / deviations[i] / deviations[j]
      }
    }
    self.sample = sample
    self.penalties = penalties
    column = LassoColumn(order: m)
    coefficients = [Double](repeating: 0, count: m * m)
    elements = coefficients
    for j in 0..<m { elements[j * (m + 1)] = 1 }
    inverse = elements
    dual = elements
    if m > 1 { try run(settings) }
  }

  private mutating func run(_ settings: SparseInverse.Settings) throws(EstimationError) {
    // A share of the sample toward its diagonal moves no element by more than its penalty.
    let share = min(1, penalties.reduce(Double.infinity) { $1 > 0 ? min($0, $1) : $0 })
    for k in sample.indices { dual[k] = sample[k] * (1 - share) }
    for j in 0..<order { dual[j * (order + 1)] = 1 }
    var target = max(settings.relativeTolerance * Self.sweepShare, Self.leastChange)
    var change = 1.0
    isConverged = false
    while !isConverged {
      while iterations < settings.maximumIterations, change > target {
        iterations += 1
        let tolerance = max(change * Self.columnShare, Self.leastChange)
        change = sweep(tolerance)
      }
      try conclude()
      isConverged = residual <= settings.relativeTolerance
      if iterations >= settings.maximumIterations || target <= Self.leastChange { break }
      target = max(target * Self.sweepShare, Self.leastChange)
    }
  }

  /// Improves each column once; returns the largest change of the covariance.
  private mutating func sweep(_ tolerance: Double) -> Double {
    var (coefficients, dual, solver) = (coefficients, dual, column)
    self.coefficients = []
    self.dual = []
    column = LassoColumn(order: 0)
    let change = Self.sweep(
      sample.span, penalties.span, &coefficients, &dual, &solver, order, tolerance)
    (self.coefficients, self.dual, column) = (coefficients, dual, solver)
    return change
  }

  private static func sweep(
    _ sample: Span<Double>,
    _ penalties: Span<Double>,
    _ coefficients: inout [Double],
    _ dual: inout [Double],
    _ solver: inout LassoColumn,
    _ n: Int,
    _ tolerance: Double
  ) -> Double {
    var change = 0.0
    var covariance = dual.mutableSpan
    var all = coefficients.mutableSpan
    for j in 0..<n {
      let column = (j * n)..<((j + 1) * n)
      var own = all._mutatingExtracting(column)
      change = max(
        change,
        solver.improve(
          j, sample.extracting(column), penalties.extracting(column), &own, &covariance,
          tolerance: tolerance, leastTolerance: leastChange))
    }
    return change
  }

  /// Θ from the coefficients, its inverse, and how far they are from optimal.
  private mutating func conclude() throws(EstimationError) {
    let n = order
    for j in 0..<n {
      var explained = 0.0
      for k in 0..<n { explained += dual[k + j * n] * coefficients[k + j * n] }
      elements[j * (n + 1)] = 1 / (1 - explained)
    }
    for j in 0..<n {
      for i in (j + 1)..<max(n, j + 1) {
        let (lower, upper) = (coefficients[i + j * n], coefficients[j + i * n])
        let value =
          lower == 0 || upper == 0
          ? 0 : -(lower * elements[j * (n + 1)] + upper * elements[i * (n + 1)]) / 2
        elements[i + j * n] = value
        elements[j + i * n] = value
      }
    }
    var factor = try? Cholesky(SymmetricMatrix(lowerTriangleOf: elements, order: n))
    do throws(LinearAlgebraError) {
      if factor == nil {
        // Far from the optimum Θ may be indefinite, the dual covariance not.
        let other = try Cholesky(SymmetricMatrix(lowerTriangleOf: dual, order: n)).inverse()
        elements = other.matrix.columnMajorElements
        factor = try Cholesky(other)
      }
      guard let factor else { return }
      inverse = try factor.inverse().matrix.columnMajorElements
      residual = violation()
      gap = dualityGap(logDeterminant: factor.logDeterminant)
    } catch {
      throw .notRepresentable(result: "precision")
    }
  }

  /// The largest violation of `W − S ∈ λ ∂|Θ|`.
  private func violation() -> Double {
    var largest = 0.0
    for i in elements.indices {
      let slope = sample[i] - inverse[i]
      let excess =
        elements[i] == 0
        ? max(slope.magnitude - penalties[i], 0)
        : (slope + (elements[i] > 0 ? penalties[i] : -penalties[i])).magnitude
      largest = max(largest, excess)
    }
    return largest
  }

  /// The objective less the bound of Θ⁻¹, moved into the bounds of the dual problem.
  private func dualityGap(logDeterminant: Double) -> Double {
    var objective = -logDeterminant
    var bounded = inverse
    for i in bounded.indices {
      objective += sample[i] * elements[i] + penalties[i] * elements[i].magnitude
      bounded[i] = min(max(bounded[i], sample[i] - penalties[i]), sample[i] + penalties[i])
    }
    guard let factor = try? Cholesky(SymmetricMatrix(lowerTriangleOf: bounded, order: order))
    else { return .infinity }
    return max(objective - factor.logDeterminant - Double(order), 0)
  }
}
