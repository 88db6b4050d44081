import KeelNumerics

/// A distribution of losses over sets of failed protocols.
public struct FailureLosses: Hashable, Sendable, Codable {
  /// One set of failed protocols.
  public struct Atom: Hashable, Sendable, Codable {
    /// The set: bit k is the protocol at place k of ``FailureLosses/names``.
    public let failed: UInt64

    /// The loss, in cash.
    public let loss: Double

    /// The probability that exactly this set fails.
    public let probability: Double
  }

  /// The part of a protocol.
  public struct Part: Hashable, Sendable, Codable {
    /// The protocol.
    public let name: String

    /// Its part of the whole, in the unit of the whole.
    public let value: Double
  }

  /// The protocols, sorted by name.
  public let names: [String]

  /// What each failure takes, in cash.
  public let losses: [Double]

  /// The sets with a probability above zero, from the largest loss to the smallest; equal losses by set.
  public let atoms: [Atom]

  init(names: [String], losses: [Double], atoms: [Atom]) {
    self.names = names
    self.losses = losses
    self.atoms = atoms.sorted { ($1.loss, $0.failed) < ($0.loss, $1.failed) }
  }

  private enum CodingKeys: String, CodingKey {
    case names, losses, atoms
  }

  /// Decodes a distribution.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: `DecodingError` for what is no such value: without one loss for each of 1 to 64 names in their order, with a set
  ///   that stands twice or has others in it or another loss than theirs together, or with probabilities that are not positive or do
  ///   not sum to one.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      names: try values.decode([String].self, forKey: .names),
      losses: try values.decode([Double].self, forKey: .losses),
      atoms: try values.decode([Atom].self, forKey: .atoms))
    if let flaw {
      throw DecodingError.dataCorruptedError(
        forKey: flaw.key, in: values, debugDescription: flaw.description)
    }
  }

  /// How far probabilities may be from a sum of one: those of 2¹⁶ sets have errors of up to 1e-13 each.
  private static let probabilityTolerance = 1e-8

  /// How far the loss of a set may be from the sum of its losses, as a part of it: stored digits may be fewer.
  private static let lossTolerance = 1e-9

  /// What is wrong with stored values.
  private var flaw: (key: CodingKeys, description: String)? {
    let count = names.count
    guard (1...ProtocolFailures.maximumCount).contains(count), losses.count == count else {
      return (.losses, "there is not one loss for each of 1 to 64 names")
    }
    guard names.indices.dropFirst().allSatisfy({ names[$0 - 1] < names[$0] }) else {
      return (.names, "names are not different and in their order")
    }
    guard losses.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      return (.losses, "a loss is negative or not finite")
    }
    guard atoms.allSatisfy({ count == 64 || $0.failed >> UInt64(count) == 0 }),
      Set(atoms.map(\.failed)).count == atoms.count
    else { return (.atoms, "a set stands twice or has others in it") }
    for atom in atoms {
      let loss = losses.indices.reduce(0) { atom.failed >> $1 & 1 == 1 ? $0 + losses[$1] : $0 }
      guard (atom.loss - loss).magnitude <= Self.lossTolerance * loss else {
        return (.atoms, "a set does not lose what its protocols lose")
      }
      guard atom.probability > 0, atom.probability <= 1 else {
        return (.atoms, "a probability is not above zero and at most one")
      }
    }
    let total = atoms.reduce(into: CompensatedSum()) { $0.add($1.probability) }.value
    guard (total - 1).magnitude <= Self.probabilityTolerance else {
      return (.atoms, "probabilities do not sum to one")
    }
    return nil
  }

  /// The mean of the loss, in cash.
  public var expectedLoss: Double {
    var sum = CompensatedSum()
    for atom in atoms { sum.add(atom.loss * atom.probability) }
    return sum.value
  }

  /// The probability that a protocol fails, by itself or taken by another, in the order of ``names``.
  public var failureProbabilities: [Part] {
    names.indices.map { k in
      var sum = CompensatedSum()
      for atom in atoms where atom.failed >> k & 1 == 1 { sum.add(atom.probability) }
      return Part(name: names[k], value: sum.value)
    }
  }

  /// The mean of the loss when a protocol has failed, by itself or taken by another, in cash.
  ///
  /// - Parameter name: The protocol.
  /// - Returns: The mean of all losses together, that of the protocol included.
  /// - Throws: `RiskError.unknownProtocol`, or `.invalidValue` where it cannot fail.
  public func expectedLoss(givenFailureOf name: String) throws(RiskError) -> Double {
    try given(failureOf: name).expectedLoss
  }

  /// The distribution when a protocol has failed, by itself or taken by another.
  ///
  /// - Parameter name: The protocol.
  /// - Returns: The distribution over the sets that contain it.
  /// - Throws: `RiskError.unknownProtocol`, or `.invalidValue` where it cannot fail.
  public func given(failureOf name: String) throws(RiskError) -> FailureLosses {
    guard let place = names.firstIndex(of: name) else { throw .unknownProtocol(name) }
    let kept = atoms.filter { $0.failed >> place & 1 == 1 }
    var sum = CompensatedSum()
    for atom in kept { sum.add(atom.probability) }
    try require(sum.value, "probability of a failure of \(name)", in: .positive)
    return FailureLosses(
      names: names, losses: losses,
      atoms: kept.map {
        Atom(failed: $0.failed, loss: $0.loss, probability: $0.probability / sum.value)
      })
  }

  /// The probability of a loss of at least some size.
  ///
  /// - Parameter loss: The loss, in cash.
  /// - Returns: The probability.
  public func probability(ofLossAtLeast loss: Double) -> Double {
    var sum = CompensatedSum()
    for atom in atoms where atom.loss >= loss { sum.add(atom.probability) }
    return sum.value
  }

  /// The smallest loss that is exceeded with at most the probability of the tail.
  ///
  /// - Parameter tailProbability: The probability of the tail, a normal number above 0 and up to 1: 0.01 for 99 %.
  /// - Returns: The value at risk, in cash.
  /// - Throws: `RiskError.invalidValue`.
  public func valueAtRisk(tailProbability: Double) throws(RiskError) -> Double {
    try tail(tailProbability).loss
  }

  /// The mean loss in the tail, with the share of the atom at its edge that fills it.
  ///
  /// - Parameter tailProbability: The probability of the tail, a normal number above 0 and up to 1.
  /// - Returns: The expected shortfall, in cash.
  /// - Throws: `RiskError.invalidValue`.
  public func expectedShortfall(tailProbability: Double) throws(RiskError) -> Double {
    try shortfallContributions(tailProbability: tailProbability).reduce(0) { $0 + $1.value }
  }

  /// The part of each protocol in the expected shortfall.
  ///
  /// Euler's parts: the mean of each protocol's own loss in the tail; at the edge of the tail the mean over all sets
  /// with that loss. They add to the expected shortfall.
  ///
  /// - Parameter tailProbability: The probability of the tail, a normal number above 0 and up to 1.
  /// - Returns: The parts in the order of ``names``, in cash.
  /// - Throws: `RiskError.invalidValue`.
  public func shortfallContributions(tailProbability: Double) throws(RiskError) -> [Part] {
    let edge = try tail(tailProbability)
    return names.indices.map { k in
      var (beyond, atEdge) = (CompensatedSum(), CompensatedSum())
      for atom in atoms.prefix(edge.end) where atom.failed >> k & 1 == 1 {
        if atom.loss > edge.loss {
          beyond.add(atom.probability)
        } else {
          atEdge.add(atom.probability)
        }
      }
      let mass = beyond.value + edge.share * atEdge.value
      return Part(name: names[k], value: losses[k] * (mass / tailProbability))
    }
  }

  /// Where the tail ends: the loss there, the share of its atoms inside, and the end of these atoms.
  private func tail(
    _ probability: Double
  ) throws(RiskError) -> (loss: Double, share: Double, end: Int) {
    try require(probability, "tailProbability", in: Double.leastNormalMagnitude...1)
    // As in a sample: sums of probabilities carry rounding, and the value at risk would jump on it.
    let most = probability * (1 + SampleTail.massTolerance)
    var before = CompensatedSum()
    var place = 0
    while place < atoms.count {
      let loss = atoms[place].loss
      var mass = CompensatedSum()
      var end = place
      while end < atoms.count, atoms[end].loss == loss {
        mass.add(atoms[end].probability)
        end += 1
      }
      let left = probability - before.value
      // The last atoms end every tail, whatever rounding has left of it.
      if before.value + mass.value > most || end == atoms.count {
        return (loss, min(max(left / mass.value, 0), 1), end)
      }
      before.add(mass.value)
      place = end
    }
    return (0, 0, 0)
  }
}
