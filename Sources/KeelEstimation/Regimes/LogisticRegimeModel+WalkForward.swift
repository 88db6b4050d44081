public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension LogisticRegimeModel {
  /// How good probabilities are that were said before.
  public struct Score: Hashable, Sendable, Codable {
    /// The rows.
    public let rows: Range<Int>

    /// The mean of `−ln P(label)`: ln 2 for a coin.
    public let logLoss: Double

    /// The mean of `(P − label)²`: one quarter for a coin.
    public let brierScore: Double

    /// The probability that a true row was given more than a false one, ties counting half; nil where
    /// one label is missing.
    public let areaUnderCurve: Double?

    init(rows: Range<Int>, logOdds: [Double], labels: ArraySlice<Bool>) {
      self.rows = rows
      let count = Double(logOdds.count)
      logLoss =
        zip(logOdds, labels).reduce(0) {
          $0 + LogisticRegimeModel.logLoss(logOdds: $1.0, label: $1.1)
        } / count
      brierScore =
        zip(logOdds, labels).reduce(0) { sum, row in
          // The probability of the wrong label.
          let miss = LogisticRegimeModel.probability(logOdds: row.1 ? -row.0 : row.0)
          return sum + miss * miss
        } / count
      areaUnderCurve = Self.area(logOdds, Array(labels))
    }

    /// By the sum of the ranks of the true rows (Mann and Whitney).
    private static func area(_ values: [Double], _ labels: [Bool]) -> Double? {
      let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
      var ranks = 0.0
      var start = 0
      while start < order.count {
        var end = start
        while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
        let rank = Double(start + end + 1) / 2
        for i in start..<end where labels[order[i]] { ranks += rank }
        start = end
      }
      let positives = Double(labels.count { $0 })
      let negatives = Double(labels.count) - positives
      guard positives > 0, negatives > 0 else { return nil }
      return (ranks - positives * (positives + 1) / 2) / (positives * negatives)
    }
  }

  /// What a walk forward found for one penalty.
  public struct Validation: Hashable, Sendable {
    /// The penalty λ.
    public let penalty: Double

    /// The score of each fold.
    public let folds: [Score]

    /// The score of all tested rows together.
    public let total: Score

    /// The probability of each tested row, said by a model that was fitted before it.
    public let probabilities: [Double]

    /// The folds whose fit did not reach its tolerance.
    public let unconvergedFolds: [Int]
  }

  /// Tests a penalty on a history, each row by a model that was fitted on rows before it.
  ///
  /// - Parameters:
  ///   - features: T × K finite numbers.
  ///   - labels: T labels.
  ///   - penalty: The penalty λ, not negative.
  ///   - lassoShare: The share of the penalty on magnitudes, from 0 to 1.
  ///   - scheme: How the history is cut.
  /// - Returns: Scores of each fold and of all rows.
  /// - Throws: As ``fit(features:labels:penalty:lassoShare:)``, and `EstimationError.tooFewObservations` when
  ///   the history is too short for one fold or a fold lacks a label.
  /// - Complexity: O(TK²) a step and fold.
  public static func validate(
    features: Matrix,
    labels: [Bool],
    penalty: Double,
    lassoShare: Double = 0,
    scheme: WalkForward
  ) throws(EstimationError) -> Validation {
    guard labels.count == features.rowCount else {
      throw .shapeMismatch(argument: "labels", got: labels.count, required: features.rowCount)
    }
    let folds = scheme.folds(of: labels.count)
    guard let first = folds.first, let last = folds.last else {
      throw .tooFewObservations(
        got: labels.count,
        required: scheme.leastRowCount)
    }
    var scores: [Score] = []
    var all: [Double] = []
    var unconverged: [Int] = []
    for (index, fold) in folds.enumerated() {
      let model = try fit(
        features: rows(fold.training, of: features), labels: Array(labels[fold.training]),
        penalty: penalty, lassoShare: lassoShare)
      if !model.isConverged { unconverged.append(index) }
      var odds: [Double] = []
      for row in fold.test {
        let value = try model.logOdds(of: features.row(row))
        guard value.isFinite else { throw .notRepresentable(result: "logOdds") }
        odds.append(value)
      }
      scores.append(Score(rows: fold.test, logOdds: odds, labels: labels[fold.test]))
      all += odds
    }
    let tested = first.test.lowerBound..<last.test.upperBound
    return Validation(
      penalty: penalty, folds: scores,
      total: Score(rows: tested, logOdds: all, labels: labels[tested]),
      probabilities: all.map { probability(logOdds: $0) }, unconvergedFolds: unconverged)
  }

  /// Tests several penalties on a history and fits the best one on all of it.
  ///
  /// The best one has the least log-loss over all tested rows, of equal ones the largest. Its score is
  /// that of the best of several and so a little too good.
  ///
  /// - Parameters:
  ///   - features: T × K finite numbers.
  ///   - labels: T labels.
  ///   - penalties: The penalties to try, one or more.
  ///   - lassoShare: The share of each penalty on magnitudes, from 0 to 1.
  ///   - scheme: How the history is cut.
  /// - Returns: The model, and what was found for each penalty, in the order given.
  /// - Throws: As ``validate(features:labels:penalty:lassoShare:scheme:)``, and
  ///   `EstimationError.shapeMismatch` without a penalty.
  /// - Complexity: O(TK²) a step, fold and penalty.
  public static func fit(
    features: Matrix,
    labels: [Bool],
    choosingFrom penalties: [Double],
    lassoShare: Double = 0,
    scheme: WalkForward
  ) throws(EstimationError) -> (model: LogisticRegimeModel, validations: [Validation]) {
    var validations: [Validation] = []
    for penalty in penalties {
      validations.append(
        try validate(
          features: features, labels: labels, penalty: penalty, lassoShare: lassoShare,
          scheme: scheme))
    }
    let best = validations.min {
      ($0.total.logLoss, -$0.penalty) < ($1.total.logLoss, -$1.penalty)
    }
    guard let best else { throw .shapeMismatch(argument: "penalties", got: 0, required: 1) }
    return (
      try fit(
        features: features, labels: labels, penalty: best.penalty, lassoShare: lassoShare),
      validations
    )
  }

  private static func rows(
    _ range: Range<Int>,
    of features: Matrix
  ) throws(EstimationError) -> Matrix {
    do throws(NumericsError) {
      return try Matrix(
        columns: (0..<features.columnCount).map { j in range.map { features[$0, j] } })
    } catch {
      throw .notRepresentable(result: "features")
    }
  }
}
