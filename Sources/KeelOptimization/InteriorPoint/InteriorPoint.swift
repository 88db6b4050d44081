// Goals: (1) a right answer or a proof that there is none; (2) a fixed number of iterations;
// (3) one factorization an iteration; (4) memory that is kept from one program to the next.
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
struct InteriorPointOutcome: Sendable {
  enum End: Sendable {
    case converged, infeasible, unbounded, iterationLimit, stalled, deadline, cancelled
  }

  var end = End.stalled
  var x: [Double] = []
  /// Dual values of the rows, positive for a lower bound.
  var rowDuals: [Double] = []
  /// Dual values of the bounds, positive for a lower bound.
  var boundDuals: [Double] = []
  /// For each variable −1, 0 or 1: at its lower bound, between, at its upper bound.
  var boundSide: [Int] = []
  /// The same for each row; 2 for an equation.
  var rowSide: [Int] = []
  var iterations = 0

  /// Takes memory.
  mutating func reserve(variableCount: Int, rowCount: Int) {
    x.reserveCapacity(variableCount)
    boundDuals.reserveCapacity(variableCount)
    boundSide.reserveCapacity(variableCount)
    rowDuals.reserveCapacity(rowCount)
    rowSide.reserveCapacity(rowCount)
  }

  /// Becomes a point at zero off all its bounds.
  mutating func restart(_ program: CoreProgram, _ end: End) {
    self.end = end
    iterations = 0
    x.refill(program.count, with: 0)
    boundDuals.refill(program.count, with: 0)
    boundSide.refill(program.count, with: 0)
    rowDuals.refill(program.rows.count, with: 0)
    rowSide.refill(program.rows.count, with: 0)
    for k in rowSide.indices where program.rows.isEquality(k) { rowSide[k] = 2 }
  }
}

/// The primal-dual interior-point iterations.
struct InteriorPoint: ~Copyable, Sendable {
  /// One inequality `sign × (variable or row) ≤ bound`.
  struct Slot: Sendable {
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

  /// The program; ``restart()`` looks at a new one.
  var program = CoreProgram()
  /// The linear system, which other methods may use when no iterations run.
  var kkt = KKTSystem()

  private(set) var slots: [Slot] = []
  private(set) var equalities: [Int] = []
  private(set) var borderRows: [Int] = []
  private(set) var shortRows: [Int] = []

  var x: [Double] = []
  var y: [Double] = []
  var s: [Double] = []
  var z: [Double] = []
  var tau = 1.0
  var kappa = 1.0
  var residuals = Residuals()

  // The directions of a step.
  var constant = Direction()
  var affine = Direction()
  /// The one that was solved for last.
  var direction = Direction()
  var right = RightSide()
  /// z/s of each slot, and their sums for each variable and row.
  var weights: [Double] = []
  var sigma: [Double] = []
  var rowWeights: [Double] = []

  // Room for sums.
  var rowTerms: [Double] = []
  var values: [Double] = []
  var adjoint: [Double] = []
  var exposures: [Double] = []
  var complementarity: [Double] = []
  var shift: [Double] = []
  var slope: [Double] = []

  init() {}
}

// MARK: - Start

extension InteriorPoint {
  /// Takes memory.
  mutating func reserve(_ shape: CoreShape) {
    let (n, m) = (shape.variableCount, shape.rowCount)
    let slotCount = 2 * (n + m)
    program.reserve(shape)
    kkt.reserve(shape)
    slots.reserveCapacity(slotCount)
    equalities.reserveCapacity(m)
    borderRows.reserveCapacity(m)
    shortRows.reserveCapacity(m)
    x.reserveCapacity(n)
    y.reserveCapacity(m)
    s.reserveCapacity(slotCount)
    z.reserveCapacity(slotCount)
    residuals.reserve(n, m, slotCount)
    // They change places.
    constant.reserve(n, m, slotCount)
    affine.reserve(n, m, slotCount)
    direction.reserve(n, m, slotCount)
    right.reserve(n, m, slotCount)
    weights.reserveCapacity(slotCount)
    sigma.reserveCapacity(n)
    rowWeights.reserveCapacity(m)
    rowTerms.reserveCapacity(m)
    values.reserveCapacity(m)
    adjoint.reserveCapacity(n)
    exposures.reserveCapacity(shape.columnCount)
    complementarity.reserveCapacity(slotCount)
    shift.reserveCapacity(slotCount)
    slope.reserveCapacity(n)
  }

  /// Looks at the program, which has changed.
  mutating func restart() {
    slots.removeAll(keepingCapacity: true)
    equalities.removeAll(keepingCapacity: true)
    borderRows.removeAll(keepingCapacity: true)
    shortRows.removeAll(keepingCapacity: true)
    for i in 0..<program.count {
      appendSlots(i, isRow: false, program.lower[i], program.upper[i])
    }
    let isLowRank = program.quadratic.form == .lowRank
    for k in 0..<program.rows.count {
      if program.rows.isEquality(k) {
        equalities.append(k)
        borderRows.append(k)
        continue
      }
      // A short row costs its length squared in H, a border row one solve.
      let length = program.rows.entries(k).count
      if !isLowRank && length * length <= program.count {
        shortRows.append(k)
      } else {
        borderRows.append(k)
      }
      appendSlots(k, isRow: true, program.rows.lower[k], program.rows.upper[k])
    }
    kkt.restart(borderRows: borderRows, shortRows: shortRows)
    x.refill(program.count, with: 0)
    y.refill(program.rows.count, with: 0)
    s.refill(slots.count, with: 1)
    z.refill(slots.count, with: 1)
    tau = 1
    kappa = 1
  }

  private mutating func appendSlots(
    _ target: Int,
    isRow: Bool,
    _ lower: Double,
    _ upper: Double
  ) {
    if lower.isFinite {
      slots.append(Slot(target: target, isRow: isRow, sign: -1, bound: -lower))
    }
    if upper.isFinite {
      slots.append(Slot(target: target, isRow: isRow, sign: 1, bound: upper))
    }
  }
}

// MARK: - Iterations

extension InteriorPoint {
  /// Runs the iterations.
  ///
  /// - Parameters:
  ///   - outcome: Becomes the point and the reason for stopping.
  ///   - maximumIterations: The limit.
  ///   - interruption: Asked at the start of each iteration.
  mutating func run(
    _ outcome: inout InteriorPointOutcome,
    maximumIterations: Int,
    interruption: () -> InteriorPointOutcome.End?
  ) {
    let isStarted = start()
    describe(&outcome, .stalled, 0)
    if !isStarted { return }
    var best = Double.infinity
    var furthest = Double.infinity
    var withoutProgress = 0
    for iteration in 0..<max(maximumIterations, 0) {
      if let end = interruption() {
        outcome.end = end
        outcome.iterations = iteration
        return
      }
      setResiduals()
      if let end = verdict() { return describe(&outcome, end, iteration) }
      withoutProgress += 1
      if residuals.progress < Self.sufficientGain * furthest {
        furthest = residuals.progress
        withoutProgress = 0
      }
      if residuals.merit < best {
        best = residuals.merit
        describe(&outcome, .stalled, iteration)
      }
      guard withoutProgress < Self.patience, step() else {
        outcome.iterations = iteration
        return
      }
    }
    outcome.end = .iterationLimit
    outcome.iterations = max(maximumIterations, 0)
  }
}
