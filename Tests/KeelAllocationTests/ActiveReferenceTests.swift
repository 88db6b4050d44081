import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Targets of tracking error and exposures to factors, from cvxpy and Clarabel.
struct ActiveReference: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let covariance: [[Double]]
  let mean: [Double]
  let low: Double
  let high: Double
  let benchmark: [Double]
  let trackingError: Double
  let activeReturn: Double
  let beta: [Double]
  let size: [Double]
  let neutralObjective: Double
  let exposedObjective: Double

  var testDescription: String { name }

  static let cases: [ActiveReference] = {
    struct File: Decodable { let cases: [ActiveReference] }
    do {
      return try Reference.load(File.self, "active_portfolios").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()

  var bounds: PortfolioConstraints.Bounds { .uniform(low...high) }
}

@Suite struct ActiveReferenceTests {
  private func table(_ loadings: [Double]) -> [AssetID: Double] {
    Dictionary(uniqueKeysWithValues: loadings.enumerated().map { (AssetID("A\($0)"), $1) })
  }

  private func sum(_ left: [Double], _ right: [Double]) -> Double {
    zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
  }

  @Test func referencesArePresent() { #expect(ActiveReference.cases.count == 12) }

  /// The highest return within a tracking error.
  @Test(arguments: ActiveReference.cases)
  func trackingErrorsMatch(_ reference: ActiveReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let benchmark = try Weights(universe: covariance.universe, values: reference.benchmark)
    let solution = try TargetRisk(
      volatility: reference.trackingError, benchmark: benchmark,
      constraints: PortfolioConstraints(bounds: reference.bounds)
    ).weights(expectedReturns: Market.returns(reference.mean), covariance: covariance)
    let found = solution.value
    expectClose(found.expectedReturn, reference.activeReturn, relative: 1e-7)
    let active = zip(found.weights.values, reference.benchmark).map { $0 - $1 }
    let risk = sum(active, covariance.product(with: active)).squareRoot()
    expectClose(risk, reference.trackingError, relative: 1e-11)
    expectClose(found.volatility, risk, relative: 1e-12)
  }

  /// No exposure to one factor and little to another, for a market without a net position.
  @Test(arguments: ActiveReference.cases)
  func neutralPortfoliosMatch(_ reference: ActiveReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let solution = try MaximumUtility(
      riskAversion: 4,
      constraints: PortfolioConstraints(
        bounds: .uniform(-0.5...0.5), budget: 0,
        linear: [
          .neutral("beta", loadings: table(reference.beta)),
          .exposure("size", loadings: table(reference.size), within: -0.02...0.05),
        ])
    ).weights(expectedReturns: Market.returns(reference.mean), covariance: covariance)
    expectClose(
      solution.certificate.primalObjective, reference.neutralObjective, relative: 1e-7,
      absolute: 1e-13)
    let w = solution.value.values
    expectClose(sum(w, reference.beta), 0, absolute: 1e-13)
    #expect(sum(w, reference.size) <= 0.05 + 1e-13 && sum(w, reference.size) >= -0.02 - 1e-13)
  }

  /// The least variance within an interval of exposures.
  @Test(arguments: ActiveReference.cases)
  func exposuresMatch(_ reference: ActiveReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let solution = try MinimumVariance(
      constraints: PortfolioConstraints(
        bounds: reference.bounds,
        linear: [.exposure("beta", loadings: table(reference.beta), within: 0.7...0.8)])
    ).weights(covariance: covariance)
    expectClose(
      solution.certificate.primalObjective, reference.exposedObjective, relative: 1e-7)
    let exposure = sum(solution.value.values, reference.beta)
    #expect(exposure >= 0.7 - 1e-13 && exposure <= 0.8 + 1e-13)
  }
}
