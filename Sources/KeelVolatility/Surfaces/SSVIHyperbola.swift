internal import KeelDerivatives

/// The formula of a smile in the numbers whose growth in time excludes calendar arbitrage.
///
/// θ and twice the slopes of the wings, ψ(1 ∓ ρ): two smiles do not cross where all three grow and ψ/θ falls. Source:
/// S. Hendriks and C. Martini, "The extended SSVI volatility surface", Journal of Computational Finance 22 (2019).
struct SSVIHyperbola {
  var theta: Double
  /// ψ(1 − ρ).
  var left: Double
  /// ψ(1 + ρ).
  var right: Double

  var psi: Double { (left + right) / 2 }
  var rho: Double { left + right > 0 ? (right - left) / (left + right) : 0 }
  var phi: Double { psi / theta }

  var butterflySlack: Double {
    let steep = max(left, right)
    return min(1 - steep / 4, 1 - psi * steep / (4 * theta))
  }

  /// θ + χ k and the root.
  ///
  /// Where they cancel their sum is the quotient of `left right k²` by their difference.
  private func terms(_ k: Double) -> (linear: Double, root: Double, chi: Double) {
    let chi = (right - left) / 2
    let tilted = psi * k + theta * rho
    let square = tilted * tilted + theta * theta * (1 - rho) * (1 + rho)
    return (theta + chi * k, square.squareRoot(), chi)
  }

  private func value(_ k: Double, _ linear: Double, _ root: Double) -> Double {
    linear >= 0 ? (linear + root) / 2 : left * right * k * k / (2 * (root - linear))
  }

  /// The total variance alone.
  func value(at k: Double) -> Double {
    let (linear, root, _) = terms(k)
    return value(k, linear, root)
  }

  func variance(at k: Double) -> TotalVariance {
    let (linear, root, chi) = terms(k)
    guard root > 0 else {
      // The vertex of a hyperbola without width.
      return TotalVariance(value: value(k, linear, root), slope: chi / 2, curvature: .nan)
    }
    let bend = theta / root
    return TotalVariance(
      value: value(k, linear, root), slope: (chi + (psi * psi * k + theta * chi) / root) / 2,
      curvature: bend * bend * left * right / (2 * root))
  }

  /// The derivatives of the total variance by θ, left and right.
  func gradient(at k: Double) -> (theta: Double, left: Double, right: Double) {
    let (linear, root, _) = terms(k)
    guard root > 0 else { return (0.5, 0, 0) }
    let byPsi = psi * k * k / (2 * root)
    let byChi = (1 + theta / root) * k / 2
    return ((1 + linear / root) / 2, (byPsi - byChi) / 2, (byPsi + byChi) / 2)
  }

  /// A point of the line from one smile to another, which has no arbitrage where its ends have none.
  static func mix(_ a: SSVIHyperbola, _ b: SSVIHyperbola, _ part: Double) -> SSVIHyperbola {
    SSVIHyperbola(
      theta: a.theta * (1 - part) + b.theta * part, left: a.left * (1 - part) + b.left * part,
      right: a.right * (1 - part) + b.right * part)
  }
}
