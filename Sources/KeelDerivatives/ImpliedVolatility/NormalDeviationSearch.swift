import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The total deviation of an out-of-the-money price in the normal model.
//
// Goals in order: never fail on a price that has an answer, full accuracy, few evaluations.
//
// Method: with distance x = |F − K| and p the price, s solves ln p = ln(s φ(h) Y′(h)), h = −x/s. In the wing
// ln(p/x) is near −x²/(2s²), and for large s p is near s/√(2π): Newton's method on ln p as a function of
// ln s, whose derivative s φ/p = 1/Y′(h) is monotone, with Halley's correction, inside a bracket. At the
// money s = p √(2π). Equations: P. Jäckel, "Implied normal volatility", Wilmott (2017), has a closed
// approximation; the iteration here needs none.

struct NormalDeviationSearch {
  private let timeValue: Double
  private let distance: DoubleDouble

  init(timeValue: Double, distance: DoubleDouble) {
    self.timeValue = timeValue
    self.distance = distance
  }

  func solve() throws(DerivativesError) -> (deviation: Double, iterations: Int) {
    let x = -distance.high
    // p ≥ 0 at the money is s/√(2π), and away from it more deviation is needed.
    var lower = timeValue * Self.rootTwoPi
    if x == 0 { return (lower, 0) }
    // p(s) ≥ s/√(2π) − x/2 bounds s from above.
    var upper = (timeValue + x / 2) * Self.rootTwoPi * Self.margin
    guard lower.isFinite, upper.isFinite else {
      throw .invalidValue(
        argument: "price", got: timeValue, lowest: 0, highest: Double.greatestFiniteMagnitude / 4)
    }
    let ratio = log(timeValue) - log(x)
    // In the wing x²/(2s²) is about −ratio, less its logarithm.
    var s = ratio < -1 ? x / (-2 * ratio).squareRoot() : lower + x / 2
    for iteration in 1...Self.maximumIterations {
      s = min(max(s, lower), upper)
      let term = NormalTimeValue(distance: distance, deviation: DoubleDouble(s))
      let slope = term.millsSlope
      let computed = term.value
      let relative = (computed - timeValue) / timeValue
      let error =
        relative.magnitude < 0.5 && computed > 0
        ? log1p(relative)
        : log(slope) - Self.logRootTwoPi - term.h.high * term.h.high / 2 + log(s) - log(timeValue)
      if error == 0 { return (s, iteration) }
      if error < 0 { lower = max(lower, s) } else { upper = min(upper, s) }
      // g = ln p, g′ = 1/Y′ in ln s, g″ = g′ (1 + h² − g′).
      let first = 1 / slope
      let second = first * (1 + term.h.high * term.h.high - first)
      let newton = -error / first
      let correction = newton * second / (2 * first)
      let step = newton / (1 + min(max(correction, -0.5), 0.5))
      let next = s + s * expm1(min(max(step, -1), 1))
      if step.magnitude < Self.lastStep { return (next, iteration) }
      s = next > lower && next < upper ? next : lower.squareRoot() * upper.squareRoot()
    }
    throw .iterationLimit(iterations: Self.maximumIterations, volatility: s)
  }

  private static let rootTwoPi = 2.506_628_274_631_000_7
  private static let logRootTwoPi = 0.918_938_533_204_672_7
  private static let margin = 1 + 1e-9

  /// Halley's error after a step of this size is its cube, far below an ulp.
  private static let lastStep = 1e-6
  private static let maximumIterations = 100
}
