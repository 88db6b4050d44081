import KeelNumerics
import KeelTestSupport
import Testing

/// A continuous function with its derivative, a bracket and its root from mpmath 1.3.0.
private struct RootCase: Sendable, CustomTestStringConvertible {
  let name: String
  let interval: ClosedRange<Double>
  let root: Double
  let function: @Sendable (Double) -> Double
  let derivative: @Sendable (Double) -> Double
  var testDescription: String { name }
}

private let rootCases: [RootCase] = [
  RootCase(
    name: "cubic x³ − 2x − 5", interval: 2...3, root: 2.0945514815423265,
    function: { $0 * $0 * $0 - 2 * $0 - 5 }, derivative: { 3 * $0 * $0 - 2 }),
  RootCase(
    name: "square root of 2", interval: 0...1e10, root: 1.4142135623730951,
    function: { $0 * $0 - 2 }, derivative: { 2 * $0 }),
  RootCase(
    name: "Φ(x) = 0.975", interval: -10...10, root: 1.9599639845400543,
    function: { StandardNormal.cdf($0) - 0.975 }, derivative: { StandardNormal.pdf($0) }),
  RootCase(
    name: "triple root at 1/3 of x − 1/3", interval: -1...1, root: 1.0 / 3,
    function: { ($0 - 1.0 / 3) * ($0 - 1.0 / 3) * ($0 - 1.0 / 3) },
    derivative: { 3 * ($0 - 1.0 / 3) * ($0 - 1.0 / 3) }),
  RootCase(
    name: "steep tanh-like", interval: -1...2, root: 0.1,
    function: { SpecialFunctions.erf(1e6 * ($0 - 0.1)) },
    derivative: { 1.1283791670955126e6 * StandardNormal.pdf(0) * ($0 == 0.1 ? 2.5 : 1e-9) }),
  RootCase(
    name: "pole 1/x − 1e8", interval: 1e-300...1, root: 1e-8,
    function: { 1 / $0 - 1e8 }, derivative: { -1 / ($0 * $0) }),
]

@Suite struct RootFindingTests {
  @Test(arguments: rootCases)
  private func brentFindsTheRoot(_ item: RootCase) throws {
    let result = try Brent.root(of: item.function, in: item.interval)
    expectClose(result.argument, item.root, relative: 1e-15, item.name)
    #expect(result.evaluationCount <= 180)
    #expect(result.value == item.function(result.argument))
  }

  @Test(arguments: rootCases)
  private func newtonFindsTheRoot(_ item: RootCase) throws {
    let result = try SafeguardedNewton.root(
      of: { (item.function($0), item.derivative($0)) }, in: item.interval)
    // Three tolerances of two ulp each at the triple root.
    expectClose(result.argument, item.root, relative: 1.4e-15, item.name)
  }

  @Test func toleranceIsKept() throws {
    var settings = Brent.Settings()
    settings.absoluteTolerance = 1e-3
    let loose = try Brent.root(of: { $0 * $0 - 2 }, in: 0...2, settings: settings)
    expectClose(loose.argument, 2.0.squareRoot(), absolute: 1e-3)
    let tight = try Brent.root(of: { $0 * $0 - 2 }, in: 0...2)
    #expect(loose.evaluationCount < tight.evaluationCount)
  }

  @Test func jumpsAndEnds() throws {
    let jump = try Brent.root(of: { $0 < 0.7 ? -1 : 1 }, in: 0...1)
    expectClose(jump.argument, 0.7, relative: 1e-15)
    #expect(try Brent.root(of: { $0 }, in: 0...5).argument == 0)
    #expect(try Brent.root(of: { $0 - 5 }, in: 0...5).argument == 5)
    #expect(try Brent.root(of: { $0 }, in: -1e308...1.5e308).argument.magnitude < 1e-31)
    #expect(try SafeguardedNewton.root(of: { ($0 - 5, 1) }, in: 0...5).argument == 5)
    let infinite = try Brent.root(of: { $0 < 2 ? -.infinity : .infinity }, in: 0...5)
    expectClose(infinite.argument, 2, relative: 1e-15)
    let flat = try SafeguardedNewton.root(of: { ($0 * $0 * $0, .nan) }, in: -1...2)
    #expect(flat.argument.magnitude < 1e-31)
    var exact = Brent.Settings()
    exact.absoluteTolerance = 0
    let zero = try SafeguardedNewton.root(
      of: { ($0 * $0 * $0, .nan) }, in: -1...2, settings: exact)
    #expect(zero.argument.magnitude < 1e-107)
  }

  @Test func refusals() {
    #expect(throws: NumericsError.rootNotBracketed(valueAtLowest: 1, valueAtHighest: 2)) {
      try Brent.root(of: { $0 }, in: 1...2)
    }
    #expect(throws: NumericsError.rootNotBracketed(valueAtLowest: 1, valueAtHighest: 2)) {
      try SafeguardedNewton.root(of: { ($0, 1) }, in: 1...2)
    }
    #expect(throws: NumericsError.self) { try Brent.root(of: { _ in .nan }, in: 1...2) }
    #expect(throws: NumericsError.self) {
      try Brent.root(of: { $0 == 0 ? -1 : ($0 == 1 ? 1 : .nan) }, in: 0...1)
    }
    #expect(throws: NumericsError.self) { try Brent.minimum(of: { _ in .nan }, in: 1...2) }
    #expect(throws: NumericsError.self) {
      try SafeguardedNewton.root(of: { _ in (.nan, 1) }, in: 1...2)
    }
    #expect(throws: NumericsError.self) { try Brent.root(of: { $0 }, in: -.infinity...2) }
    #expect(throws: NumericsError.self) { try Brent.minimum(of: { $0 }, in: -1...(.infinity)) }
    var settings = Brent.Settings()
    settings.maximumIterations = 3
    #expect(throws: NumericsError.self) {
      try Brent.root(of: { $0 * $0 - 2 }, in: 0...1e10, settings: settings)
    }
    #expect(throws: NumericsError.self) {
      try Brent.minimum(of: { ($0 - 1) * ($0 - 1) }, in: 0...1e10, settings: settings)
    }
    #expect(throws: NumericsError.self) {
      try SafeguardedNewton.root(of: { ($0 * $0 - 2, 0) }, in: 0...1e10, settings: settings)
    }
    settings.maximumIterations = 0
    #expect(
      throws: NumericsError.countOutOfRange(
        argument: "maximumIterations", got: 0, allowed: 1...Int.max)
    ) { try Brent.root(of: { $0 }, in: -1...2, settings: settings) }
    settings = Brent.Settings()
    settings.absoluteTolerance = .nan
    #expect(throws: NumericsError.self) {
      try Brent.root(of: { $0 }, in: -1...2, settings: settings)
    }
    settings.absoluteTolerance = 0
    settings.relativeTolerance = 2
    #expect(throws: NumericsError.self) {
      try Brent.minimum(of: { $0 }, in: -1...2, settings: settings)
    }
  }

  /// Every bracket of hostile ends returns or throws, and never runs long.
  @Test func hostileBrackets() {
    for low in hostileNumbers {
      for high in hostileNumbers where low <= high {
        for function: (Double) -> Double in [
          { $0 }, { 1 / $0 }, { $0 * $0 * $0 }, { $0 - subnormal("1e-310") },
        ] {
          var count = 0
          _ = try? Brent.root(
            of: {
              count += 1
              return function($0)
            }, in: low...high)
          _ = try? Brent.minimum(
            of: {
              count += 1
              return function($0)
            }, in: low...high)
          _ = try? SafeguardedNewton.root(
            of: {
              count += 1
              return (function($0), 1)
            }, in: low...high)
          #expect(count <= 7_600, "\(low) \(high)")
        }
      }
    }
  }

  @Test func minimaAreFound() throws {
    let parabola = try Brent.minimum(of: { ($0 - 2) * ($0 - 2) + 1 }, in: 0...5)
    expectClose(parabola.argument, 2, relative: 3e-8)
    expectClose(parabola.value, 1, relative: 1e-15)
    // The least value of Γ: its argument is the zero of digamma.
    let gamma = try Brent.minimum(of: SpecialFunctions.logGamma, in: 1...2)
    expectClose(gamma.argument, 1.4616321449683623, relative: 3e-8)
    expectClose(gamma.value, -0.12148629053584961, relative: 1e-14)
    let quartic = try Brent.minimum(of: { $0 * $0 * $0 * $0 }, in: -3...1e3)
    #expect(quartic.argument.magnitude < 1e-3)
    let edge = try Brent.minimum(of: { $0 }, in: 1...2)
    expectClose(edge.argument, 1, relative: 1e-7)
    let kink = try Brent.minimum(of: { ($0 - 0.3).magnitude }, in: -1...1)
    expectClose(kink.argument, 0.3, relative: 1e-7)
    let plateau = try Brent.minimum(of: { 1 + $0 * $0 }, in: -1...2)
    #expect(plateau.argument.magnitude < 3e-8)
    #expect(plateau.evaluationCount < 100)
    let flat = try Brent.minimum(of: { _ in 1 }, in: -1...1)
    #expect(flat.value == 1)
  }

  @Test(arguments: 1...50)
  func randomCubics(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let root = generator.uniform(-10...10)
    let (p, q) = (generator.uniform(-3...3), generator.uniform(0.1...9))
    // (x − root) ((x − p)² + q) has one real root.
    let function = { (x: Double) in (x - root) * ((x - p) * (x - p) + q) }
    let interval = (root - generator.uniform(0.01...1e3))...(root + generator.uniform(0.01...1e3))
    expectClose(
      try Brent.root(of: function, in: interval).argument, root, relative: 9e-16, absolute: 1e-300)
    let newton = try SafeguardedNewton.root(
      of: { (function($0), ($0 - p) * ($0 - p) + q + ($0 - root) * 2 * ($0 - p)) }, in: interval,
      from: root + 0.005)
    expectClose(newton.argument, root, relative: 9e-16, absolute: 1e-300)
  }

  @Test(.timeLimit(.minutes(1))) func aMinimumOverAllNumbersEnds() throws {
    var settings = Brent.Settings()
    settings.maximumIterations = .max
    let most = Double.greatestFiniteMagnitude
    let functions: [@Sendable (Double) -> Double] = [
      { $0 }, { -$0 }, { $0.magnitude }, { _ in 1 }, { ($0 - 1e308).magnitude },
    ]
    let minima = [-most, most, 0, nil, 1e308]
    for (function, minimum) in zip(functions, minima) {
      let found = try Brent.minimum(of: function, in: -most...most, settings: settings)
      guard let minimum else { continue }
      expectClose(found.argument, minimum, relative: 1e-7, absolute: 1e-15)
    }
  }

  @Test func theFunctionIsNotAskedOutsideTheInterval() throws {
    for end in [5e-300, 1, 3, 1e16, 1e300, Double.greatestFiniteMagnitude] {
      for interval in [end...end, -end...(-end), end.nextDown...end] {
        var isInside = true
        _ = try Brent.minimum(
          of: {
            isInside = isInside && interval.contains($0)
            return $0
          }, in: interval)
        #expect(isInside, "\(interval)")
      }
    }
  }
}
