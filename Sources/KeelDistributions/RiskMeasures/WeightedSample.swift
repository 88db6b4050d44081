import KeelNumerics

/// Outcomes with probabilities that sum to one.
struct WeightedSample {
  let outcomes: [Double]
  let probabilities: [Double]

  /// The probabilities as they were given; nil for equal ones.
  private let masses: [Double]?

  /// - Parameters:
  ///   - outcomes: The outcomes.
  ///   - probabilities: Their probabilities up to a common factor; nil for equal ones.
  init(outcomes: [Double], probabilities: [Double]?) {
    self.outcomes = outcomes
    masses = probabilities
    let all = probabilities ?? [Double](repeating: 1, count: outcomes.count)
    let total = CompensatedSum.of(all)
    self.probabilities = all.map { $0 / total }
  }

  /// Other outcomes of the same probabilities.
  init(_ outcomes: [Double], like other: WeightedSample) {
    self.outcomes = outcomes
    probabilities = other.probabilities
    masses = other.masses
  }

  /// Σ p f(x).
  func mean(_ function: (Double) -> Double) -> Double {
    var sum = CompensatedSum()
    for (x, p) in zip(outcomes, probabilities) where p > 0 { sum.add(p * function(x)) }
    return sum.value
  }

  /// The outcomes as losses: a measure of the largest numbers becomes one of the smallest.
  func ofLosses(_ measure: (WeightedSample) -> SampleRisk) -> SampleRisk {
    let risk = measure(WeightedSample(outcomes.map { -$0 }, like: self))
    return SampleRisk(value: risk.value, slopes: risk.slopes.map { -$0 })
  }
}

extension CompensatedSum {
  /// The sum of some numbers.
  static func of(_ values: [Double]) -> Double {
    var sum = CompensatedSum()
    for value in values { sum.add(value) }
    return sum.value
  }
}

// MARK: - Measures of the largest numbers

extension WeightedSample {
  /// The mean.
  var average: SampleRisk { SampleRisk(value: mean { $0 }, slopes: probabilities) }

  /// The largest number with a probability; equal ones share the slope.
  var largest: SampleRisk {
    var value = -Double.infinity
    for (x, p) in zip(outcomes, probabilities) where p > 0 { value = max(value, x) }
    var mass = 0.0
    for (x, p) in zip(outcomes, probabilities) where x == value { mass += p }
    return SampleRisk(
      value: value, slopes: zip(outcomes, probabilities).map { $0 == value ? $1 / mass : 0 })
  }

  /// The mean of the largest 1 − confidence.
  func tail(_ confidence: Double) -> SampleRisk {
    let tail = SampleTail(losses: outcomes, masses: masses, confidence: confidence)
    return SampleRisk(
      value: tail.expectedShortfall,
      slopes: outcomes.indices.map {
        tail.weight(ofLoss: outcomes[$0], mass: masses?[$0] ?? 1)
      })
  }

  /// The root of the mean square.
  var rootMeanSquare: SampleRisk {
    let value = mean { $0 * $0 }.squareRoot()
    return SampleRisk(
      value: value,
      slopes: zip(outcomes, probabilities).map { value > 0 ? $1 * $0 / value : 0 })
  }
}
