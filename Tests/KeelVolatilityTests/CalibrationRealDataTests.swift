import KeelDerivatives
import KeelTestSupport
import KeelVolatility
import Testing

extension VolatilityRealDataTests {
  /// Models of a few parameters for all expiries at once follow a chain roughly; what they miss is said.
  @Test(arguments: chains)
  func modelsFollowTheChain(day: String, currency: String) throws {
    let cleaned = try clean(chain(day, currency))
    func calibrate<Model: CalibratableModel>(_ type: Model.Type) throws -> ModelCalibration<Model> {
      let fit = try ModelCalibration<Model>(to: cleaned.smiles, settings: .robust)
      let count = fit.quality.reduce(0) { $0 + $1.quoteCount }
      let inside = fit.quality.reduce(0) { $0 + $1.insideCount }
      print(Model.self, day, currency, fit.status, fit.iterationCount, fit.startCount, fit.sumOfSquares, "inside", inside, "of", count, fit.quality.map { $0.rootMeanSquare }, fit.model.parameters, fit.identification.standardErrors, fit.parametersNearBounds)
      return fit
    }
    let heston = try calibrate(HestonModel.self)
    let bates = try calibrate(BatesModel.self)
    let merton = try calibrate(MertonJumps.self)
    #expect(heston.isConverged && bates.isConverged && merton.isConverged)
    #expect(bates.sumOfSquares <= heston.sumOfSquares)
  }
}
