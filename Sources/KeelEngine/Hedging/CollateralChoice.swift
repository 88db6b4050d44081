public import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Which assets to pledge for one debt.
//
// The counted collateral Σ θ_i v_i is taken to move lognormally with the volatility of its weights today, which is exact
// for one asset and the usual approximation for several; its probability of touching the debt follows in closed form.
// More collateral lifts the sum but can lift its volatility too. Every set of whole assets is tried.

/// The assets to pledge for a debt: those with the least probability of liquidation, and the fewest that are safe enough.
public struct CollateralChoice: Hashable, Sendable, Codable {
  /// An asset that can be pledged.
  public struct Asset: Hashable, Sendable, Codable {
    /// What of it can be pledged, in cash.
    public var value: Double

    /// The share of its value that counts against the debt.
    public var liquidationThreshold: Double

    /// The annualized volatility as a fraction, against the asset that is owed.
    public var volatility: Double

    /// Creates an asset.
    ///
    /// - Parameters:
    ///   - value: What of it can be pledged, in cash: finite, not negative.
    ///   - liquidationThreshold: The share of its value that counts against the debt, 0 to 1.
    ///   - volatility: The annualized volatility as a fraction, against the asset that is owed: 0 to 100.
    public init(value: Double, liquidationThreshold: Double, volatility: Double) {
      self.value = value
      self.liquidationThreshold = liquidationThreshold
      self.volatility = volatility
    }
  }

  /// A set of assets that is pledged.
  public struct Pledge: Hashable, Sendable, Codable {
    /// The places of the assets.
    public let places: [Int]

    /// What is pledged, in cash.
    public let value: Double

    /// Counted collateral over debt.
    public let healthFactor: Double

    /// The annualized volatility of the counted collateral.
    public let volatility: Double

    /// The probability of liquidation within the horizon.
    public let liquidationProbability: Double

    /// Debt over what is pledged: how much a unit of collateral carries.
    public let capitalEfficiency: Double
  }

  /// The pledge that is least likely to be liquidated; of equal ones the smaller value.
  public let safest: Pledge

  /// The pledge of least value whose probability is within the limit; nil when there is none.
  public let leanest: Pledge?

  /// The most assets: sets of them are enumerated.
  public static let assetLimit = 14

  /// What the choice assumes.
  public struct Settings: Hashable, Sendable, Codable {
    /// The time until the debt is paid, in years.
    public var horizonYears = 1.0

    /// The borrowing rate per year, continuously compounded.
    public var borrowingRate = 0.0

    /// The probability of liquidation that is accepted.
    public var acceptedProbability = 0.01

    /// Creates the usual settings.
    public init() {}
  }

  /// Chooses.
  ///
  /// - Parameters:
  ///   - debt: What is owed, in cash: positive.
  ///   - assets: The assets, 1 to ``assetLimit``.
  ///   - correlations: Their correlations, in the order of the assets.
  ///   - settings: Horizon, rate and the probability accepted.
  /// - Throws: `EngineError.invalidValue`, also for correlations of another order.
  /// - Complexity: O(2ⁿ n²).
  public init(
    debt: Double,
    assets: [Asset],
    correlations: SymmetricMatrix,
    settings: Settings = Settings()
  ) throws(EngineError) {
    try requireNumber(debt, "debt", .positive)
    try requireNumber(Double(assets.count), "number of assets", 1...Double(Self.assetLimit))
    let count = Double(assets.count)
    try requireNumber(Double(correlations.order), "order of correlations", count...count)
    try settings.check()
    for (i, asset) in assets.enumerated() {
      try requireNumber(asset.value, "value", .nonnegative)
      try requireNumber(asset.liquidationThreshold, "liquidationThreshold", 0...1)
      try requireNumber(asset.volatility, "volatility", 0...100)
      for j in 0..<i { try requireNumber(correlations[i, j], "correlation", -1...1) }
    }
    var safest: Pledge?
    var leanest: Pledge?
    for set in 1..<(1 << assets.count) {
      let places = assets.indices.filter { set >> $0 & 1 == 1 }
      let pledge = Pledge(places, assets, correlations, debt: debt, settings)
      try requireNumber(pledge.liquidationProbability, "liquidation probability", 0...1)
      if pledge.rank < safest?.rank ?? (.infinity, .infinity) { safest = pledge }
      if pledge.liquidationProbability <= settings.acceptedProbability,
        pledge.value < leanest?.value ?? .infinity
      {
        leanest = pledge
      }
    }
    guard let safest else {
      throw .invalidValue(
        argument: "number of assets", asset: nil, got: 0, lowest: 1,
        highest: Double(Self.assetLimit))
    }
    self.safest = safest
    self.leanest = leanest
  }
}

extension CollateralChoice.Pledge {
  fileprivate init(
    _ places: [Int],
    _ assets: [CollateralChoice.Asset],
    _ correlations: SymmetricMatrix,
    debt: Double,
    _ settings: CollateralChoice.Settings
  ) {
    let counted = places.map { assets[$0].value * assets[$0].liquidationThreshold }
    let total = counted.reduce(0, +)
    var variance = 0.0
    for (i, left) in places.enumerated() {
      for (j, right) in places.enumerated() where total > 0 {
        let correlation = left == right ? 1 : correlations[left, right]
        variance +=
          counted[i] / total * (counted[j] / total) * correlation * assets[left].volatility
          * assets[right].volatility
      }
    }
    let factor = total / debt
    let deviation = max(variance, 0).squareRoot()
    let pledged = places.reduce(0) { $0 + assets[$1].value }
    self.places = places
    value = pledged
    healthFactor = factor
    volatility = deviation
    liquidationProbability = KeelEngine.liquidationProbability(
      ratio: factor, volatility: deviation, drift: -settings.borrowingRate,
      years: settings.horizonYears)
    capitalEfficiency = debt / pledged
  }

  fileprivate var rank: (Double, Double) { (liquidationProbability, value) }
}

extension CollateralChoice.Settings {
  fileprivate func check() throws(EngineError) {
    try requireNumber(horizonYears, "horizonYears", 0...100)
    try requireNumber(borrowingRate, "borrowingRate", 0...100)
    try requireNumber(acceptedProbability, "acceptedProbability", 0...1)
  }
}
