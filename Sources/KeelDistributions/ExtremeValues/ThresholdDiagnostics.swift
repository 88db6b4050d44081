// Goals in order: the choice of a threshold shown with its errors, a rule that says what it controls, one sort.
//
// Beyond a threshold from which on a generalized Pareto law holds, ξ and σ* = σ − ξ u are the same at every higher threshold and the
// mean excess is (σ* + ξ u)/(1 − ξ), a line: S. Coles, "An introduction to statistical modeling of extreme values"
// (2001), sections 4.3.1 and 4.3.4. The choice: B. Bader, J. Yan and X. Zhang, "Automated threshold selection for extreme value
// analysis via ordered goodness-of-fit tests with adjustment for false discovery rate", Annals of Applied Statistics 12 (2018), with
// the rule ForwardStop of M. G'Sell, S. Wager, A. Chouldechova and R. Tibshirani, Journal of the Royal Statistical Society B 78 (2016).

public import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The tails of losses above several thresholds, with what tells a threshold that is high enough.
///
/// ```swift
/// let diagnostics = try ThresholdDiagnostics(
///   losses, exceedanceShares: [0.2, 0.15, 0.1, 0.075, 0.05], replicateCount: 199, from: RandomStream(seed: 1))
/// for candidate in diagnostics.candidates {
///   plot(candidate.threshold, candidate.shape.value, candidate.modifiedScale.value)
/// }
/// let tail = try diagnostics.selected()?.peaks
/// ```
///
/// From a good threshold on shapes and modified scales stay within their errors, mean excesses lie on a line, Hill's
/// estimates are level, and the tests of fit do not refuse.
public struct ThresholdDiagnostics: Hashable, Sendable {
  /// The thresholds, ascending, with their tails.
  public let candidates: [ThresholdCandidate]

  /// Fits the tails beyond the largest losses.
  ///
  /// - Parameters:
  ///   - losses: T finite numbers, positive where something was lost, independent.
  ///   - exceedanceCounts: How many of the largest losses are a tail, for each threshold: falling, the first one below T, each at least
  ///     `GeneralizedPareto.minimumObservationCount`.
  ///   - settings: Bounds of the shape.
  ///   - replicateCount: The number of samples drawn for the p-values of a threshold, at least 1: a
  ///     p-value is at least `1/(1 + replicateCount)`.
  ///   - stream: The random numbers; each threshold draws from streams of its own, of the same seed.
  /// - Throws: `DistributionsError.invalidObservation`, `.invalidValue` for a count, `.tooFewObservations` without
  ///   a threshold, and as ``PeaksOverThreshold/init(_:exceedanceCount:settings:)`` and
  ///   ``BootstrapGoodnessOfFit/init(_:law:replicateCount:from:)``.
  /// - Complexity: O(T log T), and a fit for each threshold and replicate.
  public init(
    _ losses: [Double],
    exceedanceCounts: [Int],
    settings: GeneralizedPareto.FitSettings = GeneralizedPareto.FitSettings(),
    replicateCount: Int,
    from stream: RandomStream
  ) throws(DistributionsError) {
    if let bad = losses.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "losses", index: bad, got: losses[bad])
    }
    guard !exceedanceCounts.isEmpty else { throw .tooFewObservations(got: 0, required: 1) }
    let lowest = Double(GeneralizedPareto.minimumObservationCount)
    var before = losses.count
    for count in exceedanceCounts {
      guard Double(count) >= lowest, count < before else {
        throw .invalidValue(
          argument: "exceedanceCounts", got: Double(count), lowest: lowest,
          highest: Double(before - 1))
      }
      before = count
    }
    let sorted = losses.sorted(by: >)
    var candidates: [ThresholdCandidate] = []
    for (k, count) in exceedanceCounts.enumerated() {
      let peaks = try PeaksOverThreshold(sorted, exceedanceCount: count, settings: settings)
      let first = stream.stream &+ UInt64(k) &* UInt64(max(replicateCount, 0))
      candidates.append(
        try ThresholdCandidate(
          peaks, of: sorted, replicateCount: replicateCount,
          from: RandomStream(seed: stream.seed, stream: first)))
    }
    self.candidates = candidates
  }

  /// Fits the tails beyond thresholds that are exceeded by given shares of the losses.
  ///
  /// - Parameters:
  ///   - losses: T finite numbers, positive where something was lost, independent.
  ///   - exceedanceShares: The shares of the losses above each threshold, inside (0, 1), falling: the number of a tail is the nearest
  ///     to its share of T, and these must fall too.
  ///   - settings: Bounds of the shape.
  ///   - replicateCount: As in ``init(_:exceedanceCounts:settings:replicateCount:from:)``.
  ///   - stream: As there.
  /// - Throws: As there, `DistributionsError.invalidValue` for a share.
  /// - Complexity: As there.
  public init(
    _ losses: [Double],
    exceedanceShares: [Double],
    settings: GeneralizedPareto.FitSettings = GeneralizedPareto.FitSettings(),
    replicateCount: Int,
    from stream: RandomStream
  ) throws(DistributionsError) {
    for share in exceedanceShares {
      try requireInside(share, (0.0).nextUp...(1.0).nextDown, "exceedanceShares")
    }
    try self.init(
      losses, exceedanceCounts: exceedanceShares.map { Int((Double(losses.count) * $0).rounded()) },
      settings: settings, replicateCount: replicateCount, from: stream)
  }

  /// The lowest threshold that the tests of fit leave.
  ///
  /// The thresholds up to number k are refused, for the largest k with
  ///
  /// ```text
  /// −Σ ln(1 − p(i)) / k ≤ α,   i = 1 … k from the lowest threshold
  /// ```
  ///
  /// and the next one is taken: ForwardStop, with the p-values of Anderson and Darling. Of the thresholds refused a share of at
  /// most α is refused wrongly on average where p-values are independent; those of nested tails are not, so that the rate
  /// is a guide.
  ///
  /// - Parameter falseDiscoveryRate: α, inside (0, 1).
  /// - Returns: The candidate; nil where all are refused: higher thresholds are needed, or the tail is no Pareto tail
  ///   where the sample ends.
  /// - Throws: `DistributionsError.invalidValue`.
  public func selected(
    falseDiscoveryRate: Double = 0.1
  ) throws(DistributionsError) -> ThresholdCandidate? {
    try requireInside(falseDiscoveryRate, (0.0).nextUp...(1.0).nextDown, "falseDiscoveryRate")
    var (refused, sum) = (0, 0.0)
    for (k, candidate) in candidates.enumerated() {
      sum -= log1p(-candidate.goodnessOfFit.andersonDarling.pValue)
      if sum <= falseDiscoveryRate * Double(k + 1) { refused = k + 1 }
    }
    return refused < candidates.count ? candidates[refused] : nil
  }
}

/// The tail of losses above one of several thresholds.
public struct ThresholdCandidate: Hashable, Sendable {
  /// The tail: its law, its mean excess with its error, and its levels.
  public let peaks: PeaksOverThreshold

  /// ξ of the generalized Pareto law, with its standard error.
  public let shape: FittedParameter

  /// σ − ξ u, which does not change with a threshold u that is high enough, with its standard error by the delta method.
  ///
  /// The error is NaN where the shape is at its bound.
  public let modifiedScale: FittedParameter

  /// Hill's estimate from the same losses, with its standard error; nil for a threshold that is not positive.
  public let hill: TailIndex?

  /// How far the excesses are from their law, with p-values that know of the fit.
  public let goodnessOfFit: BootstrapGoodnessOfFit

  /// u.
  public var threshold: Double { peaks.threshold }

  init(
    _ peaks: PeaksOverThreshold,
    of sorted: [Double],
    replicateCount: Int,
    from stream: RandomStream
  ) throws(DistributionsError) {
    self.peaks = peaks
    let (law, settings, threshold) = (peaks.fit.law, peaks.settings, peaks.threshold)
    let sample = Array(sorted[..<peaks.excesses.count])
    let shape =
      peaks.fit["shape"] ?? FittedParameter(name: "shape", value: law.shape, standardError: .nan)
    let errors =
      shape.standardError.isNaN
      ? nil
      : ParameterErrors.standardErrors(
        peaks.fit, sample: sample,
        law: { p throws(DistributionsError) in
          try GeneralizedPareto(threshold: threshold, scale: p[0], shape: p[1])
        }, of: { [$0.scale - $0.shape * threshold] })
    self.shape = shape
    modifiedScale = FittedParameter(
      name: "modified scale", value: law.scale - law.shape * threshold,
      standardError: errors?[0] ?? .nan)
    hill = threshold > 0 ? try TailIndex.hill(sorted, count: sample.count) : nil
    goodnessOfFit = try BootstrapGoodnessOfFit(
      sample, law: law, replicateCount: replicateCount, from: stream
    ) { draws throws(DistributionsError) in
      try GeneralizedPareto.fit(draws, threshold: threshold, settings: settings, start: law).law
    }
  }
}
