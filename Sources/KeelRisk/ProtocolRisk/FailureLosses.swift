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

  /// Decodes a distribution.
  ///
  /// - Parameter decoder: The decoder.
  /// - Throws: `DecodingError` for what is no such value, or has not one loss for each of 1 to 64 names, or fails others.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    names = try values.decode([String].self, forKey: .names)
    losses = try values.decode([Double].self, forKey: .losses)
    atoms = try values.decode([Atom].self, forKey: .atoms)
    let count = names.count
    guard losses.count == count, (1...ProtocolFailures.maximumCount).contains(count),
      atoms.allSatisfy({ count == 64 || $0.failed >> UInt64(count) == 0 })
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .losses, in: values, debugDescription: "names, losses and sets do not match")
    }
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
