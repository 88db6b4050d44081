// Goals in order: parts that sum to the measure, one closed form for every mixing law, no simulation.
//
// With β(i) = (Σw)(i)/w'Σw the return of an asset given that of the portfolio V = w'x and the mixing number is
//
//   E[x(i) | V, W] = μ(i) + γ(i) W + β(i) (V − w'μ − w'γ W)
//
// so that given any event A of V
//
//   E[x(i) | A] = μ(i) + β(i) (E[V | A] − w'μ) + (γ(i) − β(i) w'γ) E[W | A]
//
// Given V = v the mixing number is generalized inverse Gaussian, of which the mean is a ratio of Bessel functions; over V ≤ v it is
// E[W] P*(V ≤ v)/P(V ≤ v), where P* is the law of the portfolio with the mixing density w f(w)/E[W], which is of the same family. The
// last term sums to zero over the portfolio. Sources: D. Tasche, "Risk contributions and performance measurement", TU München (1999), for the
// split; A. McNeil, R. Frey and P. Embrechts, "Quantitative Risk Management" (2015), section 6.2, for the laws.

public import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension MultivariateGeneralizedHyperbolic {
  /// Splits the value at risk of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) E[x(i) | w'x = −VaR]
  /// ```
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The value at risk over one period, positive for a loss, and its parts.
  /// - Throws: As ``portfolioLaw(_:)``, `DistributionsError.invalidValue` for the confidence.
  /// - Complexity: O(N²).
  public func valueAtRiskContributions(
    _ weights: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try mixture.contributions(weights, portfolioLaw(weights), confidence, given: .atPoint)
  }

  /// Splits the expected shortfall of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) E[x(i) | w'x ≤ −VaR]
  /// ```
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The expected shortfall over one period, positive for a loss, and its parts.
  /// - Throws: As ``portfolioLaw(_:)``, `DistributionsError.invalidValue` for the confidence.
  /// - Complexity: O(N²).
  public func expectedShortfallContributions(
    _ weights: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try mixture.contributions(weights, portfolioLaw(weights), confidence, given: .below)
  }
}

extension MultivariateHyperbolicSkewedT {
  /// Splits the value at risk of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) E[x(i) | w'x = −VaR]
  /// ```
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The value at risk over one period, positive for a loss, and its parts.
  /// - Throws: As ``portfolioLaw(_:)``, `DistributionsError.invalidValue` for the confidence.
  /// - Complexity: O(N²).
  public func valueAtRiskContributions(
    _ weights: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try mixture.contributions(weights, portfolioLaw(weights), confidence, given: .atPoint)
  }

  /// Splits the expected shortfall of a portfolio over its assets.
  ///
  /// ```text
  /// c(i) = −w(i) E[x(i) | w'x ≤ −VaR]
  /// ```
  ///
  /// - Parameters:
  ///   - weights: The portfolio, as fractions, over the same universe.
  ///   - confidence: The confidence, inside (0, 1).
  /// - Returns: The expected shortfall over one period, positive for a loss, and its parts.
  /// - Throws: As ``portfolioLaw(_:)``, `DistributionsError.invalidValue` for the confidence.
  /// - Complexity: O(N²).
  public func expectedShortfallContributions(
    _ weights: Weights,
    confidence: Double
  ) throws(DistributionsError) -> RiskContributions {
    try mixture.contributions(weights, portfolioLaw(weights), confidence, given: .below)
  }
}

extension MeanVarianceMixture {
  /// The split of the value at risk, given a portfolio at it, or of the expected shortfall, given one below.
  func contributions<Law: LocationScaleLaw>(
    _ weights: Weights,
    _ law: Law,
    _ confidence: Double,
    given event: QuadraticTailMoments.Event
  ) throws(DistributionsError) -> RiskContributions where Law.Standard: MixedStandardLaw {
    try requireConfidence(confidence)
    let standard = law.standard
    let point =
      confidence < 0.5
      ? standard.upperPoint(confidence) : standard.lowerPoint(1 - confidence)
    let (total, mixingMean) =
      switch event {
      case .atPoint:
        (law.valueAtRisk(confidence: confidence), standard.mixingMean(at: point))
      case .below:
        (law.expectedShortfall(confidence: confidence), standard.mixingMean(below: point))
      }
    return try contributions(weights, law, total: total, mixingMean: mixingMean)
  }

  /// The split of minus the mean of a portfolio over a tail, with that of the mixing number in the unit of the law.
  private func contributions<Law: LocationScaleLaw>(
    _ weights: Weights,
    _ law: Law,
    total: Double,
    mixingMean: Double
  ) throws(DistributionsError) -> RiskContributions {
    let gradient = try VolatilityGradient(weights: weights, covariance: dispersion)
    let deviation = gradient.volatility
    // Of V = w'μ + w'γ W + √(w'Σw) √W N the law's unit is √(w'Σw) times the root of that of W.
    let unit = law.unit / deviation
    let mean = mixingMean * unit * unit
    var tilt = CompensatedSum()
    for (w, g) in zip(weights.values, drift) { tilt.add(w * g) }
    let distance = -total - law.center - tilt.value * mean
    let marginals = drift.indices.map { i in
      let slope = gradient.marginals[i] / deviation
      return -(location[i] + drift[i] * mean + slope * distance)
    }
    guard marginals.allSatisfy(\.isFinite), total.isFinite else {
      throw .notRepresentable(result: "contributions")
    }
    return RiskContributions(weights, total: total, marginals: marginals)
  }
}

/// A standard law `bW + √W N` of which the mixing number is known, given the sum.
protocol MixedStandardLaw: StandardLaw {
  /// E[W | Z = z].
  func mixingMean(at z: Double) -> Double
  /// E[W | Z ≤ z].
  func mixingMean(below z: Double) -> Double
}

extension StandardHyperbolic: MixedStandardLaw {
  /// Given Z the mixing number is generalized inverse Gaussian of order λ − ½, with ω + z² and ω + b².
  func mixingMean(at z: Double) -> Double {
    let root = hypot(concentration.squareRoot(), z)
    let rate = hypot(concentration.squareRoot(), drift)
    let logRatio =
      SpecialFunctions.logScaledBesselK(rate * root, order: order + 0.5)
      - SpecialFunctions.logScaledBesselK(rate * root, order: order - 0.5)
    return root / rate * exp(logRatio)
  }

  /// With the density of W times W the order is one more.
  func mixingMean(below z: Double) -> Double {
    let larger = StandardHyperbolic(
      order: order + 1, concentration: concentration, drift: drift)
    return mixingMean * exp(larger.logTails(z).lower - logTails(z).lower)
  }
}

extension StandardHyperbolicSkewedT: MixedStandardLaw {
  /// Given Z the mixing number is generalized inverse Gaussian of order −a − ½, with 2 + z² and b².
  func mixingMean(at z: Double) -> Double {
    let root = hypot(2.0.squareRoot(), z)
    let argument = drift.magnitude * root
    // Without a drift it is inverse gamma.
    guard argument >= MixingShape.negligibleArgument else { return root * (root / (2 * shape - 1)) }
    let logRatio =
      SpecialFunctions.logScaledBesselK(argument, order: shape - 0.5)
      - SpecialFunctions.logScaledBesselK(argument, order: shape + 0.5)
    return root / drift.magnitude * exp(logRatio)
  }

  /// With the density of W times W the shape is one less.
  func mixingMean(below z: Double) -> Double {
    let heavier = StandardHyperbolicSkewedT(shape: shape - 1, drift: drift)
    return exp(heavier.logTails(z).lower - logTails(z).lower) / (shape - 1)
  }
}
