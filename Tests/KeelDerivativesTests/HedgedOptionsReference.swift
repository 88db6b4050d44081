import KeelDerivatives
import KeelTestSupport

/// The rows of `Tests/Reference/hedged_options.json`.
struct HedgedOptionsReference: Decodable, Sendable {
  struct Path: Decodable, Sendable {
    let kind: EuropeanOption.Kind
    let strike: Double
    let maturity: Double
    /// Time, spot, volatility, rate, carry yield.
    let moments: [[Double]]
    let quantity: Double
    let hedge: Double?
    let cost: Double
    /// Premium, hedge, carry, cost; gamma, theta, vega, vanna, volga, rates, direction, cost, residual.
    let steps: [[Double]]

    var option: EuropeanOption {
      EuropeanOption(kind: kind, strike: strike, timeToExpiry: maturity)
    }

    var path: [HedgedOption.Moment] {
      moments.map {
        HedgedOption.Moment(
          time: $0[0], spot: $0[1], impliedVolatility: $0[2], rate: $0[3], carryYield: $0[4])
      }
    }

    var settings: HedgedOption.Settings {
      var settings = HedgedOption.Settings()
      settings.quantity = quantity
      settings.costFraction = cost
      if let hedge { settings.hedge = .volatility(hedge) }
      return settings
    }
  }

  let paths: [Path]

  /// Spot, strike, time, rate, carry yield, implied, realized, hedge volatility, drift, mean profit of a call, deviation
  /// of one hedge.
  let profits: [[Double]]

  static func load() throws -> HedgedOptionsReference {
    try Reference.load(Self.self, "hedged_options")
  }
}
