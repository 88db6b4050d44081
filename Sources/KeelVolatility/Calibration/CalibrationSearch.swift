import KeelOptimization

/// The search for the least sum of squares from several starts.
struct CalibrationSearch<Model: CalibratableModel> {
  /// Where a search from one start ended.
  struct Ending {
    let parameters: [Double]
    let sumOfSquares: Double
    let status: CalibrationStatus
  }

  var residuals: CalibrationResiduals<Model>
  private let bounds: [ClosedRange<Double>]
  private(set) var best: Ending?
  private(set) var iterationCount = 0
  private(set) var startCount = 0

  init(_ residuals: CalibrationResiduals<Model>, _ bounds: [ClosedRange<Double>]) {
    self.residuals = residuals
    self.bounds = bounds
  }

  /// Searches from the start that is given, then from those with the least sums of squares.
  mutating func run(
    from starts: [[Double]],
    isFirstGiven: Bool,
    tolerance: Double,
    maximumIterations: Int,
    maximumStarts: Int
  ) {
    var ranked: [(cost: Double, place: Int, start: [Double])] = []
    for (place, start) in starts.enumerated() where start.count == bounds.count {
      let inside = zip(start, bounds).map { min(max($0, $1.lowerBound), $1.upperBound) }
      // Fixed parameters make starts the same.
      guard !ranked.contains(where: { $0.start == inside }) else { continue }
      let cost = residuals.sumOfSquares(inside)
      guard cost.isFinite else { continue }
      ranked.append((isFirstGiven && place == 0 ? -1 : cost, place, inside))
    }
    ranked.sort { ($0.cost, $0.place) < ($1.cost, $1.place) }
    for entry in ranked {
      guard startCount < maximumStarts, !isMet else { return }
      // A start without finite derivatives does not count.
      try? search(from: entry.start, tolerance, maximumIterations)
    }
  }

  /// Whether a search has converged to within the spreads, in the mean, and to no bound.
  private var isMet: Bool {
    guard let best, best.status == .converged else { return false }
    let isInside = zip(best.parameters, bounds).allSatisfy { value, bound in
      let isFree = bound.lowerBound < bound.upperBound
      return !isFree || (value > bound.lowerBound && value < bound.upperBound)
    }
    return isInside && best.sumOfSquares <= Double(residuals.count)
  }

  private mutating func search(
    from start: [Double],
    _ tolerance: Double,
    _ maximumIterations: Int
  ) throws(OptimizationError) {
    var solver = try LevenbergMarquardt(
      residualCount: residuals.count, parameterCount: bounds.count)
    solver.settings.maximumIterations = maximumIterations
    solver.settings.offsetTolerance = tolerance
    let (lower, upper) = (bounds.map { $0.lowerBound }, bounds.map { $0.upperBound })
    try solver.setBounds(lower: lower.span, upper: upper.span)
    var state = residuals
    let status = try solver.fit(
      from: start.span,
      residuals: { point, output in
        state.evaluate(point.indices.map { point[$0] })
        for k in state.values.indices { output[k] = state.values[k] }
      },
      jacobian: { point, output in
        state.evaluate(point.indices.map { point[$0] })
        for k in state.slopes.indices { output[k] = state.slopes[k] }
      })
    iterationCount += solver.certificate.iterations
    startCount += 1
    let sum = 2 * solver.certificate.cost
    if let best, best.sumOfSquares <= sum { return }
    best = Ending(
      parameters: solver.parameters, sumOfSquares: sum, status: CalibrationStatus(status))
  }
}

extension CalibrationStatus {
  init(_ status: MinimizationStatus) {
    self =
      status.isConverged ? .converged : status == .iterationLimit ? .iterationLimit : .stalled
  }
}
