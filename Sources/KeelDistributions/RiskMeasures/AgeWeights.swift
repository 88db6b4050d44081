#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension EmpiricalDistribution {
  /// Creates the law of past outcomes, the younger the likelier.
  ///
  /// ```text
  /// p(t) = 2^(−age / halfLife) / Σ 2^(−age / halfLife),   age of the last outcome 0
  /// ```
  ///
  /// Source: J. Boudoukh, M. Richardson and R. Whitelaw, "The best of both worlds", Risk 11 (1998), with their decay `λ = 2^(−1 /
  /// halfLife)`. The measures are those of this law; they interpolate between outcomes instead.
  ///
  /// - Parameters:
  ///   - outcomes: At least one finite number, in the order of time.
  ///   - halfLife: The number of periods in which a probability halves: positive, finite.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation` with the index,
  ///   `DistributionsError.invalidValue`.
  public init(outcomes: [Double], halfLife: Double) throws(DistributionsError) {
    try requirePositive(halfLife, "halfLife")
    let masses = outcomes.indices.map { exp2(-Double(outcomes.count - 1 - $0) / halfLife) }
    let total = masses.reduce(0, +)
    try self.init(outcomes: outcomes, probabilities: masses.map { $0 / total })
  }
}
