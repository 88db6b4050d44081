// Goals: (1) factor only the assets that will be held: 50 of 500 are usual; (2) give up early where
// the support is not small. Safety is not a goal: the certificate decides, and the interior-point
// method stands behind.

/// Finds the optimum of a portfolio-like program by growing the set of variables off their bounds.
///
/// Starts from the variables that alone would satisfy the first equation at the least cost, solves
/// for them, frees the variables whose gradient violates the conditions most and fixes those that
/// leave their bounds, until nothing is violated.
struct SupportGrowth: Sendable {
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

  private(set) var iterations = 0
  /// The variables that meet a bound of a row at the least cost, cheapest first.
  private var cheapest: [(cost: Double, index: Int)] = []
  private var freed: [Int] = []

  init() {}

  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    cheapest.reserveCapacity(Self.startingSupport)
    freed.reserveCapacity(shape.variableCount)
  }

  /// Prepares the search; false for programs that do not look like a portfolio's.
  mutating func restart(_ program: CoreProgram, _ sets: inout ActiveSetPolish) -> Bool {
    guard program.quadratic.form == .dense, program.count >= Self.leastVariables,
      let budget = (0..<program.rows.count).first(where: {
        program.rows.isEquality($0) && program.rows.lower[$0] > 0
      }),
      program.lower.allSatisfy({ $0.isFinite })
    else { return false }
    guard program.rows.entries(budget).count >= Self.leastVariables else { return false }
    iterations = 0
    sets.restartAtLowerBounds(program)
    freeCheapest(Self.startingSupport, of: budget, program, &sets)
    for k in 0..<program.rows.count where program.rows.lower[k] > 0 {
      freeCheapest(Self.supportPerRow, of: k, program, &sets)
    }
    return true
  }

  /// Frees the variables that alone would meet the lower bound of a row at the least cost.
  private mutating func freeCheapest(
    _ count: Int,
    of row: Int,
    _ program: CoreProgram,
    _ sets: inout ActiveSetPolish
  ) {
    cheapest.removeAll(keepingCapacity: true)
    for e in program.rows.entries(row) {
      let i = program.rows.indices[e]
      let a = program.rows.coefficients[e]
      let curvature = program.quadratic.curvature(i)
      guard a > 0 && curvature > 0 else { continue }
      let alone = program.rows.lower[row] / a
      insert(alone * (curvature * alone / 2 + program.linear[i]), i, most: count)
    }
    for entry in cheapest { sets.free(entry.index) }
  }

  /// Puts a variable to its place among the cheapest; of equals the first comes first.
  private mutating func insert(_ cost: Double, _ index: Int, most: Int) {
    if cheapest.count == most {
      guard let last = cheapest.last, cost < last.cost else { return }
      cheapest.removeLast()
    }
    cheapest.append((cost, index))
    var place = cheapest.count - 1
    while place > 0 && cost < cheapest[place - 1].cost {
      cheapest.swapAt(place, place - 1)
      place -= 1
    }
  }

  /// Runs the search.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - sets: The sets from ``restart(_:_:)``, which become those of the point that is found.
  ///   - system: A linear system for the method's use.
  ///   - settings: The limits.
  /// - Returns: Whether a point was found that satisfies all conditions.
  mutating func run(
    _ program: CoreProgram,
    _ sets: inout ActiveSetPolish,
    _ system: inout KKTSystem,
    _ settings: QuadraticSolver.Settings
  ) -> Bool {
    let count = Double(program.count)
    while iterations < min(Self.maximumSteps, settings.maximumIterations) {
      if settings.interruption() != nil { return false }
      iterations += 1
      guard sets.solveEqualities(program, &system) else { return false }
      sets.findViolations(program)
      sets.findStarvedRows(program)
      if sets.flips.isEmpty && sets.starved.isEmpty { return true }
      var support = 0
      for side in sets.boundSide where side == 0 { support += 1 }
      guard Double(support) <= Self.largestShare * count else { return false }
      change(&sets, support: support)
      for s in sets.starved.indices {
        freeCheapest(Self.supportPerRow, of: sets.starved[s], program, &sets)
      }
    }
    return false
  }

  /// Applies all changes but those that free a variable, of which only the most violated.
  private mutating func change(_ sets: inout ActiveSetPolish, support: Int) {
    freed.removeAll(keepingCapacity: true)
    for f in sets.flips.indices {
      let flip = sets.flips[f]
      if case .variable(let i, side: 0) = flip {
        freed.append(i)
      } else {
        sets.apply(flip)
      }
    }
    let allowed = max(Self.startingSupport, Int(Self.growthRate * Double(support)))
    if freed.count > allowed { Self.sort(&freed, byMagnitudeOf: sets.boundDuals) }
    for i in freed.prefix(allowed) { sets.free(i) }
  }

  /// Sorts variables by falling magnitude of their dual values.
  private static func sort(_ variables: inout [Int], byMagnitudeOf duals: [Double]) {
    variables.heapSort { i, j in
      (duals[j].magnitude, i) < (duals[i].magnitude, j)
    }
  }
}
