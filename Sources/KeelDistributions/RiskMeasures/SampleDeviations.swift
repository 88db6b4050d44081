// Goals in order: slopes that support the measure from below, sums that lose no digits.
//
// A deviation is a function of the distances y = x − m. With its slopes g in y those in x are
// g − p Σ g, because the mean moves with every outcome.

import KeelNumerics

extension WeightedSample {
  /// The distances from the mean.
  private var centered: WeightedSample {
    // The mean of what a first mean leaves takes its rounding away.
    let first = mean { $0 }
    let center = first + mean { $0 - first }
    return WeightedSample(outcomes.map { $0 - center }, like: self)
  }

  /// A measure of the distances from the mean.
  private func ofDistances(_ measure: (WeightedSample) -> SampleRisk) -> SampleRisk {
    let risk = measure(centered)
    let sum = CompensatedSum.of(risk.slopes)
    return SampleRisk(
      value: risk.value, slopes: zip(risk.slopes, probabilities).map { $0 - $1 * sum })
  }

  var standardDeviation: SampleRisk { ofDistances { $0.rootMeanSquare } }

  var meanAbsoluteDeviation: SampleRisk {
    ofDistances { distances in
      SampleRisk(
        value: distances.mean(\.magnitude),
        slopes: zip(distances.outcomes, probabilities).map { $0 == 0 ? 0 : $0 > 0 ? $1 : -$1 })
    }
  }

  var semideviation: SampleRisk {
    ofDistances { $0.lowerPartialMoment(.second, target: 0) }
  }

  func lowerPartialMoment(_ order: SampleRiskMeasure.Order, target: Double) -> SampleRisk {
    let shortfalls = WeightedSample(outcomes.map { max(target - $0, 0) }, like: self)
    switch order {
    case .first:
      return SampleRisk(
        value: shortfalls.mean { $0 },
        slopes: zip(shortfalls.outcomes, probabilities).map { $0 > 0 ? -$1 : 0 })
    case .second:
      let risk = shortfalls.rootMeanSquare
      return SampleRisk(value: risk.value, slopes: risk.slopes.map { -$0 })
    }
  }

  /// The mean distance of two outcomes: sorted, each is above those before and below those after it.
  ///
  /// ```text
  /// Σ p p′ |x − x′| = 2 Σ p x (P(below x) − P(above x))
  /// ```
  var meanDifference: SampleRisk {
    get throws(DistributionsError) {
      let others = 1 - probabilities.reduce(0) { $0 + $1 * $1 }
      let places = outcomes.indices.filter { probabilities[$0] > 0 }
      guard places.count > 1, others > 0 else {
        throw .tooFewObservations(got: places.count, required: 2)
      }
      let sorted = places.sorted { outcomes[$0] < outcomes[$1] }
      var slopes = [Double](repeating: 0, count: outcomes.count)
      var below = 0.0
      var start = 0
      while start < sorted.count {
        var end = start
        var mass = 0.0
        while end < sorted.count && outcomes[sorted[end]] == outcomes[sorted[start]] {
          mass += probabilities[sorted[end]]
          end += 1
        }
        let rank = below - max(1 - below - mass, 0)
        for t in sorted[start..<end] { slopes[t] = 2 * probabilities[t] * rank / others }
        below += mass
        start = end
      }
      // Slopes that sum to zero let the mean be taken out, and with it the cancellation.
      let distances = centered.outcomes
      var sum = CompensatedSum()
      for t in places { sum.add(slopes[t] * distances[t]) }
      return SampleRisk(value: max(sum.value, 0), slopes: slopes)
    }
  }
}
