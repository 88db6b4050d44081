import KeelEstimation
import KeelTestSupport
import Testing

/// The daily returns of the mark in pounds that benchmarks of GARCH use, with their published estimates.
@Suite struct GARCHBenchmarkTests {
  struct File: Decodable {
    let returns: [Double]
    let cases: [Case]
  }

  struct Published: Decodable {
    let values: [Double]
    let absolute: [Double]
  }

  struct Case: Decodable {
    let start: String
    let parameters: Published
    let logLikelihood: Published
    let standardErrors: Published
    let robustStandardErrors: Published
    let maximum: Maximum
  }

  /// In 40 digits.
  struct Maximum: Decodable {
    let parameters: [Double]
    let logLikelihood: Double
    let standardErrors: [Double]
    let robustStandardErrors: [Double]
  }

  static func expect(_ got: [Double], _ published: Published, _ label: String) {
    for (k, value) in published.values.enumerated() {
      expectClose(got[k], value, absolute: 1.001 * published.absolute[k], "\(label) \(k)")
    }
  }

  /// Fiorentini, Calzolari and Panattoni; McCullough and Renfro; TSP.
  @Test func publishedDigits() throws {
    let file = try Reference.load(File.self, "garch_benchmark")
    let returns = file.returns
    let mean = returns.reduce(0, +) / Double(returns.count)
    let square = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(returns.count)
    let model = try GARCH(errors: .normal)
    #expect(file.cases.count == 2)
    for item in file.cases {
      var settings = GARCH.FitSettings()
      settings.startVariance =
        item.start == "fixed" ? .fixed(square) : .meanSquaredResidual
      let fit = try model.fit(returns, settings: settings)
      #expect(fit.isConverged && fit.activeBounds.isEmpty)
      func list(_ p: GARCHParameters) -> [Double] {
        [p.mean, p.intercept, p.shocks[0], p.variances[0]]
      }
      Self.expect(list(fit.model.parameters), item.parameters, "\(item.start) parameters")
      Self.expect([fit.logLikelihood], item.logLikelihood, "\(item.start) logLikelihood")
      Self.expect(list(fit.standardErrors), item.standardErrors, "\(item.start) errors")
      Self.expect(
        list(fit.robustStandardErrors), item.robustStandardErrors, "\(item.start) robust errors")
      let maximum = item.maximum
      expectClose(fit.logLikelihood, maximum.logLikelihood, relative: 1e-14)
      for k in 0..<4 {
        let error = maximum.standardErrors[k]
        expectClose(
          list(fit.model.parameters)[k], maximum.parameters[k], absolute: 1e-9 * error,
          "\(item.start) \(k)")
        expectClose(list(fit.standardErrors)[k], error, relative: 1e-9, "\(item.start) \(k)")
        expectClose(
          list(fit.robustStandardErrors)[k], maximum.robustStandardErrors[k], relative: 1e-9,
          "\(item.start) \(k)")
      }
      let residuals = fit.residuals.reduce(0) { $0 + $1 * $1 } / Double(returns.count)
      if item.start != "fixed" {
        expectClose(fit.model.startVariance, residuals, relative: 1e-13)
      }
    }
  }

  /// A start that moves with the mean, in every recursion: nothing near the fit is more likely.
  @Test func nothingNearIsMoreLikely() throws {
    let returns = try Reference.load(File.self, "garch_benchmark").returns
    var settings = GARCH.FitSettings()
    settings.startVariance = .meanSquaredResidual
    for recursion in [
      GARCH.Recursion.garch(shocks: 1, variances: 1),
      .gjr(shocks: 1, asymmetries: 1, variances: 1), .garch(shocks: 1, variances: 0),
      .egarch(shocks: 1, asymmetries: 1, variances: 1),
    ] {
      let model = try GARCH(recursion, errors: .normal)
      let fit = try model.fit(returns, settings: settings)
      #expect(fit.isConverged && fit.activeBounds.isEmpty, "\(recursion)")
      let square = fit.residuals.reduce(0) { $0 + $1 * $1 } / Double(returns.count)
      expectClose(fit.model.startVariance, square, relative: 1e-12)
      let likelihood = GARCHLikelihood(model: model, returns: returns)
      let point = GARCHTests.list(fit.model.parameters, model)
      let errors = GARCHTests.list(fit.standardErrors, model)
      let best = likelihood.value(point)
      expectClose(best, fit.logLikelihood, relative: 1e-12)
      for k in point.indices where errors[k].isFinite {
        for step in [-0.01, 0.01] {
          var near = point
          near[k] += step * errors[k]
          // One hundredth of a standard error costs half of its square, or more beside correlated ones.
          #expect(likelihood.value(near) < best - 4e-5, "\(recursion) \(k)")
        }
      }
    }
  }
}
