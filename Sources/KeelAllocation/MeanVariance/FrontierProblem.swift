// Goals: (1) a start that is right for any ties among the means; (2) numbers of ordinary size.
//
// The portfolio of largest return fills the assets in the order of their means. Where several have
// the mean at which the budget is used up, the efficient one has the least variance among them. It is
// found by the critical line itself: with means that differ by the order of the names, down to a risk
// tolerance of zero.

import KeelData
import KeelNumerics

/// What a walk has changed about the numbers of a frontier: powers of two and a level.
struct FrontierUnits {
  /// Scaled covariance = covarianceScale × covariance, and so on.
  let covarianceScale: Double
  let meanScale: Double
  /// What was taken off the means.
  let level: Double
  /// The scales of the rows beside the budget.
  var rowScales: [Double] = []
  var budgetScale = 1.0
}

/// A frontier in scaled numbers and the start of the walk along it.
struct FrontierProblem {
  let covariance: SymmetricMatrix
  /// The means after the marginal mean was taken off.
  let mean: [Double]
  let lower: [Double]
  let upper: [Double]
  let budget: Double
  let rank: [Int]
  /// The level is the marginal mean, at which the budget is used up.
  let units: FrontierUnits
  /// The assets with the marginal mean.
  private let marginal: [Int]
  /// The vertex of largest return where the marginal assets are filled one after the other.
  private let vertex: Vertex

  private struct Vertex {
    var weights: [Double]
    var place: [CriticalLine.Place]
    var free: Int
    /// Means for which the vertex has the most return among the marginal assets.
    var order: [Double]
  }

  init(
    mean: [Double],
    covariance: Covariance,
    lower: [Double],
    upper: [Double],
    budget: Double
  ) throws(AllocationError) {
    let universe = covariance.universe
    self.lower = lower
    self.upper = upper
    self.budget = budget
    var rank = [Int](repeating: 0, count: universe.count)
    for (position, i) in universe.assets.indices
      .sorted(by: { universe.assets[$0] < universe.assets[$1] }).enumerated()
    {
      rank[i] = position
    }
    self.rank = rank
    guard let level = Self.marginalLevel(mean, lower, upper, budget) else {
      let i = mean.indices.max { mean[$0] < mean[$1] } ?? 0
      throw .unbounded(asset: universe.assets[i])
    }
    var centered = mean.map { $0 - level }
    for (i, value) in centered.enumerated() where !value.isFinite {
      throw .invalidValue(
        argument: "expectedReturns", asset: universe.assets[i], got: mean[i], allowed: .finite)
    }
    marginal = centered.indices.filter { centered[$0] == 0 }
    vertex = Self.vertex(centered, lower, upper, budget, rank)
    for (i, value) in vertex.weights.enumerated() where !value.isFinite {
      throw .unbounded(asset: universe.assets[i])
    }
    let meanScale = Self.powerOfTwo(for: centered.reduce(0) { max($0, $1.magnitude) })
    if meanScale != 1 { for i in centered.indices { centered[i] *= meanScale } }
    self.mean = centered
    let matrix = covariance.matrix
    let scale = Self.powerOfTwo(for: matrix.diagonal.reduce(0, max))
    units = FrontierUnits(covarianceScale: scale, meanScale: meanScale, level: level)
    if scale == 1 {
      self.covariance = matrix
    } else {
      let elements = matrix.elements
      let scaled = [Double](capacity: elements.count) { output in
        for i in 0..<elements.count { output.append(elements[i] * scale) }
      }
      self.covariance = SymmetricMatrix(lowerTriangleOf: scaled, order: matrix.order)
    }
  }

  /// The power of two that brings a number near one; one for numbers whose products are safe.
  private static func powerOfTwo(for size: Double) -> Double {
    let safe = 1e-60...1e60
    return size == 0 || safe.contains(size) ? 1 : PowerOfTwo.scale(for: size)
  }

  /// The mean at which the budget is used up when the assets are filled from the largest mean; nil
  /// when bounds are missing.
  private static func marginalLevel(
    _ mean: [Double],
    _ lower: [Double],
    _ upper: [Double],
    _ budget: Double
  ) -> Double? {
    let order = mean.indices.sorted { mean[$0] > mean[$1] }
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count && mean[order[end]] == mean[order[start]] { end += 1 }
      let above = order[..<start].reduce(0) { $0 + upper[$1] }
      let below = order[end...].reduce(0) { $0 + lower[$1] }
      if above == .infinity { return nil }
      let most = order[start..<end].reduce(above) { $0 + upper[$1] } + below
      // The last group is taken when the upper bounds miss the budget by rounding.
      if below.isFinite && (most >= budget || end == order.count) { return mean[order[start]] }
      if most == .infinity { return nil }
      start = end
    }
    return nil
  }

  /// The corners from the largest return to the least variance, and what ended them early.
  func turns(maximumSteps: Int) -> (turns: [CriticalLine.Turn], failure: CriticalLine.Failure?) {
    var line = CriticalLine(
      covariance: covariance, lower: lower, upper: upper, budget: budget, rank: rank,
      maximumSteps: maximumSteps, start: (vertex.weights, vertex.place, vertex.free))
    do throws(CriticalLine.Failure) {
      if marginal.count > 1 {
        for i in mean.indices where mean[i] != 0 {
          line.lower[i] = line.weights[i]
          line.upper[i] = line.weights[i]
        }
        line.mean = vertex.order
        _ = try line.walk()
        line.lower = lower
        line.upper = upper
      }
      line.mean = mean
      return (try line.walk(), nil)
    } catch {
      return ([line.here()], error)
    }
  }

  private static func vertex(
    _ mean: [Double],
    _ lower: [Double],
    _ upper: [Double],
    _ budget: Double,
    _ rank: [Int]
  ) -> Vertex {
    var weights = mean.indices.map { mean[$0] > 0 ? upper[$0] : lower[$0] }
    var place = mean.map { $0 > 0 ? CriticalLine.Place.upper : .lower }
    let members = mean.indices.filter { mean[$0] == 0 }.sorted { rank[$0] < rank[$1] }
    // An asset without a lower bound cannot wait at it.
    let sorted =
      members.filter { lower[$0] == -.infinity } + members.filter { lower[$0] > -.infinity }
    var last = 0
    for (position, i) in sorted.enumerated() {
      last = position
      var rest = budget
      for j in weights.indices where j != i { rest -= weights[j] }
      if rest <= upper[i] || position == sorted.count - 1 {
        // Above the bound only by the rounding that feasibility allows.
        weights[i] = min(rest, upper[i])
        break
      }
      weights[i] = upper[i]
      place[i] = .upper
    }
    var order = [Double](repeating: 0, count: mean.count)
    for (position, i) in sorted.enumerated() { order[i] = Double(last - position) }
    place[sorted[last]] = .free
    return Vertex(weights: weights, place: place, free: sorted[last], order: order)
  }
}
