// Only scenarios in the tail of the answer count. The program over those that are worst without the norm is small; scenarios
// that its answer puts beyond τ are added until there are none. The proof is over all scenarios: those left out have no share
// of the tail.

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

  /// The probability of the first scenarios, in units of that of the tail, and their least number.
  private static let firstShare = 3.0
  private static let firstCount = 50

  /// The optimum, with the certificate of the conic program over all scenarios.
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
    var conic = ConicSolver.Settings()
    conic.maximumIterations = settings.maximumIterations
    conic.deadline = settings.deadline
    var chosen = try worst(universe, settings)
    let whole = try program(possible, universe)
    while true {
      let part = try program(chosen, universe)
      let answer: ConicSolution
      do throws(OptimizationError) {
        answer = try ConicSolver(settings: conic).solve(part)
      } catch {
        throw Translation.translated(error, universe)
      }
      let isWhole = chosen.count == possible.count
      switch answer.status {
      case .deadlineExceeded, .cancelled: throw failure(answer, universe)
      case .optimal, .almostOptimal:
        let further = isWhole ? [] : beyond(answer.value, chosen)
        if !further.isEmpty {
          chosen = (chosen + further).sorted()
          continue
        }
        if let point = try proved(answer, chosen, whole, universe) { return point }
      default: break
      }
      if isWhole { throw failure(answer, universe) }
      chosen = possible
    }
  }

  /// The worst scenarios for the weights of least shortfall without the norm; all where there are none.
  private func worst(
    _ universe: Universe,
    _ settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> [Int] {
    let start: Solution<ExpectedShortfallPoint>
    do throws(AllocationError) {
      start = try Translation.solution(of: plain, universe: universe, settings: settings)
    } catch {
      // The norm may bound what is unbounded without it; clashes are the same.
      if case .infeasible = error { throw error }
      return possible
    }
    let losses = losses(start.value.variables)
    let ranked = possible.sorted {
      losses[$0] != losses[$1] ? losses[$0] > losses[$1] : $0 < $1
    }
    let wanted =
      Self.firstShare * (1 - plain.confidence) * plain.probabilities.reduce(0, +)
    var (mass, count) = (0.0, 0)
    while count < ranked.count, mass < wanted || count < Self.firstCount {
      mass += plain.probabilities[ranked[count]]
      count += 1
    }
    return ranked.prefix(count).sorted()
  }

  /// The scenarios left out that lose more than τ.
  private func beyond(_ values: [Double], _ chosen: [Int]) -> [Int] {
    let losses = losses(Array(values.prefix(n)))
    let known = Set(chosen)
    return possible.filter { losses[$0] > values[n] && !known.contains($0) }
  }

  /// The loss of weights in each scenario.
  private func losses(_ weights: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: plain.scenarioCount)
    for (j, weight) in weights.enumerated() where weight != 0 {
      let column = plain.outcomes.column(j)
      for s in result.indices { result[s] -= weight * column[s] }
    }
    return result
  }

  /// The answer with its proof over all scenarios; nil where the tolerance does not hold.
  private func proved(
    _ answer: ConicSolution,
    _ chosen: [Int],
    _ whole: ConicProgram,
    _ universe: Universe
  ) throws(AllocationError) -> Solution<WorstShortfallPoint>? {
    let raw = Array(answer.value.prefix(n))
    // What rounding leaves beyond a bound.
    let inside = raw.indices.map {
      min(max(raw[$0], plain.lowerBounds[$0]), plain.upperBounds[$0])
    }
    var blocks = answer.duals.blocks
    let first = plain.rows.count + 1
    var shares = [Double](repeating: 0, count: plain.scenarioCount)
    for (s, share) in zip(chosen, blocks[first]) { shares[s] = share }
    var left = limits
    for (s, value) in zip(chosen, blocks[first + 1]) { left[s] = value }
    blocks[first] = possible.map { shares[$0] }
    blocks[first + 1] = possible.map { left[$0] }
    let duals = ConicDuals(of: whole, blocks: blocks)
    for weights in [inside, raw] {
      let certificate: ConicCertificate
      do throws(OptimizationError) {
        certificate = try whole.verify(
          variables(weights, tau: answer.value[n]), duals: duals,
          iterations: answer.certificate.iterations)
      } catch {
        throw Translation.translated(error, universe)
      }
      if certificate.holds(ConicProgram.symmetricTolerances) {
        return point(weights, blocks, Certificate(certificate))
      }
    }
    guard answer.status == .optimal, chosen.count == possible.count else { return nil }
    return point(raw, blocks, Certificate(answer.certificate))
  }

  private func failure(_ answer: ConicSolution, _ universe: Universe) -> AllocationError {
    let certificate = Certificate(answer.certificate)
    switch answer.status {
    case .primalInfeasible(let proof):
      return .infeasible(constraints: proof.constraints, contradiction: proof.contradiction)
    case .unbounded(let proof):
      return .unbounded(asset: Translation.largest(proof.direction, universe))
    case .optimal, .almostOptimal:
      return .notSolved(status: .almostOptimal, certificate: certificate)
    case .iterationLimit: return .notSolved(status: .iterationLimit, certificate: certificate)
    case .deadlineExceeded: return .notSolved(status: .deadlineExceeded, certificate: certificate)
    case .cancelled: return .notSolved(status: .cancelled, certificate: certificate)
    default: return .notSolved(status: .stalled, certificate: certificate)
    }
  }

  /// The probability of each scenario over that of the tail.
  private var limits: [Double] {
    let mass = (1 - plain.confidence) * plain.probabilities.reduce(0, +)
    return plain.probabilities.map { $0 / mass }
  }

  /// The program over some scenarios: the rows, then bounds, excesses and the norm.
  private func program(
    _ chosen: [Int],
    _ universe: Universe
  ) throws(AllocationError) -> ConicProgram {
    var taken = Set(plain.rows.map(\.name))
    func fresh(_ name: String) -> String { FreshName.insert(name, into: &taken) }
    let weights = Array(0..<n)
    let limits = limits
    let blocks =
      plain.rows.map { ConicConstraint($0) } + [
        .bounds(fresh("bounds"), lower: plain.lowerBounds, upper: plain.upperBounds),
        ConicConstraint(
          fresh("excess"), in: .nonnegative,
          chosen.enumerated().map { k, s in
            AffineExpression(
              indices: weights + [n, n + 2 + k],
              coefficients: weights.map { plain.outcomes[s, $0] } + [1, 1])
          }),
        ConicConstraint(
          fresh("no negative excess"), in: .nonnegative,
          chosen.indices.map { AffineExpression(variable: n + 2 + $0) }),
        .norm(
          fresh("norm"), of: weights.map { AffineExpression(variable: $0) },
          atMost: AffineExpression(variable: n + 1)),
      ]
    do throws(OptimizationError) {
      return try ConicProgram(
        linear: plain.linear + [1, rate] + chosen.map { limits[$0] }, constraints: blocks)
    } catch {
      throw Translation.translated(error, universe)
    }
  }

  /// All variables at some weights.
  private func variables(_ weights: [Double], tau: Double) -> [Double] {
    var squares = CompensatedSum()
    for weight in weights { squares.add(weight * weight) }
    let losses = losses(weights)
    return weights + [tau, squares.value.squareRoot()] + possible.map { max(losses[$0] - tau, 0) }
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
