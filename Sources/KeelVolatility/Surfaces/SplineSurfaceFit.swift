import KeelDerivatives

// Goals in order: no arbitrage, quotes inside their spreads, one expiry after the other.

/// Splines fitted to the quotes of all expiries, each with prices above those of the one before.
///
/// As many numbers as quotes follow chains that the five of ``SVISurfaceFit`` cannot. Expiries are fitted in the order of
/// time, so that a wrong quote of an early one can push those after it up. See <doc:Surfaces>.
public struct SplineSurfaceFit: Hashable, Sendable {
  /// The smiles, by ascending time, with the total variance between them linear in time.
  public let surface: SmileSurface<SplineSmile>

  /// The fit of each expiry, with its certificates, in the order of the smiles.
  public let fits: [SplineFit]

  /// How well each expiry is met, in the order of the smiles.
  public var quality: [FitQuality] { fits.map(\.quality) }

  /// Fits a surface.
  ///
  /// - Parameters:
  ///   - quotes: The quotes of each expiry in any order; those without any are left out.
  ///   - settings: The limits for each expiry.
  /// - Throws: ``VolatilityError/tooFewQuotes(got:required:)`` without a quote;
  ///   ``VolatilityError/duplicateExpiry(timeToExpiry:)``; and the errors of ``SplineFit``.
  public init(
    _ quotes: [SmileQuotes],
    settings: SplineFit.Settings = SplineFit.Settings()
  ) throws(VolatilityError) {
    let sorted = try SmileOrder.sorted(quotes.filter { !$0.quotes.isEmpty })
    guard !sorted.isEmpty else { throw .tooFewQuotes(got: 0, required: 1) }
    var fits: [SplineFit] = []
    for expiry in sorted {
      fits.append(try SplineFit(to: expiry, after: fits.last?.smile, settings: settings))
    }
    self.fits = fits
    surface = try SmileSurface(smiles: fits.map(\.smile))
  }
}
