import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

/// Draws of tempered stable laws of an index below one, by rejection.
///
/// The jumps of either side are those of a one-sided alpha-stable law, which is accepted with the probability exp(−λx).
/// B. Baeumer and M. Meerschaert, Tempered stable Lévy motion and transient super-diffusion, Journal of Computational
/// and Applied Mathematics 233 (2010).
enum TemperedDraws {
  private struct Side {
    let stable: AlphaStable
    let tempering: Double
    let mean: Double
    let proposals: RandomStream
    let uniforms: RandomStream
    var next: UInt64 = 0

    init(index: Double, intensity: Double, tempering: Double, seed: UInt64, stream: UInt64) throws {
      // ln E exp(−sX) = −cΓ(1 − α)/α s^α.
      let factor = intensity * exp(SpecialFunctions.logGamma(1 - index))
      stable = try AlphaStable(
        index: index, skew: 1,
        scale: pow(factor / index * cos(0.5 * Double.pi * index), 1 / index), location: 0,
        parametrization: .s1)
      self.tempering = tempering
      mean = factor * pow(tempering, index - 1)
      proposals = RandomStream(seed: seed, stream: stream)
      uniforms = RandomStream(seed: seed, stream: stream + 1)
    }

    mutating func draw() -> Double {
      while true {
        let x = stable.draw(from: proposals, at: next)
        let uniform = uniforms.uniform(at: next)
        next += 1
        if uniform <= exp(-tempering * x) { return x - mean }
      }
    }
  }

  /// Draws of the law of index, intensities, temperings and mean.
  static func sample(of law: [Double], count: Int, seed: UInt64) throws -> [Double] {
    var upper = try Side(
      index: law[0], intensity: law[1], tempering: law[3], seed: 20_260_101, stream: 4 * seed)
    var lower = try Side(
      index: law[0], intensity: law[2], tempering: law[4], seed: 20_260_101, stream: 4 * seed + 2)
    return (0..<count).map { _ in law[5] + upper.draw() - lower.draw() }
  }
}

@Suite struct TemperedDrawsTests {
  /// Draws that know neither densities nor quantiles follow the law.
  @Test(arguments: [[0.7, 0.6, 1, 0.3, 0.5, 0.1], [0.4, 0.5, 0.2, 1, 2, 0]])
  func followTheLaw(_ parameters: [Double]) throws {
    #if DEBUG
      let count = 200
    #else
      let count = 5000
    #endif
    let draws = try TemperedDraws.sample(of: parameters, count: count, seed: 3)
    let law = try TemperedStableTests.law(parameters)
    #expect(try GoodnessOfFit.kolmogorovSmirnov(draws, law: law).pValue > 0.01)
    #expect(try GoodnessOfFit.andersonDarling(draws, law: law).pValue > 0.01)
  }
}
