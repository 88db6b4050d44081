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

/// Returns of many assets whose means and covariance change with a hidden state.
///
/// ```text
/// P(s(t) = j | s(t−1) = i) = p(i, j),   r(t) | s(t) = j  normal with mean m(j) and covariance S(j)
/// ```
///
/// Correlations change with the regime too, which a model of one series cannot say. What a decision at
/// time t may use is ``filtered(_:)`` or, a row at a time, ``MultivariateRegimeFilter``. See <doc:HiddenMarkovRegimes>.
public struct MultivariateHiddenMarkovModel: Hashable, Sendable {
  /// The law of the returns in one state.
  public struct State: Hashable, Sendable {
    /// The expected returns, per period.
    public let expectedReturns: ExpectedReturns

    /// The covariance, per period.
    public let covariance: Covariance

    /// Creates a state.
    ///
    /// - Parameters:
    ///   - expectedReturns: The expected returns, per period.
    ///   - covariance: The covariance, per period: positive definite.
    public init(expectedReturns: ExpectedReturns, covariance: Covariance) {
      self.expectedReturns = expectedReturns
      self.covariance = covariance
    }
  }

  /// The assets.
  public let universe: Universe

  /// The states.
  public let states: [State]

  /// The probability of each state in the first row.
  public let initialProbabilities: [Double]

  /// The probability of each state after each one: `transitions[i][j]` is that of j after i.
  public let transitions: [[Double]]

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - states: 1 to 8 states of the same assets.
  ///   - initialProbabilities: The probability of each state in the first row.
  ///   - transitions: K rows of K probabilities: row i holds those of the states after i.
  /// - Throws: `EstimationError.shapeMismatch`, `EstimationError.invalidValue`,
  ///   `EstimationError.universeMismatch`.
  public init(
    states: [State],
    initialProbabilities: [Double],
    transitions: [[Double]]
  ) throws(EstimationError) {
    // The rules for probabilities are those of the model of one series.
    let chain = try HiddenMarkovModel(
      states: states.map { _ in .init(mean: 0, scale: 1) },
      initialProbabilities: initialProbabilities, transitions: transitions)
    universe = states[0].expectedReturns.universe
    for state in states {
      for other in [state.expectedReturns.universe, state.covariance.universe] {
        try Self.requireEqual(universe, other)
      }
    }
    self.states = states
    self.initialProbabilities = chain.initialProbabilities
    self.transitions = chain.transitions
  }

  static func requireEqual(
    _ universe: Universe,
    _ other: Universe
  ) throws(EstimationError) {
    guard universe != other else { return }
    let (left, right) = (universe.assets, other.assets)
    let position = zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    let place = position ?? min(left.count, right.count)
    throw .universeMismatch(
      position: place, left: place < left.count ? left[place] : nil,
      right: place < right.count ? right[place] : nil)
  }

  /// The number of states K.
  public var stateCount: Int { states.count }

  /// The expected number of rows that a state lasts, once entered; infinite for one never left.
  public var expectedDurations: [Double] { StationaryLaw(transitions).expectedDurations }

  /// The share of time that the chain spends in each state in the long run.
  public var stationaryProbabilities: [Double] {
    StationaryLaw(transitions).probabilities(from: initialProbabilities)
  }

  /// The probability of each state in each row given the returns up to that row.
  ///
  /// Computed in the order of the assets' names: any order of the columns gives the same bits.
  ///
  /// - Parameter returns: T × N simple returns of the same assets in the same order.
  /// - Returns: T rows; row t is the same whatever comes after it.
  /// - Throws: `EstimationError.universeMismatch`, `EstimationError.zeroVariance` for an asset that
  ///   does not vary in a state, `EstimationError.eigenvaluesNotConverged`.
  /// - Complexity: O(KTN² + KN³).
  public func filtered(
    _ returns: SimpleReturns
  ) throws(EstimationError) -> FilteredProbabilities {
    var filter = try MultivariateRegimeFilter(self)
    return try filter.update(with: returns)
  }

  /// The probability of each state in each row given the whole history, its future included.
  ///
  /// - Parameter returns: T × N simple returns of the same assets in the same order.
  /// - Returns: T rows.
  /// - Throws: As ``filtered(_:)``.
  /// - Complexity: O(KTN² + KN³).
  public func smoothedProbabilities(
    of returns: SimpleReturns
  ) throws(EstimationError) -> SmoothedProbabilities {
    let densities = try logDensities(returns)
    let count = returns.observationCount
    guard count > 0 else {
      return SmoothedProbabilities(columns: [[Double]](repeating: [], count: stateCount))
    }
    var chain = Kernels.Chain([Double](repeating: 0, count: count), stateCount: stateCount)
    _ = chain.pass(
      densities, initial: initialProbabilities, transitions: transitions.flatMap { $0 })
    return SmoothedProbabilities(
      columns: (0..<stateCount).map { j in
        Array(chain.probabilities[(j * chain.leading)..<(j * chain.leading + count)])
      })
  }

  /// The logarithm of the density of each row in each state: K columns.
  func logDensities(_ returns: SimpleReturns) throws(EstimationError) -> [[Double]] {
    try Self.requireEqual(universe, returns.universe)
    return try MultivariateRegimeLaws(self).logDensities(returns.values)
  }
}

/// The laws of a model's states, ready for rows in the order of its assets.
struct MultivariateRegimeLaws: Hashable, Sendable {
  private struct Law: Hashable, Sendable {
    let centers: [Double]
    let deviations: [Double]
    let standardized: NormalRegime
    /// The logarithm of the product of the deviations.
    let unit: Double
  }

  private let laws: [Law]

  /// The columns in the order of the assets' names: any order of the columns gives the same bits.
  private let order: [Int]

  init(_ model: MultivariateHiddenMarkovModel) throws(EstimationError) {
    let assets = model.universe.assets
    let order = assets.indices.sorted { assets[$0] < assets[$1] }
    var laws: [Law] = []
    for state in model.states {
      let unordered = state.covariance.standardDeviations
      if let column = unordered.firstIndex(where: { !($0 > 0) }) {
        throw .zeroVariance(asset: assets[column], column: column)
      }
      let deviations = order.map { unordered[$0] }
      let correlation = state.covariance.matrix.permuted(order)
        .scaled(by: deviations.map { 1 / $0 })
      laws.append(
        Law(
          centers: order.map { state.expectedReturns.values[$0] }, deviations: deviations,
          standardized: try NormalRegime(correlation, floor: .leastNormalMagnitude),
          unit: deviations.reduce(0) { $0 + log($1) }))
    }
    self.laws = laws
    self.order = order
  }

  /// The logarithm of the density of each row in each state, K columns; a row has the same bits whatever
  /// the others are.
  func logDensities(_ values: Matrix) -> [[Double]] {
    let ordered = values.withColumns(order)
    return laws.map { law in
      law.standardized
        .logDensitiesByRow(
          ordered.standardized(centers: law.centers, scales: law.deviations)
        )
        .map { $0 - law.unit }
    }
  }
}

extension Matrix {
  /// The columns in an order.
  fileprivate func withColumns(_ order: [Int]) -> Matrix {
    var result = self
    for (j, column) in order.enumerated() {
      for t in 0..<rowCount { result[t, j] = self[t, column] }
    }
    return result
  }

  /// Each column less its center over its scale.
  func standardized(centers: [Double], scales: [Double]) -> Matrix {
    var result = self
    for j in 0..<columnCount {
      for t in 0..<rowCount { result[t, j] = (self[t, j] - centers[j]) / scales[j] }
    }
    return result
  }
}

extension SymmetricMatrix {
  /// Rows and columns in an order.
  fileprivate func permuted(_ positions: [Int]) -> SymmetricMatrix {
    var result = self
    for j in 0..<order {
      for i in j..<order { result[i, j] = self[positions[i], positions[j]] }
    }
    return result
  }

  /// Each element times the factors of its row and its column.
  func scaled(by factors: [Double]) -> SymmetricMatrix {
    var result = self
    for j in 0..<order {
      for i in j..<order { result[i, j] = self[i, j] * factors[i] * factors[j] }
    }
    return result
  }
}

extension Kernels.Chain {
  /// A pass with logarithms of densities that come from elsewhere, K columns; returns the
  /// log-likelihood.
  mutating func pass(
    _ logDensities: [[Double]],
    initial: [Double],
    transitions: [Double]
  ) -> Double {
    let parameters = MarkovParameters(
      states: initial.map { _ in .init(mean: 0, scale: 1, degreesOfFreedom: nil) },
      initial: initial, transitions: transitions)
    let peaks = setDensities(logarithms: logDensities)
    let rest = pass(initial: initial, transitions: transitions, states: parameters.states)
    if let rest { return peaks + rest }
    return passInLogarithms(
      parameters, densities: (0..<count).map { t in logDensities.map { $0[t] } })
  }
}

/// The normal law of many variables, by the eigenvectors of its covariance.
struct NormalRegime: Hashable, Sendable {
  /// The covariance with no eigenvalue below the floor.
  let covariance: SymmetricMatrix

  /// Whether the floor held up an eigenvalue.
  let isAtFloor: Bool

  private let values: [Double]
  private let vectors: Matrix

  /// - Parameters:
  ///   - covariance: A covariance.
  ///   - floor: The least eigenvalue: for the covariance of maximum likelihood, raising smaller ones
  ///     to it gives the maximum under this bound.
  /// - Throws: `EstimationError.eigenvaluesNotConverged`, `EstimationError.notRepresentable`.
  init(_ covariance: SymmetricMatrix, floor: Double) throws(EstimationError) {
    do throws(LinearAlgebraError) {
      let eigen = try SymmetricEigen(covariance)
      // Below this share of the largest one an eigenvalue is rounding.
      let least = max(floor, (eigen.values.last ?? 0) * Double(covariance.order) * .ulpOfOne)
      isAtFloor = eigen.values.contains { $0 < floor }
      values = eigen.values.map { max($0, least) }
      vectors = eigen.vectors
      guard eigen.values.contains(where: { $0 < least }) else {
        self.covariance = covariance
        return
      }
      var lifted = covariance
      for (k, value) in eigen.values.enumerated() where value < least {
        let vector = eigen.vectors.column(k)
        for j in 0..<covariance.order {
          for i in j..<covariance.order {
            lifted[i, j] += (least - value) * vector[i] * vector[j]
          }
        }
      }
      self.covariance = lifted
    } catch {
      throw EstimationError(error)
    }
  }

  /// The logarithm of the density of each row, by one product of matrices: the last bits of a row may
  /// depend on the number of rows.
  func logDensities(_ matrix: Matrix, means: [Double]) throws(EstimationError) -> [Double] {
    let centered = matrix.standardized(centers: means, scales: means.map { _ in 1 })
    do throws(LinearAlgebraError) {
      return logDensities(try centered * vectors)
    } catch {
      throw EstimationError(error)
    }
  }

  /// The logarithm of the density of each row of a centered matrix; a row has the same bits whatever
  /// the others are.
  func logDensitiesByRow(_ centered: Matrix) -> [Double] {
    var product = centered
    for k in 0..<vectors.columnCount {
      for t in 0..<centered.rowCount { product[t, k] = 0 }
      for j in 0..<vectors.rowCount {
        let factor = vectors[j, k]
        for t in 0..<centered.rowCount { product[t, k] += factor * centered[t, j] }
      }
    }
    return logDensities(product)
  }

  /// From the coordinates of the rows along the eigenvectors.
  private func logDensities(_ coordinates: Matrix) -> [Double] {
    let normalizer = values.reduce(0) { $0 - (log($1) + log(2 * Double.pi)) / 2 }
    var result = [Double](repeating: normalizer, count: coordinates.rowCount)
    for (k, value) in values.enumerated() {
      let column = coordinates.column(k)
      for t in column.indices { result[t] -= column[t] * column[t] / value / 2 }
    }
    return result
  }
}
