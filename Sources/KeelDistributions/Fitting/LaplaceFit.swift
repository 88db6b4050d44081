#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Laplace {
  /// Fits location and scale to a sample by maximum likelihood.
  ///
  /// ```text
  /// μ = median,   b = Σ |x − μ| / n
  /// ```
  ///
  /// Of an even number of observations the location is the middle of the two medians, any point
  /// between which has the same likelihood.
  ///
  /// - Parameters:
  ///   - sample: At least two finite numbers, not all equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  /// - Returns: The law with the asymptotic standard errors `b/√n` of both parameters; the status is
  ///   always converged.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when all are equal,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n).
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil
  ) throws(DistributionsError) -> DistributionFit<Laplace> {
    let observations = try WeightedObservations(sample, weights)
    let (values, exponent) = try StandardizedSample.scaled(observations.values, minimumCount: 2)
    let count = observations.total
    let median = observations.median(of: values)
    let deviation =
      zip(values, observations.weights).reduce(0) { $0 + $1.1 * ($1.0 - median).magnitude } / count
    guard deviation > 0 else {
      throw .repeatedValue(
        value: observations.values[0], count: values.count, observationCount: values.count)
    }
    let scale = StandardizedSample.restored(deviation, exponent)
    guard scale > 0, scale.isFinite else { throw .notRepresentable(result: "scale") }
    let law = try Laplace(location: StandardizedSample.restored(median, exponent), scale: scale)
    let error = scale / count.squareRoot()
    return DistributionFit(
      law: law,
      logLikelihood: -count * (log(2 * deviation) + Double(exponent) * logOfTwo + 1),
      parameters: [
        FittedParameter(name: "location", value: law.location, standardError: error),
        FittedParameter(name: "scale", value: scale, standardError: error),
      ],
      observationCount: values.count,
      totalWeight: count,
      iterations: 0,
      status: .converged
    )
  }
}
