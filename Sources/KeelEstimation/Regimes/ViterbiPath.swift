// Goals in order: the most likely path of every chain, no underflow on any series.
//
// A. J. Viterbi, Error bounds for convolutional codes, IEEE Trans. Information Theory 13 (1967), in logarithms. A row
// that no state explains on any possible path says nothing, as in a filter: the chain moves on without it.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The most likely path of a chain, a row at a time.
struct ViterbiPath {
  private let logInitial: [Double]
  private let logTransitions: [[Double]]

  /// The logarithm of the density of the best path to each state.
  private var scores: [Double] = []
  private var origins: [[Int]] = []

  init(initial: [Double], transitions: [[Double]]) {
    logInitial = initial.map { log($0) }
    logTransitions = transitions.map { $0.map { log($0) } }
  }

  /// Takes the logarithms of the densities of the next row.
  mutating func take(_ densities: [Double]) {
    guard !scores.isEmpty else {
      scores = Self.explained(logInitial, densities)
      return
    }
    var best = scores
    var origin = [Int](repeating: 0, count: scores.count)
    for j in scores.indices {
      best[j] = scores[0] + logTransitions[0][j]
      for i in scores.indices.dropFirst() where scores[i] + logTransitions[i][j] > best[j] {
        best[j] = scores[i] + logTransitions[i][j]
        origin[j] = i
      }
    }
    scores = Self.explained(best, densities)
    origins.append(origin)
  }

  /// Scores with the densities of a row, or without them where no state has one.
  private static func explained(_ scores: [Double], _ densities: [Double]) -> [Double] {
    let sums = zip(scores, densities).map { $0 + $1 }
    return sums.contains { $0 > -.infinity } ? sums : scores
  }

  /// The state of each row; of equally likely paths the one with the lower state in the last row where
  /// they differ.
  var states: [Int] {
    guard !scores.isEmpty else { return [] }
    var state = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
    var path = [state]
    for origin in origins.reversed() {
      state = origin[state]
      path.append(state)
    }
    return path.reversed()
  }
}
