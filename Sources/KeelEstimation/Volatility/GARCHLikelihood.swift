// Goals in order: exact first and second derivatives for every model, speed.
//
// The kernels advance the variance (its logarithm for EGARCH) with its derivatives of first and second
// order in the parameters of the recursion, by differentiating the recursion. With ℓ = ln h, a = ∂ℓ and
// z = e exp(−ℓ/2), the log-likelihood of one return is g(z) − ½ ℓ, and
//   ∂z = −½ z a − μ'/√h,   ∂²z = ¼ z a aᵀ − ½ z ∂²ℓ + (a μ'ᵀ + μ' aᵀ)/(2√h).
// Before the first return squares, variances and their halves below zero have the start variance,
// as in the arch package of K. Sheppard.

/// The log-likelihood of a model on a series.
struct GARCHLikelihood {
  let model: GARCH
  let returns: [Double]
  let startVariance: Double

  /// A value with derivatives; matrices are full, column after column.
  struct Evaluation {
    let value: Double
    let gradient: [Double]
    let hessian: [Double]
    /// Σ s sᵀ of the scores of the single returns.
    let outer: [Double]

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

  /// The value with exact derivatives; the outer products may be zero where they are not asked for.
  func evaluate(_ parameters: [Double], outer: Bool) -> Evaluation {
    Evaluation(
      VolatilityKernels.likelihood(
        model, parameters: parameters, law: law(parameters), startVariance: startVariance,
        returns: returns, outer: outer),
      count: parameters.count)
  }

  /// The value alone.
  func value(_ parameters: [Double]) -> Double {
    VolatilityKernels.value(
      model, parameters: parameters, law: law(parameters), startVariance: startVariance,
      returns: returns)
  }

  private func law(_ parameters: [Double]) -> [Double] {
    let shape = parameters.dropFirst(model.recursionParameterCount)
    return GARCHErrorTerms(
      model.errors, degreesOfFreedom: shape.first ?? .infinity,
      asymmetry: shape.count > 1 ? shape.last ?? 0 : 0
    ).list
  }
}
