// Every cost in one form: convex functions of single weights, each linear on both sides of a reference, and a parabola.
//
// A convex function that is linear between several numbers is a sum of such pairs: one for each number where it bends.

import KeelData
import KeelNumerics

/// Costs in the objective of a utility, in the order of a universe.
struct UtilityCosts: Hashable, Sendable {
  /// The functions that bend.
  var charges: [TradingCharge] = []

  /// The parabolas ½ Σ curvature x² − Σ pull x + constant; empty for none.
  private(set) var curvatures: [Double] = []
  private(set) var pulls: [Double] = []
  private(set) var constant = 0.0

  /// Whether there are no parabolas.
  var isFlat: Bool { curvatures.isEmpty }

  var isEmpty: Bool { isFlat && charges.isEmpty }

  /// The slope of the parabola of one weight.
  func curvedSlope(_ x: Double, _ i: Int) -> Double {
    isFlat ? 0 : curvatures[i] * x - pulls[i]
  }

  /// Adds a charge, unless it never bends.
  mutating func add(_ charge: TradingCharge) {
    if charge.reference.indices.contains(where: { charge.bend($0) > 0 }) { charges.append(charge) }
  }

  /// Adds Σ factor (x − center)².
  ///
  /// - Parameters:
  ///   - factors: One number an asset, zero or more.
  ///   - center: One number an asset.
  mutating func addSquares(_ factors: [Double], center: [Double]) {
    addParabola(factors.map { 2 * $0 }, pulls: zip(factors, center).map { 2 * $0 * $1 })
    for (i, factor) in factors.enumerated() { constant += factor * center[i] * center[i] }
  }

  /// Adds ½ Σ curvature x² − Σ pull x.
  mutating func addParabola(_ curvatures: [Double], pulls: [Double]) {
    if curvatures.allSatisfy({ $0 == 0 }) && pulls.allSatisfy({ $0 == 0 }) { return }
    if isFlat {
      self.curvatures = curvatures
      self.pulls = pulls
      return
    }
    for i in curvatures.indices {
      self.curvatures[i] += curvatures[i]
      self.pulls[i] += pulls[i]
    }
  }
}

/// A convex function of every weight: linear on both sides of its reference, where it is zero.
struct TradingCharge: Hashable, Sendable {
  /// The slope above the reference, zero or more.
  let buying: [Double]
  /// Minus the slope below the reference, zero or more.
  let selling: [Double]
  let reference: [Double]

  /// The slope at a number; zero at the reference.
  func slope(_ x: Double, _ i: Int) -> Double {
    x > reference[i] ? buying[i] : x < reference[i] ? -selling[i] : 0
  }

  /// What the slope changes by at the reference.
  func bend(_ i: Int) -> Double { buying[i] + selling[i] }

  /// The sum over all weights.
  func value(_ x: [Double]) -> Double {
    x.indices.reduce(0) { $0 + slope(x[$1], $1) * (x[$1] - reference[$1]) }
  }
}
