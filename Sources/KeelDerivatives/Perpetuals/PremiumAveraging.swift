import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How the premiums that a venue samples over an interval become the one that sets the rate.
public enum PremiumAveraging: String, Hashable, Sendable, Codable, CaseIterable {
  /// The arithmetic mean of the samples.
  case uniform
  /// The mean with weights 1, 2, …, n from the oldest to the newest sample.
  case linearlyIncreasing
  /// The newest sample alone.
  case last

  /// The average of samples.
  ///
  /// - Parameter premiums: The premiums, oldest first, equally spaced in time.
  /// - Returns: The average; NaN when there is no sample.
  /// - Complexity: O(n).
  public func average(of premiums: [Double]) -> Double {
    guard let last = premiums.last else { return .nan }
    let count = Double(premiums.count)
    switch self {
    case .last: return last
    case .uniform: return CompensatedSum.sum(of: premiums) / count
    case .linearlyIncreasing:
      var sum = CompensatedSum()
      for (index, premium) in premiums.enumerated() { sum.addProduct(Double(index + 1), premium) }
      return sum.value / (count * (count + 1) / 2)
    }
  }

  /// One less the average of `exp(−z u)` over `u` from 0 to 1, the share of the interval that has
  /// passed.
  ///
  /// ```text
  /// uniform  1 − (1 − e^(−z))/z      linearly increasing  1 − 2 (1 − (1+z) e^(−z))/z²
  /// last     1 − e^(−z)
  /// ```
  ///
  /// Where these cancel, their series `−Σ w_k (−z)^k / k!` from k = 1, with the averages w_k of uᵏ.
  func averageLoss(_ z: Double) -> Double {
    if self == .last { return -expm1(-z) }
    guard z.magnitude < Self.seriesLimit else {
      let uniform = -expm1(-z) / z
      return 1 - (self == .uniform ? uniform : 2 * (uniform - exp(-z)) / z)
    }
    var term = 1.0
    var sum = 0.0
    for order in 1...Self.seriesLength {
      let k = Double(order)
      term *= -z / k
      sum += term * (self == .uniform ? 1 / (k + 1) : 2 / (k + 2))
    }
    return -sum
  }

  /// Below this the closed forms lose digits; the first term left out of the series is below
  /// 1/19! there.
  private static let seriesLimit = 1.0
  private static let seriesLength = 18
}
