// Concentration steps: of the observations, the h nearest by the distances of the last subset. The determinant falls at
// each step. Random starts of N + 1 rows, and two that no outlier moves far: the rows nearest to the medians, and those
// nearest by the covariance of signs (M. Hubert, P. Rousseeuw, T. Verdonck, "A deterministic algorithm for robust location and
// scatter", Journal of Computational and Graphical Statistics 21, 2012). Samples of many rows start in parts.

import KeelLinearAlgebra
import KeelNumerics

/// Mean and scatter of a subset.
struct SubsetEstimate {
  let location: [Double]

  /// Divided by the number of rows.
  let scatter: SymmetricMatrix
  let factor: Cholesky

  var logDeterminant: Double { factor.logDeterminant }
}

/// The search for the rows whose covariance has the least determinant.
struct DeterminantSearch {
  private let values: Matrix

  /// Rows of a part in which starts are tried: of 300, half hold what is needed to rank the starts.
  private static let partCount = 300

  /// Beyond so many rows, starts are tried in parts.
  private static let wholeCount = 600

  /// Parts, at most.
  private static let maximumParts = 5

  /// Steps after which starts are ranked.
  private static let firstSteps = 2

  /// Starts that are followed to the end.
  private static let followedCount = 10

  /// Steps to the end, at most; some ten are usual.
  private static let maximumSteps = 100

  private static let seed: UInt64 = 1999

  init(_ values: Matrix) { self.values = values }

  private var order: Int { values.columnCount }

  /// The best rows found; nil where every subset lies in a plane.
  func best(count: Int, startCount: Int) -> [Int]? {
    let t = values.rowCount
    if count == t { return Array(0..<t) }
    if order == 1 { return nearestTogether(count: count) }
    var random = RandomSequence(RandomStream(seed: Self.seed))
    // A start costs the square of the assets.
    let starts = max(10, min(startCount, startCount * 5 / order))
    // What many assets cost is spent on fewer starts.
    let followed = max(2, min(Self.followedCount, Self.followedCount * 25 / order))
    var ranking = Ranking(limit: followed)
    for rows in deterministicStarts(count: count) { add(rows, to: &ranking) }
    if t <= Self.wholeCount {
      for _ in 0..<starts {
        if let rows = start(&random, count: count) { add(rows, to: &ranking) }
      }
    } else {
      let parts = startsOfParts(&random, share: Double(count) / Double(t), starts, count)
      for rows in parts { add(rows, to: &ranking) }
    }
    return ranking.candidates.compactMap {
      concentrated($0.rows, steps: Self.maximumSteps)
    }.min { $0.logDeterminant < $1.logDeterminant }?.rows
  }

  /// Starts from the best of each part of the rows.
  private func startsOfParts(
    _ random: inout RandomSequence,
    share: Double,
    _ starts: Int,
    _ count: Int
  ) -> [[Int]] {
    let t = values.rowCount
    let parts = min(Self.maximumParts, t / Self.partCount)
    let shuffled = Self.chosen(&random, min(t, parts * Self.partCount), of: t)
    var candidates: [[Int]] = []
    for part in 0..<parts {
      let rows = shuffled[(part * Self.partCount)..<((part + 1) * Self.partCount)].sorted()
      let search = DeterminantSearch(gathered(rows))
      let partCount = max(Int(share * Double(rows.count)), order + 1)
      if partCount >= rows.count { continue }
      var ranking = Ranking(limit: max(2, Self.followedCount / parts))
      for _ in 0..<max(1, starts / parts) {
        if let rows = search.start(&random, count: partCount) { search.add(rows, to: &ranking) }
      }
      for candidate in ranking.candidates {
        guard let estimate = search.estimate(candidate.rows) else { continue }
        candidates.append(nearest(distances(estimate), count: count))
      }
    }
    return candidates
  }

  private struct Candidate {
    let rows: [Int]
    let logDeterminant: Double
  }

  /// The best candidates, the best first and each once.
  private struct Ranking {
    let limit: Int
    private(set) var candidates: [Candidate] = []

    init(limit: Int) { self.limit = limit }

    mutating func add(_ candidate: Candidate) {
      let place =
        candidates.firstIndex { $0.logDeterminant > candidate.logDeterminant } ?? candidates.count
      if place == limit || place > 0 && candidates[place - 1].rows == candidate.rows { return }
      candidates.insert(candidate, at: place)
      if candidates.count > limit { candidates.removeLast() }
    }
  }

  /// Ranks a start after some steps.
  private func add(_ start: [Int], to ranking: inout Ranking) {
    if let candidate = concentrated(start, steps: Self.firstSteps) { ranking.add(candidate) }
  }

  /// Steps until the determinant falls no more.
  private func concentrated(_ start: [Int], steps: Int) -> Candidate? {
    guard var estimate = estimate(start) else { return nil }
    var rows = start
    for _ in 0..<steps {
      let next = nearest(distances(estimate), count: start.count)
      if next == rows { break }
      guard let better = self.estimate(next) else { return nil }
      if better.logDeterminant >= estimate.logDeterminant { break }
      rows = next
      estimate = better
    }
    return Candidate(rows: rows, logDeterminant: estimate.logDeterminant)
  }

  /// The rows nearest by the covariance of some random rows: N + 1, or more where those lie in a plane.
  private func start(_ random: inout RandomSequence, count: Int) -> [Int]? {
    let rows = Self.chosen(&random, min(order + 11, values.rowCount), of: values.rowCount)
    for length in (order + 1)...max(rows.count, order + 1) where length <= rows.count {
      if let estimate = estimate(Array(rows[..<length])) {
        return nearest(distances(estimate), count: count)
      }
    }
    return nil
  }

  /// The rows nearest to the medians, and those nearest by the covariance of the signs about them.
  private func deterministicStarts(count: Int) -> [[Int]] {
    let t = values.rowCount
    var lengths = [Double](repeating: 0, count: t)
    var medians: [Double] = []
    for j in 0..<order {
      let sorted = (0..<t).map { values[$0, j] }.sorted()
      let median = (sorted[(t - 1) / 2] + sorted[t / 2]) / 2
      let spread = sorted[3 * t / 4] - sorted[t / 4]
      medians.append(median)
      for i in 0..<t {
        let distance = (values[i, j] - median) / (spread > 0 ? spread : 1)
        lengths[i] += distance * distance
      }
    }
    var starts = [nearest(lengths, count: count)]
    var signs = values
    for j in 0..<order {
      for i in 0..<t {
        let length = lengths[i].squareRoot()
        signs[i, j] = length > 0 ? (values[i, j] - medians[j]) / length : 0
      }
    }
    if let scatter = try? signs.gram(), let factor = try? Cholesky(scatter) {
      let estimate = SubsetEstimate(location: medians, scatter: scatter, factor: factor)
      starts.append(nearest(distances(estimate), count: count))
    }
    return starts
  }

  /// Of one asset: the run of sorted values with the least variance.
  private func nearestTogether(count: Int) -> [Int]? {
    let t = values.rowCount
    let rows = (0..<t).sorted { (values[$0, 0], $0) < (values[$1, 0], $1) }
    // In blocks of the length of a run, each run is the end of a block and the start of the next: sums
    // that only grow lose nothing to cancellation.
    var ends = [Spread](repeating: Spread(), count: t)
    var end = Spread()
    for i in (0..<t).reversed() {
      if (i + 1) % count == 0 { end = Spread() }
      end.add(values[rows[i], 0])
      ends[i] = end
    }
    var beginning = Spread()
    var best: Int?
    var least = Double.infinity
    for start in 0...(t - count) {
      if start % count == 0 {
        beginning = Spread()
      } else {
        beginning.add(values[rows[start + count - 1], 0])
      }
      let squares = ends[start].squares(with: beginning)
      // Equal values have no variance.
      if squares > 0, squares < least { (best, least) = (start, squares) }
    }
    return best.map { Array(rows[$0..<($0 + count)]) }
  }

  /// Count, mean and squares about the mean of values that come one at a time.
  private struct Spread {
    var count = 0.0
    var mean = 0.0
    var squares = 0.0

    mutating func add(_ value: Double) {
      let difference = value - mean
      count += 1
      mean += difference / count
      squares += difference * (value - mean)
    }

    /// The squares of these values and others about their mean.
    func squares(with other: Spread) -> Double {
      let difference = other.mean - mean
      return squares + other.squares
        + difference * difference * (count * other.count / (count + other.count))
    }
  }

  /// Different rows, in random order.
  private static func chosen(_ random: inout RandomSequence, _ count: Int, of all: Int) -> [Int] {
    var rows = Array(0..<all)
    for k in 0..<count {
      let other = k + min(Int(random.uniform() * Double(all - k)), all - k - 1)
      rows.swapAt(k, other)
    }
    return Array(rows[..<count])
  }

  /// The rows with the least distances, ascending; of equal distances the first rows.
  private func nearest(_ distances: [Double], count: Int) -> [Int] {
    let limit = distances.sorted()[count - 1]
    var ties = count - distances.reduce(0) { $0 + ($1 < limit ? 1 : 0) }
    var rows: [Int] = []
    rows.reserveCapacity(count)
    for (row, distance) in distances.enumerated() {
      if distance < limit {
        rows.append(row)
      } else if distance == limit, ties > 0 {
        rows.append(row)
        ties -= 1
      }
    }
    return rows
  }

  private func gathered(_ rows: [Int]) -> Matrix {
    let storage = [Double](capacity: rows.count * order) { output in
      for j in 0..<order {
        let column = values.column(j)
        for row in rows { output.append(column[row]) }
      }
    }
    return Matrix(uncheckedRowCount: rows.count, columnCount: order, storage: storage)
  }

  /// Mean and scatter of some rows; nil where they lie in a plane.
  func estimate(_ rows: [Int]) -> SubsetEstimate? {
    guard !rows.isEmpty else { return nil }
    var part = gathered(rows)
    var location: [Double] = []
    for j in 0..<order {
      let column = part.column(j)
      var sum = 0.0
      for i in column.indices { sum += column[i] }
      location.append(sum / Double(rows.count))
    }
    Self.center(&part, location)
    guard let scatter = try? part.gram(scale: 1 / Double(rows.count)),
      let factor = try? Cholesky(scatter),
      factor.reciprocalCondition > Double(order) * Double.ulpOfOne
    else { return nil }
    return SubsetEstimate(location: location, scatter: scatter, factor: factor)
  }

  /// The squared distance of each row; infinite where it is out of range.
  func distances(_ estimate: SubsetEstimate) -> [Double] {
    var whitened = values
    Self.center(&whitened, estimate.location)
    var result = [Double](repeating: 0, count: values.rowCount)
    do throws(LinearAlgebraError) {
      try whitened.solveTriangular(
        estimate.factor.lower, TriangularForm(side: .right, transposition: .transposed))
    } catch {
      return [Double](repeating: .infinity, count: values.rowCount)
    }
    for j in 0..<order {
      let column = whitened.column(j)
      for i in result.indices { result[i] += column[i] * column[i] }
    }
    return result
  }

  private static func center(_ matrix: inout Matrix, _ location: [Double]) {
    let rows = matrix.rowCount
    var elements = matrix.mutableElements
    for j in location.indices {
      let center = location[j]
      for i in (j &* rows)..<((j &+ 1) &* rows) { elements[i] -= center }
    }
  }
}
