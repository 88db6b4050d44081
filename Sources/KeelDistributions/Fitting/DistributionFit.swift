#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A law fitted to a sample by maximum likelihood.
public struct DistributionFit<Law: Hashable & Sendable>: Hashable, Sendable {
  /// The fitted law, in the unit of the sample.
  public let law: Law

  /// The natural logarithm of the likelihood of the sample under the law.
  public let logLikelihood: Double

  /// The fitted parameters with their standard errors.
  public let parameters: [FittedParameter]

  /// The number k of what was estimated: the parameters, and what has no standard error and is in the law alone, such as
  /// the correlations of a copula of many returns.
  public let parameterCount: Int

  /// The number of observations, those of weight zero left out.
  public let observationCount: Int

  /// The sum of the weights: the number of observations where none were given.
  ///
  /// Standard errors and criteria are those of so many observations.
  public let totalWeight: Double

  /// The number of steps taken.
  public let iterations: Int

  /// How the search ended.
  public let status: FitStatus

  /// Akaike's criterion `2k − 2 ln L` for k parameters, by ``parameterCount``.
  public var akaikeCriterion: Double { 2 * Double(parameterCount) - 2 * logLikelihood }

  /// The Bayesian (Schwarz) criterion `k ln n − 2 ln L` for k parameters and the total weight n.
  public var bayesianCriterion: Double {
    Double(parameterCount) * log(totalWeight) - 2 * logLikelihood
  }

  init(
    law: Law,
    logLikelihood: Double,
    parameters: [FittedParameter],
    furtherParameterCount: Int = 0,
    observationCount: Int,
    totalWeight: Double? = nil,
    iterations: Int,
    status: FitStatus
  ) {
    self.law = law
    self.logLikelihood = logLikelihood
    self.parameters = parameters
    parameterCount = parameters.count + furtherParameterCount
    self.observationCount = observationCount
    self.totalWeight = totalWeight ?? Double(observationCount)
    self.iterations = iterations
    self.status = status
  }

  /// A parameter by its name.
  ///
  /// - Parameter name: The name, as the law calls it.
  /// - Returns: The parameter, or nil when the law has none of that name.
  public subscript(name: String) -> FittedParameter? { parameters.first { $0.name == name } }
}

/// One parameter of a fitted law.
public struct FittedParameter: Hashable, Sendable {
  /// The name, as the law calls it.
  public let name: String

  /// The estimate.
  public let value: Double

  /// The standard error from the observed information; NaN at a bound, where no such error exists.
  public let standardError: Double
}

/// Says how the search for the largest likelihood ended.
@nonexhaustive
public enum FitStatus: String, Hashable, Sendable {
  /// The likelihood has its maximum here, inside the bounds.
  case converged

  /// The likelihood still rises at the upper bound of the shape: a simpler law fits as well. For the skew
  /// of ``FernandezSteelSkewedT``: nothing is below the mode.
  case upperBound

  /// The likelihood still rises at the lower bound of the shape: the sample has heavier tails than
  /// the bound allows. For the skew of ``FernandezSteelSkewedT``: nothing is above the mode.
  case lowerBound

  /// The limit of iterations was reached, or no step raised the likelihood before its maximum; the law is the
  /// best one seen.
  case iterationLimit
}
