// Goals in order: the optimum within a tolerance, speed.
//
// One column of the graphical lasso: minimize b'W b / 2 − s'b + Σ p(k) |b(k)| with b(j) = 0. Passes over the
// coordinates find which coefficients are not zero and their signs (J. Friedman, T. Hastie, R. Tibshirani,
// Biostatistics 9, 2008); between two of them conjugate gradients go toward the optimum for these signs (M. Hestenes,
// E. Stiefel, Journal of Research of the National Bureau of Standards 49, 1952), up to the first coefficient that
// becomes zero. Each step lowers the objective. Returns have few common factors, which are few large eigenvalues of W:
// they slow passes down, not conjugate gradients. A rough answer may take more than the whole variance of the column,
// after which W has a negative eigenvalue and nothing converges: then it is refined.

import KeelNumerics

/// Solves the columns of one search one after the other, in memory of its own.
struct LassoColumn {
  /// s − W b.
  private var slopes: [Double]

  /// The slopes before conjugate gradients.
  private var start: [Double]

  /// W times a direction.
  private var products: [Double]

  /// The positions of the coefficients that are not zero.
  private var active: [Int]

  /// By active coefficient: the step, the direction and the residual of conjugate gradients.
  private var step: [Double]
  private var direction: [Double]
  private var residual: [Double]

  /// The number of coefficients that are not zero.
  private var activeCount = 0

  /// Passes over a column, at most.
  private static let maximumPasses = 1000

  /// Steps of conjugate gradients between two passes, at most: more are rounding where the matrix is nearly singular, and
  /// the next pass may change the signs.
  private static let maximumSteps = 50

  /// The variance left of a column is at least so many times what the tolerance may change of it.
  private static let margin = 5.0

  /// The factor of a tolerance that is too large for that.
  private static let refinement = 0.1

  init(order: Int) {
    slopes = [Double](repeating: 0, count: order)
    start = slopes
    products = slopes
    active = [Int](repeating: 0, count: order)
    step = slopes
    direction = slopes
    residual = slopes
  }

  /// Solves the lasso of column j and writes the column of the covariance.
  ///
  /// - Parameters:
  ///   - j: The column.
  ///   - sample: Column j of S.
  ///   - penalties: Column j of the penalties.
  ///   - coefficients: b, the start and the answer.
  ///   - dual: W, both triangles, with a diagonal of one.
  ///   - tolerance: The largest change of a coefficient in a last pass.
  ///   - leastTolerance: What the tolerance may fall to where the covariance needs it to stay positive definite.
  /// - Returns: The largest change of the column of the covariance; infinity, which ends no search, where a product was
  ///   refused and that column is left as it was.
  mutating func improve(
    _ j: Int,
    _ sample: Span<Double>,
    _ penalties: Span<Double>,
    _ coefficients: inout MutableSpan<Double>,
    _ dual: inout MutableSpan<Double>,
    tolerance: Double,
    leastTolerance: Double
  ) -> Double {
    let n = slopes.count
    activeCount = 0
    for k in 0..<n {
      slopes[k] = sample[k]
      if coefficients[k] != 0 {
        direction[activeCount] = -coefficients[k]
        active[activeCount] = k
        activeCount += 1
      }
    }
    guard Self.add(dual.span, active, direction, activeCount, to: &slopes) else { return .infinity }
    var tolerance = tolerance
    for _ in 0..<Self.maximumPasses {
      let largest = Self.pass(
        j, penalties, &coefficients, dual.span, &slopes, &active, &activeCount)
      if largest <= tolerance {
        if tolerance <= leastTolerance || isDefinite(coefficients, sample, tolerance) { break }
        tolerance = max(tolerance * Self.refinement, leastTolerance)
      }
      if activeCount > 1 {
        guard descend(penalties, &coefficients, dual.span, tolerance) else { return .infinity }
      }
    }
    var change = 0.0
    for k in 0..<n where k != j {
      let value = sample[k] - slopes[k]
      change = max(change, (value - dual[k + j * n]).magnitude)
      dual[k + j * n] = value
      dual[j + k * n] = value
    }
    return change
  }

  /// Whether the variance that the others leave of the column, 1 − b'W b, is positive whatever the tolerance does to it.
  private func isDefinite(
    _ coefficients: borrowing MutableSpan<Double>,
    _ sample: Span<Double>,
    _ tolerance: Double
  ) -> Bool {
    var (explained, length) = (0.0, 0.0)
    for a in 0..<activeCount {
      let k = active[a]
      explained += coefficients[k] * (sample[k] - slopes[k])
      length += coefficients[k].magnitude
    }
    return 1 - explained >= Self.margin * tolerance * length
  }

  /// Improves each coefficient once; returns the largest change.
  private static func pass(
    _ j: Int,
    _ penalties: Span<Double>,
    _ coefficients: inout MutableSpan<Double>,
    _ dual: Span<Double>,
    _ slopes: inout [Double],
    _ active: inout [Int],
    _ activeCount: inout Int
  ) -> Double {
    let n = slopes.count
    var span = slopes.mutableSpan
    var positions = active.mutableSpan
    var (largest, count) = (0.0, 0)
    for k in 0..<n where k != j {
      let current = coefficients[k]
      let pull = span[k] + current
      let excess = pull.magnitude - penalties[k]
      let new = excess > 0 ? (pull > 0 ? excess : -excess) : 0
      if new != 0 {
        positions[count] = k
        count += 1
      }
      if new == current { continue }
      coefficients[k] = new
      largest = max(largest, (new - current).magnitude)
      Kernels.add(current - new, dual.extracting((k * n)..<((k + 1) * n)), to: &span)
    }
    activeCount = count
    return largest
  }

  /// Conjugate gradients on the coefficients that are not zero, with their signs; false where a product was refused.
  private mutating func descend(
    _ penalties: Span<Double>,
    _ coefficients: inout MutableSpan<Double>,
    _ dual: Span<Double>,
    _ tolerance: Double
  ) -> Bool {
    let n = slopes.count
    var square = 0.0
    for a in 0..<activeCount {
      let k = active[a]
      let slope = slopes[k] - (coefficients[k] > 0 ? penalties[k] : -penalties[k])
      step[a] = 0
      residual[a] = slope
      direction[a] = slope
      square += slope * slope
    }
    for k in 0..<n { start[k] = slopes[k] }
    for _ in 0..<min(activeCount, Self.maximumSteps) {
      var largest = 0.0
      for a in 0..<activeCount { largest = max(largest, residual[a].magnitude) }
      if largest <= tolerance { break }
      for k in 0..<n { products[k] = 0 }
      guard Self.add(dual, active, direction, activeCount, to: &products) else { return false }
      var curvature = 0.0
      for a in 0..<activeCount { curvature += direction[a] * products[active[a]] }
      // The covariance is positive definite but for rounding.
      guard curvature > 0 else { break }
      let length = square / curvature
      Self.add(-length, products, to: &slopes)
      let previous = square
      square = 0
      for a in 0..<activeCount {
        step[a] += length * direction[a]
        residual[a] -= length * products[active[a]]
        square += residual[a] * residual[a]
      }
      let ratio = square / previous
      for a in 0..<activeCount { direction[a] = residual[a] + ratio * direction[a] }
    }
    move(&coefficients, dual)
    return true
  }

  /// Takes the step, up to the first coefficient that becomes zero.
  private mutating func move(
    _ coefficients: inout MutableSpan<Double>,
    _ dual: Span<Double>
  ) {
    let n = slopes.count
    var (share, first) = (1.0, -1)
    for a in 0..<activeCount {
      let value = coefficients[active[a]]
      let end = value + step[a]
      if value > 0 ? end > 0 : end < 0 { continue }
      let limit = -value / step[a]
      if limit < share { (share, first) = (limit, a) }
    }
    for a in 0..<activeCount { coefficients[active[a]] += share * step[a] }
    guard first >= 0 else { return }
    for k in 0..<n { slopes[k] = start[k] + share * (slopes[k] - start[k]) }
    // What rounding leaves of the first one.
    let k = active[first]
    Self.add(coefficients[k], dual.extracting((k * n)..<((k + 1) * n)), to: &slopes)
    coefficients[k] = 0
  }

  /// Adds a combination of columns of W; false where the kernel refused, and nothing was added.
  private static func add(
    _ dual: Span<Double>,
    _ columns: [Int],
    _ factors: [Double],
    _ count: Int,
    to result: inout [Double]
  ) -> Bool {
    var span = result.mutableSpan
    do throws(NumericsError) {
      try Kernels.addColumns(
        of: dual, at: columns.span, times: factors.span, count: count, to: &span)
      return true
    } catch {
      return false
    }
  }

  private static func add(_ factor: Double, _ values: [Double], to result: inout [Double]) {
    var span = result.mutableSpan
    Kernels.add(factor, values.span, to: &span)
  }

  private static func add(_ factor: Double, _ values: Span<Double>, to result: inout [Double]) {
    var span = result.mutableSpan
    Kernels.add(factor, values, to: &span)
  }
}
