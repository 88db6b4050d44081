// Goals: (1) the combination of the last steps with the least residual; (2) no step larger than
// allowed; (3) O(n depth) a step, and storage made once.
//
// D. G. Anderson, Iterative procedures for nonlinear integral equations, Journal of the ACM 12 (1965),
// in the form of Walker and Ni, SIAM Journal on Numerical Analysis 49 (2011): for steps f of a fixed
// point x + f(x), the differences of the last points and steps model f as linear. The least squares
// are solved by normal equations of unit columns; a column that the newer ones explain is left out.

import KeelNumerics

/// Mixes the steps of a fixed-point iteration.
struct AndersonMixing {
  private let weights: [Double]
  private let depth: Int

  /// Differences of weighted steps, and of points plus steps: a ring of columns.
  private var stepChanges: [Double]
  private var imageChanges: [Double]
  private var gram: [Double]
  private var newest = -1
  private var count = 0

  /// The step before, and how far the iteration then went.
  private var lastStep: [Double]
  private var lastMove: [Double]
  private var hasLast = false

  /// What is left of a column beside the newer ones, as a part of its square, to be of use.
  private static let leastIndependence = 1e-10

  /// Starts without history; the residual is measured with the squares of the weights.
  init(weights: [Double], depth: Int) {
    let zeros = [Double](repeating: 0, count: weights.count)
    self.weights = weights
    self.depth = depth
    stepChanges = [Double](repeating: 0, count: depth * weights.count)
    imageChanges = stepChanges
    gram = [Double](repeating: 0, count: depth * depth)
    lastStep = zeros
    lastMove = zeros
  }

  /// Replaces a step by the mixed one, unless that is larger than allowed somewhere.
  mutating func mix(_ step: inout [Double], largest: Double) {
    if hasLast { append(step) }
    lastStep = step
    hasLast = true
    if count == 0 { return }
    if let mixed = mixed(step, largest: largest) {
      step = mixed
    } else {
      count = 0
    }
  }

  /// The mixed step, or nil when it is too large.
  private func mixed(_ step: [Double], largest: Double) -> [Double]? {
    let coefficients = leastSquares(step)
    var mixed = step
    var output = mixed.mutableSpan
    let images = imageChanges.span
    for age in coefficients.indices where coefficients[age] != 0 {
      Kernels.add(-coefficients[age], images.extracting(column(slot(age))), to: &output)
    }
    var worst = 0.0
    for i in output.indices { worst = max(worst, output[i].magnitude) }
    return worst < largest ? mixed : nil
  }

  /// Says how far the iteration went: by `move`, and `shift` in every element.
  mutating func record(move: [Double], shift: Double) {
    var target = lastMove.mutableSpan
    let source = move.span
    for i in source.indices { target[i] = source[i] + shift }
  }

  /// The place of the difference that is `age` steps old.
  private func slot(_ age: Int) -> Int { (newest + depth - age) % depth }

  /// The elements of a column of the ring.
  private func column(_ slot: Int) -> Range<Int> {
    (slot * weights.count)..<((slot + 1) * weights.count)
  }

  /// Adds the newest differences and their products with the others.
  private mutating func append(_ step: [Double]) {
    newest = (newest + 1) % depth
    count = min(count + 1, depth)
    Self.append(step, minus: lastStep, plus: lastMove, to: &imageChanges, at: newest)
    Self.append(step, minus: lastStep, times: weights, to: &stepChanges, at: newest)
    for age in 0..<count {
      let other = slot(age)
      let product = product(of: newest, other)
      gram[newest + other * depth] = product
      gram[other + newest * depth] = product
    }
  }

  /// The product of two columns of differences of steps.
  private func product(of left: Int, _ right: Int) -> Double {
    let columns = stepChanges.span
    return Kernels.dot(
      columns.extracting(column(left)), columns.extracting(column(right)))
  }

  private static func append(
    _ left: [Double],
    minus right: [Double],
    plus move: [Double],
    to ring: inout [Double],
    at slot: Int
  ) {
    let (left, right, move) = (left.span, right.span, move.span)
    var output = ring.mutableSpan
    let base = slot * left.count
    for i in left.indices { output[base + i] = left[i] - right[i] + move[i] }
  }

  private static func append(
    _ left: [Double],
    minus right: [Double],
    times weights: [Double],
    to ring: inout [Double],
    at slot: Int
  ) {
    let (left, right, weights) = (left.span, right.span, weights.span)
    var output = ring.mutableSpan
    let base = slot * left.count
    for i in left.indices { output[base + i] = (left[i] - right[i]) * weights[i] }
  }

  /// The coefficients of the differences, the newest first, that explain most of the step.
  private func leastSquares(_ step: [Double]) -> [Double] {
    var weighted = step
    var span = weighted.mutableSpan
    for i in span.indices { span[i] *= weights[i] }
    let columns = stepChanges.span
    let slots = (0..<count).map(slot)
    let norms = slots.map { gram[$0 + $0 * depth].squareRoot() }
    // Cholesky's factor of the unit columns, row after row; a dependent column has an empty row.
    var factor = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    var solution = [Double](repeating: 0, count: count)
    for i in 0..<count where norms[i] > 0 {
      var rest = 1.0
      for j in 0..<i where factor[j][j] > 0 {
        var sum = gram[slots[i] + slots[j] * depth] / norms[i] / norms[j]
        for k in 0..<j { sum -= factor[i][k] * factor[j][k] }
        factor[i][j] = sum / factor[j][j]
        rest -= factor[i][j] * factor[i][j]
      }
      guard rest > Self.leastIndependence else {
        factor[i] = [Double](repeating: 0, count: count)
        continue
      }
      factor[i][i] = rest.squareRoot()
      var value = Kernels.dot(columns.extracting(column(slots[i])), weighted.span) / norms[i]
      for j in 0..<i { value -= factor[i][j] * solution[j] }
      solution[i] = value / factor[i][i]
    }
    for i in stride(from: count - 1, through: 0, by: -1) where factor[i][i] > 0 {
      for j in (i + 1)..<max(count, i + 1) { solution[i] -= factor[j][i] * solution[j] }
      solution[i] /= factor[i][i]
    }
    for i in 0..<count { solution[i] = factor[i][i] > 0 ? solution[i] / norms[i] : 0 }
    return solution
  }
}
