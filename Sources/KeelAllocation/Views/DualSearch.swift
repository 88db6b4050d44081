import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Projected Newton steps on the dual of entropy pooling; see `EntropyPooling`.
struct DualSearch {
  /// Multipliers and what they give.
  struct Point {
    var multipliers: [Double]
    var probabilities: [Double]
    /// E_p[z] − b.
    var gradient: [Double]
    var objective: Double
  }

  private let columns: [PooledFunctions.Column]
  private let prior: [Double]

  init(_ columns: [PooledFunctions.Column], prior: [Double]) {
    self.columns = columns
    self.prior = prior
  }

  /// The minimum; nil when there is none in reach.
  func run() -> Point? {
    var point = evaluate([Double](repeating: 0, count: columns.count))
    for _ in 0..<Self.passLimit {
      if violation(point) <= Self.tolerance { return point }
      guard let next = step(from: point) else { break }
      point = next
      if point.multipliers.contains(where: { !($0.magnitude < Self.largestMultiplier) }) {
        return nil
      }
    }
    return violation(point) <= Self.acceptable ? point : nil
  }

  private func evaluate(_ multipliers: [Double]) -> Point {
    var exponents = [Double](repeating: 0, count: prior.count)
    for (column, multiplier) in zip(columns, multipliers) where multiplier != 0 {
      for s in exponents.indices { exponents[s] += multiplier * column.values[s] }
    }
    var largest = -Double.infinity
    for s in exponents.indices where prior[s] > 0 { largest = max(largest, exponents[s]) }
    var total = 0.0
    for s in exponents.indices {
      exponents[s] = prior[s] > 0 ? prior[s] * exp(exponents[s] - largest) : 0
      total += exponents[s]
    }
    for s in exponents.indices { exponents[s] /= total }
    var objective = log(total) + largest
    var gradient: [Double] = []
    for (column, multiplier) in zip(columns, multipliers) {
      objective -= multiplier * column.bound
      gradient.append(
        zip(exponents, column.values).reduce(0) { $0 + $1.0 * $1.1 } - column.bound)
    }
    return Point(
      multipliers: multipliers, probabilities: exponents, gradient: gradient, objective: objective)
  }

  /// How far the optimality conditions are from holding, in prior deviations.
  private func violation(_ point: Point) -> Double {
    columns.indices.reduce(0) { worst, k in
      let gradient = point.gradient[k]
      if columns[k].isEquation || point.multipliers[k] > 0 { return max(worst, gradient.magnitude) }
      return max(worst, -gradient)
    }
  }

  /// A Newton step in the free multipliers, projected and shortened until it descends; nil when nothing does.
  private func step(from point: Point) -> Point? {
    let free = columns.indices.filter {
      columns[$0].isEquation || point.multipliers[$0] > 0 || point.gradient[$0] < 0
    }
    if free.isEmpty { return nil }
    guard let direction = newton(point, free) else { return nil }
    var length = 1.0
    while length >= Self.shortestStep {
      var multipliers = point.multipliers
      for (place, k) in free.enumerated() {
        multipliers[k] += length * direction[place]
        if !columns[k].isEquation { multipliers[k] = max(multipliers[k], 0) }
      }
      let next = evaluate(multipliers)
      let slope = columns.indices.reduce(0) {
        $0 + point.gradient[$1] * (multipliers[$1] - point.multipliers[$1])
      }
      // Near the minimum the objective is flat to rounding, and the conditions decide.
      let descends = next.objective <= point.objective + Self.armijo * slope
      if (slope < 0 && descends) || violation(next) < Self.contraction * violation(point) {
        return next
      }
      length /= 2
    }
    return nil
  }

  /// −H⁻¹g in the free multipliers, with a ridge where the functions depend on each other.
  private func newton(_ point: Point, _ free: [Int]) -> [Double]? {
    let count = free.count
    let means = free.map { point.gradient[$0] + columns[$0].bound }
    var hessian = [Double](repeating: 0, count: count * count)
    for (j, l) in free.enumerated() {
      let weighted = prior.indices.map {
        point.probabilities[$0] * (columns[l].values[$0] - means[j])
      }
      for (i, k) in free.enumerated() where i >= j {
        var sum = 0.0
        for s in weighted.indices { sum += weighted[s] * (columns[k].values[s] - means[i]) }
        hessian[i + j * count] = sum
      }
    }
    let largest = (0..<count).reduce(0) { max($0, hessian[$1 + $1 * count]) }
    var ridge = 0.0
    let right = free.map { -point.gradient[$0] }
    while ridge <= max(largest, .leastNormalMagnitude) {
      var system = hessian
      for i in 0..<count { system[i + i * count] += ridge }
      if let factor = try? Cholesky(SymmetricMatrix(lowerTriangleOf: system, order: count)),
        let direction = try? factor.solve(right),
        direction.allSatisfy(\.isFinite)
      {
        return direction
      }
      ridge = ridge == 0 ? Self.firstRidge * largest : ridge * 100
      if !(ridge > 0) { return nil }
    }
    return nil
  }

  private static let passLimit = 200
  private static let tolerance = 1e-13
  /// What rounding may leave where the conditions cannot be met better.
  private static let acceptable = 1e-9
  private static let largestMultiplier = 1e7
  private static let shortestStep = 1e-12
  private static let armijo = 1e-4
  private static let contraction = 0.9
  private static let firstRidge = 1e-14
}
