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
    return certificate(claim, iterations: iterations)
  }

  /// The certificate of vectors of the right length.
  func certificate(_ claim: TailClaim, iterations: Int) -> Certificate {
    let zeroRows = [Double](repeating: 0, count: rows.count)
    let zeros = [Double](repeating: 0, count: variableCount)
    // Violations do not depend on dual values.
    let violation = constraints.certificate(claim.x, zeroRows, zeros, iterations: 0)
    let tail = SampleTail(losses: claim.losses, masses: probabilities, confidence: confidence)
    let primal = dot(linear, claim.x) + shortfallWeight * tail.expectedShortfall
    let absolute = absoluteOutcomes(weightedBy: claim.scenarioMultipliers)
    var size = 0.0
    for i in claim.x.indices {
      size += claim.x[i].magnitude * (linear[i].magnitude + shortfallWeight * absolute[i])
    }
    // An objective whose terms are all zero has the size of a rounding of what could be held.
    size = propagatingMaximum(
      size,
      .ulpOfOne * shortfallWeight * largestMagnitude(claim.x) * largestMagnitude(absolute))
    let residual = dualResidual(claim, absolute, objectiveSize: size)
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
      primalResidual: violation.primalResidual, dualResidual: residual,
      relativeGap: relative(missing, to: propagatingMaximum(size, gap.size)),
      primalObjective: primal, dualObjective: gap.bound, worstViolation: violation.worstViolation,
      iterations: iterations)
  }

  /// The largest element of c − weight R'q − A'y − z relative to its terms, or what the multipliers
  /// of the scenarios miss.
  private func dualResidual(
    _ claim: TailClaim,
    _ absolute: [Double],
    objectiveSize: Double
  ) -> Double {
    var size = absolute
    var residual = linear
    for i in residual.indices {
      residual[i] -= shortfallWeight * claim.weightedOutcomes[i] + claim.boundDuals[i]
      size[i] =
        linear[i].magnitude + shortfallWeight * size[i] + claim.boundDuals[i].magnitude
    }
    for (k, row) in rows.enumerated() {
      let dual = claim.rowDuals[k]
      var terms = 0.0
      for (i, a) in zip(row.indices, row.coefficients) { terms += (a * claim.x[i]).magnitude }
      let natural = terms > 0 && terms < .infinity ? objectiveSize / terms : 0
      let dualSize = propagatingMaximum(dual.magnitude, natural)
      for (i, a) in zip(row.indices, row.coefficients) {
        residual[i] -= a * dual
        size[i] += a.magnitude * dualSize
      }
    }
    var worst = multiplierResidual(claim.scenarioMultipliers)
    for i in residual.indices {
      let wrong = wrongSide(claim.boundDuals[i], lowerBounds[i], upperBounds[i])
      worst = propagatingMaximum(
        worst, relative(propagatingMaximum(residual[i].magnitude, wrong), to: size[i]))
    }
    for (k, row) in rows.enumerated() {
      let wrong = wrongSide(claim.rowDuals[k], row.lower, row.upper)
      if wrong == 0 { continue }
      for (i, a) in zip(row.indices, row.coefficients) {
        worst = propagatingMaximum(worst, relative((a * wrong).magnitude, to: size[i]))
      }
    }
    return worst
  }

  /// How far the multipliers are from [0, limit] relative to the limits, or from a sum of one.
  private func multiplierResidual(_ q: [Double]) -> Double {
    let limits = multiplierLimits
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
  private func absoluteOutcomes(weightedBy q: [Double]) -> [Double] {
    let held = q.indices.filter { q[$0] != 0 }
    var result = [Double](repeating: 0, count: variableCount)
    for j in 0..<outcomes.columnCount {
      let column = outcomes.column(j)
      var sum = 0.0
      for s in held { sum += (column[s] * q[s]).magnitude }
      result[j] = sum
    }
    return result
  }
}

/// A claimed answer with the two products of the outcomes that it needs.
struct TailClaim {
  var x: [Double]
  var scenarioMultipliers: [Double]
  var rowDuals: [Double]
  var boundDuals: [Double]
  /// −R x.
  var losses: [Double]
  /// R'q.
  var weightedOutcomes: [Double]
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
