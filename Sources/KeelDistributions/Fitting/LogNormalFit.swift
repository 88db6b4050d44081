#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension LogNormal {
  /// Fits mean and standard deviation of the logarithm to a sample by maximum likelihood.
  ///
  /// The normal law fitted to the logarithms: closed form, standard errors `σ/√n` and `σ/√(2n)`. Multiplying
  /// the sample by c adds ln c to the mean of the logarithm.
  ///
  /// - Parameters:
  ///   - sample: At least two positive finite numbers, not all equal.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  /// - Returns: The law with `logMean` and `logStandardDeviation` as parameters; the status is always converged.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation` for a number
  ///   that is not positive, `DistributionsError.repeatedValue` when all are equal,
  ///   `DistributionsError.notRepresentable`.
  /// - Complexity: O(n).
  public static func fit(
    _ sample: [Double],
    weights: [Double]? = nil
  ) throws(DistributionsError) -> DistributionFit<LogNormal> {
    if let index = sample.firstIndex(where: { !($0 > 0 && $0 < .infinity) }) {
      throw .invalidObservation(argument: "sample", index: index, got: sample[index])
    }
    let logarithms = sample.map { log($0) }
    let base: DistributionFit<Normal>
    do throws(DistributionsError) {
      base = try Normal.fit(logarithms, weights: weights)
    } catch {
      if case .repeatedValue(let value, let count, let observationCount) = error {
        throw .repeatedValue(value: exp(value), count: count, observationCount: observationCount)
      }
      throw error
    }
    // The density of x is that of ln x over x.
    let masses = weights ?? [Double](repeating: 1, count: sample.count)
    let slope = zip(logarithms, masses).reduce(0) { $0 + $1.1 * $1.0 }
    let law = base.law
    return DistributionFit(
      law: try LogNormal(logMean: law.mean, logStandardDeviation: law.standardDeviation),
      logLikelihood: base.logLikelihood - slope,
      parameters: zip(["logMean", "logStandardDeviation"], base.parameters).map { name, parameter in
        FittedParameter(
          name: name, value: parameter.value, standardError: parameter.standardError)
      },
      observationCount: base.observationCount,
      totalWeight: base.totalWeight,
      iterations: 0,
      status: .converged
    )
  }
}
