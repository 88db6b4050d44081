// The entropic value at risk as a function of the weights.
//
// F(w, z) = z ln(Σ p exp(−x'w/z) / (1 − confidence)) is convex in both. With the least z taken out, the gradient is −E x under
// the tilted probabilities q, and the Hessian the Schur complement
//
//   (Cov(x) − Cov(x, L) Cov(L, x) / Var(L)) / z  under q, with the losses L = −x'w.

import KeelData
import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics

/// The entropic value at risk of a portfolio over scenarios.
struct EntropicValueAtRiskObjective: ConvexObjective {
  struct Point: ConvexPoint {
    let weights: [Double]
    let losses: [Double]
    let tail: EntropicTail
    var value: Double { tail.value }
  }

  /// S × N outcomes.
  private let outcomes: Matrix
  private let probabilities: [Double]
  private let confidence: Double

  init(outcomes: Matrix, probabilities: [Double], confidence: Double) {
    self.outcomes = outcomes
    self.probabilities = probabilities
    self.confidence = confidence
  }

  func evaluate(_ weights: [Double]) -> Point {
    var losses = [Double](repeating: 0, count: probabilities.count)
    var output = losses.mutableSpan
    for (j, weight) in weights.enumerated() where weight != 0 {
      let column = outcomes.column(j)
      for s in column.indices { output[s] -= weight * column[s] }
    }
    return Point(
      weights: weights, losses: losses,
      tail: EntropicTail(losses: losses, probabilities: probabilities, confidence: confidence))
  }

  func derivatives(
    at point: Point
  ) throws(AllocationError) -> (gradient: [Double], hessian: SymmetricMatrix) {
    let (q, z) = (point.tail.weights, point.tail.temperature)
    let count = probabilities.count
    let meanLoss = zip(q, point.losses).reduce(0) { $0 + $1.0 * $1.1 }
    // √q (L − E L), of length √Var(L): what each column has along it is taken out.
    var along = (0..<count).map { q[$0].squareRoot() * (point.losses[$0] - meanLoss) }
    let length = along.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for s in along.indices { along[s] = length > 0 ? along[s] / length : 0 }
    let factor = z > 0 ? 1 / z.squareRoot() : 0
    var gradient: [Double] = []
    var scaled: [Double] = []
    scaled.reserveCapacity(count * outcomes.columnCount)
    for j in 0..<outcomes.columnCount {
      let column = outcomes.column(j)
      var mean = 0.0
      for s in 0..<count { mean += q[s] * column[s] }
      gradient.append(-mean)
      var overlap = 0.0
      let start = scaled.count
      for s in 0..<count {
        let element = q[s].squareRoot() * (column[s] - mean)
        overlap += element * along[s]
        scaled.append(element)
      }
      for s in 0..<count {
        scaled[start + s] = factor * (scaled[start + s] - overlap * along[s])
      }
    }
    return (gradient, try Translation.gram(scaled, rowCount: count, outcomes.columnCount))
  }

  /// Exponentials of a thousand losses are added up.
  func rounding(at point: Point) -> Double {
    let size = point.losses.reduce(0) { max($0, $1.magnitude) }
    return 1e-14 * size
  }
}
