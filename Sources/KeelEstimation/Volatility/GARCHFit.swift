import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A bound that a parameter of a fit has reached: the data want more, or nothing, of it.
@nonexhaustive
public enum GARCHBound: Hashable, Sendable {
  /// The intercept is at its least, a tiny part of the variance, or at its largest.
  case intercept

  /// A weight, or for GJR the sum of a shock's weights, is zero or has all there is for it.
  case weights

  /// No persistence: the variance is constant.
  case noPersistence

  /// The persistence is at its largest: the model is integrated and shocks never fade.
  case unitPersistence

  /// The degrees of freedom are at their lower bound.
  case lowestDegreesOfFreedom

  /// The degrees of freedom are at their upper bound: the tails are normal.
  case highestDegreesOfFreedom

  /// The mean, the asymmetry of the errors or a weight of EGARCH is at its bound.
  case other
}

/// A model of variance fitted to returns by maximum likelihood.
public struct GARCHFit: Hashable, Sendable {
  /// The model with its parameters, in the units of the returns.
  public let model: GARCHModel

  /// The log-likelihood.
  public let logLikelihood: Double

  /// The standard errors from the Hessian; NaN for parameters at a bound.
  public let standardErrors: GARCHParameters

  /// The standard errors that hold for other laws of the errors too (Bollerslev and Wooldridge);
  /// NaN for parameters at a bound.
  public let robustStandardErrors: GARCHParameters

  /// The number of steps from the start that won.
  public let iterations: Int

  /// Whether the maximum was found to rounding.
  public let isConverged: Bool

  /// The bounds that the fit has reached.
  public let activeBounds: Set<GARCHBound>

  /// The variance of each return given those before it.
  public let conditionalVariances: [Double]

  /// The returns less their mean.
  public let residuals: [Double]

  /// The state after the last return, for forecasts and further returns.
  public let filter: GARCHFilter

  /// The number of parameters.
  public var parameterCount: Int { model.specification.parameterCount }

  /// Akaike's information criterion `2k − 2 ln L`; smaller is better.
  public var akaikeCriterion: Double { 2 * (Double(parameterCount) - logLikelihood) }

  /// The Bayesian information criterion `k ln T − 2 ln L`; smaller is better.
  public var bayesianCriterion: Double {
    Double(parameterCount) * log(Double(residuals.count)) - 2 * logLikelihood
  }

  /// The residuals over their conditional deviations.
  public var standardizedResiduals: [Double] {
    zip(residuals, conditionalVariances).map { $0 / $1.squareRoot() }
  }
}

extension GARCH {
  /// The variance that stands before the first return of a fit.
  @nonexhaustive
  public enum StartVariance: Hashable, Sendable {
    /// A mean of the first 75 squares about the mean of the returns, with weights that fall by 0.94 (as in arch).
    case weightedSquares

    /// The mean square of all residuals at the mean of the model, which the fit finds with it.
    ///
    /// The choice of the published benchmark (Fiorentini, Calzolari and Panattoni 1996).
    case meanSquaredResidual

    /// A positive number, in the square of the units of the returns.
    case fixed(Double)
  }

  /// The settings of a fit.
  public struct FitSettings: Hashable, Sendable {
    /// The least degrees of freedom; at 2 there is no variance.
    public var lowestDegreesOfFreedom = 2.05

    /// The largest degrees of freedom: at 500 the excess kurtosis is 0.012.
    public var highestDegreesOfFreedom = 500.0

    /// The largest number of steps from one start; ten are usual.
    public var maximumIterations = 100

    /// The variance before the first return.
    public var startVariance = StartVariance.weightedSquares

    /// Creates the default settings.
    public init() {}
  }

  /// The least number of returns of a fit.
  public static let minimumObservationCount = 30

  /// Fits the model to returns by maximum likelihood.
  ///
  /// Before the first return stands the start variance of the settings. Multiplying the returns by c multiplies mean and deviation by c within 1e-8; by a
  /// power of two GARCH and GJR exactly.
  ///
  /// - Parameters:
  ///   - returns: At least ``minimumObservationCount`` finite returns of one asset, in time order.
  ///   - settings: Bounds and limits.
  /// - Returns: The fit; whether it converged and which bounds it reached are fields of it.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.invalidObservation`,
  ///   `EstimationError.zeroVariance` for a constant series, `EstimationError.invalidValue` for
  ///   settings without room, `EstimationError.notRepresentable`.
  /// - Complexity: O(T k²) a step for k parameters.
  public func fit(
    _ returns: [Double],
    settings: FitSettings = FitSettings()
  ) throws(EstimationError) -> GARCHFit {
    try settings.validate()
    let series = try ScaledSeries(
      returns, argument: "returns", minimumCount: Self.minimumObservationCount)
    let center = mean == .constant ? series.mean : 0
    let variance =
      series.values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(returns.count)
    let likelihood =
      switch settings.startVariance {
      case .weightedSquares:
        GARCHLikelihood(
          model: self, returns: series.values,
          startVariance: Self.startVariance(series.values, mean: center))
      case .meanSquaredResidual:
        GARCHLikelihood(model: self, returns: series.values)
      case .fixed(let variance):
        GARCHLikelihood(
          model: self, returns: series.values, startVariance: variance / series.scale / series.scale
        )
      }
    let coordinates = GARCHCoordinates(self, settings: settings)
    let starts = Self.startPoints.map { point in
      coordinates.start(
        mean: center, variance: variance, persistence: point.persistence, shocks: point.shocks,
        degrees: Self.startingDegrees)
    }
    let values = starts.map { likelihood.value(coordinates.parameters($0)) }
    let order = starts.indices.filter { values[$0].isFinite }.sorted { values[$0] > values[$1] }
    var best: GARCHSearch?
    for index in order.prefix(Self.searchCount) {
      var search = GARCHSearch(
        likelihood, coordinates, start: starts[index],
        maximumIterations: settings.maximumIterations)
      search.run()
      guard search.isUsable else { continue }
      if search.isBetter(than: best) { best = search }
      if returns.count > Self.smallSampleCount, search.isConverged, search.heldCount == 0 { break }
    }
    guard let best else { throw .notRepresentable(result: "logLikelihood") }
    return try best.result(series, returns)
  }

  /// The persistence of a start and the part of it that shocks have.
  private static let startPoints: [(persistence: Double, shocks: Double)] = [
    (0.98, 0.05), (0.95, 0.1), (0.8, 0.1), (0.5, 0.2),
  ]

  /// Six degrees of freedom are usual for standardized returns.
  private static let startingDegrees = 6.0

  /// So many starts are searched where one does not suffice.
  private static let searchCount = 3

  /// Up to this size, and at bounds, second maxima are usual.
  private static let smallSampleCount = 500

  /// The weights of the squares in the start variance fall by this factor.
  private static let startDecay = 0.94

  /// So many squares make the start variance.
  private static let startCount = 75

  /// The start variance of a series, as in the package arch.
  static func startVariance(_ returns: [Double], mean: Double) -> Double {
    var weight = 1.0
    var sum = 0.0
    var total = 0.0
    for value in returns.prefix(startCount) {
      sum += weight * (value - mean) * (value - mean)
      total += weight
      weight *= startDecay
    }
    // A start without motion has the variance of the whole.
    if sum > 0 { return sum / total }
    return returns.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(returns.count)
  }
}

extension GARCH.FitSettings {
  private static var allowedDegrees: ClosedRange<Double> { 2.01...1e5 }

  fileprivate func validate() throws(EstimationError) {
    if case .fixed(let startVariance) = startVariance,
      !(startVariance > 0 && startVariance.isFinite)
    {
      throw .invalidValue(
        argument: "startVariance", got: startVariance, lowest: .leastNonzeroMagnitude,
        highest: .greatestFiniteMagnitude)
    }
    let allowed = Self.allowedDegrees
    guard allowed.contains(lowestDegreesOfFreedom) else {
      throw .invalidValue(
        argument: "lowestDegreesOfFreedom", got: lowestDegreesOfFreedom,
        lowest: allowed.lowerBound, highest: allowed.upperBound)
    }
    guard highestDegreesOfFreedom > lowestDegreesOfFreedom,
      highestDegreesOfFreedom <= allowed.upperBound
    else {
      throw .invalidValue(
        argument: "highestDegreesOfFreedom", got: highestDegreesOfFreedom,
        lowest: lowestDegreesOfFreedom, highest: allowed.upperBound)
    }
    guard maximumIterations >= 1 else {
      throw .invalidValue(
        argument: "maximumIterations", got: Double(maximumIterations), lowest: 1,
        highest: Double(Int.max))
    }
  }
}

extension GARCHSearch {
  /// Log-likelihoods closer than this are those of equally good fits.
  private static var tie: Double { 1e-7 }

  fileprivate func isBetter(than other: GARCHSearch?) -> Bool {
    guard let other else { return true }
    let rise = evaluation.value - other.evaluation.value
    return rise > Self.tie || (rise > -Self.tie && isConverged && !other.isConverged)
  }

  fileprivate var heldCount: Int { x.indices.count { isHeld($0) } }

  /// The fit in the units of the returns.
  fileprivate func result(
    _ series: ScaledSeries, _ returns: [Double]
  ) throws(EstimationError) -> GARCHFit {
    let specification = likelihood.model
    let unit = GARCHUnit(specification, scale: series.scale)
    let parameters = GARCHParameters(unit.parameters(self.parameters), of: specification)
    let startVariance =
      likelihood.startVariance(self.parameters)[0] * series.scale * series.scale
    let model = try GARCHModel(
      specification, parameters: parameters, startVariance: startVariance)
    var filter = GARCHFilter(model)
    var variances: [Double] = []
    variances.reserveCapacity(returns.count)
    for value in returns {
      variances.append(filter.nextVariance)
      try filter.update(value)
    }
    let (plain, robust) = covariances()
    func errors(_ covariance: [Double]?) -> GARCHParameters {
      let n = x.count
      let scaled = covariance.map { unit.covariance($0) }
      let list = (0..<n).map { i in
        guard let variance = scaled?[i * (n + 1)], variance > 0 else { return Double.nan }
        return variance.squareRoot()
      }
      return GARCHParameters(list, of: specification)
    }
    return GARCHFit(
      model: model,
      logLikelihood: evaluation.value - Double(returns.count) * log(series.scale),
      standardErrors: errors(plain), robustStandardErrors: errors(robust),
      iterations: iterations, isConverged: isConverged, activeBounds: activeBounds,
      conditionalVariances: variances, residuals: returns.map { $0 - parameters.mean },
      filter: filter)
  }

  private var activeBounds: Set<GARCHBound> {
    var bounds: Set<GARCHBound> = []
    let model = likelihood.model
    let shapeIndex = model.recursionParameterCount
    for i in x.indices where isHeld(i) {
      let isLow = x[i] <= coordinates.lower[i]
      if i == shapeIndex {
        bounds.insert(isLow ? .highestDegreesOfFreedom : .lowestDegreesOfFreedom)
      } else if i > shapeIndex || i < model.meanCount {
        bounds.insert(.other)
      } else if i == model.meanCount {
        bounds.insert(.intercept)
      } else if i < coordinates.persistenceIndex {
        bounds.insert(.other)
      } else if i == coordinates.persistenceIndex {
        bounds.insert(isLow ? .noPersistence : .unitPersistence)
      } else {
        bounds.insert(.weights)
      }
    }
    return bounds
  }

  /// The covariances of the parameters, with coordinates at a bound held: by the Hessian and robust.
  private func covariances() -> (plain: [Double]?, robust: [Double]?) {
    let n = x.count
    let free = x.indices.filter { !isHeld($0) }
    var lower = [Double](repeating: 0, count: free.count * free.count)
    for (c, j) in free.enumerated() {
      for (r, i) in free.enumerated() where r >= c {
        lower[r + c * free.count] = hessian[i + j * n]
      }
    }
    guard !free.isEmpty,
      let inverse = try? Cholesky(SymmetricMatrix(lowerTriangleOf: lower, order: free.count))
        .inverse()
    else { return (nil, nil) }
    var full = [Double](repeating: 0, count: n * n)
    for (c, j) in free.enumerated() {
      for (r, i) in free.enumerated() { full[i + j * n] = inverse[r, c] }
    }
    let sandwich = Self.congruence(full, outer, n)
    // J V Jᵀ as a congruence with Jᵀ.
    var transposed = jacobian
    for j in 0..<n {
      for i in 0..<n { transposed[j + i * n] = jacobian[i + j * n] }
    }
    return (
      Self.congruence(transposed, full, n), Self.congruence(transposed, sandwich, n)
    )
  }
}

/// Takes parameters from returns in units of a scale to plain returns.
private struct GARCHUnit {
  let model: GARCH
  let scale: Double

  init(_ model: GARCH, scale: Double) {
    self.model = model
    self.scale = scale
  }

  private var firstVariance: Int {
    model.meanCount + 1 + model.shockLags + model.asymmetryLags
  }

  private var logSquare: Double { 2 * log(scale) }

  func parameters(_ list: [Double]) -> [Double] {
    var list = list
    if model.mean == .constant { list[0] *= scale }
    let i = model.meanCount
    guard model.isLogarithmic else {
      list[i] *= scale * scale
      return list
    }
    let persistence = list[firstVariance..<firstVariance + model.varianceLags].reduce(0, +)
    list[i] += (1 - persistence) * logSquare
    return list
  }

  func covariance(_ v: [Double]) -> [Double] {
    let n = model.parameterCount
    // The transposed Jacobian, a parameter of plain returns a column.
    var j = [Double](repeating: 0, count: n * n)
    for k in 0..<n { j[k * (n + 1)] = 1 }
    if model.mean == .constant { j[0] = scale }
    let i = model.meanCount
    if model.isLogarithmic {
      for k in firstVariance..<firstVariance + model.varianceLags { j[k + i * n] = -logSquare }
    } else {
      j[i * (n + 1)] = scale * scale
    }
    return GARCHSearch.congruence(j, v, n)
  }
}
