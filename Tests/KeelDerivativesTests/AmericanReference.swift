import KeelDerivatives
import KeelNumerics
import KeelTestSupport

/// The rows of `Tests/Reference/american.json`.
struct AmericanReference: Decodable, Sendable {
  /// Kind, spot, strike, volatility, rate, carry yield, time, price, absolute error.
  let prices: [[Double]]

  /// Kind, spot, strike, volatility, rate, carry yield, time, Barone-Adesi and Whaley, Bjerksund and Stensland.
  let approximations: [[Double]]

  static func load() throws -> AmericanReference {
    try Reference.load(Self.self, "american")
  }
}

/// The rows of `Tests/Reference/american_panels.json`: puts whose yield exceeds the rate.
struct AmericanPanelsReference: Decodable, Sendable {
  /// As those of ``AmericanReference``.
  let prices: [[Double]]

  static func load() throws -> AmericanPanelsReference {
    try Reference.load(Self.self, "american_panels")
  }
}

/// A market and an option.
struct AmericanCase: CustomStringConvertible {
  var model: BlackScholes
  var option: AmericanOption

  /// The first seven numbers of a reference row.
  init(_ row: [Double]) {
    model = BlackScholes(spot: row[1], volatility: row[3], rate: row[4], carryYield: row[5])
    option = AmericanOption(kind: kind(row[0]), strike: row[2], timeToExpiry: row[6])
  }

  /// A random one, within some deviations of the strike, with rates of a given range.
  init(
    _ generator: inout SeededGenerator,
    rates: ClosedRange<Double> = 0...0.12,
    yields: ClosedRange<Double> = -0.03...0.12
  ) {
    let volatility = generator.uniform(0.1...0.9)
    let time = generator.uniform(0.02...3)
    let deviations = generator.uniform(-1.5...1.5)
    let rate = generator.uniform(rates)
    let yield = generator.uniform(yields)
    option = AmericanOption(
      kind: generator.uniform() < 0.5 ? .call : .put, strike: 100, timeToExpiry: time)
    model = BlackScholes(
      spot: 100 * exponential(deviations * volatility * time.squareRoot()),
      volatility: volatility, rate: option.kind == .put ? rate : yield,
      carryYield: option.kind == .put ? yield : rate)
  }

  func boundary(
    _ precision: AmericanPrecision = .accurate,
    level: Kernels.Level = .automatic
  ) throws -> ExerciseBoundary {
    try ExerciseBoundary(
      of: option, volatility: model.volatility, rate: model.rate, carryYield: model.carryYield,
      precision: precision, level: level)
  }

  /// The size of a lattice's error: gamma at the strike times the square of the distance of two nodes.
  func latticeError(stepCount: Int) -> Double {
    option.strike * model.volatility * option.timeToExpiry.squareRoot() / Double(stepCount)
  }

  var description: String { "\(model) \(option)" }
}
