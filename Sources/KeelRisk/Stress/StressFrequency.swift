public import KeelData
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// How rarely a portfolio can be rebalanced and still survive a stress.
//
// With weights w, moves m of a scenario and covariance Σ a year, weights drift in time h by
// Δw_i ≈ w_i (r_i − w·r), so that the loss −m·(w + Δw) has standard deviation σ_s √h:
//
//   stress loss(h) = max over scenarios of  −w·m + z σ_s √h,   σ_s² = v'Σv,  v_i = w_i (m_i − w·m)
//
// What is traded each time is E|Δw_i| = √(2/π) w_i τ_i √h with τ_i² = (e_i − w)'Σ(e_i − w), so that
//
//   cost a year(h) = √(2/π) Σ c_i |w_i| τ_i / √h + g/h
//
// Cost falls with h and the stress loss rises: the cheapest interval within the budget is the longest one. First order
// in the drift of one interval.

/// What a rebalancing interval costs a year and what it loses in the worst stress.
public struct StressFrequency: Hashable, Sendable, Codable {
  /// One candidate.
  public struct Candidate: Hashable, Sendable, Codable {
    /// The time between two rebalancings, in years.
    public let intervalYears: Double

    /// The loss of the worst scenario after the drift of an interval, as a fraction of the portfolio.
    public let stressLoss: Double

    /// The cost a year as a fraction of the portfolio.
    public let costPerYear: Double

    /// The scenario, by its place.
    public let worstScenario: Int
  }

  /// All candidates in the order given.
  public let candidates: [Candidate]

  /// The place of the cheapest candidate whose stress loss is within the budget.
  public let chosenPlace: Int

  /// The cheapest candidate whose stress loss is within the budget.
  public var chosen: Candidate { candidates[chosenPlace] }

  /// Decodes a choice.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: `DecodingError` for what is no such value, or chooses no candidate.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    candidates = try values.decode([Candidate].self, forKey: .candidates)
    chosenPlace = try values.decode(Int.self, forKey: .chosenPlace)
    guard candidates.indices.contains(chosenPlace) else {
      throw DecodingError.dataCorruptedError(
        forKey: .chosenPlace, in: values, debugDescription: "no candidate is at \(chosenPlace)")
    }
  }

  /// What trading costs and how much drift is feared.
  public struct Settings: Hashable, Sendable, Codable {
    /// The standard deviations of drift against the portfolio: 2.33 is exceeded once in a hundred.
    public var driftDeviations = 2.33

    /// The cost of one rebalancing whatever its size, as a fraction of the portfolio.
    public var fixedCost = 0.0

    /// Creates the usual settings.
    public init() {}
  }

  /// Weighs candidate intervals.
  ///
  /// - Parameters:
  ///   - weights: The N target weights.
  ///   - annualCovariance: The covariance of returns over a year, over the same universe.
  ///   - moves: The N spot moves of each scenario, as fractions.
  ///   - costFractions: The N costs of trading as fractions of what is traded.
  ///   - intervals: The candidate intervals in years: positive, at least one.
  ///   - lossBudget: The largest stress loss, as a fraction of the portfolio.
  ///   - settings: The fixed cost and the drift feared.
  /// - Throws: `RiskError.budgetTooSmall` when no candidate is within the budget, `.shapeMismatch`, `.invalidValue`,
  ///   or `.unknownInstrument` where the universes differ.
  /// - Complexity: O(N³ + scenarios × N²).
  public init(
    weights: Weights,
    annualCovariance: Covariance,
    moves: [[Double]],
    costFractions: [Double],
    intervals: [Double],
    lossBudget: Double,
    settings: Settings = Settings()
  ) throws(RiskError) {
    let drift = try PortfolioDrift(weights, annualCovariance, costFractions)
    try require(lossBudget, "lossBudget", in: .finite)
    try require(settings.driftDeviations, "driftDeviations", in: .nonnegative)
    try require(settings.fixedCost, "fixedCost", in: .nonnegative)
    guard !moves.isEmpty else { throw .shapeMismatch(argument: "moves", got: 0, required: 1) }
    guard !intervals.isEmpty else {
      throw .shapeMismatch(argument: "intervals", got: 0, required: 1)
    }
    var stresses: [(loss: Double, deviation: Double)] = []
    for row in moves { stresses.append(try drift.stress(of: row)) }
    var candidates: [Candidate] = []
    for interval in intervals {
      try require(interval, "interval", in: .positive)
      let root = interval.squareRoot()
      let losses = stresses.map { $0.loss + settings.driftDeviations * ($0.deviation * root) }
      let worst = losses.indices.reduce(0) { losses[$1] > losses[$0] ? $1 : $0 }
      let cost = drift.turnoverCost / root + settings.fixedCost / interval
      for loss in losses { try require(loss, "stress loss", in: .finite) }
      try require(cost, "cost per year", in: .finite)
      candidates.append(
        Candidate(
          intervalYears: interval, stressLoss: losses[worst], costPerYear: cost,
          worstScenario: worst))
    }
    let allowed = candidates.indices.filter { candidates[$0].stressLoss <= lossBudget }
    guard
      let chosen = allowed.min(by: { candidates[$0].costPerYear < candidates[$1].costPerYear })
    else {
      throw .budgetTooSmall(
        budget: lossBudget, leastLoss: candidates.reduce(.infinity) { min($0, $1.stressLoss) })
    }
    self.candidates = candidates
    chosenPlace = chosen
  }
}

/// How weights move away from their targets.
private struct PortfolioDrift {
  let weights: [Double]
  let covariance: SymmetricMatrix
  /// Cost a year of rebalancing at an interval of one year, without its fixed part.
  let turnoverCost: Double

  init(
    _ weights: Weights,
    _ covariance: Covariance,
    _ costFractions: [Double]
  ) throws(RiskError) {
    do throws(DataError) {
      try weights.universe.requireEqual(covariance.universe)
    } catch {
      throw RiskError(error)
    }
    guard costFractions.count == weights.values.count else {
      throw .shapeMismatch(
        argument: "costFractions", got: costFractions.count, required: weights.values.count)
    }
    for cost in costFractions { try require(cost, "costFraction", in: 0...1) }
    self.weights = weights.values
    self.covariance = covariance.matrix
    let meanMagnitude = (2 / Double.pi).squareRoot()
    var total = 0.0
    for i in costFractions.indices {
      var direction = weights.values.map { -$0 }
      direction[i] += 1
      let relative = Self.deviation(direction, self.covariance)
      total += costFractions[i] * weights.values[i].magnitude * meanMagnitude * relative
    }
    turnoverCost = total
  }

  func stress(of moves: [Double]) throws(RiskError) -> (loss: Double, deviation: Double) {
    guard moves.count == weights.count else {
      throw .shapeMismatch(argument: "moves", got: moves.count, required: weights.count)
    }
    for move in moves { try require(move, "move", in: -1...1e6) }
    let mean = zip(weights, moves).reduce(0) { $0 + $1.0 * $1.1 }
    let direction = zip(weights, moves).map { $0 * ($1 - mean) }
    return (-mean, Self.deviation(direction, covariance))
  }

  private static func deviation(_ x: [Double], _ covariance: SymmetricMatrix) -> Double {
    var sum = 0.0
    for i in x.indices {
      for j in x.indices { sum += x[i] * covariance[i, j] * x[j] }
    }
    return max(sum, 0).squareRoot()
  }
}
