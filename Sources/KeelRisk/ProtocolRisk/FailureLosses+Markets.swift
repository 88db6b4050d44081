public import KeelData
import KeelNumerics

// Failures together with what markets do, exactly, failures being independent of markets.

/// The exact distribution of the losses of markets and of failures together.
public struct JointFailureLosses: Hashable, Sendable {
  /// The mean loss, in cash.
  public let expectedLoss: Double

  /// The smallest loss that is exceeded with at most the probability of the tail, in cash.
  public let valueAtRisk: Double

  /// The mean loss in the tail, in cash.
  public let expectedShortfall: Double

  /// The part of the market in the expected shortfall, in cash.
  public let marketPart: Double

  /// The part of each protocol in the expected shortfall, sorted by name, in cash; with that of the market they add to it.
  public let protocolParts: [FailureLosses.Part]
}

extension FailureLosses {
  /// The most pairs of a market's scenario and a set of failed protocols: 16 million.
  public static let pairLimit = 1 << 24

  /// The losses of markets and of failures together, over all pairs of a scenario and a set of failed protocols.
  ///
  /// Parts are Euler's: the mean of each part's own loss in the tail; at the edge of the tail the mean over all pairs with
  /// that loss.
  ///
  /// - Parameters:
  ///   - marketLosses: The S losses of market scenarios, in cash, at least one; finite, also together with all
  ///     failures.
  ///   - probabilities: Their probabilities up to a common factor; nil for equal ones.
  ///   - tailProbability: The probability of the tail, inside (0, 1) and a normal number.
  /// - Returns: The measures and their parts.
  /// - Throws: `RiskError.shapeMismatch`, also for more than ``pairLimit`` pairs, or `.invalidValue`.
  /// - Complexity: O(S × sets).
  public func joined(
    with marketLosses: [Double],
    probabilities: [Double]? = nil,
    tailProbability: Double
  ) throws(RiskError) -> JointFailureLosses {
    try require(
      tailProbability, "tailProbability", in: Double.leastNormalMagnitude...1.0.nextDown)
    let masses = try checkedMasses(marketLosses, probabilities)
    guard marketLosses.count <= Self.pairLimit / max(atoms.count, 1) else {
      throw .shapeMismatch(
        argument: "pairs", got: marketLosses.count.multipliedReportingOverflow(by: atoms.count).0,
        required: Self.pairLimit)
    }
    var (losses, weights) = ([Double](), [Double]())
    losses.reserveCapacity(marketLosses.count * atoms.count)
    weights.reserveCapacity(losses.capacity)
    for atom in atoms {
      for (loss, mass) in zip(marketLosses, masses) {
        let sum = loss + atom.loss
        try require(sum, "loss of the market and of failures", in: .finite)
        losses.append(sum)
        weights.append(mass * atom.probability)
      }
    }
    let tail = SampleTail(losses: losses, masses: weights, tailProbability: tailProbability)
    var (mean, market) = (CompensatedSum(), CompensatedSum())
    var sets = [CompensatedSum](repeating: CompensatedSum(), count: names.count)
    var place = 0
    for atom in atoms {
      var share = CompensatedSum()
      for loss in marketLosses {
        mean.add(losses[place] * weights[place])
        let weight = tail.weight(ofLoss: losses[place], mass: weights[place])
        market.add(weight * loss)
        share.add(weight)
        place += 1
      }
      for k in names.indices where atom.failed >> k & 1 == 1 { sets[k].add(share.value) }
    }
    let total = weights.reduce(into: CompensatedSum()) { $0.add($1) }.value
    return JointFailureLosses(
      expectedLoss: mean.value / total, valueAtRisk: tail.valueAtRisk,
      expectedShortfall: tail.expectedShortfall, marketPart: market.value,
      protocolParts: names.indices.map {
        Part(name: names[$0], value: self.losses[$0] * sets[$0].value)
      })
  }

  /// The masses of a market's losses, which sum to one.
  private func checkedMasses(
    _ losses: [Double],
    _ probabilities: [Double]?
  ) throws(RiskError) -> [Double] {
    guard !losses.isEmpty else {
      throw .shapeMismatch(argument: "marketLosses", got: 0, required: 1)
    }
    for loss in losses { try require(loss, "market loss", in: .finite) }
    guard let probabilities else {
      return [Double](repeating: 1 / Double(losses.count), count: losses.count)
    }
    guard probabilities.count == losses.count else {
      throw .shapeMismatch(
        argument: "probabilities", got: probabilities.count, required: losses.count)
    }
    for probability in probabilities { try require(probability, "probability", in: .nonnegative) }
    let largest = probabilities.reduce(0, max)
    try require(largest, "largest probability", in: .positive)
    // By the largest first: the sum of those given may be infinite, or the inverse of a small one.
    let shares = probabilities.map { $0 / largest }
    let total = shares.reduce(into: CompensatedSum()) { $0.add($1) }.value
    return shares.map { $0 / total }
  }

  /// What each asset earns in each pair of a scenario and a set of failed protocols, for use in optimization.
  ///
  /// This is the line of protocols in a risk budget: an expected shortfall over these outcomes counts failures, and the parts
  /// of the assets at a protocol add to that of the protocol.
  ///
  /// ```text
  /// outcome of asset j = (1 + r_j)(1 − loss given failure) − 1   where its protocol has failed
  /// ```
  ///
  /// Sets that differ in protocols without assets only are taken together.
  ///
  /// - Parameters:
  ///   - market: S × N outcomes without failures, as simple returns.
  ///   - claims: For each asset at a protocol its name and the share that a failure takes, 0 to 1; others are in own custody.
  /// - Returns: The outcomes of S × sets pairs, with probabilities.
  /// - Throws: `RiskError.unknownProtocol`, `.unknownInstrument` for a claim of an asset that the market lacks,
  ///   `.invalidValue`, or `.shapeMismatch` for more than ``pairLimit`` outcomes.
  /// - Complexity: O(S × sets × N).
  public func outcomes(
    beside market: ScenarioSet,
    claims: [AssetID: (protocolName: String, lossGivenFailure: Double)]
  ) throws(RiskError) -> ScenarioSet {
    let universe = market.universe
    var owners = [Int](repeating: -1, count: universe.count)
    var shares = [Double](repeating: 0, count: universe.count)
    var used: UInt64 = 0
    for (asset, claim) in claims.sorted(by: { $0.key < $1.key }) {
      guard let place = universe.position(of: asset) else { throw .unknownInstrument(asset) }
      guard let owner = names.firstIndex(of: claim.protocolName) else {
        throw .unknownProtocol(claim.protocolName)
      }
      try require(claim.lossGivenFailure, "lossGivenFailure of \(asset)", in: 0...1)
      (owners[place], shares[place]) = (owner, claim.lossGivenFailure)
      used |= 1 << UInt64(owner)
    }
    var sets: [UInt64: CompensatedSum] = [:]
    for atom in atoms { sets[atom.failed & used, default: CompensatedSum()].add(atom.probability) }
    let failed = sets.keys.sorted()
    let rows = market.scenarioCount
    guard rows <= Self.pairLimit / max(failed.count * universe.count, 1) else {
      throw .shapeMismatch(
        argument: "outcomes", got: rows.multipliedReportingOverflow(by: failed.count).0,
        required: Self.pairLimit / max(universe.count, 1))
    }
    var storage: [Double] = []
    storage.reserveCapacity(rows * failed.count * universe.count)
    for j in 0..<universe.count {
      let column = market.outcomes.column(j)
      for set in failed {
        let isLost = owners[j] >= 0 && set >> UInt64(owners[j]) & 1 == 1
        let kept = isLost ? 1 - shares[j] : 1
        for s in column.indices {
          storage.append(isLost ? (1 + column[s]) * kept - 1 : column[s])
        }
      }
    }
    let total = failed.reduce(0) { $0 + (sets[$1]?.value ?? 0) }
    let weight = market.probabilities ?? [Double](repeating: 1 / Double(rows), count: rows)
    let probabilities = failed.flatMap { set in
      weight.map { $0 * (sets[set]?.value ?? 0) / total }
    }
    do throws(DataError) {
      return try ScenarioSet(
        universe: universe,
        outcomes: Matrix(
          uncheckedRowCount: rows * failed.count, columnCount: universe.count, storage: storage),
        probabilities: probabilities)
    } catch {
      throw RiskError(error)
    }
  }
}
