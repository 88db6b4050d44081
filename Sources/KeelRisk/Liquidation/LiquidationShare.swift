public import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many of some paths of prices liquidate an account.
public struct LiquidationShare: Hashable, Sendable {
  /// The share of paths on which something is liquidated at any step: the probability of the first passage.
  public let anyTime: Double

  /// The share of paths on which something would be liquidated at the last step.
  public let atEnd: Double

  /// The standard error of ``anyTime`` for independent paths.
  public let standardError: Double

  /// The share of paths that were liquidated first at each step.
  public let firstTimes: [Double]
}

extension StressTest {
  /// The share of paths of prices on which something is liquidated, by full revaluation at each step.
  ///
  /// Nothing that happens between two steps is seen, so that the share rises with their number. Positions stay as they are; time
  /// does not pass for them. A price beyond a factor of 980 000 either way counts as at it.
  ///
  /// - Parameter steps: The simple returns of each step in time, over one universe of assets: scenario k of all steps is path k. Laws with
  ///   heavy tails draw them, `MultivariateStudentT.scenarios(count:points:from:on:)` of another stream a step. A path has one probability, so
  ///   that those of all steps are the same.
  /// - Returns: The shares.
  /// - Throws: `RiskError.shapeMismatch` without a step or for steps of different counts, `.unknownInstrument` for another universe or
  ///   an asset that the market lacks, `.invalidValue` for a return of −1 or less and for probabilities that differ between steps.
  /// - Complexity: One revaluation a path and step.
  public func liquidationShare(along steps: [ScenarioSet]) throws(RiskError) -> LiquidationShare {
    guard let first = steps.first else {
      throw .shapeMismatch(argument: "steps", got: 0, required: 1)
    }
    let (paths, universe) = (first.scenarioCount, first.universe)
    for step in steps {
      guard step.scenarioCount == paths else {
        throw .shapeMismatch(argument: "scenarios", got: step.scenarioCount, required: paths)
      }
      do throws(DataError) {
        try step.universe.requireEqual(universe)
      } catch {
        throw RiskError(error)
      }
    }
    let masses = Self.masses(first)
    for step in steps.dropFirst() {
      for (mass, expected) in zip(Self.masses(step), masses) {
        let margin = Self.probabilityTolerance * expected
        try require(mass, "probability of a path", in: (expected - margin)...(expected + margin))
      }
    }
    let limit = LiquidationPoint.largestLogMove
    let moves = expm1(-limit)...expm1(limit)
    var firsts = [CompensatedSum](repeating: CompensatedSum(), count: steps.count)
    var (atEnd, squares) = (CompensatedSum(), CompensatedSum())
    for path in 0..<paths {
      let mass = masses[path]
      squares.add(mass * mass)
      var factors = [Double](repeating: 1, count: universe.count)
      var isLiquidated = false
      for (k, step) in steps.enumerated() {
        var scenario = Scenario("path")
        for j in factors.indices {
          let outcome = step.outcomes[path, j]
          try require(outcome, "return", in: (-1.0).nextUp...(.greatestFiniteMagnitude))
          factors[j] = min(factors[j] * (1 + outcome), .greatestFiniteMagnitude)
          let move = min(max(factors[j] - 1, moves.lowerBound), moves.upperBound)
          scenario.spotMoves[universe.assets[j]] = move
        }
        guard try liquidationGap(scenario) <= 0 else { continue }
        if !isLiquidated { firsts[k].add(mass) }
        isLiquidated = true
        if k == steps.count - 1 { atEnd.add(mass) }
      }
    }
    let firstTimes = firsts.map(\.value)
    let anyTime = min(firstTimes.reduce(0, +), 1)
    return LiquidationShare(
      anyTime: anyTime, atEnd: atEnd.value,
      standardError: (anyTime * (1 - anyTime) * squares.value).squareRoot(),
      firstTimes: firstTimes)
  }

  /// The probabilities of the scenarios, equal where the set says none.
  private static func masses(_ step: ScenarioSet) -> [Double] {
    guard let probabilities = step.probabilities else {
      return [Double](repeating: 1 / Double(step.scenarioCount), count: step.scenarioCount)
    }
    let total = probabilities.reduce(0, +)
    return probabilities.map { $0 / total }
  }

  private static let probabilityTolerance = 1e-9
}
