// Goals in order: a likelihood that never falls, no NaN on any series, speed.
//
// EM (L. Baum et al., 1970; L. Rabiner, 1989) with steps extrapolated after the first ones (squared
// extrapolation: R. Varadhan, C. Roland, Scandinavian Journal of Statistics 35 (2008)): an
// extrapolated point counts only where its likelihood is at least that of the step it replaces.
// Student's law: location and scale by the weights of the scale mixture, then the degrees of
// freedom by the likelihood itself, the states being the only hidden data (ECME: C. Liu, D. Rubin,
// Biometrika 81 (1994)).

import KeelDistributions
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One search for the largest likelihood on a standardized series.
struct MarkovSearch {
  private let settings: HiddenMarkovModel.FitSettings
  private let varianceFloor: Double
  private var chain: Kernels.Chain

  /// The point whose expectations the chain holds.
  private var current: MarkovParameters
  private(set) var logLikelihood: Double
  private(set) var iterations = 1
  private(set) var isConverged = false
  private var plainSteps = 0

  /// Extrapolation near a start may lead to another maximum.
  private static let plainStepCount = 5

  /// A step is extrapolated at most so many times.
  private static let longestStep = 64.0

  /// Below this many rows in expectation a state has no data of its own and keeps its law.
  private static let leastProbability = 1e-200

  /// Likelihoods an observation closer than this are those of equally good starts.
  private static let tie = 1e-9

  init(
    _ values: [Double],
    _ start: MarkovParameters,
    _ settings: HiddenMarkovModel.FitSettings
  ) {
    self.settings = settings
    chain = Kernels.Chain(values, stateCount: start.count)
    let mean = values.reduce(0, +) / Double(values.count)
    let variance =
      values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    varianceFloor = settings.relativeVarianceFloor * variance
    current = start
    logLikelihood = 0
    logLikelihood = expect(start)
  }

  /// Whether this search found more than another one; a tie goes to the other.
  func isBetter(than other: MarkovSearch?) -> Bool {
    guard logLikelihood.isFinite else { return false }
    guard let other else { return true }
    return logLikelihood > other.logLikelihood + Self.tie * Double(chain.count)
  }

  /// Goes on until the likelihood stands still or so many passes were made.
  mutating func run(until limit: Int) {
    while !isConverged && iterations < limit {
      let before = (parameters: current, logLikelihood: logLikelihood)
      let first = maximized()
      take(first, expect(first))
      let gain = logLikelihood - before.logLikelihood
      plainSteps += 1
      if !(gain > max(settings.tolerance, rounding)) {
        isConverged = gain.isFinite
        if !isConverged { return }
        break
      }
      guard plainSteps > Self.plainStepCount, iterations < limit else { continue }
      let second = maximized()
      if let far = extrapolated(before.parameters, first, second) {
        let likelihood = expect(far)
        if likelihood >= logLikelihood {
          take(far, likelihood)
          continue
        }
        iterations += 1
      }
      take(second, expect(second))
    }
  }

  /// The rounding of a sum over the rows.
  private var rounding: Double { Double(chain.count) * .ulpOfOne }

  private mutating func take(_ parameters: MarkovParameters, _ likelihood: Double) {
    current = parameters
    logLikelihood = likelihood
    iterations += 1
  }

  /// The expectation step: fills the chain, returns the log-likelihood.
  private mutating func expect(_ parameters: MarkovParameters) -> Double {
    let peaks = chain.setDensities(parameters.states)
    let rest = chain.pass(
      initial: parameters.initial, transitions: parameters.transitions, states: parameters.states)
    if let rest { return peaks + rest }
    return chain.passInLogarithms(parameters)
  }

  /// The maximization step from the expectations that the chain holds.
  private mutating func maximized() -> MarkovParameters {
    var result = current
    let count = current.count
    for j in 0..<count {
      result.initial[j] = chain.probabilities[j * chain.leading]
      let row = (j * count)..<((j + 1) * count)
      let leaving = chain.moves[row].reduce(0, +)
      if leaving > Self.leastProbability {
        for k in row { result.transitions[k] = chain.moves[k] / leaving }
      }
      let sums = chain.sums[j]
      guard sums.probability > Self.leastProbability else { continue }
      let shift = sums.first / sums.weight
      let variance = (sums.second - sums.first * shift) / sums.probability
      result.states[j].mean += shift
      result.states[j].scale = max(variance, varianceFloor).squareRoot()
      if current.states[j].degreesOfFreedom != nil { setDegrees(of: j, &result.states[j]) }
    }
    let total = result.initial.reduce(0, +)
    for j in 0..<count { result.initial[j] /= total }
    return result
  }

  /// Sets the degrees of freedom to the maximum of the expected log-likelihood.
  private func setDegrees(of index: Int, _ state: inout MarkovParameters.State) {
    let weight = chain.sums[index].probability
    func slope(_ degrees: Double) -> Double {
      var trial = state
      trial.degreesOfFreedom = degrees
      let sums = chain.shapeSums(of: index, trial)
      return weight * StudentTNormalizer(degreesOfFreedom: degrees).derivatives.first
        - 0.5 * sums.logarithms + 0.5 * (degrees + 1) / degrees * sums.shares
    }
    let degrees = Self.root(
      of: slope, from: state.degreesOfFreedom ?? settings.highestDegreesOfFreedom,
      in: settings.lowestDegreesOfFreedom...settings.highestDegreesOfFreedom)
    state = MarkovParameters.State(
      mean: state.mean, scale: state.scale, degreesOfFreedom: degrees)
  }

  /// The first bracket around the last root: most steps change the degrees by less.
  private static let bracketFactor = 1.3

  /// A root of a slope, or the bound toward which it points.
  private static func root(
    of slope: (Double) -> Double,
    from start: Double,
    in bounds: ClosedRange<Double>
  ) -> Double {
    var near = min(max(start, bounds.lowerBound), bounds.upperBound)
    let isRising = slope(near) > 0
    var factor = bracketFactor
    while true {
      let far =
        isRising
        ? min(near * factor, bounds.upperBound) : max(near / factor, bounds.lowerBound)
      if far == near { return near }
      if (slope(far) > 0) != isRising {
        do throws(NumericsError) {
          return try Brent.root(of: slope, in: min(near, far)...max(near, far)).argument
        } catch {
          return near
        }
      }
      near = far
      factor *= factor
    }
  }

  /// The squared extrapolation of two steps, or nil where it is no step ahead.
  private func extrapolated(
    _ start: MarkovParameters,
    _ first: MarkovParameters,
    _ second: MarkovParameters
  ) -> MarkovParameters? {
    let (x, y, z) = (start.coordinates, first.coordinates, second.coordinates)
    let step = zip(x, y).map { $1 - $0 }
    let bend = zip(zip(x, y), z).map { $1 - 2 * $0.1 + $0.0 }
    let stepSize = step.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let bendSize = bend.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let length = min(stepSize / bendSize, Self.longestStep)
    guard length > 1 else { return nil }
    let far = x.indices.map { x[$0] + 2 * length * step[$0] + length * length * bend[$0] }
    var result = second.moved(to: far, settings: settings)
    for j in result.states.indices {
      let state = result.states[j]
      guard state.mean.isFinite, state.scale.isFinite else { return nil }
      result.states[j].scale = max(state.scale, varianceFloor.squareRoot())
    }
    return result
  }

  /// The result in the unit of the series.
  func result(in series: StandardizedSeries) throws(EstimationError) -> HiddenMarkovFit {
    let order = current.order
    let model = try series.model(current.sorted(order))
    let unit = Double(series.exponent) * log(2)
    let likelihood = logLikelihood - Double(chain.count) * unit
    guard likelihood.isFinite else { throw .notRepresentable(result: "logLikelihood") }
    let floor = varianceFloor * (1 + 4 * Double.ulpOfOne)
    return HiddenMarkovFit(
      model: model, logLikelihood: likelihood, observationCount: chain.count,
      iterations: iterations, isConverged: isConverged,
      statesAtVarianceFloor: order.indices.filter {
        let scale = current.states[order[$0]].scale
        return scale * scale <= floor
      },
      emptyStates: order.indices.filter { chain.sums[order[$0]].probability < 1 })
  }
}
