public import KeelData
public import KeelDerivatives
public import KeelMarkets
public import KeelVolatility

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The surface of implied volatility at which the options listed on an asset are quoted.
///
/// An `SSVIFit` of the volatilities of a snapshot, which has no arbitrage and exists for any quotes. Of a call and a put
/// with one strike the one out of the money counts. A snapshot has no spreads: each quote counts alike, a hundredth of its
/// volatility being its half spread.
public struct QuotedSurface: VolatilitySurface, Hashable, Codable {
  /// The asset that the options are written on.
  public let underlying: AssetID

  /// The surface, how it meets the quotes, and what they determine of it.
  public let fit: SSVIFit

  /// Fits the surface of an asset.
  ///
  /// - Parameters:
  ///   - underlying: The asset.
  ///   - market: The market; quotes that are not positive and finite, and expired options, are passed over.
  ///   - catalog: The listed options.
  /// - Throws: `EngineError.unknownAsset` for an asset without a price or a usable quote.
  /// - Complexity: O(n log n) for n quotes, and some 60 steps of O(n).
  public init(
    of underlying: AssetID,
    in market: MarketSnapshot,
    listed catalog: Catalog
  ) throws(EngineError) {
    guard let quotes = Self.quotes(in: market, catalog)[underlying],
      let surface = QuotedSurface(underlying, quotes)
    else { throw .unknownAsset(underlying) }
    self = surface
  }

  private init?(_ underlying: AssetID, _ quotes: [Quote]) {
    var expiries: [SmileQuotes] = []
    for (time, quotes) in Dictionary(grouping: quotes, by: \.time).sorted(by: { $0.key < $1.key }) {
      guard let expiry = Self.expiry(time, quotes) else { continue }
      expiries.append(expiry)
    }
    guard let fit = try? SSVIFit(expiries) else { return nil }
    self.underlying = underlying
    self.fit = fit
  }

  /// The surfaces of all assets with usable quotes.
  static func all(in market: MarketSnapshot, _ catalog: Catalog) -> [AssetID: QuotedSurface] {
    var surfaces: [AssetID: QuotedSurface] = [:]
    for (asset, quotes) in quotes(in: market, catalog) {
      surfaces[asset] = QuotedSurface(asset, quotes)
    }
    return surfaces
  }

  /// The total variance at a log-moneyness and time, with its derivatives by both.
  ///
  /// - Parameters:
  ///   - logMoneyness: ln(K/F): any finite number.
  ///   - timeToExpiry: The time to expiry in years (ACT/365 fixed): positive.
  /// - Returns: The total variance and its derivative by time; NaN where the surface is not defined.
  public func totalVariance(
    at logMoneyness: Double,
    timeToExpiry: Double
  ) -> (variance: TotalVariance, timeSlope: Double) {
    fit.surface.totalVariance(at: logMoneyness, timeToExpiry: timeToExpiry)
  }

  /// What the surface says of an option; nil where the quotes do not determine its smile.
  func reading(
    of option: ListedOption,
    carryYield: Double,
    in market: MarketSnapshot
  ) -> SurfaceReading? {
    let place = SurfacePlace(option, carryYield: carryYield, in: market)
    guard option.underlying == underlying, let place, isIdentified(near: place.time) else {
      return nil
    }
    let variance = totalVariance(at: place.logMoneyness, timeToExpiry: place.time).variance
    return SurfaceReading(
      volatility: (variance.value / place.time).squareRoot(),
      exerciseProbability: option.kind == .call
        ? variance.probabilityAbove(place.logMoneyness)
        : variance.probabilityBelow(place.logMoneyness))
  }

  /// Whether the quotes of the expiry nearest to a time determine its smile.
  func isIdentified(near time: Double) -> Bool {
    let times = fit.surface.smiles.map(\.timeToExpiry)
    let nearest = times.indices.min {
      (times[$0] - time).magnitude < (times[$1] - time).magnitude
    }
    guard let nearest, fit.identification.indices.contains(nearest) else { return false }
    return fit.identification[nearest].isIdentified
  }
}

/// What a surface says of one option.
struct SurfaceReading {
  let volatility: Double
  let exerciseProbability: Double
}

/// Where an option lies on a surface.
private struct SurfacePlace {
  let time: Double
  let logMoneyness: Double

  /// Nil for what is expired or has no place.
  init?(_ option: ListedOption, carryYield: Double, in market: MarketSnapshot) {
    time = option.expiry.years(since: market.time)
    let growth = (market.rate - carryYield) * time
    logMoneyness = log(option.strike / market.price(of: option.underlying)) - growth
    guard time > 0, logMoneyness.isFinite else { return nil }
  }
}

// MARK: - From quotes of a snapshot to quotes of expiries

extension QuotedSurface {
  /// The half spread that stands for the missing one, over the volatility.
  private static let halfSpread = 0.01

  private struct Quote {
    let time: Double
    let logMoneyness: Double
    let volatility: Double
    let isOut: Bool
  }

  private static func quotes(
    in market: MarketSnapshot,
    _ catalog: Catalog
  ) -> [AssetID: [Quote]] {
    var quotes: [AssetID: [Quote]] = [:]
    for listing in catalog.listings {
      guard case .option(let option) = listing.instrument,
        case .option(let volatility, let carryYield)? = market.quotes[listing.id],
        volatility > 0, volatility.isFinite,
        let place = SurfacePlace(option, carryYield: carryYield, in: market)
      else { continue }
      quotes[option.underlying, default: []].append(
        Quote(
          time: place.time, logMoneyness: place.logMoneyness, volatility: volatility,
          isOut: (option.kind == .call) == (place.logMoneyness >= 0)))
    }
    return quotes
  }

  /// The quotes of one expiry, each strike once; nil without any.
  private static func expiry(_ time: Double, _ quotes: [Quote]) -> SmileQuotes? {
    var places: [Double: Quote] = [:]
    for quote in quotes where quote.isOut || places[quote.logMoneyness] == nil {
      places[quote.logMoneyness] = quote
    }
    let spread = 1 + Self.halfSpread
    let usable = places.values.compactMap { quote in
      try? SmileQuotes.Quote(
        logMoneyness: quote.logMoneyness, bid: quote.volatility * (2 - spread),
        ask: quote.volatility * spread, middle: quote.volatility)
    }
    guard !usable.isEmpty else { return nil }
    // Strikes in units of the forward, so that options with other yields lie on one smile.
    return try? SmileQuotes(timeToExpiry: time, forward: 1, quotes: usable)
  }
}
