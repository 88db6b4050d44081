// A series multiplied by c has the same standardized values: exactly for a power of two.

import KeelData
import KeelNumerics

/// A series of returns brought to a common scale: `r = 2^e (center + z)`, with z of a standard
/// deviation between one half and two.
struct StandardizedSeries {
  /// The numbers z.
  let values: [Double]

  /// The mean, over 2^e.
  let center: Double
  let exponent: Int

  /// Returns that vary, and are no prices.
  init(_ returns: [Double], minimumCount: Int) throws(EstimationError) {
    try self.init(series: returns, argument: "returns", minimumCount: minimumCount)
    guard !looksLikePrices(returns.span) else {
      throw .pricesGiven(asset: nil, column: 0, mean: Self.times(center, exponent))
    }
    guard values.contains(where: { $0 != 0 }) else { throw .zeroVariance(asset: nil, column: 0) }
  }

  /// Any finite series; one that does not vary is all zero.
  init(
    series: [Double],
    argument: String,
    minimumCount: Int
  ) throws(EstimationError) {
    guard series.count >= minimumCount else {
      throw .tooFewObservations(got: series.count, required: minimumCount)
    }
    var largest = 0.0
    for (index, value) in series.enumerated() {
      guard value.isFinite else {
        throw .invalidObservation(argument: argument, index: index, got: value)
      }
      largest = max(largest, value.magnitude)
    }
    let first = largest > 0 ? Int(largest.exponent) : 0
    let scaled = series.map { Self.times($0, -first) }
    let summary = ColumnSummary(scaled.span, scale: 1)
    let squares = scaled.reduce(0) { $0 + ($1 - summary.mean) * ($1 - summary.mean) }
    let second =
      squares > 0 ? Int((squares / Double(series.count)).squareRoot().exponent) : 0
    values = scaled.map { Self.times($0 - summary.mean, -second) }
    center = Self.times(summary.mean, -second)
    exponent = first + second
  }

  /// x · 2^e, in two exact steps where 2^e alone is no normal number.
  static func times(_ value: Double, _ exponent: Int) -> Double {
    let half = exponent / 2
    return value * Double(sign: .plus, exponent: half, significand: 1)
      * Double(sign: .plus, exponent: exponent - half, significand: 1)
  }

  /// A model of the returns as one of the numbers z.
  func parameters(of model: HiddenMarkovModel) throws(EstimationError) -> MarkovParameters {
    var states: [MarkovParameters.State] = []
    for state in model.states {
      let mean = Self.times(state.mean, -exponent) - center
      let scale = Self.times(state.scale, -exponent)
      guard mean.isFinite else { throw .invalid("mean", state.mean) }
      guard scale > 0, scale.isFinite else { throw .invalid("scale", state.scale) }
      states.append(.init(mean: mean, scale: scale, degreesOfFreedom: state.degreesOfFreedom))
    }
    return MarkovParameters(
      states: states, initial: model.initialProbabilities,
      transitions: model.transitions.flatMap { $0 })
  }

  /// A model of the numbers z as one of the returns.
  func model(_ parameters: MarkovParameters) throws(EstimationError) -> HiddenMarkovModel {
    let count = parameters.states.count
    return try HiddenMarkovModel(
      states: parameters.states.map {
        .init(
          mean: Self.times(center + $0.mean, exponent), scale: Self.times($0.scale, exponent),
          degreesOfFreedom: $0.degreesOfFreedom)
      },
      initialProbabilities: parameters.initial,
      transitions: (0..<count).map { i in
        Array(parameters.transitions[(i * count)..<((i + 1) * count)])
      })
  }
}
