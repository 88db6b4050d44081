// M. López de Prado, "Advances in financial machine learning", Wiley (2018), chapters 7 and 12.

/// Cuts a history into groups and tests on every choice of some of them, trained on the others.
///
/// Rows whose labels reach into a test, and rows right after one, are left out of training: nothing of the test is known
/// there. Each row is tested on in several splits, so that a strategy has several histories instead of one.
public struct CombinatorialSplits: Hashable, Sendable {
  /// The number of groups of consecutive rows.
  public let groupCount: Int

  /// The number of groups that a split is tested on.
  public let testGroupCount: Int

  /// The rows before a test that training leaves out: as many as a label looks ahead.
  public let purgedCount: Int

  /// The rows after a test that training leaves out: as many as features look back.
  public let embargoCount: Int

  /// The largest number of splits; together they test on at most ten times as many groups.
  public static let maximumSplitCount = 100_000

  /// Creates a scheme.
  ///
  /// - Parameters:
  ///   - groupCount: The number of groups of consecutive rows; at least 2.
  ///   - testGroupCount: The number of groups that a split is tested on; 1 to `groupCount` − 1.
  ///   - purgedCount: The rows before a test that training leaves out; not negative.
  ///   - embargoCount: The rows after a test that training leaves out; not negative.
  /// - Throws: `EstimationError.invalidValue`, also where there are more than ``maximumSplitCount`` splits.
  public init(
    groupCount: Int,
    testGroupCount: Int,
    purgedCount: Int = 0,
    embargoCount: Int = 0
  ) throws(EstimationError) {
    let most = 10_000
    for (argument, value, lowest, highest) in [
      ("groupCount", groupCount, 2, most),
      ("testGroupCount", testGroupCount, 1, max(min(groupCount, most) - 1, 1)),
      ("purgedCount", purgedCount, 0, Int.max), ("embargoCount", embargoCount, 0, Int.max),
    ] where value < lowest || value > highest {
      throw .invalidValue(
        argument: argument, got: Double(value), lowest: Double(lowest), highest: Double(highest))
    }
    self.groupCount = groupCount
    self.testGroupCount = testGroupCount
    self.purgedCount = purgedCount
    self.embargoCount = embargoCount
    guard splitCount <= Self.maximumSplitCount,
      splitCount * testGroupCount <= 10 * Self.maximumSplitCount
    else {
      throw .invalidValue(
        argument: "splitCount", got: Double(splitCount), lowest: 1,
        highest: Double(Self.maximumSplitCount))
    }
  }

  /// One choice of groups.
  public struct Split: Hashable, Sendable {
    /// The numbers of the groups that are tested on, ascending.
    public let testGroups: [Int]

    /// The rows that are tested on, a range for each group.
    public let test: [Range<Int>]

    /// The rows that are trained on, ascending.
    public let training: [Range<Int>]
  }

  /// The number of splits: the ways to choose the groups; cut off above ``maximumSplitCount``.
  public var splitCount: Int {
    var count = 1
    let chosen = min(testGroupCount, groupCount - testGroupCount)
    for k in 0..<chosen {
      count = count * (groupCount - k) / (k + 1)
      if count > Self.maximumSplitCount { return Self.maximumSplitCount + 1 }
    }
    return count
  }

  /// The number of histories that the tests can be put together to, each of all rows.
  public var pathCount: Int { splitCount * testGroupCount / groupCount }

  /// The splits of a history.
  ///
  /// - Parameter rowCount: The number of rows.
  /// - Returns: The splits in the order of their groups; none where there are fewer rows than groups. Training can be
  ///   empty where what is left out covers it.
  public func splits(of rowCount: Int) -> [Split] {
    guard rowCount >= groupCount else { return [] }
    let groups = (0..<groupCount).map { k in
      // Of sizes that differ by one at most.
      let start = k * (rowCount / groupCount) + min(k, rowCount % groupCount)
      return start..<(start + rowCount / groupCount + (k < rowCount % groupCount ? 1 : 0))
    }
    var splits: [Split] = []
    splits.reserveCapacity(splitCount)
    var chosen = Array(0..<testGroupCount)
    while true {
      let test = chosen.map { groups[$0] }
      splits.append(
        Split(testGroups: chosen, test: test, training: training(around: test, rowCount)))
      // The next choice in order.
      guard
        let place = chosen.indices.last(where: { chosen[$0] < groupCount - testGroupCount + $0 })
      else { return splits }
      chosen[place] += 1
      for later in (place + 1)..<max(testGroupCount, place + 1) {
        chosen[later] = chosen[later - 1] + 1
      }
    }
  }

  /// The rows outside the tests and what is left out beside them.
  private func training(around test: [Range<Int>], _ rowCount: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    for range in test {
      let end = max(range.lowerBound - min(purgedCount, range.lowerBound), start)
      if end > start { ranges.append(start..<end) }
      start = range.upperBound + min(embargoCount, rowCount - range.upperBound)
    }
    if start < rowCount { ranges.append(start..<rowCount) }
    return ranges
  }

  /// For each history that the tests can be put together to, the split that tests each group.
  ///
  /// - Returns: ``pathCount`` lists of ``groupCount`` numbers of splits.
  public func paths() -> [[Int]] {
    var used = [Int](repeating: 0, count: groupCount)
    var paths = [[Int]](
      repeating: [Int](repeating: 0, count: groupCount), count: pathCount)
    for (number, split) in splits(of: groupCount).enumerated() {
      for group in split.testGroups {
        paths[used[group]][group] = number
        used[group] += 1
      }
    }
    return paths
  }
}
