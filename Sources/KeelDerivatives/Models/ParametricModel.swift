public import KeelNumerics

/// A model whose moments have derivatives by its parameters, so that it can be fitted.
public protocol ParametricModel: CharacteristicModel {
  /// The names of the parameters, in order.
  static var parameterNames: [String] { get }

  /// The parameters, in the order of the names.
  var parameters: [Double] { get }

  /// Creates a model from its parameters.
  ///
  /// - Parameter parameters: The parameters, in the order of the names.
  /// - Throws: `DerivativesError.shapeMismatch`, `.invalidValue`.
  init(parameters: [Double]) throws(DerivativesError)

  /// The derivatives of `logMoment` by each parameter.
  ///
  /// - Parameters:
  ///   - order: The order.
  ///   - timeToExpiry: The time in years, positive.
  /// - Returns: The derivatives, in the order of the names.
  func logMomentSlopes(_ order: Complex, timeToExpiry: Double) -> [Complex]
}

extension ParametricModel {
  /// Throws unless there is a number for each name.
  static func requireCount(_ parameters: [Double]) throws(DerivativesError) {
    guard parameters.count == parameterNames.count else {
      throw .shapeMismatch(
        argument: "parameters", got: parameters.count, required: parameterNames.count)
    }
  }

  /// The prices at several strikes, with their derivatives by each parameter.
  ///
  /// One contour and one set of moments serve prices and derivatives. The derivatives are zero where
  /// the price is certain. Accuracy: <doc:ModelsOfTheSpot>.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strikes: The strikes, in cash: finite, not negative, in any order.
  ///   - timeToExpiry: The time in years: finite, not negative.
  ///   - spot: The spot price, in cash: positive and finite.
  ///   - rate: The interest rate, continuously compounded per year: finite, of any sign.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  /// - Returns: Prices and derivatives, NaN where an argument is outside its domain.
  /// - Complexity: O(mp + mnp) for n strikes, m orders and p parameters.
  public func parameterSlopes(
    of kind: EuropeanOption.Kind,
    strikes: [Double],
    timeToExpiry: Double,
    spot: Double,
    rate: Double,
    carryYield: Double
  ) -> SlopeStrip {
    parameterSlopes(
      of: kind, strikes: strikes, timeToExpiry: timeToExpiry, spot: spot, rate: rate,
      carryYield: carryYield, level: .automatic)
  }

  /// The same at a level.
  ///
  /// - Parameters:
  ///   - kind: Call or put.
  ///   - strikes: The strikes, in cash.
  ///   - timeToExpiry: The time in years.
  ///   - spot: The spot price, in cash.
  ///   - rate: The interest rate, continuously compounded per year.
  ///   - carryYield: The yield of holding the asset, continuously compounded per year.
  ///   - level: The instruction set.
  /// - Returns: Prices and derivatives.
  package func parameterSlopes(
    of kind: EuropeanOption.Kind,
    strikes: [Double],
    timeToExpiry: Double,
    spot: Double,
    rate: Double,
    carryYield: Double,
    level: Kernels.Level
  ) -> SlopeStrip {
    let market = StripMarket(
      kind: kind, timeToExpiry: timeToExpiry, spot: spot, rate: rate, carryYield: carryYield,
      level: level)
    let columns = market.columns(
      of: self, strikes, hasGreeks: false, factorCount: Self.parameterNames.count
    ) { logMomentSlopes($0, timeToExpiry: timeToExpiry) }
    return SlopeStrip(
      options: market.strip(columns, strikes), slopes: Array(columns.values.dropFirst()))
  }
}
