import KeelData
import KeelDerivatives
import KeelMarkets
import KeelVolatility

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Series by underlying that an engine reads off the quotes of its instruments, for ``SeriesSignal``.
public enum QuotedSeries: String, Hashable, Sendable, Codable, CaseIterable {
  /// What longs of perpetuals pay, as a simple rate per year: the mean over the perpetuals of an asset.
  case funding

  /// The carry of dated futures, `ln(F/S)/T` per year: the mean over the futures of an asset.
  case basis

  /// The rate of deposits per year: the highest one of an asset.
  case lending

  /// The implied volatility at the forward of the asset's ``QuotedSurface``, at 30 days.
  case volatility

  /// The implied volatility of the put with a forward delta of 25 % less that of the call, at 30 days; only where
  /// the quotes determine the smile there.
  case skew

  /// The implied volatility at the forward at 90 days less that at 30 days; only with two expiries or more.
  case termStructure

  /// Those that are read off fitted surfaces.
  static let ofSurfaces: Set<QuotedSeries> = [.volatility, .skew, .termStructure]

  /// Reads all series off a market.
  static func read(
    _ market: MarketSnapshot,
    _ catalog: Catalog,
    withSurfaces: Bool
  ) -> [String: [AssetID: Double]] {
    if market.quotes.isEmpty || catalog.listings.isEmpty { return [:] }
    var means: [QuotedSeries: [AssetID: (sum: Double, count: Double)]] = [:]
    var rates: [AssetID: Double] = [:]
    for listing in catalog.listings {
      guard let quote = market.quotes[listing.id] else { continue }
      let asset = listing.instrument.underlying
      let spot = market.price(of: asset)
      switch (listing.instrument, quote) {
      case (.perpetual, .contract(_, let rate?)):
        let paid = rate.paidByLong * rate.interval.intervalsPerYear
        guard paid.isFinite else { continue }
        means[.funding, default: [:]][asset, default: (0, 0)].sum += paid
        means[.funding, default: [:]][asset, default: (0, 0)].count += 1
      case (.future(_, _, let expiry, _), .contract(let price, _)):
        let years = expiry.years(since: market.time)
        let carry = log(price / spot) / years
        guard years > 0, carry.isFinite else { continue }
        means[.basis, default: [:]][asset, default: (0, 0)].sum += carry
        means[.basis, default: [:]][asset, default: (0, 0)].count += 1
      case (.deposit, .lending(_, let rate)) where rate.isFinite:
        rates[asset] = max(rates[asset] ?? -.infinity, rate)
      default: continue
      }
    }
    var series: [String: [AssetID: Double]] = [:]
    for (kind, sums) in means {
      series[kind.rawValue] = sums.mapValues { $0.sum / $0.count }
    }
    if !rates.isEmpty { series[lending.rawValue] = rates }
    guard withSurfaces else { return series }
    for (asset, surface) in QuotedSurface.all(in: market, catalog) {
      for (kind, value) in surface.measures {
        series[kind.rawValue, default: [:]][asset] = value
      }
    }
    return series
  }
}

extension QuotedSurface {
  private static let days30 = 30.0 / 365
  private static let days90 = 90.0 / 365

  /// What signals read.
  fileprivate var measures: [QuotedSeries: Double] {
    var measures: [QuotedSeries: Double] = [:]
    let level = impliedVolatility(at: 0, timeToExpiry: Self.days30)
    measures[.volatility] = level
    if fit.surface.smiles.count > 1 {
      measures[.termStructure] = impliedVolatility(at: 0, timeToExpiry: Self.days90) - level
    }
    if isIdentified(near: Self.days30),
      let smile = try? smile(timeToExpiry: Self.days30),
      let quotes = try? smile.deltaQuotes(0.25, convention: .forward)
    {
      measures[.skew] = -quotes.riskReversal
    }
    return measures
  }
}
