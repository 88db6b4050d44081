import Foundation
import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

@Suite struct WeightPolicyTests {
  private let universe: Universe
  private let covariance: Covariance

  init() throws {
    universe = try Universe(["BTC", "ETH", "EURC", "MEME"])
    covariance = try Covariance(
      universe: universe,
      dense: SymmetricMatrix(diagonal: [0.04, 0.06, 0.0001, 0.09]))
  }

  @Test func policiesNarrowTheBounds() throws {
    let listed = WeightPolicy("listed", eligible: ["BTC", "ETH", "EURC", "OTHER"])
    let vote = WeightPolicy("proposal 12", bounds: ["BTC": 0.2...0.5, "ETH": 0...0.1])
    let second = WeightPolicy("proposal 15", bounds: ["BTC": 0.3...2])
    for order in [[listed, vote, second], [second, vote, listed]] {
      let narrowed = try PortfolioConstraints.longOnly.narrowed(by: order, over: universe)
      let expected: [AssetID: ClosedRange<Double>] = [
        "BTC": 0.3...0.5, "ETH": 0...0.1, "EURC": 0...1, "MEME": 0...0,
      ]
      #expect(narrowed.bounds == .byAsset(expected, others: 0...0))
      let weights = try MinimumVariance(constraints: narrowed)
        .weights(covariance: covariance).value
      #expect(weights["BTC"] == 0.3)
      #expect(weights["MEME"] == 0)
      expectClose(weights.total, 1, absolute: 1e-15)
    }
    let same = try PortfolioConstraints.longOnly.narrowed(by: [], over: universe)
    let plain = try MinimumVariance().weights(covariance: covariance).value
    #expect(
      try MinimumVariance(constraints: same).weights(covariance: covariance).value == plain)
  }

  @Test func clashesNameBothSides() throws {
    let listed = WeightPolicy("listed", eligible: ["ETH"])
    let vote = WeightPolicy("proposal 12", bounds: ["BTC": 0.2...0.5])
    #expect(
      throws: AllocationError.infeasible(
        constraints: ["BTC", "proposal 12", "listed"], contradiction: 0.2)
    ) {
      try PortfolioConstraints.longOnly.narrowed(by: [vote, listed], over: universe)
    }
    #expect(
      throws: AllocationError.infeasible(
        constraints: ["BTC", "proposal 12", "bounds"], contradiction: 0.2 - 0.1)
    ) {
      try PortfolioConstraints(bounds: .uniform(0...0.1)).narrowed(by: [vote], over: universe)
    }
    #expect(throws: AllocationError.self) {
      try PortfolioConstraints.longOnly.narrowed(
        by: [WeightPolicy("wrong", bounds: ["DOGE": 0...1])], over: universe)
    }
  }

  @Test func exposuresAreHeld() throws {
    let loadings: [AssetID: Double] = ["BTC": 1, "ETH": 1.4, "EURC": 0.1, "MEME": 2]
    let within = try MinimumVariance(
      constraints: PortfolioConstraints(
        linear: [.exposure("market", loadings: loadings, within: 0.9...1.1)])
    ).weights(covariance: covariance)
    let exposure = loadings.reduce(0) { $0 + $1.value * (within.value[$1.key] ?? .nan) }
    expectClose(exposure, 0.9, absolute: 1e-12)
    #expect((within.duals["market"] ?? 0) != 0)
    let neutral = try MinimumVariance(
      constraints: PortfolioConstraints(
        bounds: .uniform(-1...1), linear: [.neutral("market", loadings: loadings)])
    ).weights(covariance: covariance)
    let left = loadings.reduce(0) { $0 + $1.value * (neutral.value[$1.key] ?? .nan) }
    expectClose(left, 0, absolute: 1e-14)
  }

  @Test func policiesAreStored() throws {
    let policy = WeightPolicy(
      "proposal 12", eligible: ["BTC", "ETH"], bounds: ["BTC": 0.2...0.5])
    for stored in [policy, WeightPolicy("all", bounds: ["EURC": -0.25...1]), WeightPolicy("none")] {
      let data = try JSONEncoder().encode(stored)
      #expect(try JSONDecoder().decode(WeightPolicy.self, from: data) == stored)
    }
    #expect(
      policy == WeightPolicy("proposal 12", eligible: ["ETH", "BTC"], bounds: ["BTC": 0.2...0.5]))
  }
}
