public import KeelData
import KeelNumerics

// The most likely move that loses a given amount.
//
// Goals in order: an answer that proves itself, the nearest of several, few revaluations. Under an elliptical law with
// means μ and covariance Σ the most likely move x with a loss of L has the least Mahalanobis distance:
//
//   minimize d(x) = √((x − μ)' Σ⁻¹ (x − μ))   subject to   loss(x) ≥ L
//
// A book that is linear in the moves, loss(x) = −e'x, has the closed form x − μ = −(L + e'μ) Σe / (e'Σe).
//
// Otherwise every direction y has a radius: the least r with loss(μ + r Σy/‖y‖) ≥ L, ‖y‖² = y'Σy, found by a scan and
// Brent's method in full revaluations. The least radius is stationary over directions where y is parallel to the
// gradient of the loss (the multiplier rule; R. Rackwitz and B. Fiessler, "Structural reliability under combined random load
// sequences", Computers and Structures 9 (1978), whose step is the direction of descent here). Directions are kept as
// y and moved by conjugate gradients (E. Polak and G. Ribière (1969)) in the product y'Σy, so that Σ is neither inverted
// nor factored, and may be singular: moves stay among those that can happen.

/// The most likely move of assets that loses a given amount, with its proof.
public struct ReverseStress: Hashable, Sendable {
  /// The moves in the unit asked for, in the order of the covariance.
  public let moves: ExpectedReturns

  /// The scenario with these moves and all else that was given.
  public let scenario: Scenario

  /// The loss there, in cash.
  public let loss: Double

  /// The Mahalanobis distance of the moves from their means: how many standard deviations away they are.
  public let distance: Double

  /// The tangent of the angle between the moves and those that the gradient of the loss points at, both in standard
  /// deviations; zero at a stationary point.
  public let angle: Double

  /// Whether the angle is within the tolerance: the moves are then the nearest of their surroundings that lose as much.
  ///
  /// False also where the search ended at a limit of a move, such as a fraction at −1.
  public let isStationary: Bool

  /// How many searches ended at this distance, and how many there were: one that others miss is less sure to be the least.
  public let agreement: (ended: Int, searches: Int)

  /// The number of revaluations.
  public let evaluationCount: Int

  /// How the search runs.
  public struct Settings: Hashable, Sendable, Codable {
    /// The farthest move looked at, in standard deviations.
    public var largestDistance = 15.0

    /// The steps of the scan of a direction: two crossings of the loss inside one step are missed.
    public var stepCount = 48

    /// The random directions that are tried beside those of the assets and of the gradient.
    public var randomDirectionCount = 8

    /// The searches, from the directions with the least radius.
    public var searchCount = 4

    /// The most steps of a search.
    public var maximumIterations = 200

    /// The largest tangent of the angle that counts as stationary: the distance is then exact to half its square.
    public var angleTolerance = 1e-6

    /// Creates the usual settings.
    public init() {}
  }

  /// Compares moves, proofs and counts.
  public static func == (left: ReverseStress, right: ReverseStress) -> Bool {
    left.moves == right.moves && left.scenario == right.scenario && left.loss == right.loss
      && left.distance == right.distance && left.angle == right.angle
      && left.agreement == right.agreement && left.evaluationCount == right.evaluationCount
  }

  /// Hashes the moves and the loss.
  ///
  /// - Parameter hasher: The hasher to feed.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(moves)
    hasher.combine(loss)
  }
}

extension ReverseStress {
  /// The most likely moves of a book that is linear in them.
  ///
  /// ```text
  /// x = μ − (L + e'μ) Σe / (e'Σe),   d = (L + e'μ) / √(e'Σe)
  /// ```
  ///
  /// - Parameters:
  ///   - loss: The loss L, in cash.
  ///   - exposures: What the book gains for a move of one, in cash, over the assets of the covariance.
  ///   - expectedReturns: The means; nil for zero.
  ///   - covariance: The covariance of the moves.
  /// - Returns: The moves, and their distance: zero where the means lose as much, infinite for a book without risk.
  /// - Throws: `RiskError.shapeMismatch`, `.unknownInstrument` where the universes differ or `.invalidValue`.
  /// - Complexity: O(N²).
  public static func linear(
    loss: Double,
    exposures: Weights,
    expectedReturns: ExpectedReturns? = nil,
    covariance: Covariance
  ) throws(RiskError) -> (moves: ExpectedReturns, distance: Double) {
    try require(loss, "loss", in: .finite)
    let means = try means(expectedReturns, covariance)
    do throws(DataError) {
      try exposures.universe.requireEqual(covariance.universe)
      let product = covariance.product(with: exposures.values)
      let variance = zip(product, exposures.values).reduce(0) { $0 + $1.0 * $1.1 }
      let needed = loss + zip(means, exposures.values).reduce(0) { $0 + $1.0 * $1.1 }
      guard needed > 0 else {
        return (try ExpectedReturns(universe: covariance.universe, values: means), 0)
      }
      guard variance > 0 else {
        return (try ExpectedReturns(universe: covariance.universe, values: means), .infinity)
      }
      let moves = zip(means, product).map { $0 - needed / variance * $1 }
      return (
        try ExpectedReturns(universe: covariance.universe, values: moves),
        needed / variance.squareRoot()
      )
    } catch {
      throw RiskError(error)
    }
  }

  /// The means, zero where none are given.
  static func means(
    _ expectedReturns: ExpectedReturns?,
    _ covariance: Covariance
  ) throws(RiskError) -> [Double] {
    guard let expectedReturns else {
      return [Double](repeating: 0, count: covariance.universe.count)
    }
    do throws(DataError) {
      try expectedReturns.universe.requireEqual(covariance.universe)
    } catch {
      throw RiskError(error)
    }
    return expectedReturns.values
  }
}

extension StressTest {
  /// The most likely moves of assets that lose a given amount, by full revaluation.
  ///
  /// Searches start from the gradient, from each asset up and down and from fixed random directions. The answer has the loss
  /// to 1e-10 relative of what is at stake, and says by ``ReverseStress/angle`` how near it is to stationary; that no other
  /// move is nearer is made likely by the searches, not proved.
  ///
  /// - Parameters:
  ///   - loss: The loss, in cash: positive.
  ///   - covariance: The covariance of the moves of assets of the market but cash.
  ///   - expectedReturns: The means of the moves; nil for zero.
  ///   - unit: How moves are meant. A direction ends where a fraction comes to −1, or a price to a million times as
  ///     high, or by a logarithm to a millionth; a move at such an end is not stationary, and only the nearest tried.
  ///   - scenario: What else happens, and how all other assets move; what it says of these assets is replaced.
  ///   - settings: How far and how often to look.
  /// - Returns: The moves with their proof; at distance zero where the means lose as much.
  /// - Throws: `RiskError.lossNotReached` where no direction tried loses as much within the farthest distance,
  ///   `.unknownInstrument`, `.unknownProtocol`, `.shapeMismatch` or `.invalidValue`.
  /// - Complexity: Four revaluations for each asset and up to as many as the scan has steps, for each step of a search.
  public func reverse(
    loss: Double,
    covariance: Covariance,
    expectedReturns: ExpectedReturns? = nil,
    unit: Scenario.MoveUnit,
    beside scenario: Scenario = Scenario("reverse stress"),
    settings: ReverseStress.Settings = .init()
  ) throws(RiskError) -> ReverseStress {
    try require(loss, "loss", in: .positive)
    try require(settings.largestDistance, "largestDistance", in: 1e-6...1e3)
    try require(Double(settings.stepCount), "stepCount", in: 1...1e6)
    try require(Double(settings.randomDirectionCount), "randomDirectionCount", in: 0...1e6)
    try require(Double(settings.searchCount), "searchCount", in: 1...1e6)
    try require(Double(settings.maximumIterations), "maximumIterations", in: 1...1e6)
    try require(settings.angleTolerance, "angleTolerance", in: 0...1)
    var search = try ReverseSearch(
      self, loss: loss, covariance: covariance,
      means: ReverseStress.means(expectedReturns, covariance), unit: unit, beside: scenario,
      settings: settings)
    return try search.run()
  }
}
