import KeelNumerics
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
  /// - Parameter sample: At least two finite numbers, not all equal.
  /// - Returns: The law with the asymptotic standard errors `b/√n` of both parameters; the status is
  ///   always converged.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` when all are equal,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n).
  public static func fit(
    _ sample: [Double]
  ) throws(DistributionsError) -> DistributionFit<Laplace> {
    let (values, exponent) = try StandardizedSample.scaled(sample, minimumCount: 2)
    let count = Double(values.count)
    var work = values
    let upper = Selection.select(values.count / 2, in: &work)
    let lower =
      values.count % 2 == 1 ? upper : Selection.select(values.count / 2 - 1, in: &work)
    let median = 0.5 * lower + 0.5 * upper
    let deviation = values.reduce(0) { $0 + ($1 - median).magnitude } / count
    guard deviation > 0 else {
      throw .repeatedValue(value: sample[0], count: sample.count, observationCount: sample.count)
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
      observationCount: sample.count,
      iterations: 0,
      status: .converged
    )
  }
}
