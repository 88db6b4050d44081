public import KeelData
import KeelOptimization

/// What to do now and why: a value for the host to execute, show, store and replay.
public struct Decision: Hashable, Sendable, Codable {
  /// What kind of decision it is.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing is traded.
    case hold
    /// The trades bring the account to the target.
    case trade
    /// The trades were prepared for a breaker that asks for them.
    case contingency
  }

  /// The number of the step, from 0.
  public let index: Int

  /// The time of the market that it was made in.
  public let time: Timestamp

  /// What kind of decision it is.
  public let kind: Kind

  /// What the breakers allow.
  public let verdict: BreakerPanel.Verdict

  /// Why, in the order in which it was found.
  public let reasons: [Reason]

  /// The value of the account, in cash; nil where the market does not tell.
  public let equity: Double?

  /// The wanted weights; nil where none were asked for.
  public let target: Weights?

  /// The trades of assets, in the order to execute.
  public let trades: [Trade]

  /// The orders in contracts, after the trades.
  public let orders: [ContractOrder]

  /// The expected cost of trades and orders, in cash.
  public let expectedCost: Double

  /// When to trade how much of it; nil for all at once.
  public let schedule: ExecutionSchedule?

  /// The record for the audit log: hashes of inputs and parameters and all of the above, chained to the one before.
  public let record: AuditLog.Record

  /// Whether there is nothing to execute.
  public var isEmpty: Bool { trades.isEmpty && orders.isEmpty }
}

extension Decision {
  /// One reason of a decision.
  @nonexhaustive
  public enum Reason: Hashable, Sendable, Codable {
    /// The rule's time has passed.
    case periodPassed
    /// No rule asks for a trade.
    case notDue
    /// An asset is beyond its threshold.
    case drifted(AssetID)
    /// An asset is within rounding of its threshold.
    case nearTie(AssetID)
    /// A limit is broken by what is held, or by what was planned.
    case limit(String, got: Double, allowed: Double)
    /// Too little is known yet of something.
    case waiting(String)
    /// A signal spoke, with an opinion on so many assets.
    case signal(String, opinions: Int)
    /// Tilts were made, scaled by a factor to fit their bounds.
    case tilt(scale: Double, activeRisk: Double)
    /// The invested share was reduced to keep volatility down.
    case volatilityScaled(volatility: Double, invested: Double)
    /// The target is proved optimal with these residuals.
    case proven(primalResidual: Double, dualResidual: Double, relativeGap: Double)
    /// A leg is left out, with the plan's reason.
    case dropped(AssetID, String)
    /// An asset that is wanted has no price.
    case untradable(AssetID)
    /// A breaker forbids it.
    case breaker(String)
    /// An input cannot be used: which, and what is wrong.
    case badInput(String)
    /// A stage failed: which, and its error. Nothing is traded.
    case fault(stage: String, String)

    /// The residuals of a certificate.
    static func proof(_ certificate: Certificate) -> Reason {
      .proven(
        primalResidual: certificate.primalResidual, dualResidual: certificate.dualResidual,
        relativeGap: certificate.relativeGap)
    }
  }
}

extension Decision {
  /// What the record of a decision holds, in canonical bytes.
  struct Payload: Encodable {
    let parameters: [UInt8]
    let inputs: [UInt8]
    let index: Int
    let time: Timestamp
    let kind: Kind
    let verdict: BreakerPanel.Verdict
    let reasons: [Reason]
    let equity: Double?
    let target: Weights?
    let trades: [Trade]
    let orders: [ContractOrder]
    let expectedCost: Double
    let schedule: ExecutionSchedule?
  }
}
