// A start is a segmentation of the series: rows are ranked by a local mean of magnitudes or of values
// over a window, and each group of ranks is a state. Volatility clusters, so that local magnitudes
// find most regimes; the other starts are for those that differ in something else.

import KeelNumerics

/// A first guess of the parameters from a segmentation of a standardized series.
struct RegimeStart {
  let parameters: MarkovParameters

  /// The rows on each side of the window of the first starts: about a month of daily data.
  private static let reach = 10

  /// The reach of the windows of random starts.
  private static let reaches = [2, 5, 10, 20, 40]

  /// The degrees of freedom to start from: usual for returns.
  private static let degreesOfFreedom = 6.0

  /// A state starts with at least this variance, in standardized units, so that none begins
  /// collapsed.
  private static let leastVariance = 0.01

  init(
    _ values: [Double],
    stateCount: Int,
    number: Int,
    _ settings: HiddenMarkovModel.FitSettings
  ) {
    var sequence = RandomSequence(RandomStream(seed: settings.seed, stream: UInt64(number)))
    let keys: [Double]
    var bounds = (1..<max(stateCount, 1)).map { Double($0) / Double(stateCount) }
    switch number {
    case 0: keys = Self.localMeans(values.map(\.magnitude), reach: Self.reach)
    case 1: keys = values.map(\.magnitude)
    case 2: keys = Self.localMeans(values, reach: Self.reach)
    default:
      let place = Int(sequence.uniform() * Double(Self.reaches.count))
      let reach = Self.reaches[min(place, Self.reaches.count - 1)]
      let share = sequence.uniform()
      keys = zip(
        Self.localMeans(values.map(\.magnitude), reach: reach),
        Self.localMeans(values, reach: reach)
      ).map { share * $0 + (1 - share) * $1 }
      bounds = bounds.map { _ in 0.1 + 0.8 * sequence.uniform() }.sorted()
    }
    parameters = Self.parameters(
      values, Self.labels(keys, bounds), stateCount: stateCount, settings)
  }

  /// The mean of each value and its neighbors.
  private static func localMeans(_ values: [Double], reach: Int) -> [Double] {
    var sums = [0.0]
    for value in values { sums.append((sums.last ?? 0) + value) }
    return values.indices.map { t in
      let first = max(t - reach, 0)
      let end = min(t + reach + 1, values.count)
      return (sums[end] - sums[first]) / Double(end - first)
    }
  }

  /// The group of each row: its rank among the keys, cut at shares of the rows.
  private static func labels(_ keys: [Double], _ bounds: [Double]) -> [Int] {
    let ranking = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    var labels = [Int](repeating: 0, count: keys.count)
    for (rank, row) in ranking.enumerated() {
      labels[row] = bounds.count { Double(rank) >= $0 * Double(keys.count) }
    }
    return labels
  }

  private static func parameters(
    _ values: [Double],
    _ labels: [Int],
    stateCount: Int,
    _ settings: HiddenMarkovModel.FitSettings
  ) -> MarkovParameters {
    var counts = [Double](repeating: 0, count: stateCount)
    var means = counts
    var squares = counts
    for (value, label) in zip(values, labels) {
      counts[label] += 1
      means[label] += value
    }
    for j in 0..<stateCount { means[j] /= max(counts[j], 1) }
    for (value, label) in zip(values, labels) {
      squares[label] += (value - means[label]) * (value - means[label])
    }
    // One move of each kind more than were seen: none is impossible.
    var moves = [Double](repeating: 1, count: stateCount * stateCount)
    for (from, to) in zip(labels, labels.dropFirst()) { moves[from * stateCount + to] += 1 }
    for i in 0..<stateCount {
      let row = (i * stateCount)..<((i + 1) * stateCount)
      let sum = moves[row].reduce(0, +)
      for k in row { moves[k] /= sum }
    }
    let degrees =
      settings.emission == .normal
      ? nil
      : min(
        max(degreesOfFreedom, settings.lowestDegreesOfFreedom), settings.highestDegreesOfFreedom)
    return MarkovParameters(
      states: (0..<stateCount).map { j in
        let variance = max(squares[j] / max(counts[j], 1), leastVariance)
        return .init(mean: means[j], scale: variance.squareRoot(), degreesOfFreedom: degrees)
      },
      initial: [Double](repeating: 1 / Double(stateCount), count: stateCount),
      transitions: moves)
  }
}
