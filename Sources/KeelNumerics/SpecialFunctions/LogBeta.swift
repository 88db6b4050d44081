// Goals in order: accuracy without cancellation between gamma functions, robustness, speed.
//
// Differences of Stirling's formula, after A. R. DiDonato, A. H. Morris, Algorithm 708, ACM TOMS 18
// (1992) 360-373 (routines BETALN and ALGDIV).

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension SpecialFunctions {
  /// Returns the logarithm of the beta function.
  ///
  /// ```text
  /// ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b)
  /// ```
  ///
  /// Error: 4e-15 relative to the largest of 1, the result and |ln Γ(min(a, b))|; no loss when one
  /// parameter is far larger than the other one.
  ///
  /// - Parameters:
  ///   - a: The first parameter. Must be positive and finite.
  ///   - b: The second parameter. Must be positive and finite.
  /// - Returns: The logarithm; NaN outside the domain.
  public static func logBeta(_ a: Double, _ b: Double) -> Double {
    guard a > 0, b > 0, a < .infinity, b < .infinity else { return .nan }
    let small = min(a, b)
    let large = max(a, b)
    if small < GammaFunction.stirlingStart {
      return GammaFunction.logarithm(small) - GammaFunction.logarithmStep(large, small)
    }
    let ratio = small / large
    let correction =
      GammaFunction.stirlingSeries(small) + GammaFunction.stirlingSeries(large)
      - GammaFunction.stirlingSeries(min(small + large, .greatestFiniteMagnitude))
    return (GammaFunction.logRootTwoPi - 0.5 * log(large) + correction)
      + (small - 0.5) * log(ratio / (1 + ratio)) - large * log1p(ratio)
  }
}
