// A. Dempster, N. Laird and D. Rubin, "Maximum likelihood from incomplete data via the EM algorithm", Journal of the Royal
// Statistical Society B 39 (1977), section 4.1. Rows with the same gaps share one factorization. The map of a step is
// extrapolated from two steps (SqS3 of R. Varadhan and C. Roland, Scandinavian Journal of Statistics 35, 2008); where that
// lowers the likelihood the plain step is taken.

public import KeelData
import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Means and covariance of returns with gaps of any pattern, by maximum likelihood for normal returns.
///
/// Expectation and maximization in turns: what is missing has its distribution given what there is in the row. Right where a
/// gap does not depend on the return that is missing: a holiday, a late listing; not where an exchange halts because the
/// price falls.
public struct GapMoments: Hashable, Sendable {
  /// The largest number of steps, which are taken two or three at a time.
  public var maximumIterations: Int

  /// A step that changes no mean and no covariance by more than this, in deviations, ends the iteration.
  public var tolerance: Double

  /// Creates the method.
  ///
  /// - Parameters:
  ///   - maximumIterations: The largest number of steps.
  ///   - tolerance: The largest change of the last step, in deviations.
  public init(maximumIterations: Int = 2000, tolerance: Double = 1e-10) {
    self.maximumIterations = maximumIterations
    self.tolerance = tolerance
  }

  /// What the method found.
  public struct Estimate: Hashable, Sendable {
    /// The means, per period.
    public let expectedReturns: ExpectedReturns

    /// The covariance, per period, with the divisor of maximum likelihood; positive definite.
    public let covariance: Covariance

    /// The log-likelihood of what was observed.
    public let logLikelihood: Double

    /// The number of steps.
    public let iterations: Int

    /// Whether the last step was within the tolerance.
    public let isConverged: Bool
  }

  /// Estimates means and covariance.
  ///
  /// - Parameter returns: T × N returns with gaps, each asset with at least N + 2.
  /// - Returns: The estimate; look at `isConverged`.
  /// - Throws: `EstimationError.tooFewCommonObservations` for an asset, or two, with fewer returns,
  ///   `EstimationError.zeroVariance`, `EstimationError.notPositiveDefinite` where the rows without gaps leave a direction
  ///   without variance,
  ///   `EstimationError.invalidValue` for the settings, `EstimationError.notRepresentable`.
  /// - Complexity: O(P N³ + T N²) a step for P patterns of gaps.
  public func estimate(from returns: IncompleteReturns) throws(EstimationError) -> Estimate {
    let mostIterations = 1_000_000
    guard (1...mostIterations).contains(maximumIterations) else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(mostIterations))
    }
    // Steps move by rounding for ever.
    let allowed = 1e-14...0.1
    guard allowed.contains(tolerance) else {
      throw .invalidValue(
        argument: "tolerance", got: tolerance, lowest: allowed.lowerBound,
        highest: allowed.upperBound)
    }
    let data = try GapMatrix(returns)
    let model = try IncompleteNormal(data)
    var state = model.start
    var iterations = 0
    var isConverged = false
    while iterations < maximumIterations && !isConverged {
      let first = try model.step(state)
      let second = try model.step(first.next)
      iterations += 2
      isConverged = model.distance(first.next, second.next) <= tolerance
      state = second.next
      if isConverged || iterations >= maximumIterations { break }
      let jump = model.extrapolated(from: first.start, first.next, second.next)
      if let jump, let leap = try? model.step(jump), leap.logLikelihood >= second.logLikelihood {
        state = leap.next
        iterations += 1
      }
    }
    let means = model.means(state)
    return Estimate(
      expectedReturns: try data.expectedReturns(means),
      covariance: try data.covariance(
        model.covariance(state), isSemidefinite: true,
        CovarianceDiagnostics(observationCount: data.rowCount)),
      logLikelihood: try model.step(state).logLikelihood + model.logScale, iterations: iterations,
      isConverged: isConverged)
  }
}

/// The likelihood of normal rows with gaps, each asset standardized by what there is of it.
struct IncompleteNormal {
  /// Rows with the same gaps.
  private struct Pattern {
    let present: [Int]
    let missing: [Int]
    var rows: [Int] = []
  }

  /// Means and the lower triangle of the covariance, of standardized assets.
  struct State {
    var means: [Double]
    var elements: [Double]
  }

  /// One step.
  struct Step {
    let start: State
    let next: State
    /// The log-likelihood of the start, of standardized assets.
    let logLikelihood: Double
  }

  private let order: Int
  private let values: Matrix
  private var patterns: [Pattern] = []
  private let rowCount: Int
  private let centers: [Double]
  private let deviations: [Double]

  /// What the log-likelihood has more in the units of the caller.
  let logScale: Double

  init(_ data: GapMatrix) throws(EstimationError) {
    let n = data.columnCount
    order = n
    var values = data.values
    var (centers, deviations) = ([Double](), [Double]())
    var logScale = 0.0
    for j in 0..<n {
      let count = data.count(j)
      guard count >= n + 2 else {
        throw .tooFewCommonObservations(
          left: data.asset(j), right: data.asset(j), got: count, required: n + 2)
      }
      let mean = data.mean(j)
      var square = 0.0
      for i in 0..<data.rowCount where data.presence[i, j] == 1 {
        square += (values[i, j] - mean) * (values[i, j] - mean)
      }
      let deviation = (square / Double(count)).squareRoot()
      guard deviation > 0 else { throw .zeroVariance(asset: data.asset(j), column: data.order[j]) }
      for i in 0..<data.rowCount {
        values[i, j] = data.presence[i, j] == 1 ? (values[i, j] - mean) / deviation : 0
      }
      centers.append(mean)
      deviations.append(deviation)
      logScale -= Double(count) * (log(deviation) - log(data.scale))
    }
    self.values = values
    self.centers = centers
    self.deviations = deviations
    self.logScale = logScale
    var places: [[Bool]: Int] = [:]
    var rowCount = 0
    for i in 0..<data.rowCount {
      let marks = (0..<n).map { data.presence[i, $0] == 1 }
      if !marks.contains(true) { continue }
      rowCount += 1
      let place = places[marks, default: patterns.count]
      if place == patterns.count {
        places[marks] = place
        patterns.append(
          Pattern(
            present: marks.indices.filter { marks[$0] },
            missing: marks.indices.filter { !marks[$0] }))
      }
      patterns[place].rows.append(i)
    }
    self.rowCount = rowCount
  }

  /// No correlations.
  var start: State {
    var elements = [Double](repeating: 0, count: order * order)
    for j in 0..<order { elements[j * (order + 1)] = 1 }
    return State(means: [Double](repeating: 0, count: order), elements: elements)
  }

  /// The means in the units of the data.
  func means(_ state: State) -> [Double] {
    (0..<order).map { centers[$0] + deviations[$0] * state.means[$0] }
  }

  /// The covariance in the units of the data.
  func covariance(_ state: State) -> SymmetricMatrix {
    var elements = state.elements
    for j in 0..<order {
      for i in j..<order { elements[i + j * order] *= deviations[i] * deviations[j] }
    }
    return SymmetricMatrix(lowerTriangleOf: elements, order: order)
  }

  /// The largest change from one state to another.
  func distance(_ left: State, _ right: State) -> Double {
    let means = zip(left.means, right.means).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    return zip(left.elements, right.elements).reduce(means) { max($0, ($1.0 - $1.1).magnitude) }
  }

  /// One expectation and one maximization.
  func step(_ state: State) throws(EstimationError) -> Step {
    let n = order
    var sums = [Double](repeating: 0, count: n)
    var products = [Double](repeating: 0, count: n * n)
    var logLikelihood = 0.0
    let matrix = SymmetricMatrix(lowerTriangleOf: state.elements, order: n)
    for pattern in patterns {
      let (present, missing) = (pattern.present, pattern.missing)
      guard let factor = try? Cholesky(matrix.submatrix(at: present)) else {
        throw .notPositiveDefinite
      }
      // B' = Σ(present)⁻¹ Σ(present, missing).
      let cross = Matrix(
        uncheckedRowCount: present.count, columnCount: missing.count,
        storage: missing.flatMap { m in present.map { matrix[$0, m] } })
      guard let slopes = missing.isEmpty ? cross : try? factor.solve(cross) else {
        throw .notPositiveDefinite
      }
      var row = [Double](repeating: 0, count: n)
      for i in pattern.rows {
        let distances = present.map { values[i, $0] - state.means[$0] }
        guard let solved = try? factor.solve(distances) else { throw .notPositiveDefinite }
        logLikelihood -=
          0.5
          * (zip(distances, solved).reduce(0) { $0 + $1.0 * $1.1 } + factor.logDeterminant
            + Double(present.count) * log(2 * Double.pi))
        for (k, j) in present.enumerated() { row[j] = distances[k] }
        for (k, m) in missing.enumerated() {
          row[m] = present.indices.reduce(0) { $0 + slopes[$1, k] * distances[$1] }
        }
        for j in 0..<n {
          sums[j] += row[j]
          for l in j..<n { products[l + j * n] += row[l] * row[j] }
        }
      }
      let count = Double(pattern.rows.count)
      for (k, m) in missing.enumerated() {
        for (l, other) in missing.enumerated() where other >= m {
          let explained = present.indices.reduce(0) { $0 + slopes[$1, l] * cross[$1, k] }
          products[other + m * n] += count * (matrix[other, m] - explained)
        }
      }
    }
    // Sums about the means of before: moved to those of now.
    let count = Double(rowCount)
    let moves = sums.map { $0 / count }
    for j in 0..<n {
      for i in j..<n { products[i + j * n] = products[i + j * n] / count - moves[i] * moves[j] }
    }
    let next = State(means: zip(state.means, moves).map { $0 + $1 }, elements: products)
    guard logLikelihood.isFinite else { throw .notPositiveDefinite }
    return Step(start: state, next: next, logLikelihood: logLikelihood)
  }

  /// The state that two steps point to, if it is one.
  func extrapolated(from start: State, _ first: State, _ second: State) -> State? {
    func parts(_ a: State, _ b: State) -> [Double] {
      zip(b.means, a.means).map { $0 - $1 } + zip(b.elements, a.elements).map { $0 - $1 }
    }
    let one = parts(start, first)
    let two = parts(first, second)
    let curve = zip(two, one).map { $0 - $1 }
    let top = one.reduce(0) { $0 + $1 * $1 }
    let bottom = curve.reduce(0) { $0 + $1 * $1 }
    guard bottom > 0 else { return nil }
    let length = max((top / bottom).squareRoot(), 1)
    if length == 1 { return nil }
    let values = (0..<one.count).map { 2 * length * one[$0] + length * length * curve[$0] }
    return State(
      means: zip(start.means, values).map { $0 + $1 },
      elements: zip(start.elements, values[order...]).map { $0 + $1 })
  }
}
