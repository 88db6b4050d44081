// Goals: (1) a lower bound that is proved at every moment; (2) good points early; (3) few nodes;
// (4) no allocation by a second search of as many open nodes.
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

  var problem: MixedIntegerProgram
  private(set) var settings: BranchAndBound.Settings
  var domains: VariableDomains
  /// The box of the root before any conclusion.
  var root = DomainBox()
  private(set) var deviations: [Double] = []
  /// The curvature of the proximal terms.
  private(set) var proximal: [Double] = []
  var extractor = CurvatureExtractor()
  var firstExtraction = CurvatureExtraction()
  var bound: DualityBound
  /// A diagonal that is better at the root than the first one; nodes try both.
  var improvedDiagonal: [Double] = []
  var hasImprovedDiagonal = false
  var improvement: CurvatureImprovement
  var weights: PerspectiveWeights
  /// The program itself over a box, and its perspective relaxation.
  var plain: QuadraticWorkspace
  var relaxed: QuadraticWorkspace
  private var queue: NodeQueue

  var best: Candidate?
  /// The variables of the best point.
  private(set) var bestValue: [Double] = []
  /// The least bound of a part of the tree that was closed.
  private var closedBound = Double.infinity
  private var hasUnanswered = false
  private(set) var nodeCount = 0
  var relaxationCount = 0
  /// Why the search stops before its end.
  var stop: MixedIntegerStatus?
  /// Patterns that were tried last, so that they are not tried again.
  var triedPatterns: RecentPatterns
  var room: Room

  /// What is known of a point that satisfies every condition.
  struct Candidate {
    var objective: Double
    var certificate: Certificate
  }

  init(_ problem: MixedIntegerProgram, _ settings: BranchAndBound.Settings) {
    self.problem = problem
    self.settings = settings
    let count = problem.program.variableCount
    domains = VariableDomains(problem)
    domains.setRoot(&root)
    queue = NodeQueue(count: count)
    extractor.split(problem.program.quadratic, into: &firstExtraction)
    bound = DualityBound(problem.program, domains, firstExtraction)
    weights = PerspectiveWeights(domains, curvatures: firstExtraction.diagonal)
    improvement = CurvatureImprovement(
      reserving: problem.program.quadratic.isHeldDense ? count : 0)
    triedPatterns = RecentPatterns(count: count)
    room = Room(count: count, limitCount: problem.cardinalities.count)
    plain = QuadraticWorkspace(problem.program)
    var program = problem.program
    program.quadratic = program.quadratic.multipliedOut
    relaxed = QuadraticWorkspace(program)
    improvedDiagonal.reserveCapacity(count)
    bestValue.reserveCapacity(count)
    setCurvature()
    restart(settings)
  }

  /// Derives what depends on the quadratic term alone.
  mutating func setCurvature() {
    problem.program.quadratic.setDiagonal(&room.diagonal)
    let count = domains.count
    var sum = 0.0
    for i in 0..<count { sum += room.diagonal[i] }
    let mean = sum / Double(max(1, count))
    deviations.refill(count, with: 0)
    proximal.refill(count, with: 0)
    for i in 0..<count {
      let own = room.diagonal[i]
      deviations[i] = own.squareRoot()
      if firstExtraction.diagonal[i] > 0 { continue }
      proximal[i] = Self.proximalPart * (own > 0 ? own : mean)
    }
  }

  /// Goes back to the start of a search.
  mutating func restart(_ settings: BranchAndBound.Settings) {
    self.settings = settings
    plain.settings.deadline = settings.deadline
    relaxed.settings.deadline = settings.deadline
    plain.forgetSets()
    relaxed.forgetSets()
    queue.removeAll()
    bound.extraction.copyElements(of: firstExtraction)
    weights.replaceCurvatures(firstExtraction.diagonal)
    hasImprovedDiagonal = false
    best = nil
    closedBound = .infinity
    hasUnanswered = false
    nodeCount = 0
    relaxationCount = 0
    stop = nil
    triedPatterns.removeAll()
  }

  /// The value at which a bound ends the search of a box.
  var cutoff: Double {
    guard let best else { return .infinity }
    return best.objective - Self.usedGap * allowedGap(best.objective)
  }

  private func allowedGap(_ objective: Double) -> Double {
    max(settings.absoluteGap, settings.relativeGap * objective.magnitude)
  }

  /// Searches.
  ///
  /// - Returns: What was proved, but for the gap, or why the search stopped.
  mutating func run() throws(OptimizationError) -> MixedIntegerStatus {
    if let status = try pushRoot() { return status }
    while stop == nil, let node = queue.pop() {
      if node.bound >= cutoff {
        close(node.bound)
        queue.release(node)
        continue
      }
      stop = interruption()
      if stop == nil { try examine(node) }
      if stop == nil { queue.release(node) } else { queue.putBack(node) }
    }
    return stop ?? .stalled
  }

  /// Opens the root; returns what is known without a tree.
  private mutating func pushRoot() throws(OptimizationError) -> MixedIntegerStatus? {
    var box = DomainBox()
    swap(&box, &room.node)
    defer { swap(&box, &room.node) }
    box.copyElements(of: root)
    guard domains.propagate(&box) else { return try infeasible() }
    switch try solvePlain(box) {
    case .empty: return try infeasible()
    case .other(.unbounded(let proof)): return .unboundedRelaxation(proof)
    case .optimal, .other: break
    }
    queue.push(box, plain.point, bound: -.infinity)
    return nil
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
    var box = DomainBox()
    var point: [Double] = []
    swap(&box, &room.node)
    swap(&point, &room.point)
    defer {
      swap(&box, &room.node)
      swap(&point, &room.point)
    }
    queue.copy(node, into: &box, &point)
    var lower = node.bound
    guard domains.propagate(&box), !bound.hasImpossibleRow(box) else { return }
    var choice = DiagonalChoice(count: diagonalCount)
    for round in 0..<(nodeCount == 1 ? Self.rootRounds : Self.nodeRounds) {
      useDiagonal(choice.next)
      let end = try solveRelaxed(box, around: point)
      if stop != nil { return }
      if case .empty = end { return }
      point.copyElements(of: relaxed.point)
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
      if isExact || round >= diagonalCount && gain < Self.leastGain * missing { break }
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
      point.copyElements(of: plain.point)
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
    let end = try solvePlain(box)
    if stop != nil { return nil }
    if case .empty = end { return nil }
    var result = bound.value(at: plain.point, rowDuals: plain.rowMultipliers, box: box)
    guard case .optimal = end else {
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
  mutating func solvePlain(
    _ box: DomainBox
  ) throws(OptimizationError) -> QuadraticWorkspace.RelaxationEnd {
    relaxationCount += 1
    try plain.setBounds(lower: box.lower.span, upper: box.upper.span)
    let end = try plain.solveRelaxation()
    noteInterruption(end)
    return end
  }

  /// Solves the perspective relaxation whose fractions belong to a point.
  mutating func solveRelaxed(
    _ box: DomainBox,
    around point: [Double]
  ) throws(OptimizationError) -> QuadraticWorkspace.RelaxationEnd {
    relaxationCount += 1
    weights.update(at: point, box: box)
    setRelaxedObjective(around: point)
    let linear = room.linear
    try relaxed.setLinear(linear.span)
    try relaxed.setBounds(lower: box.lower.span, upper: box.upper.span)
    let end = try relaxed.solveRelaxation()
    noteInterruption(end)
    return end
  }

  var hasProximal: Bool { proximal.contains { $0 > 0 } }

  /// Sets the diagonal of P − D + diag(weights), with the proximal terms, and the linear terms.
  private mutating func setRelaxedObjective(around point: [Double]) {
    let d = bound.extraction.diagonal
    room.linear.copyElements(of: problem.program.linear)
    room.diagonal.refill(d.count, with: 0)
    for i in d.indices {
      room.linear[i] +=
        (d[i] - weights.weights[i]) * domains.center[i] - proximal[i] * point[i]
      room.diagonal[i] = weights.weights[i] + proximal[i]
    }
    if case .dense(let matrix, let factor) = problem.program.quadratic.kernel {
      for i in d.indices { room.diagonal[i] = factor * matrix[i, i] + (room.diagonal[i] - d[i]) }
    }
    relaxed.setDiagonal(room.diagonal)
  }

  private mutating func noteInterruption(_ end: QuadraticWorkspace.RelaxationEnd) {
    if case .other(.deadlineExceeded) = end { stop = .deadlineExceeded }
    if case .other(.cancelled) = end { stop = .cancelled }
  }
}

// MARK: - Splitting

extension TreeSearch {
  /// Splits a box at the variable whose decision is worth most.
  private mutating func split(_ box: DomainBox, _ point: [Double], _ lower: Double) {
    var chosen = (score: -1.0, variable: -1)
    for i in 0..<domains.count where !domains.isSettled(i, in: box) {
      let score = deviations[i] * splitDistance(i, box, point)
      if score > chosen.score { chosen = (score, i) }
    }
    let i = chosen.variable
    if i < 0 { return close(lower) }
    var first = DomainBox()
    var second = DomainBox()
    swap(&first, &room.first)
    swap(&second, &room.second)
    defer {
      swap(&first, &room.first)
      swap(&second, &room.second)
    }
    first.copyElements(of: box)
    second.copyElements(of: box)
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
    queue.push(second, point, bound: lower)
    queue.push(first, point, bound: lower)
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
  private mutating func infeasible() throws(OptimizationError) -> MixedIntegerStatus {
    var limits = QuadraticSolver.Settings()
    limits.deadline = settings.deadline
    relaxationCount += 1
    let solution = try QuadraticSolver(settings: limits).solve(problem.program)
    if case .primalInfeasible(let proof) = solution.status {
      return .infeasible(relaxation: proof)
    }
    return .infeasible(relaxation: nil)
  }

  /// What the gap of the numbers that were found makes of a status, with the lower bound.
  func conclusion(
    _ status: MixedIntegerStatus
  ) -> (status: MixedIntegerStatus, lowerBound: Double) {
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
    return (status, lower)
  }

  /// What a search found, with a status and a bound that were concluded; a copy.
  func solution(_ status: MixedIntegerStatus, _ lowerBound: Double) -> MixedIntegerSolution {
    var value: [Double]?
    if best != nil { value = bestValue.map { $0 } }
    return MixedIntegerSolution(
      value: value, status: status, objective: best?.objective ?? .infinity,
      fixedCost: best == nil ? 0 : problem.fixedCost(at: bestValue), lowerBound: lowerBound,
      nodeCount: nodeCount, relaxationCount: relaxationCount, certificate: best?.certificate)
  }

  /// Takes the last point of the plain program, if it satisfies every condition and is the best.
  mutating func accept() {
    let point = plain.point
    guard point.allSatisfy(\.isFinite), problem.violation(at: point) == nil else { return }
    problem.program.quadratic.setTimes(&room.product, point, room: &room.products)
    let objective =
      dot(point, room.product) / 2 + dot(problem.program.linear, point)
      + problem.fixedCost(at: point)
    if let best, best.objective <= objective { return }
    guard objective.isFinite else { return }
    bestValue.copyElements(of: point)
    best = Candidate(objective: objective, certificate: plain.certificate)
  }
}

extension QuadraticWorkspace {
  /// The variables of the last solve; whoever keeps them makes the next solve copy.
  var point: [Double] { method.x }

  /// The dual values of the bounds of the last solve; like ``point``.
  var boundMultipliers: [Double] { boundDuals }

  /// The dual values of the rows of the last solve; like ``point``.
  var rowMultipliers: [Double] { method.rowDuals }
}
