import KeelLinearAlgebra
import KeelNumerics

/// A sequential program in the units of its iterations: slopes near one, rows with a largest coefficient of one.
struct SequentialModel: Sendable {
  /// A number at which a charge bends, in one variable or one change.
  struct Bend {
    let step: Int
    let index: Int
    let charge: Int
    let isChange: Bool
    let above: Double
    let below: Double
    let reference: Double
  }

  let steps: [SequentialProgram.Step]
  let start: [Double]
  /// P of each step, both triangles.
  private(set) var matrices: [[Double]] = []
  private(set) var linear: [[Double]] = []
  private(set) var rows: [CoreRows] = []
  private(set) var rowScales: [[Double]] = []
  private(set) var changes: [SequentialProgram.ChangeCosts] = []
  private(set) var bends: [Bend] = []
  /// What the objective was divided by.
  private(set) var scale = 1.0
  /// The size of a typical variable.
  private(set) var size = 1.0

  var stepCount: Int { steps.count }
  var linkCount: Int { start.count }
  func count(_ t: Int) -> Int { steps[t].count }

  /// Whether a variable has no room.
  func isFixed(_ t: Int, _ i: Int) -> Bool { steps[t].lower[i] == steps[t].upper[i] }

  init(_ program: SequentialProgram) {
    steps = program.steps
    start = program.start
    setSizes()
    for step in steps {
      let n = step.count
      var matrix = [Double](repeating: 0, count: n * n)
      if case .dense(let given, let factor) = step.quadratic.kernel {
        let elements = given.elements
        for e in 0..<(n * n) { matrix[e] = factor / scale * elements[e] }
      } else {
        let expanded = step.quadratic.expanded.elements
        for e in 0..<(n * n) { matrix[e] = expanded[e] / scale }
      }
      matrices.append(matrix)
      linear.append(step.linear.map { $0 / scale })
      appendRows(step)
      changes.append(
        SequentialProgram.ChangeCosts(
          curvatures: step.changes.curvatures.map { $0 / scale },
          powers: step.changes.powers.map { $0 / scale }))
    }
    for (t, step) in steps.enumerated() {
      appendBends(step.charges, t, isChange: false)
      appendBends(step.changes.charges, t, isChange: true)
    }
  }

  private mutating func setSizes() {
    var (sum, count, slope) = (0.0, 0, 0.0)
    for value in start {
      sum += value.magnitude
      count += 1
    }
    for step in steps {
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
    for step in steps {
      let largest = step.quadratic.diagonal.reduce(0, max)
      slope = max(slope, largestMagnitude(step.linear), largest * size)
    }
    if slope > 0, slope < .infinity { scale = slope }
  }

  private mutating func appendRows(_ step: SequentialProgram.Step) {
    var result = CoreRows()
    var scales: [Double] = []
    for row in step.rows {
      let largest = row.largestCoefficient
      let factor = largest > 0 ? 1 / largest : 1
      for (i, a) in zip(row.indices, row.coefficients) { result.append(i, a * factor) }
      result.endRow(lower: row.lower * factor, upper: row.upper * factor)
      scales.append(factor)
    }
    rows.append(result)
    rowScales.append(scales)
  }

  private mutating func appendBends(
    _ charges: [SequentialProgram.Charge],
    _ t: Int,
    isChange: Bool
  ) {
    for (c, charge) in charges.enumerated() {
      for i in charge.reference.indices where charge.above[i] + charge.below[i] > 0 {
        bends.append(
          Bend(
            step: t, index: i, charge: c, isChange: isChange, above: charge.above[i] / scale,
            below: charge.below[i] / scale, reference: charge.reference[i]))
      }
    }
  }

  /// The change of a linked variable to a step.
  func change(_ t: Int, _ i: Int, _ x: [[Double]]) -> Double {
    x[t][i] - (t > 0 ? x[t - 1][i] : start[i])
  }

  /// What a bend looks at.
  func value(_ bend: Bend, _ x: [[Double]]) -> Double {
    bend.isChange ? change(bend.step, bend.index, x) : x[bend.step][bend.index]
  }

  /// What a bend looks at, for changes of all variables.
  func moved(_ bend: Bend, _ direction: [[Double]]) -> Double {
    let own = direction[bend.step][bend.index]
    return bend.isChange && bend.step > 0 ? own - direction[bend.step - 1][bend.index] : own
  }

  /// Adds a slope of a bend to the gradients.
  func add(_ slope: Double, of bend: Bend, to gradients: inout [[Double]]) {
    gradients[bend.step][bend.index] += slope
    if bend.isChange && bend.step > 0 { gradients[bend.step - 1][bend.index] -= slope }
  }

  /// P w + q and the smooth costs of changes.
  func setGradients(_ gradients: inout [[Double]], at x: [[Double]]) {
    for t in steps.indices {
      let n = count(t)
      gradients[t].copyElements(of: linear[t])
      PanelProducts.add(matrices[t], rowCount: n, columnCount: n, .none, x[t], to: &gradients[t])
    }
    for t in steps.indices where !changes[t].curvatures.isEmpty || !changes[t].powers.isEmpty {
      for i in 0..<linkCount {
        let slope = changes[t].slope(change(t, i, x), i)
        gradients[t][i] += slope
        if t > 0 { gradients[t - 1][i] -= slope }
      }
    }
  }

  /// Zeros for all variables.
  var zeros: [[Double]] { steps.map { [Double](repeating: 0, count: $0.count) } }
  /// Zeros for all rows.
  var rowZeros: [[Double]] { steps.map { [Double](repeating: 0, count: $0.rows.count) } }
}
