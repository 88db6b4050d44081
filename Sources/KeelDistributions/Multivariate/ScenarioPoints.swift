// By inversion, so that the even filling of the cube stays one of the law: z = Φ⁻¹(u), χ² = 2 P⁻¹(ν/2, u). The common factor of a
// Student-t law decides most in its tail and takes the first coordinate; the normal draws follow from the largest pivot down
// (P. Glasserman, "Monte Carlo Methods in Financial Engineering", 2004, sections 5.4 and 5.5).

import KeelNumerics

/// Which points of the unit cube scenarios are made of.
@nonexhaustive
public enum ScenarioPoints: String, Hashable, Sendable, CaseIterable {
  /// Independent random points.
  case random

  /// The points of a `SobolSequence` with the scrambling of the stream: for averages of smooth functions an
  /// error of nearly N^(−3/2) instead of N^(−1/2).
  ///
  /// Take a power of two as their number. Averages are unbiased, but the scenarios are not independent: only those of several
  /// streams tell an error.
  case scrambledSobol
}

/// Coordinates of scrambled Sobol points as draws.
struct SobolDraws: Sendable {
  private let sequence: SobolSequence
  /// The coordinate of the first normal draw; one before it belongs to a common factor.
  private let firstNormal: Int

  /// Prepares so many normal draws a path, and one of a common factor where there is one.
  init(rank: Int, hasFactor: Bool, seed: UInt64) throws(DistributionsError) {
    firstNormal = hasFactor ? 1 : 0
    let count = max(rank + firstNormal, 1)
    do throws(NumericsError) {
      sequence = try SobolSequence(dimensionCount: count, scrambling: RandomStream(seed: seed))
    } catch {
      throw .invalidValue(
        argument: "number of Sobol dimensions", got: Double(count), lowest: 1,
        highest: Double(SobolSequence.maximumDimensionCount))
    }
  }

  /// Fills one standard normal number of paths that follow each other.
  func fillNormal(_ output: inout MutableSpan<Double>, _ number: Int, from first: UInt64) {
    let values = StandardNormal.quantile(
      uniforms(firstNormal + number, count: output.count, from: first))
    for i in output.indices { output[i] = values[i] }
  }

  /// Fills √(numerator / χ²) of paths that follow each other.
  func fillStretches(
    _ output: inout MutableSpan<Double>,
    degrees: Double,
    numerator: Double,
    from first: UInt64
  ) {
    let halves = SpecialFunctions.inverseRegularizedGammaP(
      degrees / 2, uniforms(0, count: output.count, from: first))
    for i in output.indices { output[i] = (numerator / (2 * halves[i])).squareRoot() }
  }

  private func uniforms(_ dimension: Int, count: Int, from first: UInt64) -> [Double] {
    var values = [Double](repeating: 0, count: count)
    var span = values.mutableSpan
    sequence.fill(&span, dimension: dimension, from: first)
    return values
  }
}
