// The fit of all smiles at once inside the conditions that exclude arbitrage.
//
// Goals in order: feasible at every step, the least sum of squares, few operations.
//
// Method: Gauss-Newton on ½ Σ r² − μ Σ ln c with falling μ, from a point strictly inside. The conditions c > 0 are those of
// Hendriks and Martini between neighbors and of Gatheral and Jacquier within, in θ, L = ψ(1 − ρ) and R = ψ(1 + ρ):
// θ, L and R grow, (L′ + R′) θ ≤ (L + R) θ′, L and R ≤ 4, L(L + R) and R(L + R) ≤ 8θ. They tie neighbors only, so that
// the steps solve a block-tridiagonal system. At the end the multipliers μ/c bound what is left to gain: μ for each.

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

struct SSVIBarrier {
  private(set) var point: [SSVIHyperbola]
  private(set) var sumOfSquares = 0.0
  private(set) var isConverged = false
  private(set) var iterationCount = 0

  private let residuals: [SSVIResiduals]
  private var system: BlockTridiagonal

  init(_ residuals: [SSVIResiduals]) {
    self.residuals = residuals
    system = BlockTridiagonal(count: residuals.count)
    var level = 0.0
    let levels = residuals.map { expiry in
      level = max(expiry.levelAtTheMoney, level * Self.growth)
      return level
    }
    // A power law of the variance with exponent one half is inside all conditions.
    let eta = Self.startCurvature / max(1, level.squareRoot())
    point = levels.map {
      let psi = eta * $0.squareRoot()
      return SSVIHyperbola(theta: $0, left: psi, right: psi)
    }
  }

  /// The number of conditions.
  private var conditionCount: Double { Double(8 * residuals.count - 1) }

  mutating func solve(tolerance: Double, maximumIterations: Int) {
    sumOfSquares = squares(at: point)
    var mu = max(sumOfSquares, 1) * Self.firstShare / conditionCount
    while iterationCount < maximumIterations {
      iterationCount += 1
      assemble(mu)
      let decrease = system.solve()
      let moved = move(mu, decrease)
      // A last step within the barrier's own error, or rounding, ends this barrier.
      if decrease < Self.centering * conditionCount * mu || !moved {
        if conditionCount * mu <= tolerance * (1 + sumOfSquares) {
          isConverged = decrease < conditionCount * mu || !moved
          return
        }
        mu *= Self.shrinkage
      }
    }
  }

  private func squares(at point: [SSVIHyperbola]) -> Double {
    var sum = 0.0
    for i in residuals.indices { sum += residuals[i].squares(at: point[i]) }
    return sum
  }

  /// Half the sum of squares with the barrier; infinite outside the conditions.
  private func value(at point: [SSVIHyperbola], _ mu: Double) -> Double {
    var barrier = 0.0
    for i in point.indices {
      let slacks = Conditions(point[i], after: i > 0 ? point[i - 1] : nil)
      guard let logarithm = slacks.logarithm else { return .infinity }
      barrier += logarithm
    }
    return squares(at: point) / 2 - mu * barrier
  }

  /// Goes along the step until the value falls; false where it does not.
  private mutating func move(_ mu: Double, _ decrease: Double) -> Bool {
    guard decrease > 0 else { return false }
    let start = value(at: point, mu)
    var length = 1.0
    for _ in 0..<Self.halvings {
      let next = point.indices.map { i in
        let step = system.step(i)
        return SSVIHyperbola(
          theta: point[i].theta + length * step.0, left: point[i].left + length * step.1,
          right: point[i].right + length * step.2)
      }
      if value(at: next, mu) <= start - Self.sufficient * length * decrease {
        point = next
        sumOfSquares = squares(at: point)
        return true
      }
      length /= 2
    }
    return false
  }

  /// The gradient and the Gauss-Newton matrix of the value.
  private mutating func assemble(_ mu: Double) {
    system.clear()
    for i in residuals.indices {
      let sum = residuals[i].sum(at: point[i])
      system.add(sum.product, sum.gradient, at: i)
      Conditions(point[i], after: i > 0 ? point[i - 1] : nil).forEach { slack, own, earlier in
        system.add(
          gradient: -mu / slack, matrix: mu / (slack * slack), own: own, earlier: earlier, at: i)
      }
      system.add(Conditions.bend(point[i], mu), (0, 0, 0), at: i)
    }
  }

  /// Neighbors of the start differ by this factor at least.
  private static let growth = 1.02

  /// Half of what the conditions allow.
  private static let startCurvature = 0.5

  /// The first barrier weighs a tenth of the sum of squares.
  private static let firstShare = 0.1
  private static let shrinkage = 0.1
  private static let centering = 0.1
  private static let halvings = 40
  private static let sufficient = 1e-4
}

extension SSVIBarrier {
  /// The slacks of the conditions of one expiry, and their derivatives by its parameters and those of the one before.
  private struct Conditions {
    private let here: SSVIHyperbola
    private let before: SSVIHyperbola?

    init(_ here: SSVIHyperbola, after before: SSVIHyperbola?) {
      self.here = here
      self.before = before
    }

    private var growth: (Double, Double, Double) {
      guard let before else { return (here.theta, here.left, here.right) }
      return (here.theta - before.theta, here.left - before.left, here.right - before.right)
    }

    private var flattening: Double {
      guard let before else { return 1 }
      return (before.left + before.right) * here.theta - (here.left + here.right) * before.theta
    }

    private var butterfly: (Double, Double) {
      let sum = here.left + here.right
      return (8 * here.theta - here.left * sum, 8 * here.theta - here.right * sum)
    }

    /// The sum of the logarithms; nil where a slack is not positive.
    var logarithm: Double? {
      let (growth, butterfly) = (growth, butterfly)
      let first = growth.0 * growth.1 * growth.2
      let second = flattening * butterfly.0 * butterfly.1 * (4 - here.left) * (4 - here.right)
      guard growth.0 > 0, growth.1 > 0, growth.2 > 0, flattening > 0, butterfly.0 > 0,
        butterfly.1 > 0, here.left < 4, here.right < 4, first > 0, second > 0
      else { return nil }
      return log(first) + log(second)
    }

    /// The positive part of what the curvature of L(L + R) and R(L + R) adds.
    static func bend(_ point: SSVIHyperbola, _ mu: Double) -> Symmetric3 {
      let butterfly = Conditions(point, after: nil).butterfly
      var sum = Symmetric3()
      sum.add(0, 2, 1, times: mu / (2 * butterfly.0))
      sum.add(0, 1, 2, times: mu / (2 * butterfly.1))
      return sum
    }

    typealias Slope = (Double, Double, Double)

    func forEach(_ body: (_ slack: Double, _ own: Slope, _ earlier: Slope?) -> Void) {
      let hasBefore = before != nil
      let growth = growth
      body(growth.0, (1, 0, 0), hasBefore ? (-1, 0, 0) : nil)
      body(growth.1, (0, 1, 0), hasBefore ? (0, -1, 0) : nil)
      body(growth.2, (0, 0, 1), hasBefore ? (0, 0, -1) : nil)
      if let before {
        body(
          flattening, (before.left + before.right, -before.theta, -before.theta),
          (-here.left - here.right, here.theta, here.theta))
      }
      body(4 - here.left, (0, -1, 0), nil)
      body(4 - here.right, (0, 0, -1), nil)
      let butterfly = butterfly
      body(butterfly.0, (8, -2 * here.left - here.right, -here.left), nil)
      body(butterfly.1, (8, -here.right, -2 * here.right - here.left), nil)
    }
  }
}
