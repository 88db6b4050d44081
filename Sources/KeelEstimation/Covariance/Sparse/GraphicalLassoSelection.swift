// Goals in order: the penalty that foretells best, few searches.
//
// The likelihood of rows that were not fitted on, by penalty (J. Friedman, T. Hastie, R. Tibshirani, "Sparse inverse covariance
// estimation with the graphical lasso", Biostatistics 9, 2008, section 3). The grid is refined about its best point as
// scikit-learn's GraphicalLassoCV does. Each search starts anew: from the solution for the penalty before it, it took one sweep
// of ten less at most, because sweeps converge at a rate of their own.

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

/// The penalty of the graphical lasso under which rows that were not fitted on are likeliest.
///
/// ```text
/// loss = ln det Σ + mean of r' Σ⁻¹ r,   Σ of the rows fitted on, r the rows tested on
/// ```
///
/// The loss is ``CovarianceLoss/quasiLikelihood``: minus twice the log-likelihood a row of normal returns about zero, up to a
/// constant. Each fold standardizes by its own deviations, so that nothing of the rows tested on is known.
public struct GraphicalLassoSelection: Hashable, Sendable {
  /// Which penalties are tried.
  @nonexhaustive
  public enum Candidates: Hashable, Sendable {
    /// These, each above 0.
    case given([Double])

    /// `count` in equal ratios from the largest correlation of all rows to a hundredth of it; then, `rounds` − 1 times, `count`
    /// more between the neighbors of the best one, or down to a hundredth of the least one where that is best.
    case refined(count: Int, rounds: Int)
  }

  /// A penalty with its losses.
  public struct Score: Hashable, Sendable {
    /// The penalty.
    public let penalty: Double

    /// The loss of each fold; infinite where the covariance has no inverse that double precision knows.
    public let losses: [Double]

    /// The mean loss.
    public var mean: Double { losses.reduce(0, +) / Double(losses.count) }
  }

  /// The penalty with the least mean loss; of equal ones the largest.
  public let penalty: Double

  /// Every penalty tried, from the largest to the least.
  public let scores: [Score]

  /// Whether every search converged.
  public let isConverged: Bool

  /// The estimator with the penalty chosen.
  public var estimator: GraphicalLasso { GraphicalLasso(penalty: penalty) }

  /// Chooses.
  ///
  /// - Parameters:
  ///   - returns: T × N returns.
  ///   - scheme: How the history is cut into folds.
  ///   - candidates: Which penalties are tried.
  ///   - settings: When each search ends.
  /// - Throws: `EstimationError.tooFewObservations` for a history without a fold and for a fold fitted on fewer than two rows,
  ///   `EstimationError.zeroVariance` for an asset that does not vary in a fold, `EstimationError.invalidValue` for the
  ///   candidates and the settings, `EstimationError.notPositiveDefinite` where no penalty has a finite loss,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: One search for each penalty and fold.
  public init(
    on returns: SimpleReturns,
    _ scheme: ValidationScheme,
    candidates: Candidates = .refined(count: 4, rounds: 4),
    settings: SparseInverse.Settings = SparseInverse.Settings()
  ) throws(EstimationError) {
    var folds: [LassoFold] = []
    for fold in try scheme.folds(of: returns.observationCount) {
      folds.append(
        try LassoFold(training: returns.rows(fold.training), test: returns.values.rows(fold.test)))
    }
    var search = PenaltySearch(folds: folds, settings: settings)
    switch candidates {
    case .given(let penalties):
      guard !penalties.isEmpty else { throw .invalid("penaltyCount", 0, lowest: 1) }
      try search.add(penalties)
    case .refined(let count, let rounds):
      try Self.requireCounts(count, rounds)
      let whole = try SampleCorrelations(ReturnsMatrix(returns, minimumCount: 2)).matrix
      try search.refine(from: whole.largestCorrelation, count: count, rounds: rounds)
    }
    guard let best = search.best else { throw .notPositiveDefinite }
    penalty = search.scores[best].penalty
    scores = search.scores
    isConverged = search.isConverged
  }

  private static func requireCounts(_ count: Int, _ rounds: Int) throws(EstimationError) {
    let checks = [("count", count, 2, 1000), ("rounds", rounds, 1, 100)]
    for (argument, value, least, most) in checks
    where value < least || value > most {
      throw .invalid(argument, Double(value), lowest: Double(least), highest: Double(most))
    }
  }
}

/// The penalties tried so far.
private struct PenaltySearch {
  let folds: [LassoFold]
  let settings: SparseInverse.Settings

  /// From the largest penalty to the least.
  private(set) var scores: [GraphicalLassoSelection.Score] = []
  private(set) var isConverged = true

  /// The least penalty of a round, over the largest.
  private static let leastShare = 0.01

  init(folds: [LassoFold], settings: SparseInverse.Settings) {
    self.folds = folds
    self.settings = settings
  }

  /// The place of the least mean loss.
  var best: Int? {
    var best: Int?
    for (i, score) in scores.enumerated() where score.mean < .infinity {
      if let found = best, scores[found].mean <= score.mean { continue }
      best = i
    }
    return best
  }

  mutating func add(_ penalties: [Double]) throws(EstimationError) {
    let falling = penalties.sorted(by: >)
    var losses = [[Double]](repeating: [], count: falling.count)
    for fold in folds {
      for (k, penalty) in falling.enumerated() {
        let solution = try SparseInverse(
          fold.correlations, penalty: penalty, settings: settings)
        isConverged = isConverged && solution.isConverged
        losses[k].append(fold.loss(solution))
      }
    }
    for (k, penalty) in falling.enumerated() {
      scores.append(GraphicalLassoSelection.Score(penalty: penalty, losses: losses[k]))
    }
    scores.sort { $0.penalty > $1.penalty }
  }

  mutating func refine(
    from largest: Double,
    count: Int,
    rounds: Int
  ) throws(EstimationError) {
    // Uncorrelated assets have the same estimate for every penalty.
    let top = max(largest, Double.ulpOfOne)
    try add(Self.grid(from: top, to: Self.leastShare * top, count: count, withEnds: true))
    for _ in 1..<max(rounds, 1) {
      guard let best else { return }
      let upper = scores[max(best - 1, 0)].penalty
      let lower =
        best + 1 < scores.count
        ? scores[best + 1].penalty : Self.leastShare * scores[best].penalty
      try add(Self.grid(from: upper, to: lower, count: count, withEnds: false))
    }
  }

  /// Numbers in equal ratios.
  private static func grid(
    from upper: Double,
    to lower: Double,
    count: Int,
    withEnds: Bool
  ) -> [Double] {
    let steps = Double(withEnds ? count - 1 : count + 1)
    return (0..<count).map { k in
      let share = Double(withEnds ? k : k + 1) / steps
      return exp((1 - share) * log(upper) + share * log(lower))
    }
  }
}

/// What one fold is fitted on and tested on.
private struct LassoFold {
  let correlations: SymmetricMatrix

  /// Σ z z' / T of the rows tested on, in deviations of the rows fitted on.
  private let realized: SymmetricMatrix

  /// ln det D².
  private let logVariances: Double

  init(training: SimpleReturns, test: Matrix) throws(EstimationError) {
    let returns = try ReturnsMatrix(training, minimumCount: 2)
    let sample = try SampleCorrelations(returns)
    correlations = sample.matrix
    let rows = test.rowCount
    let storage = [Double](capacity: rows * returns.columnCount) { output in
      for (position, column) in returns.order.enumerated() {
        let values = test.column(column)
        let factor = returns.scale / sample.deviations[position]
        for t in 0..<rows { output.append(values[t] * factor) }
      }
    }
    do throws(LinearAlgebraError) {
      realized = try Matrix(
        uncheckedRowCount: rows, columnCount: returns.columnCount, storage: storage
      ).gram(scale: 1 / Double(rows))
    } catch {
      throw EstimationError(error)
    }
    logVariances = sample.deviations.reduce(0) { $0 + 2 * (log($1) - log(returns.scale)) }
  }

  /// ln det Σ + tr(S Σ⁻¹) of a solution.
  func loss(_ solution: SparseInverse) -> Double {
    guard let factor = try? Cholesky(solution.precision) else { return .infinity }
    let n = correlations.order
    let precision = solution.precision
    var trace = 0.0
    for j in 0..<n {
      let (left, right) = (precision.column(j), realized.column(j))
      for i in 0..<n { trace += left[i] * right[i] }
    }
    let loss = trace - factor.logDeterminant + logVariances
    return loss.isFinite ? loss : .infinity
  }
}

extension SymmetricMatrix {
  /// The largest magnitude beside the diagonal.
  fileprivate var largestCorrelation: Double {
    var largest = 0.0
    for j in 0..<order {
      let column = column(j)
      for i in 0..<order where i != j { largest = max(largest, column[i].magnitude) }
    }
    return largest
  }
}
