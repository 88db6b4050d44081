import KeelLinearAlgebra
public import KeelNumerics

/// The quadratic term of scenarios.
///
/// ```text
/// P = Σ p_s r_s r_s'
/// ```
///
/// With centered scenarios and probabilities p this is their covariance. With fewer scenarios than
/// variables P is singular and is never formed; with more it is formed once, by one `dsyrk`.
public struct ScenarioTerm: Hashable, Sendable {
  private enum Form: Hashable, Sendable {
    case dense(SymmetricMatrix)
    case lowRank(LowRankTerm)
  }

  private let form: Form

  private init(form: Form) { self.form = form }

  /// Creates the term.
  ///
  /// - Parameters:
  ///   - scenarios: The S × n matrix with one scenario r_s a row.
  ///   - weights: The S weights p, not negative; nil for 1/S each.
  /// - Throws: ``OptimizationError`` for shapes and numbers that make no such term.
  /// - Complexity: O(S n) for S < n, otherwise O(S n²).
  public init(scenarios: Matrix, weights: [Double]? = nil) throws(OptimizationError) {
    let (count, n) = (scenarios.rowCount, scenarios.columnCount)
    if let place = scenarios.firstNonFiniteElement {
      throw .invalidValue(
        argument: "scenarios", index: place.row, got: scenarios[place.row, place.column],
        allowed: .finite)
    }
    let weights = weights ?? [Double](repeating: 1 / Double(max(count, 1)), count: count)
    guard weights.count == count else {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: count)
    }
    for (s, weight) in weights.enumerated() where !(weight >= 0 && weight.isFinite) {
      throw .invalidValue(argument: "weights", index: s, got: weight, allowed: .nonnegative)
    }
    let roots = weights.map { $0.squareRoot() }
    if count < n {
      let storage = [Double](capacity: n * count) { output in
        for s in 0..<count {
          for i in 0..<n { output.append(scenarios[s, i] * roots[s]) }
        }
      }
      form = .lowRank(
        LowRankTerm(
          root: Matrix(uncheckedRowCount: n, columnCount: count, storage: storage),
          diagonal: [Double](repeating: 0, count: n)))
      return
    }
    let storage = [Double](capacity: n * count) { output in
      for i in 0..<n {
        let column = scenarios.column(i)
        for s in 0..<count { output.append(column[s] * roots[s]) }
      }
    }
    do throws(LinearAlgebraError) {
      form = .dense(
        try Matrix(uncheckedRowCount: count, columnCount: n, storage: storage).gram())
    } catch {
      throw .invalidValue(
        argument: "scenarios", index: 0, got: .infinity, allowed: .finite)
    }
  }

  var kernel: QuadraticKernel {
    switch form {
    case .dense(let matrix): .dense(matrix)
    case .lowRank(let term): .lowRank(term)
    }
  }

  func multiplied(by factor: Double) -> ScenarioTerm {
    switch form {
    case .dense(let matrix): ScenarioTerm(form: .dense(matrix.multiplied(by: factor)))
    case .lowRank(let term): ScenarioTerm(form: .lowRank(term.multiplied(by: factor)))
    }
  }
}
