// Rates, refinement, and the check of every corner.

import KeelLinearAlgebra
import KeelNumerics
import KeelOptimization

extension ConstrainedLine {
  /// The rates of everything while the risk tolerance moves by one.
  mutating func updateRates() throws(CriticalLine.Failure) {
    let right = members.map { $0 < assetCount ? heading * pull($0) : 0 }
    var solution = try image(of: right)
    let sizes = inverse.absoluteTimes(members.map { $0 < assetCount ? meanSize($0) : 0 })
    let freeCount = members.count { $0 < assetCount }
    // As many rows as free assets determine the weights.
    let isDetermined = 2 * freeCount == members.count
    // Where rows determine a weight or dual value, its row of the inverse is rounding itself.
    var (largestWeight, largestDual) = (0.0, 0.0)
    for (q, item) in members.enumerated() {
      if item < assetCount {
        largestWeight = max(largestWeight, sizes[q])
      } else {
        largestDual = max(largestDual, sizes[q])
      }
    }
    for (q, item) in members.enumerated() {
      let size = item < assetCount ? largestWeight : largestDual
      let isRounding = solution[q].magnitude <= Self.rounding * size
      if isRounding || (isDetermined && item < assetCount) { solution[q] = 0 }
    }
    setRates(solution)
  }

  /// The mean less what falls with the risk tolerance.
  private func pull(_ i: Int) -> Double {
    var pull = mean[i]
    for k in limits.linearCount..<limits.rowCount where fallingCharges[k] != 0 {
      pull -= fallingCharges[k] * limits.slope(k, i, at: position[i])
    }
    return pull
  }

  /// What the rounding of a mean is compared with: beside the others, small ones are rounding.
  private func meanSize(_ i: Int) -> Double {
    let least = 1e-3
    var size = max(mean[i].magnitude, least * largestMean)
    for k in limits.linearCount..<limits.rowCount where fallingCharges[k] != 0 {
      size += fallingCharges[k] * limits.coefficients[k][i]
    }
    return size
  }

  /// Sets the rates that follow from those of the weights of the free assets and of the negative dual
  /// values of the active rows.
  private mutating func setRates(_ solution: [Double]) {
    var next = Rates()
    swap(&next, &rates)
    next.clear(assetCount: assetCount, rowCount: rowSide.count)
    for (q, item) in members.enumerated() {
      if item < assetCount {
        next.weights[item] = solution[q]
      } else {
        next.rowDuals[item - assetCount] = -solution[q]
      }
    }
    SymmetricKernel.setProduct(&next.gradient, covariance, next.weights)
    let gross = grossDeviation(next.weights)
    for i in 0..<assetCount {
      next.gradient[i] -= heading * mean[i]
      next.gradientSize[i] = deviations[i] * gross + meanSize(i)
    }
    for k in rowSide.indices {
      let price = next.rowDuals[k] - heading * fallingCharges[k]
      if price != 0 {
        charge(price, of: k, to: &next.gradient, &next.toll)
        let coefficients = limits.coefficients[k]
        for i in limits.members[k] {
          next.gradientSize[i] += (coefficients[i] * price).magnitude
        }
      }
      if rowSide[k] == 0 { next.rowValues[k] = rowRate(k, next.weights) }
    }
    swap(&next, &rates)
  }

  /// The rate of a row; zero for rounding.
  func rowRate(_ k: Int, _ rates: [Double]) -> Double {
    var sum = 0.0
    var size = 0.0
    let coefficients = limits.coefficients[k]
    let isLinear = k < limits.linearCount
    for i in limits.members[k] where rates[i] != 0 {
      let slope = isLinear ? coefficients[i] : limits.slope(k, i, at: position[i])
      let term = slope * rates[i]
      sum += term
      size += term.magnitude
    }
    return sum.magnitude <= Self.rounding * size ? 0 : sum
  }

  /// One Newton step to the optimality conditions of the free assets and active rows.
  private mutating func refine() {
    let right = members.map { item in
      item < assetCount
        ? -gradient[item] : target(item - assetCount) - rowValues[item - assetCount]
    }
    for (item, step) in zip(members, inverse.times(right)) {
      if item < assetCount { weights[item] += step } else { rowDuals[item - assetCount] -= step }
    }
    updateProduct()
    update()
  }

  /// Refines until the conditions hold, with a new inverse when the old one wore out.
  mutating func improve() throws(CriticalLine.Failure) {
    let attempts = 4
    // Some roundings of a gradient.
    let goal = 1e-15
    updateProduct()
    update()
    refine()
    for attempt in 0..<attempts {
      let error = memberResidual()
      if error <= goal { return }
      if error.isNaN { throw .lostAccuracy }
      if attempt == 1 && error > Self.largestResidual { try rebuild(members) }
      refine()
    }
    if !(memberResidual() <= Self.largestResidual) { throw .lostAccuracy }
  }

  /// The largest error of the conditions of the free assets and active rows, relative to their terms.
  private func memberResidual() -> Double {
    var worst = 0.0
    for item in members {
      let error: Double
      let size: Double
      if item < assetCount {
        (error, size) = (gradient[item].magnitude, sizes.gradient[item])
      } else {
        let k = item - assetCount
        error = (target(k) - rowValues[k]).magnitude
        size = rowTolerance(k, target(k)) / Self.rounding
      }
      if error.isNaN { return .nan }
      if error > 0 { worst = max(worst, error / size) }
    }
    return worst
  }

  /// The corner here, its weights exactly at their breakpoints where they are within rounding.
  mutating func turn(
    since before: (position: [Int], rowSide: [Int8])
  ) throws(CriticalLine.Failure) -> CriticalLine.Turn {
    let largest = weights.reduce(0) { max($0, $1.magnitude) }
    // The portfolio of a budget of zero may be no position at all.
    let isEmpty = largest <= Self.rounding * weightScale
    let roundings = 8 * Double.ulpOfOne * weightScale
    for i in members where i < assetCount {
      let points = limits.breakpoints[i]
      let (low, high) = (points[position[i] / 2], points[position[i] / 2 + 1])
      if isEmpty { weights[i] = 0 }
      if weights[i] <= low + roundings { weights[i] = low }
      if weights[i] >= high - roundings { weights[i] = high }
    }
    updateProduct()
    update()
    // Where the gradient vanishes (cash alone) the rounding of a dual value would be all of it.
    var isVanishing = false
    for k in rowDuals.indices
    where rowDuals[k] != 0 && rowDuals[k].magnitude <= .ulpOfOne * sizes.rowDuals[k] {
      rowDuals[k] = 0
      isVanishing = true
    }
    if isVanishing { update() }
    // Large dual values that cancel must not hide an error beside them.
    let largestShare = 1e4
    updateSizes(largestShare: largestShare)
    let residual = largestViolation()
    if !(residual <= Self.largestResidual) { throw .lostAccuracy }
    let rows = rowSide.indices
    return here(
      residual: residual,
      entering: position.indices.filter { position[$0] % 2 > before.position[$0] % 2 },
      leaving: position.indices.filter { position[$0] % 2 < before.position[$0] % 2 },
      activated: rows.filter { rowSide[$0] != 0 && before.rowSide[$0] == 0 },
      released: rows.filter { rowSide[$0] == 0 && before.rowSide[$0] != 0 })
  }

  /// The point that the walk has reached.
  func here(
    residual: Double = .nan,
    entering: [Int] = [],
    leaving: [Int] = [],
    activated: [Int] = [],
    released: [Int] = []
  ) -> CriticalLine.Turn {
    CriticalLine.Turn(
      riskTolerance: riskTolerance, weights: weights, product: product, multiplier: rowDuals[0],
      residual: residual, entering: entering, leaving: leaving,
      further: Array(rowDuals.dropFirst()), activated: activated, released: released)
  }

  /// The largest violation of any condition, relative to its terms.
  private func largestViolation() -> Double {
    var worst = memberResidual()
    for k in rowSide.indices {
      let value = rowValues[k]
      let excess = max(limits.lower[k] - value, value - limits.upper[k])
      let limit = value < limits.lower[k] ? limits.lower[k] : limits.upper[k]
      if excess > 0 { worst = max(worst, excess * Self.rounding / rowTolerance(k, limit)) }
      if excess.isNaN { return .nan }
    }
    for item in 0..<itemCount {
      forEachCondition(of: item, rates) { condition in
        if condition.slack.isNaN { worst = .nan }
        if case .pass = condition.event.change { return }
        if condition.slack < 0 {
          worst = max(worst, -condition.slack * Self.rounding / condition.tolerance)
        }
      }
    }
    return worst
  }
}
