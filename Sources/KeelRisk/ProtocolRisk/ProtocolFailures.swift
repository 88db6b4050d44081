import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A protocol, venue or bridge that may fail, and what is at stake there.
public struct ProtocolHazard: Hashable, Sendable, Codable {
  /// The name.
  public var name: String

  /// What it is; nil where that is not said.
  public var kind: ProtocolKind?

  /// The hazard of a failure of its own, per year.
  public var hazardPerYear: Double

  /// The share of what is at stake that a failure takes, 0 to 1.
  public var lossGivenFailure: Double

  /// What is at stake, in cash.
  public var exposure: Double

  /// Creates a protocol.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - kind: What it is, for sums by kind; nil where that is not said. It changes no probability.
  ///   - hazardPerYear: The hazard of a failure of its own, per year: finite, not negative.
  ///   - lossGivenFailure: The share of what is at stake that a failure takes, 0 to 1.
  ///   - exposure: What is at stake, in cash: finite, not negative.
  public init(
    _ name: String,
    kind: ProtocolKind? = nil,
    hazardPerYear: Double,
    lossGivenFailure: Double,
    exposure: Double
  ) {
    self.name = name
    self.kind = kind
    self.hazardPerYear = hazardPerYear
    self.lossGivenFailure = lossGivenFailure
    self.exposure = exposure
  }

  /// What a failure takes, in cash.
  public var loss: Double { exposure * lossGivenFailure }

  /// The probability of a failure of its own within a time.
  ///
  /// - Parameter years: The time: not negative.
  /// - Returns: `1 − exp(−h t)`.
  public func failureProbability(within years: Double) -> Double { -expm1(-hazardPerYear * years) }

  /// What a yield leaves after its own failures, per year.
  ///
  /// - Parameter yieldPerYear: The yield per year as a fraction, continuously compounded.
  /// - Returns: `yield − h · loss given failure`.
  public func yieldAfterFailures(_ yieldPerYear: Double) -> Double {
    yieldPerYear - hazardPerYear * lossGivenFailure
  }

  /// The yield that pays for failures: below it, what is safe earns more in the mean.
  ///
  /// ```text
  /// y = r + charge − ln(1 − P · loss given failure)/t
  /// ```
  ///
  /// - Parameters:
  ///   - safeRate: What is earned without this risk per year, continuously compounded.
  ///   - years: The time t: positive.
  ///   - failureProbability: The probability P of a failure within that time, from others too
  ///     (``FailureLosses/failureProbabilities``); nil for that of its own.
  ///   - riskCharge: What the risk itself must earn per year, such as a price times the part of the protocol in the expected
  ///     shortfall over its exposure.
  /// - Returns: The yield per year, continuously compounded; infinite where all is lost for sure.
  public func breakEvenYield(
    safeRate: Double,
    within years: Double,
    failureProbability: Double? = nil,
    riskCharge: Double = 0
  ) -> Double {
    let probability = failureProbability ?? self.failureProbability(within: years)
    return safeRate + riskCharge - log1p(-probability * lossGivenFailure) / years
  }

  /// The hazard that a yield above the safe rate pays for.
  ///
  /// - Parameters:
  ///   - yieldPerYear: The yield per year as a fraction, continuously compounded.
  ///   - safeRate: What is earned without this risk, in the same unit.
  /// - Returns: `(yield − safe rate) / loss given failure` per year; below ``hazardPerYear`` the yield does not pay.
  public func hazardPaidFor(byYield yieldPerYear: Double, safeRate: Double) -> Double {
    (yieldPerYear - safeRate) / lossGivenFailure
  }
}

/// A failure of one protocol that takes another with it.
public struct FailureDependency: Hashable, Sendable, Codable {
  /// The protocol that fails.
  public var source: String

  /// The protocol that it takes with it.
  public var target: String

  /// The probability that it does, 0 to 1.
  public var probability: Double

  /// Creates a dependency.
  ///
  /// - Parameters:
  ///   - source: The protocol that fails.
  ///   - target: The protocol that it takes with it.
  ///   - probability: The probability that it does, 0 to 1.
  public init(_ source: String, takes target: String, probability: Double) {
    self.source = source
    self.target = target
    self.probability = probability
  }
}

/// Protocols that fail by themselves, independently, and then take others with them along their dependencies.
///
/// A protocol fails if one that failed by itself reaches it over dependencies that strike, each independently and at
/// most once.
public struct ProtocolFailures: Hashable, Sendable {
  /// The protocols, sorted by name.
  public let protocols: [ProtocolHazard]

  /// The dependencies, sorted by source and target.
  public let dependencies: [FailureDependency]

  /// The largest number of protocols: a set of them is one word.
  public static let maximumCount = 64

  /// The places of source and target of each dependency.
  let edges: [(source: Int, target: Int, probability: Double)]

  /// Creates a set of protocols.
  ///
  /// - Parameters:
  ///   - protocols: The protocols with different names, at least one and at most ``maximumCount``.
  ///   - dependencies: The dependencies between different protocols, each pair once.
  /// - Throws: `RiskError.invalidValue`, also for losses whose sum is not finite, `.shapeMismatch`, `.duplicate`, or
  ///   `.unknownProtocol` for a dependency.
  public init(
    _ protocols: [ProtocolHazard],
    dependencies: [FailureDependency] = []
  ) throws(RiskError) {
    guard (1...Self.maximumCount).contains(protocols.count) else {
      throw .shapeMismatch(
        argument: "protocols", got: protocols.count,
        required: protocols.isEmpty ? 1 : Self.maximumCount)
    }
    self.protocols = protocols.sorted { $0.name < $1.name }
    self.dependencies = dependencies.sorted { ($0.source, $0.target) < ($1.source, $1.target) }
    var places: [String: Int] = [:]
    for (place, known) in self.protocols.enumerated() {
      try require(known.hazardPerYear, "hazardPerYear of \(known.name)", in: .nonnegative)
      try require(known.lossGivenFailure, "lossGivenFailure of \(known.name)", in: 0...1)
      try require(known.exposure, "exposure of \(known.name)", in: .nonnegative)
      guard places.updateValue(place, forKey: known.name) == nil else {
        throw .duplicate(known.name)
      }
    }
    try require(self.protocols.reduce(0) { $0 + $1.loss }, "sum of losses", in: .nonnegative)
    var edges: [(source: Int, target: Int, probability: Double)] = []
    for link in self.dependencies {
      guard let source = places[link.source] else { throw .unknownProtocol(link.source) }
      guard let target = places[link.target] else { throw .unknownProtocol(link.target) }
      try require(
        link.probability, "probability of \(link.source) taking \(link.target)", in: 0...1)
      let isRepeated = edges.last.map { $0.source == source && $0.target == target } ?? false
      guard source != target, !isRepeated else {
        throw .duplicate("\(link.source) taking \(link.target)")
      }
      edges.append((source, target, link.probability))
    }
    self.edges = edges
  }

  /// Compares protocols and dependencies.
  public static func == (left: ProtocolFailures, right: ProtocolFailures) -> Bool {
    left.protocols == right.protocols && left.dependencies == right.dependencies
  }

  /// Hashes protocols and dependencies.
  ///
  /// - Parameter hasher: The hasher to feed.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(protocols)
    hasher.combine(dependencies)
  }

  /// The loss of a set of failed protocols, summed in the order of names.
  func loss(of failed: UInt64) -> Double {
    protocols.indices.reduce(0) { failed >> $1 & 1 == 1 ? $0 + protocols[$1].loss : $0 }
  }
}
