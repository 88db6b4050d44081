import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) active bounds, rows and scenarios at the value at risk hold to rounding; (2) no worse
// than the iterations when the optimum is not unique or not regular: every change is the least one.
//
// At a vertex as many scenarios lie at the value at risk as there are variables off their bounds,
// and both systems are square. Elsewhere the change of least norm, in units of the distance to what
// limits each unknown, is taken.

/// Turns the iterations' point into one whose active constraints hold exactly.
enum TailPolish {
  /// Newton steps on linear equations: one solves them, the next removes rounding.
  private static let passes = 2

  /// The distance to a limit counts with at least this size, so that nothing is nailed down.
  private static let leastWeight = 1e-6

  /// With so many times more scenarios at the value at risk than variables the system says little
  /// and costs much.
  private static let largestExcess = 8

  /// - Returns: The polished point; nil when a system cannot be solved.
  static func run(_ core: TailCore, _ outcome: TailOutcome) -> TailOutcome? {
    let free = outcome.boundSide.indices.filter { outcome.boundSide[$0] == 0 }
    let kinks = outcome.scenarioSide.indices.filter { outcome.scenarioSide[$0] == .atRisk }
    let rows = outcome.rowSide.indices.filter { outcome.rowSide[$0] != 0 }
    guard kinks.count <= largestExcess * (free.count + rows.count) else { return nil }
    var result = outcome
    for i in result.x.indices where result.boundSide[i] != 0 {
      result.x[i] = result.boundSide[i] < 0 ? core.lower[i] : core.upper[i]
    }
    for s in result.multipliers.indices where result.scenarioSide[s] != .atRisk {
      result.multipliers[s] = result.scenarioSide[s] == .tail ? core.limits[s] : 0
    }
    for k in result.rowSide.indices where result.rowSide[k] == 0 { result.rowDuals[k] = 0 }
    let equations = Equations(core: core, free: free, kinks: kinks, rows: rows)
    for _ in 0..<passes {
      guard equations.correctPoint(&result), equations.correctDuals(&result) else { return nil }
    }
    return result
  }

  /// The equations of the active constraints in the free variables.
  private struct Equations {
    let core: TailCore
    let free: [Int]
    let kinks: [Int]
    let rows: [Int]

    private var equationCount: Int { kinks.count + rows.count }

    /// The matrix, scaled from the left by `left` and from the right by `right`.
    private func matrix(left: [Double], right: [Double]) -> [Double] {
      let m = equationCount
      var position = [Int](repeating: -1, count: core.count)
      for (p, i) in free.enumerated() { position[i] = p }
      var elements = [Double](repeating: 0, count: m * free.count)
      for (p, i) in free.enumerated() {
        let column = core.outcomes.column(i)
        for (e, s) in kinks.enumerated() { elements[e + p * m] = left[e] * column[s] * right[p] }
      }
      for (e, k) in rows.enumerated() {
        for (i, a) in zip(core.rows[k].indices, core.rows[k].coefficients)
        where position[i] >= 0 {
          let p = position[i]
          elements[kinks.count + e + p * m] = left[kinks.count + e] * a * right[p]
        }
      }
      return elements
    }

    /// Moves the free variables onto the active constraints.
    func correctPoint(_ point: inout TailOutcome) -> Bool {
      let weights = free.map { i in
        let room = min(point.x[i] - core.lower[i], core.upper[i] - point.x[i])
        return max(min(room, 1), leastWeight)
      }
      let margins = core.margins(point.x)
      var right = kinks.map { -margins[$0] }
      for k in rows {
        let row = core.rows[k]
        right.append((point.rowSide[k] == 1 ? row.upper : row.lower) - row.value(at: point.x))
      }
      let left = [Double](repeating: 1, count: equationCount)
      guard
        let change = Self.leastSquares(
          matrix(left: left, right: weights), rowCount: equationCount, columnCount: free.count,
          right)
      else { return false }
      for (p, i) in free.enumerated() { point.x[i] += weights[p] * change[p] }
      return true
    }

    /// Moves the dual values of the active constraints so that the free variables have no gradient.
    func correctDuals(_ point: inout TailOutcome) -> Bool {
      let m = equationCount
      var gradient = core.cost
      let tail = core.transposedProduct(point.multipliers)
      for i in gradient.indices { gradient[i] -= tail[i] }
      core.addTransposedRows(point.rowDuals.map { -$0 }, to: &gradient)
      var weights = kinks.map { s in
        max(
          min(point.multipliers[s], core.limits[s] - point.multipliers[s]),
          core.limits[s] * leastWeight)
      }
      weights += [Double](repeating: 1, count: rows.count)
      let ones = [Double](repeating: 1, count: free.count)
      let elements = matrix(left: weights, right: ones)
      let transposed = [Double](capacity: elements.count) { output in
        for e in 0..<m {
          for p in free.indices { output.append(elements[e + p * m]) }
        }
      }
      guard
        let change = Self.leastSquares(
          transposed, rowCount: free.count, columnCount: m, free.map { gradient[$0] })
      else { return false }
      for (e, s) in kinks.enumerated() { point.multipliers[s] += weights[e] * change[e] }
      for (e, k) in rows.enumerated() { point.rowDuals[k] += change[kinks.count + e] }
      return true
    }

    private static func leastSquares(
      _ elements: [Double],
      rowCount: Int,
      columnCount: Int,
      _ right: [Double]
    ) -> [Double]? {
      if rowCount == 0 || columnCount == 0 { return [Double](repeating: 0, count: columnCount) }
      do throws(LinearAlgebraError) {
        let matrix = Matrix(
          uncheckedRowCount: rowCount, columnCount: columnCount, storage: elements)
        return try LeastSquares(matrix, right).solution
      } catch {
        return nil
      }
    }
  }
}
