import KeelDerivatives

// Goals in order: no arbitrage, quotes inside their spreads, one expiry after the other.

/// Hyperbolas fitted to the quotes of all expiries, each above the one before.
///
/// Five parameters an expiry follow quotes that three of ``SSVIFit`` cannot; the conditions that exclude arbitrage hold on
/// the whole line at each expiry, and calendar spreads between expiries cannot have a negative price. Expiries are fitted in
/// the order of time, so that a wrong quote of an early one can push those after it up. See <doc:Surfaces>.
public struct SVISurfaceFit: Hashable, Sendable {
  /// The smiles, by ascending time, with the total variance between them linear in time.
  public let surface: SmileSurface<SVISmile>

  /// The fit of each expiry, with its certificates, in the order of the smiles.
  public let fits: [SVIFit]

  /// How well each expiry is met, in the order of the smiles.
  public var quality: [FitQuality] { fits.map(\.quality) }

  /// The times of the expiries that have too few quotes to be fitted.
  public let unfittedTimes: [Double]

  /// Fits a surface.
  ///
  /// - Parameters:
  ///   - quotes: The quotes of each expiry in any order; those with fewer than ``SVIFit/leastQuoteCount`` are left out.
  ///   - settings: The limits for each expiry.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` where no expiry has enough quotes;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``; and the errors of ``SVIFit``.
  public init(
    _ quotes: [SmileQuotes],
    settings: SVIFit.Settings = .robust
  ) throws(VolatilityError) {
    let sorted = try SmileOrder.sorted(quotes)
    var fits: [SVIFit] = []
    for expiry in sorted where expiry.quotes.count >= SVIFit.leastQuoteCount {
      fits.append(try SVIFit(to: expiry, after: fits.last?.smile, settings: settings))
    }
    guard !fits.isEmpty else {
      let most = sorted.reduce(0) { max($0, $1.quotes.count) }
      throw .tooFewQuotes(got: most, required: SVIFit.leastQuoteCount)
    }
    surface = try SmileSurface(smiles: fits.map(\.smile))
    self.fits = fits
    unfittedTimes = sorted.filter { $0.quotes.count < SVIFit.leastQuoteCount }.map(\.timeToExpiry)
  }
}
