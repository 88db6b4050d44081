// What must hold at an optimum, and how near everything is to it.

import KeelNumerics
import KeelOptimization

extension ConstrainedLine {
  /// What rounding is compared with.
  ///
  /// A free weight counts with what its own rounding is worth, so that a portfolio without risk has a
  /// scale.
  struct Sizes {
    /// For each active row |y|, or the dual value that over the whole row is worth the terms of the
    /// objective when it is larger: where y cancels, the rounding of those terms is left.
    var rowDuals: [Double] = []
    /// Bounds on the magnitudes of the terms of each gradient, by Cauchy and Schwarz.
    var gradient: [Double] = []
    /// The magnitudes of the terms of each row.
    var rows: [Double] = []
  }

  /// Visits the conditions of an item, at most two.
  func forEachCondition(of item: Int, _ rates: Rates, _ visit: (Condition) -> Void) {
    if item >= assetCount {
      rowConditions(item - assetCount, rates, visit)
    } else if position[item] % 2 == 1 {
      freeConditions(item, rates, visit)
    } else if !limits.isFixed(item) {
      heldConditions(item, rates, visit)
    }
  }

  /// A free asset stays between its breakpoints.
  private func freeConditions(_ i: Int, _ rates: Rates, _ visit: (Condition) -> Void) {
    let points = limits.breakpoints[i]
    let first = position[i] / 2
    let tolerance = Self.rounding * weightScale
    for (b, sign) in [(first, 1.0), (first + 1, -1.0)] where points[b].isFinite {
      let change: Change = isHard(i, b) ? .hold(at: 2 * b) : .pass(to: position[i] - 2 * Int(sign))
      visit(
        Condition(
          event: Event(item: i, change: change), slack: sign * (weights[i] - points[b]),
          rate: sign * rates.weights[i], tolerance: tolerance))
    }
  }

  /// Whether a breakpoint is a bound, or an active limit or a charge bends there.
  func isHard(_ i: Int, _ b: Int) -> Bool {
    if b == 0 || b == limits.breakpoints[i].count - 1 { return true }
    for k in limits.linearCount..<limits.rowCount
    where (rowSide[k] != 0 || price(k) != 0) && limits.bends(k, i, at: 2 * b) {
      return true
    }
    return false
  }

  /// The force on an asset at a breakpoint is below the toll on either side.
  private func heldConditions(_ i: Int, _ rates: Rates, _ visit: (Condition) -> Void) {
    let tolerance = Self.rounding * sizes.gradient[i]
    for sign in [1.0, -1.0] {
      let next = position[i] + Int(sign)
      if next < 0 || next > 2 * (limits.breakpoints[i].count - 1) { continue }
      let rate = sign * rates.gradient[i] + rates.toll[i]
      let isRounding = rate.magnitude <= Self.rounding * rates.gradientSize[i]
      visit(
        Condition(
          event: Event(item: i, change: .leave(to: next)), slack: sign * gradient[i] + toll[i],
          rate: isRounding ? 0 : rate, tolerance: tolerance))
    }
  }

  /// A row keeps its limits, and the dual value of an active one its sign.
  private func rowConditions(_ k: Int, _ rates: Rates, _ visit: (Condition) -> Void) {
    let side = rowSide[k]
    if side == 2 || isRedundant[k] { return }
    let item = assetCount + k
    if side != 0 {
      let sign = side < 0 ? 1.0 : -1
      visit(
        Condition(
          event: Event(item: item, change: .release), slack: sign * rowDuals[k],
          rate: sign * rates.rowDuals[k], tolerance: Self.rounding * sizes.rowDuals[k]))
      return
    }
    for (limit, sign) in [(limits.lower[k], 1.0), (limits.upper[k], -1.0)] where limit.isFinite {
      visit(
        Condition(
          event: Event(item: item, change: .activate(side: sign > 0 ? -1 : 1)),
          slack: sign * (rowValues[k] - limit), rate: sign * rates.rowValues[k],
          tolerance: rowTolerance(k, limit)))
    }
  }

  /// The rounding of a row: of its terms, and of weights that are small beside others.
  func rowTolerance(_ k: Int, _ limit: Double) -> Double {
    // Coefficients are scaled to be near one.
    Self.rounding * (sizes.rows[k] + limit.magnitude) + Double.ulpOfOne * weightScale
  }

  /// The limit at which an active row is.
  func target(_ k: Int) -> Double { rowSide[k] == 1 ? limits.upper[k] : limits.lower[k] }

  func grossDeviation(_ values: [Double]) -> Double {
    var sum = 0.0
    for i in values.indices { sum += deviations[i] * values[i].magnitude }
    return sum
  }

  /// Brings Σw up to date.
  mutating func updateProduct() { SymmetricKernel.setProduct(&product, covariance, weights) }

  /// Brings everything that follows from weights, Σw, dual values and states up to date.
  mutating func update() {
    weightScale = weights.reduce(weightScale) { max($0, $1.magnitude) }
    // Taken out while they change: a struct that lends itself would keep a second reference.
    var (forces, tolls) = ([Double](), [Double]())
    swap(&forces, &gradient)
    swap(&tolls, &toll)
    forces.refill(assetCount, with: 0)
    for i in forces.indices { forces[i] = product[i] + linear[i] - riskTolerance * mean[i] }
    tolls.refill(assetCount, with: 0)
    for k in rowSide.indices {
      rowValues[k] = limits.value(k, weights, at: position)
      let price = price(k)
      if price != 0 { charge(price, of: k, to: &forces, &tolls) }
    }
    swap(&forces, &gradient)
    swap(&tolls, &toll)
    updateSizes()
  }

  /// The dual value of a row less what the objective charges for it.
  func price(_ k: Int) -> Double {
    rowDuals[k] - charges[k] - riskTolerance * fallingCharges[k]
  }

  /// Takes the price of a row off gradients, and puts it on tolls where the row bends.
  func charge(_ price: Double, of k: Int, to gradient: inout [Double], _ toll: inout [Double]) {
    let coefficients = limits.coefficients[k]
    if k < limits.linearCount {
      for i in limits.members[k] { gradient[i] -= price * coefficients[i] }
      return
    }
    for i in limits.members[k] {
      let slope = limits.slope(k, i, at: position[i])
      if slope == 0 { toll[i] -= price * coefficients[i] } else { gradient[i] -= price * slope }
    }
  }

  /// Brings the scales up to date.
  ///
  /// - Parameter largestShare: What of a dual value counts, in units of what the objective is worth.
  mutating func updateSizes(largestShare: Double = .infinity) {
    // As many roundings of a weight count like the rounding of a gradient.
    let least = 4 / Self.rounding * Double.ulpOfOne * weightScale
    var (counted, gradientSizes) = ([Double](), [Double]())
    swap(&counted, &countedWeights)
    swap(&gradientSizes, &sizes.gradient)
    counted.refill(assetCount, with: 0)
    gradientSizes.refill(assetCount, with: 0)
    for i in counted.indices {
      counted[i] = weights[i].magnitude + (position[i] % 2 == 1 ? least : 0)
    }
    let gross = grossDeviation(counted)
    for i in counted.indices {
      gradientSizes[i] =
        deviations[i] * gross + linear[i].magnitude + riskTolerance * mean[i].magnitude
    }
    var terms = 0.0
    for i in counted.indices { terms += counted[i] * gradientSizes[i] }
    for k in rowSide.indices {
      sizes.rows[k] = limits.size(k, weights)
      let price = price(k)
      if rowSide[k] == 0 && price == 0 { continue }
      let coefficients = limits.coefficients[k]
      var size = 0.0
      for i in limits.members[k] { size += coefficients[i].magnitude * counted[i] }
      let natural = size > 0 ? terms / size : 0
      let dual = max(min(price.magnitude, largestShare * natural), natural)
      for i in limits.members[k] { gradientSizes[i] += coefficients[i].magnitude * dual }
      sizes.rowDuals[k] = dual
    }
    swap(&counted, &countedWeights)
    swap(&gradientSizes, &sizes.gradient)
  }
}
