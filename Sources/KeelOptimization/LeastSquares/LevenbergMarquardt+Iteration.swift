import KeelNumerics

// The iteration: linear model, step, gain ratio, radius. Names and constants as in Moré (1978).

extension LevenbergMarquardt {
  typealias Function = (Span<Double>, inout MutableSpan<Double>) -> Void

  /// The gain ratio from which a step is taken.
  private static let leastGain = 1e-4

  /// The gain ratio up to which the radius shrinks.
  private static let poorGain = 0.25

  /// The gain ratio from which the radius grows.
  private static let goodGain = 0.75

  /// The part of the radius that is left after a point without finite numbers.
  private static let retreat = 0.25

  /// Decreases below this part of the cost cannot be told from rounding.
  private static let costRounding = 8 * Double.ulpOfOne

  /// Where the cost says nothing any more, a step must lower the cosine by this factor.
  private static let polishing = 0.9

  /// Cosines of this many times their own rounding are as good as zero.
  private static let noiseFactor = 8.0

  /// What a trial step led to.
  private enum Outcome {
    case accepted
    case rejected
    case ended(MinimizationStatus)
  }

  mutating func run(
    from start: Span<Double>,
    _ function: Function,
    _ derivatives: Function,
    usesDifferences: Bool
  ) throws(OptimizationError) -> MinimizationStatus {
    try box.start(start, into: &x)
    status = .iterationLimit
    certificate = LeastSquaresCertificate()
    search.damping = 0
    for i in 0..<parameterCount { scale[i] = 0 }
    try evaluateStart(function, derivatives, usesDifferences)
    linearize()
    var size = 0.0
    for i in 0..<parameterCount { size = max(size, scale[i] * x[i].magnitude) }
    radius =
      settings.initialRadius
      * (size > 0 ? size : max((2 * cost).squareRoot(), .leastNormalMagnitude))
    status = iterate(function, derivatives, usesDifferences)
    certify()
    return status
  }

  private mutating func iterate(
    _ function: Function,
    _ derivatives: Function,
    _ usesDifferences: Bool
  ) -> MinimizationStatus {
    for _ in 0..<max(settings.maximumIterations, 0) {
      if (2 * cost).squareRoot() <= noise { return .zeroResidual }
      if let interruption = MinimizationStatus.interruption(deadline: settings.deadline) {
        return interruption
      }
      certificate.iterations += 1
      switch tryStep(function, derivatives, usesDifferences) {
      case .accepted: linearize()
      case .rejected: break
      case .ended(let status): return status
      }
    }
    return .iterationLimit
  }

  /// Evaluates the start, where numbers have to be finite.
  private mutating func evaluateStart(
    _ function: Function,
    _ derivatives: Function,
    _ usesDifferences: Bool
  ) throws(OptimizationError) {
    for i in 0..<parameterCount { trial[i] = x[i] }
    evaluateResiduals(function)
    try requireFiniteNumbers("residuals at the start", trialResiduals.span)
    swap(&residuals, &trialResiduals)
    cost = dotProduct(residuals.span, residuals.span) / 2
    guard cost.isFinite else {
      throw .invalidValue(
        argument: "sum of squares at the start", index: 0, got: cost, allowed: .finite)
    }
    evaluateJacobian(function, derivatives, usesDifferences, residuals: residuals)
    try requireFiniteNumbers("Jacobian at the start", trialJacobian.span)
    swap(&jacobian, &trialJacobian)
  }

  private mutating func evaluateResiduals(_ function: Function) {
    certificate.residualEvaluations += 1
    FiniteDifferences.evaluate(function, at: trial, into: &trialResiduals)
  }

  private mutating func evaluateJacobian(
    _ function: Function,
    _ derivatives: Function,
    _ usesDifferences: Bool,
    residuals: [Double]
  ) {
    certificate.jacobianEvaluations += 1
    if usesDifferences {
      differences.fill(
        &trialJacobian, at: trial, residuals: residuals, in: box, of: function)
    } else {
      FiniteDifferences.evaluate(derivatives, at: trial, into: &trialJacobian)
    }
  }
}

// MARK: - The model

extension LevenbergMarquardt {
  /// Scales the columns, rotates the Jacobian to a triangle and measures the gradient.
  private mutating func linearize() {
    let m = residualCount
    let n = parameterCount
    for j in 0..<n {
      columnLengths[j] = length(jacobian.span.extracting(j &* m..<(j &+ 1) &* m))
      scale[j] = max(scale[j], columnLengths[j])
      if scale[j] == 0 { scale[j] = .leastNormalMagnitude }
    }
    reduction.reshape(rowCount: m, columnCount: n)
    noise = 0
    for j in 0..<n {
      let inverse = 1 / scale[j]
      for k in j &* m..<(j &+ 1) &* m {
        reduction.elements[k] =
          inverse.isFinite ? jacobian[k] * inverse : jacobian[k] / scale[j]
      }
      gradient[j] = dotProduct(
        reduction.elements.span.extracting(j &* m..<(j &+ 1) &* m), residuals.span)
      noise += Double.ulpOfOne * columnLengths[j] * x[j].magnitude
    }
    for k in 0..<m { reduction.right[k] = residuals[k] }
    reduction.reduce(relativeTolerance: 0)
    copyTriangle()
    cosine = largestCosine(jacobian, residuals, cost: cost, at: x)
  }

  /// Gives the triangle to the step, columns in the order of the parameters.
  private mutating func copyTriangle() {
    let rows = min(residualCount, parameterCount)
    step.rowCount = rows
    for k in 0..<rows { step.rotated[k] = reduction.right[k] }
    for j in 0..<parameterCount {
      let column = reduction.pivots[j] &* rows
      for k in 0..<rows {
        step.triangle[column &+ k] =
          k <= j ? reduction.elements[j &* residualCount &+ k] : 0
      }
    }
  }

  /// The largest cosine between the residuals and a column that may still go downhill.
  private func largestCosine(
    _ jacobian: [Double], _ residuals: [Double], cost: Double, at x: [Double]
  ) -> Double {
    let m = residualCount
    let size = (2 * cost).squareRoot()
    guard size > 0 else { return 0 }
    var largest = 0.0
    for j in 0..<parameterCount where !box.isFixed(j) {
      let column = jacobian.span.extracting(j &* m..<(j &+ 1) &* m)
      let columnLength = length(column)
      guard columnLength > 0 else { continue }
      var sum = 0.0
      for k in 0..<m { sum += (column[k] / columnLength) * (residuals[k] / size) }
      largest = max(largest, box.projected(sum, at: x[j], j).magnitude)
    }
    return largest
  }
}

// MARK: - One step

extension LevenbergMarquardt {
  private mutating func tryStep(
    _ function: Function,
    _ derivatives: Function,
    _ usesDifferences: Bool
  ) -> Outcome {
    let length = solveModel()
    let linearSquare = step.linearSquare()
    // The undamped step to the minimizer of the linear model: its effect is the relative offset.
    let offset = settings.offsetTolerance * (2 * cost).squareRoot()
    if search.damping == 0 && linearSquare.squareRoot() <= offset { return .ended(.stationary) }
    guard moveToTrial() else { return .ended(endOfProgress(.smallStep)) }
    if certificate.iterations == 1 { radius = min(radius, length) }
    let slope = dotProduct(gradient.span, step.y.span)
    let predicted = -slope - linearSquare / 2
    evaluateResiduals(function)
    let trialCost = dotProduct(trialResiduals.span, trialResiduals.span) / 2
    guard trialCost.isFinite else { return retreat(length) }
    let decrease = actualDecrease()
    if !(predicted > costNoise) {
      return polish(function, derivatives, usesDifferences, trialCost, decrease)
    }
    let gain = decrease / predicted
    adaptRadius(gain: gain, decrease: decrease, slope: slope, trialCost: trialCost, length)
    guard gain >= Self.leastGain else { return .rejected }
    evaluateJacobian(function, derivatives, usesDifferences, residuals: trialResiduals)
    guard isFinite(trialJacobian.span) else { return retreat(length) }
    accept(trialCost)
    return .accepted
  }

  /// Finds the step inside the bounds and the radius, in scaled parameters.
  private mutating func solveModel() -> Double {
    var square = 0.0
    for i in 0..<parameterCount {
      step.low[i] = box.lower[i] == x[i] ? 0 : scale[i] * (box.lower[i] - x[i])
      step.high[i] = box.upper[i] == x[i] ? 0 : scale[i] * (box.upper[i] - x[i])
      let projected = box.isFixed(i) ? 0 : box.projected(gradient[i], at: x[i], i)
      square += projected * projected
    }
    return search.solve(
      &step, gradient: gradient, projectedGradientLength: square.squareRoot(), radius: radius)
  }

  /// Moves to the trial point; false when rounding leaves the parameters where they are.
  private mutating func moveToTrial() -> Bool {
    var hasMoved = false
    for i in 0..<parameterCount {
      switch step.side[i] {
      case -1: trial[i] = box.lower[i]
      case 1: trial[i] = box.upper[i]
      default: trial[i] = box.clamped(x[i] + step.y[i] / scale[i], i)
      }
      if trial[i] != x[i] { hasMoved = true }
    }
    return hasMoved
  }

  /// What rounding of the parameters and of the sum does to the cost.
  private var costNoise: Double {
    Self.costRounding * cost + (2 * cost).squareRoot() * noise
  }

  /// Half the sum of r² − r₊², without the cancellation of the difference of two sums.
  private func actualDecrease() -> Double {
    var sum = 0.0
    for k in 0..<residualCount {
      sum += (residuals[k] - trialResiduals[k]) * (residuals[k] + trialResiduals[k])
    }
    return sum / 2
  }

  private mutating func adaptRadius(
    gain: Double, decrease: Double, slope: Double, trialCost: Double, _ length: Double
  ) {
    if gain <= Self.poorGain {
      // The minimum of the parabola through both costs with the slope at the start.
      var part = decrease >= 0 ? 0.5 : 0.5 * slope / (slope + decrease)
      if !(part >= 0.1) || trialCost >= 100 * cost { part = 0.1 }
      radius = part * min(radius, length / 0.1)
      search.damping /= part
    } else if search.damping == 0 || gain >= Self.goodGain {
      radius = 2 * length
      search.damping *= 0.5
    }
  }

  private mutating func retreat(_ length: Double) -> Outcome {
    radius = Self.retreat * min(radius, length)
    search.damping /= Self.retreat
    return .rejected
  }

  /// A step whose effect on the cost is below rounding: taken if it makes the gradient smaller.
  private mutating func polish(
    _ function: Function,
    _ derivatives: Function,
    _ usesDifferences: Bool,
    _ trialCost: Double,
    _ decrease: Double
  ) -> Outcome {
    guard decrease >= -2 * costNoise else {
      return .ended(endOfProgress(.smallReduction))
    }
    evaluateJacobian(function, derivatives, usesDifferences, residuals: trialResiduals)
    guard isFinite(trialJacobian.span),
      largestCosine(trialJacobian, trialResiduals, cost: trialCost, at: trial)
        <= Self.polishing * cosine
    else { return .ended(endOfProgress(.smallReduction)) }
    accept(trialCost)
    return .accepted
  }

  private mutating func accept(_ trialCost: Double) {
    swap(&x, &trial)
    swap(&residuals, &trialResiduals)
    swap(&jacobian, &trialJacobian)
    cost = trialCost
  }

  /// The status where rounding ends the fit: converged only near a stationary point.
  private func endOfProgress(_ status: MinimizationStatus) -> MinimizationStatus {
    let size = (2 * cost).squareRoot()
    if size <= Self.noiseFactor * noise { return .zeroResidual }
    let floor = Self.noiseFactor * noise / size
    return cosine <= max(Self.acceptedCosine, floor) ? status : .stalled
  }

  /// Fills the certificate at the last point.
  private mutating func certify() {
    let m = residualCount
    certificate.cost = cost
    certificate.cosine = cosine
    for j in 0..<parameterCount {
      let derivative = dotProduct(
        jacobian.span.extracting(j &* m..<(j &+ 1) &* m), residuals.span)
      if bound(of: j) != .inside { certificate.activeBoundCount += 1 }
      if box.isFixed(j) { continue }
      certificate.projectedGradient = max(
        certificate.projectedGradient, box.projected(derivative, at: x[j], j).magnitude)
    }
    certificate.rank = reduceInside()
    let part = length(reduction.right.span.extracting(0..<certificate.rank))
    certificate.relativeOffset = max(cosine, cost > 0 ? part / (2 * cost).squareRoot() : 0)
  }

  /// Reduces the columns of the parameters inside their bounds and returns their rank.
  mutating func reduceInside() -> Int {
    let m = residualCount
    var count = 0
    for j in 0..<parameterCount where bound(of: j) == .inside {
      let inverse = columnLengths[j] > 0 ? columnLengths[j] : 1
      for k in 0..<m {
        reduction.elements[count &* m &+ k] = jacobian[j &* m &+ k] / inverse
      }
      count &+= 1
    }
    for k in 0..<m { reduction.right[k] = residuals[k] }
    reduction.reshape(rowCount: m, columnCount: count)
    reduction.reduce(relativeTolerance: Double(max(m, parameterCount)) * Double.ulpOfOne)
    return reduction.rank
  }
}
