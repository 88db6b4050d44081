import KeelEngine
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct CollateralChoiceTests {
  private static func choose(
    debt: Double = 1000,
    assets: [CollateralChoice.Asset],
    correlation: Double = 0.5,
    settings: CollateralChoice.Settings = .init()
  ) throws -> CollateralChoice {
    let rows = assets.indices.map { i in assets.indices.map { $0 == i ? 1 : correlation } }
    return try CollateralChoice(
      debt: debt, assets: assets, correlations: SymmetricMatrix(rows: rows), settings: settings)
  }

  private static let stable = CollateralChoice.Asset(
    value: 1500, liquidationThreshold: 0.8, volatility: 0.05)
  private static let risky = CollateralChoice.Asset(
    value: 1500, liquidationThreshold: 0.8, volatility: 0.9)

  @Test func oneAssetIsTheBarrierFormula() throws {
    let choice = try Self.choose(assets: [Self.risky])
    let compared = try BorrowInsteadOfSell(
      cash: 1000, sale: .init(),
      loan: .init(ratePerYear: 0, healthFactor: 1.2, volatility: 0.9), horizonYears: 1)
    expectClose(
      choice.safest.liquidationProbability, compared.liquidationProbability, relative: 1e-13)
    expectClose(choice.safest.healthFactor, 1.2, relative: 1e-14)
    expectClose(choice.safest.capitalEfficiency, 1000 / 1500, relative: 1e-14)
    #expect(choice.leanest == nil)
  }

  @Test func volatileCollateralCanHurt() throws {
    let small = CollateralChoice.Asset(value: 300, liquidationThreshold: 0.1, volatility: 2)
    let choice = try Self.choose(assets: [Self.stable, small], correlation: 0.9)
    #expect(choice.safest.places == [0] && choice.leanest?.places == [0])
    let both = try Self.choose(assets: [Self.stable, Self.risky])
    #expect(both.leanest?.places == [0])
    #expect(both.safest.liquidationProbability <= 1e-3)
  }

  /// No set does better, by the same numbers written out here.
  @Test(arguments: 1...20)
  func enumeratesAllSets(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let assets = (0..<5).map { _ in
      CollateralChoice.Asset(
        value: generator.uniform(100...900), liquidationThreshold: generator.uniform(0.5...0.9),
        volatility: generator.uniform(0.02...1.5))
    }
    var settings = CollateralChoice.Settings()
    settings.acceptedProbability = 0.1
    settings.borrowingRate = 0.05
    let choice = try Self.choose(debt: 600, assets: assets, settings: settings)
    for set in 1..<32 {
      let chosen = (0..<5).filter { set >> $0 & 1 == 1 }.map { assets[$0] }
      let alone = try Self.choose(debt: 600, assets: chosen, settings: settings)
      #expect(
        choice.safest.liquidationProbability <= alone.safest.liquidationProbability + 1e-15)
      if let lean = alone.leanest {
        #expect(try #require(choice.leanest).value <= lean.value * (1 + 1e-15))
      }
    }
  }

  @Test func hostileInputIsRefused() throws {
    for number in [Double.nan, .infinity, -1] {
      #expect(throws: EngineError.self) { try Self.choose(debt: number, assets: [Self.stable]) }
      #expect(throws: EngineError.self) {
        try Self.choose(assets: [Self.stable, Self.risky], correlation: number * 2)
      }
      for field in [
        \CollateralChoice.Asset.value, \CollateralChoice.Asset.liquidationThreshold,
        \CollateralChoice.Asset.volatility,
      ] {
        var asset = Self.stable
        asset[keyPath: field] = number
        let hostile = asset
        #expect(throws: EngineError.self) { try Self.choose(assets: [hostile]) }
      }
    }
    #expect(throws: EngineError.self) { try Self.choose(assets: []) }
    #expect(throws: EngineError.self) {
      try CollateralChoice(
        debt: 1, assets: [Self.stable], correlations: SymmetricMatrix(rows: [[1, 0], [0, 1]]))
    }
    let worthless = CollateralChoice.Asset(value: 0, liquidationThreshold: 0, volatility: 0)
    #expect(try Self.choose(assets: [worthless]).safest.liquidationProbability == 1)
  }
}
