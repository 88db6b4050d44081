// The mean square of what falls short, as a convex function of the weights: piecewise quadratic with one derivative, so that
// Newton's method ends after a few steps.

import KeelData
import KeelLinearAlgebra
import KeelNumerics

/// Half the mean square of `y = X w − offset`, of all of it or of what is below zero.
struct ShortfallSquares: ConvexObjective {
  struct Point: ConvexPoint {
    let weights: [Double]
    /// What counts of y in each scenario.
    let counted: [Double]
    let value: Double
  }

  /// S × N outcomes.
  private let outcomes: Matrix
  private let probabilities: [Double]
  private let offset: Double
  private let isOneSided: Bool

  init(outcomes: Matrix, probabilities: [Double], offset: Double, isOneSided: Bool) {
    self.outcomes = outcomes
    self.probabilities = probabilities
    self.offset = offset
    self.isOneSided = isOneSided
  }

  func evaluate(_ weights: [Double]) -> Point {
    var counted = [Double](repeating: -offset, count: probabilities.count)
    var output = counted.mutableSpan
    for (j, weight) in weights.enumerated() where weight != 0 {
      let column = outcomes.column(j)
      for s in column.indices { output[s] += weight * column[s] }
    }
    var value = 0.0
    for s in counted.indices {
      if isOneSided { counted[s] = min(counted[s], 0) }
      value += probabilities[s] * counted[s] * counted[s] / 2
    }
    return Point(weights: weights, counted: counted, value: value)
  }

  func derivatives(
    at point: Point
  ) throws(AllocationError) -> (gradient: [Double], hessian: SymmetricMatrix) {
    let rows = probabilities.indices.filter {
      probabilities[$0] > 0 && (!isOneSided || point.counted[$0] < 0)
    }
    var gradient: [Double] = []
    var scaled: [Double] = []
    scaled.reserveCapacity(rows.count * outcomes.columnCount)
    for j in 0..<outcomes.columnCount {
      let column = outcomes.column(j)
      var sum = 0.0
      for s in rows {
        sum += probabilities[s] * point.counted[s] * column[s]
        scaled.append(probabilities[s].squareRoot() * column[s])
      }
      gradient.append(sum)
    }
    return (gradient, try Translation.gram(scaled, rowCount: rows.count, outcomes.columnCount))
  }

  /// The squares of a thousand outcomes are added up.
  func rounding(at point: Point) -> Double { 1e-14 * point.value }
}

extension Translation {
  /// X'X of a matrix given column after column.
  static func gram(
    _ elements: [Double],
    rowCount: Int,
    _ columnCount: Int
  ) throws(AllocationError) -> SymmetricMatrix {
    do {
      if rowCount == 0 { return try SymmetricMatrix(order: columnCount) }
      return try Matrix(
        rowCount: rowCount, columnCount: columnCount, columnMajor: elements
      ).gram()
    } catch {
      throw .invalidValue(argument: "outcomes", asset: nil, got: .nan, allowed: .finite)
    }
  }
}
