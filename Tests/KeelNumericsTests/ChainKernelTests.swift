import KeelNumerics
import KeelTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A hidden Markov chain by its definition, in logarithms.
private struct SlowChain {
  var logLikelihood = 0.0
  var probabilities: [[Double]] = []
  var moves: [Double]

  init(_ logDensities: [[Double]], initial: [Double], transitions: [Double]) {
    let k = initial.count
    func logSum(_ values: [Double]) -> Double {
      let largest = values.reduce(-.infinity, max)
      return largest == -.infinity
        ? largest : largest + log(values.reduce(0) { $0 + exp($1 - largest) })
    }
    var forward = [(0..<k).map { log(initial[$0]) + logDensities[0][$0] }]
    for row in logDensities.dropFirst() {
      let last = forward[forward.count - 1]
      forward.append(
        (0..<k).map { j in
          logSum((0..<k).map { last[$0] + log(transitions[$0 * k + j]) }) + row[j]
        })
    }
    logLikelihood = logSum(forward[forward.count - 1])
    moves = [Double](repeating: 0, count: k * k)
    var backward = [Double](repeating: 0, count: k)
    for t in logDensities.indices.reversed() {
      if t + 1 < logDensities.count {
        let ahead = (0..<k).map { logDensities[t + 1][$0] + backward[$0] }
        for i in 0..<k {
          for j in 0..<k {
            moves[i * k + j] += exp(
              forward[t][i] + log(transitions[i * k + j]) + ahead[j] - logLikelihood)
          }
        }
        backward = (0..<k).map { i in
          logSum((0..<k).map { log(transitions[i * k + $0]) + ahead[$0] })
        }
      }
      let row = (0..<k).map { exp(forward[t][$0] + backward[$0] - logLikelihood) }
      probabilities.insert(row, at: 0)
    }
  }
}

@Suite struct ChainKernelTests {
  static func law(_ count: Int, _ generator: inout SeededGenerator, power: Double) -> [Double] {
    let raw = (0..<count).map { _ in pow(generator.uniform(0.01...1), power) }
    return raw.map { $0 / raw.reduce(0, +) }
  }

  /// Every level against the definition: lengths around the vector widths, one to eight states, laws
  /// from mild to nearly impossible.
  @Test(arguments: [1, 2, 3, 5, 8]) func everyLevelFollowsTheDefinition(stateCount k: Int) throws {
    var generator = SeededGenerator(seed: UInt64(k))
    for (run, count) in [1, 2, 7, 8, 9, 15, 16, 17, 33, 100].enumerated() {
      let power = [1.0, 6, 40][run % 3]
      let states = (0..<k).map { j in
        Kernels.Chain.State(
          mean: generator.uniform(-1...1), scale: generator.uniform(0.3...2),
          degreesOfFreedom: j % 2 == 0 ? nil : 4,
          logNormalizer: j % 2 == 0 ? -log(2 * Double.pi) / 2 : log(0.375))
      }
      let values = (0..<count).map { _ in 2 * generator.gaussian() }
      let initial = Self.law(k, &generator, power: power)
      let transitions = (0..<k).flatMap { _ in Self.law(k, &generator, power: power) }
      let rows = values.map { value in
        states.map { state in
          let z = (value - state.mean) / state.scale
          return state.degreesOfFreedom == nil
            ? -z * z / 2 - log(2 * Double.pi) / 2 - log(state.scale)
            : log(0.375) - 2.5 * log1p(z * z / 4) - log(state.scale)
        }
      }
      let slow = SlowChain(rows, initial: initial, transitions: transitions)
      for level in Kernels.Level.allCases {
        var chain = Kernels.Chain(values, stateCount: k, level: level)
        let peaks = chain.setDensities(states)
        let answer = chain.pass(initial: initial, transitions: transitions, states: states)
        let rest = try #require(answer)
        expectClose(peaks + rest, slow.logLikelihood, absolute: 1e-11)
        for (value, expected) in zip(chain.moves, slow.moves) {
          expectClose(value, expected, absolute: 1e-10)
        }
        for (j, state) in states.enumerated() {
          var sums = Kernels.Chain.Sums()
          var shape = (logarithms: 0.0, shares: 0.0)
          for t in 0..<count {
            let p = slow.probabilities[t][j]
            expectClose(chain.probabilities[j * chain.leading + t], p, absolute: 1e-11)
            let d = values[t] - state.mean
            let square = d * d / state.scale / state.scale
            let weight = state.degreesOfFreedom == nil ? p : 5 * p / (4 + square)
            sums.probability += p
            sums.weight += weight
            sums.first += weight * d
            sums.second += weight * d * d
            shape.logarithms += p * log1p(square / 4)
            shape.shares += p * square / (4 + square)
          }
          expectClose(chain.sums[j].probability, sums.probability, absolute: 1e-10)
          expectClose(chain.sums[j].weight, sums.weight, absolute: 1e-10)
          expectClose(chain.sums[j].first, sums.first, absolute: 1e-9)
          expectClose(chain.sums[j].second, sums.second, absolute: 1e-9)
          if state.degreesOfFreedom != nil {
            let found = chain.shapeSums(of: j, state)
            expectClose(found.logarithms, shape.logarithms, absolute: 1e-10)
            expectClose(found.shares, shape.shares, absolute: 1e-10)
          }
        }
        // The same from densities that come from elsewhere.
        var other = Kernels.Chain(values, stateCount: k, level: level)
        let total = other.setDensities(logarithms: (0..<k).map { j in rows.map { $0[j] } })
        let second = other.pass(initial: initial, transitions: transitions, states: states)
        let remainder = try #require(second)
        expectClose(total + remainder, slow.logLikelihood, absolute: 1e-11)
      }
    }
  }

  /// What the scaled recursions cannot follow is refused, not answered wrongly.
  @Test func lostStatesAreNoticed() {
    let states = [0.0, 1].map {
      Kernels.Chain.State(
        mean: $0, scale: 0.5, degreesOfFreedom: nil, logNormalizer: -log(2 * Double.pi) / 2)
    }
    // No way between the states, and each row speaks against one of them by two nats: some 370 in
    // a row are more than a number can hold, so that one recursion or the other loses a state.
    for (first, second, isLost) in [
      (300, 320, false), (320, 300, false), (400, 700, true), (700, 400, true),
    ] {
      let values = [Double](repeating: 0, count: first) + [Double](repeating: 1, count: second)
      for level in Kernels.Level.allCases {
        var chain = Kernels.Chain(values, stateCount: 2, level: level)
        _ = chain.setDensities(states)
        let rest = chain.pass(
          initial: [0.5, 0.5], transitions: [1, 0, 0, 1], states: states)
        #expect((rest == nil) == isLost)
        // All rows in the state of the longer part.
        if let rest { expectClose(rest, log(0.5) - 2 * Double(min(first, second)), absolute: 1e-9) }
      }
    }
  }
}
