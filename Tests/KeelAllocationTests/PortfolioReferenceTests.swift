import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Portfolios from Clarabel and PIQP, refined in 40-digit arithmetic.
struct PortfolioReference: Decodable, Sendable, CustomTestStringConvertible {
  let kind: String
  let name: String
  let covariance: [[Double]]
  let mean: [Double]
  let low: Double
  let high: Double
  let expected: [Double]
  let absolute: Double
  let riskAversion: Double?
  let budgets: [Double]?

  var testDescription: String { "\(kind) \(name)" }

  static let cases: [PortfolioReference] = {
    struct File: Decodable { let cases: [PortfolioReference] }
    do {
      return try Reference.load(File.self, "portfolios").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct PortfolioReferenceTests {
  @Test func referencesArePresent() {
    #expect(PortfolioReference.cases.count == 43)
  }

  @Test(arguments: PortfolioReference.cases)
  func matches(_ reference: PortfolioReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let mean = try Market.returns(reference.mean)
    let constraints = PortfolioConstraints(bounds: .uniform(reference.low...reference.high))
    switch reference.kind {
    case "minimum-variance":
      let solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      expect(solution.value, reference)
    case "utility":
      let riskAversion = try #require(reference.riskAversion)
      let solution = try MaximumUtility(
        riskAversion: riskAversion, constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance)
      expect(solution.value, reference)
    case "sharpe":
      let solution = try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      expect(solution.value, reference)
    case "rank-deficient":
      let solution = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      // Only the objective is unique; the reference is good to its own tolerance.
      let variance = 2 * solution.certificate.primalObjective
      #expect(variance <= reference.expected[0] + reference.absolute)
      #expect(variance >= reference.expected[0] - reference.absolute)
    case "risk-budgeting":
      let budgets = try #require(reference.budgets)
      let table = Dictionary(
        uniqueKeysWithValues: zip(covariance.universe.assets, budgets))
      let solution = try RiskBudgeting(budgets: .byAsset(table)).weights(covariance: covariance)
      expect(solution.value.weights, reference)
    default: Issue.record("unknown kind \(reference.kind)")
    }
  }

  private func expect(_ weights: Weights, _ reference: PortfolioReference) {
    for (weight, expected) in zip(weights.values, reference.expected) {
      expectClose(weight, expected, absolute: reference.absolute, reference.name)
      if expected == reference.low || expected == reference.high { #expect(weight == expected) }
    }
  }
}
