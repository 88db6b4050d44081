public import KeelNumerics
import KeelLinearAlgebra

/// A linear program with the expected shortfall of scenarios in its objective.
///
/// ```text
/// minimize  c'x + weight · ES(−R x)
/// subject to  rowLower ≤ Ax ≤ rowUpper,  lowerBounds ≤ x ≤ upperBounds
/// ```
///
/// R holds S × N outcomes, one row a scenario; a loss is positive. The expected shortfall is the
/// mean of the worst 1 − confidence of the losses, with the share of the atom at the value at risk
/// that fills the tail exactly (Rockafellar and Uryasev 2002). Variables after the first N have no
/// outcomes: they take part in the linear terms only.
///
/// The value is checked when it is made, as that of ``QuadraticProgram``.
public struct ExpectedShortfallProgram: Hashable, Sendable {
  /// The outcomes R, S × N, in the unit of the objective per unit of a variable.
  public internal(set) var outcomes: Matrix

  /// The probability of each scenario; they sum to one.
  public internal(set) var probabilities: [Double]

  /// The confidence, inside (0, 1): 0.95 is the mean of the worst twentieth.
  public let confidence: Double

  /// The factor of the expected shortfall, positive.
  public let shortfallWeight: Double

  /// The constraints, with c as the linear objective and no quadratic term.
  package internal(set) var constraints: QuadraticProgram

  /// How far the sum of probabilities may be from one.
  public static let probabilityTolerance = 1e-9

  /// Creates a program.
  ///
  /// - Parameters:
  ///   - outcomes: The S × N outcomes, finite, S at least 1.
  ///   - probabilities: S numbers in [0, 1] that sum to one within ``probabilityTolerance``; nil for
  ///     equal ones.
  ///   - confidence: The confidence, inside (0, 1).
  ///   - linear: The vector c of n ≥ N finite numbers; nil for zero.
  ///   - shortfallWeight: The factor of the expected shortfall, positive and finite.
  ///   - lowerBounds: The n lower bounds, −∞ allowed; nil for none.
  ///   - upperBounds: The n upper bounds, +∞ allowed; nil for none.
  ///   - rows: The linear constraints.
  ///   - variableNames: The n names of the variables; empty for `x[0]`, `x[1]` and so on.
  /// - Throws: ``OptimizationError`` for shapes, numbers, names or bounds that make no program.
  public init(
    outcomes: Matrix,
    probabilities: [Double]? = nil,
    confidence: Double,
    linear: [Double]? = nil,
    shortfallWeight: Double = 1,
    lowerBounds: [Double]? = nil,
    upperBounds: [Double]? = nil,
    rows: [LinearRow] = [],
    variableNames: [String] = []
  ) throws(OptimizationError) {
    let n =
      linear?.count ?? lowerBounds?.count ?? upperBounds?.count
      ?? max(variableNames.count, outcomes.columnCount)
    guard n >= outcomes.columnCount else {
      throw .shapeMismatch(argument: "linear", got: n, required: outcomes.columnCount)
    }
    guard outcomes.rowCount > 0 else {
      throw .shapeMismatch(argument: "outcomes", got: 0, required: 1)
    }
    if let place = outcomes.firstNonFiniteElement {
      throw .invalidValue(
        argument: "outcomes", index: place.column, got: outcomes[place.row, place.column],
        allowed: .finite)
    }
    guard confidence > 0, confidence < 1 else {
      throw .invalidValue(
        argument: "confidence", index: 0, got: confidence,
        allowed: .leastNonzeroMagnitude...1.0.nextDown)
    }
    guard shortfallWeight > 0, shortfallWeight.isFinite else {
      throw .invalidValue(
        argument: "shortfallWeight", index: 0, got: shortfallWeight,
        allowed: .leastNonzeroMagnitude ... .greatestFiniteMagnitude)
    }
    self.outcomes = outcomes
    self.confidence = confidence
    self.shortfallWeight = shortfallWeight
    self.probabilities = try Self.checked(probabilities, count: outcomes.rowCount)
    constraints = try QuadraticProgram(
      quadratic: .diagonal([Double](repeating: 0, count: n)), linear: linear,
      lowerBounds: lowerBounds, upperBounds: upperBounds, rows: rows,
      variableNames: variableNames)
  }

  /// The probabilities, or equal ones, checked.
  private static func checked(
    _ probabilities: [Double]?,
    count: Int
  ) throws(OptimizationError) -> [Double] {
    guard let probabilities else { return [Double](repeating: 1 / Double(count), count: count) }
    guard probabilities.count == count else {
      throw .shapeMismatch(argument: "probabilities", got: probabilities.count, required: count)
    }
    for (index, value) in probabilities.enumerated() where !(value >= 0 && value <= 1) {
      throw .invalidValue(argument: "probabilities", index: index, got: value, allowed: 0...1)
    }
    let total = probabilities.reduce(0, +)
    guard (total - 1).magnitude <= probabilityTolerance else {
      throw .invalidValue(
        argument: "sum of probabilities", index: 0, got: total,
        allowed: (1 - probabilityTolerance)...(1 + probabilityTolerance))
    }
    return probabilities
  }

  /// The number of variables n.
  public var variableCount: Int { constraints.variableCount }

  /// The number of scenarios S.
  public var scenarioCount: Int { outcomes.rowCount }

  /// The vector c, one number a variable.
  public var linear: [Double] { constraints.linear }

  /// The lower bound of each variable; −∞ for none.
  public var lowerBounds: [Double] { constraints.lowerBounds }

  /// The upper bound of each variable; +∞ for none.
  public var upperBounds: [Double] { constraints.upperBounds }

  /// The rows.
  public var rows: [LinearRow] { constraints.rows }

  /// The name of each variable, or nothing for `x[0]`, `x[1]` and so on.
  public var variableNames: [String] { constraints.variableNames }

  /// The objective c'x + weight · ES(−R x).
  ///
  /// - Parameter x: The variables.
  /// - Returns: The objective, or NaN when the count of variables is another.
  /// - Complexity: O(S N).
  public func objective(at x: [Double]) -> Double {
    guard x.count == variableCount else { return .nan }
    return dot(linear, x) + shortfallWeight * tail(at: x).expectedShortfall
  }

  /// The expected shortfall of the losses −R x.
  ///
  /// - Parameter x: The variables.
  /// - Returns: The expected shortfall, positive for a loss; NaN when the count is another.
  /// - Complexity: O(S N).
  public func expectedShortfall(at x: [Double]) -> Double {
    x.count == variableCount ? tail(at: x).expectedShortfall : .nan
  }

  /// The losses −R x; NaN where they overflow.
  func losses(at x: [Double]) -> [Double] {
    var result: [Double] = []
    setLosses(&result, at: x)
    return result
  }

  /// The same in memory that is kept.
  func setLosses(_ losses: inout [Double], at x: [Double]) {
    losses.refill(scenarioCount, with: 0)
    PanelProducts.add(
      outcomes.elements, rowCount: scenarioCount, columnCount: outcomes.columnCount, .none,
      scale: -1, x, to: &losses)
    Self.spoilUnlessFinite(&losses)
  }

  /// One element that is not finite spoils all.
  private static func spoilUnlessFinite(_ vector: inout [Double]) {
    var check = 0.0
    for value in vector { check += value * 0 }
    if check != 0 { vector.refill(vector.count, with: .nan) }
  }

  /// The value at risk and the expected shortfall of the losses.
  func tail(at x: [Double]) -> SampleTail {
    SampleTail(losses: losses(at: x), masses: probabilities, confidence: confidence)
  }

  /// The largest multiplier of each scenario: its probability over that of the tail.
  func setMultiplierLimits(_ limits: inout [Double]) {
    let mass = (1 - confidence) * probabilities.reduce(0, +)
    limits.copyElements(of: probabilities)
    for s in limits.indices { limits[s] /= mass }
  }

  /// The vector R'q, with zeros for variables without outcomes; NaN when it overflows.
  func outcomes(weightedBy q: [Double]) -> [Double] {
    var result: [Double] = []
    setOutcomes(&result, weightedBy: q)
    return result
  }

  /// The same in memory that is kept.
  func setOutcomes(_ result: inout [Double], weightedBy q: [Double]) {
    result.refill(variableCount, with: 0)
    PanelProducts.add(
      outcomes.elements, rowCount: scenarioCount, columnCount: outcomes.columnCount,
      .transposed, q, to: &result)
    Self.spoilUnlessFinite(&result)
  }
}
