// Goals in order: a row at a time gives the bits of the whole history, no underflow on any history.

public import KeelData
import KeelNumerics

/// The probabilities of the states of a ``MultivariateHiddenMarkovModel`` given the returns so far, a row at a
/// time.
///
/// ```text
/// P(s(t) = j | r(1…t)) ∝ Σ P(s(t−1) = i | r(1…t−1)) p(i, j) f(j, r(t))
/// ```
///
/// Any division of a history into calls gives the same bits, and so does any order of the assets. A row so
/// far from all states that no density is representable says nothing. The eigenvectors of the states'
/// covariances are kept: a row costs O(KN²).
public struct MultivariateRegimeFilter: Hashable, Sendable {
  /// The model.
  public let model: MultivariateHiddenMarkovModel

  /// The probability of each state given all rows so far: of the first row before there is any.
  public private(set) var probabilities: [Double]

  /// The number of rows so far.
  public private(set) var observationCount: Int

  /// The natural logarithm of the likelihood of the rows so far; minus infinity when one was so far
  /// from all states that no density is representable.
  public private(set) var logLikelihood: Double

  private let laws: MultivariateRegimeLaws

  /// Creates a filter that has seen nothing.
  ///
  /// - Parameter model: The model.
  /// - Throws: `EstimationError.zeroVariance` for an asset that does not vary in a state,
  ///   `EstimationError.eigenvaluesNotConverged`.
  /// - Complexity: O(KN³).
  public init(_ model: MultivariateHiddenMarkovModel) throws(EstimationError) {
    try self.init(
      model, probabilities: model.initialProbabilities, observationCount: 0, logLikelihood: 0)
  }

  /// Creates a filter from the numbers that another one had.
  ///
  /// - Parameters:
  ///   - model: The model of the other one.
  ///   - probabilities: The probability of each state.
  ///   - observationCount: The number of rows so far.
  ///   - logLikelihood: The natural logarithm of their likelihood.
  /// - Throws: As ``init(_:)``, and `EstimationError.shapeMismatch` and `EstimationError.invalidValue` for what no
  ///   filter can hold.
  /// - Complexity: O(KN³).
  public init(
    _ model: MultivariateHiddenMarkovModel,
    probabilities: [Double],
    observationCount: Int,
    logLikelihood: Double
  ) throws(EstimationError) {
    try StoredCount.require("observationCount", observationCount)
    guard !logLikelihood.isNaN, logLikelihood < .infinity else {
      throw .invalid("logLikelihood", logLikelihood, lowest: -.infinity)
    }
    self.model = model
    self.probabilities = try HiddenMarkovModel.law(
      probabilities, "probabilities", count: model.stateCount)
    self.observationCount = observationCount
    self.logLikelihood = logLikelihood
    laws = try MultivariateRegimeLaws(model)
  }

  /// The probability of each state in the next row.
  public var predictedProbabilities: [Double] {
    observationCount == 0 ? probabilities : model.transitions.applied(to: probabilities)
  }

  /// Takes in the next row.
  ///
  /// - Parameter returns: The return of each asset, in the order of the model's universe, finite.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidReturn`; the state is then as before.
  /// - Complexity: O(KN²).
  public mutating func update(with returns: [Double]) throws(EstimationError) {
    let assets = model.universe.assets
    guard returns.count == assets.count else {
      throw .shapeMismatch(argument: "returns", got: returns.count, required: assets.count)
    }
    if let column = returns.firstIndex(where: { !$0.isFinite }) {
      throw .invalidReturn(
        asset: assets[column], column: column, row: observationCount, got: returns[column])
    }
    let row: Matrix
    do throws(NumericsError) {
      row = try Matrix(rows: [returns])
    } catch {
      throw .notRepresentable(result: "returns")
    }
    take(laws.logDensities(row).map { $0[0] })
  }

  /// Takes in rows.
  ///
  /// - Parameter returns: The rows after those so far: simple returns of the same assets in the same order.
  /// - Returns: The probabilities of the states in each of these rows, each given the rows up to it.
  /// - Throws: `EstimationError.universeMismatch`; the state is then as before.
  /// - Complexity: O(TKN²).
  public mutating func update(
    with returns: SimpleReturns
  ) throws(EstimationError) -> FilteredProbabilities {
    try MultivariateHiddenMarkovModel.requireEqual(model.universe, returns.universe)
    let densities = laws.logDensities(returns.values)
    var columns = [[Double]](repeating: [], count: model.stateCount)
    for t in 0..<returns.observationCount {
      take(densities.map { $0[t] })
      for j in columns.indices { columns[j].append(probabilities[j]) }
    }
    return FilteredProbabilities(columns: columns)
  }

  private mutating func take(_ densities: [Double]) {
    let step = FilterStep(predictedProbabilities, densities)
    probabilities = step.probabilities
    logLikelihood += step.logLikelihood
    observationCount += 1
  }

  /// The probabilities of the states and the moments of the returns in the next rows.
  ///
  /// - Parameter steps: The number of rows ahead, from 1 to `HiddenMarkovModel.maximumHorizon`.
  /// - Returns: One forecast for each of the rows ahead.
  /// - Throws: `EstimationError.invalidValue`, `EstimationError.notRepresentable`.
  /// - Complexity: O(hKN²), as much memory as h covariances.
  public func forecast(steps: Int) throws(EstimationError) -> [MultivariateRegimeForecast] {
    try model.forecast(next: predictedProbabilities, steps: steps)
  }
}
