import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// Bounds of errors over random parameters, each against a second method whose own error is `slack`.
@Suite struct StripBoundTests {
  private static let slack = 1e-14
  private static let depths: [Double] = [-7, -3, -1, -0.2, 0, 0.3, 1.2, 3, 6]

  /// A call on a forward of one from a sum or an integral over Black prices or moments.
  private typealias Second = (_ strike: Double) -> Double

  private func expectBounds(
    _ model: some CharacteristicModel,
    time: Double,
    slack: Double = slack,
    _ second: Second
  ) {
    let deviation = model.logVariance(timeToExpiry: time).squareRoot()
    let strikes = Self.depths.map { exponential($0 * deviation) }
    let strip = model.prices(
      of: .call, strikes: strikes, timeToExpiry: time, spot: 1, rate: 0, carryYield: 0)
    for i in strikes.indices {
      let error = (strip.prices[i] - second(strikes[i])).magnitude
      #expect(
        error <= strip.errors[i] + slack * max(1, strikes[i]),
        "\(model) at \(time), \(strikes[i]): \(error) above \(strip.errors[i])")
      #expect(strip.errors[i] <= 1e-12 * max(1, strikes[i]), "\(model) at \(time)")
    }
  }

  @Test(arguments: 1...20)
  func merton(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<50 {
      let model = try MertonJumps(
        volatility: power(10, generator.uniform(-1.3...0)),
        intensity: power(10, generator.uniform(-2...1.2)),
        jumpMean: generator.uniform(-0.5...0.3),
        jumpDeviation: power(10, generator.uniform(-2...(-0.4))))
      let time = power(10, generator.uniform(-2.5...0.7))
      expectBounds(model, time: time) { mixture(model, time, $0) }
    }
  }

  /// Merton's own series: Black prices given the number of jumps.
  private func mixture(_ model: MertonJumps, _ time: Double, _ strike: Double) -> Double {
    let (mean, square) = (model.jumpMean, model.jumpDeviation * model.jumpDeviation)
    let expected = model.intensity * time
    let growth = mean + square / 2
    let drift = -expected * (exponential(growth) - 1)
    var (sum, weight, tail) = (CompensatedSum(), exponential(-expected), 1.0)
    var n = 0.0
    while tail > 1e-18 || n < 2 * expected {
      let forward = exponential(n * growth + drift)
      let variance = model.volatility * model.volatility * time + n * square
      sum.add(
        weight
          * Black.price(
            .call, forward: forward, strike: strike, totalVolatility: variance.squareRoot()))
      tail = weight * max(forward, 1)
      n += 1
      weight *= expected / n
    }
    return sum.value
  }

  @Test(arguments: 1...10)
  func varianceGamma(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<10 {
      let clockVariance = power(10, generator.uniform(-1.5...0.3))
      let volatility = power(10, generator.uniform(-1.2...(-0.2)))
      let highest = 1 / clockVariance - volatility * volatility / 2
      let drift = min(generator.uniform(-0.5...0.3), 0.8 * highest)
      let model = try VarianceGamma(
        volatility: volatility, clockVariance: clockVariance, drift: drift)
      // T/ν from 0.02 to 20.
      let time = clockVariance * power(10, generator.uniform(-1.7...1.3))
      let shape = time / clockVariance
      let logScale = SpecialFunctions.logGamma(shape)
      let shift =
        shape * naturalLog(1 - (drift + volatility * volatility / 2) * clockVariance)
      let fall = min(1 / clockVariance, highest - drift)
      let high = naturalLog((45 + 6 * shape) / fall)
      try expectMixture(model, time, from: high - (45 / shape + 45), to: high, width: 0.3) {
        y, clock in
        let density = exponential(
          shape * (y - naturalLog(clockVariance)) - clock / clockVariance - logScale)
        let variance = volatility * volatility * clock
        return (density, exponential(shift + drift * clock + variance / 2), variance)
      }
    }
  }

  @Test(arguments: 1...10)
  func normalInverseGaussian(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<10 {
      let alpha = generator.uniform(2...40)
      let beta = generator.uniform(-0.8...0.3) * (alpha - 1.5)
      let model = try NormalInverseGaussian(
        tailDecay: alpha, asymmetry: beta, scale: power(10, generator.uniform(-1.5...0.3)))
      let time = power(10, generator.uniform(-2.5...0.7))
      let total = model.scale * time
      let speed = ((alpha - beta) * (alpha + beta)).squareRoot()
      let other = ((alpha - beta - 1) * (alpha + beta + 1)).squareRoot()
      let shift = total * (other - speed)
      let middle = total * max(speed, other) + 45
      let least = total * total / (2 * middle)
      let slowest = min(speed, other)
      let highest = 2 * (total * slowest + 45) / (slowest * slowest)
      // The clock's logarithm deviates by about (total · speed)^(−1/2).
      let width = min(0.3, 2 / (total * speed).squareRoot())
      try expectMixture(
        model, time, from: naturalLog(least), to: naturalLog(highest), width: width,
        // The exponent of the density rounds.
        slack: Self.slack + total * speed * 0x1p-51
      ) { _, clock in
        let gap = total - speed * clock
        let density =
          total / (2 * .pi * clock).squareRoot() * exponential(-gap * gap / (2 * clock))
        return (density, exponential(shift + (beta + 0.5) * clock), clock)
      }
    }
  }

  /// Black prices over the law of a clock, by panels in its logarithm.
  private func expectMixture(
    _ model: some CharacteristicModel,
    _ time: Double,
    from low: Double,
    to high: Double,
    width near: Double,
    slack: Double = slack,
    _ law: (_ logClock: Double, _ clock: Double) -> (
      density: Double, forward: Double, variance: Double
    )
  ) throws {
    let rule = try GaussLegendre(count: 20)
    var clocks: [(weight: Double, forward: Double, deviation: Double)] = []
    var end = high
    while end > low {
      // Far to the left only the mass is left, a slow exponential.
      let width = high - end < 40 ? near : max(near, 0.2 * (high - end - 40))
      let start = end - width
      for (node, weight) in zip(rule.nodes, rule.weights) {
        let y = start + width * (node + 1) / 2
        let (density, forward, variance) = law(y, exponential(y))
        clocks.append((weight * width / 2 * density, forward, variance.squareRoot()))
      }
      end = start
    }
    expectBounds(model, time: time, slack: slack) { strike in
      var sum = CompensatedSum()
      for (weight, forward, deviation) in clocks where weight > 0 {
        sum.add(
          weight
            * Black.price(.call, forward: forward, strike: strike, totalVolatility: deviation))
      }
      return sum.value
    }
  }

  @Test(arguments: 1...20)
  func kou(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<10 {
      let model = try KouJumps(
        volatility: generator.uniform(0.1...0.8), intensity: generator.uniform(0...10),
        upShare: generator.uniform(), upDecay: generator.uniform(1.5...30),
        downDecay: generator.uniform(1...30))
      expectLine(model, time: generator.uniform(0.05...4))
    }
  }

  @Test(arguments: 1...20)
  func heston(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<10 {
      let model = try randomHeston(&generator)
      expectLine(model, time: generator.uniform(0.1...5))
    }
  }

  @Test(arguments: 1...20)
  func bates(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<10 {
      let model = try BatesModel(
        diffusion: try randomHeston(&generator), intensity: generator.uniform(0...5),
        jumpMean: generator.uniform(-0.4...0.2), jumpDeviation: generator.uniform(0...0.3))
      expectLine(model, time: generator.uniform(0.1...5))
    }
  }

  private func randomHeston(_ generator: inout SeededGenerator) throws -> HestonModel {
    try HestonModel(
      initialVariance: generator.uniform(0.02...0.6), reversion: generator.uniform(0.1...6),
      meanVariance: generator.uniform(0.02...0.6),
      varianceVolatility: generator.uniform(0.05...1.5), correlation: generator.uniform(-0.95...0.9)
    )
  }

  /// The trapezoid rule on the line between the poles, with twice the nodes that it needs.
  private func expectLine(_ model: some CharacteristicModel, time: Double) {
    let step = 0.04
    var nodes: [(u: Double, weight: Complex)] = []
    var (u, small) = (0.0, 0)
    while small < 100, nodes.count < 200_000 {
      let z = Complex(0.5, u)
      let moment = model.logMoment(z, timeToExpiry: time).exponential
      let weight = (step / .pi * (u == 0 ? 0.5 : 1)) * (moment / (z * (z - 1)))
      nodes.append((u, weight))
      small = weight.modulus < 1e-20 ? small + 1 : 0
      u += step
    }
    expectBounds(model, time: time) { strike in
      let k = naturalLog(strike)
      var sum = CompensatedSum()
      for (u, weight) in nodes {
        let turned = weight * Complex(0, -u * k).exponential
        sum.add(turned.real)
      }
      return 1 + strike.squareRoot() * sum.value
    }
  }

  /// Jumps of one size and hardly any diffusion: no contour converges to all digits, and the bound says so.
  @Test func boundsHoldForAtoms() throws {
    for (volatility, jumpMean, deviation) in [
      (0.0, -0.2, 0.0), (0.001, 0.3, 0.0), (0.01, -0.1, 1e-4),
    ] {
      let model = try MertonJumps(
        volatility: volatility, intensity: 2, jumpMean: jumpMean, jumpDeviation: deviation)
      let strikes = [0.6, 0.9, 1.0, 1.1, 1.7]
      let strip = model.prices(
        of: .call, strikes: strikes, timeToExpiry: 1, spot: 1, rate: 0, carryYield: 0)
      for i in strikes.indices {
        let expected = mixture(model, 1, strikes[i])
        guard !strip.prices[i].isNaN else {
          #expect(strip.errors[i] == .infinity)
          continue
        }
        #expect((strip.prices[i] - expected).magnitude <= strip.errors[i] + Self.slack, "\(model)")
      }
    }
  }

  /// The kernel at every level against the plainest, within both bounds.
  @Test(arguments: Kernels.Level.allCases)
  func levelsAgree(level: Kernels.Level) throws {
    let models: [any CharacteristicModel] = [
      try HestonModel(
        initialVariance: 0.04, reversion: 1.5, meanVariance: 0.06, varianceVolatility: 0.7,
        correlation: -0.6),
      try VarianceGamma(volatility: 0.2, clockVariance: 0.3, drift: -0.1),
      try KouJumps(volatility: 0.15, intensity: 3, upShare: 0.4, upDecay: 12, downDecay: 9),
    ]
    for model in models {
      for time in [0.02, 1, 8] {
        func strip(_ level: Kernels.Level) -> OptionStrip {
          model.greeks(
            of: .put, strikes: [0.3, 0.8, 0.97, 1, 1.04, 1.3, 2.5], timeToExpiry: time, spot: 1,
            rate: 0, carryYield: 0, level: level)
        }
        let (here, baseline) = (strip(level), strip(.baseline))
        for i in here.prices.indices {
          let bound = here.errors[i] + baseline.errors[i]
          expectClose(here.prices[i], baseline.prices[i], absolute: bound)
          expectClose(here.deltas[i], baseline.deltas[i], absolute: 1e-14)
          expectClose(
            here.gammas[i], baseline.gammas[i], absolute: 1e-12 * max(1, baseline.gammas[i]))
        }
      }
    }
  }
}
