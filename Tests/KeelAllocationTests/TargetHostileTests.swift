import KeelAllocation
import KeelData
import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Targets, turnover and gross limits against bad numbers, and under permutation and scaling.
@Suite struct TargetHostileTests {
  private func check(
    _ label: String,
    _ body: () throws(AllocationError) -> Certificate
  ) {
    do throws(AllocationError) {
      let certificate = try body()
      #expect(certificate.holds(Certificate.optimalTolerances), "\(label)")
    } catch {
      // A typed error is an answer.
    }
  }

  @Test(arguments: hostileNumbers) func everyArgument(number: Double) throws {
    let (mean, covariance) = try Market.factorModel(count: 5, seed: 9)
    let equal = try Weights(
      universe: covariance.universe, values: [Double](repeating: 0.2, count: 5))
    check("target return") { () throws(AllocationError) in
      try TargetReturn(number).weights(expectedReturns: mean, covariance: covariance).certificate
    }
    check("target risk") { () throws(AllocationError) in
      try TargetRisk(volatility: number).weights(expectedReturns: mean, covariance: covariance)
        .certificate
    }
    check("tracking limit") { () throws(AllocationError) in
      try TargetRisk(volatility: number, benchmark: equal)
        .weights(expectedReturns: mean, covariance: covariance).certificate
    }
    for absolute in [
      AbsoluteConstraint.turnover(from: equal, limit: number), .gross(limit: number),
      AbsoluteConstraint("costs", coefficients: ["A0": number], limit: 0.1),
      AbsoluteConstraint("costs", reference: equal, coefficients: ["A0": number], limit: 1e300),
    ] {
      let constraints = PortfolioConstraints(bounds: .uniform(-1...1), absolute: [absolute])
      check("limit") { () throws(AllocationError) in
        try MinimumVariance(constraints: constraints).weights(covariance: covariance).certificate
      }
      check("sharpe") { () throws(AllocationError) in
        try MaximumSharpe(riskFreeRate: 0, constraints: constraints)
          .weights(expectedReturns: mean, covariance: covariance).certificate
      }
    }
    if number.isFinite {
      let far = try Weights(universe: covariance.universe, values: [number, 0, 0, 0, 1])
      check("benchmark") { () throws(AllocationError) in
        try TrackingError(to: far).weights(covariance: covariance).certificate
      }
      check("current") { () throws(AllocationError) in
        try MinimumVariance(
          constraints: PortfolioConstraints(absolute: [.turnover(from: far, limit: 0.5)])
        ).weights(covariance: covariance).certificate
      }
      let returns = try Market.returns([number, 0.1, 0.2, 0.3, 0.4])
      check("mean") { () throws(AllocationError) in
        try TargetRisk(volatility: 0.02).weights(expectedReturns: returns, covariance: covariance)
          .certificate
      }
      check("mean") { () throws(AllocationError) in
        try TargetReturn(0.1).weights(expectedReturns: returns, covariance: covariance).certificate
      }
    }
    if number.isFinite && number >= 0 {
      let extreme = try Market.covariance([
        [number, 0, 0], [0, 1e-4, 5e-5], [0, 5e-5, 2e-4],
      ])
      check("diversification") { () throws(AllocationError) in
        try MaximumDiversification().weights(covariance: extreme).certificate
      }
      check("target risk") { () throws(AllocationError) in
        try TargetRisk(volatility: 0.011)
          .weights(expectedReturns: Market.threeReturns, covariance: extreme).certificate
      }
    }
  }

  @Test func noAssetsAndOneAsset() throws {
    let none = try Covariance(universe: Universe([]), dense: SymmetricMatrix(order: 0))
    let nothing = try ExpectedReturns(universe: Universe([]), values: [])
    #expect(throws: AllocationError.self) {
      try TargetReturn(0).weights(expectedReturns: nothing, covariance: none)
    }
    #expect(throws: AllocationError.self) {
      try TargetRisk(volatility: 1).weights(expectedReturns: nothing, covariance: none)
    }
    #expect(throws: AllocationError.self) {
      try MaximumDiversification().weights(covariance: none)
    }
    let one = try Market.covariance([[0.04]])
    let mean = try Market.returns([0.01])
    #expect(
      try TargetReturn(0.01).weights(expectedReturns: mean, covariance: one).value.values == [1])
    let held = try Weights(universe: one.universe, values: [1])
    let choice = MinimumVariance(
      constraints: PortfolioConstraints(absolute: [.turnover(from: held, limit: 0.1)]))
    let solution = try choice.weights(covariance: one)
    #expect(solution.value.values == [1])
    #expect(try choice.explanation(of: solution, covariance: one).residual <= 1e-12)
    #expect(
      try TargetRisk(volatility: 1).weights(expectedReturns: mean, covariance: one)
        .value.weights.values == [1])
    #expect(try MaximumDiversification().weights(covariance: one).value.values == [1])
    #expect(try TrackingError(to: held).weights(covariance: one).value.values == [1])
  }

  @Test func weightsOfOtherAssetsAreRefused() throws {
    let (mean, covariance) = try Market.factorModel(count: 2, seed: 1)
    let other = try Weights(universe: Universe(["A1", "A0"]), values: [0.5, 0.5])
    let mismatch = AllocationError.universeMismatch(position: 0, left: "A1", right: "A0")
    #expect(throws: mismatch) { try TrackingError(to: other).weights(covariance: covariance) }
    #expect(throws: mismatch) {
      try TargetRisk(volatility: 1, benchmark: other)
        .weights(expectedReturns: mean, covariance: covariance)
    }
    let constraints = PortfolioConstraints(absolute: [.turnover(from: other, limit: 1)])
    #expect(throws: mismatch) {
      try MinimumVariance(constraints: constraints).weights(covariance: covariance)
    }
    let unknown = AbsoluteConstraint("costs", coefficients: ["X": 1], limit: 1)
    #expect(throws: AllocationError.universeMismatch(position: nil, left: "X", right: nil)) {
      try MinimumVariance(constraints: PortfolioConstraints(absolute: [unknown]))
        .weights(covariance: covariance)
    }
    #expect(throws: mismatch) {
      try EfficientFrontier(constraints: constraints)
        .curve(expectedReturns: mean, covariance: covariance)
    }
  }

  @Test(arguments: seeds(12))
  func permutationAndScale(seed: Int) throws {
    let count = 4 + seed
    let (mean, covariance) = try Market.factorModel(count: count, seed: seed + 40)
    var generator = SeededGenerator(seed: UInt64(seed) + 7)
    let order = Array(0..<count).shuffled(using: &generator)
    let universe = try Universe(order.map { covariance.universe.assets[$0] })
    let scale = [1e-4, 1e4][seed % 2]
    var scaledMatrix = covariance.matrix
    for i in 0..<count { for j in 0...i { scaledMatrix[i, j] = covariance.matrix[i, j] * scale } }
    let held = [Double](repeating: 1 / Double(count), count: count)
    func all(_ mean: ExpectedReturns, _ covariance: Covariance, _ scale: Double) throws -> [Weights]
    {
      let current = try Weights(universe: covariance.universe, values: held)
      let constraints = PortfolioConstraints(
        bounds: .uniform(-0.2...0.6), linear: [.group("pair", ["A0", "A1"], total: 0...0.5)],
        absolute: [.turnover(from: current, limit: 0.5), .gross(limit: 1.2)])
      let least = try MinimumVariance(constraints: constraints).weights(covariance: covariance)
      let floor = (2 * least.certificate.primalObjective).squareRoot()
      let most = try TargetRisk(volatility: 1.2 * floor, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      let target = try TargetReturn(most.value.expectedReturn, constraints: constraints)
        .weights(expectedReturns: mean, covariance: covariance)
      let diverse = try MaximumDiversification(constraints: constraints)
        .weights(covariance: covariance)
      return [least.value, most.value.weights, target.value, diverse.value]
    }
    let base = try all(mean, covariance, 1)
    let permuted = try all(
      ExpectedReturns(universe: universe, values: order.map { mean.values[$0] }),
      Covariance(universe: universe, dense: covariance.matrix.submatrix(at: order)), 1)
    let scaled = try all(
      mean, Covariance(universe: covariance.universe, dense: scaledMatrix), scale)
    for k in base.indices {
      for asset in covariance.universe.assets {
        let weight = try #require(base[k][asset])
        expectClose(try #require(permuted[k][asset]), weight, absolute: 1e-8, "\(k) permuted")
        expectClose(try #require(scaled[k][asset]), weight, absolute: 1e-8, "\(k) scaled")
      }
    }
  }
}

extension Market {
  /// Expected returns of three assets.
  static var threeReturns: ExpectedReturns {
    get throws(AllocationError) {
      do {
        return try returns([0.01, 0.02, 0.03])
      } catch {
        throw .invalidValue(argument: "returns", asset: nil, got: 0, allowed: 0...0)
      }
    }
  }
}
