// Goals in order: the exact minimum of the model with its exact zeros, an end in every case.
//
// The step of a proximal Newton method: the minimum over w of
//   g'(w − v) + ½ (w − v)'H(w − v) + λ Σ |w(j)|
// by coordinate descent (J. Friedman, T. Hastie, R. Tibshirani, Regularization paths for generalized linear models
// via coordinate descent, J. Statistical Software 33, 2010), which finds the zeros and signs. With them given the rest
// is a linear system, whose solution is taken if it keeps the signs and no zero wants to leave.

import KeelLinearAlgebra
import KeelNumerics

/// One step of the search for a minimum with a penalty on magnitudes.
struct LassoStep {
  let curvature: SymmetricMatrix
  let gradient: [Double]
  let point: [Double]

  /// The penalty λ of all coordinates but the last one, the intercept.
  let penalty: Double

  /// Coordinate descent goes on to the next of these relative steps while the linear system does not finish.
  private static let tolerances = [1e-5, 1e-10, 1e-15]

  /// So many rounds of coordinate descent for one tolerance.
  private static let maximumRounds = 2000

  /// How far beyond the penalty rounding may take the derivative of a zero, as a share.
  private static let slack = 1e-9

  private func weight(_ j: Int) -> Double { j < point.count - 1 ? penalty : 0 }

  /// The step from the point to the minimum of the model.
  var direction: [Double] {
    var target = point
    // H (w − v), kept up to date.
    var pull = [Double](repeating: 0, count: point.count)
    for tolerance in Self.tolerances {
      descend(&target, &pull, until: tolerance)
      if let exact = solved(target) {
        target = exact
        break
      }
    }
    return zip(target, point).map { $0 - $1 }
  }

  private func descend(_ target: inout [Double], _ pull: inout [Double], until tolerance: Double) {
    for _ in 0..<Self.maximumRounds {
      var largest = 0.0
      var size = 0.0
      for j in target.indices {
        let bend = curvature[j, j]
        guard bend > 0 else { continue }
        let plain = bend * target[j] - (gradient[j] + pull[j])
        let shrunk = max(plain.magnitude - weight(j), 0)
        let next = (plain < 0 ? -shrunk : shrunk) / bend
        let move = next - target[j]
        if move != 0 {
          for i in target.indices { pull[i] += move * curvature[i, j] }
          target[j] = next
        }
        largest = max(largest, bend.squareRoot() * move.magnitude)
        size = max(size, bend.squareRoot() * next.magnitude)
      }
      if largest <= tolerance * size { return }
    }
  }

  /// The minimum with the signs of a target given, or nil if it has others.
  private func solved(_ target: [Double]) -> [Double]? {
    let free = target.indices.filter {
      curvature[$0, $0] > 0 && (target[$0] != 0 || weight($0) == 0)
    }
    guard !free.isEmpty else { return nil }
    var exact = target
    var right: [Double] = []
    for j in free {
      let sign = target[j] > 0 ? weight(j) : target[j] < 0 ? -weight(j) : 0
      var value = -(gradient[j] + sign)
      for i in target.indices where target[i] == 0 && !free.contains(i) {
        value += curvature[j, i] * point[i]
      }
      right.append(value)
    }
    var lower = [Double](repeating: 0, count: free.count * free.count)
    for (c, j) in free.enumerated() {
      for (r, i) in free.enumerated() where r >= c { lower[r + c * free.count] = curvature[i, j] }
    }
    guard
      let steps = try? Cholesky(SymmetricMatrix(lowerTriangleOf: lower, order: free.count))
        .solve(right)
    else { return nil }
    for (k, j) in free.enumerated() {
      exact[j] = point[j] + steps[k]
      guard weight(j) == 0 || exact[j] * target[j] > 0 else { return nil }
    }
    for j in target.indices where !free.contains(j) {
      var slope = gradient[j]
      for i in target.indices { slope += curvature[j, i] * (exact[i] - point[i]) }
      guard slope.magnitude <= weight(j) * (1 + Self.slack) else { return nil }
    }
    return exact
  }
}
