/// A stage of a strategy that says whether it reads the series of fitted surfaces.
///
/// An engine fits the surfaces of a market only when a stage reads ``QuotedSeries/volatility``, ``QuotedSeries/skew`` or
/// ``QuotedSeries/termStructure``: a fit takes longer than the rest of a step.
public protocol SurfaceReader {
  /// Whether it reads one of these series; true by default, so that none is missing.
  var readsSurfaces: Bool { get }
}

extension SurfaceReader {
  /// True: a stage of the host's may read any series.
  public var readsSurfaces: Bool { true }
}
