import KeelAllocation
import KeelData
import KeelNumerics
import KeelTestSupport
import Testing

/// Weights from skfolio, and from the recursion with 40 digits.
struct SchurReference: Decodable, Sendable, CustomTestStringConvertible {
  struct Result: Decodable, Sendable {
    let gamma: Double
    let effective: Double
    let weights: [Double]
    let budget: [Double]
  }

  let name: String
  let covariance: [[Double]]
  let order: [Int]
  /// The condition of the correlations.
  let condition: Double
  let results: [Result]

  var testDescription: String { name }

  static let cases: [SchurReference] = {
    struct File: Decodable { let cases: [SchurReference] }
    do {
      return try Reference.load(File.self, "hierarchical_schur").cases
    } catch {
      Issue.record("\(error)")
      return []
    }
  }()
}

@Suite struct SchurComplementaryTests {
  private func variance(_ covariance: Covariance, _ weights: [Double]) -> Double {
    var sum = 0.0
    for i in weights.indices {
      for j in weights.indices { sum += weights[i] * covariance.matrix[i, j] * weights[j] }
    }
    return sum
  }

  @Test func referencesArePresent() {
    #expect(SchurReference.cases.count == 12)
    #expect(SchurReference.cases.allSatisfy { $0.results.count == 6 })
  }

  @Test(arguments: SchurReference.cases)
  func matchesReference(_ reference: SchurReference) throws {
    let covariance = try Forest.covariance(reference.covariance)
    let accuracy = 1e-14 * reference.condition
    for result in reference.results {
      #if DEBUG
        if reference.order.count > 16 && result.gamma != 0.8 { continue }
      #endif
      let exact = try SchurComplementary(
        gamma: result.gamma, augmentation: .budget, distance: .direct
      ).weights(covariance: covariance)
      #expect(exact.tree.leafOrder == reference.order.map(Forest.name))
      #expect(exact.gamma == result.gamma)
      for (w, v) in zip(exact.weights.values, result.budget) {
        expectClose(w, v, absolute: accuracy, "budget \(result.gamma)")
      }
      let portfolio = try SchurComplementary(gamma: result.gamma, distance: .direct)
        .weights(covariance: covariance)
      // Up to three assets γ changes no weight, and the end that skfolio finds is arbitrary.
      let isFlat = reference.order.count <= 3
      // It finds ends to 1e-4.
      expectClose(
        portfolio.gamma, isFlat ? result.gamma : result.effective, absolute: 2e-4)
      if isFlat || result.effective == result.gamma {
        #expect(portfolio.gamma == result.gamma)
        for (w, v) in zip(portfolio.weights.values, result.weights) {
          expectClose(w, v, absolute: accuracy, "covariance \(result.gamma)")
        }
      } else {
        for (w, v) in zip(portfolio.weights.values, result.weights) {
          expectClose(w, v, absolute: 1e-3, "covariance \(result.gamma)")
        }
        let theirs = variance(covariance, result.weights)
        #expect(variance(covariance, portfolio.weights.values) <= theirs * (1 + 1e-12))
      }
    }
  }

  @Test(arguments: seeds(24))
  func gammaZeroIsRiskParity(seed: Int) throws {
    let (_, covariance) = try Market.factorModel(
      count: 1 + seed * 2, seed: seed, isSpecific: seed % 3 != 0)
    for parity in Forest.choices {
      let expected = try parity.weights(covariance: covariance)
      for augmentation in SchurComplementary.Augmentation.allCases {
        var choice = SchurComplementary(
          gamma: 0, augmentation: augmentation, distance: parity.distance,
          linkage: parity.linkage, order: parity.order)
        let portfolio = try choice.weights(covariance: covariance)
        #expect(portfolio.weights == expected.weights && portfolio.tree == expected.tree)
        #expect(portfolio.gamma == 0)
        // The recursion itself comes there.
        choice.gamma = 1e-15
        let near = try choice.weights(covariance: covariance)
        for (w, v) in zip(near.weights.values, expected.weights.values) {
          expectClose(w, v, absolute: 1e-12)
        }
      }
    }
  }

  @Test(arguments: seeds(24))
  func gammaOneIsTheLeastVariance(seed: Int) throws {
    let count = 1 + seed * 2
    let (_, covariance) = try Market.factorModel(count: count, seed: seed + 40)
    for parity in Forest.choices {
      let portfolio = try SchurComplementary(
        gamma: 1, augmentation: .budget, distance: parity.distance, linkage: parity.linkage,
        order: parity.order
      ).weights(covariance: covariance)
      #expect(portfolio.gamma == 1)
      // Least variance without bounds: every asset has one covariance with the portfolio, its variance.
      let weights = portfolio.weights.values
      expectClose(weights.reduce(0, +), 1, absolute: 1e-12)
      let least = variance(covariance, weights)
      for i in 0..<count {
        let product = (0..<count).reduce(0) { $0 + covariance.matrix[i, $1] * weights[$1] }
        expectClose(product, least, relative: 1e-10)
      }
    }
  }

  /// Where halves are not correlated with each other nothing is to be told.
  @Test func uncorrelatedAssets() throws {
    let covariance = try Forest.covariance(SymmetricMatrix(diagonal: [1, 2, 4, 0.5, 3, 1, 0.25]))
    let inverse = (0..<7).map { 1 / covariance.matrix[$0, $0] }
    for augmentation in SchurComplementary.Augmentation.allCases {
      for gamma in [0, 0.3, 1] {
        let portfolio = try SchurComplementary(
          gamma: gamma, augmentation: augmentation, distance: .direct
        ).weights(covariance: covariance)
        #expect(portfolio.gamma == gamma)
        for (w, v) in zip(portfolio.weights.values, inverse) {
          expectClose(w, v / inverse.reduce(0, +), relative: 1e-14)
        }
      }
    }
  }

  /// The variance never rises with γ, and no weight is negative.
  @Test(arguments: seeds(12))
  func varianceFallsUntilTheEnd(seed: Int) throws {
    let (_, covariance) = try Market.factorModel(count: 4 + seed * 2, seed: seed + 10)
    for order in LeafOrder.allCases {
      var last = Double.infinity
      var end = 0.0
      for k in 0...20 {
        let portfolio = try SchurComplementary(
          gamma: Double(k) / 20, distance: .direct, order: order
        ).weights(covariance: covariance)
        #expect(portfolio.weights.values.allSatisfy { $0 >= 0 })
        expectClose(portfolio.weights.total, 1, absolute: 1e-14)
        #expect(portfolio.gamma <= Double(k) / 20 && portfolio.gamma >= end)
        let variance = variance(covariance, portfolio.weights.values)
        #expect(variance <= last * (1 + 1e-13))
        (last, end) = (variance, portfolio.gamma)
      }
    }
  }

  @Test(arguments: 1...8)
  func theOrderOfTheAssetsChangesNoBit(seed: Int) throws {
    let covariance =
      seed % 4 == 0
      ? try Forest.covariance(Blocks.matrix(count: 16, groups: 4))
      : try Market.factorModel(count: 17, seed: seed).covariance
    let count = covariance.universe.count
    var generator = SeededGenerator(seed: UInt64(seed))
    let order = Array(0..<count).shuffled(using: &generator)
    let permuted = try Forest.permuted(covariance, order)
    for augmentation in SchurComplementary.Augmentation.allCases {
      let choice = SchurComplementary(gamma: 0.7, augmentation: augmentation, distance: .direct)
      let portfolio = try choice.weights(covariance: covariance)
      let other = try choice.weights(covariance: permuted)
      #expect(portfolio.tree == other.tree && portfolio.gamma == other.gamma)
      #expect(order.map { portfolio.weights.values[$0] } == other.weights.values)
    }
  }

  @Test(arguments: [-500, -30, 30, 480])
  func powersOfTwoChangeNoBit(exponent: Int) throws {
    let covariance = try Market.factorModel(count: 13, seed: 5).covariance
    let scale = Double(sign: .plus, exponent: 2 * exponent, significand: 1)
    var matrix = covariance.matrix
    for i in 0..<13 { for j in 0...i { matrix[i, j] *= scale } }
    let scaled = try Covariance(universe: covariance.universe, dense: matrix)
    for augmentation in SchurComplementary.Augmentation.allCases {
      let choice = SchurComplementary(gamma: 0.9, augmentation: augmentation, distance: .direct)
      let portfolio = try choice.weights(covariance: covariance)
      let other = try choice.weights(covariance: scaled)
      #expect(portfolio.weights == other.weights && portfolio.gamma == other.gamma)
    }
  }

  @Test(arguments: SchurComplementary.Augmentation.allCases)
  func hostileInput(augmentation: SchurComplementary.Augmentation) throws {
    let plain = try Forest.covariance([[0.04, 0.01, 0], [0.01, 0.09, 0.02], [0, 0.02, 0.05]])
    for gamma in hostileNumbers + [1 + .ulpOfOne, -0.1, 2] where !(0...1).contains(gamma) {
      do throws(AllocationError) {
        _ = try SchurComplementary(gamma: gamma, augmentation: augmentation, distance: .direct)
          .weights(covariance: plain)
        Issue.record("γ = \(gamma)")
      } catch {
        guard case .invalidValue(argument: "gamma", asset: nil, _, allowed: 0...1) = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
    let choice = SchurComplementary(gamma: 1, augmentation: augmentation, distance: .direct)
    let none = try Covariance(universe: Universe([]), dense: SymmetricMatrix(order: 0))
    #expect(throws: AllocationError.infeasible(constraints: ["budget"], contradiction: 1)) {
      try choice.weights(covariance: none)
    }
    #expect(try choice.weights(covariance: Forest.covariance([[0.04]])).weights.values == [1])
    #expect(throws: AllocationError.self) {
      try choice.weights(covariance: Forest.covariance([[0.04, 0], [0, 0]]))
    }
    var indefinite = try SymmetricMatrix(order: 8, repeating: -0.9)
    for i in 0..<8 { indefinite[i, i] = 1 }
    #expect(throws: AllocationError.covarianceNotPositiveSemidefinite) {
      try choice.weights(covariance: Forest.covariance(indefinite))
    }
    // Singular: rank three, equal assets, a perfect hedge. Weights add to one, and γ says what was left.
    var equal = try SymmetricMatrix(order: 8, repeating: 0.04)
    for singular in [
      try Market.factorModel(count: 12, seed: 3, isSpecific: false).covariance,
      try Forest.covariance(equal),
    ] {
      let portfolio = try choice.weights(covariance: singular)
      expectClose(portfolio.weights.total, 1, absolute: 1e-10)
      #expect(portfolio.gamma >= 0 && portfolio.gamma <= 1)
    }
    let hedge = try choice.weights(
      covariance: Forest.covariance([
        [0.04, -0.04, 0.001, 0.001], [-0.04, 0.04, -0.001, -0.001], [0.001, -0.001, 0.09, 0.09],
        [0.001, -0.001, 0.09, 0.09],
      ]))
    expectClose(hedge.weights.total, 1, absolute: 1e-14)
    // Variances from one end of the numbers to the other.
    for scale in [subnormal("5e-324"), subnormal("1e-310"), 1e-300, 1e300, 1.7e308] {
      for i in 0..<8 {
        for j in 0...i { equal[i, j] = scale * (i == j ? 1 : 0.25) }
      }
      equal[7, 7] = 1e-3
      guard let covariance = try? Forest.covariance(equal) else { continue }
      do throws(AllocationError) {
        let portfolio = try choice.weights(covariance: covariance)
        expectClose(portfolio.weights.total, 1, absolute: 1e-10)
      } catch {
        #expect(error == .covarianceNotPositiveSemidefinite, "\(scale)")
      }
    }
  }
}
