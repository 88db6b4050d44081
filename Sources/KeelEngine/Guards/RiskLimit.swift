public import KeelData
public import KeelMarkets
import KeelNumerics

/// A limit that an account must keep after the planned trades.
public protocol RiskLimit: SurfaceReader, Sendable, Encodable {
  /// Measures the account after the trades.
  ///
  /// - Parameters:
  ///   - after: The account as the trades would leave it.
  ///   - view: What is known now.
  /// - Returns: What is broken; empty when nothing is.
  /// - Throws: `EngineError`: nothing is traded then.
  func violations(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [LimitViolation]
}

/// An account as planned trades would leave it.
public struct PlannedAccount: Sendable {
  /// What would be held and owed.
  public let account: Account

  /// Its value in the present market.
  public let valuation: AccountValuation

  /// The weights of the assets in what would be held of them.
  public let weights: Weights
}

/// A limit that planned trades would break.
public struct LimitViolation: Hashable, Sendable, Codable {
  /// The limit.
  public let name: String

  /// What the account would have.
  public let got: Double

  /// What it may have.
  public let allowed: Double

  /// What it has now: trades that do not make it worse may pass.
  public let before: Double

  /// Creates a violation.
  ///
  /// - Parameters:
  ///   - name: The limit.
  ///   - got: What the account would have.
  ///   - allowed: What it may have.
  ///   - before: What it has now.
  public init(_ name: String, got: Double, allowed: Double, before: Double) {
    self.name = name
    self.got = got
    self.allowed = allowed
    self.before = before
  }
}

/// No asset other than cash above a share of the portfolio.
public struct LargestWeight: RiskLimit, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The share.
  public let limit: Double

  /// Creates a limit.
  ///
  /// - Parameter limit: The share, 0 to 1.
  /// - Throws: `EngineError.invalidValue`.
  public init(_ limit: Double) throws(EngineError) {
    try requireNumber(limit, "limit", 0...1)
    self.limit = limit
  }

  /// The assets above the share.
  public func violations(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [LimitViolation] {
    view.riskyAssets.sorted().compactMap { asset in
      guard let weight = after.weights[asset], weight > limit else { return nil }
      return LimitViolation(
        "weight of \(asset)", got: weight, allowed: limit, before: view.weights[asset] ?? 0)
    }
  }
}

/// No more notional than a multiple of equity.
public struct LargestLeverage: RiskLimit, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The multiple.
  public let limit: Double

  /// Creates a limit.
  ///
  /// - Parameter limit: The multiple: not negative, finite.
  /// - Throws: `EngineError.invalidValue`.
  public init(_ limit: Double) throws(EngineError) {
    try requireNumber(limit, "limit", .nonnegative)
    self.limit = limit
  }

  /// The leverage, when it is above the multiple.
  public func violations(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [LimitViolation] {
    let leverage = after.valuation.leverage
    guard !(leverage <= limit) else { return [] }
    return [
      LimitViolation(
        "leverage", got: leverage, allowed: limit, before: view.valuation.leverage)
    ]
  }
}

/// No more annualized volatility of the account, by the delta of everything in it, than a limit.
public struct LargestVolatility: RiskLimit, Hashable, Codable {
  /// It reads none.
  public var readsSurfaces: Bool { false }

  /// The volatility.
  public let limit: Double

  /// Creates a limit.
  ///
  /// - Parameter limit: The annualized volatility: positive, finite.
  /// - Throws: `EngineError.invalidValue`.
  public init(_ limit: Double) throws(EngineError) {
    try requireNumber(limit, "limit", .positive)
    self.limit = limit
  }

  /// The volatility, when it is above the limit; nothing before the first return.
  public func violations(
    after: PlannedAccount,
    _ view: DecisionView
  ) throws(EngineError) -> [LimitViolation] {
    func volatility(_ valuation: AccountValuation) -> Double? {
      view.memory.volatility(of: valuation.exposureShares(in: view.market))
    }
    guard let planned = volatility(after.valuation), !(planned <= limit) else { return [] }
    return [
      LimitViolation(
        "volatility", got: planned, allowed: limit, before: volatility(view.valuation) ?? 0)
    ]
  }
}

extension AccountValuation {
  /// What the account gains per unit return of each asset of the market, as a share of its equity.
  ///
  /// For an account of assets alone these are the weights.
  func exposureShares(in market: MarketSnapshot) -> [Double] {
    var shares = [Double](repeating: 0, count: market.universe.count)
    for underlying in underlyings {
      guard let place = market.universe.position(of: underlying.asset) else { continue }
      shares[place] = underlying.exposure.delta * market.prices[place] / equity
    }
    return shares
  }
}
