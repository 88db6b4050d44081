import KeelDistributions
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The parameters of a hidden Markov model in standardized units.
struct MarkovParameters {
  typealias State = Kernels.Chain.State

  var states: [State]
  var initial: [Double]

  /// Row by row.
  var transitions: [Double]

  var count: Int { states.count }

  /// The same with the states in the order of their variances, equal ones in that of their means.
  func sorted(_ order: [Int]) -> MarkovParameters {
    MarkovParameters(
      states: order.map { states[$0] },
      initial: order.map { initial[$0] },
      transitions: order.flatMap { i in order.map { transitions[i * count + $0] } })
  }

  /// The states in the order of their variances, equal ones in that of their means.
  var order: [Int] {
    states.indices.sorted { left, right in
      let (a, b) = (states[left].variance, states[right].variance)
      return a != b ? a < b : (states[left].mean, left) < (states[right].mean, right)
    }
  }

  /// Coordinates without bounds: means, logarithms of scales, degrees and transitions.
  var coordinates: [Double] {
    states.map(\.mean) + states.map { log($0.scale) }
      + states.compactMap { $0.degreesOfFreedom.map(log) }
      + transitions.map { log(max($0, .leastNormalMagnitude)) }
  }

  /// The parameters at other coordinates, as `self` has them where they have no coordinate.
  func moved(to coordinates: [Double], settings: HiddenMarkovModel.FitSettings) -> Self {
    var result = self
    for j in 0..<count {
      let degrees = states[j].degreesOfFreedom.map { _ in
        min(
          max(exp(coordinates[2 * count + j]), settings.lowestDegreesOfFreedom),
          settings.highestDegreesOfFreedom)
      }
      result.states[j] = State(
        mean: coordinates[j], scale: exp(coordinates[count + j]), degreesOfFreedom: degrees)
    }
    let start = coordinates.count - count * count
    for i in 0..<count {
      let row = (0..<count).map { exp(min(coordinates[start + i * count + $0], 0)) }
      let sum = row.reduce(0, +)
      for j in 0..<count where sum > 0 { result.transitions[i * count + j] = row[j] / sum }
    }
    return result
  }
}

extension Kernels.Chain.State {
  init(mean: Double, scale: Double, degreesOfFreedom: Double?) {
    self.init(
      mean: mean, scale: scale, degreesOfFreedom: degreesOfFreedom,
      logNormalizer: degreesOfFreedom.map { StudentTNormalizer(degreesOfFreedom: $0).value }
        ?? -0.5 * log(2 * Double.pi))
  }

  /// The logarithm of the density.
  func logDensity(_ value: Double) -> Double {
    let z = (value - mean) / scale
    guard let degreesOfFreedom else { return logPeak - 0.5 * z * z }
    return logPeak - 0.5 * (degreesOfFreedom + 1) * log1p(z * z / degreesOfFreedom)
  }

  /// The variance; infinite up to two degrees of freedom.
  var variance: Double {
    HiddenMarkovModel.State(mean: mean, scale: scale, degreesOfFreedom: degreesOfFreedom).variance
  }
}
