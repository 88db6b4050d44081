import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// Fits of a sample in other units, or moved, are those of the sample in these units.
@Suite struct FitEquivarianceTests {
  /// The densities, likelihood and status after x → factor x + shift.
  private func expectMoved(_ law: FitOfAnyLaw, factor: Double, shift: Double) throws {
    let fit = try law.fit(law.sample, nil)
    let other = try law.fit(law.sample.map { factor * $0 + shift }, nil)
    let name = "\(law.name) times \(factor) plus \(shift)"
    #expect(other.status == fit.status, "\(name)")
    let count = Double(law.sample.count)
    expectClose(
      other.logLikelihood + count * log(factor), fit.logLikelihood, absolute: 1e-8 * count, name)
    for x in law.sample.prefix(25) {
      expectClose(
        other.density(factor * x + shift) + log(factor), fit.density(x), absolute: 1e-8,
        "\(name) at \(x)")
    }
    for (one, two) in zip(fit.parameters, other.parameters) {
      expectClose(
        two.value, value(one, law: law, factor: factor, shift: shift), relative: 1e-8,
        absolute: 1e-8 * (one.standardError.isNaN ? 0 : size(one, law: law, factor: factor)),
        "\(name): \(one.name)")
    }
  }

  /// The power of a factor in a parameter, by its name.
  private func power(_ parameter: FittedParameter) -> Double {
    switch parameter.name {
    case "location", "mean", "mean1", "mean2", "scale", "standardDeviation": 1
    case "standardDeviation1", "standardDeviation2": 1
    default: 0
    }
  }

  private func exponent(_ parameter: FittedParameter, _ law: FitOfAnyLaw) -> Double {
    let isHyperbolic = ["normalInverseGaussian", "varianceGamma", "generalizedHyperbolic"]
      .contains(law.name)
    return isHyperbolic && ["steepness", "asymmetry"].contains(parameter.name)
      ? -1 : power(parameter)
  }

  private func size(_ parameter: FittedParameter, law: FitOfAnyLaw, factor: Double) -> Double {
    parameter.standardError * pow(factor, exponent(parameter, law))
  }

  private func value(
    _ parameter: FittedParameter, law: FitOfAnyLaw, factor: Double, shift: Double
  ) -> Double {
    if parameter.name == "logMean" { return parameter.value + log(factor) }
    let moved = parameter.value * pow(factor, exponent(parameter, law))
    return parameter.name == "location" || parameter.name.hasPrefix("mean") ? moved + shift : moved
  }

  /// Hansen's law is of standardized numbers.
  static let laws = FitOfAnyLaw.all.filter { $0.name != "hansen" }

  @Test(arguments: laws) func unitsDoNotMatter(_ law: FitOfAnyLaw) throws {
    for factor in [1e-6, 700] { try expectMoved(law, factor: factor, shift: 0) }
  }

  /// Of the laws without an end that is given.
  @Test(arguments: laws.filter { !["logNormal", "generalizedPareto"].contains($0.name) })
  func theOriginDoesNotMatter(_ law: FitOfAnyLaw) throws {
    try expectMoved(law, factor: 1, shift: 3)
  }

  @Test func unitsOfAssetsDoNotMatter() throws {
    let first = try StudentT(location: 0.1, scale: 1, degreesOfFreedom: 5)
      .draws(count: 120, from: RandomStream(seed: 5))
    let second = try Laplace(location: -0.2, scale: 2)
      .draws(count: 120, from: RandomStream(seed: 6))
    let units = [3e-3, 250]
    let rows = zip(first, second).map { [$0 + 0.3 * $1, $1] }
    var settings = MultivariateGeneralizedHyperbolic.FitSettings()
    settings.order = -0.5
    let fit = try MultivariateGeneralizedHyperbolic.unlabeledFit(
      try Matrix(rows: rows), settings: settings)
    let other = try MultivariateGeneralizedHyperbolic.unlabeledFit(
      try Matrix(rows: rows.map { [$0[0] * units[0], $0[1] * units[1]] }), settings: settings)
    #expect(other.status == fit.status)
    expectClose(other.concentration, fit.concentration, relative: 1e-8)
    for i in 0..<2 {
      let spread = fit.dispersion[i, i].squareRoot()
      expectClose(other.location[i] / units[i], fit.location[i], absolute: 1e-8 * spread)
      expectClose(other.drift[i] / units[i], fit.drift[i], absolute: 1e-8 * spread)
      for j in 0..<2 {
        expectClose(
          other.dispersion[i, j] / (units[i] * units[j]), fit.dispersion[i, j], relative: 1e-8)
      }
    }
  }
}
