/// Fits of one law to the windows of a series, each started from the one before.
///
/// ```swift
/// let rolling = try RollingFit(of: StudentT.self, to: returns, window: 500, step: 20)
/// for window in rolling.windows {
///   guard case .success(let fit) = window.outcome, fit.status == .converged else { continue }
///   report(window.range, fit.law.degreesOfFreedom)
/// }
/// ```
///
/// The start changes the number of steps, not the law: each fit is the one of its window alone within the
/// accuracy of the family's fit, unless the likelihood has several maxima in a large sample.
public struct RollingFit<Law: ContinuousDistribution>: Hashable, Sendable {
  /// One window of the series with its fit.
  public struct Window: Hashable, Sendable {
    /// The places of the observations in the series.
    public let range: Range<Int>

    /// The fit with its status, or why there is none.
    public let outcome: Result<DistributionFit<Law>, DistributionsError>
  }

  /// The windows, oldest first.
  public let windows: [Window]

  /// The number of windows without a fit.
  public var failureCount: Int {
    windows.count { window in
      if case .failure = window.outcome { return true }
      return false
    }
  }

  /// Fits a law by a function, as one with settings of its own.
  ///
  /// - Parameters:
  ///   - series: The observations, oldest first.
  ///   - window: The number of observations of a window, at least 1.
  ///   - step: How many observations later the next window begins, at least 1.
  ///   - fit: The fit of the observations of a window, with the law of the last window whose fit
  ///     converged.
  /// - Throws: `DistributionsError.invalidValue` for a window or step below 1,
  ///   `DistributionsError.tooFewObservations` for a series shorter than the window. What a fit throws is the
  ///   outcome of its window.
  /// - Complexity: That of the fits, one after the other.
  public init(
    _ series: [Double],
    window: Int,
    step: Int = 1,
    fit: ([Double], Law?) throws(DistributionsError) -> DistributionFit<Law>
  ) throws(DistributionsError) {
    for (count, name) in [(window, "window"), (step, "step")] where count < 1 {
      throw .invalidValue(
        argument: name, got: Double(count), lowest: 1, highest: Double(Int.max))
    }
    guard series.count >= window else {
      throw .tooFewObservations(got: series.count, required: window)
    }
    var windows: [Window] = []
    var last: Law?
    for start in stride(from: 0, through: series.count - window, by: step) {
      let range = start..<(start + window)
      do throws(DistributionsError) {
        let result = try fit(Array(series[range]), last)
        if result.status == .converged { last = result.law }
        windows.append(Window(range: range, outcome: .success(result)))
      } catch {
        windows.append(Window(range: range, outcome: .failure(error)))
      }
    }
    self.windows = windows
  }
}

extension RollingFit where Law: LikelihoodFitted {
  /// Fits a law with its default settings.
  ///
  /// - Parameters:
  ///   - law: The law.
  ///   - series: The observations, oldest first.
  ///   - window: The number of observations of a window, at least 1.
  ///   - step: How many observations later the next window begins, at least 1.
  ///   - weights: The weights of the observations of each window, oldest first, as λ^(window−1), …, λ, 1 for
  ///     exponential forgetting; all one where nil.
  /// - Throws: `DistributionsError.invalidValue` for a window or step below 1,
  ///   `DistributionsError.tooFewObservations` for a series shorter than the window,
  ///   `DistributionsError.shapeMismatch` for weights of another number.
  /// - Complexity: That of the fits, one after the other.
  public init(
    of law: Law.Type,
    to series: [Double],
    window: Int,
    step: Int = 1,
    weights: [Double]? = nil
  ) throws(DistributionsError) {
    if let weights, weights.count != window {
      throw .shapeMismatch(argument: "weights", got: weights.count, required: window)
    }
    try self.init(series, window: window, step: step) {
      (sample: [Double], start: Law?) throws(DistributionsError) -> DistributionFit<Law> in
      try Law.fit(sample, weights: weights, start: start)
    }
  }
}
