import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Targets, turnover, gross exposure, tracking and diversification from cvxpy and Clarabel, refined in
/// 40-digit arithmetic.
struct TargetReference: Decodable, Sendable, CustomTestStringConvertible {
  let kind: String
  let name: String
  let covariance: [[Double]]
  let mean: [Double]
  let low: Double
  let high: Double
  let expected: [Double]
  let absolute: Double
  let target: Double?
  let riskAversion: Double?
  let reference: [Double]?
  let limit: Double?
  let members: Int?

  var testDescription: String { name }

  static let cases: [TargetReference] = {
    struct File: Decodable { let cases: [TargetReference] }
    do {
      return try Reference.load(File.self, "target_portfolios").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct TargetReferenceTests {
  @Test func referencesArePresent() {
    #expect(TargetReference.cases.count == 28)
  }

  @Test(arguments: TargetReference.cases)
  func matches(_ reference: TargetReference) throws {
    let covariance = try Market.covariance(reference.covariance)
    let mean = try Market.returns(reference.mean)
    var constraints = PortfolioConstraints(bounds: .uniform(reference.low...reference.high))
    func given() throws -> Weights {
      try Weights(universe: covariance.universe, values: #require(reference.reference))
    }
    let weights: Weights
    switch reference.kind {
    case "target-return":
      weights = try TargetReturn(#require(reference.target), constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance).value
    case "target-risk":
      weights = try TargetRisk(volatility: #require(reference.target), constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance).value.weights
    case "turnover", "gross":
      constraints.absolute = [
        AbsoluteConstraint("limit", reference: try given(), limit: try #require(reference.limit))
      ]
      weights = try MaximumUtility(
        riskAversion: #require(reference.riskAversion), constraints: constraints
      ).weights(expectedReturns: mean, covariance: covariance).value
    case "tracking-error":
      let members = try (0..<#require(reference.members)).map { AssetID("A\($0)") }
      constraints.linear = [
        .group("members", Set(members), total: -1...(try #require(reference.limit)))
      ]
      weights = try TrackingError(to: given(), constraints: constraints)
        .weights(covariance: covariance).value
    case "diversification":
      weights = try MaximumDiversification(constraints: constraints)
        .weights(covariance: covariance).value
    default:
      Issue.record("unknown kind \(reference.kind)")
      return
    }
    for (weight, expected) in zip(weights.values, reference.expected) {
      expectClose(weight, expected, absolute: reference.absolute, reference.name)
    }
  }
}
