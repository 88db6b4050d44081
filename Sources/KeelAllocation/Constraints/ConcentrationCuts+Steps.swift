import KeelData
import KeelOptimization

extension MultiPeriodUtility {
  /// The plan under limits on sums of largest weights among the constraints of single steps.
  ///
  /// - Parameter steps: The periods in the order of time.
  /// - Returns: The plan with one dual value a limit and period; nil where no step has such limits of its own.
  /// - Throws: ``AllocationError``.
  func planCutByStep(_ steps: [Step]) throws(AllocationError) -> Solution<Plan>? {
    let isLimited = steps.contains { step in
      step.constraints?.concentration.contains(where: \.isLargest) ?? false
    }
    guard isLimited, let universe = steps.first?.covariance.universe else { return nil }
    var cuts: [ConcentrationCuts] = []
    for step in steps {
      let own = step.constraints ?? constraints
      try own.checkConcentration(over: universe)
      cuts.append(ConcentrationCuts(own))
    }
    while true {
      var current = steps
      for t in steps.indices { current[t].constraints = cuts[t].constraints }
      var solution: Solution<Plan>
      do throws(AllocationError) {
        solution = try plan(current)
      } catch {
        var isBounded = false
        if case .unbounded = error {
          for t in cuts.indices { isBounded = try cuts[t].addBounds(over: universe) || isBounded }
        }
        if isBounded { continue }
        throw cuts.reduce(error) { $1.translated($0) }
      }
      var isCut = false
      for t in cuts.indices {
        isCut = try cuts[t].add(below: [solution.value.weights[t]]) || isCut
      }
      if isCut { continue }
      for t in cuts.indices { solution = cuts[t].merged(solution, periods: [t]) }
      return solution
    }
  }
}
