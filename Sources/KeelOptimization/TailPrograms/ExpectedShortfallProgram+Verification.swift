import KeelNumerics

extension ExpectedShortfallProgram {
  /// Computes the certificate of a claimed answer from the data of the program alone.
  ///
  /// With multipliers q of the scenarios in [0, p / (1 − confidence)] that sum to one, the
  /// expected shortfall is at least −q'Rx for every x, so that the bound of the linear program with
  /// the objective (c − weight R'q)'x is one for this program too:
  ///
  /// ```text
  /// r = c − weight R'q − A'y − z
  /// gap = objective − Σ (lower y⁺ − upper y⁻) − Σ (lowerBound z⁺ − upperBound z⁻)
  /// ```
  ///
  /// A multiplier outside its limits, or a sum that is not one, counts as dual residual.
  ///
  /// - Parameters:
  ///   - x: The claimed values of the variables.
  ///   - scenarioMultipliers: The claimed multipliers q, one a scenario.
  ///   - duals: The claimed dual values of rows and bounds.
  ///   - iterations: The number to record in the certificate.
  /// - Returns: The certificate; its residuals are NaN when the answer holds NaN.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``.
  /// - Complexity: O(S N).
  public func verify(
    _ x: [Double],
    scenarioMultipliers: [Double],
    duals: Duals,
    iterations: Int = 0
  ) throws(OptimizationError) -> Certificate {
    for (argument, got, required) in [
      ("x", x.count, variableCount), ("duals.bounds", duals.bounds.count, variableCount),
      ("duals.rows", duals.rows.count, rows.count),
      ("scenarioMultipliers", scenarioMultipliers.count, scenarioCount),
    ] where got != required {
      throw .shapeMismatch(argument: argument, got: got, required: required)
    }
    let claim = TailClaim(
      x: x, scenarioMultipliers: scenarioMultipliers, rowDuals: duals.rows,
      boundDuals: duals.bounds, losses: losses(at: x),
      weightedOutcomes: outcomes(weightedBy: scenarioMultipliers))
    var room = TailCertificateRoom()
    setMultiplierLimits(&room.limits)
    return certificate(claim, iterations: iterations, room: &room)
  }

  /// The certificate of vectors of the right length; the room holds the limits of the multipliers.
  func certificate(
    _ claim: TailClaim,
    iterations: Int,
    room: inout TailCertificateRoom
  ) -> Certificate {
    let violation = worstViolation(claim.x)
    let tail = SampleTail(
      losses: claim.losses, masses: probabilities, confidence: confidence, room: &room.tail)
    let primal = dot(linear, claim.x) + shortfallWeight * tail.expectedShortfall
    setAbsoluteOutcomes(weightedBy: claim.scenarioMultipliers, &room)
    var size = 0.0
    for i in claim.x.indices {
      size += claim.x[i].magnitude * (linear[i].magnitude + shortfallWeight * room.absolute[i])
    }
    // An objective whose terms are all zero has the size of a rounding of what could be held.
    size = propagatingMaximum(
      size,
      .ulpOfOne * shortfallWeight * largestMagnitude(claim.x) * largestMagnitude(room.absolute))
    let residual = dualResidual(claim, objectiveSize: size, &room)
    var gap = GapTerms()
    for (k, row) in rows.enumerated() {
      gap.add(
        dual: claim.rowDuals[k], value: row.value(at: claim.x), lower: row.lower, upper: row.upper)
    }
    for i in claim.x.indices {
      gap.add(
        dual: claim.boundDuals[i], value: claim.x[i], lower: lowerBounds[i], upper: upperBounds[i])
    }
    let missing = propagatingMaximum((primal - gap.bound).magnitude, gap.complementarity)
    return Certificate(
      primalResidual: violation?.relative ?? (claim.x.allSatisfy(\.isFinite) ? 0 : .nan),
      dualResidual: residual,
      relativeGap: relative(missing, to: gap.scale(objective: size)),
      primalObjective: primal, dualObjective: gap.bound, worstViolation: violation,
      iterations: iterations)
  }

  /// The row or bound that is missed by the largest relative distance.
  private func worstViolation(_ x: [Double]) -> Certificate.Violation? {
    var worst = (amount: 0.0, relative: 0.0, row: -1, variable: -1)
    func consider(_ value: Double, _ lower: Double, _ upper: Double, _ size: Double) -> Bool {
      let amount = value.isNaN ? value : max(lower - value, value - upper)
      if amount <= 0 { return false }
      let bound = value < lower ? lower : upper
      let ratio = relative(amount, to: size + bound.magnitude)
      if ratio <= worst.relative || worst.relative.isNaN { return false }
      worst.amount = amount
      worst.relative = ratio
      return true
    }
    let largest = x.reduce(0) { max($0, $1.magnitude) }
    for i in x.indices where consider(x[i], lowerBounds[i], upperBounds[i], largest) {
      worst.variable = i
    }
    for (k, row) in rows.enumerated()
    where consider(row.value(at: x), row.lower, row.upper, row.termSize(at: x)) {
      worst.row = k
      worst.variable = -1
    }
    if worst.row < 0 && worst.variable < 0 { return nil }
    return Certificate.Violation(
      name: worst.row >= 0 ? rows[worst.row].name : constraints.variableName(worst.variable),
      amount: worst.amount, relative: worst.relative)
  }

  /// The largest element of c − weight R'q − A'y − z relative to its terms, or what the multipliers
  /// of the scenarios miss.
  private func dualResidual(
    _ claim: TailClaim,
    objectiveSize: Double,
    _ room: inout TailCertificateRoom
  ) -> Double {
    room.residual.copyElements(of: linear)
    room.size.copyElements(of: room.absolute)
    for i in room.residual.indices {
      room.residual[i] -= shortfallWeight * claim.weightedOutcomes[i] + claim.boundDuals[i]
      room.size[i] =
        linear[i].magnitude + shortfallWeight * room.size[i] + claim.boundDuals[i].magnitude
    }
    for (k, row) in rows.enumerated() {
      let dual = claim.rowDuals[k]
      let terms = row.termSize(at: claim.x)
      let natural = terms > 0 && terms < .infinity ? objectiveSize / terms : 0
      let dualSize = propagatingMaximum(dual.magnitude, natural)
      for (i, a) in zip(row.indices, row.coefficients) {
        room.residual[i] -= a * dual
        room.size[i] += a.magnitude * dualSize
      }
    }
    var worst = multiplierResidual(claim.scenarioMultipliers, room.limits)
    for i in room.residual.indices {
      let wrong = wrongSide(claim.boundDuals[i], lowerBounds[i], upperBounds[i])
      worst = propagatingMaximum(
        worst, relative(propagatingMaximum(room.residual[i].magnitude, wrong), to: room.size[i]))
    }
    for (k, row) in rows.enumerated() {
      let wrong = wrongSide(claim.rowDuals[k], row.lower, row.upper)
      if wrong == 0 { continue }
      for (i, a) in zip(row.indices, row.coefficients) {
        worst = propagatingMaximum(worst, relative((a * wrong).magnitude, to: room.size[i]))
      }
    }
    return worst
  }

  /// How far the multipliers are from [0, limit] relative to the limits, or from a sum of one.
  private func multiplierResidual(_ q: [Double], _ limits: [Double]) -> Double {
    var sum = CompensatedSum()
    var worst = 0.0
    for s in q.indices {
      sum.add(q[s])
      let wrong = q[s].isNaN ? q[s] : max(-q[s], q[s] - limits[s], 0)
      worst = propagatingMaximum(worst, relative(wrong, to: max(limits[s], 1)))
    }
    return propagatingMaximum(worst, (sum.value - 1).magnitude)
  }

  /// |R|'q over the scenarios with a multiplier.
  private func setAbsoluteOutcomes(weightedBy q: [Double], _ room: inout TailCertificateRoom) {
    room.held.removeAll(keepingCapacity: true)
    for s in q.indices where q[s] != 0 { room.held.append(s) }
    room.absolute.refill(variableCount, with: 0)
    for j in 0..<outcomes.columnCount {
      let column = outcomes.column(j)
      var sum = 0.0
      for s in room.held { sum += (column[s] * q[s]).magnitude }
      room.absolute[j] = sum
    }
  }
}

/// Room for the sums of a certificate.
struct TailCertificateRoom {
  /// The largest multiplier of each scenario.
  var limits: [Double] = []
  var tail = SampleTail.Room()
  fileprivate var held: [Int] = []
  fileprivate var absolute: [Double] = []
  fileprivate var residual: [Double] = []
  fileprivate var size: [Double] = []

  /// Takes the memory for samples up to a size.
  mutating func reserve(scenarioCount: Int) {
    tail.reserve(scenarioCount)
    held.reserveCapacity(scenarioCount)
  }
}

/// A claimed answer with the two products of the outcomes that it needs.
struct TailClaim {
  var x: [Double] = []
  var scenarioMultipliers: [Double] = []
  var rowDuals: [Double] = []
  var boundDuals: [Double] = []
  /// −R x.
  var losses: [Double] = []
  /// R'q.
  var weightedOutcomes: [Double] = []
}

extension Duals {
  /// Creates dual values for an expected-shortfall program.
  ///
  /// - Parameters:
  ///   - program: The program that names rows and variables.
  ///   - rows: One dual value a row.
  ///   - bounds: One dual value a variable.
  public init(of program: ExpectedShortfallProgram, rows: [Double], bounds: [Double]) {
    self.init(of: program.constraints, rows: rows, bounds: bounds)
  }
}
