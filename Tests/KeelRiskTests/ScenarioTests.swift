import Foundation
import KeelData
import KeelDerivatives
import KeelMarkets
import KeelRisk
import KeelTestSupport
import Testing

@Suite struct ScenarioTests {
  @Test func nothingChangesNoBit() throws {
    let market = try Sample.market()
    let catalog = try Catalog(Sample.listings())
    let after = try Scenario("none").applied(to: market, catalog: catalog, cash: "USD")
    #expect(after == market)
  }

  @Test func movesReachEveryQuote() throws {
    let market = try Sample.market()
    let catalog = try Catalog(Sample.listings())
    var scenario = Scenario("all")
    scenario.spotMoves = ["BTC": -0.4]
    scenario.otherSpotMove = -0.5
    scenario.pegMoves = ["USDC": -0.08]
    scenario.volatilityFactor = 1.5
    scenario.volatilityShift = 0.1
    scenario.fundingShift = -0.2
    scenario.rateShift = 0.01
    scenario.elapsedYears = 30.0 / 365
    let after = try scenario.applied(to: market, catalog: catalog, cash: "USD")
    expectClose(after.price(of: "USD"), 1)
    expectClose(after.price(of: "USDC"), 0.9995 * 0.92, relative: 1e-15)
    expectClose(after.price(of: "BTC"), 24_000, relative: 1e-15)
    expectClose(after.price(of: "ETH"), 1100, relative: 1e-15)
    expectClose(after.rate, 0.04, relative: 1e-15)
    #expect(after.time == (try Sample.start.advanced(byDays: 30)))
    guard case .option(let volatility, _)? = after.quotes["ETH-2000-P"],
      case .contract(let perpetual, let funding?)? = after.quotes["ETH-PERP"],
      case .contract(let future, nil)? = after.quotes["BTC-MAR"],
      case .lending(let index, let rate)? = after.quotes["USD-OWED"]
    else {
      Issue.record("a quote changed its kind")
      return
    }
    expectClose(volatility, 0.65 * 1.5 + 0.1, relative: 1e-15)
    expectClose(perpetual, 2203 * 0.5, relative: 1e-15)
    expectClose(funding.simplePerYear, 0.0002 * 1095 - 0.2, relative: 1e-12)
    // Two thirds of the basis are left, and the rate adds its own.
    let basis = pow(40_800 / 40_000.0, 60.0 / 90) * exp(0.01 * 60 / 365)
    expectClose(future, 24_000 * basis, relative: 1e-13)
    expectClose(index, 1.05 * exp(0.07 * 30 / 365), relative: 1e-14)
    expectClose(rate, 0.08, relative: 1e-14)
  }

  @Test func correlationBlendsToTheCommonMove() throws {
    let market = try Sample.market()
    let catalog = try Catalog(Sample.listings())
    func prices(_ fraction: Double) throws -> [Double] {
      var scenario = Scenario("blend")
      scenario.spotMoves = ["BTC": -0.2, "ETH": -0.5]
      scenario.commonMoveFraction = fraction
      return try scenario.pegging(["USDC"])
        .applied(to: market, catalog: catalog, cash: "USD").prices
    }
    #expect(try prices(0) == [1, 0.9995, 40_000 * 0.8, 2200 * 0.5])
    let common = try prices(1)
    expectClose(common[2], 40_000 * 0.65, relative: 1e-15)
    expectClose(common[3], 2200 * 0.65, relative: 1e-15)
    let half = try prices(0.5)
    expectClose(half[2], 40_000 * 0.725, relative: 1e-15)
    #expect(half[0] == 1 && half[1] == 0.9995)
  }

  /// The presets say what the data say.
  @Test(.enabled(if: Reference.realData != nil, "no real data: set KEEL_DATA"))
  func presetsMatchTheData() throws {
    let rows = try #require(try Reference.realRows("crypto_spot_daily.csv.gz"))
    var data: [String: [String: [String: String]]] = [:]
    for row in rows {
      guard let symbol = row["symbol"], let date = row["date"] else { continue }
      data[date, default: [:]][symbol] = row
    }
    func moves(_ before: String, _ after: String, _ field: String) -> [String: Double] {
      var moves: [String: Double] = [:]
      for (symbol, row) in data[after] ?? [:] {
        guard let old = Double(data[before]?[symbol]?["close"] ?? ""),
          let new = Double(row[field] ?? "")
        else { continue }
        moves[symbol] = new / old - 1
      }
      return moves
    }
    for (scenario, found) in [
      (Scenario.march2020, moves("2020-03-11", "2020-03-12", "close")),
      (.may2021, moves("2021-05-18", "2021-05-19", "close")),
      (.november2022, moves("2022-11-07", "2022-11-09", "close")),
      (.flashCrash, moves("2021-05-18", "2021-05-19", "low")),
    ] {
      for asset in ["BTC", "ETH"] {
        expectClose(
          try #require(scenario.spotMoves[AssetID(asset)]), try #require(found[asset]),
          absolute: 5e-5)
      }
      let others = found.filter { $0.key != "BTC" && $0.key != "ETH" }.values.sorted()
      let middle = others.count / 2
      let median =
        others.count % 2 == 1 ? others[middle] : (others[middle - 1] + others[middle]) / 2
      expectClose(scenario.otherSpotMove, median, absolute: 5e-5, scenario.name)
    }
  }

  @Test func hostileNumbersAndUnknownNamesAreRefused() throws {
    let market = try Sample.market()
    let catalog = try Catalog(Sample.listings())
    func refuses(_ change: (inout Scenario) -> Void) {
      var scenario = Scenario("hostile")
      change(&scenario)
      let changed = scenario
      #expect(throws: RiskError.self) {
        try changed.applied(to: market, catalog: catalog, cash: "USD")
      }
    }
    for number in [Double.nan, .infinity, -.infinity, 1e300, -1e300] {
      refuses { $0.spotMoves["ETH"] = number }
      refuses { $0.pegMoves["USDC"] = number }
      refuses { $0.otherSpotMove = number }
      refuses { $0.commonMoveFraction = number }
      refuses { $0.volatilityFactor = number }
      refuses { $0.volatilityShift = number }
      refuses { $0.fundingShift = number }
      refuses { $0.rateShift = number }
      refuses { $0.depthFactor = number }
      refuses { $0.failures["venue"] = number }
      refuses { $0.elapsedYears = number }
    }
    refuses { $0.spotMoves["ETH"] = -1 }
    refuses { $0.depthFactor = 0 }
    #expect(throws: RiskError.unknownInstrument("DOGE")) {
      var scenario = Scenario("unknown")
      scenario.spotMoves["DOGE"] = 0.1
      _ = try scenario.applied(to: market, catalog: catalog, cash: "USD")
    }
    #expect(throws: RiskError.unknownInstrument("EUR")) {
      try Scenario("none").applied(to: market, catalog: catalog, cash: "EUR")
    }
    let ethOnly = try Sample.market(["USD", "ETH"])
    #expect(throws: RiskError.unknownInstrument("BTC")) {
      try Scenario.march2020.applied(to: ethOnly, catalog: Catalog(), cash: "USD")
    }
    let limited = Scenario.march2020.limited(to: ethOnly.universe)
    let after = try limited.applied(to: ethOnly, catalog: Catalog(), cash: "USD")
    expectClose(after.price(of: "ETH"), 2200 * 0.554, relative: 1e-14)
  }

  @Test func survivesStorage() throws {
    var scenario = Scenario.flashCrash
    scenario.failures = ["venue": 0.5]
    let data = try JSONEncoder().encode(scenario)
    #expect(try JSONDecoder().decode(Scenario.self, from: data) == scenario)
  }

  /// Of several listings on assets that the market lacks the first by name is reported.
  @Test func theFirstListingWithoutAnUnderlyingIsNamed() throws {
    var market = try Sample.market()
    let listings = try (0..<12).map {
      try Listing(
        AssetID("S\(10 + $0)"), .spot(asset: AssetID("X\(10 + $0)")), costFraction: 0, gas: 0)
    }
    for listing in listings { market.quotes[listing.id] = .contract(price: 1, funding: nil) }
    #expect(throws: RiskError.unknownInstrument("X10")) {
      try Scenario("none").applied(to: market, catalog: Catalog(listings), cash: "USD")
    }
  }
}
