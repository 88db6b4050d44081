public import KeelMarkets
import KeelNumerics
import KeelOptimization

// The cheapest transfers that bring every chain to the cash that it needs.
//
//   minimize    Σ over routes of the bridge's expected cost of sending x
//   subject to  balance + Σ in ((1 − φ) x − F z) − Σ out x ≥ wanted   at every place
//               0 ≤ x ≤ M z,  z is zero or one
//
// with fee φ and fixed fee F. What arrives may be sent on, so that two cheap bridges can beat a dear one. M is all that
// could be sent: the sum of the balances. Solved by branch and bound with a proven gap.

/// Transfers of cash between chains or venues: what to send over which bridge.
public struct TransferPlan: Hashable, Sendable {
  /// A bridge between two places, in one direction.
  public struct Route: Hashable, Sendable, Codable {
    /// Where it starts.
    public let from: String

    /// Where it ends.
    public let to: String

    /// Fees, delay and failures.
    public let bridge: Bridge

    /// Creates a route.
    ///
    /// - Parameters:
    ///   - from: Where it starts.
    ///   - to: Where it ends.
    ///   - bridge: Fees, delay and failures.
    public init(from: String, to: String, _ bridge: Bridge) {
      self.from = from
      self.to = to
      self.bridge = bridge
    }
  }

  /// One transfer.
  public struct Transfer: Hashable, Sendable {
    /// The route.
    public let route: Route

    /// What is sent, in cash.
    public let sent: Double

    /// What arrives when the bridge does not fail, in cash.
    public var arriving: Double { sent - route.bridge.fees(on: sent) }

    /// Fees and expected loss, in cash.
    public var expectedCost: Double { route.bridge.expectedCost(on: sent) }
  }

  /// The transfers, in the order of the routes; one that needs what another brings waits for it.
  public let transfers: [Transfer]

  /// Fees and expected losses in all, in cash.
  public let expectedCost: Double

  /// No plan costs less than this, in cash.
  public let lowerBound: Double

  /// What each place has afterwards when no bridge fails, in cash: what is wanted up to 1e-9 of the cash in all.
  public let balances: [String: Double]

  /// Finds the transfers.
  ///
  /// - Parameters:
  ///   - held: The cash at each place: finite, not negative.
  ///   - wanted: The least cash that each place needs: finite, not negative; places that are not named need none.
  ///   - routes: The bridges.
  /// - Throws: `EngineError.invalidValue`, `.noTarget` when the bridges cannot bring the cash there.
  /// - Complexity: Branch and bound over the routes; some ten are solved in milliseconds.
  public init(
    held: [String: Double],
    wanted: [String: Double],
    routes: [Route]
  ) throws(EngineError) {
    for (place, value) in held.sorted(by: { $0.key < $1.key }) {
      try requireNumber(value, "cash at \(place)", .nonnegative)
    }
    for (place, value) in wanted.sorted(by: { $0.key < $1.key }) {
      try requireNumber(value, "cash wanted at \(place)", .nonnegative)
    }
    let total = held.values.reduce(0, +)
    try requireNumber(total, "cash in all", .nonnegative)
    let places = Set(held.keys).union(wanted.keys).union(routes.flatMap { [$0.from, $0.to] })
      .sorted()
    let isMet = places.allSatisfy { held[$0] ?? 0 >= wanted[$0] ?? 0 }
    let sent =
      isMet || routes.isEmpty || total == 0
      ? (isMet ? (values: routes.map { _ in 0 }, bound: 0) : nil)
      : try Self.solve(held, wanted, routes, places, scale: total)
    guard let sent else { throw .noTarget(reason: "the bridges do not bring the cash there") }
    transfers = zip(routes, sent.values).filter { $0.1 > 0 }.map { Transfer(route: $0, sent: $1) }
    expectedCost = transfers.reduce(0) { $0 + $1.expectedCost }
    lowerBound = min(sent.bound, expectedCost)
    var after = held
    for transfer in transfers {
      after[transfer.route.from, default: 0] -= transfer.sent
      after[transfer.route.to, default: 0] += transfer.arriving
    }
    balances = after
  }

  /// Beyond it the best plan so far counts; its lower bound stays valid.
  private static let nodeLimit = 100_000

  /// What is sent over each route, and a lower bound of the cost; nil where nothing suffices.
  ///
  /// Everything is divided by the cash in all, so that the program's numbers are near one.
  private static func solve(
    _ held: [String: Double],
    _ wanted: [String: Double],
    _ routes: [Route],
    _ places: [String],
    scale: Double
  ) throws(EngineError) -> (values: [Double], bound: Double)? {
    let count = routes.count
    var linear = [Double](repeating: 0, count: 2 * count)
    var rows: [LinearRow] = []
    for (k, route) in routes.enumerated() {
      let bridge = route.bridge
      let lost = bridge.failureProbability * bridge.lossGivenFailure
      linear[k] = bridge.feeFraction + lost * (1 - bridge.feeFraction)
      linear[count + k] = bridge.fixedFee / scale * (1 - lost)
    }
    do throws(OptimizationError) {
      for (k, route) in routes.enumerated() {
        rows.append(
          LinearRow(
            "route \(k) from \(route.from) to \(route.to)", indices: [k, count + k],
            coefficients: [1, -1], upper: 0))
      }
      for place in places {
        var coefficients: [Int: Double] = [:]
        for (k, route) in routes.enumerated() {
          if route.from == place { coefficients[k, default: 0] -= 1 }
          if route.to == place {
            coefficients[k, default: 0] += 1 - route.bridge.feeFraction
            coefficients[count + k, default: 0] -= route.bridge.fixedFee / scale
          }
        }
        if coefficients.isEmpty {
          if held[place] ?? 0 < wanted[place] ?? 0 { return nil }
          continue
        }
        let indices = coefficients.keys.sorted()
        rows.append(
          LinearRow(
            "cash at \(place)", indices: indices,
            coefficients: indices.map { coefficients[$0] ?? 0 },
            lower: ((wanted[place] ?? 0) - (held[place] ?? 0)) / scale))
      }
      let program = try QuadraticProgram(
        quadratic: .diagonal([Double](repeating: 0, count: 2 * count)), linear: linear,
        lowerBounds: [Double](repeating: 0, count: 2 * count),
        upperBounds: [Double](repeating: 1, count: 2 * count), rows: rows)
      var settings = BranchAndBound.Settings()
      settings.nodeLimit = Self.nodeLimit
      let solution = try BranchAndBound(settings: settings).solve(
        MixedIntegerProgram(program, lots: (count..<2 * count).map { Lot(variable: $0, size: 1) }))
      guard let values = solution.value else { return nil }
      return (
        (0..<count).map { values[count + $0] > 0.5 ? values[$0] * scale : 0 },
        solution.lowerBound * scale
      )
    } catch {
      throw .noTarget(reason: "\(error)")
    }
  }
}
