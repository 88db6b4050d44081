import KeelAllocation
import KeelData
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// Hierarchical risk parity at the edge: an error or weights that add to one.
@Suite struct HierarchicalHostileTests {
  @Test(arguments: Forest.choices)
  func noAssetAndOneAsset(choice: HierarchicalRiskParity) throws {
    let none = try Covariance(universe: Universe([]), dense: SymmetricMatrix(order: 0))
    #expect(throws: AllocationError.infeasible(constraints: ["budget"], contradiction: 1)) {
      try choice.weights(covariance: none)
    }
    let one = try choice.weights(covariance: Forest.covariance([[0.04]]))
    #expect(one.weights.values == [1])
    #expect(one.tree.merges.isEmpty)
    expectClose(one.contributions.total, 0.2, relative: 1e-15)
  }

  @Test(arguments: Forest.choices)
  func anAssetWithoutVarianceIsNamed(choice: HierarchicalRiskParity) throws {
    let covariance = try Forest.covariance([[0.04, 0, 0], [0, 0, 0], [0, 0, 0.01]])
    #expect(
      throws: AllocationError.invalidValue(
        argument: "covariance", asset: Forest.name(1), got: 0,
        allowed: .leastNonzeroMagnitude ... .greatestFiniteMagnitude)
    ) {
      try choice.weights(covariance: covariance)
    }
  }

  @Test(arguments: Forest.choices)
  func equalAssetsHaveDistanceZero(choice: HierarchicalRiskParity) throws {
    // Assets 0, 2 and 4 are one asset; 4 is held with leverage two.
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<50 {
      let (a, b, c) = (generator.uniform(0.01...0.09), generator.uniform(), generator.uniform())
      let d = c * (a * b).squareRoot()
      let covariance = try Forest.covariance([
        [a, d, a, 0, 2 * a], [d, b, d, 0, 2 * d], [a, d, a, 0, 2 * a], [0, 0, 0, 1, 0],
        [2 * a, 2 * d, 2 * a, 0, 4 * a],
      ])
      let portfolio = try choice.weights(covariance: covariance)
      #expect(portfolio.tree.merges.prefix(2).map(\.height) == [0, 0])
      #expect(portfolio.tree.merges[0].first == .asset(Forest.name(0)))
      #expect(portfolio.tree.merges[0].second == .asset(Forest.name(2)))
      #expect(portfolio.weights.values.allSatisfy { $0 > 0 })
    }
  }

  @Test(arguments: Forest.choices)
  func allAssetsEqual(choice: HierarchicalRiskParity) throws {
    for correlation in [1.0, 0.5, 0] {
      var matrix = try SymmetricMatrix(order: 8, repeating: 0.04 * correlation)
      for i in 0..<8 { matrix[i, i] = 0.04 }
      let portfolio = try choice.weights(covariance: Forest.covariance(matrix))
      for weight in portfolio.weights.values { expectClose(weight, 0.125, relative: 1e-14) }
    }
  }

  @Test(arguments: Forest.choices)
  func clustersWithoutRisk(choice: HierarchicalRiskParity) throws {
    // Two perfect hedges: both halves, or one of them, have no variance.
    let hedge = [[0.04, -0.04], [-0.04, 0.04]]
    let pair = try choice.weights(covariance: Forest.covariance(hedge))
    #expect(pair.weights.values == [0.5, 0.5])
    #expect(pair.contributions.total == 0)
    let four = try choice.weights(
      covariance: Forest.covariance([
        [0.04, -0.04, 0.001, 0.001], [-0.04, 0.04, -0.001, -0.001], [0.001, -0.001, 0.09, 0.09],
        [0.001, -0.001, 0.09, 0.09],
      ]))
    expectClose(four.weights.total, 1, relative: 1e-15)
    #expect(four.weights.values.allSatisfy { $0 >= 0 })
  }

  @Test(arguments: Forest.choices)
  func anIndefiniteMatrixIsRefusedOrHasWeights(choice: HierarchicalRiskParity) throws {
    // All correlations −0.9: not a covariance beyond two assets.
    var matrix = try SymmetricMatrix(order: 8, repeating: -0.9)
    for i in 0..<8 { matrix[i, i] = 1 }
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try choice.weights(covariance: Forest.covariance(matrix))
    }
  }

  @Test(arguments: [
    subnormal("5e-324"), subnormal("1e-310"), 1e-300, 1e-150, 1, 1e150, 1e300, 1.7e308,
  ])
  func extremeScales(scale: Double) throws {
    let deviations = [1.0, 0.5, 0.25, 0.75]
    for ratio in [1.0, 1e-6, 1e-150] {
      let plain = try SymmetricMatrix(diagonal: deviations.map { $0 * $0 })
      var matrix = plain
      for i in 0..<4 {
        for j in 0...i {
          let product = deviations[i] * deviations[j] * (i == j ? 1 : 0.25)
          let factors = (i < 2 ? 1 : ratio) * (j < 2 ? 1 : ratio)
          matrix[i, j] = product * factors * scale
        }
      }
      guard let covariance = try? Forest.covariance(matrix) else { continue }
      for choice in Forest.choices {
        do throws(AllocationError) {
          let portfolio = try choice.weights(covariance: covariance)
          expectClose(portfolio.weights.total, 1, relative: 4 * .ulpOfOne)
          #expect(portfolio.weights.values.allSatisfy { $0 >= 0 })
        } catch {
          // A variance that underflows to zero is named.
          guard case .invalidValue(argument: "covariance", let asset, let got, _) = error else {
            Issue.record("\(error)")
            continue
          }
          #expect(asset != nil && got == 0)
        }
      }
    }
  }

  @Test func moreAssetsThanObservations() throws {
    let covariance = try Market.factorModel(count: 120, seed: 4, isSpecific: false).covariance
    for choice in Forest.choices {
      let portfolio = try choice.weights(covariance: covariance)
      expectClose(portfolio.weights.total, 1, relative: 120 * .ulpOfOne)
    }
  }
}
