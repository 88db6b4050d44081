import KeelData
import KeelNumerics

/// How a history is cut into what is fitted on and what is tested on, for a choice between settings.
@nonexhaustive
public enum ValidationScheme: Hashable, Sendable {
  /// Tests after what they are fitted on; what a choice takes from all rows beside the fits, it says.
  case walkForward(WalkForward)

  /// Blocks of consecutive rows in turn, fitted on the rows before and after: every row is tested on.
  case combinatorial(CombinatorialSplits)

  /// One cut.
  struct Fold {
    let training: [Range<Int>]
    let test: [Range<Int>]
  }

  /// The cuts of a history, at least one.
  ///
  /// - Throws: `EstimationError.tooFewObservations` for a history without a cut.
  func folds(of rowCount: Int) throws(EstimationError) -> [Fold] {
    let (folds, required): ([Fold], Int) =
      switch self {
      case .walkForward(let scheme):
        (
          scheme.folds(of: rowCount).map { Fold(training: [$0.training], test: [$0.test]) },
          scheme.leastRowCount
        )
      case .combinatorial(let scheme):
        (
          scheme.splits(of: rowCount).map { Fold(training: $0.training, test: $0.test) },
          scheme.groupCount
        )
      }
    guard !folds.isEmpty else { throw .tooFewObservations(got: rowCount, required: required) }
    return folds
  }
}

extension Matrix {
  /// Some of the rows.
  func rows(_ ranges: [Range<Int>]) -> Matrix {
    let count = ranges.reduce(0) { $0 + $1.count }
    let storage = [Double](capacity: count * columnCount) { output in
      for j in 0..<columnCount {
        let column = column(j)
        for range in ranges {
          for i in range { output.append(column[i]) }
        }
      }
    }
    return Matrix(uncheckedRowCount: count, columnCount: columnCount, storage: storage)
  }
}

extension SimpleReturns {
  /// Some of the rows, in the order of time.
  func rows(_ ranges: [Range<Int>]) throws(EstimationError) -> SimpleReturns {
    do throws(DataError) {
      return try SimpleReturns(
        universe: universe, timestamps: ranges.flatMap { timestamps[$0] },
        values: values.rows(ranges))
    } catch {
      throw EstimationError(error)
    }
  }
}
