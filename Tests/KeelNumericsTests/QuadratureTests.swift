import Foundation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct QuadratureTests {
  /// Exact for polynomials up to degree 2n − 1; weights add to two.
  @Test(arguments: [1, 2, 3, 5, 8, 16, 33, 64, 100, 301, 1024])
  func gaussIsExactForPolynomials(count: Int) throws {
    let rule = try GaussLegendre(count: count)
    #expect(rule.nodes.count == count && rule.weights.count == count)
    expectClose(rule.weights.reduce(0, +), 2, relative: 1e-13)
    for i in rule.nodes.indices {
      #expect(rule.nodes[i] == -rule.nodes[count - 1 - i])
      #expect(i == 0 || rule.nodes[i] > rule.nodes[i - 1])
    }
    for degree in Set([0, 1, count, 2 * count - 2, 2 * count - 1]) {
      let power = rule.integral(over: 0...1) { x in pow(x, Double(degree)) }
      expectClose(power, 1 / Double(degree + 1), relative: 1e-12, "\(count) \(degree)")
    }
    if count >= 16 {
      expectClose(rule.integral(over: -1...3) { exp($0) }, exp(3) - exp(-1), relative: 1e-13)
    }
  }

  /// The nodes of five points in closed form.
  @Test func gaussNodes() throws {
    let rule = try GaussLegendre(count: 5)
    let outer = (5 + 2 * (10.0 / 7).squareRoot()).squareRoot() / 3
    expectClose(rule.nodes[4], outer, relative: 2e-16)
    #expect(rule.nodes[2] == 0)
    expectClose(rule.weights[2], 128.0 / 225, relative: 4e-16)
    expectClose(rule.weights[0], (322 - 13 * 70.0.squareRoot()) / 900, relative: 1e-15)
    #expect(throws: NumericsError.self) { try GaussLegendre(count: 0) }
    #expect(throws: NumericsError.self) { try GaussLegendre(count: 1025) }
  }

  /// A name, an interval, a function of the argument and the exact integral.
  struct Example: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let interval: ClosedRange<Double>
    let function: @Sendable (Double, Double) -> Double
    let exact: Double
  }

  static let smooth = [
    Example(
      testDescription: "exp", interval: 0...1, function: { x, _ in exp(x) },
      exact: 1.718281828459045),
    Example(
      testDescription: "peak", interval: -1...1,
      function: { x, _ in 1 / (1e-4 + x * x) }, exact: 2 * atan(100.0) * 100),
    Example(
      testDescription: "oscillation", interval: 0...10, function: { x, _ in cos(10 * x) },
      exact: sin(100.0) / 10),
    Example(
      testDescription: "odd", interval: -2...2, function: { x, _ in x * x * x }, exact: 0),
  ]

  static let singular = [
    Example(
      testDescription: "root", interval: 0...4, function: { x, _ in x.squareRoot() },
      exact: 16.0 / 3),
    Example(
      testDescription: "logarithm", interval: 0...1, function: { x, _ in log(x) }, exact: -1),
    Example(
      testDescription: "inverse root", interval: 0...1,
      function: { x, d in 1 / (x < 0.5 ? d : x).squareRoot() },
      exact: 2),
    Example(
      testDescription: "both ends", interval: -1...1,
      function: { x, d in 1 / (d * (2 - d)).squareRoot() }, exact: .pi),
  ]

  @Test(arguments: smooth)
  func kronrodIntegrates(example: Example) throws {
    let result = try GaussKronrod.integral(over: example.interval) { example.function($0, 0) }
    let scale = max(example.exact.magnitude, 1e-3)
    expectClose(result.value, example.exact, absolute: 1e-12 * scale)
    #expect((result.value - example.exact).magnitude <= max(result.errorEstimate, 1e-14 * scale))
  }

  @Test func kronrodFindsKinks() throws {
    let settings = Integral.Settings(relativeTolerance: 1e-10)
    let result = try GaussKronrod.integral(over: 0...1, settings: settings) { ($0 - 0.3).magnitude }
    expectClose(result.value, (0.09 + 0.49) / 2, relative: 1e-10)
    #expect(result.evaluationCount > 21)
  }

  @Test(arguments: smooth.filter { $0.testDescription != "peak" } + singular)
  func tanhSinhIntegrates(example: Example) throws {
    let result = try TanhSinh.integral(over: example.interval, of: example.function)
    let scale = max(example.exact.magnitude, 1)
    expectClose(result.value, example.exact, absolute: 1e-13 * scale)
    #expect(
      (result.value - example.exact).magnitude <= max(4 * result.errorEstimate, 1e-14 * scale))
  }

  @Test func refusesBadInput() {
    let bad: [ClosedRange<Double>] = [0 ... .infinity, -.infinity...0]
    for interval in bad {
      #expect(throws: NumericsError.self) { try GaussKronrod.integral(over: interval) { $0 } }
      #expect(throws: NumericsError.self) { try TanhSinh.integral(over: interval) { x, _ in x } }
    }
    #expect(throws: NumericsError.self) { try GaussKronrod.integral(over: 0...1) { _ in .nan } }
    #expect(throws: NumericsError.self) { try TanhSinh.integral(over: 0...1) { _, _ in .infinity } }
    for settings in [
      Integral.Settings(absoluteTolerance: -1), Integral.Settings(relativeTolerance: .nan),
      Integral.Settings(maximumEvaluations: 0),
    ] {
      #expect(throws: NumericsError.self) {
        try GaussKronrod.integral(over: 0...1, settings: settings) { $0 }
      }
      #expect(throws: NumericsError.self) {
        try TanhSinh.integral(over: 0...1, settings: settings) { x, _ in x }
      }
    }
    let few = Integral.Settings(relativeTolerance: 1e-14, maximumEvaluations: 50)
    #expect(throws: NumericsError.self) {
      try GaussKronrod.integral(over: 0...1, settings: few) { cos(300 * $0) }
    }
    #expect(throws: NumericsError.self) {
      try TanhSinh.integral(over: 0...1, settings: few) { x, _ in cos(300 * x) }
    }
    #expect((try? GaussKronrod.integral(over: 1...1) { $0 })?.value == 0)
    #expect((try? TanhSinh.integral(over: 1...1) { x, _ in x })?.value == 0)
  }
}
