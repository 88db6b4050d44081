public import KeelDerivatives

/// A model that can be calibrated: where its parameters may lie, how large they are, and where to start.
public protocol CalibratableModel: ParametricModel {
  /// Where calibration looks for each parameter, in the order of the names; outside markets at both ends.
  static var calibrationBounds: [ClosedRange<Double>] { get }

  /// What counts as a large change of each parameter, positive: its own size, or one for a correlation.
  var parameterScales: [Double] { get }

  /// Parameters to start from, in any number; the best of them are used.
  ///
  /// - Parameter quotes: The expiries, by ascending time, each with a quote.
  /// - Returns: Parameters, moved into the bounds by the caller.
  static func calibrationStarts(for quotes: [SmileQuotes]) -> [[Double]]
}
