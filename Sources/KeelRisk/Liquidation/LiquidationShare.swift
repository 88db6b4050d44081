public import KeelData
import KeelNumerics

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
  /// does not pass for them.
  ///
  /// - Parameter steps: The simple returns of each step in time, over one universe of assets: scenario k of all steps is path k. Laws with
  ///   heavy tails draw them, `MultivariateStudentT.scenarios(count:from:on:)` of another stream a step.
  /// - Returns: The shares.
  /// - Throws: `RiskError.shapeMismatch` without a step or for steps of different counts, `.unknownInstrument` for another universe or
  ///   an asset that the market lacks, `.invalidValue` for a return of −1 or less.
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
    // Equal probabilities of each path, or those of the first step.
    let total = first.probabilities?.reduce(0, +) ?? Double(paths)
    var firsts = [CompensatedSum](repeating: CompensatedSum(), count: steps.count)
    var (atEnd, squares) = (CompensatedSum(), CompensatedSum())
    for path in 0..<paths {
      let mass = (first.probabilities?[path] ?? 1) / total
      squares.add(mass * mass)
      var factors = [Double](repeating: 1, count: universe.count)
      var isLiquidated = false
      for (k, step) in steps.enumerated() {
        var scenario = Scenario("path")
        for j in factors.indices {
          factors[j] *= 1 + step.outcomes[path, j]
          scenario.spotMoves[universe.assets[j]] = factors[j] - 1
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
}
