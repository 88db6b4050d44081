// Goals: (1) a lower bound that is proved at every moment; (2) good points early; (3) few nodes.
//
// A. H. Land and A. G. Doig, Econometrica 28 (1960) 497-520. At each node a perspective relaxation
// proposes a point and multipliers, the bound by duality is made from them, decisions that reach the
// best objective are taken out (A. Atamtürk and A. Gómez, Safe screening rules for L0-regression,
// ICML 2020), a rounded point is tried, and the most undecided variable is split.

import KeelNumerics

/// The state of one search.
struct TreeSearch: ~Copyable {
  /// Rounds of the perspective relaxation at the root, and at a later node.
  private static let rootRounds = 40
  private static let nodeRounds = 4

  /// The curvature relative to P that is added around the last point where P leaves none to extract.
  ///
  /// The bound does not depend on it; it lets active sets solve where P is singular.
  private static let proximalPart = 1e-5

  /// A round that closes less than this part of the gap is the last one.
  private static let leastGain = 0.02

  /// The part of the allowed gap that is used; the rest is for the rounding of the difference.
  private static let usedGap = 0.999

  let problem: MixedIntegerProgram
  let settings: BranchAndBound.Settings
  let domains: VariableDomains
  let deviations: [Double]
  /// The curvature of the proximal terms.
  let proximal: [Double]
  var bound: DualityBound
  /// The diagonals that nodes try: the first one, and one that is better at the root.
  var diagonals: [[Double]]
  var weights: PerspectiveWeights
  /// The program itself over a box, and its perspective relaxation.
  var plain: QuadraticWorkspace
  var relaxed: QuadraticWorkspace
  private var queue = NodeQueue()
  private var nextIdentifier = 0

  var best: Candidate?
  /// The least bound of a part of the tree that was closed.
  private var closedBound = Double.infinity
  private var hasUnanswered = false
  private(set) var nodeCount = 0
  var relaxationCount = 0
  /// Why the search stops before its end.
  var stop: MixedIntegerStatus?
  /// Patterns that were tried last, so that they are not tried again.
  var triedPatterns: [[UInt8]] = []

  /// A point that satisfies every condition.
  struct Candidate {
    var value: [Double]
    var objective: Double
    var certificate: Certificate
  }

  init(_ problem: MixedIntegerProgram, _ settings: BranchAndBound.Settings) {
    self.problem = problem
    self.settings = settings
    domains = VariableDomains(problem)
    bound = DualityBound(problem.program, domains)
    weights = PerspectiveWeights(domains, curvatures: bound.extraction.diagonal)
    diagonals = [bound.extraction.diagonal]
    deviations = problem.program.quadratic.diagonal.map { $0.squareRoot() }
    let diagonal = problem.program.quadratic.diagonal
    let mean = diagonal.reduce(0, +) / Double(max(1, diagonal.count))
    let d = bound.extraction.diagonal
    proximal = diagonal.indices.map { i in
      if d[i] > 0 { return 0 }
      return Self.proximalPart * (diagonal[i] > 0 ? diagonal[i] : mean)
    }
    var limits = QuadraticSolver.Settings()
    limits.deadline = settings.deadline
    plain = QuadraticWorkspace(problem.program, settings: limits)
    relaxed = QuadraticWorkspace(problem.program, settings: limits)
  }

  /// The value at which a bound ends the search of a box.
  var cutoff: Double {
    guard let best else { return .infinity }
    return best.objective - Self.usedGap * allowedGap(best.objective)
  }

  private func allowedGap(_ objective: Double) -> Double {
    max(settings.absoluteGap, settings.relativeGap * objective.magnitude)
  }

  mutating func run() throws(OptimizationError) -> MixedIntegerSolution {
    var box = domains.root
    guard domains.propagate(&box) else { return try infeasible() }
    switch try solvePlain(box) {
    case .primalInfeasible: return try infeasible()
    case .unbounded(let proof): return result(.unboundedRelaxation(proof))
    case .deadlineExceeded: stop = .deadlineExceeded
    case .cancelled: stop = .cancelled
    default: break
    }
    push(box, plain.solution.value, bound: -.infinity)
    while stop == nil, let node = queue.pop() {
      if node.bound >= cutoff {
        close(node.bound)
        continue
      }
      stop = interruption()
      if stop == nil { try examine(node) }
      if stop != nil { queue.push(node) }
    }
    return result(stop ?? .stalled)
  }

  private func interruption() -> MixedIntegerStatus? {
    if nodeCount >= settings.nodeLimit { return .nodeLimit }
    if Task.isCancelled { return .cancelled }
    if let deadline = settings.deadline, ContinuousClock.now >= deadline {
      return .deadlineExceeded
    }
    return nil
  }

  /// Bounds, tries and splits one node; sets `stop` when it was interrupted.
  private mutating func examine(_ node: TreeNode) throws(OptimizationError) {
    nodeCount += 1
    var box = node.box
    var point = node.point
    var lower = node.bound
    guard domains.propagate(&box), !bound.hasImpossibleRow(box) else { return }
    var choice = DiagonalChoice(count: diagonals.count)
    for round in 0..<(nodeCount == 1 ? Self.rootRounds : Self.nodeRounds) {
      use(diagonals[choice.next])
      let status = try solveRelaxed(box, around: point)
      if stop != nil { return }
      if case .primalInfeasible = status { return }
      point = relaxed.point
      let value = bound.value(at: point, rowDuals: relaxed.rowMultipliers, box: box)
      let gain = value - lower
      choice.note(value)
      lower = max(lower, value)
      if lower >= cutoff { return close(lower) }
      if bound.removePieces(reaching: cutoff, from: &box) {
        close(cutoff)
        guard domains.propagate(&box) else { return }
      }
      if nodeCount == 1 && round == 0 { try tryCandidates(around: point, box) }
      let missing = cutoff < .infinity ? cutoff - lower : lower.magnitude
      let isExact = weights.isPlain && !hasProximal
      if isExact || round >= diagonals.count && gain < Self.leastGain * missing { break }
    }
    try tryCandidates(around: point, box)
    if stop != nil { return }
    if nodeCount == 1 { try strengthen(&box, &point, &lower) }
    if stop != nil { return }
    if lower >= cutoff { return close(lower) }
    let isLeaf = domains.isLeaf(box)
    if isLeaf || lower == -.infinity {
      guard let plainBound = try plainBound(box, isLeaf: isLeaf) else { return }
      lower = max(lower, plainBound)
      if isLeaf || lower >= cutoff { return close(lower) }
      point = plain.point
    }
    split(box, point, lower)
  }

  mutating func close(_ bound: Double) { closedBound = min(closedBound, bound) }

  /// The bound from the continuous program over a box; nil when it has no point or was interrupted.
  ///
  /// Of a leaf the point is a candidate.
  private mutating func plainBound(
    _ box: DomainBox,
    isLeaf: Bool
  ) throws(OptimizationError) -> Double? {
    let status = try solvePlain(box)
    if stop != nil { return nil }
    if case .primalInfeasible = status { return nil }
    var result = bound.value(at: plain.point, rowDuals: plain.rowMultipliers, box: box)
    guard status == .optimal else {
      if isLeaf { hasUnanswered = true }
      return result
    }
    if isLeaf { accept() }
    if result == -.infinity {
      // A variable without bounds and curvature: the certificate is the proof, to its tolerance.
      let certificate = plain.certificate
      let size = max(
        certificate.primalObjective.magnitude, certificate.dualObjective.magnitude)
      result = certificate.dualObjective - Certificate.optimalTolerances.gap * size
    }
    return result
  }
}

// MARK: - Relaxations

extension TreeSearch {
  /// Solves the program itself over a box.
  mutating func solvePlain(_ box: DomainBox) throws(OptimizationError) -> SolverStatus {
    relaxationCount += 1
    try plain.setBounds(lower: box.lower.span, upper: box.upper.span)
    let status = try plain.solve()
    noteInterruption(status)
    return status
  }

  /// Solves the perspective relaxation whose fractions belong to a point.
  mutating func solveRelaxed(
    _ box: DomainBox,
    around point: [Double]
  ) throws(OptimizationError) -> SolverStatus {
    relaxationCount += 1
    weights.update(at: point, box: box)
    let d = bound.extraction.diagonal
    var linear = problem.program.linear
    for i in linear.indices {
      linear[i] += (d[i] - weights.weights[i]) * domains.center[i] - proximal[i] * point[i]
    }
    try relaxed.setQuadratic(relaxedTerm(), convexity: .guaranteed)
    try relaxed.setLinear(linear.span)
    try relaxed.setBounds(lower: box.lower.span, upper: box.upper.span)
    let status = try relaxed.solve()
    noteInterruption(status)
    return status
  }

  var hasProximal: Bool { proximal.contains { $0 > 0 } }

  /// P − D + diag(weights), with the proximal terms.
  private func relaxedTerm() -> QuadraticTerm {
    let d = bound.extraction.diagonal
    let diagonal = d.indices.map { weights.weights[$0] + proximal[$0] }
    switch problem.program.quadratic.kernel {
    case .dense(let matrix, let factor):
      if weights.isPlain && !hasProximal { return problem.program.quadratic }
      var changed = factor == 1 ? matrix : matrix.multiplied(by: factor)
      for i in d.indices { changed[i, i] += diagonal[i] - d[i] }
      return .dense(changed)
    case .diagonal: return .diagonal(diagonal)
    case .lowRank(let term):
      return .factor(FactorTerm(lowRank: LowRankTerm(root: term.root, diagonal: diagonal)))
    }
  }

  private mutating func noteInterruption(_ status: SolverStatus) {
    if status == .deadlineExceeded { stop = .deadlineExceeded }
    if status == .cancelled { stop = .cancelled }
  }
}

// MARK: - Splitting

extension TreeSearch {
  private mutating func push(_ box: DomainBox, _ point: [Double], bound: Double) {
    queue.push(
      TreeNode(box: box, point: point, bound: bound, identifier: nextIdentifier))
    nextIdentifier += 1
  }

  /// Splits a box at the variable whose decision is worth most.
  private mutating func split(_ box: DomainBox, _ point: [Double], _ lower: Double) {
    var chosen = (score: -1.0, variable: -1)
    for i in 0..<domains.count where !domains.isSettled(i, in: box) {
      let score = deviations[i] * splitDistance(i, box, point)
      if score > chosen.score { chosen = (score, i) }
    }
    let i = chosen.variable
    if i < 0 { return close(lower) }
    var first = box
    var second = box
    if domains.isDecided(i, in: box) {
      let lot = domains.lots[i]
      var below = (point[i] / lot).rounded(.down)
      if below * lot >= box.upper[i] { below -= 1 }
      first.upper[i] = max(below * lot, box.lower[i])
      second.lower[i] = ((first.upper[i] / lot).rounded() + 1) * lot
    } else {
      let sides = domains.sides(of: i, in: box)
      if sides.counting && sides.other {
        domains.keep(counting: true, of: i, in: &first)
        domains.keep(counting: false, of: i, in: &second)
      } else {
        let p = nearestPiece(to: point[i], of: i, in: box) { _ in true }
        for other in domains.starts[i]..<domains.starts[i + 1] where other != p {
          domains.remove(other, of: i, from: &first)
        }
        if let p { domains.remove(p, of: i, from: &second) }
      }
    }
    push(second, point, bound: lower)
    push(first, point, bound: lower)
  }

  /// How far a variable is from a decision.
  private func splitDistance(_ i: Int, _ box: DomainBox, _ point: [Double]) -> Double {
    if domains.isDecided(i, in: box) {
      let ratio = point[i] / domains.lots[i]
      return (ratio - ratio.rounded()).magnitude * domains.lots[i]
    }
    return (point[i] - domains.center[i]).magnitude
  }
}

// MARK: - Results

extension TreeSearch {
  private mutating func infeasible() throws(OptimizationError) -> MixedIntegerSolution {
    var limits = QuadraticSolver.Settings()
    limits.deadline = settings.deadline
    relaxationCount += 1
    let solution = try QuadraticSolver(settings: limits).solve(problem.program)
    if case .primalInfeasible(let proof) = solution.status {
      return result(.infeasible(relaxation: proof))
    }
    return result(.infeasible(relaxation: nil))
  }

  private func result(_ status: MixedIntegerStatus) -> MixedIntegerSolution {
    var lower = min(queue.leastBound, closedBound)
    var status = status
    if case .infeasible = status { lower = .infinity }
    if case .unboundedRelaxation = status { lower = -.infinity }
    if let best {
      lower = min(lower, best.objective)
      // The gap is asked of the numbers that are returned, whatever stopped the search.
      if best.objective - lower <= allowedGap(best.objective) { status = .optimal }
    } else if status == .stalled && !hasUnanswered {
      status = .infeasible(relaxation: nil)
      lower = .infinity
    }
    return MixedIntegerSolution(
      value: best?.value, status: status, objective: best?.objective ?? .infinity,
      fixedCost: best.map { problem.fixedCost(at: $0.value) } ?? 0, lowerBound: lower,
      nodeCount: nodeCount, relaxationCount: relaxationCount, certificate: best?.certificate)
  }
}

extension QuadraticWorkspace {
  /// A copy of the variables of the last solve.
  var point: [Double] { withVariables { span in span.indices.map { span[$0] } } }

  /// A copy of the dual values of the bounds of the last solve.
  var boundMultipliers: [Double] {
    withDuals { _, bounds in bounds.indices.map { bounds[$0] } }
  }

  /// A copy of the dual values of the rows of the last solve.
  var rowMultipliers: [Double] { withDuals { rows, _ in rows.indices.map { rows[$0] } } }
}
