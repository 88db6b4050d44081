import KeelEstimation
import KeelNumerics
import KeelTestSupport
import Testing

/// The likelihood of the second stage of dynamic conditional correlations.
@Suite struct CorrelationLikelihoodTests {
  static func residuals(_ rowCount: Int, _ n: Int, seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    var result: [Double] = []
    for _ in 0..<rowCount {
      let common = generator.gaussian()
      for j in 0..<n {
        result.append(0.6 * common * (j % 3 == 2 ? -1 : 1) + 0.8 * generator.gaussian())
      }
    }
    return result
  }

  /// Eight rows at once, at every level of the processor, and a row at a time by LAPACK.
  @Test func rowsTogetherAreRowsAlone() throws {
    for (n, rowCount) in [
      (2, 1), (2, 8), (3, 17), (4, 30), (5, 7), (8, 40), (9, 41), (13, 60), (24, 33),
    ] {
      // One row alone has no target of full rank: one of more rows is used.
      let long = Self.residuals(max(rowCount, 3 * n), n, seed: UInt64(n))
      let likelihood = CorrelationLikelihood(long, count: n)
      for (news, memory) in [(0.05, 0.9), (0.0, 0.0), (0.3, 0.2)] {
        let label = "\(n) \(rowCount) \(news)"
        let expected = likelihood.evaluateByRows(news: news, memory: memory)
        for level in Kernels.Level.allCases {
          let found = likelihood.evaluate(news: news, memory: memory, level: level)
          expectClose(found.value, expected.value, relative: 1e-12, absolute: 1e-11, label)
          expectClose(found.news, expected.news, relative: 1e-10, absolute: 1e-9, label)
          expectClose(found.memory, expected.memory, relative: 1e-10, absolute: 1e-9, label)
        }
      }
    }
  }

  @Test func slopesAreThoseOfTheValue() throws {
    let likelihood = CorrelationLikelihood(Self.residuals(120, 6, seed: 5), count: 6)
    let step = 1e-6
    for (news, memory) in [(0.04, 0.9), (0.2, 0.5)] {
      func value(_ a: Double, _ b: Double) -> Double {
        likelihood.evaluate(news: a, memory: b).value
      }
      let found = likelihood.evaluate(news: news, memory: memory)
      expectClose(
        found.news, (value(news + step, memory) - value(news - step, memory)) / (2 * step),
        relative: 1e-6, absolute: 1e-6)
      expectClose(
        found.memory, (value(news, memory + step) - value(news, memory - step)) / (2 * step),
        relative: 1e-6, absolute: 1e-6)
    }
  }

  @Test func matricesWithoutAFactor() throws {
    // The third series is the first one, and negative weights leave the definite matrices at once.
    let rows = Self.residuals(40, 2, seed: 2)
    var twice: [Double] = []
    for t in 0..<40 { twice += [rows[2 * t], rows[2 * t + 1], -rows[2 * t]] }
    let likelihood = CorrelationLikelihood(twice, count: 3)
    let plain = CorrelationLikelihood(rows, count: 2)
    for level in Kernels.Level.allCases {
      let value = likelihood.evaluate(news: 0.1, memory: 0.8, level: level).value
      // Rounding decides whether a pivot of zero is positive: a huge number or none.
      #expect(value.isNaN || value.magnitude > 100)
      #expect(plain.evaluate(news: -3, memory: 0.5, level: level).value.isNaN)
      #expect(plain.evaluate(news: .nan, memory: 0.5, level: level).value.isNaN)
    }
    #expect(plain.evaluateByRows(news: -3, memory: 0.5).value.isNaN)
  }
}
