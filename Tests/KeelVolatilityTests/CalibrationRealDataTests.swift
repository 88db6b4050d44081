import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

extension VolatilityRealDataTests {
  /// Five parameters for all expiries follow a chain in volatility, not inside bid and ask; more follow it better.
  @Test(arguments: chains)
  func modelsFollowTheChain(day: String, currency: String) throws {
    let cleaned = try clean(chain(day, currency))
    let heston = try ModelCalibration<HestonModel>(to: cleaned.smiles, settings: .robust)
    #expect(heston.isConverged)
    let count = heston.quality.reduce(0) { $0 + $1.quoteCount }
    let inside = heston.quality.reduce(0) { $0 + $1.insideCount }
    // What five parameters reach, rounded down, as a record.
    let reached = [
      "2020-05-21 BTC": 0.3, "2026-01-10 BTC": 0.35, "2026-01-10 ETH": 0.3,
      "2026-02-10 BTC": 0.2, "2026-02-10 ETH": 0.4,
    ]
    let share = Double(inside) / Double(count)
    #expect(share >= reached["\(day) \(currency)"] ?? 1, "\(inside) of \(count)")
    for quality in heston.quality where quality.timeToExpiry > 0.1 {
      #expect(quality.rootMeanSquare < 0.06, "\(quality)")
    }
    guard currency == "ETH" else { return }
    var settings = CalibrationSettings.robust
    settings.start = heston.model.parameters + [0.5, -0.1, 0.1]
    settings.maximumStarts = 1
    settings.maximumIterations = 20
    let bates = try ModelCalibration<BatesModel>(to: cleaned.smiles, settings: settings)
    #expect(bates.sumOfSquares < heston.sumOfSquares)
  }
}
