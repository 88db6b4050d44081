// Goals: (1) a right answer or a proof that there is none; (2) iterates that stay where Newton's
// method works; (3) one factorization an iteration.
//
// Homogeneous embedding of a conic program with a quadratic objective, predictor and corrector:
// Goulart and Chen, "Clarabel: An interior-point solver for conic programs with quadratic
// objectives", arXiv 2405.12762 (2024). Symmetric cones: Nesterov-Todd scaling and Mehrotra's
// corrector. Exponential and power cones: Dahl and Andersen, Mathematical Programming 194 (2022).
//
//   Px + A'z + E'y + qτ = 0,   Ax + s = bτ,   Ex = hτ,
//   κ + q'x + b'z + h'y + x'Px/τ = 0,    s ∈ K, z ∈ K*, τ, κ ≥ 0

/// What the iterations arrived at, in the units of the core program.
struct ConicOutcome {
  var end = InteriorPointOutcome.End.stalled
  var point = ConicKKT.Vector()
  var iterations = 0
}

/// The primal-dual interior-point iterations.
struct ConicInteriorPoint: ~Copyable {
  /// The gap of a scaled program is relative to its objective, but to no less than this.
  static let leastGapScale = 1e-6

  /// The part of the way to the boundary that a step takes.
  static let stepFraction = 0.99

  /// The factor by which a step is shortened until the non-symmetric cones are inside.
  static let backtracking = 0.8

  /// The halvings that follow: they find the longest step to a few percent, at the price of some
  /// logarithms.
  static let bisections = 3

  /// A non-symmetric pair of points may be so far from the central path (1 is on it).
  static let leastProximity = 1e-6

  /// So many steps that do not reduce the distance to an answer or a proof to ``sufficientGain`` of
  /// its least value are the end of double precision.
  private static let patience = 10
  private static let sufficientGain = 0.9

  /// A step near a solution that does not reduce the distance to this part ends the iterations once:
  /// the certificate may hold already.
  private static let firstGain = 0.5

  /// A step that raises the residuals by this factor was rounding.
  private static let breakdown = 10.0

  /// A nearly proven ray that is farther from its proof by this factor is not coming back.
  private static let setback = 1e2

  /// Where a step that was rounding, or a setback, ends the iterations.
  private static let nearlySolved = 1e-6

  /// Residuals below this size in a program with data of about one may do what they want.
  private static let negligibleResidual = 1e-13

  /// A least-squares start whose elements are larger, in a program with data of about one, comes from
  /// directions that nothing determines.
  static let largestStart = 1e3

  /// Below this step length nothing moves any more.
  static let leastStep = 1e-8

  var core: ConicCore
  var cones: ConeSet
  var kkt: ConicKKT

  /// A point of the embedding.
  struct State {
    var x: [Double] = []
    var y: [Double] = []
    var s: [Double] = []
    var z: [Double] = []
    var tau = 1.0
    var kappa = 1.0

    /// Becomes a copy of another state, in its own memory.
    mutating func copyElements(of other: borrowing State) {
      x.copyElements(of: other.x)
      y.copyElements(of: other.y)
      s.copyElements(of: other.s)
      z.copyElements(of: other.z)
      tau = other.tau
      kappa = other.kappa
    }

    /// Becomes the central ray.
    mutating func center(_ core: ConicCore) {
      x.refill(core.count, with: 0)
      y.refill(core.equations.count, with: 0)
      core.cones.setCenter(&s)
      z.copyElements(of: s)
      tau = 1
      kappa = 1
    }
  }

  /// A change of the state.
  struct Direction {
    var change: ConicKKT.Vector
    var s: [Double] = []
    var tau = 0.0
    var kappa = 0.0
  }

  /// Room for vectors that live during one step.
  struct Room {
    var right = ConicKKT.Vector()
    var s: [Double] = []
    var z: [Double] = []
    var combined: [Double] = []
    var slope: [Double] = []
    var adjoint: [Double] = []
  }

  var state = State()
  var residuals = Residuals()
  /// The solution for the constant terms.
  var constant: ConicKKT.Vector
  var direction: Direction
  var room = Room()
  private var best = State()
  private var healthy = State()
  private var isHealthy = true
  private var isNearlySolved = false
  private var residualSize = Double.infinity
  private(set) var iteration = 0
  private var isStarted = false
  private var isPatient = false
  /// Whether the last run ended at its first slow step.
  private(set) var endedEarly = false

  init(_ core: ConicCore) {
    self.core = core
    cones = core.cones
    kkt = ConicKKT(core)
    constant = ConicKKT.Vector(core)
    direction = Direction(change: ConicKKT.Vector(core))
    restart()
  }

  /// Goes back to the start, for the present numbers of the core program.
  mutating func restart() {
    cones.restart()
    kkt.restart(core)
    state.center(core)
    healthy.copyElements(of: state)
    isHealthy = true
    isNearlySolved = false
    residualSize = .infinity
    iteration = 0
    isStarted = false
    isPatient = false
    endedEarly = false
  }

  /// Iterates until the residuals are below a tolerance, or until there is a reason to stop.
  ///
  /// Can be called again, to go on from the best point.
  mutating func run(
    tolerance: Double,
    maximumIterations: Int,
    interruption: () -> InteriorPointOutcome.End?
  ) -> InteriorPointOutcome.End {
    if !isStarted {
      isStarted = true
      start()
    }
    var least = (progress: Double.infinity, iteration: iteration)
    best.copyElements(of: state)
    var end = InteriorPointOutcome.End.stalled
    endedEarly = false
    while true {
      setResiduals()
      if let end = verdict(tolerance) { return end }
      let isSlow = residuals.progress > Self.firstGain * least.progress
      if residuals.progress < least.progress {
        if residuals.progress < Self.sufficientGain * least.progress {
          least.iteration = iteration
        }
        least.progress = residuals.progress
        best.copyElements(of: state)
      }
      let isRounding = !noteHealth()
      if residuals.merit < Self.nearlySolved { isNearlySolved = true }
      let isBroken =
        isNearlySolved
        ? isRounding
        : least.progress < Self.nearlySolved
          && residuals.progress > Self.setback * least.progress
      if isBroken || iteration - least.iteration >= Self.patience { break }
      endedEarly = isSlow && isNearlySolved && !isPatient
      if endedEarly { break }
      if iteration >= maximumIterations {
        end = .iterationLimit
        break
      }
      if let interruption = interruption() {
        end = interruption
        break
      }
      if !step() { break }
      iteration += 1
    }
    state.copyElements(of: best)
    return end
  }

  /// Goes on with full patience, or else with the more accurate and slower linear system, back at
  /// the last point before rounding showed, or at the center when no point was near a solution;
  /// false when there is none.
  mutating func refine() -> Bool {
    if endedEarly {
      isPatient = true
      endedEarly = false
      residualSize = .infinity
      return true
    }
    guard kkt.keepRows() else { return false }
    if isNearlySolved { state.copyElements(of: healthy) } else { state.center(core) }
    isHealthy = true
    residualSize = .infinity
    return true
  }

  /// Keeps the last point before a step that raised the residuals, which in exact arithmetic only
  /// fall; false once there was one.
  private mutating func noteHealth() -> Bool {
    let size =
      max(largestMagnitude(residuals.dual), largestMagnitude(residuals.rows, residuals.equations))
      / max(state.tau, state.kappa)
    if size > max(Self.breakdown * residualSize, Self.negligibleResidual) { isHealthy = false }
    if isHealthy { healthy.copyElements(of: state) }
    residualSize = size
    return isHealthy
  }
}
