// Goals in order: no silent failure, one order for equal input, speed.
//
// H. Akaike, A new look at the statistical model identification, IEEE Transactions on Automatic Control 19 (1974);
// G. Schwarz, Estimating the dimension of a model, Annals of Statistics 6 (1978).

/// Families of laws fitted to one series, the best first.
///
/// ```swift
/// let ranking = try LawRanking(returns, families: [.normal, .studentT, .normalInverseGaussian])
/// for entry in ranking.entries { report(entry.family, entry.outcome) }
/// ```
///
/// Equal criteria keep the order of the families. Behind the fits that converged, or ended at a bound, are those that
/// reached the limit of steps, then those whose criterion is not finite, as of an unbounded likelihood; families
/// without a fit are last, each with its reason. Whether
/// the first law is good enough is another question: that of the statistics, and of
/// ``BootstrapGoodnessOfFit``.
public struct LawRanking: Sendable {
  /// What the families are ordered by.
  @nonexhaustive
  public enum Criterion: Hashable, Sendable {
    /// Akaike's criterion `2k − 2 ln L`.
    case akaike

    /// The Bayesian (Schwarz) criterion `k ln n − 2 ln L`.
    case bayesian
  }

  /// A family with its fit, or why there is none.
  public struct Entry: Sendable {
    /// The family.
    public let family: LawFamily

    /// The fit, or why there is none.
    public let outcome: Result<RankedLaw, DistributionsError>
  }

  /// The criterion of the order.
  public let criterion: Criterion

  /// The families, best first, those without a finite maximum or a fit last.
  public let entries: [Entry]

  /// The first law, nil when no family has a fit; its status tells a maximum from a limit.
  public var best: RankedLaw? { entries.first.flatMap { try? $0.outcome.get() } }

  /// Fits families to a sample and orders them.
  ///
  /// - Parameters:
  ///   - sample: The observations.
  ///   - families: The families; by default all.
  ///   - criterion: What to order by.
  /// - Throws: `DistributionsError.tooFewObservations` for an empty sample,
  ///   `DistributionsError.invalidObservation` for one that is not finite. What a fit throws is its outcome.
  /// - Complexity: That of the fits, and 5n probabilities of each law.
  public init(
    _ sample: [Double],
    families: [LawFamily] = LawFamily.allCases,
    criterion: Criterion = .akaike
  ) throws(DistributionsError) {
    guard !sample.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    if let index = sample.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "sample", index: index, got: sample[index])
    }
    let fitted = families.map { family in
      do throws(DistributionsError) {
        return Entry(family: family, outcome: .success(try RankedLaw(family, sample)))
      } catch {
        return Entry(family: family, outcome: .failure(error))
      }
    }
    let keys = fitted.map { Self.key($0, criterion) }
    let order = fitted.indices.sorted {
      (keys[$0].group, keys[$0].value, $0) < (keys[$1].group, keys[$1].value, $1)
    }
    entries = order.map { fitted[$0] }
    self.criterion = criterion
  }

  /// The group of an entry, the best 0, and its criterion there.
  private static func key(_ entry: Entry, _ criterion: Criterion) -> (group: Int, value: Double) {
    guard case .success(let law) = entry.outcome else { return (3, 0) }
    let value = criterion == .akaike ? law.akaikeCriterion : law.bayesianCriterion
    guard value.isFinite else { return (2, 0) }
    return (law.status == .iterationLimit ? 1 : 0, value)
  }
}

/// The law of a family fitted to a sample, with how far it is from it.
public struct RankedLaw: Sendable {
  /// The family.
  public let family: LawFamily

  /// The fitted law.
  public let law: any ContinuousDistribution

  /// The natural logarithm of the likelihood of the sample under the law.
  public let logLikelihood: Double

  /// The fitted parameters with their standard errors.
  public let parameters: [FittedParameter]

  /// How the search ended.
  public let status: FitStatus

  /// Akaike's criterion.
  public let akaikeCriterion: Double

  /// The Bayesian (Schwarz) criterion.
  public let bayesianCriterion: Double

  /// The statistic of Kolmogorov and Smirnov; its p-value is that of given parameters, and too large here.
  public let kolmogorovSmirnov: GoodnessOfFit

  /// The statistic of Anderson and Darling; its p-value is that of given parameters, and too large here.
  public let andersonDarling: GoodnessOfFit

  /// The statistic of Cramér and von Mises; its p-value is that of given parameters, and too large here.
  public let cramerVonMises: GoodnessOfFit

  fileprivate init(_ family: LawFamily, _ sample: [Double]) throws(DistributionsError) {
    self = try Self.fitted(family.law, family, sample)
  }

  private static func fitted<Law: LikelihoodFitted>(
    _ law: Law.Type,
    _ family: LawFamily,
    _ sample: [Double]
  ) throws(DistributionsError) -> RankedLaw {
    let fit = try law.fit(sample, weights: nil, start: nil)
    return try RankedLaw(family, fit, sample)
  }

  private init<Law: ContinuousDistribution>(
    _ family: LawFamily,
    _ fit: DistributionFit<Law>,
    _ sample: [Double]
  ) throws(DistributionsError) {
    self.family = family
    law = fit.law
    logLikelihood = fit.logLikelihood
    parameters = fit.parameters
    status = fit.status
    akaikeCriterion = fit.akaikeCriterion
    bayesianCriterion = fit.bayesianCriterion
    kolmogorovSmirnov = try GoodnessOfFit.kolmogorovSmirnov(sample, law: fit.law)
    andersonDarling = try GoodnessOfFit.andersonDarling(sample, law: fit.law)
    cramerVonMises = try GoodnessOfFit.cramerVonMises(sample, law: fit.law)
  }
}
