// Goals in order: exact first and second derivatives for every model, speed.
//
// The kernels advance the variance (its logarithm for EGARCH) with its derivatives of first and second
// order in the parameters of the recursion, by differentiating the recursion. With ℓ = ln h, a = ∂ℓ and
// z = e exp(−ℓ/2), the log-likelihood of one return is g(z) − ½ ℓ, and
//   ∂z = −½ z a − μ'/√h,   ∂²z = ¼ z a aᵀ − ½ z ∂²ℓ + (a μ'ᵀ + μ' aᵀ)/(2√h).
// Before the first return squares, variances and their halves below zero have the start variance,
// as in the arch package of K. Sheppard; where it is the mean squared residual, v + (m − μ)², its two
// derivatives in μ start those of the recursion.

package import KeelNumerics

/// The log-likelihood of a model on a series.
package struct GARCHLikelihood {
  let model: GARCH
  let returns: [Double]
  private let start: Start

  /// The variance before the series.
  private enum Start {
    case fixed(Double)
    /// The mean square of the residuals, from mean and variance of the returns.
    case meanSquaredResidual(mean: Double, variance: Double)
  }

  /// Takes a series and the variance before it.
  package init(model: GARCH, returns: [Double], startVariance: Double) {
    self.model = model
    self.returns = returns
    start = .fixed(startVariance)
  }

  /// Takes a series; before it stands the mean square of its residuals.
  package init(model: GARCH, returns: [Double]) {
    self.model = model
    self.returns = returns
    let mean = returns.reduce(0, +) / Double(returns.count)
    let variance = returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(returns.count)
    start = .meanSquaredResidual(mean: mean, variance: variance)
  }

  /// The variance before the series, and its two derivatives in the mean.
  package func startVariance(_ parameters: [Double]) -> [Double] {
    switch start {
    case .fixed(let value):
      return [value, 0, 0]
    case .meanSquaredResidual(let mean, let variance):
      guard model.mean == .constant else { return [variance + mean * mean, 0, 0] }
      let distance = parameters[0] - mean
      return [variance + distance * distance, 2 * distance, 2]
    }
  }

  /// A value with derivatives; matrices are full, column after column.
  package struct Evaluation {
    package let value: Double
    package let gradient: [Double]
    package let hessian: [Double]
    /// Σ s sᵀ of the scores of the single returns.
    package let outer: [Double]

    /// Value, gradient, Hessian and outer products one after the other.
    fileprivate init(_ list: [Double], count: Int) {
      value = list[0]
      gradient = Array(list[1...count])
      hessian = Array(list[(count + 1)..<(1 + count + count * count)])
      outer = Array(list[(1 + count + count * count)...])
    }

    var isFinite: Bool {
      value.isFinite && gradient.allSatisfy(\.isFinite) && hessian.allSatisfy(\.isFinite)
        && outer.allSatisfy(\.isFinite)
    }
  }

  /// The value with exact derivatives, in the order mean, intercept, shocks, asymmetries, variances,
  /// shape; the outer products may be zero where they are not asked for.
  package func evaluate(
    _ parameters: [Double], outer: Bool, level: Kernels.Level = .automatic
  ) -> Evaluation {
    Evaluation(
      run(parameters, outer ? .outerProducts : .derivatives, level), count: parameters.count)
  }

  /// The value alone.
  package func value(_ parameters: [Double], level: Kernels.Level = .automatic) -> Double {
    run(parameters, .value, level)[0]
  }

  private func run(
    _ parameters: [Double], _ detail: VolatilityKernels.Detail, _ level: Kernels.Level
  ) -> [Double] {
    VolatilityKernels.likelihood(
      model, parameters: parameters, law: law(parameters), start: startVariance(parameters),
      returns: returns, detail: detail, level: level)
  }

  private func law(_ parameters: [Double]) -> [Double] {
    let shape = parameters.dropFirst(model.recursionParameterCount)
    return GARCHErrorTerms(
      model.errors, degreesOfFreedom: shape.first ?? .infinity,
      asymmetry: shape.count > 1 ? shape.last ?? 0 : 0
    ).list
  }
}
