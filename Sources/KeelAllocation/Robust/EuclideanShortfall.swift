import KeelData
import KeelNumerics
import KeelOptimization

/// The least sum of a shortfall and a Euclidean norm of the weights, as a conic program.
///
/// ```text
/// minimize  τ + Σ m u + rate t  with  u ≥ −R w − τ,  u ≥ 0,  ‖w‖ ≤ t
/// ```
///
/// The variables are w, τ, t and u, one for each scenario that can happen; m is its probability over that of
/// the tail.
struct EuclideanShortfall {
  private let plain: ExpectedShortfallProgram
  private let rate: Double
  /// The scenarios that can happen.
  private let possible: [Int]

  private var n: Int { plain.variableCount }

  init(_ plain: ExpectedShortfallProgram, rate: Double) {
    self.plain = plain
    self.rate = rate
    possible = plain.probabilities.indices.filter { plain.probabilities[$0] > 0 }
  }

  /// The optimum, with the certificate of the conic program.
  ///
  /// - Parameters:
  ///   - universe: The assets.
  ///   - settings: The limits of the solver.
  /// - Returns: The weights, and each scenario's share of the tail.
  /// - Throws: ``AllocationError``.
  func solution(
    universe: Universe,
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<WorstShortfallPoint> {
    var limits = ConicSolver.Settings()
    limits.maximumIterations = settings.maximumIterations
    limits.deadline = settings.deadline
    let answer: ConicSolution
    var certificate: ConicCertificate
    var weights: [Double]
    do throws(OptimizationError) {
      let conic = try ConicProgram(linear: objective, constraints: blocks)
      answer = try ConicSolver(settings: limits).solve(conic)
      // What rounding leaves beyond a bound.
      weights = (0..<n).map {
        min(max(answer.value[$0], plain.lowerBounds[$0]), plain.upperBounds[$0])
      }
      certificate = try conic.verify(
        variables(weights, tau: answer.value[n]), duals: answer.duals,
        iterations: answer.certificate.iterations)
    } catch {
      throw Translation.translated(error, universe)
    }
    if !certificate.holds(ConicProgram.symmetricTolerances) {
      weights = Array(answer.value.prefix(n))
      certificate = answer.certificate
    }
    let proof = Certificate(certificate)
    switch answer.status {
    case .optimal, .almostOptimal:
      guard certificate.holds(ConicProgram.symmetricTolerances) else {
        throw .notSolved(status: .almostOptimal, certificate: proof)
      }
      return point(weights, answer.duals.blocks, proof)
    case .primalInfeasible(let contradiction):
      // The program without the norm has the same constraints and names what clashes.
      _ = try Translation.solution(of: plain, universe: universe, settings: settings)
      throw .infeasible(
        constraints: contradiction.constraints, contradiction: contradiction.contradiction)
    case .unbounded(let ray):
      throw .unbounded(asset: Translation.largest(ray.direction, universe))
    case .iterationLimit: throw .notSolved(status: .iterationLimit, certificate: proof)
    case .deadlineExceeded: throw .notSolved(status: .deadlineExceeded, certificate: proof)
    case .cancelled: throw .notSolved(status: .cancelled, certificate: proof)
    default: throw .notSolved(status: .stalled, certificate: proof)
    }
  }

  private var objective: [Double] {
    let mass = (1 - plain.confidence) * plain.probabilities.reduce(0, +)
    return plain.linear + [1, rate] + possible.map { plain.probabilities[$0] / mass }
  }

  /// The rows, then bounds, excesses and the norm.
  private var blocks: [ConicConstraint] {
    var taken = Set(plain.rows.map(\.name))
    func fresh(_ name: String) -> String { FreshName.insert(name, into: &taken) }
    let weights = Array(0..<n)
    return plain.rows.map { ConicConstraint($0) } + [
      .bounds(fresh("bounds"), lower: plain.lowerBounds, upper: plain.upperBounds),
      ConicConstraint(
        fresh("excess"), in: .nonnegative,
        possible.enumerated().map { k, s in
          AffineExpression(
            indices: weights + [n, n + 2 + k],
            coefficients: weights.map { plain.outcomes[s, $0] } + [1, 1])
        }),
      ConicConstraint(
        fresh("no negative excess"), in: .nonnegative,
        possible.indices.map { AffineExpression(variable: n + 2 + $0) }),
      .norm(
        fresh("norm"), of: weights.map { AffineExpression(variable: $0) },
        atMost: AffineExpression(variable: n + 1)),
    ]
  }

  /// All variables at some weights.
  private func variables(_ weights: [Double], tau: Double) -> [Double] {
    var squares = CompensatedSum()
    for weight in weights { squares.add(weight * weight) }
    let excess = possible.map { s in
      max(weights.indices.reduce(-tau) { $0 - plain.outcomes[s, $1] * weights[$1] }, 0)
    }
    return weights + [tau, squares.value.squareRoot()] + excess
  }

  private func point(
    _ weights: [Double],
    _ blocks: [[Double]],
    _ certificate: Certificate
  ) -> Solution<WorstShortfallPoint> {
    let rows = zip(plain.rows, blocks).map { row, values in
      if row.isEquality { return values[0] }
      let first = row.lower == -.infinity ? 0 : values[0]
      return row.upper == .infinity ? first : first - values[values.count - 1]
    }
    var bounds = [Double](repeating: 0, count: n)
    var sides = blocks[plain.rows.count][...]
    for i in 0..<n where plain.lowerBounds[i] != -.infinity { bounds[i] += sides.removeFirst() }
    for i in 0..<n where plain.upperBounds[i] != .infinity { bounds[i] -= sides.removeFirst() }
    var shares = [Double](repeating: 0, count: plain.scenarioCount)
    for (s, share) in zip(possible, blocks[plain.rows.count + 1]) { shares[s] = max(share, 0) }
    return Solution(
      value: WorstShortfallPoint(variables: weights, scenarioShares: shares), status: .optimal,
      certificate: certificate,
      duals: Duals(
        rows: rows, bounds: bounds, rowNames: plain.rows.map(\.name),
        variableNames: plain.variableNames))
  }
}

/// Weights, perhaps with further variables, and what each scenario has of the tail.
struct WorstShortfallPoint: Sendable {
  let variables: [Double]
  let scenarioShares: [Double]
}

/// Names for what a method adds to the caller's constraints.
enum FreshName {
  /// A name that is not taken, from now on taken.
  static func insert(_ name: String, into taken: inout Set<String>) -> String {
    var name = name
    while !taken.insert(name).inserted { name += "'" }
    return name
  }
}

extension Certificate {
  /// The certificate of a conic program; the dual residual is the larger of its two.
  fileprivate init(_ conic: ConicCertificate) {
    self.init(
      primalResidual: conic.primalResidual,
      dualResidual: max(conic.dualResidual, conic.dualConeResidual),
      relativeGap: conic.relativeGap, primalObjective: conic.primalObjective,
      dualObjective: conic.dualObjective, worstViolation: conic.worstViolation,
      iterations: conic.iterations)
  }
}
