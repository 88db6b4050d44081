// Goals in order: an answer for every chain, one definition of what a pass yields. Ten times slower
// than the scaled recursions, and needed where they would underflow: transitions of probability zero
// that many rows contradict.

import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Kernels.Chain {
  /// Forward and backward recursion in logarithms: fills what `pass` does, returns the
  /// log-likelihood, minus infinity where a row has no density in any state it can be in.
  mutating func passInLogarithms(_ parameters: MarkovParameters) -> Double {
    passInLogarithms(
      parameters,
      densities: (0..<count).map { t in parameters.states.map { $0.logDensity(values[t]) } })
  }

  /// The same with logarithms of densities that come from elsewhere, row by row.
  mutating func passInLogarithms(
    _ parameters: MarkovParameters,
    densities: [[Double]]
  ) -> Double {
    let logTransitions = parameters.transitions.map { log($0) }
    var densities = densities
    var isImpossible = false
    var forward: [[Double]] = []
    for t in 0..<count {
      let predicted =
        forward.last.map { last in
          (0..<stateCount).map { j in
            Self.logSum(last.indices.map { last[$0] + logTransitions[$0 * stateCount + j] })
          }
        } ?? parameters.initial.map { log($0) }
      var row = zip(predicted, densities[t]).map { $0 + $1 }
      if Self.logSum(row) == -.infinity {
        // As in a filter, a row so far from all possible states says nothing.
        isImpossible = true
        densities[t] = [Double](repeating: 0, count: stateCount)
        row = predicted
      }
      forward.append(row)
    }
    let logLikelihood = Self.logSum(forward[count - 1])
    var backward = [Double](repeating: 0, count: stateCount)
    for i in moves.indices { moves[i] = 0 }
    for j in 0..<stateCount { sums[j] = Sums() }
    for t in (0..<count).reversed() {
      if t + 1 < count {
        let ahead = (0..<stateCount).map { densities[t + 1][$0] + backward[$0] }
        for i in 0..<stateCount {
          for j in 0..<stateCount {
            let path = forward[t][i] + logTransitions[i * stateCount + j] + ahead[j]
            moves[i * stateCount + j] += exp(path - logLikelihood)
          }
        }
        backward = (0..<stateCount).map { i in
          Self.logSum(ahead.indices.map { logTransitions[i * stateCount + $0] + ahead[$0] })
        }
      }
      add(
        forward[t].indices.map { exp(forward[t][$0] + backward[$0] - logLikelihood) }, t, parameters
      )
    }
    return isImpossible ? -.infinity : logLikelihood
  }

  /// Adds a row to the sums.
  private mutating func add(_ row: [Double], _ t: Int, _ parameters: MarkovParameters) {
    for (j, probability) in row.enumerated() {
      let state = parameters.states[j]
      let difference = values[t] - state.mean
      let z = difference / state.scale
      let weight = state.degreesOfFreedom.map { probability * ($0 + 1) / ($0 + z * z) }
      probabilities[j * leading + t] = probability
      sums[j].probability += probability
      sums[j].weight += weight ?? probability
      sums[j].first += (weight ?? probability) * difference
      sums[j].second += (weight ?? probability) * difference * difference
    }
  }

  /// ln Σ exp(x).
  private static func logSum(_ values: [Double]) -> Double {
    let largest = values.reduce(-.infinity, max)
    guard largest > -.infinity else { return largest }
    return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
  }
}
