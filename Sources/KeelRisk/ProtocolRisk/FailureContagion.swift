import KeelNumerics

// Failures that spread over claims until nobody else fails.
//
// A protocol fails when what it loses reaches its buffer:
//
//   loss_i(F) = shock_i + Σ_(j in F) claim_ij · loss given failure_ij,   i in F  ⟺  i given, or loss_i(F) ≥ buffer_i
//
// The map F → {i : loss_i(F) ≥ buffer_i} only grows with F, so that it has a least and a greatest fixed point (Knaster
// and Tarski). The least is what one failure after the other reaches from the given ones; the greatest is what
// remains when all are thought to fail and those that would survive are struck out: a run that justifies itself.
//
// C. H. Furfine, "Interbank exposures: quantifying the risk of contagion", Journal of Money, Credit and Banking 35 (2003)
// (rounds of failures at given losses); L. Eisenberg and T. H. Noe, "Systemic risk in financial systems", Management
// Science 47 (2001) (least and greatest fixed points).

/// What one protocol, venue or bridge loses when another fails.
public struct ProtocolClaim: Hashable, Sendable, Codable {
  /// The protocol that has the claim.
  public var holder: String

  /// The protocol that the claim is on.
  public var debtor: String

  /// What is claimed, in cash.
  public var amount: Double

  /// The share that a failure of the debtor takes, 0 to 1.
  public var lossGivenFailure: Double

  /// Creates a claim.
  ///
  /// - Parameters:
  ///   - holder: The protocol that has the claim.
  ///   - debtor: The protocol that the claim is on.
  ///   - amount: What is claimed, in cash: finite, not negative.
  ///   - lossGivenFailure: The share that a failure of the debtor takes, 0 to 1.
  public init(_ holder: String, on debtor: String, amount: Double, lossGivenFailure: Double) {
    self.holder = holder
    self.debtor = debtor
    self.amount = amount
    self.lossGivenFailure = lossGivenFailure
  }

  /// What a failure of the debtor takes, in cash.
  public var loss: Double { amount * lossGivenFailure }
}

/// Protocols with buffers and with claims on each other.
public struct FailureContagion: Hashable, Sendable {
  /// The protocols, sorted by name.
  public let names: [String]

  /// What each can lose before it fails, in cash, in the order of ``names``.
  public let buffers: [Double]

  /// The claims, sorted by holder and debtor.
  public let claims: [ProtocolClaim]

  private let edges: [(holder: Int, debtor: Int, loss: Double)]

  /// The place of each name in ``names``.
  private let places: [String: Int]

  /// Creates a set of protocols.
  ///
  /// - Parameters:
  ///   - buffers: What each protocol can lose before it fails, in cash: positive; infinite for one that cannot.
  ///   - claims: The claims between different protocols; several on one debtor add up, and all
  ///     that one holds take a finite sum.
  /// - Throws: `RiskError.shapeMismatch` for no protocol, `.invalidValue`, `.unknownProtocol`, or `.duplicate` for a claim on
  ///   oneself.
  public init(buffers: [String: Double], claims: [ProtocolClaim]) throws(RiskError) {
    guard !buffers.isEmpty else { throw .shapeMismatch(argument: "buffers", got: 0, required: 1) }
    names = buffers.keys.sorted()
    var sorted: [Double] = []
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated() {
      let buffer = buffers[name] ?? .nan
      guard buffer > 0 else {
        throw .invalidValue(
          argument: "buffer of \(name)", got: buffer, lowest: .leastNonzeroMagnitude,
          highest: .infinity)
      }
      sorted.append(buffer)
      places[name] = place
    }
    self.buffers = sorted
    self.places = places
    // Equal pairs by size, so that the order given changes no bit.
    self.claims = claims.sorted {
      ($0.holder, $0.debtor, $0.amount, $0.lossGivenFailure)
        < ($1.holder, $1.debtor, $1.amount, $1.lossGivenFailure)
    }
    var edges: [(holder: Int, debtor: Int, loss: Double)] = []
    for claim in self.claims {
      guard let holder = places[claim.holder] else { throw .unknownProtocol(claim.holder) }
      guard let debtor = places[claim.debtor] else { throw .unknownProtocol(claim.debtor) }
      guard holder != debtor else { throw .duplicate("\(claim.holder) on \(claim.debtor)") }
      try require(
        claim.amount, "amount of \(claim.holder) on \(claim.debtor)", in: .nonnegative)
      try require(
        claim.lossGivenFailure, "lossGivenFailure of \(claim.holder) on \(claim.debtor)", in: 0...1)
      edges.append((holder, debtor, claim.loss))
    }
    self.edges = edges
    try checkSums([Double](repeating: 0, count: names.count))
  }

  /// Compares protocols and claims.
  public static func == (left: FailureContagion, right: FailureContagion) -> Bool {
    left.names == right.names && left.buffers == right.buffers && left.claims == right.claims
  }

  /// Hashes protocols and claims.
  ///
  /// - Parameter hasher: The hasher to feed.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(names)
    hasher.combine(buffers)
    hasher.combine(claims)
  }

  /// Which of two sets of failures that hold themselves up.
  public enum FixedPoint: String, Hashable, Sendable, Codable, CaseIterable {
    /// What one failure after the other reaches from the given ones.
    case least
    /// The most that fail if all are thought to: a run that justifies itself.
    case greatest
  }

  /// What has failed when nobody else does.
  public struct Outcome: Hashable, Sendable, Codable {
    /// A protocol that fails, or that loses and survives.
    public struct Loss: Hashable, Sendable, Codable {
      /// The protocol.
      public let name: String

      /// What it loses on its claims and by the shock, in cash.
      public let loss: Double

      /// The round in which it fails: 0 when given, then 1 and on; nil when it survives.
      ///
      /// Those that fail in a greatest fixed point without being reached one after the other have the round after the last.
      public let round: Int?
    }

    /// The protocols, sorted by name.
    public let losses: [Loss]

    /// The names of those that fail, by round and then by name.
    public var failed: [String] {
      losses.compactMap { loss in loss.round.map { (loss.name, $0) } }
        .sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    /// The number of rounds after the first failures.
    public var roundCount: Int { losses.reduce(0) { max($0, $1.round ?? 0) } }

    /// A scenario in which all that fail do, for the loss of an account.
    ///
    /// - Parameters:
    ///   - name: The name, for reports.
    ///   - lossGivenFailure: The share of a positive value that the account loses at each, 0 to 1.
    /// - Returns: The scenario; protocols that no position is at should be left out of this set before it is used.
    public func scenario(_ name: String, lossGivenFailure: Double) -> Scenario {
      var scenario = Scenario(name)
      for failure in failed { scenario.failures[failure] = lossGivenFailure }
      return scenario
    }
  }

  /// Follows failures to their end.
  ///
  /// - Parameters:
  ///   - first: The protocols that fail to begin with.
  ///   - shocks: What others lose outside their claims, in cash: not negative, finite together with their claims.
  ///   - fixedPoint: The least or the greatest set that holds itself up.
  /// - Returns: Who fails, in which round and with which loss.
  /// - Throws: `RiskError.unknownProtocol` or `.invalidValue`.
  /// - Complexity: O(n (n + claims)).
  public func outcome(
    of first: Set<String>,
    shocks: [String: Double] = [:],
    fixedPoint: FixedPoint = .least
  ) throws(RiskError) -> Outcome {
    var given = [Bool](repeating: false, count: names.count)
    for name in first.sorted() { given[try place(of: name)] = true }
    var outside = [Double](repeating: 0, count: names.count)
    for (name, shock) in shocks.sorted(by: { $0.key < $1.key }) {
      try require(shock, "shock of \(name)", in: .nonnegative)
      outside[try place(of: name)] = shock
    }
    try checkSums(outside)
    var rounds: [Int?] = given.map { $0 ? 0 : nil }
    var round = 0
    while true {
      let losses = losses(rounds.map { $0 != nil }, outside)
      let next = names.indices.filter { rounds[$0] == nil && losses[$0] >= buffers[$0] }
      if next.isEmpty { break }
      round += 1
      for place in next { rounds[place] = round }
    }
    if fixedPoint == .greatest {
      for (place, fails) in greatest(given, outside).enumerated()
      where fails && rounds[place] == nil { rounds[place] = round + 1 }
    }
    let losses = losses(rounds.map { $0 != nil }, outside)
    return Outcome(
      losses: names.indices.map {
        .init(name: names[$0], loss: losses[$0], round: rounds[$0])
      })
  }

  /// Strikes out those that would survive until nobody would.
  private func greatest(_ given: [Bool], _ outside: [Double]) -> [Bool] {
    var failed = [Bool](repeating: true, count: names.count)
    while true {
      let losses = losses(failed, outside)
      let survivors = names.indices.filter {
        failed[$0] && !given[$0] && losses[$0] < buffers[$0]
      }
      if survivors.isEmpty { return failed }
      for place in survivors { failed[place] = false }
    }
  }

  private func losses(_ failed: [Bool], _ outside: [Double]) -> [Double] {
    var losses = outside
    for edge in edges where failed[edge.debtor] { losses[edge.holder] += edge.loss }
    return losses
  }

  /// Requires that all claims and what is lost outside them have finite sums: those of fewer claims are no larger.
  private func checkSums(_ outside: [Double]) throws(RiskError) {
    for (place, sum) in losses([Bool](repeating: true, count: names.count), outside).enumerated() {
      try require(sum, "sum of the losses of \(names[place])", in: .nonnegative)
    }
  }

  private func place(of name: String) throws(RiskError) -> Int {
    guard let place = places[name] else { throw .unknownProtocol(name) }
    return place
  }
}
