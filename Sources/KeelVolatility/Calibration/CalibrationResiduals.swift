import KeelDerivatives

/// The deviations of a model's prices, in half spreads of volatility, with their derivatives.
struct CalibrationResiduals<Model: CalibratableModel> {
  let expiries: [CalibrationQuotes]
  let outlierLimit: Double

  /// The parameters of the last evaluation.
  private var parameters: [Double] = []

  /// The deviations there, NaN where the model is not defined.
  private(set) var values: [Double]

  /// Their derivatives, a column a parameter.
  private(set) var slopes: [Double]

  init(_ expiries: [CalibrationQuotes], outlierLimit: Double) {
    self.expiries = expiries
    self.outlierLimit = outlierLimit
    let count = expiries.reduce(0) { $0 + $1.count }
    values = [Double](repeating: .nan, count: count)
    slopes = [Double](repeating: .nan, count: count * Model.parameterNames.count)
  }

  var count: Int { values.count }

  /// The sum of the squares at parameters; NaN where the model is not defined.
  func sumOfSquares(_ parameters: [Double]) -> Double {
    guard let model = try? Model(parameters: parameters) else { return .nan }
    var sum = 0.0
    for expiry in expiries {
      for side in expiry.sides {
        let prices = model.prices(
          of: side.kind, strikes: side.strikes, timeToExpiry: expiry.time, spot: 1, rate: 0,
          carryYield: 0
        ).prices
        for i in prices.indices {
          let value = tempered((prices[i] - side.prices[i]) * side.weights[i]).value
          sum += value * value
        }
      }
    }
    return sum
  }

  /// Evaluates at parameters, unless they are those of the last evaluation.
  mutating func evaluate(_ parameters: [Double]) {
    guard parameters != self.parameters else { return }
    self.parameters = parameters
    guard let model = try? Model(parameters: parameters) else {
      for k in values.indices { values[k] = .nan }
      return
    }
    var row = 0
    for expiry in expiries {
      for side in expiry.sides {
        let strip = model.parameterSlopes(
          of: side.kind, strikes: side.strikes, timeToExpiry: expiry.time, spot: 1, rate: 0,
          carryYield: 0)
        for i in side.strikes.indices {
          let deviation = (strip.options.prices[i] - side.prices[i]) * side.weights[i]
          let (value, factor) = tempered(deviation)
          values[row] = value
          for j in strip.slopes.indices {
            slopes[row + j * count] = factor * side.weights[i] * strip.slopes[j][i]
          }
          row += 1
        }
      }
    }
  }

  /// A number whose square is that of a deviation up to the limit, and grows in proportion beyond; and its derivative.
  ///
  /// Source: P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964).
  private func tempered(_ deviation: Double) -> (value: Double, slope: Double) {
    let size = deviation.magnitude
    guard size > outlierLimit else { return (deviation, 1) }
    let value = (outlierLimit * (2 * size - outlierLimit)).squareRoot()
    return (deviation < 0 ? -value : value, outlierLimit / value)
  }
}
