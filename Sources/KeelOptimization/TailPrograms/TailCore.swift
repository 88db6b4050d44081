import KeelLinearAlgebra
import KeelNumerics

// The program as the iterations see it. The value at risk t is the last variable, so that the
// scenarios that count stand in one matrix (Rockafellar and Uryasev, Journal of Risk 2, 2000).

/// A piecewise linear program in scaled units, over some scenarios and some variables.
///
/// ```text
/// minimize  cost'x + Σ limit(s) max(0, −(outcomes x + offset)(s))
/// subject to  rows and bounds
/// ```
struct TailCore {
  /// S' × n numbers; the last column is one, that of the value at risk.
  var outcomes: Matrix
  /// What variables that are held fixed contribute.
  var offsets: [Double]
  /// The largest multiplier of each scenario, positive.
  var limits: [Double]
  var cost: [Double]
  var lower: [Double]
  var upper: [Double]
  var rows: [CoreProgram.Row]

  var count: Int { cost.count }
  var scenarioCount: Int { limits.count }

  /// outcomes x + offset: positive where a scenario is not in the tail.
  func margins(_ x: [Double]) -> [Double] {
    var result = offsets
    var span = result.mutableSpan
    do throws(LinearAlgebraError) {
      try outcomes.multiply(x.span, into: &span, keeping: 1)
    } catch {
      return [Double](repeating: .nan, count: offsets.count)
    }
    return result
  }

  /// outcomes x.
  func product(_ x: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: scenarioCount)
    var span = result.mutableSpan
    do throws(LinearAlgebraError) {
      try outcomes.multiply(x.span, into: &span)
    } catch {
      return [Double](repeating: .nan, count: scenarioCount)
    }
    return result
  }

  /// outcomes' q.
  func transposedProduct(_ q: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    var span = result.mutableSpan
    do throws(LinearAlgebraError) {
      try outcomes.multiply(q.span, .transposed, into: &span)
    } catch {
      return [Double](repeating: .nan, count: count)
    }
    return result
  }

  /// Adds A'y to a vector.
  func addTransposedRows(_ y: [Double], to vector: inout [Double]) {
    for (k, row) in rows.enumerated() where y[k] != 0 {
      for (i, a) in zip(row.indices, row.coefficients) { vector[i] += a * y[k] }
    }
  }

  /// The lower triangle of outcomes' diag(weights) outcomes: one weighted `dsyrk`, over blocks of
  /// scenarios that stay in the cache.
  ///
  /// - Returns: n² numbers, or nil when they are not finite.
  func gram(weights: [Double]) -> [Double]? {
    let n = count
    var roots = weights
    for s in roots.indices { roots[s] = roots[s].squareRoot() }
    do throws(LinearAlgebraError) {
      var sum = try GramAccumulator(order: n)
      var first = 0
      while first < scenarioCount {
        let end = min(first + Self.blockRows, scenarioCount)
        let range = first..<end
        let panel = [Double](capacity: range.count * n) { output in
          let scale = roots.span
          for j in 0..<n {
            let column = outcomes.column(j)
            for s in range { output.append(column[s] * scale[s]) }
          }
        }
        try sum.add(panel, rowCount: range.count)
        first = end
      }
      return try sum.finish()
    } catch {
      return nil
    }
  }

  /// Rows of a block: with some hundred variables it fits the second-level cache.
  private static let blockRows = 1024
}
