import KeelLinearAlgebra
import KeelNumerics

/// A sequential program in the units of its iterations, the variables of all steps one after the other.
///
/// Slopes are near one, and the largest coefficient of a row is one.
struct SequentialModel: Sendable {
  /// A number at which a charge bends, in one variable or in one change.
  struct Bend {
    /// The variable, and the one of the step before where a change is meant; −1 otherwise.
    let own: Int
    let before: Int
    let above: Double
    let below: Double
    let reference: Double
    /// Where its slope belongs; the charge is −1 where it is one of the variable.
    let step: Int
    let charge: Int
  }

  /// Where the variables of each step begin, and their number at the end.
  private(set) var offsets = [0]
  private(set) var lower: [Double] = []
  private(set) var upper: [Double] = []
  private(set) var linear: [Double] = []
  /// P of each step, both triangles.
  private(set) var matrices: [[Double]] = []
  /// The rows of all steps, and where those of each begin.
  private(set) var rows = CoreRows()
  private(set) var rowOffsets = [0]
  private(set) var rowScales: [Double] = []
  private(set) var bends: [Bend] = []
  /// The bends of one variable, not of a change between two steps.
  private(set) var ownBends: [Int] = []
  /// The smooth costs of the change to each variable.
  private(set) var curvatures: [Double] = []
  private(set) var powers: [Double] = []
  private(set) var hasPowers = false
  private(set) var hasCurvatures = false
  let start: [Double]
  /// What the objective was divided by.
  private(set) var scale = 1.0
  /// The size of a typical variable.
  private(set) var size = 1.0

  /// The largest weight of the power of a change, in units of a slope over a typical variable.
  private static let largestWeight = 1e6

  var stepCount: Int { matrices.count }
  var linkCount: Int { start.count }
  var count: Int { linear.count }
  func variables(_ t: Int) -> Range<Int> { offsets[t]..<offsets[t + 1] }
  func rowRange(_ t: Int) -> Range<Int> { rowOffsets[t]..<rowOffsets[t + 1] }

  init(_ program: SequentialProgram) {
    start = program.start
    setSizes(program)
    reserve(program)
    for (t, step) in program.steps.enumerated() {
      if t > 0, step.quadratic == program.steps[t - 1].quadratic {
        matrices.append(matrices[t - 1])
      } else {
        appendMatrix(step)
      }
      lower += step.lower
      upper += step.upper
      for value in step.linear { linear.append(value / scale) }
      appendRows(step)
      appendBends(step.charges, t, isChange: false)
      appendBends(step.changes.charges, t, isChange: true)
      append(step.changes, count: step.count)
      offsets.append(linear.count)
    }
  }

  private mutating func reserve(_ program: SequentialProgram) {
    let count = program.steps.reduce(0) { $0 + $1.count }
    lower.reserveCapacity(count)
    upper.reserveCapacity(count)
    linear.reserveCapacity(count)
    curvatures.reserveCapacity(count)
    powers.reserveCapacity(count)
    bends.reserveCapacity(
      program.steps.reduce(0) {
        $0 + ($1.charges + $1.changes.charges).reduce(0) { $0 + $1.reference.count }
      })
    rows.reserve(
      rowCount: program.steps.reduce(0) { $0 + $1.rows.count },
      entryCount: program.steps.reduce(0) { $0 + $1.rows.reduce(0) { $0 + $1.indices.count } })
  }

  private mutating func setSizes(_ program: SequentialProgram) {
    var (sum, count, slope) = (0.0, start.count, 0.0)
    for value in start { sum += value.magnitude }
    for step in program.steps {
      for (lower, upper) in zip(step.lower, step.upper) {
        let nearest = min(max(lower, 0), upper).magnitude
        sum += nearest
        count += nearest > 0 ? 1 : 0
      }
      for row in step.rows where row.isEquality && !row.indices.isEmpty {
        let largest = row.largestCoefficient
        sum += largest > 0 ? row.lower.magnitude / largest : 0
        count += row.indices.count
      }
    }
    if sum > 0 { size = sum / Double(count) }
    for step in program.steps {
      let largest = step.quadratic.diagonal.reduce(0, max)
      slope = max(slope, largestMagnitude(step.linear), largest * size)
    }
    if slope > 0, slope < .infinity { scale = slope }
  }

  private mutating func appendMatrix(_ step: SequentialProgram.Step) {
    let n = step.count
    var matrix = [Double](repeating: 0, count: n * n)
    if case .dense(let given, let factor) = step.quadratic.kernel {
      let elements = given.elements
      for e in 0..<(n * n) { matrix[e] = factor * elements[e] / scale }
    } else {
      let expanded = step.quadratic.expanded.elements
      for e in 0..<(n * n) { matrix[e] = expanded[e] / scale }
    }
    matrices.append(matrix)
  }

  private mutating func appendRows(_ step: SequentialProgram.Step) {
    let offset = offsets[stepCount - 1]
    for row in step.rows {
      let largest = row.largestCoefficient
      let factor = largest > 0 ? 1 / largest : 1
      for (i, a) in zip(row.indices, row.coefficients) { rows.append(offset + i, a * factor) }
      rows.endRow(lower: row.lower * factor, upper: row.upper * factor)
      rowScales.append(factor)
    }
    rowOffsets.append(rows.count)
  }

  private mutating func appendBends(
    _ charges: [SequentialProgram.Charge],
    _ t: Int,
    isChange: Bool
  ) {
    let offset = offsets[t]
    for (c, charge) in charges.enumerated() {
      for i in charge.reference.indices where charge.above[i] + charge.below[i] > 0 {
        // A change from the start is a variable with another reference.
        if !isChange || t == 0 { ownBends.append(bends.count) }
        bends.append(
          Bend(
            own: offset + i, before: isChange && t > 0 ? offsets[t - 1] + i : -1,
            above: charge.above[i] / scale, below: charge.below[i] / scale,
            reference: charge.reference[i] + (isChange && t == 0 ? start[i] : 0), step: t,
            charge: isChange ? c : -1))
      }
    }
  }

  private mutating func append(_ costs: SequentialProgram.ChangeCosts, count: Int) {
    for i in 0..<count {
      let isLinked = i < linkCount
      curvatures.append(isLinked && !costs.curvatures.isEmpty ? costs.curvatures[i] / scale : 0)
      powers.append(isLinked && !costs.powers.isEmpty ? costs.powers[i] / scale : 0)
    }
    if !costs.curvatures.isEmpty { hasCurvatures = true }
    if !costs.powers.isEmpty { hasPowers = true }
  }
}

// MARK: - Values

extension SequentialModel {
  /// Whether a variable has no room.
  func isFixed(_ j: Int) -> Bool { lower[j] == upper[j] }

  /// What a bend looks at, less its reference.
  func distance(_ bend: Bend, _ x: [Double]) -> Double {
    (bend.before < 0 ? x[bend.own] : x[bend.own] - x[bend.before]) - bend.reference
  }

  /// The change of what a bend looks at.
  func moved(_ bend: Bend, _ direction: [Double]) -> Double {
    bend.before < 0 ? direction[bend.own] : direction[bend.own] - direction[bend.before]
  }

  /// Adds a slope of a bend to the gradient.
  func add(_ slope: Double, of bend: Bend, to gradient: inout [Double]) {
    gradient[bend.own] += slope
    if bend.before >= 0 { gradient[bend.before] -= slope }
  }

  /// The change to a linked variable of a step.
  func change(_ t: Int, _ i: Int, _ x: [Double]) -> Double {
    x[offsets[t] + i] - (t > 0 ? x[offsets[t - 1] + i] : start[i])
  }

  /// P w + q, the slopes of squared changes and those of the power, which are variables of their own.
  ///
  /// - Parameters:
  ///   - gradient: What is set.
  ///   - base: What stands for q.
  ///   - x: The variables.
  ///   - slopes: The slopes of powers.
  func setGradient(
    _ gradient: inout [Double],
    from base: [Double],
    at x: [Double],
    _ slopes: [Double]
  ) {
    gradient.copyElements(of: base)
    for t in 0..<stepCount { addProduct(t, x, to: &gradient) }
    guard hasCurvatures || hasPowers else { return }
    for t in 0..<stepCount { addForces(t, x, slopes, to: &gradient) }
  }

  /// Adds the slopes of the squared changes to a step, and of their powers, to both its ends.
  private func addForces(
    _ t: Int,
    _ x: [Double],
    _ slopes: [Double],
    to gradient: inout [Double]
  ) {
    let (own, count) = (offsets[t], linkCount)
    let points = x.span.extracting(own..<own &+ count)
    let curvature = curvatures.span.extracting(own..<own &+ count)
    let slope = slopes.span.extracting(own..<own &+ count)
    var result = gradient.mutableSpan
    guard t > 0 else {
      for i in 0..<count {
        result[own &+ i] += curvature[i] * (points[i] - start[i]) + slope[i]
      }
      return
    }
    let before = offsets[t - 1]
    let from = x.span.extracting(before..<before &+ count)
    for i in 0..<count {
      let force = curvature[i] * (points[i] - from[i]) + slope[i]
      result[own &+ i] += force
      result[before &+ i] -= force
    }
  }

  /// Adds P w of a step, column after column.
  private func addProduct(_ t: Int, _ x: [Double], to gradient: inout [Double]) {
    let offset = offsets[t]
    let n = offsets[t + 1] - offset
    let source = matrices[t]
    let (matrix, points) = (source.span, x.span)
    var span = gradient.mutableSpan
    var result = span._mutatingExtracting(offset..<offset &+ n)
    for j in 0..<n where points[offset &+ j] != 0 {
      Kernels.add(
        points[offset &+ j], matrix.extracting(j &* n..<(j &+ 1) &* n), to: &result)
    }
  }

  // The power p |Δ|^(3/2) has the slope s where Δ = s |s| / (1.5 p)²: a parabola on either side, on which Newton's
  // method is at home, other than on its root.

  /// The slope of the power of a change.
  func powerSlope(_ own: Int, _ change: Double) -> Double {
    let slope = 1.5 * powers[own] * change.magnitude.squareRoot()
    return change < 0 ? -slope : slope
  }

  /// What a change is beside the one that a slope of its power belongs to, and what the slope changes by for a
  /// change of that; below a least change it is as steep as there.
  func power(
    _ own: Int,
    _ t: Int,
    _ i: Int,
    _ x: [Double],
    _ slopes: [Double],
    least: Double = 0
  ) -> (miss: Double, weight: Double) {
    let square = 2.25 * powers[own] * powers[own]
    let slope = slopes[own]
    let weight = square / (2 * max(slope.magnitude, powerSlope(own, least)))
    return (
      change(t, i, x) - slope * slope.magnitude / square, min(weight, Self.largestWeight / size)
    )
  }

  /// Visits the changes that have a power: the variable, its step and its number there.
  func forEachPower(_ visit: (Int, Int, Int) -> Void) {
    guard hasPowers else { return }
    for t in 0..<stepCount {
      for i in 0..<linkCount where powers[offsets[t] + i] > 0 { visit(offsets[t] + i, t, i) }
    }
  }

  /// The change of a change.
  func movedChange(_ t: Int, _ i: Int, _ direction: [Double]) -> Double {
    direction[offsets[t] + i] - (t > 0 ? direction[offsets[t - 1] + i] : 0)
  }

  /// Adds the slope of a change to the gradient.
  func addChange(_ slope: Double, _ t: Int, _ i: Int, to gradient: inout [Double]) {
    gradient[offsets[t] + i] += slope
    if t > 0 { gradient[offsets[t - 1] + i] -= slope }
  }
}
