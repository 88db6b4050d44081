import Foundation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct ChebyshevInterpolantTests {
  /// Value, derivative and integral of a smooth function to rounding.
  @Test(arguments: [-1.0...1.0, 0.0...2.0, 100.0...101.5])
  func followsSmoothFunctions(interval: ClosedRange<Double>) throws {
    let middle = (interval.lowerBound + interval.upperBound) / 2
    func function(_ x: Double) -> Double { exp(x - middle) * cos(2 * (x - middle)) }
    func slope(_ x: Double) -> Double {
      exp(x - middle) * (cos(2 * (x - middle)) - 2 * sin(2 * (x - middle)))
    }
    let nodes = try ChebyshevInterpolant.nodes(count: 24, in: interval)
    #expect(nodes.first == interval.upperBound && nodes.last == interval.lowerBound)
    let interpolant = try ChebyshevInterpolant(values: nodes.map(function), in: interval)
    let derivative = interpolant.derivative
    for i in 0...50 {
      let x = interval.lowerBound + (interval.upperBound - interval.lowerBound) * Double(i) / 50
      expectClose(interpolant.value(at: x), function(x), absolute: 4e-14)
      // The nodes carry a rounding of their size, which the derivative multiplies by n².
      let rounding = 4e-12 * max(1, interval.upperBound)
      expectClose(derivative.value(at: x), slope(x), absolute: rounding)
    }
    let exact = try GaussLegendre(count: 40).integral(over: interval) { function($0) }
    expectClose(interpolant.integral, exact, absolute: 1e-13)
  }

  /// A polynomial of the degree is met everywhere, with its coefficients.
  @Test(arguments: 2...12)
  func isExactForPolynomials(count: Int) throws {
    let interval = -2.0...3.0
    func polynomial(_ x: Double) -> Double {
      (0..<count).reduce(0) { $0 * x + Double($1 % 3) - 0.7 }
    }
    let nodes = try ChebyshevInterpolant.nodes(count: count, in: interval)
    let interpolant = try ChebyshevInterpolant(values: nodes.map(polynomial), in: interval)
    for x in [-2, -1.3, 0, 0.4, 2.9, 3] {
      expectClose(interpolant.value(at: x), polynomial(x), relative: 1e-13, absolute: 1e-10)
    }
    #expect(interpolant.coefficients.count == count)
    #expect(interpolant.derivative.coefficients.count == count - 1)
  }

  @Test func refusesBadInput() throws {
    #expect(throws: NumericsError.self) { try ChebyshevInterpolant.nodes(count: 1, in: 0...1) }
    #expect(throws: NumericsError.self) { try ChebyshevInterpolant.nodes(count: 3, in: 1...1) }
    #expect(throws: NumericsError.self) { try ChebyshevInterpolant(values: [1], in: 0...1) }
    #expect(throws: NumericsError.self) { try ChebyshevInterpolant(values: [1, .nan], in: 0...1) }
    #expect(throws: NumericsError.self) {
      try ChebyshevInterpolant(values: [1, 2], in: 0 ... .infinity)
    }
    let line = try ChebyshevInterpolant(values: [3, 1], in: 0...1)
    expectClose(line.value(at: 0.25), 1.5, relative: 1e-15)
    #expect(line.value(at: .nan).isNaN)
    expectClose(line.integral, 2, relative: 1e-15)
    expectClose(line.derivative.value(at: 0.5), 2, relative: 1e-15)
  }
}
