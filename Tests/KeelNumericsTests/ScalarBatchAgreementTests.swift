import KeelNumerics
import KeelTestSupport
import Testing

/// The scalar functions are Swift and the batch functions are C, from different coefficients: each
/// is the second method of the other.
@Suite struct ScalarBatchAgreementTests {
  /// Arguments over the whole range, dense where the functions change method.
  private static let arguments: [Double] = {
    var generator = SeededGenerator(seed: 7)
    var values = (0..<4000).map { _ in generator.uniform(-40...40) }
    values += (0..<4000).map { _ in generator.uniform(-3...3) }
    values += hostileNumbers + hostileNumbers.map { -$0 }
    return values
  }()

  /// The bounds are the sum of both bounds against 50 digits.
  @Test func errorFunctions() {
    expectAgreement(SpecialFunctions.erf, SpecialFunctions.erf, Self.arguments, ulps: 3)
    expectAgreement(SpecialFunctions.erfc, SpecialFunctions.erfc, Self.arguments, ulps: 3)
    expectAgreement(
      SpecialFunctions.scaledErfc, SpecialFunctions.scaledErfc, Self.arguments, ulps: 3)
  }

  @Test func normalLaw() {
    expectAgreement(StandardNormal.pdf, StandardNormal.pdf, Self.arguments, ulps: 2)
    expectAgreement(StandardNormal.cdf, StandardNormal.cdf, Self.arguments, ulps: 3)
    expectAgreement(StandardNormal.survival, StandardNormal.survival, Self.arguments, ulps: 3)
  }

  @Test func normalQuantile() {
    var generator = SeededGenerator(seed: 8)
    var probabilities = (0..<4000).map { _ in generator.uniform(0...1) }
    probabilities += (0..<4000).map { _ in Double.exp10(generator.uniform(-300...0)) }
    probabilities += [0, 1, 0.5, -0.1, 1.1, .nan, .leastNonzeroMagnitude, 1 - 0x1p-53]
    expectAgreement(StandardNormal.quantile, StandardNormal.quantile, probabilities, ulps: 5)
  }

  @Test func logGammaAndDigamma() {
    var generator = SeededGenerator(seed: 9)
    var arguments = (0..<4000).map { _ in generator.uniform(0...20) }
    arguments += (0..<1000).map { _ in 1 / Double.exp10(generator.uniform(-300...0)) }
    arguments += hostileNumbers
    expectAgreement(SpecialFunctions.logGamma, SpecialFunctions.logGamma, arguments, ulps: 8)
    expectAgreement(SpecialFunctions.digamma, SpecialFunctions.digamma, arguments, ulps: 8)
  }

  private func expectAgreement(
    _ scalar: (Double) -> Double,
    _ batch: ([Double]) -> [Double],
    _ arguments: [Double],
    ulps bound: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let values = batch(arguments)
    for (x, value) in zip(arguments, values) {
      let reference = scalar(x)
      let difference = ulps(value, reference)
      if !(difference <= bound) {
        Issue.record(
          "at \(x): batch \(value), scalar \(reference), \(difference) ulp",
          sourceLocation: sourceLocation)
      }
    }
  }
}

extension Double {
  fileprivate static func exp10(_ x: Double) -> Double {
    // Only places the test points; accuracy does not matter.
    var result = 1.0
    var exponent = Int(x)
    while exponent < 0 {
      result /= 10
      exponent += 1
    }
    return result * (1 + (x - x.rounded(.towardZero)) * 0.9)
  }
}
