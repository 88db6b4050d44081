// Goals in order: a likelihood that never falls, no NaN on any history, equal bits for any order of
// labeled assets.
//
// EM on standardized columns. A state's covariance is that of maximum likelihood with no eigenvalue
// below the floor, so that a history shorter than the number of assets has a likelihood too. Starts:
// the regimes of series made of the columns, which a model of one series finds.

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

/// A hidden Markov model of many assets fitted by maximum likelihood.
public struct MultivariateHiddenMarkovFit: Hashable, Sendable {
  /// The model, its states in the order of their volatility: the mean over the assets of the variance
  /// in the state over that of the history.
  public let model: MultivariateHiddenMarkovModel

  /// The natural logarithm of the likelihood of the history under the model.
  public let logLikelihood: Double

  /// The number of rows.
  public let observationCount: Int

  /// The number of passes over the history from the chosen start on.
  public let iterations: Int

  /// Whether the last EM step gained no more than the tolerance.
  public let isConverged: Bool

  /// The states of which the floor holds up an eigenvalue.
  public let statesAtVarianceFloor: [Int]

  /// The number of free parameters k.
  public var parameterCount: Int {
    let (states, assets) = (model.stateCount, model.universe.count)
    return states * (assets + assets * (assets + 1) / 2) + states * states - 1
  }

  /// Akaike's criterion `2k − 2 ln L`.
  public var akaikeCriterion: Double { 2 * Double(parameterCount) - 2 * logLikelihood }

  /// The Bayesian (Schwarz) criterion `k ln n − 2 ln L`.
  public var bayesianCriterion: Double {
    Double(parameterCount) * log(Double(observationCount)) - 2 * logLikelihood
  }
}

extension MultivariateHiddenMarkovModel {
  /// Fits a model of a number of states from several starts.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits, and so
  /// do the same settings and seed. `relativeVarianceFloor` bounds the eigenvalues of the covariances
  /// of standardized returns.
  ///
  /// - Parameters:
  ///   - returns: T × N simple returns, at least 10 rows a state; each asset varies.
  ///   - stateCount: 1 to 8; compare the Bayesian criterion of several.
  ///   - settings: Starts and limits; the law is the normal one.
  /// - Returns: The best model found; `isConverged` says whether its search ended by itself.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.zeroVariance`,
  ///   `EstimationError.pricesGiven`, `EstimationError.invalidValue`,
  ///   `EstimationError.assetCountOutOfRange`, `EstimationError.eigenvaluesNotConverged`,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: O(K(TN² + N³)) a pass.
  public static func fit(
    _ returns: SimpleReturns,
    stateCount: Int,
    settings: HiddenMarkovModel.FitSettings = HiddenMarkovModel.FitSettings()
  ) throws(EstimationError) -> MultivariateHiddenMarkovFit {
    try HiddenMarkovModel.requireStateCount(stateCount)
    try settings.validate()
    let columns = try StandardizedColumns(
      returns, minimumCount: HiddenMarkovModel.observationsPerState * stateCount)
    var best: MultivariateSearch?
    for start in 0..<(stateCount == 1 ? 1 : settings.startCount) {
      let weights = try columns.startingProbabilities(
        stateCount: stateCount, number: start, settings)
      var search = try MultivariateSearch(columns.matrix, weights, settings)
      try search.run(until: settings.shortRunLength)
      if search.isBetter(than: best) { best = search }
    }
    guard var search = best else { throw .notRepresentable(result: "logLikelihood") }
    try search.run(until: settings.maximumIterations)
    return try search.result(columns, over: returns.universe)
  }
}

/// A history with columns of mean zero and variance one, in the order of the assets' names.
private struct StandardizedColumns {
  let matrix: Matrix
  let order: [Int]
  let centers: [Double]
  let scales: [Double]

  init(_ returns: SimpleReturns, minimumCount: Int) throws(EstimationError) {
    let checked = try ReturnsMatrix(returns, minimumCount: minimumCount)
    order = checked.order
    let values = returns.values
    var columns: [[Double]] = []
    var centers: [Double] = []
    var scales: [Double] = []
    for column in checked.order {
      let series = try StandardizedSeries(
        series: (0..<values.rowCount).map { values[$0, column] }, argument: "returns",
        minimumCount: minimumCount)
      let squares = series.values.reduce(0) { $0 + $1 * $1 }
      let deviation = (squares / Double(values.rowCount)).squareRoot()
      guard deviation > 0 else {
        throw .zeroVariance(asset: returns.universe.assets[column], column: column)
      }
      columns.append(series.values.map { $0 / deviation })
      centers.append(StandardizedSeries.times(series.center, series.exponent))
      scales.append(StandardizedSeries.times(deviation, series.exponent))
    }
    do throws(NumericsError) {
      matrix = try Matrix(columns: columns)
    } catch {
      throw .notRepresentable(result: "returns")
    }
    self.centers = centers
    self.scales = scales
  }

  /// The smoothed probabilities of a model of one series: first the size of the rows, then the mean
  /// of the columns, then random portfolios.
  func startingProbabilities(
    stateCount: Int,
    number: Int,
    _ settings: HiddenMarkovModel.FitSettings
  ) throws(EstimationError) -> [[Double]] {
    var sequence = RandomSequence(RandomStream(seed: settings.seed, stream: UInt64(number)))
    let weights = (0..<matrix.columnCount).map { _ in number < 2 ? 1 : sequence.normal() }
    let series = (0..<matrix.rowCount).map { t in
      (0..<matrix.columnCount).reduce(0) { sum, j in
        sum + (number == 0 ? log1p(matrix[t, j] * matrix[t, j]) : weights[j] * matrix[t, j])
      }
    }
    var short = settings
    short.emission = .normal
    short.startCount = 3
    short.maximumIterations = 50
    // A combination that does not vary has no regimes: all rows belong to all states alike.
    guard let first = series.first, series.contains(where: { $0 != first }) else {
      return (0..<stateCount).map { j in
        series.indices.map { $0 % stateCount == j ? 1 : 0 }
      }
    }
    let mean = series.reduce(0, +) / Double(series.count)
    let centered = series.map { $0 - mean }
    let fit = try HiddenMarkovModel.fit(centered, stateCount: stateCount, settings: short)
    return try fit.model.smoothedProbabilities(of: centered).columns
  }
}

/// One search on standardized columns.
private struct MultivariateSearch {
  private let matrix: Matrix
  private let settings: HiddenMarkovModel.FitSettings
  private var chain: Kernels.Chain
  private var means: [[Double]] = []
  private var laws: [NormalRegime] = []
  private var initial: [Double]
  private var transitions: [Double]
  private(set) var logLikelihood = 0.0
  private var iterations = 1
  private var isConverged = false

  /// Likelihoods an observation closer than this are those of equally good starts.
  private static let tie = 1e-9

  /// The rows that a state is expected to last in a start.
  private static let startingDuration = 20.0

  /// Below this many rows in expectation a state has no data of its own and keeps its law.
  private static let leastProbability = 1e-200

  /// Begins with probabilities of the states, K columns.
  init(
    _ matrix: Matrix,
    _ probabilities: [[Double]],
    _ settings: HiddenMarkovModel.FitSettings
  ) throws(EstimationError) {
    self.matrix = matrix
    self.settings = settings
    let count = probabilities.count
    chain = Kernels.Chain(
      [Double](repeating: 0, count: matrix.rowCount), stateCount: count)
    initial = [Double](repeating: 1 / Double(count), count: count)
    let leaving = count == 1 ? 0 : 1 / Self.startingDuration
    transitions = (0..<count).flatMap { i in
      (0..<count).map { $0 == i ? 1 - leaving : leaving / Double(count - 1) }
    }
    let whole = try NormalRegime(
      Self.moments(matrix, [Double](repeating: 1, count: matrix.rowCount)).covariance,
      floor: settings.relativeVarianceFloor)
    means = probabilities.map { _ in [Double](repeating: 0, count: matrix.columnCount) }
    laws = probabilities.map { _ in whole }
    for (j, column) in probabilities.enumerated() { try setLaw(of: j, weights: column) }
    try expect()
  }

  private static func moments(
    _ matrix: Matrix,
    _ weights: [Double]
  ) throws(EstimationError) -> (means: [Double], covariance: SymmetricMatrix) {
    let moments = try WeightedMoments(
      matrix, order: Array(0..<matrix.columnCount), weights: weights)
    // Maximum likelihood has the divisor Σ w.
    let factor = (1 - 1 / moments.effectiveCount).squareRoot()
    return (
      moments.means,
      moments.covariance.scaled(
        by: [Double](repeating: factor, count: matrix.columnCount))
    )
  }

  /// Sets the law of a state from the probabilities of the rows; too few rows leave it as it was.
  private mutating func setLaw(of index: Int, weights: [Double]) throws(EstimationError) {
    guard weights.reduce(0, +) > Self.leastProbability else { return }
    do throws(EstimationError) {
      let moments = try Self.moments(matrix, weights)
      means[index] = moments.means
      laws[index] = try NormalRegime(
        moments.covariance, floor: settings.relativeVarianceFloor)
    } catch {
      guard case .tooFewObservations = error else { throw error }
    }
  }

  /// Whether this search found more than another one; a tie goes to the other.
  func isBetter(than other: MultivariateSearch?) -> Bool {
    guard logLikelihood.isFinite else { return false }
    guard let other else { return true }
    return logLikelihood > other.logLikelihood + Self.tie * Double(matrix.rowCount)
  }

  mutating func run(until limit: Int) throws(EstimationError) {
    let rounding = Double(matrix.rowCount * matrix.columnCount) * .ulpOfOne
    while !isConverged && iterations < limit {
      let before = logLikelihood
      try maximize()
      try expect()
      iterations += 1
      guard logLikelihood.isFinite else { return }
      isConverged = logLikelihood - before <= max(settings.tolerance, rounding)
    }
  }

  private mutating func expect() throws(EstimationError) {
    var densities: [[Double]] = []
    for (law, mean) in zip(laws, means) {
      densities.append(try law.logDensities(matrix, means: mean))
    }
    logLikelihood = chain.pass(densities, initial: initial, transitions: transitions)
  }

  private mutating func maximize() throws(EstimationError) {
    let count = laws.count
    for j in 0..<count {
      initial[j] = chain.probabilities[j * chain.leading]
      let row = (j * count)..<((j + 1) * count)
      let leaving = chain.moves[row].reduce(0, +)
      if leaving > Self.leastProbability {
        for k in row { transitions[k] = chain.moves[k] / leaving }
      }
      let start = j * chain.leading
      try setLaw(
        of: j, weights: Array(chain.probabilities[start..<(start + matrix.rowCount)]))
    }
    let total = initial.reduce(0, +)
    for j in 0..<count { initial[j] /= total }
  }

  /// The result in the units of the returns and the order of the columns.
  func result(
    _ columns: StandardizedColumns,
    over universe: Universe
  ) throws(EstimationError) -> MultivariateHiddenMarkovFit {
    let traces = laws.map { $0.covariance.diagonal.reduce(0, +) }
    let ranking = traces.indices.sorted { (traces[$0], $0) < (traces[$1], $1) }
    var positions = columns.order
    for (position, column) in columns.order.enumerated() { positions[column] = position }
    var states: [MultivariateHiddenMarkovModel.State] = []
    for j in ranking {
      let values = positions.map { columns.centers[$0] + columns.scales[$0] * means[j][$0] }
      let covariance = laws[j].covariance.scaled(by: columns.scales).submatrix(at: positions)
      let share = chain.sums[j].probability
      do throws(DataError) {
        states.append(
          .init(
            expectedReturns: try ExpectedReturns(universe: universe, values: values),
            covariance: try Covariance(
              universe: universe, dense: covariance, definiteness: .byConstruction,
              diagnostics: CovarianceDiagnostics(observationCount: Int(share.rounded())))))
      } catch {
        throw .notRepresentable(result: "covariance")
      }
    }
    let unit = columns.scales.reduce(0) { $0 + log($1) }
    let count = laws.count
    let likelihood = logLikelihood - Double(matrix.rowCount) * unit
    guard likelihood.isFinite else { throw .notRepresentable(result: "logLikelihood") }
    return MultivariateHiddenMarkovFit(
      model: try MultivariateHiddenMarkovModel(
        states: states, initialProbabilities: ranking.map { initial[$0] },
        transitions: ranking.map { i in ranking.map { transitions[i * count + $0] } }),
      logLikelihood: likelihood, observationCount: matrix.rowCount, iterations: iterations,
      isConverged: isConverged,
      statesAtVarianceFloor: ranking.indices.filter { laws[ranking[$0]].isAtFloor })
  }
}
