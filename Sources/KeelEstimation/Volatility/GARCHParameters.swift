/// The parameters of a ``GARCH`` model, or one number for each of them, as their standard errors.
///
/// In the units of the returns: the mean in theirs, the intercept in their square (its logarithm
/// for EGARCH), all others are numbers.
public struct GARCHParameters: Hashable, Sendable, Codable {
  /// The mean μ; zero where the model has none.
  public var mean: Double

  /// The intercept ω.
  public var intercept: Double

  /// The weights αᵢ of the shocks, lag 1 first.
  public var shocks: [Double]

  /// The weights γᵢ of the asymmetric shocks, lag 1 first.
  public var asymmetries: [Double]

  /// The weights βⱼ of the variances, lag 1 first.
  public var variances: [Double]

  /// The degrees of freedom ν of the errors; nil where the law has none.
  public var degreesOfFreedom: Double?

  /// The asymmetry λ of the errors; zero where the law has none.
  public var errorAsymmetry: Double

  /// Creates parameters.
  ///
  /// - Parameters:
  ///   - mean: The mean μ.
  ///   - intercept: The intercept ω.
  ///   - shocks: The weights of the shocks, lag 1 first.
  ///   - asymmetries: The weights of the asymmetric shocks.
  ///   - variances: The weights of the variances.
  ///   - degreesOfFreedom: The degrees of freedom of the errors.
  ///   - errorAsymmetry: The asymmetry of the errors.
  public init(
    mean: Double = 0,
    intercept: Double,
    shocks: [Double],
    asymmetries: [Double] = [],
    variances: [Double],
    degreesOfFreedom: Double? = nil,
    errorAsymmetry: Double = 0
  ) {
    self.mean = mean
    self.intercept = intercept
    self.shocks = shocks
    self.asymmetries = asymmetries
    self.variances = variances
    self.degreesOfFreedom = degreesOfFreedom
    self.errorAsymmetry = errorAsymmetry
  }
}

extension GARCHParameters {
  /// From a list in the order mean, intercept, shocks, asymmetries, variances, shape.
  init(_ list: [Double], of model: GARCH) {
    var rest = list[...]
    func take(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    mean = take(model.meanCount).first ?? 0
    intercept = take(1).first ?? 0
    shocks = take(model.shockLags)
    asymmetries = take(model.asymmetryLags)
    variances = take(model.varianceLags)
    let shape = take(model.shapeCount)
    degreesOfFreedom = shape.first
    errorAsymmetry = shape.count > 1 ? shape[1] : 0
  }

  /// The list in the order mean, intercept, shocks, asymmetries, variances, shape.
  func list(for model: GARCH) -> [Double] {
    var list = model.mean == .constant ? [mean] : []
    list.append(intercept)
    list += shocks + asymmetries + variances
    if model.shapeCount > 0 { list.append(degreesOfFreedom ?? .nan) }
    if model.shapeCount > 1 { list.append(errorAsymmetry) }
    return list
  }
}
