// A parameter of the generalized hyperbolic law that is given determines one of the coordinates (m, ln s, κ, ln ω, λ)
// from the others. With E the mean of the mixing variable:
//
//   μ = m − sκ,   ln δ = ln s + ½ (ln ω − ln E),   α = √(ωE + κ²)/s,   β = κ/s.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A parameter of the generalized hyperbolic law: μ, ln δ, λ, ln α or β, in this order.
enum HyperbolicConstraint: Int, CaseIterable {
  case location, scale, order, steepness, asymmetry

  /// A coordinate as a function of the others and of the parameter.
  struct Solution {
    var coordinate: Double
    /// In the parameter.
    var slope: Double
    /// In the coordinates, zero for the one that is solved for.
    var gradient = [Double](repeating: 0, count: 5)
    /// Row by row.
    var hessian = [Double](repeating: 0, count: 25)

    mutating func bend(_ j: Int, _ k: Int, _ value: Double) {
      hessian[5 * j + k] = value
      hessian[5 * k + j] = value
    }
  }

  /// The number of the coordinate that is solved for.
  var coordinate: Int {
    switch self {
    case .location: 0
    case .scale, .steepness: 1
    case .asymmetry: 2
    case .order: 4
    }
  }

  /// Whether the parameter is taken as its logarithm.
  var isLogarithm: Bool { self == .scale || self == .steepness }

  /// The parameter at a point.
  func value(_ point: [Double]) -> Double {
    switch self {
    case .location: point[0] - exp(point[1]) * point[2]
    case .scale:
      point[1] + 0.5 * (point[3] - InverseGaussianMean(shapes: Array(point[3...])).logMean)
    case .order: point[4]
    case .steepness:
      0.5 * log(Spread(point).square) - point[1]
    case .asymmetry: point[2] * exp(-point[1])
    }
  }

  /// The coordinate for a value of the parameter; that of the point itself is not read.
  func solution(_ value: Double, _ point: [Double]) -> Solution {
    switch self {
    case .location:
      let s = exp(point[1])
      let product = s * point[2]
      var solution = Solution(coordinate: value + product, slope: 1)
      solution.gradient = [0, product, s, 0, 0]
      solution.bend(1, 1, product)
      solution.bend(1, 2, s)
      return solution
    case .scale:
      let mean = InverseGaussianMean(shapes: Array(point[3...]))
      var solution = Solution(coordinate: value - 0.5 * (point[3] - mean.logMean), slope: 1)
      let first = 0.5 * mean.derivatives.first
      solution.gradient = [0, 0, 0, first.x - 0.5, first.y]
      let second = 0.5 * mean.derivatives.second
      for (j, k) in [(3, 3), (3, 4), (4, 4)] { solution.bend(j, k, second[j + k - 6]) }
      return solution
    case .order: return Solution(coordinate: value, slope: 1)
    case .steepness: return Spread(point).solution(value)
    case .asymmetry:
      let s = exp(point[1])
      var solution = Solution(coordinate: value * s, slope: s)
      solution.gradient[1] = value * s
      solution.bend(1, 1, value * s)
      return solution
    }
  }

  /// (αs)² = ωE + κ².
  private struct Spread {
    private let kappa: Double
    private let product: Double
    private let mean: InverseGaussianMean
    let square: Double

    init(_ point: [Double]) {
      kappa = point[2]
      mean = InverseGaussianMean(shapes: Array(point[3...]))
      product = exp(point[3] + mean.logMean)
      square = product + kappa * kappa
    }

    /// ln s for a value of ln α.
    func solution(_ value: Double) -> Solution {
      var solution = Solution(coordinate: 0.5 * log(square) - value, slope: -1)
      // The slopes of ln ωE, then those of the square.
      let (first, second) = (mean.derivatives.first, mean.derivatives.second)
      let rise = [first.x + 1, first.y]
      let slopes = [0, 0, 2 * kappa, product * rise[0], product * rise[1]]
      solution.gradient = slopes.map { 0.5 * $0 / square }
      for j in 2..<5 {
        for k in 2...j {
          var bend = j == 2 ? 2.0 : 0
          if k > 2 { bend = product * (rise[j - 3] * rise[k - 3] + second[j + k - 6]) }
          solution.bend(j, k, 0.5 * (bend - slopes[j] * slopes[k] / square) / square)
        }
      }
      return solution
    }
  }
}
