import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ConditionalLawTests {
  private struct Case: Decodable {
    var mean: [Double]
    var covariance: [[Double]]
    var degreesOfFreedom: Double?
    var given: [Int]
    var values: [Double]
    var conditionalMean: [Double]
    var conditionalCovariance: [[Double]]
  }
  private struct File: Decodable { var cases: [Case] }

  private static func moments(
    _ mean: [Double],
    _ rows: [[Double]]
  ) throws -> (ExpectedReturns, Covariance) {
    let universe = try RiskContributionsTests.universe(mean.count)
    return (
      try ExpectedReturns(universe: universe, values: mean),
      try Covariance(universe: universe, dense: SymmetricMatrix(rows: rows))
    )
  }

  @Test func matchesReferences() throws {
    for reference in try Reference.load(File.self, "conditional_laws").cases {
      let (mean, covariance) = try Self.moments(reference.mean, reference.covariance)
      let given = Dictionary(
        uniqueKeysWithValues: zip(reference.given.map { AssetID("A\($0)") }, reference.values))
      let rest: (ExpectedReturns, Covariance)
      if let freedom = reference.degreesOfFreedom {
        let law = try MultivariateStudentT(
          expectedReturns: mean, covariance: covariance, degreesOfFreedom: freedom
        ).conditional(on: given)
        #expect(law.degreesOfFreedom == freedom + Double(given.count))
        rest = (law.expectedReturns, law.covariance)
      } else {
        let law = try MultivariateNormal(expectedReturns: mean, covariance: covariance)
          .conditional(on: given)
        let limit = try MultivariateStudentT(
          expectedReturns: mean, covariance: covariance, degreesOfFreedom: .infinity
        ).conditional(on: given)
        #expect(limit.expectedReturns == law.expectedReturns && limit.covariance == law.covariance)
        rest = (law.expectedReturns, law.covariance)
      }
      let deviations = rest.1.standardDeviations
      for (i, expected) in reference.conditionalMean.enumerated() {
        expectClose(rest.0.values[i], expected, relative: 1e-11, absolute: 1e-12 * deviations[i])
        for (j, cross) in reference.conditionalCovariance[i].enumerated() {
          expectClose(
            rest.1.matrix[i, j], cross, absolute: 1e-11 * deviations[i] * deviations[j])
        }
      }
    }
  }

  /// Given one return after the other is given both at once.
  @Test(arguments: 1...10) func oneAfterTheOtherIsBothAtOnce(seed: Int) throws {
    let covariance = try RiskContributionsTests.covariance(order: 5, seed: UInt64(seed))
    let mean = try ExpectedReturns(
      universe: covariance.universe, values: [0.01, -0.02, 0, 0.005, 0.03])
    let law = try MultivariateStudentT(
      expectedReturns: mean, covariance: covariance, degreesOfFreedom: 4)
    let both = try law.conditional(on: ["A1": -0.05, "A3": 0.04])
    let steps = try law.conditional(on: ["A3": 0.04]).conditional(on: ["A1": -0.05])
    #expect(both.degreesOfFreedom == 6 && steps.degreesOfFreedom == 6)
    #expect(both.expectedReturns.universe.assets == ["A0", "A2", "A4"])
    let deviations = both.covariance.standardDeviations
    for i in 0..<3 {
      expectClose(
        steps.expectedReturns.values[i], both.expectedReturns.values[i], relative: 1e-9,
        absolute: 1e-9 * deviations[i])
      for j in 0..<3 {
        expectClose(
          steps.covariance.matrix[i, j], both.covariance.matrix[i, j],
          absolute: 1e-8 * deviations[i] * deviations[j])
      }
    }
  }

  @Test func twoAssetsByHand() throws {
    let (mean, covariance) = try Self.moments([0.01, 0.02], [[0.04, 0.03], [0.03, 0.09]])
    let law = try MultivariateNormal(expectedReturns: mean, covariance: covariance)
      .conditional(on: ["A0": -0.4])
    expectClose(law.expectedReturns.values[0], 0.02 + 0.75 * -0.41, relative: 1e-14)
    expectClose(law.covariance.matrix[0, 0], 0.09 - 0.03 * 0.75, relative: 1e-14)
  }

  /// What is a copy of a given asset is known, with no variance and no correlation beyond one.
  @Test func copiesAreKnown() throws {
    let (mean, covariance) = try Self.moments(
      [0, 0, 0, 0],
      [
        [0.37, 0.37, 0.1, 0.37], [0.37, 0.37, 0.1, 0.37], [0.1, 0.1, 0.2, 0.1],
        [0.37, 0.37, 0.1, 0.37],
      ])
    let law = try MultivariateStudentT(
      expectedReturns: mean, covariance: covariance, degreesOfFreedom: 5
    ).conditional(on: ["A0": -0.3])
    expectClose(law.expectedReturns.values[0], -0.3, relative: 1e-15)
    expectClose(law.expectedReturns.values[2], -0.3, relative: 1e-15)
    #expect(law.covariance.matrix[0, 0] == 0 && law.covariance.matrix[0, 2] == 0)
    #expect(law.covariance.matrix[1, 1] > 0)
  }

  @Test func badInputsAreNamed() throws {
    let (mean, covariance) = try Self.moments([0, 0], [[0.04, 0.03], [0.03, 0.09]])
    let law = try MultivariateNormal(expectedReturns: mean, covariance: covariance)
    #expect(
      throws: DistributionsError.universeMismatch(position: 0, left: "DOGE", right: nil)
    ) { try law.conditional(on: ["DOGE": 0.1]) }
    for given: [AssetID: Double] in [[:], ["A0": 0, "A1": 0]] {
      #expect(
        throws: DistributionsError.shapeMismatch(argument: "given", got: given.count, required: 1)
      ) { try law.conditional(on: given) }
    }
    for value in [Double.nan, .infinity] {
      #expect(throws: DistributionsError.self) { try law.conditional(on: ["A0": value]) }
    }
    let (flat, singular) = try Self.moments(
      [0, 0, 0], [[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    #expect(throws: DistributionsError.negativeVariance(0)) {
      try MultivariateNormal(expectedReturns: flat, covariance: singular)
        .conditional(on: ["A0": 0.1, "A1": 0.1])
    }
  }
}
