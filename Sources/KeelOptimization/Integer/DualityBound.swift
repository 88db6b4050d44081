// Goals: (1) a lower bound that holds whatever the vectors it is made from, rounding included; (2) a
// strong one: the conditions enter exactly, variable by variable.
//
// For any x̄ and any y of the right signs, and P − D positive semidefinite, every feasible x has
//
//   1/2 x'Px + q'x ≥ −1/2 x̄'(P − D)x̄ + Σ (lower y⁺ − upper y⁻) + Σ (sᵢ xᵢ + dᵢ xᵢ²/2),
//   s = (P − D) x̄ + q − A'y
//
// and the last sum, with the fixed costs, is minimized over the true values of the variables. A
// solver proposes x̄ and y; the bound does not trust it.

import KeelNumerics

/// Bounds the objective over a box of the tree from below.
struct DualityBound: Sendable {
  /// What the analysis of the rounding errors leaves out.
  private static let safety = 2.0

  /// The part of the terms of a row by which a grid may miss its bounds.
  private static let gridTolerance = 1e-9

  private(set) var flat: FlatProgram
  private var quadratic: QuadraticTerm
  private var lots: [Double]
  var extraction: CurvatureExtraction
  private(set) var minimum: SeparableMinimum
  private var slopes: [Double]
  private var slopeErrors: [Double]
  let zeros: [Double]
  private var product: [Double] = []
  private var absolute: [Double] = []
  private var room: [Double] = []
  /// Everything but the separable part, and what rounding may have added to the whole.
  private(set) var constant = 0.0
  private(set) var allowance = 0.0

  init(
    _ program: QuadraticProgram,
    _ domains: VariableDomains,
    _ extraction: CurvatureExtraction
  ) {
    flat = FlatProgram(program)
    quadratic = program.quadratic
    self.extraction = extraction
    lots = domains.lots
    minimum = SeparableMinimum(domains)
    zeros = [Double](repeating: 0, count: program.variableCount)
    slopes = zeros
    slopeErrors = zeros
  }

  /// Goes over to another quadratic term.
  mutating func replaceQuadratic(_ quadratic: QuadraticTerm) {
    self.quadratic = quadratic
    flat.kernel = quadratic.kernel
    quadratic.setDiagonal(&flat.curvature)
  }

  /// Goes over to other bounds of the variables and rows.
  mutating func replaceBounds(_ program: QuadraticProgram, _ domains: VariableDomains) {
    flat.lower.copyElements(of: program.lowerBounds)
    flat.upper.copyElements(of: program.upperBounds)
    for k in program.rows.indices {
      flat.rowLower[k] = program.rows[k].lower
      flat.rowUpper[k] = program.rows[k].upper
    }
    lots.copyElements(of: domains.lots)
    minimum.replaceDomains(domains)
  }

  /// Goes over to another linear objective.
  mutating func replaceLinear(_ linear: [Double]) { flat.linear.copyElements(of: linear) }

  /// The bound over a box.
  ///
  /// - Parameters:
  ///   - x: Any point; one that is not finite gives −∞.
  ///   - rowDuals: Any multipliers; those of the wrong sign are taken for zero.
  ///   - box: The box.
  /// - Returns: The bound after the allowance for rounding.
  mutating func value(at x: [Double], rowDuals: [Double], box: DomainBox) -> Double {
    let d = extraction.diagonal
    quadratic.setTimes(&product, x, room: &room)
    quadratic.setAbsoluteTimes(&absolute, x, room: &room)
    // Sums of n products and of all rows.
    let unit = Double.ulpOfOne * Double(flat.count + flat.rowCount + 8)
    var quadraticForm = 0.0
    var size = 0.0
    for i in 0..<flat.count {
      let rest = product[i] - d[i] * x[i]
      let restSize = absolute[i] + d[i] * x[i].magnitude
      quadraticForm += rest * x[i]
      size += restSize * x[i].magnitude
      slopes[i] = rest + flat.linear[i]
      slopeErrors[i] = restSize + flat.linear[i].magnitude
    }
    var rowTerms = 0.0
    for k in 0..<flat.rowCount {
      let dual = rowDuals[k]
      let bound = dual > 0 ? flat.rowLower[k] : flat.rowUpper[k]
      if dual == 0 || bound.isInfinite { continue }
      rowTerms += bound * dual
      size += (bound * dual).magnitude
      for e in flat.rowStarts[k]..<flat.rowStarts[k + 1] {
        let term = flat.rowCoefficients[e] * dual
        slopes[flat.rowIndices[e]] -= term
        slopeErrors[flat.rowIndices[e]] += term.magnitude
      }
    }
    for i in 0..<flat.count { slopeErrors[i] *= unit }
    minimum.run(slopes: slopes, slopeErrors: slopeErrors, curvatures: d, box: box)
    constant = rowTerms - quadraticForm / 2
    allowance =
      Self.safety * (unit * size + minimum.allowance) + convexityAllowance(x, box)
    let result = constant + minimum.value - allowance
    return result.isNaN ? -.infinity : result
  }

  /// What a P that is positive semidefinite up to rounding only may take away.
  private func convexityAllowance(_ x: [Double], _ box: DomainBox) -> Double {
    if extraction.shortfall == 0 { return 0 }
    var sum = 0.0
    for i in 0..<flat.count where flat.curvature[i] > 0 {
      let distance = max((box.upper[i] - x[i]).magnitude, (x[i] - box.lower[i]).magnitude)
      sum += flat.curvature[i] * distance * distance
    }
    return extraction.shortfall * sum / 2
  }

  /// Removes the pieces with which the bound reaches a limit.
  ///
  /// - Returns: Whether a piece was removed.
  func removePieces(reaching limit: Double, from box: inout DomainBox) -> Bool {
    minimum.removePieces(reaching: limit - constant + allowance, from: &box)
  }

  /// Whether all that is free in a row are multiples of one step, none of which fits its bounds.
  private func missesItsGrid(_ k: Int, _ box: DomainBox) -> Bool {
    var fixed = 0.0
    var size = min(flat.rowLower[k].magnitude, flat.rowUpper[k].magnitude)
    var step = Double.infinity
    let entries = flat.rowStarts[k]..<flat.rowStarts[k + 1]
    for e in entries {
      let i = flat.rowIndices[e]
      let a = flat.rowCoefficients[e]
      size += a.magnitude * max(box.lower[i].magnitude, box.upper[i].magnitude)
      if box.lower[i] == box.upper[i] {
        fixed += a * box.lower[i]
      } else if lots[i] > 0 {
        step = min(step, (a * lots[i]).magnitude)
      } else {
        return false
      }
    }
    guard step > 0, step < .infinity, size < .infinity else { return false }
    let tolerance = Self.gridTolerance * size
    for e in entries where box.lower[flat.rowIndices[e]] < box.upper[flat.rowIndices[e]] {
      let ratio = (flat.rowCoefficients[e] * lots[flat.rowIndices[e]]).magnitude / step
      // The largest number of steps must stay on the grid.
      let count = size / step
      if (ratio - ratio.rounded()).magnitude * step * count > tolerance { return false }
    }
    let first = ((flat.rowLower[k] - tolerance - fixed) / step).rounded(.up)
    return fixed + first * step > flat.rowUpper[k] + tolerance
  }

  /// Whether a row contradicts the box and the limits on counts.
  mutating func hasImpossibleRow(_ box: DomainBox) -> Bool {
    for k in 0..<flat.rowCount {
      if missesItsGrid(k, box) { return true }
      if flat.rowLower[k] > -.infinity, largestValue(k, 1, box) < flat.rowLower[k] { return true }
      if flat.rowUpper[k] < .infinity, largestValue(k, -1, box) < -flat.rowUpper[k] {
        return true
      }
    }
    return false
  }

  /// The largest value of a row, or of its negative, raised by what a certificate forgives.
  private mutating func largestValue(_ k: Int, _ sign: Double, _ box: DomainBox) -> Double {
    for i in 0..<flat.count { slopes[i] = 0 }
    var size = min(flat.rowLower[k].magnitude, flat.rowUpper[k].magnitude)
    for e in flat.rowStarts[k]..<flat.rowStarts[k + 1] {
      let i = flat.rowIndices[e]
      slopes[i] = -sign * flat.rowCoefficients[e]
      let reach = max(box.lower[i].magnitude, box.upper[i].magnitude)
      size += slopes[i].magnitude * reach
    }
    minimum.run(
      slopes: slopes, slopeErrors: zeros, curvatures: zeros, box: box, hasCosts: false)
    let value = -minimum.value + minimum.allowance
    return size < .infinity ? value + Certificate.optimalTolerances.primal * size : .infinity
  }
}
