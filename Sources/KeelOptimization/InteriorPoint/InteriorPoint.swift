// Goals: (1) a right answer or a proof that there is none; (2) a fixed number of iterations;
// (3) one factorization an iteration.
//
// Homogeneous embedding of a convex quadratic program with predictor-corrector steps:
// Goulart and Chen, "Clarabel: An interior-point solver for conic programs with quadratic
// objectives", arXiv 2405.12762 (2024); Mehrotra, SIAM J. Optim. 2 (1992).
//
//   Px + A's z + A'e y + qτ = 0,   As x + s = bs τ,   Ae x = be τ,
//   κ + q'x + b'z + x'Px/τ = 0,    s, z, τ, κ ≥ 0
//
// A solution with τ > 0 is an optimum x/τ; one with κ > 0 proves that there is none.

/// What the iterations arrived at, in the scaled variables of the core program.
struct InteriorPointOutcome {
  enum End { case converged, infeasible, unbounded, iterationLimit, stalled, deadline, cancelled }

  var end: End
  var x: [Double]
  /// Dual values of the rows, positive for a lower bound.
  var rowDuals: [Double]
  /// Dual values of the bounds, positive for a lower bound.
  var boundDuals: [Double]
  /// For each variable −1, 0 or 1: at its lower bound, between, at its upper bound.
  var boundSide: [Int]
  /// The same for each row; 2 for an equation.
  var rowSide: [Int]
  var iterations: Int
}

/// The primal-dual interior-point iterations.
struct InteriorPoint: ~Copyable {
  /// One inequality `sign × (variable or row) ≤ bound`.
  struct Slot {
    let target: Int
    let isRow: Bool
    let sign: Double
    let bound: Double
  }

  /// Residuals relative to the terms of a scaled program at which the iterations stop; what remains
  /// is left to the polishing step.
  static let tolerance = 1e-11

  /// The size of a certificate's residual relative to its value.
  static let infeasibilityTolerance = 1e-10

  /// The gap of a scaled program is relative to its objective, but to no less than this: an
  /// objective of zero at the optimum has no size of its own.
  static let leastGapScale = 1e-6

  /// The part of the way to the boundary that a step takes.
  static let stepFraction = 0.99

  /// So many steps that do not reduce the distance to an answer or a proof to
  /// ``sufficientGain`` of its least value are the end of double precision.
  private static let patience = 15
  private static let sufficientGain = 0.9

  /// Below this step length nothing moves any more.
  static let leastStep = 1e-8

  let program: CoreProgram
  let slots: [Slot]
  let equalities: [Int]
  let borderRows: [Int]
  let shortRows: [Int]
  var kkt: KKTSystem

  var x: [Double]
  var y: [Double]
  var s: [Double]
  var z: [Double]
  var tau = 1.0
  var kappa = 1.0

  init(_ program: CoreProgram) {
    self.program = program
    var slots: [Slot] = []
    for i in 0..<program.count {
      if program.lower[i].isFinite {
        slots.append(Slot(target: i, isRow: false, sign: -1, bound: -program.lower[i]))
      }
      if program.upper[i].isFinite {
        slots.append(Slot(target: i, isRow: false, sign: 1, bound: program.upper[i]))
      }
    }
    var equalities: [Int] = []
    var borderRows: [Int] = []
    var shortRows: [Int] = []
    var isLowRank = false
    if case .lowRank = program.quadratic.kernel { isLowRank = true }
    for (k, row) in program.rows.enumerated() {
      if row.isEquality {
        equalities.append(k)
        borderRows.append(k)
        continue
      }
      // A short row costs its length squared in H, a border row one solve.
      if !isLowRank && row.indices.count * row.indices.count <= program.count {
        shortRows.append(k)
      } else {
        borderRows.append(k)
      }
      if row.lower.isFinite {
        slots.append(Slot(target: k, isRow: true, sign: -1, bound: -row.lower))
      }
      if row.upper.isFinite {
        slots.append(Slot(target: k, isRow: true, sign: 1, bound: row.upper))
      }
    }
    self.slots = slots
    self.equalities = equalities
    self.borderRows = borderRows
    self.shortRows = shortRows
    kkt = KKTSystem(program, borderRows: borderRows, shortRows: shortRows)
    x = [Double](repeating: 0, count: program.count)
    y = [Double](repeating: 0, count: program.rows.count)
    s = [Double](repeating: 1, count: slots.count)
    z = s
  }

  /// Runs the iterations.
  ///
  /// - Parameters:
  ///   - maximumIterations: The limit.
  ///   - interruption: Asked at the start of each iteration.
  /// - Returns: The point and the reason for stopping.
  mutating func run(
    maximumIterations: Int,
    interruption: () -> InteriorPointOutcome.End?
  ) -> InteriorPointOutcome {
    guard start() else { return outcome(.stalled, 0) }
    var best = (merit: Double.infinity, outcome: outcome(.stalled, 0))
    var furthest = Double.infinity
    var withoutProgress = 0
    for iteration in 0..<max(maximumIterations, 0) {
      if let end = interruption() {
        best.outcome.end = end
        best.outcome.iterations = iteration
        return best.outcome
      }
      let residuals = residuals()
      if let end = verdict(residuals) { return outcome(end, iteration) }
      withoutProgress += 1
      if residuals.progress < Self.sufficientGain * furthest {
        furthest = residuals.progress
        withoutProgress = 0
      }
      if residuals.merit < best.merit {
        best = (residuals.merit, outcome(.stalled, iteration))
      }
      guard withoutProgress < Self.patience, step(residuals) else {
        best.outcome.iterations = iteration
        return best.outcome
      }
    }
    best.outcome.end = .iterationLimit
    best.outcome.iterations = max(maximumIterations, 0)
    return best.outcome
  }
}
