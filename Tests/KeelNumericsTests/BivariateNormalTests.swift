import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct BivariateNormalTests {
  /// x, y, correlation, probability, to 30 digits before the last rounding.
  private struct Rows: Decodable {
    let probabilities: [[Double]]
  }

  @Test func matchesReference() throws {
    for row in try Reference.load(Rows.self, "american").probabilities {
      let value = StandardNormal.bivariateCDF(row[0], row[1], correlation: row[2])
      expectClose(value, row[3], absolute: 1e-15, "\(row)")
    }
  }

  /// Symmetry, reflection to the marginal, and the orthant probability ¼ + asin(ρ)/2π.
  @Test(arguments: 1...40)
  func identities(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    for _ in 0..<50 {
      let (x, y) = (generator.uniform(-6...6), generator.uniform(-6...6))
      let rho = generator.uniform(-1...1)
      let value = StandardNormal.bivariateCDF(x, y, correlation: rho)
      expectClose(
        value, StandardNormal.bivariateCDF(y, x, correlation: rho), absolute: 1e-15,
        "\(x) \(y) \(rho)")
      let reflected = StandardNormal.bivariateCDF(x, -y, correlation: -rho)
      expectClose(value + reflected, StandardNormal.cdf(x), absolute: 2e-15, "\(x) \(y) \(rho)")
    }
  }

  @Test func limits() {
    for x in [-3.0, -0.5, 0, 1.2] {
      for y in [-2.0, 0, 0.7, 4] {
        let (p, q) = (StandardNormal.cdf(x), StandardNormal.cdf(y))
        expectClose(StandardNormal.bivariateCDF(x, y, correlation: 0), p * q, relative: 1e-15)
        expectClose(StandardNormal.bivariateCDF(x, y, correlation: 1), min(p, q), absolute: 1e-16)
        expectClose(
          StandardNormal.bivariateCDF(x, y, correlation: -1), max(0, p + q - 1), absolute: 2e-16)
      }
      #expect(StandardNormal.bivariateCDF(x, .infinity, correlation: 0.3) == StandardNormal.cdf(x))
      #expect(StandardNormal.bivariateCDF(.infinity, x, correlation: -1) == StandardNormal.cdf(x))
      #expect(StandardNormal.bivariateCDF(x, -.infinity, correlation: 0.3) == 0)
    }
    expectClose(StandardNormal.bivariateCDF(0, 0, correlation: 0.5), 1.0 / 3, relative: 1e-15)
    expectClose(StandardNormal.bivariateCDF(0, 0, correlation: -0.5), 1.0 / 6, relative: 1e-15)
  }

  @Test func hostileNumbers() {
    for a in KeelTestSupport.hostileNumbers {
      for b in KeelTestSupport.hostileNumbers {
        for rho in [-1, -0.95, -0.5, 0, 0.5, 0.95, 1] {
          let value = StandardNormal.bivariateCDF(a, b, correlation: rho)
          #expect(a.isNaN || b.isNaN ? value.isNaN : value >= 0 && value <= 1, "\(a) \(b) \(rho)")
        }
      }
      let isOutside = !(a.magnitude <= 1)
      #expect(StandardNormal.bivariateCDF(0.5, 0.5, correlation: a).isNaN == isOutside)
    }
  }
}
