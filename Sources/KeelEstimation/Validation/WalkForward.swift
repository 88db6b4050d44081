/// How a walk forward cuts a history: each fold is fitted on rows that end before those it is
/// tested on.
public struct WalkForward: Hashable, Sendable {
  /// The rows that the first fold is fitted on.
  public let firstTrainingLength: Int

  /// The rows that each fold is tested on; the last fold may have fewer.
  public let testLength: Int

  /// The rows between them that are left out.
  ///
  /// A label that looks h rows ahead needs h: the labels
  /// of the last h rows before a test are not known when it begins.
  public let gap: Int

  /// The most rows that a fold is fitted on, the last ones; nil for all.
  public let longestTraining: Int?

  /// Creates a scheme.
  ///
  /// - Parameters:
  ///   - firstTrainingLength: The rows that the first fold is fitted on; at least 2.
  ///   - testLength: The rows that each fold is tested on; at least 1.
  ///   - gap: The rows between them that are left out; not negative.
  ///   - longestTraining: The most rows that a fold is fitted on, at least 2; nil for all.
  /// - Throws: `EstimationError.invalidValue`.
  public init(
    firstTrainingLength: Int,
    testLength: Int,
    gap: Int,
    longestTraining: Int? = nil
  ) throws(EstimationError) {
    for (name, value, least) in [
      ("firstTrainingLength", firstTrainingLength, 2), ("testLength", testLength, 1),
      ("gap", gap, 0), ("longestTraining", longestTraining ?? 2, 2),
    ] where value < least {
      throw .invalid(name, Double(value), lowest: Double(least), highest: Double(Int.max))
    }
    self.firstTrainingLength = firstTrainingLength
    self.testLength = testLength
    self.gap = gap
    self.longestTraining = longestTraining
  }

  /// The rows that one fold needs.
  var leastRowCount: Int {
    let (sum, isTooLarge) = firstTrainingLength.addingReportingOverflow(gap)
    return isTooLarge || sum == .max ? .max : sum + 1
  }

  /// The rows of each fold of a history.
  ///
  /// - Parameter rowCount: The length of the history.
  /// - Returns: The rows to fit on and those to test on; none for a history too short for one.
  public func folds(of rowCount: Int) -> [(training: Range<Int>, test: Range<Int>)] {
    var folds: [(training: Range<Int>, test: Range<Int>)] = []
    var end = firstTrainingLength
    // Written so that no sum overflows.
    while end < rowCount, gap < rowCount - end {
      let start = longestTraining.map { max(0, end - $0) } ?? 0
      let first = end + gap
      folds.append((start..<end, first..<(first + min(testLength, rowCount - first))))
      guard testLength < rowCount - end else { break }
      end += testLength
    }
    return folds
  }
}
