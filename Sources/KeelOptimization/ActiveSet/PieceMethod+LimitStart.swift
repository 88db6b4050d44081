// Goals: (1) nearly the right sets and price for a limit on distances, from some columns of P and the forces at the
// reference; (2) no more than some passes over the variables.
//
// As for a plain program P is replaced by ββ' + D, but only for the distances d = x − r from the reference, where
// the forces Pr + q are exact. The optimum of that market depends on three numbers: the dual value ν of the budget, the
// exposure f = β'd and the price λ of the limit. They maximize a concave, piecewise quadratic dual objective, by
// Newton's method. For three numbers each variable is found by soft thresholding.

import KeelNumerics

extension PieceMethod {
  /// The optimum of a market with one factor under the limit.
  ///
  /// - Returns: The variables, and the dual values of the rows; nil where the limit does not bind, or hardly.
  mutating func placeByOneFactor(_ limit: PieceLimit) -> (x: [Double], rows: [Double])? {
    let n = place.count
    guard method.approximateByOneFactor() else { return nil }
    let equation = method.firstEquation
    var market = LimitedMarket(
      exposures: method.gradient, variances: method.scratch, coefficients: limit.coefficients,
      most: limit.most)
    if let equation, equation + 1 < method.rowDuals.count {
      method.program.addRow(equation, times: 1, to: &market.budget)
      market.target =
        method.program.rowLower[equation] - method.program.rowValue(equation, limit.reference)
    }
    for i in 0..<n {
      let reference = limit.reference[i]
      let (first, last) = (starts[i], starts[i + 1] - 1)
      market.lower[i] = pieces[first].lower - reference
      market.upper[i] = pieces[last].upper - reference
      let force = linear[i] + method.centerProduct[i]
      var above = first
      while above < last && pieces[above].upper <= reference { above += 1 }
      var below = above
      while below > first && pieces[below].lower >= reference { below -= 1 }
      market.falling[i] = force + pieces[below].slope
      market.rising[i] = force + pieces[above].slope
    }
    let first = market.firstPoint()
    guard first.price > 0, first.price.isFinite else { return nil }
    let point = market.optimum(from: first)
    guard point.price > LimitedMarket.leastPriceShare * first.price, point.price.isFinite else {
      return nil
    }
    var x = limit.reference
    for i in 0..<n {
      let distance = market.distance(i, point)
      if distance == 0 { continue }
      x[i] =
        distance == market.lower[i]
        ? pieces[starts[i]].lower
        : distance == market.upper[i] ? pieces[starts[i + 1] - 1].upper : x[i] + distance
    }
    var rows = [Double](repeating: 0, count: method.rowDuals.count)
    if let equation { rows[equation] = point.dual }
    rows[rows.count - 1] = -point.price
    return (x, rows)
  }
}

/// A market with one factor, in distances from a reference.
private struct LimitedMarket {
  var budget: [Double]
  /// What the distances add to the budget.
  var target = 0.0
  let exposures: [Double]
  let variances: [Double]
  let coefficients: [Double]
  let most: Double
  /// The largest distances downwards, negative, and upwards.
  var lower: [Double]
  var upper: [Double]
  /// The slopes of the objective just below and just above the reference.
  var falling: [Double]
  var rising: [Double]

  /// A price below this part of the first one says that the limit hardly binds.
  static let leastPriceShare = 1e-3

  /// A step leaves this part of the price at least.
  private static let keptPart = 0.1

  /// A limit and a budget met to this part of the limit are good enough for a guess.
  private static let enough = 0.02

  init(exposures: [Double], variances: [Double], coefficients: [Double], most: Double) {
    self.exposures = exposures
    self.variances = variances
    self.coefficients = coefficients
    self.most = most
    budget = [Double](repeating: 0, count: exposures.count)
    lower = budget
    upper = budget
    falling = budget
    rising = budget
  }

  /// The three numbers.
  struct Point {
    var dual = 0.0
    var exposure = 0.0
    var price = 0.0
  }

  /// What one pass over the variables gives for a point: the dual objective, its derivatives without those of its
  /// linear and quadratic terms, and its second derivatives.
  private struct Sums {
    var objective = 0.0
    var a = 0.0
    var b = 0.0
    var p = 0.0
    var aa = 0.0
    var ab = 0.0
    var ap = 0.0
    var bb = 0.0
    var bp = 0.0
    var pp = 0.0
  }

  /// Half of the price that leaves nothing to trade.
  func firstPoint() -> Point {
    var (least, most) = (Double.infinity, -Double.infinity)
    for i in budget.indices where budget[i] != 0 && coefficients[i] > 0 {
      let force = falling[i] / budget[i]
      (least, most) = (min(least, force), max(most, force))
    }
    var point = Point()
    if least <= most { point.dual = least + (most - least) / 2 }
    for i in budget.indices where coefficients[i] > 0 {
      let force = (falling[i] - point.dual * budget[i]).magnitude
      point.price = max(point.price, force / coefficients[i])
    }
    point.price /= 2
    return point
  }

  /// The distance of one variable.
  func distance(_ i: Int, _ point: Point) -> Double {
    let pull = point.exposure * exposures[i] - point.dual * budget[i]
    let threshold = point.price * coefficients[i]
    let (rise, fall) = (pull + rising[i] + threshold, pull + falling[i] - threshold)
    let slope = rise < 0 ? rise : fall > 0 ? fall : 0
    return min(max(-slope / variances[i], lower[i]), upper[i])
  }

  private func sums(_ point: Point) -> Sums {
    let (a, b, c, d) = (budget.span, exposures.span, coefficients.span, variances.span)
    let (lower, upper, falling, rising) = (lower.span, upper.span, falling.span, rising.span)
    var sums = Sums()
    for i in 0..<a.count {
      let pull = point.exposure * b[i] - point.dual * a[i]
      let threshold = point.price * c[i]
      let (rise, fall) = (pull + rising[i] + threshold, pull + falling[i] - threshold)
      let slope = rise < 0 ? rise : fall > 0 ? fall : 0
      let inverse = 1 / d[i]
      let wanted = -slope * inverse
      let distance = min(max(wanted, lower[i]), upper[i])
      if distance == 0 { continue }
      sums.objective += distance * (0.5 * d[i] * distance + (distance > 0 ? rise : fall))
      let p = distance > 0 ? c[i] : -c[i]
      sums.a += a[i] * distance
      sums.b += b[i] * distance
      sums.p += p * distance
      if distance != wanted { continue }
      let (scaledA, scaledB) = (a[i] * inverse, b[i] * inverse)
      sums.aa += a[i] * scaledA
      sums.ab += b[i] * scaledA
      sums.ap += p * scaledA
      sums.bb += b[i] * scaledB
      sums.bp += p * scaledB
      sums.pp += p * p * inverse
    }
    return sums
  }

  /// Maximizes the dual objective by Newton's method with backtracking.
  ///
  /// ```text
  /// θ(ν, f, λ) = ν target − f²/2 − λ most + Σ min over d of D d²/2 + (g + f β − ν a) d + λ c |d|
  /// ```
  func optimum(from first: Point) -> Point {
    func objective(_ point: Point, _ sums: Sums) -> Double {
      point.dual * target - 0.5 * point.exposure * point.exposure - point.price * most
        + sums.objective
    }
    var ridges = (budget: 0.0, price: 0.0)
    for i in budget.indices {
      ridges.budget += budget[i] * budget[i] / variances[i]
      ridges.price += coefficients[i] * coefficients[i] / variances[i]
    }
    var point = first
    var present = sums(point)
    var value = objective(point, present)
    for _ in 0..<ActiveSetMethod.oneFactorSteps {
      let slopes = (target - present.a, present.b - point.exposure, present.p - most)
      let step = Self.step(present, slopes, ridges)
      let slope = slopes.0 * step.dual + slopes.1 * step.exposure + slopes.2 * step.price
      guard slope > 0, slope.isFinite else { break }
      var length = 1.0
      if point.price + step.price < Self.keptPart * point.price {
        length = (1 - Self.keptPart) * point.price / -step.price
      }
      let full = length
      var isAccepted = false
      for _ in 0..<ActiveSetMethod.halvings {
        let next = Point(
          dual: point.dual + length * step.dual,
          exposure: point.exposure + length * step.exposure,
          price: point.price + length * step.price)
        let nextSums = sums(next)
        let nextValue = objective(next, nextSums)
        if nextValue >= value + ActiveSetMethod.sufficientPart * length * slope {
          (point, present, value) = (next, nextSums, nextValue)
          isAccepted = true
          break
        }
        length /= 2
      }
      guard isAccepted, point.price > Self.leastPriceShare * first.price else { break }
      if length == full, (present.p - most).magnitude <= Self.enough * most,
        (target - present.a).magnitude <= Self.enough * most
      {
        break
      }
    }
    return point
  }

  /// Solves the three equations of a Newton step by elimination.
  private static func step(
    _ sums: Sums,
    _ slopes: (Double, Double, Double),
    _ ridges: (budget: Double, price: Double)
  ) -> Point {
    // The exposure goes first: its equation has curvature of its own.
    let bb = 1 + sums.bb
    let (a, p) = (-sums.ab / bb, sums.bp / bb)
    let aa = sums.aa + ActiveSetMethod.ridgeShare * ridges.budget + sums.ab * a
    let ap = -sums.ap + sums.ab * p
    let pp = sums.pp + ActiveSetMethod.ridgeShare * ridges.price - sums.bp * p
    let first = slopes.0 - a * slopes.1
    let third = slopes.2 - p * slopes.1
    var step = Point()
    if aa > 0 {
      let ratio = ap / aa
      step.price = (third - ratio * first) / (pp - ratio * ap)
      step.dual = (first - ap * step.price) / aa
    } else {
      step.price = third / pp
    }
    step.exposure = (slopes.1 + sums.ab * step.dual - sums.bp * step.price) / bb
    return step
  }
}
