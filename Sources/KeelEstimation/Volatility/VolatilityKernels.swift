import CKeelKernels
import KeelNumerics

/// The only door of this module to the C kernels; `unsafe` stands nowhere else.
enum VolatilityKernels {
  /// What a kernel computes.
  enum Detail: Int32 {
    case value = 0
    case derivatives = 1
    case outerProducts = 2
  }

  /// The value and, where asked for, gradient, Hessian and outer products of a model on a series, one
  /// after the other; `start` is the start variance with two derivatives in the mean.
  static func likelihood(
    _ model: GARCH, parameters: [Double], law: [Double], start: [Double],
    returns: [Double], detail: Detail, level: Kernels.Level
  ) -> [Double] {
    let count = parameters.count
    var result = [Double](
      repeating: 0, count: detail == .value ? 1 : 1 + count + 2 * count * count)
    if let order = FirstOrder(model, parameters) {
      unsafe keel_garch_first_order(
        order.values, law, start, returns, returns.count, order.places, Int32(count),
        detail.rawValue, &result, level.rawValue)
      return result
    }
    let m = model.recursionParameterCount
    var ring = 1
    while ring < model.largestLag { ring *= 2 }
    var work = [Double](
      repeating: 0, count: 2 * returns.count + (2 * ring + 1) * (m + m * (m + 1) / 2) + count)
    var lags = keel_garch_model(
      has_mean: model.meanCount, shocks: model.shockLags, asymmetries: model.asymmetryLags,
      variances: model.varianceLags, shapes: model.shapeCount,
      is_logarithmic: model.isLogarithmic ? 1 : 0)
    unsafe keel_garch(
      &lags, parameters, law, start, returns, returns.count,
      detail == .value ? 0 : 1, &work, &result)
    return result
  }

  /// The log-likelihood of correlations that follow standardized residuals, and its derivatives in both weights.
  ///
  /// Residuals are T rows of n, the target is a lower triangle, column after column; nil where a matrix is not
  /// positive definite.
  static func correlations(
    _ residuals: [Double], count n: Int, target: [Double], news: Double, memory: Double,
    level: Kernels.Level
  ) -> (value: Double, news: Double, memory: Double)? {
    var work = [Double](repeating: 0, count: 27 * target.count + 40 * n + 8)
    var result = [0.0, 0, 0]
    let status = unsafe keel_dynamic_correlations(
      residuals, residuals.count / n, n, target, news, memory, &work, &result, level.rawValue)
    return status == 0 ? (result[0], result[1], result[2]) : nil
  }

  /// A model with at most one lag of each kind, in the order of its kernel.
  private struct FirstOrder {
    var values = [Double](repeating: 0, count: 5)
    var places = [Int32](repeating: -1, count: 8)

    init?(_ model: GARCH, _ parameters: [Double]) {
      guard !model.isLogarithmic, model.largestLag == 1 else { return nil }
      var next: Int32 = 0
      func place(_ lane: Int, _ isPresent: Bool) {
        guard isPresent else { return }
        places[lane] = next
        if lane < 5 { values[lane] = parameters[Int(next)] }
        next += 1
      }
      place(4, model.mean == .constant)
      place(0, true)
      place(1, model.shockLags == 1)
      place(2, model.asymmetryLags == 1)
      place(3, model.varianceLags == 1)
      place(5, model.shapeCount > 0)
      place(6, model.shapeCount > 1)
    }
  }
}
