import KeelNumerics

/// What may fail: a part of a ledger's stack, or who stands behind a token.
@nonexhaustive
public enum ProtocolKind: String, Hashable, Sendable, Codable, CaseIterable {
  /// A contract, or a set of contracts that fails as one.
  case contract
  /// A chain: a halt or a rewritten history takes what lives on it.
  case chain
  /// A bridge: what it has issued on one chain is a claim on what it keeps on another.
  case bridge
  /// An oracle: wrong prices take those that read them.
  case oracle
  /// An issuer of a token that is a claim: a stablecoin, a wrapped or a staked coin.
  case issuer
}

extension FailureLosses {
  /// The part of all protocols of one kind.
  public struct KindPart: Hashable, Sendable, Codable {
    /// The kind; nil for protocols without one.
    public let kind: ProtocolKind?

    /// Their part of the whole, in the unit of the whole.
    public let value: Double
  }

  /// The part of each protocol in the mean of the loss: its loss times the probability that it fails.
  ///
  /// In cash, in the order of ``names``; they add to ``expectedLoss``.
  public var expectedLossContributions: [Part] {
    zip(failureProbabilities, losses).map { Part(name: $0.name, value: $0.value * $1) }
  }
}

extension TreeFailureLosses {
  /// The part of each protocol in the mean of the loss: its loss times the probability that it fails.
  ///
  /// In cash, in the order of ``names``; they add to ``expectedLoss``.
  public var expectedLossContributions: [FailureLosses.Part] {
    zip(failureProbabilities, losses).map { .init(name: $0.name, value: $0.value * $1) }
  }
}

extension ProtocolFailures {
  /// The sums of parts over the protocols of each kind.
  ///
  /// Parts of a mean loss or of an expected shortfall add, so that sums by kind add to the same whole. Every part of a
  /// protocol counts once, under its own kind: what a chain takes with it is lost at those that it takes.
  ///
  /// - Parameter parts: The parts of protocols, such as ``FailureLosses/expectedLossContributions``,
  ///   ``FailureLosses/shortfallContributions(tailProbability:)`` or ``JointFailureLosses/protocolParts``.
  /// - Returns: The sums in the order of the cases of ``ProtocolKind``, those of protocols without a kind last; kinds that no
  ///   part has are left out.
  /// - Throws: `RiskError.unknownProtocol`.
  public func partsByKind(
    _ parts: [FailureLosses.Part]
  ) throws(RiskError) -> [FailureLosses.KindPart] {
    let kinds = Dictionary(uniqueKeysWithValues: protocols.map { ($0.name, $0.kind) })
    var sums: [ProtocolKind?: CompensatedSum] = [:]
    for part in parts {
      guard let kind = kinds[part.name] else { throw .unknownProtocol(part.name) }
      sums[kind, default: CompensatedSum()].add(part.value)
    }
    let order: [ProtocolKind?] = ProtocolKind.allCases + [nil]
    return order.compactMap { kind in
      sums[kind].map { FailureLosses.KindPart(kind: kind, value: $0.value) }
    }
  }
}
