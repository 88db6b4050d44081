import Foundation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct RandomSequenceTests {
  private static let count = 20_000

  /// The largest distance of the empirical distribution from a law, times √n (Kolmogorov).
  private func distance(_ draws: [Double], _ law: (Double) -> Double) -> Double {
    let sorted = draws.sorted()
    let n = Double(sorted.count)
    var worst = 0.0
    for (i, x) in sorted.enumerated() {
      let p = law(x)
      worst = max(worst, max(Double(i + 1) / n - p, p - Double(i) / n))
    }
    return worst * n.squareRoot()
  }

  /// Beyond it lies one sample in a thousand.
  private static let farthest = 1.95

  @Test func readsTheStream() {
    let stream = RandomStream(seed: 3, stream: 8)
    var sequence = RandomSequence(stream)
    for i in 0..<100 {
      #expect(sequence.uniform() == stream.uniform(at: UInt64(i)))
      if i % 3 == 0 { #expect(sequence.normal() == stream.normal(at: UInt64(i / 3))) }
    }
  }

  @Test(arguments: [0.05, 0.5, 1, 1.7, 6, 80, 1e5])
  func gammaHasItsLaw(shape: Double) {
    var sequence = RandomSequence(RandomStream(seed: 1))
    let draws = (0..<Self.count).map { _ in sequence.gamma(shape: shape) }
    let far = distance(draws) { SpecialFunctions.regularizedGammaP(shape, $0) }
    #expect(far < Self.farthest)
  }

  /// Half of the draws of so small a shape are below the smallest number, where the law is exact.
  @Test func smallShapesFallToZero() {
    var sequence = RandomSequence(RandomStream(seed: 1))
    let draws = (0..<Self.count).map { _ in sequence.gamma(shape: 1e-3) }
    for level in [1e-300, 1e-100, 1e-10, 0.1] {
      let expected = SpecialFunctions.regularizedGammaP(1e-3, level)
      let share = Double(draws.count { $0 <= level }) / Double(Self.count)
      let error = (expected * (1 - expected) / Double(Self.count)).squareRoot()
      expectClose(share, expected, absolute: 3.5 * error)
    }
  }

  @Test(arguments: [1e-3, 0.4, 3, 9.99, 10, 25, 300, 1e6, 1e12])
  func poissonHasItsLaw(mean: Double) {
    var sequence = RandomSequence(RandomStream(seed: 2))
    let draws = (0..<Self.count).map { _ in sequence.poisson(mean: mean) }
    #expect(draws.allSatisfy { $0 >= 0 && $0 == $0.rounded() })
    // P(X ≤ k) = Q(k + 1, m) at some quantiles.
    for deviations in [-2.5, -1, -0.3, 0, 0.4, 1, 2.5] {
      let k = (mean + deviations * mean.squareRoot()).rounded(.down)
      guard k >= 0 else { continue }
      let expected = SpecialFunctions.regularizedGammaQ(k + 1, mean)
      let share = Double(draws.count { $0 <= k }) / Double(Self.count)
      let error = (expected * (1 - expected) / Double(Self.count)).squareRoot()
      expectClose(share, expected, absolute: 3.5 * error + 1e-12, "mean \(mean), \(k)")
    }
  }

  @Test(arguments: [(1.0, 1.0), (0.01, 4), (5, 0.02), (1e-3, 1e-9)])
  func inverseGaussianHasItsLaw(mean: Double, shape: Double) {
    var sequence = RandomSequence(RandomStream(seed: 4))
    let draws = (0..<Self.count).map { _ in sequence.inverseGaussian(mean: mean, shape: shape) }
    // Φ(√(λ/x) (x/μ − 1)) + e^(2λ/μ) Φ(−√(λ/x) (x/μ + 1)).
    let far = distance(draws) { x in
      let root = (shape / x).squareRoot()
      let second = StandardNormal.cdf(-root * (x / mean + 1))
      return StandardNormal.cdf(root * (x / mean - 1))
        + (second > 0 ? exp(2 * shape / mean + log(second)) : 0)
    }
    #expect(far < Self.farthest)
  }

  @Test func answersAtTheEdges() {
    var sequence = RandomSequence(RandomStream(seed: 5))
    #expect(sequence.gamma(shape: 0) == 0)
    #expect(sequence.gamma(shape: -1).isNaN)
    #expect(sequence.gamma(shape: .nan).isNaN)
    #expect(sequence.gamma(shape: .leastNonzeroMagnitude) == 0)
    expectClose(sequence.gamma(shape: 1e300), 1e300, relative: 1e-12)
    #expect(sequence.poisson(mean: 0) == 0)
    for mean in [-1, Double.nan, .infinity] { #expect(sequence.poisson(mean: mean).isNaN) }
    expectClose(sequence.poisson(mean: 1e300), 1e300, relative: 1e-12)
    for (mean, shape) in [(0.0, 1.0), (1, 0), (-1, 1), (.nan, 1), (1, .nan)] {
      #expect(sequence.inverseGaussian(mean: mean, shape: shape).isNaN)
    }
  }
}
