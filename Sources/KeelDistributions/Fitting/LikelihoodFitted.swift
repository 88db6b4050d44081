/// A law with a maximum-likelihood fit to a sample, with the default settings.
///
/// What a family offers besides, as bounds and limits, is in its own `fit`.
public protocol LikelihoodFitted: ContinuousDistribution {
  /// Fits the law to a sample by maximum likelihood.
  ///
  /// - Parameters:
  ///   - sample: The observations.
  ///   - weights: How often each observation counts, not negative; all once where nil.
  ///   - start: A law near the fit, where nil none is known. Closed forms need none.
  /// - Returns: The law with its parameters and status.
  /// - Throws: `DistributionsError` for a sample that has no fit.
  static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: Self?
  ) throws(DistributionsError) -> DistributionFit<Self>
}

extension Normal: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: Normal?
  ) throws(DistributionsError) -> DistributionFit<Normal> {
    try fit(sample, weights: weights)
  }
}

extension LogNormal: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: LogNormal?
  ) throws(DistributionsError) -> DistributionFit<LogNormal> {
    try fit(sample, weights: weights)
  }
}

extension Laplace: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: Laplace?
  ) throws(DistributionsError) -> DistributionFit<Laplace> {
    try fit(sample, weights: weights)
  }
}

extension AsymmetricLaplace: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: AsymmetricLaplace?
  ) throws(DistributionsError) -> DistributionFit<AsymmetricLaplace> {
    try fit(sample, weights: weights)
  }
}

extension Logistic: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: Logistic?
  ) throws(DistributionsError) -> DistributionFit<Logistic> {
    try fit(sample, weights: weights)
  }
}

extension GeneralizedError: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: GeneralizedError?
  ) throws(DistributionsError) -> DistributionFit<GeneralizedError> {
    try fit(sample, weights: weights, settings: FitSettings())
  }
}

extension StudentT: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: StudentT?
  ) throws(DistributionsError) -> DistributionFit<StudentT> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension FernandezSteelSkewedT: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: FernandezSteelSkewedT?
  ) throws(DistributionsError) -> DistributionFit<FernandezSteelSkewedT> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension AzzaliniSkewedT: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: AzzaliniSkewedT?
  ) throws(DistributionsError) -> DistributionFit<AzzaliniSkewedT> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension HansenSkewedT: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: HansenSkewedT?
  ) throws(DistributionsError) -> DistributionFit<HansenSkewedT> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension NormalInverseGaussianLaw: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: NormalInverseGaussianLaw?
  ) throws(DistributionsError) -> DistributionFit<NormalInverseGaussianLaw> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension VarianceGammaLaw: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: VarianceGammaLaw?
  ) throws(DistributionsError) -> DistributionFit<VarianceGammaLaw> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension GeneralizedHyperbolic: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: GeneralizedHyperbolic?
  ) throws(DistributionsError) -> DistributionFit<GeneralizedHyperbolic> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension AlphaStable: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: AlphaStable?
  ) throws(DistributionsError) -> DistributionFit<AlphaStable> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension TemperedStable: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: TemperedStable?
  ) throws(DistributionsError) -> DistributionFit<TemperedStable> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension GeneralizedExtremeValue: LikelihoodFitted {
  /// Fits the law with the default settings, as ``LikelihoodFitted/fit(_:weights:start:)`` says.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: GeneralizedExtremeValue?
  ) throws(DistributionsError) -> DistributionFit<GeneralizedExtremeValue> {
    try fit(sample, weights: weights, settings: FitSettings(), start: start)
  }
}

extension Mixture: LikelihoodFitted where Component == Normal {
  /// Fits a mixture of as many components as the start has, two without one, with the default settings.
  public static func fit(
    _ sample: [Double],
    weights: [Double]?,
    start: Mixture<Normal>?
  ) throws(DistributionsError) -> DistributionFit<Mixture<Normal>> {
    try fit(
      sample, componentCount: start?.components.count ?? 2, weights: weights,
      settings: FitSettings(), start: start)
  }
}
