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

  private(set) var isOpen: [Bool] = []
  private(set) var isTail: [Bool] = []
  private(set) var moves: [Bool] = []
  /// The working set.
  private(set) var set = WorkingSet()
  private var losses: [Double] = []
  private var ranking = Ranking()

  init() {}

  /// Chooses the working set that a nearby point suggests; everything when there is none.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - model: What is known about it.
  ///   - x: The nearby point; empty for none.
  ///   - boundDuals: Its dual values of the bounds.
  mutating func restart(
    _ program: ExpectedShortfallProgram,
    _ model: borrowing TailModel,
    near x: [Double],
    _ boundDuals: [Double]
  ) {
    isOpen.refill(program.scenarioCount, with: true)
    isTail.refill(program.scenarioCount, with: false)
    moves.refill(program.variableCount, with: false)
    for i in model.reduction.freeVariables { moves[i] = true }
    if !x.isEmpty {
      chooseVariables(program, model, x, boundDuals)
      program.setLosses(&losses, at: x)
      chooseScenarios(model.limits)
    }
    // A scenario without probability has no multiplier.
    for s in isOpen.indices where model.limits[s] <= 0 { isOpen[s] = false }
    list()
  }

  /// Lists the working set.
  private mutating func list() {
    set.scenarios.removeAll(keepingCapacity: true)
    set.tail.removeAll(keepingCapacity: true)
    set.variables.removeAll(keepingCapacity: true)
    for s in isOpen.indices {
      if isOpen[s] { set.scenarios.append(s) }
      if isTail[s] { set.tail.append(s) }
    }
    for i in moves.indices where moves[i] { set.variables.append(i) }
  }

  /// Takes the memory for the whole program.
  mutating func reserve(scenarioCount: Int, variableCount: Int) {
    set.scenarios.reserveCapacity(scenarioCount)
    set.tail.reserveCapacity(scenarioCount)
    set.variables.reserveCapacity(variableCount)
    ranking.reserve(max(scenarioCount, variableCount))
  }

  func isWhole(_ model: borrowing TailModel) -> Bool {
    for s in isOpen.indices where !isOpen[s] && model.limits[s] > 0 { return false }
    for i in model.reduction.freeVariables where !moves[i] { return false }
    return true
  }

  private mutating func chooseVariables(
    _ program: ExpectedShortfallProgram,
    _ model: borrowing TailModel,
    _ x: [Double],
    _ boundDuals: [Double]
  ) {
    let candidates = model.reduction.freeVariables
    guard candidates.count >= Self.leastVariables else { return }
    ranking.removeAll()
    var inside = 0
    for i in candidates {
      if x[i] == program.lowerBounds[i] || x[i] == program.upperBounds[i] {
        ranking.append(i, (boundDuals[i] * model.scaling.variable[i]).magnitude)
      } else {
        inside += 1
      }
    }
    let extra = max(Self.leastExtraVariables, Int(Self.extraVariables * Double(inside)))
    guard Double(inside + extra) < Self.largestVariableShare * Double(candidates.count) else {
      return
    }
    // Those with the largest gradients stay where they are.
    ranking.arrange()
    for _ in 0..<max(0, ranking.count - extra) {
      if let i = ranking.popFirst() { moves[i] = false }
    }
  }

  private mutating func chooseScenarios(_ limits: [Double]) {
    let count = losses.count
    guard count >= Self.leastScenarios, losses.allSatisfy(\.isFinite) else { return }
    ranking.removeAll()
    for s in losses.indices { ranking.append(s, losses[s]) }
    ranking.arrange()
    let variables = moves.count { $0 }
    var mass = 0.0
    var inner = 0
    var rankOfTail = 0
    var outer = 0
    isOpen.refill(count, with: false)
    // In units of the tail's mass.
    while let s = ranking.popFirst() {
      if mass < Self.innerShare { inner += 1 }
      if mass < 1 { rankOfTail += 1 }
      let isNear =
        mass < Self.outerShare
        || Double(outer) < Double(rankOfTail) + Self.scenariosPerVariable * Double(variables)
      if !isNear { break }
      isOpen[s] = true
      outer += 1
      mass += limits[s]
    }
    inner = max(0, inner - variables)
    guard Double(outer - inner) < Self.largestScenarioShare * Double(count) else {
      isOpen.refill(count, with: true)
      return
    }
    ranking.removeAll()
    for s in losses.indices where isOpen[s] { ranking.append(s, losses[s]) }
    ranking.arrange()
    for _ in 0..<inner {
      guard let s = ranking.popFirst() else { return }
      isOpen[s] = false
      isTail[s] = true
    }
  }

  /// Adds what a point of the reduced program shows to be on the wrong side.
  ///
  /// - Returns: Whether anything joined.
  mutating func grow(
    _ program: ExpectedShortfallProgram,
    _ model: borrowing TailModel,
    _ point: TailPoint,
    round: Int
  ) -> Bool {
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
    if growVariables(program, model, point, round: round) { joined = true }
    list()
    return joined
  }

  /// Frees the variables whose gradient wants to leave the bound, the strongest first.
  private mutating func growVariables(
    _ program: ExpectedShortfallProgram,
    _ model: borrowing TailModel,
    _ point: TailPoint,
    round: Int
  ) -> Bool {
    let claim = point.claim
    ranking.removeAll()
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
        ranking.append(i, gain * model.scaling.variable[i])
      }
    }
    if ranking.count == 0 { return false }
    ranking.arrange()
    for _ in 0..<((1 + round) * max(Self.leastExtraVariables, moving / 2)) {
      guard let i = ranking.popFirst() else { break }
      moves[i] = true
    }
    return true
  }

  /// Lets everything join.
  mutating func growToWhole(_ model: borrowing TailModel) {
    for s in isOpen.indices {
      isOpen[s] = model.limits[s] > 0
      isTail[s] = false
    }
    for i in model.reduction.freeVariables { moves[i] = true }
    list()
  }
}
