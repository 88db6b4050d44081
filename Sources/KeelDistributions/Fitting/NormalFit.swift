#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Normal {
  /// Fits mean and standard deviation to a sample by maximum likelihood.
  ///
  /// ```text
  /// μ = Σ x / n,   σ² = Σ (x − μ)² / n
  /// ```
  ///
  /// The divisor of the variance is n, as maximum likelihood has it. Two passes, relative error a
  /// few ulp.
  ///
  /// - Parameters:
  ///   - sample: At least two finite numbers, not all equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  /// - Returns: The law with standard errors `σ/√n` and `σ/√(2n)`; the status is always converged.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when all are equal,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n).
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil
  ) throws(DistributionsError) -> DistributionFit<Normal> {
    let observations = try WeightedObservations(sample, weights)
    let (values, exponent) = try StandardizedSample.scaled(observations.values, minimumCount: 2)
    let count = observations.total
    let masses = observations.weights
    // Sums of differences from the first value are exact for equal values.
    let origin = values[0]
    let mean = origin + zip(values, masses).reduce(0) { $0 + $1.1 * ($1.0 - origin) } / count
    let squares = zip(values, masses).reduce(0) { $0 + $1.1 * (($1.0 - mean) * ($1.0 - mean)) }
    let deviation = (squares / count).squareRoot()
    guard deviation > 0 else {
      throw .repeatedValue(
        value: observations.values[0], count: values.count, observationCount: values.count)
    }
    let scale = StandardizedSample.restored(deviation, exponent)
    guard scale > 0, scale.isFinite else {
      throw .notRepresentable(result: "standardDeviation")
    }
    let law = try Normal(
      mean: StandardizedSample.restored(mean, exponent), standardDeviation: scale)
    let logScale = log(deviation) + Double(exponent) * log(2)
    return DistributionFit(
      law: law,
      logLikelihood: -count * (halfLogTwoPi + logScale + 0.5),
      parameters: [
        FittedParameter(name: "mean", value: law.mean, standardError: scale / count.squareRoot()),
        FittedParameter(
          name: "standardDeviation", value: scale, standardError: scale / (2 * count).squareRoot()),
      ],
      observationCount: values.count,
      totalWeight: count,
      iterations: 0,
      status: .converged
    )
  }
}
