public import KeelData
import KeelDistributions
import KeelLinearAlgebra
import KeelNumerics
public import KeelOptimization

/// Describes why there is no portfolio to return.
@nonexhaustive
public enum AllocationError: Error, Hashable, Sendable {
  /// The constraints clash; `constraints` names those that cannot hold together, and
  /// `contradiction` is by how much their combination is missed, as a fraction of the portfolio.
  case infeasible(constraints: [String], contradiction: Double)

  /// The objective grows without limit along a direction (a ratio of return to risk: an excess
  /// return without risk), here the asset that moves most.
  case unbounded(asset: AssetID)

  /// No allowed portfolio is expected to earn more than the risk-free rate, so that no ratio of
  /// return to risk is positive; `best` is the largest expected return that the constraints allow.
  case noPortfolioBeatsRiskFree(best: Double, riskFreeRate: Double)

  /// The covariance has a negative variance in some direction.
  case covarianceNotPositiveSemidefinite

  /// A number in a constraint or a setting is NaN or outside the allowed interval, both ends
  /// included; the argument may also be a count.
  case invalidValue(
    argument: String, asset: AssetID?, got: Double, allowed: ClosedRange<Double>)

  /// Two values that meet in one call are about different assets, or about the same in another
  /// order; an asset is nil where one of them has no more. The position is nil where a constraint
  /// or a budget names the left asset, which is not in the universe.
  case universeMismatch(position: Int?, left: AssetID?, right: AssetID?)

  /// No long-only portfolio has the wanted risk contributions.
  case riskBudgetUnattainable(asset: AssetID, reason: RiskBudgetFailure)

  /// No allowed portfolio attains a target return or volatility; `reachable` is what the efficient
  /// portfolios attain under the constraints.
  case targetUnreachable(target: String, got: Double, reachable: ClosedRange<Double>)

  /// The solver stopped before the published tolerance held.
  case notSolved(status: SolverStatus, certificate: Certificate)

  /// The risk that was found and the lower bound that was proved are farther apart than the published
  /// tolerance.
  case notProved(risk: Double, lowerBound: Double)

  /// Some weights satisfy the constraints, but none also the conditions of counts, least positions and
  /// lots that are named.
  case noDiscretePortfolio(conditions: [String])

  /// A limit ended the search for a discrete portfolio before there was one; no portfolio has a higher
  /// utility than the bound.
  case nothingFound(upperBound: Double)

  /// The search found no portfolio that keeps all limits on shares of the variance; the nearest one exceeds one of
  /// them by this share.
  case riskLimitsNotMet(limits: [String], excess: Double)
}

/// Says why risk contributions cannot be attained.
@nonexhaustive
public enum RiskBudgetFailure: Hashable, Sendable {
  /// The asset has no variance, so that no weight gives it a risk contribution.
  case noVariance

  /// The only weight with the wanted contribution lies outside the bounds.
  case outsideBounds(weight: Double, lowest: Double, highest: Double)

  /// Some assets hedge each other completely, so that total risk vanishes before the budgets are
  /// met; `error` is the relative distance to the budget that was left.
  case vanishingRisk(error: Double)

  /// Under the other constraints, weights that follow the risk budgets never add to what is to be
  /// invested; `closest` is the nearest sum.
  case sumOutOfReach(closest: Double)
}

extension AllocationError: CustomStringConvertible {
  /// What went wrong, in one sentence.
  public var description: String {
    switch self {
    case .infeasible(let constraints, let contradiction):
      "no weights satisfy \(constraints.joined(separator: ", ")) together: "
        + "they miss each other by \(contradiction)"
    case .unbounded(let asset):
      "the objective grows without limit along \(asset)"
    case .noPortfolioBeatsRiskFree(let best, let riskFreeRate):
      "the largest expected return is \(best), not above the risk-free rate \(riskFreeRate)"
    case .covarianceNotPositiveSemidefinite:
      "the covariance has a negative variance in some direction"
    case .invalidValue(let argument, let asset, let got, let allowed):
      "\(argument)\(asset.map { " of \($0)" } ?? "") is \(got), allowed is \(allowed)"
    case .universeMismatch(let position?, let left, let right):
      "the universes differ at position \(position): "
        + "\(left?.rawValue ?? "nothing") and \(right?.rawValue ?? "nothing")"
    case .universeMismatch(nil, let left, _):
      "\(left?.rawValue ?? "an asset") is not in the universe"
    case .riskBudgetUnattainable(let asset, let reason):
      "the risk budget of \(asset) cannot be met: \(reason)"
    case .targetUnreachable(let target, let got, let reachable):
      "the \(target) \(got) cannot be met: portfolios reach \(reachable)"
    case .notSolved(let status, let certificate):
      "the solver stopped (\(status)) after \(certificate.iterations) iterations"
    case .notProved(let risk, let lowerBound):
      "the risk \(risk) is not proved to be the least: the lower bound is \(lowerBound)"
    case .noDiscretePortfolio(let conditions):
      "no weights satisfy the constraints together with \(conditions.joined(separator: ", "))"
    case .nothingFound(let upperBound):
      "the search ended without a portfolio; none has a higher utility than \(upperBound)"
    case .riskLimitsNotMet(let limits, let excess):
      "no portfolio was found that keeps \(limits.joined(separator: ", ")): "
        + "the nearest one exceeds a share by \(excess)"
    }
  }
}

extension RiskBudgetFailure: CustomStringConvertible {
  /// The failure in a few English words.
  public var description: String {
    switch self {
    case .noVariance: "it has no variance"
    case .outsideBounds(let weight, let lowest, let highest):
      "the weight \(weight) is outside \(lowest) to \(highest)"
    case .vanishingRisk(let error):
      "risk vanishes before the budgets are met, a relative \(error) away"
    case .sumOutOfReach(let closest):
      "weights that follow the budgets add to \(closest) at the nearest"
    }
  }
}

/// Translates the errors of lower modules into what they mean for a portfolio.
enum Translation {
  /// Requires a number in an interval, both ends included.
  static func require(
    _ value: Double,
    _ argument: String,
    in allowed: ClosedRange<Double>,
    asset: AssetID? = nil
  ) throws(AllocationError) {
    guard allowed.contains(value) else {
      throw .invalidValue(argument: argument, asset: asset, got: value, allowed: allowed)
    }
  }

  /// Requires one universe for two values.
  static func requireEqual(_ left: Universe, _ right: Universe) throws(AllocationError) {
    do throws(DataError) {
      try left.requireEqual(right)
    } catch {
      if case .universeMismatch(let position, let first, let second) = error {
        throw .universeMismatch(position: position, left: first, right: second)
      }
      throw .universeMismatch(position: 0, left: left.assets.first, right: right.assets.first)
    }
  }

  /// Makes a program or says what was wrong with the constraints.
  static func program(
    universe: Universe,
    _ make: () throws(OptimizationError) -> QuadraticProgram
  ) throws(AllocationError) -> QuadraticProgram {
    try term(universe: universe, make)
  }

  /// Makes a part of a program or says what was wrong with it.
  static func term<Part>(
    universe: Universe,
    _ make: () throws(OptimizationError) -> Part
  ) throws(AllocationError) -> Part {
    do throws(OptimizationError) {
      return try make()
    } catch {
      throw translated(error, universe)
    }
  }

  /// Solves a program; anything but an optimum is an error.
  static func solution(
    of program: QuadraticProgram,
    universe: Universe,
    settings: QuadraticSolver.Settings
  ) throws(AllocationError) -> Solution<[Double]> {
    let solution: Solution<[Double]>
    do throws(OptimizationError) {
      solution = try QuadraticSolver(settings: settings).solve(program)
    } catch {
      throw translated(error, universe)
    }
    switch solution.status {
    case .optimal: return solution
    case .primalInfeasible(let proof):
      throw .infeasible(constraints: proof.constraints, contradiction: proof.contradiction)
    case .unbounded(let proof):
      let direction = proof.direction.prefix(universe.count)
      let most = direction.indices.max { direction[$0].magnitude < direction[$1].magnitude }
      throw .unbounded(asset: universe.assets[most ?? 0])
    default: throw .notSolved(status: solution.status, certificate: solution.certificate)
    }
  }

  /// Puts labels on numbers that are known to be finite.
  static func weights(
    _ values: [Double],
    over universe: Universe
  ) throws(AllocationError) -> Weights {
    do throws(DataError) {
      return try Weights(universe: universe, values: values)
    } catch {
      throw .invalidValue(argument: "weights", asset: nil, got: .nan, allowed: .finite)
    }
  }

  /// A product with numbers that are known to be finite.
  static func product(
    _ matrix: SymmetricMatrix,
    _ vector: [Double]
  ) throws(AllocationError) -> [Double] {
    do throws(LinearAlgebraError) {
      return try matrix.times(vector)
    } catch {
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
  }

  /// The scenarios that can happen, all with one probability.
  static func equallyLikely(_ scenarios: ScenarioSet) throws(AllocationError) -> ScenarioSet {
    let possible = scenarios.probabilities?.count { $0 > 0 } ?? scenarios.scenarioCount
    do throws(DataError) {
      return try ScenarioSet(
        universe: scenarios.universe, outcomes: scenarios.outcomes,
        probabilities: scenarios.probabilities?.map { $0 > 0 ? 1 / Double(possible) : 0 })
    } catch {
      throw .invalidValue(argument: "scenarios", asset: nil, got: .nan, allowed: .finite)
    }
  }

  /// The parts of the volatility, with errors in this module's terms.
  static func contributions(
    _ weights: Weights,
    _ covariance: Covariance
  ) throws(AllocationError) -> RiskContributions {
    do throws(DistributionsError) {
      return try RiskContributions.volatility(weights: weights, covariance: covariance)
    } catch {
      if case .negativeVariance = error { throw .covarianceNotPositiveSemidefinite }
      throw .invalidValue(argument: "covariance", asset: nil, got: .nan, allowed: .finite)
    }
  }

  static func translated(_ error: OptimizationError, _ universe: Universe) -> AllocationError {
    switch error {
    case .conflictingBounds(let name, let lower, let upper):
      .infeasible(constraints: [name], contradiction: lower - upper)
    case .invalidValue(let argument, let index, let got, let allowed):
      .invalidValue(
        argument: argument, asset: index < universe.count ? universe.assets[max(index, 0)] : nil,
        got: got, allowed: allowed)
    case .notConvex: .covarianceNotPositiveSemidefinite
    case .duplicateName(let name):
      .invalidValue(
        argument: "count of constraints named \(name)", asset: nil, got: 2, allowed: 1...1)
    case .unknownName(let name):
      .invalidValue(
        argument: "count of constraints named \(name)", asset: nil, got: 0, allowed: 1...1)
    case .shapeMismatch(let argument, let got, let required):
      .invalidValue(
        argument: "count of \(argument)", asset: nil, got: Double(got),
        allowed: Double(required)...Double(required))
    case .invalidIndex(let argument, let got, let count):
      .invalidValue(
        argument: "index in \(argument)", asset: nil, got: Double(got),
        allowed: 0...Double(max(count - 1, 0)))
    case .missingMinimum(let name, let variable):
      .invalidValue(
        argument: "least size of \(variable) in \(name)", asset: nil, got: 0, allowed: .positive)
    }
  }
}
