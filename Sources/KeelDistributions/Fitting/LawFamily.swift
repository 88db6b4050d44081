/// A family of laws that can be fitted to one series.
///
/// Hansen's skewed t is not among them: it has no location and scale, and with these it is that of Fernandez
/// and Steel. Nor is the generalized Pareto law, which is one of excesses over a threshold.
@nonexhaustive
public enum LawFamily: String, CaseIterable, Hashable, Sendable {
  /// The normal law.
  case normal

  /// The law of a number whose logarithm is normal; for positive samples.
  case logNormal

  /// The law of Laplace.
  case laplace

  /// The asymmetric law of Laplace.
  case asymmetricLaplace

  /// The logistic law.
  case logistic

  /// The generalized error law, of shapes from 1.
  case generalizedError

  /// Student's t law.
  case studentT

  /// The skewed t law of Fernandez and Steel.
  case fernandezSteelSkewedT

  /// The skewed t law of Azzalini and Capitanio.
  case azzaliniSkewedT

  /// The normal inverse Gaussian law.
  case normalInverseGaussian

  /// The variance gamma law, of orders from 1.
  case varianceGamma

  /// The generalized hyperbolic law.
  case generalizedHyperbolic

  /// The alpha-stable law; the slowest of the fits.
  case alphaStable

  /// The tempered stable law; slow as well.
  case temperedStable

  /// A mixture of two normal laws.
  case normalMixture

  /// The generalized extreme value law, of block maxima.
  case generalizedExtremeValue

  /// The type of the law.
  var law: any LikelihoodFitted.Type {
    switch self {
    case .normal: Normal.self
    case .logNormal: LogNormal.self
    case .laplace: Laplace.self
    case .asymmetricLaplace: AsymmetricLaplace.self
    case .logistic: Logistic.self
    case .generalizedError: GeneralizedError.self
    case .studentT: StudentT.self
    case .fernandezSteelSkewedT: FernandezSteelSkewedT.self
    case .azzaliniSkewedT: AzzaliniSkewedT.self
    case .normalInverseGaussian: NormalInverseGaussianLaw.self
    case .varianceGamma: VarianceGammaLaw.self
    case .generalizedHyperbolic: GeneralizedHyperbolic.self
    case .alphaStable: AlphaStable.self
    case .temperedStable: TemperedStable.self
    case .normalMixture: Mixture<Normal>.self
    case .generalizedExtremeValue: GeneralizedExtremeValue.self
    }
  }
}
