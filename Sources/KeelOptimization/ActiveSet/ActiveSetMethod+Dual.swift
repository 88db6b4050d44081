// Goals: (1) an end for every strictly convex program, also where few variables are free and many
// rows active; (2) steps that cost the free variables only.
//
// The dual method of D. Goldfarb and A. Idnani, Mathematical Programming 27 (1983) 1-33, started from
// the sets where the block pivots ended: constraints whose dual value has the wrong sign leave until
// none is left; then the most violated constraint enters, and what blocks its dual value leaves. The
// objective of the dual rises in each full step, so that no set comes back.

import KeelLinearAlgebra
import KeelNumerics

extension ActiveSetMethod {
  /// What became of the dual method.
  enum DualEnd { case solved, infeasible, failed }

  /// A slope below this size relative to its terms means that a constraint depends on the active
  /// ones.
  private static let dependence = 1e-11

  /// The part of a row that may be left of it after the others have been projected out.
  private static let independentPart = 1e-9

  /// Rounds of solving, checking and going on after rounding has shown a violation.
  private static let rounds = 4

  /// A constraint that is to enter.
  struct Entering {
    /// A variable, or a row counted on from the number of variables.
    let target: Int
    /// 1 when the value must rise, −1 when it must fall.
    let sign: Double
  }

  /// Runs the dual method from the present sets.
  ///
  /// - Parameters:
  ///   - isDualFeasible: Whether the present point is the optimum of its active constraints.
  ///   - maximumSteps: The limit.
  ///   - isInterrupted: Asked at the start of each step.
  /// - Returns: What became of it; only after `solved` is the point an answer.
  mutating func runDual(
    isDualFeasible: Bool,
    maximumSteps: Int,
    isInterrupted: () -> Bool
  ) -> DualEnd {
    if !isDualFeasible {
      guard dropWrongSigns(isInterrupted) else { return .failed }
    }
    var steps = 0
    for _ in 0..<Self.rounds {
      while let entering = mostViolated() {
        if isInterrupted() { return .failed }
        switch enter(entering, &steps, maximumSteps) {
        case .solved: break
        case let end: return end
        }
      }
      guard system.factor(program, side: side, rowSide: rowSide), refine() else { return .failed }
      findViolations()
      if flips.count == 0 && mostViolated() == nil { return .solved }
      guard dropWrongSigns(isInterrupted) else { return .failed }
    }
    return .failed
  }

  /// Takes rows out of the active set that depend on others, or touch no free variable.
  ///
  /// Modified Gram-Schmidt on the coefficients of the free variables.
  mutating func dropDependentRows() {
    var basisCount = 0
    basis.removeAll(keepingCapacity: true)
    for k in rowSide.indices where rowSide[k] != 0 {
      let norm = setImage(ofRow: k)
      for b in 0..<basisCount { Self.projectOut(basis, from: b &* x.count, of: &scratch) }
      let left = dot(scratch, scratch)
      if left > Self.independentPart * norm {
        let scale = 1 / left.squareRoot()
        for value in scratch { basis.append(value * scale) }
        basisCount += 1
      } else {
        rowSide[k] = 0
        rowDuals[k] = 0
      }
    }
  }

  /// `scratch` becomes the coefficients of the free variables, each over the deviation; returns the
  /// squared length.
  private mutating func setImage(ofRow k: Int) -> Double {
    for i in scratch.indices { scratch[i] = 0 }
    var norm = 0.0
    for e in program.rowStarts[k]..<program.rowStarts[k + 1] {
      let i = program.rowIndices[e]
      if side[i] == 0 { scratch[i] = program.rowCoefficients[e] / deviations[i] }
      norm += scratch[i] * scratch[i]
    }
    return norm
  }

  /// Takes out of a vector its part along a unit vector that begins at a place of an array.
  private static func projectOut(
    _ vectors: [Double],
    from start: Int,
    of vector: inout [Double]
  ) {
    let unit = vectors.span
    var target = vector.mutableSpan
    var part = 0.0
    for i in 0..<target.count { part += unit[start &+ i] * target[i] }
    for i in 0..<target.count { target[i] -= part * unit[start &+ i] }
  }

  /// Solves and frees what has the wrong sign until every dual value has the right one.
  private mutating func dropWrongSigns(_ isInterrupted: () -> Bool) -> Bool {
    let mostFree = Int(0.7 * Double(x.count)) + 2 * Self.leastGrowth
    while true {
      if isInterrupted() { return false }
      iterations += 1
      if !keepsGradient { recomputeGradient() }
      guard newtonStep() else { return false }
      var free = 0
      for i in side.indices where side[i] == 0 { free += 1 }
      guard free <= mostFree else { return false }
      let total = weightedSize()
      var dropped = 0
      for i in side.indices where side[i] != 0 && program.lower[i] < program.upper[i] {
        let wrong = side[i] < 0 ? -gradient[i] : gradient[i]
        let size = deviations[i] * total + program.linear[i].magnitude
        if wrong > 10 * Self.tolerance * size {
          side[i] = 0
          dropped += 1
        }
      }
      for k in rowSide.indices where rowSide[k] == 1 || rowSide[k] == -1 {
        if (rowSide[k] < 0 ? -rowDuals[k] : rowDuals[k]) > 0 {
          rowSide[k] = 0
          rowDuals[k] = 0
          dropped += 1
        }
      }
      if dropped == 0 { return true }
    }
  }

  /// The constraint that is violated most on the scale of the standard deviations.
  func mostViolated() -> Entering? {
    let largest = largestMagnitude()
    var worst = (size: 0.0, entering: Entering?.none)
    for i in x.indices where side[i] == 0 {
      let below = program.lower[i] - x[i]
      let above = x[i] - program.upper[i]
      let amount = max(below, above)
      if amount <= 0 || amount * deviations[i] <= worst.size { continue }
      let bound = below > 0 ? program.lower[i] : program.upper[i]
      if amount <= Self.tolerance * (largest + bound.magnitude) { continue }
      worst = (amount * deviations[i], Entering(target: i, sign: below > 0 ? 1 : -1))
    }
    for k in rowSide.indices where rowSide[k] == 0 {
      let value = program.rowValue(k, x)
      let below = program.rowLower[k] - value
      let above = value - program.rowUpper[k]
      let amount = max(below, above)
      if amount <= 0 { continue }
      let bound = below > 0 ? program.rowLower[k] : program.rowUpper[k]
      if amount <= Self.tolerance * (program.rowSize(k, x) + bound.magnitude) { continue }
      var scale = 0.0
      for e in program.rowStarts[k]..<program.rowStarts[k + 1] {
        scale = max(scale, program.rowCoefficients[e].magnitude / deviations[program.rowIndices[e]])
      }
      if amount / scale <= worst.size { continue }
      worst = (amount / scale, Entering(target: x.count + k, sign: below > 0 ? 1 : -1))
    }
    return worst.entering
  }

  /// Raises the dual value of a constraint until it holds, dropping what blocks.
  private mutating func enter(
    _ entering: Entering,
    _ steps: inout Int,
    _ maximumSteps: Int
  ) -> DualEnd {
    while true {
      steps += 1
      iterations += 1
      guard steps <= maximumSteps, system.factor(program, side: side, rowSide: rowSide) else {
        return .failed
      }
      guard let slope = direction(entering) else { return .failed }
      let missing = missing(entering)
      if missing <= 0 && slope > 0 { return .solved }
      let fullStep = slope > 0 ? missing / slope : .infinity
      let (blocking, dualStep) = longestDualStep(entering)
      let step = min(fullStep, dualStep)
      guard step < .infinity else {
        keepRay(entering)
        return .infeasible
      }
      move(entering, by: step)
      if fullStep <= dualStep {
        activate(entering)
        return .solved
      }
      release(blocking)
    }
  }

  /// Keeps the direction in which the dual objective rises without limit.
  private mutating func keepRay(_ entering: Entering) {
    for k in rowRay.indices { rowRay[k] = 0 }
    for a in 0..<system.activeCount { rowRay[system.activeRows[a]] = system.dualStep[a] }
    if entering.target >= x.count { rowRay[entering.target - x.count] += entering.sign }
    hasRay = true
  }

  /// How far the value is from its bound.
  private func missing(_ entering: Entering) -> Double {
    let n = x.count
    if entering.target < n {
      let i = entering.target
      return entering.sign > 0 ? program.lower[i] - x[i] : x[i] - program.upper[i]
    }
    let k = entering.target - n
    let value = program.rowValue(k, x)
    return entering.sign > 0 ? program.rowLower[k] - value : value - program.rowUpper[k]
  }

  /// Solves for the change of the point for one unit of the entering dual value; returns the change
  /// of its constraint, zero when it depends on the active ones, nil when it cannot be solved.
  ///
  /// `changes` becomes the direction of x and `scratch` that of the gradient.
  private mutating func direction(_ entering: Entering) -> Double? {
    let n = x.count
    system.clearRight()
    var normal = 0.0
    if entering.target < n {
      system.setRight(at: entering.target, to: entering.sign)
      normal = 1 / program.curvature[entering.target]
    } else {
      let k = entering.target - n
      for e in program.rowStarts[k]..<program.rowStarts[k + 1] {
        let i = program.rowIndices[e]
        let a = program.rowCoefficients[e]
        system.setRight(at: i, to: entering.sign * a)
        normal += side[i] == 0 ? a * a / program.curvature[i] : 0
      }
    }
    guard system.solveRight(program) else { return nil }
    for i in 0..<n { changes[i] = 0 }
    for p in 0..<system.freeCount { changes[system.free[p]] = system.step[p] }
    // The gradient's direction takes the place of the gradient for a moment.
    swap(&gradient, &direction)
    for i in 0..<n { gradient[i] = 0 }
    addProductOfChanges()
    for a in 0..<system.activeCount { addRow(system.activeRows[a], times: -system.dualStep[a]) }
    if entering.target >= n { addRow(entering.target - n, times: -entering.sign) }
    swap(&gradient, &direction)
    var slope = 0.0
    if entering.target < n {
      slope = changes[entering.target] * entering.sign
    } else {
      slope = program.rowValue(entering.target - n, changes) * entering.sign
    }
    guard slope.isFinite else { return nil }
    return slope > Self.dependence * normal ? slope : 0
  }

  /// The step at which the first dual value of an active constraint becomes zero.
  private func longestDualStep(_ entering: Entering) -> (blocking: Int, step: Double) {
    let n = x.count
    var best = (blocking: -1, step: Double.infinity)
    let (sides, slopes, duals) = (side.span, direction.span, gradient.span)
    for i in 0..<n {
      let orientation = Double(sides[i])
      // Away from zero on the lower side the dual value is positive, on the upper one negative.
      let change = -orientation * slopes[i]
      if change >= 0 || program.lower[i] == program.upper[i] { continue }
      let step = max(-orientation * duals[i], 0) / -change
      if step < best.step { best = (i, step) }
    }
    for a in 0..<system.activeCount {
      let k = system.activeRows[a]
      if rowSide[k] == 2 { continue }
      let change = rowSide[k] < 0 ? system.dualStep[a] : -system.dualStep[a]
      if change >= 0 { continue }
      let step = max(rowSide[k] < 0 ? rowDuals[k] : -rowDuals[k], 0) / -change
      if step < best.step { best = (n + k, step) }
    }
    return best
  }

  private mutating func move(_ entering: Entering, by step: Double) {
    for p in 0..<system.freeCount {
      let i = system.free[p]
      x[i] += step * changes[i]
    }
    Self.add(direction, times: step, to: &gradient)
    for a in 0..<system.activeCount { rowDuals[system.activeRows[a]] += step * system.dualStep[a] }
    if entering.target >= x.count {
      rowDuals[entering.target - x.count] += step * entering.sign
    }
  }

  private static func add(_ x: [Double], times factor: Double, to y: inout [Double]) {
    let source = x.span
    var target = y.mutableSpan
    for i in 0..<min(source.count, target.count) { target[i] += factor * source[i] }
  }

  private mutating func activate(_ entering: Entering) {
    let n = x.count
    let isLower = entering.sign > 0
    if entering.target < n {
      side[entering.target] = isLower ? -1 : 1
      x[entering.target] =
        isLower ? program.lower[entering.target] : program.upper[entering.target]
    } else {
      let k = entering.target - n
      rowSide[k] = program.rowLower[k] == program.rowUpper[k] ? 2 : isLower ? -1 : 1
    }
  }

  private mutating func release(_ target: Int) {
    if target < x.count {
      side[target] = 0
    } else {
      rowSide[target - x.count] = 0
      rowDuals[target - x.count] = 0
    }
  }
}
