import KeelNumerics

// The iteration: the model's step, a line search along it, the memory.

extension BoundedQuasiNewton {
  typealias Function = (Span<Double>, inout MutableSpan<Double>) -> Double

  /// The length of the first step, along the gradient, relative to that of the parameters.
  private static let firstStep = 0.1

  /// Steps in a row without gain in value or gradient before rounding is taken for the reason.
  private static let patience = 10

  /// A gradient that shrinks to this part is a gain.
  private static let gradientGain = 0.9

  /// Decreases below this part of the value cannot be told from rounding.
  private static let valueRounding = 2 * Double.ulpOfOne

  mutating func run(
    from start: Span<Double>,
    _ function: Function
  ) throws(OptimizationError) -> MinimizationStatus {
    try box.start(start, into: &x)
    status = .iterationLimit
    certificate = StationarityCertificate()
    memory.clear()
    for i in 0..<parameterCount { trial[i] = x[i] }
    value = evaluateTrial(function)
    guard value.isFinite else {
      throw .invalidValue(argument: "value at the start", index: 0, got: value, allowed: .finite)
    }
    try requireFiniteNumbers("gradient at the start", trialGradient.span)
    swap(&gradient, &trialGradient)
    status = iterate(function)
    certify()
    return status
  }

  private mutating func iterate(_ function: Function) -> MinimizationStatus {
    var idle = 0
    var least = projectedGradient()
    while true {
      let size = projectedGradient()
      if size <= settings.gradientTolerance { return .stationary }
      if size <= Self.gradientGain * least { (least, idle) = (size, 0) }
      if idle >= Self.patience { return endOfProgress(.smallReduction) }
      if certificate.iterations >= settings.maximumIterations { return .iterationLimit }
      if let interruption = MinimizationStatus.interruption(deadline: settings.deadline) {
        return interruption
      }
      certificate.iterations += 1
      let slope = setDirection()
      let old = value
      if slope < 0 && slope.isFinite && search(slope, function) {
        let isGain = old - value > Self.valueRounding * max(old.magnitude, value.magnitude)
        idle = isGain ? 0 : idle + 1
        continue
      }
      // Without a memory the direction is that of the gradient: nothing else is left.
      if memory.used == 0 { return endOfProgress(.smallStep) }
      memory.clear()
    }
  }

  mutating func evaluateTrial(_ function: Function) -> Double {
    certificate.evaluations += 1
    return Self.evaluate(function, at: trial, into: &trialGradient)
  }

  /// What the caller does not fill is not finite.
  private static func evaluate(
    _ function: Function, at point: [Double], into gradient: inout [Double]
  ) -> Double {
    var span = gradient.mutableSpan
    for i in 0..<span.count { span[i] = .nan }
    return function(point.span, &span)
  }

  /// Sets end and direction of the model's step and returns the slope along it.
  private mutating func setDirection() -> Double {
    cauchy.find(x: x, gradient: gradient, box, memory)
    let hasWay = cauchy.minimizeSubspace(x: x, gradient: gradient, box, memory)
    if !hasWay {
      for i in 0..<parameterCount { end[i] = cauchy.point[i] }
      return slopeToEnd()
    }
    cauchy.moveToClippedEnd(into: &end, box)
    let slope = slopeToEnd()
    if slope < 0 { return slope }
    cauchy.moveToLastInside(into: &end, box)
    return slopeToEnd()
  }

  private mutating func slopeToEnd() -> Double {
    for i in 0..<parameterCount { direction[i] = end[i] - x[i] }
    return dotProduct(direction.span, gradient.span)
  }

  private func projectedGradient() -> Double {
    var largest = 0.0
    for i in 0..<parameterCount where !box.isFixed(i) {
      largest = max(largest, box.projected(gradient[i], at: x[i], i).magnitude)
    }
    return largest
  }

  private func relativeGradient() -> Double {
    var largest = 0.0
    for i in 0..<parameterCount where !box.isFixed(i) {
      let derivative = box.projected(gradient[i], at: x[i], i)
      largest = max(largest, derivative.magnitude * max(x[i].magnitude, 1))
    }
    return largest / max(value.magnitude, 1)
  }

  /// The status where rounding ends the search: converged only near a stationary point.
  private func endOfProgress(_ status: MinimizationStatus) -> MinimizationStatus {
    relativeGradient() <= Self.acceptedRelativeGradient ? status : .stalled
  }

  private mutating func certify() {
    certificate.value = value
    certificate.projectedGradient = projectedGradient()
    certificate.relativeGradient = relativeGradient()
    for i in 0..<parameterCount where bound(of: i) != .inside {
      certificate.activeBoundCount += 1
    }
  }
}

// MARK: - Along the direction

extension BoundedQuasiNewton {
  /// Searches a step along the direction and moves there; false when none is found.
  private mutating func search(_ slope: Double, _ function: Function) -> Bool {
    let longest = longestStep()
    var line = WolfeSearch(value: value, slope: slope, longest: longest)
    let length = KeelOptimization.length(direction.span)
    var first = min(1, longest)
    if memory.used == 0 {
      let size = KeelOptimization.length(x.span)
      first = min(first, Self.firstStep * (size > 0 ? size : 1) / length)
    }
    line.step = first
    while true {
      var hasMoved = false
      for i in 0..<parameterCount {
        trial[i] = line.step == 1 ? end[i] : box.clamped(x[i] + line.step * direction[i], i)
        if trial[i] != x[i] { hasMoved = true }
      }
      guard hasMoved else { return false }
      let trialValue = evaluateTrial(function)
      let isUsable = trialValue.isFinite && isFinite(trialGradient.span)
      let trialSlope = isUsable ? dotProduct(trialGradient.span, direction.span) : .nan
      switch line.judge(trialValue, trialSlope) {
      case .goOn: continue
      case .failed: return false
      case .accepted:
        memory.add(from: x, to: trial, gradient, trialGradient)
        swap(&x, &trial)
        swap(&gradient, &trialGradient)
        value = trialValue
        return true
      }
    }
  }

  /// The largest step inside the bounds; where none is met, one that is no limit.
  private func longestStep() -> Double {
    var longest = WolfeSearch.unlimited
    for i in 0..<parameterCount where direction[i] != 0 {
      let wall = direction[i] > 0 ? box.upper[i] : box.lower[i]
      if wall.isFinite { longest = min(longest, (wall - x[i]) / direction[i]) }
    }
    // The end of the model's step is inside.
    return max(longest, 1)
  }
}
