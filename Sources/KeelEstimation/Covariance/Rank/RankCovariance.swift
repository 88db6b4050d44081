// Goals in order: exact sums of ranks (to some 300 000 rows: sums of squares beyond 2⁵³ round) and exact counts of pairs,
// speed: one product for Spearman, O(T log T) a pair for Kendall.
//
// W. Knight, "A computer method for calculating Kendall's tau with ungrouped data", Journal of the American Statistical
// Association 61 (1966); H. Kruskal, "Ordinal measures of association", Journal of the American Statistical Association 53
// (1958).

import KeelLinearAlgebra
import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The covariance from correlations of ranks, which no outlier can spoil, and the deviations of the sample.
///
/// ```text
/// S(i, j) = s(i) s(j) r(i, j),   r = 2 sin(π ρ / 6) or sin(π τ / 2)
/// ```
///
/// ρ is Spearman's correlation with mean ranks for equal returns, τ is Kendall's τ-b. The deviations have the divisor T − 1.
/// Negative eigenvalues that the mapping leaves are repaired; `repairNorm` says by how much.
public struct RankCovariance: CovarianceEstimator, Hashable {
  /// A correlation of ranks.
  @nonexhaustive
  public enum Statistic: Hashable, Sendable {
    /// The correlation of the ranks.
    case spearman

    /// Pairs of observations in the same order less those in opposite order, by the pairs that are not equal.
    case kendall
  }

  /// What becomes of the correlation of ranks.
  @nonexhaustive
  public enum Mapping: Hashable, Sendable {
    /// The correlation of returns that has it: of the normal law for Spearman, of every elliptical law for
    /// Kendall.
    case elliptical

    /// It stays; such a matrix is positive semidefinite.
    case raw
  }

  /// The correlation of ranks.
  public var statistic: Statistic

  /// What becomes of it.
  public var mapping: Mapping

  /// Which diagnostics are computed.
  public var examination: CovarianceExamination

  /// Creates the estimator.
  ///
  /// - Parameters:
  ///   - statistic: The correlation of ranks.
  ///   - mapping: What becomes of it.
  ///   - examination: Which diagnostics are computed.
  public init(
    _ statistic: Statistic,
    mapping: Mapping = .elliptical,
    examination: CovarianceExamination = .basic
  ) {
    self.statistic = statistic
    self.mapping = mapping
    self.examination = examination
  }

  /// Estimates from checked returns.
  ///
  /// - Parameter returns: The returns.
  /// - Returns: The estimate; `repairNorm` is zero unless eigenvalues were negative.
  /// - Throws: `EstimationError.zeroVariance`, `EstimationError.eigenvaluesNotConverged`,
  ///   `EstimationError.notRepresentable`.
  /// - Complexity: O(TN²) for Spearman, O(N² T log T) for Kendall.
  public func estimate(from returns: ReturnsMatrix) throws(EstimationError) -> UnlabeledCovariance {
    let n = returns.columnCount
    var deviations: [Double] = []
    var columns: [RankedColumn] = []
    for position in 0..<n {
      deviations.append(try returns.scaledDeviation(position))
      columns.append(RankedColumn(returns.column(position)))
    }
    var elements =
      statistic == .spearman ? try Self.spearman(columns) : Self.kendall(columns)
    if mapping == .elliptical {
      for k in elements.indices {
        let mapped =
          statistic == .spearman
          ? 2 * sin(.pi / 6 * elements[k]) : sin(.pi / 2 * elements[k])
        elements[k] = min(max(mapped, -1), 1)
      }
    }
    for j in 0..<n { elements[j * (n + 1)] = 1 }
    return try returns.covariance(
      ofCorrelations: elements, deviations, isSemidefinite: mapping == .raw)
  }

  /// The lower triangle of Spearman's correlations.
  private static func spearman(_ columns: [RankedColumn]) throws(EstimationError) -> [Double] {
    let n = columns.count
    var storage: [Double] = []
    storage.reserveCapacity(n * (columns.first?.ranks.count ?? 0))
    for column in columns { storage += column.centeredMeanRanks }
    var elements: [Double]
    do throws(LinearAlgebraError) {
      elements = try Matrix(
        uncheckedRowCount: storage.count / max(n, 1), columnCount: n, storage: storage
      ).gram().matrix.columnMajorElements
    } catch {
      throw EstimationError(error)
    }
    let factors = (0..<n).map { 1 / elements[$0 * (n + 1)].squareRoot() }
    for j in 0..<n {
      for i in j..<n { elements[i + j * n] *= factors[i] * factors[j] }
    }
    return elements
  }

  /// The lower triangle of Kendall's τ-b.
  private static func kendall(_ columns: [RankedColumn]) -> [Double] {
    let n = columns.count
    var elements = [Double](repeating: 0, count: n * n)
    var counter = PairCounter(count: columns.first?.ranks.count ?? 0)
    for j in 0..<n {
      for i in (j + 1)..<max(n, j + 1) {
        let difference = counter.difference(columns[j], columns[i])
        let pairs =
          Double(columns[j].unequalPairs).squareRoot()
          * Double(columns[i].unequalPairs).squareRoot()
        elements[i + j * n] = Double(difference) / pairs
      }
    }
    return elements
  }
}

/// A column sorted once.
struct RankedColumn {
  /// The place in the order of the values, equal for equal values.
  let ranks: [Int32]

  /// The rows by value, and by row where values are equal.
  let order: [Int32]

  /// Where runs of equal values begin in the order, and its end.
  let starts: [Int]

  init(_ values: [Double]) {
    let order = values.indices.sorted {
      values[$0] < values[$1] || (values[$0] == values[$1] && $0 < $1)
    }
    var ranks = [Int32](repeating: 0, count: values.count)
    var starts: [Int] = []
    for (place, row) in order.enumerated() {
      if place == 0 || values[row] != values[order[place - 1]] { starts.append(place) }
      ranks[row] = Int32(truncatingIfNeeded: starts.count - 1)
    }
    starts.append(values.count)
    self.ranks = ranks
    self.order = order.map { Int32(truncatingIfNeeded: $0) }
    self.starts = starts
  }

  /// The number of pairs of rows with different values.
  var unequalPairs: Int {
    var count = ranks.count * (ranks.count - 1) / 2
    for k in 1..<starts.count {
      let length = starts[k] - starts[k - 1]
      count -= length * (length - 1) / 2
    }
    return count
  }

  /// Twice the ranks, less twice their mean, with the mean rank for equal values: whole numbers.
  var centeredMeanRanks: [Double] {
    ranks.map { rank in
      Double(starts[Int(rank)] + starts[Int(rank) + 1] - ranks.count)
    }
  }
}

/// Counts pairs of rows by merging, in memory that is used again.
private struct PairCounter {
  private var values: [Int32]
  private var merged: [Int32]

  init(count: Int) {
    values = [Int32](repeating: 0, count: count)
    merged = values
  }

  /// Pairs in the same order less those in opposite order.
  mutating func difference(_ first: RankedColumn, _ second: RankedColumn) -> Int {
    let count = values.count
    for k in 0..<count { values[k] = second.ranks[Int(first.order[k])] }
    // Pairs equal in both.
    var equal = 0
    if first.starts.count <= count {
      for k in 1..<first.starts.count where first.starts[k] - first.starts[k - 1] > 1 {
        let run = first.starts[k - 1]..<first.starts[k]
        values[run].sort()
        var start = run.lowerBound
        for place in run where values[place] != values[start] {
          equal += (place - start) * (place - start - 1) / 2
          start = place
        }
        equal += (run.upperBound - start) * (run.upperBound - start - 1) / 2
      }
    }
    let all = count * (count - 1) / 2
    let (unequalFirst, unequalSecond) = (first.unequalPairs, second.unequalPairs)
    return unequalFirst + unequalSecond - all + equal - 2 * inversions()
  }

  /// The number of pairs out of order; sorts the values.
  private mutating func inversions() -> Int {
    let count = values.count
    // Short runs by insertion.
    var length = 8
    var total = Self.sortRuns(&values, of: length)
    while length < count {
      total += Self.mergeRuns(values, of: length, into: &merged)
      let sorted = merged
      merged = values
      values = sorted
      length *= 2
    }
    return total
  }

  private static func sortRuns(_ values: inout [Int32], of length: Int) -> Int {
    let count = values.count
    var total = 0
    var elements = values.mutableSpan
    for start in stride(from: 0, to: count, by: length) {
      for k in (start &+ 1)..<max(min(start &+ length, count), start &+ 1) {
        let value = elements[k]
        var place = k
        while place > start, elements[place &- 1] > value {
          elements[place] = elements[place &- 1]
          place &-= 1
        }
        elements[place] = value
        total &+= k &- place
      }
    }
    return total
  }

  private static func mergeRuns(
    _ values: [Int32],
    of length: Int,
    into merged: inout [Int32]
  ) -> Int {
    let count = values.count
    let source = values.span
    var total = 0
    var output = merged.mutableSpan
    var start = 0
    while start < count {
      let middle = min(start &+ length, count)
      let end = min(middle &+ length, count)
      var (left, right, place) = (start, middle, start)
      while place < end {
        let takesLeft = left < middle && (right >= end || source[left] <= source[right])
        output[place] = source[takesLeft ? left : right]
        total &+= takesLeft ? 0 : middle &- left
        left &+= takesLeft ? 1 : 0
        right &+= takesLeft ? 0 : 1
        place &+= 1
      }
      start = end
    }
    return total
  }
}
