import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// Simulations within three standard errors of strips, whose bounds of errors are 1e-12 or less.
@Suite struct PathSimulationTests {
  private static let spot = 100.0
  private static let rate = 0.05
  private static let carryYield = 0.02
  private static let strikes = [70.0, 90, 100, 115, 140]
  private static let pathCount = 20_000

  private func expectStrip<Model: PathModel>(
    _ model: Model,
    times: [Double],
    seed: UInt64,
    pathCount: Int = pathCount
  ) throws {
    let expiry = times[times.count - 1]
    let strip = model.prices(
      of: .put, strikes: Self.strikes, timeToExpiry: expiry, spot: Self.spot, rate: Self.rate,
      carryYield: Self.carryYield)
    let simulation = try PathSimulation(
      of: model, spot: Self.spot, rate: Self.rate, carryYield: Self.carryYield, times: times,
      seed: seed)
    let simulated = try simulation.prices(
      pathCount: pathCount, on: BoundedPool(width: 2),
      payoffs: Self.strikes.map { strike in { path in max(0, strike - path[path.count - 1]) } })
    for (i, price) in simulated.enumerated() {
      #expect(price.pathCount == pathCount)
      #expect(price.standardError < 0.01 * Self.spot, "\(model) at \(times)")
      expectClose(
        price.price, strip.prices[i], absolute: 3 * price.standardError + strip.errors[i],
        "\(model) at \(times), strike \(Self.strikes[i]), error \(price.standardError)")
    }
  }

  private static func heston(
    _ v: Double, _ kappa: Double, _ theta: Double, _ xi: Double, _ rho: Double
  ) throws -> HestonModel {
    try HestonModel(
      initialVariance: v, reversion: kappa, meanVariance: theta, varianceVolatility: xi,
      correlation: rho)
  }

  @Test(arguments: [
    // Feller's condition held, violated, by far; no reversion, no mean; the ends of correlation;
    // almost and exactly without noise; from a variance of zero.
    (0.04, 1.5, 0.06, 0.3, -0.7), (0.3, 3, 0.36, 1.4, -0.3), (0.02, 0.5, 0.04, 2, 0.5),
    (0.09, 0, 0.1, 0.6, -0.5), (0.09, 1, 0, 0.6, -0.5), (0.3, 2, 0.3, 0.5, -1),
    (0.3, 2, 0.3, 0.5, 1), (0.09, 2, 0.16, 1e-3, -0.5), (0.09, 2, 0.16, 1e-9, 0.5),
    (0.09, 2, 0.16, 0, 0.5), (0, 2, 0.16, 0.7, -0.6), (0.09, 60, 0.16, 4, -0.6),
    // Years in which the variance reverts hundreds and thousands of times.
    (0.09, 800, 0.16, 30, -0.6), (0.3, 50_000, 0.16, 300, 0.9),
  ])
  func heston(v: Double, kappa: Double, theta: Double, xi: Double, rho: Double) throws {
    let model = try Self.heston(v, kappa, theta, xi, rho)
    try expectStrip(model, times: [0.5], seed: 1)
    try expectStrip(model, times: [0.1, 0.11, 0.5, 2], seed: 2, pathCount: 10_000)
  }

  @Test func otherModels() throws {
    let bates = try BatesModel(
      diffusion: Self.heston(0.3, 3, 0.36, 1.4, -0.3), intensity: 4, jumpMean: -0.08,
      jumpDeviation: 0.12)
    let merton = try MertonJumps(
      volatility: 0.3, intensity: 20, jumpMean: -0.05, jumpDeviation: 0.1)
    let kou = try KouJumps(
      volatility: 0.3, intensity: 10, upShare: 0.4, upDecay: 12, downDecay: 8)
    let gamma = try VarianceGamma(volatility: 0.4, clockVariance: 0.3, drift: -0.2)
    let inverse = try NormalInverseGaussian(tailDecay: 8, asymmetry: -2, scale: 1.5)
    for times in [[0.02], [0.7], [0.2, 0.25, 1.5]] {
      try expectStrip(bates, times: times, seed: 3)
      try expectStrip(merton, times: times, seed: 4)
      try expectStrip(kou, times: times, seed: 5)
      try expectStrip(gamma, times: times, seed: 6)
      try expectStrip(inverse, times: times, seed: 7)
    }
  }

  /// What one date has in common with the next one: `E[(S₂/S₁)^(1/2) v₁-dependence]` by moments of the variance.
  @Test func variancesAreRemembered() throws {
    // Squared growths of two steps far apart move together as the variances do:
    // Cov(I₁, I₂) for small steps is h² Cov(v₁, v₂), and v has variance and decay in closed form.
    let (v, kappa, theta, xi) = (0.3, 1.2, 0.2, 0.9)
    let model = try Self.heston(v, kappa, theta, xi, 0)
    let h = 1e-3
    let (first, second) = (0.5, 1.1)
    let count = 40_000
    let paths = try PathSimulation(
      of: model, spot: 1, rate: 0, carryYield: 0, times: [first, first + h, second, second + h],
      seed: 9
    ).paths(0..<count, on: BoundedPool(width: 2))
    var (sum, squares) = (0.0, 0.0)
    func mean(_ t: Double) -> Double { theta + (v - theta) * exponential(-kappa * t) }
    for k in 0..<count {
      let a = naturalLog(paths[1, k] / paths[0, k])
      let b = naturalLog(paths[3, k] / paths[2, k])
      let product = (a * a / h - mean(first)) * (b * b / h - mean(second))
      sum += product
      squares += product * product
    }
    let average = sum / Double(count)
    let error = ((squares / Double(count) - average * average) / Double(count)).squareRoot()
    let decay = exponential(-kappa * first)
    let variance =
      v * xi * xi / kappa * (decay - decay * decay)
      + theta * xi * xi / (2 * kappa) * (1 - decay) * (1 - decay)
    let expected = variance * exponential(-kappa * (second - first))
    #expect(error < expected / 4)
    expectClose(average, expected, absolute: 3 * error + 3 * h * expected)
  }

  @Test func samePathsForEveryWidthAndSplit() throws {
    let simulation = try PathSimulation(
      of: Self.heston(0.3, 3, 0.36, 1.4, -0.3), spot: 100, rate: 0.05, carryYield: 0,
      times: [0.1, 0.2, 0.4], seed: 5)
    let all = try simulation.paths(0..<3000)
    #expect(try simulation.paths(0..<3000, on: BoundedPool(width: 3)) == all)
    let part = try simulation.paths(1111..<1115)
    for k in 0..<4 {
      for i in 0..<3 { #expect(part[i, k] == all[i, 1111 + k]) }
    }
    let alone = try simulation.price(pathCount: 3000) { max($0[0], $0[1], $0[2]) }
    let pooled = try simulation.price(pathCount: 3000, on: BoundedPool(width: 3)) {
      max($0[0], $0[1], $0[2])
    }
    #expect(alone == pooled)
    #expect(try simulation.paths(5..<5).columnCount == 0)
  }

  /// The forward is the control itself: no error is left.
  @Test func forwardsAreExact() throws {
    let model = try Self.heston(0.3, 3, 0.36, 1.4, -0.3)
    let price = try PathSimulation(
      of: model, spot: 100, rate: 0.05, carryYield: 0.02, times: [1], seed: 5
    ).price(pathCount: 1000) { $0[0] }
    expectClose(price.price, 100 * exponential(-0.02), relative: 1e-12)
    // The rest of the squares is rounding, and the error its root.
    #expect(price.standardError < 1e-6)
  }

  @Test func refusesBadInput() throws {
    let model = try MertonJumps(
      volatility: 0.3, intensity: 1, jumpMean: 0, jumpDeviation: 0.1)
    func simulation(_ spot: Double, _ rate: Double, _ times: [Double]) throws {
      _ = try PathSimulation(
        of: model, spot: spot, rate: rate, carryYield: 0, times: times, seed: 1)
    }
    for (spot, rate, times) in [
      (0.0, 0.0, [1.0]), (.nan, 0, [1]), (100, .infinity, [1]), (100, 0, []), (100, 0, [0]),
      (100, 0, [1, 1]), (100, 0, [2, 1]), (100, 0, [.nan]), (100, 0, [.infinity]), (100, 0, [-1]),
      (100, 0, [.greatestFiniteMagnitude, 1]),
    ] {
      #expect(throws: DerivativesError.self) { try simulation(spot, rate, times) }
    }
    let good = try PathSimulation(
      of: model, spot: 100, rate: 0, carryYield: 0, times: [1], seed: 1)
    for count in [-1, 0, 2, Int.max] {
      #expect(throws: DerivativesError.self) { try good.price(pathCount: count) { $0[0] } }
    }
    #expect(throws: DerivativesError.self) { try good.paths(-1..<3) }
    #expect(throws: DerivativesError.self) { try good.paths(0..<Int.max) }
    #expect(try good.price(pathCount: 10) { _ in .nan }.price.isNaN)
    for payoff in [Double.infinity, .nan] {
      #expect(!(try good.price(pathCount: 10) { $0[0] > 100 ? payoff : 0 }.standardError < 1))
    }
    #expect(!(try good.price(pathCount: 10) { 1e160 * $0[0] }.standardError < 1))
    let tiny = try VarianceGamma(volatility: 1e-200, clockVariance: 1, drift: 0)
    let still = try PathSimulation(
      of: tiny, spot: 100, rate: 0, carryYield: 0, times: [1], seed: 1)
    expectClose(try still.price(pathCount: 10) { $0[0] }.price, 100, relative: 1e-12)
    #expect(try good.prices(pathCount: 10, payoffs: []).isEmpty)
  }
}
