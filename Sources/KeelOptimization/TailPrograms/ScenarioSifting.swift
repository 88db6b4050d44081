import KeelNumerics

// Goals: (1) the exact optimum of the whole program, or nothing; (2) interior-point iterations over
// the few scenarios and variables that decide: some hundred of each, whatever S and N are.
//
// Scenarios far in the tail or far above it are linear and need no auxiliary variable; variables at
// their bounds with a clear gradient stay there. The reduced program bounds the whole one from
// below in the scenarios and from above in the variables; its optimum is that of the whole program
// when every scenario lies on the side it was taken to be on and no gradient has the wrong sign.
// Otherwise the offenders join. The sets only grow, so that the rounds end. (Sifting: Bixby,
// Gregory, Lustig, Marsten and Shanno, Operations Research 40, 1992.)

/// Chooses and grows the working set of a tail program.
struct ScenarioSifting {
  /// The tolerance of the first round, whose answer is checked anyway.
  static let firstTolerance = 1e-3

  /// The tolerances of all other rounds: the next one where the point before is not good enough.
  static let tolerances = [1e-9, 1e-11, 1e-13]

  /// Rounds before everything joins.
  static let maximumRounds = 8

  /// Smaller programs are solved whole.
  private static let leastScenarios = 200
  private static let leastVariables = 20

  /// The scenarios between these multiples of the tail's mass, counted from the worst, are open at
  /// the start, and with them so many scenarios for each variable that may move.
  private static let innerShare = 0.5
  private static let outerShare = 2.5
  private static let scenariosPerVariable = 3.0

  /// The variables with the least gradient that join those off their bounds, relative to these.
  private static let extraVariables = 0.3
  private static let leastExtraVariables = 10

  /// A set of this share of the whole is not worth the rounds.
  private static let largestScenarioShare = 0.7
  private static let largestVariableShare = 0.8

  /// The margin, relative to the mean margin of the open scenarios, within which others join.
  private static let joiningMargin = 0.25

  /// A gradient counts as negative below this size relative to its terms.
  private static let gradientTolerance = 1e-11

  let model: TailModel
  private(set) var isOpen: [Bool]
  private(set) var isTail: [Bool]
  private(set) var moves: [Bool]

  /// The working set that a nearby point suggests; everything when there is none.
  init(_ model: TailModel, near solution: Solution<[Double]>?) {
    self.model = model
    let program = model.program
    isOpen = [Bool](repeating: true, count: program.scenarioCount)
    isTail = [Bool](repeating: false, count: program.scenarioCount)
    moves = [Bool](repeating: false, count: program.variableCount)
    for i in model.reduction.freeVariables { moves[i] = true }
    if let solution, solution.status == .optimal {
      chooseVariables(solution)
      chooseScenarios(program.losses(at: solution.value))
    }
    // A scenario without probability has no multiplier.
    for s in isOpen.indices where model.limits[s] <= 0 { isOpen[s] = false }
  }

  var set: WorkingSet {
    WorkingSet(
      scenarios: isOpen.indices.filter { isOpen[$0] },
      tail: isTail.indices.filter { isTail[$0] }, variables: moves.indices.filter { moves[$0] })
  }

  var isWhole: Bool {
    for s in isOpen.indices where !isOpen[s] && model.limits[s] > 0 { return false }
    for i in model.reduction.freeVariables where !moves[i] { return false }
    return true
  }

  private mutating func chooseVariables(_ solution: Solution<[Double]>) {
    let candidates = model.reduction.freeVariables
    guard candidates.count >= Self.leastVariables else { return }
    let program = model.program
    var atBound: [(gradient: Double, index: Int)] = []
    var inside = 0
    for i in candidates {
      let x = solution.value[i]
      if x == program.lowerBounds[i] || x == program.upperBounds[i] {
        let size = (solution.duals.bounds[i] * model.scaling.variable[i]).magnitude
        atBound.append((size, i))
      } else {
        inside += 1
      }
    }
    atBound.sort { ($0.gradient, $0.index) < ($1.gradient, $1.index) }
    let extra = max(Self.leastExtraVariables, Int(Self.extraVariables * Double(inside)))
    guard Double(inside + extra) < Self.largestVariableShare * Double(candidates.count) else {
      return
    }
    for entry in atBound.dropFirst(extra) { moves[entry.index] = false }
  }

  private mutating func chooseScenarios(_ losses: [Double]) {
    let count = losses.count
    guard count >= Self.leastScenarios, losses.allSatisfy(\.isFinite) else { return }
    let order = losses.indices.sorted { (losses[$0], $0) > (losses[$1], $1) }
    let variables = Double(moves.count { $0 })
    var mass = 0.0
    var rank = 0.0
    var inner = 0
    var outer = 0
    var rankOfTail = 0.0
    // In units of the tail's mass.
    for s in order {
      if mass < Self.innerShare { inner += 1 }
      if mass < 1 { rankOfTail += 1 }
      let isNear =
        mass < Self.outerShare || rank < rankOfTail + Self.scenariosPerVariable * variables
      if !isNear { break }
      outer += 1
      mass += model.limits[s]
      rank += 1
    }
    inner = max(0, inner - Int(variables))
    guard Double(outer - inner) < Self.largestScenarioShare * Double(count) else { return }
    isOpen = [Bool](repeating: false, count: count)
    for s in order[..<inner] { isTail[s] = true }
    for s in order[inner..<outer] { isOpen[s] = true }
  }

  /// Adds what a point of the reduced program shows to be on the wrong side.
  ///
  /// - Returns: Whether anything joined.
  mutating func grow(_ point: TailPoint, round: Int) -> Bool {
    let claim = point.claim
    var distance = 0.0
    var members = 0.0
    for s in isOpen.indices where isOpen[s] {
      distance += (claim.losses[s] - point.level).magnitude
      members += 1
    }
    // Later rounds take more, so that they come to an end.
    let width = members > 0 ? Double(1 + round) * Self.joiningMargin * distance / members : 0
    var joined = false
    for s in isOpen.indices where !isOpen[s] && model.limits[s] > 0 {
      let excess = claim.losses[s] - point.level
      let isWrong = isTail[s] ? excess < width : excess > -width
      if isWrong {
        isOpen[s] = true
        isTail[s] = false
        joined = true
      }
    }
    return growVariables(point, round: round) || joined
  }

  /// Frees the variables whose gradient wants to leave the bound, the strongest first.
  private mutating func growVariables(_ point: TailPoint, round: Int) -> Bool {
    let program = model.program
    let claim = point.claim
    var wanting: [(gain: Double, index: Int)] = []
    var moving = 0
    for i in model.reduction.freeVariables {
      if moves[i] {
        moving += 1
        continue
      }
      let gradient = point.gradient[i]
      let size =
        program.linear[i].magnitude
        + (program.shortfallWeight * claim.weightedOutcomes[i]).magnitude
      let isAtLower = claim.x[i] == program.lowerBounds[i]
      let isAtUpper = claim.x[i] == program.upperBounds[i]
      let gain = isAtLower ? -gradient : isAtUpper ? gradient : gradient.magnitude
      if gain > Self.gradientTolerance * size {
        wanting.append((gain * model.scaling.variable[i], i))
      }
    }
    wanting.sort { ($0.gain, $1.index) > ($1.gain, $0.index) }
    let allowed = (1 + round) * max(Self.leastExtraVariables, moving / 2)
    for entry in wanting.prefix(allowed) { moves[entry.index] = true }
    return !wanting.isEmpty
  }

  /// Lets everything join.
  mutating func growToWhole() {
    for s in isOpen.indices {
      isOpen[s] = model.limits[s] > 0
      isTail[s] = false
    }
    for i in model.reduction.freeVariables { moves[i] = true }
  }
}
