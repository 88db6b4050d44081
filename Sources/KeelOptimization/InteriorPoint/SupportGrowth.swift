// Goals: (1) factor only the assets that will be held: 50 of 500 are usual; (2) give up early where
// the support is not small. Safety is not a goal: the certificate decides, and the interior-point
// method stands behind.

/// Finds the optimum of a portfolio-like program by growing the set of variables off their bounds.
///
/// Starts from the variables that alone would satisfy the first equation at the least cost, solves
/// for them, frees the variables whose gradient violates the conditions most and fixes those that
/// leave their bounds, until nothing is violated.
struct SupportGrowth {
  /// Programs with fewer variables are solved as fast by the interior-point method.
  private static let leastVariables = 16

  /// The number of variables to start with.
  private static let startingSupport = 12

  /// The number of variables to start with for each further row with a positive lower bound, so
  /// that it can be met.
  private static let supportPerRow = 2

  /// The number of variables that one step may free, relative to those that are free.
  private static let growthRate = 0.5

  /// Supports that take more steps are left to the interior-point method.
  private static let maximumSteps = 40

  /// A support above this share of the variables is not small: two steps cost an iteration of the
  /// interior-point method.
  private static let largestShare = 0.6

  private(set) var sets: ActiveSetPolish
  private(set) var iterations = 0

  /// Prepares the search; nil for programs that do not look like a portfolio's.
  init?(_ program: CoreProgram) {
    guard case .dense = program.quadratic.kernel, program.count >= Self.leastVariables,
      let budget = program.rows.first(where: { $0.isEquality && $0.lower > 0 }),
      program.lower.allSatisfy({ $0.isFinite })
    else { return nil }
    guard budget.indices.count >= Self.leastVariables else { return nil }
    let diagonal = program.quadratic.diagonal
    var support = Set(
      Self.cheapest(Self.startingSupport, of: budget, program.linear, diagonal))
    for row in program.rows where row.lower > 0 {
      support.formUnion(Self.cheapest(Self.supportPerRow, of: row, program.linear, diagonal))
    }
    sets = ActiveSetPolish(program, support: support.sorted())
  }

  /// The variables that alone would meet the lower bound of a row at the least cost.
  private static func cheapest(
    _ count: Int,
    of row: CoreProgram.Row,
    _ linear: [Double],
    _ diagonal: [Double]
  ) -> [Int] {
    var costs: [(cost: Double, index: Int)] = []
    for (i, a) in zip(row.indices, row.coefficients) where a > 0 && diagonal[i] > 0 {
      let alone = row.lower / a
      costs.append((alone * (diagonal[i] * alone / 2 + linear[i]), i))
    }
    costs.sort { ($0.cost, $0.index) < ($1.cost, $1.index) }
    return costs.prefix(count).map(\.index)
  }

  /// Runs the search.
  ///
  /// - Parameters:
  ///   - maximumIterations: The limit.
  ///   - isInterrupted: Asked at the start of each step.
  /// - Returns: Whether a point was found that satisfies all conditions.
  mutating func run(maximumIterations: Int, isInterrupted: () -> Bool) -> Bool {
    let count = Double(sets.program.count)
    while iterations < min(Self.maximumSteps, maximumIterations) {
      if isInterrupted() { return false }
      iterations += 1
      guard sets.solveEqualities() else { return false }
      let flips = sets.violations()
      let starved = sets.starvedRows()
      if flips.isEmpty && starved.isEmpty { return true }
      var support = 0
      for side in sets.boundSide where side == 0 { support += 1 }
      guard Double(support) <= Self.largestShare * count else { return false }
      change(flips, support: support)
      for k in starved {
        let row = sets.program.rows[k]
        for i in cheapest(of: row) { sets.apply(.variable(i, side: 0)) }
      }
    }
    return false
  }

  /// The variables that meet the lower bound of a row at the least cost.
  private func cheapest(of row: CoreProgram.Row) -> [Int] {
    Self.cheapest(
      Self.supportPerRow, of: row, sets.program.linear, sets.program.quadratic.diagonal)
  }

  /// Applies all changes but those that free a variable, of which only the most violated.
  private mutating func change(_ flips: [ActiveSetPolish.Flip], support: Int) {
    var freed: [Int] = []
    for flip in flips {
      if case .variable(let i, side: 0) = flip {
        freed.append(i)
      } else {
        sets.apply(flip)
      }
    }
    let allowed = max(Self.startingSupport, Int(Self.growthRate * Double(support)))
    let duals = sets.boundDuals
    freed.sort { (duals[$1].magnitude, $0) < (duals[$0].magnitude, $1) }
    for i in freed.prefix(allowed) { sets.apply(.variable(i, side: 0)) }
  }
}
