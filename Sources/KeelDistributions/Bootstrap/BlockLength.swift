// D. Politis and H. White, "Automatic block-length selection for the dependent bootstrap", Econometric Reviews 23 (2004),
// with the correction of A. Patton, D. Politis and H. White, Econometric Reviews 28 (2009).

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Bootstrap {
  /// The lengths of blocks that estimate the variance of a mean best.
  ///
  /// - Parameter series: At least 10 finite numbers that vary. Of squared returns the length is longer than of returns: take
  ///   the series that the statistic is about.
  /// - Returns: The mean length for stationary blocks and the length for circular ones, at least 1 and at most a third of the
  ///   series or 3 √T, whichever is less.
  /// - Throws: `DistributionsError.tooFewObservations`, `DistributionsError.invalidObservation`,
  ///   `DistributionsError.repeatedValue` for a constant series.
  public static func optimalLength(
    _ series: [Double]
  ) throws(DistributionsError) -> (stationary: Double, circular: Double) {
    let count = series.count
    let least = 10
    guard count >= least else { throw .tooFewObservations(got: count, required: least) }
    if let bad = series.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "series", index: bad, got: series[bad])
    }
    let largest = series.reduce(0) { max($0, $1.magnitude) }
    let scaled = series.map { largest > 0 ? $0 / largest : 0 }
    let mean = scaled.reduce(0, +) / Double(count)
    let centered = scaled.map { $0 - mean }
    let variance = centered.reduce(0) { $0 + $1 * $1 } / Double(count)
    guard variance > 1e-30 else {
      throw .repeatedValue(value: series[0], count: count, observationCount: count)
    }
    let size = Double(count)
    let band = max(5, Int(log10(size).squareRoot().rounded(.up)))
    let mostLag = min(Int(size.squareRoot().rounded(.up)) + band, count - 1)
    let highest = min(3 * size.squareRoot(), size / 3).rounded(.up)
    func covariance(_ lag: Int) -> Double {
      (lag..<count).reduce(0) { $0 + centered[$1] * centered[$1 - lag] } / size
    }
    let threshold = 2 * (log10(size) / size).squareRoot()
    let isLarge = (1...mostLag).map { abs(covariance($0)) > threshold * variance }
    // The first lag after which a whole band of correlations is small; where there is none, the last large one.
    let quiet = (0...max(mostLag - band, 0)).first { first in
      !isLarge[first..<min(first + band, mostLag)].contains(true)
    }
    let lag = quiet ?? (isLarge.lastIndex(of: true) ?? 0) + 1
    let reach = min(2 * max(lag, 1), mostLag)
    var slope = 0.0
    var longRun = covariance(0)
    for k in 1...reach {
      let share = Double(k) / Double(reach)
      let weight = share <= 0.5 ? 1 : 2 * (1 - share)
      let value = covariance(k)
      slope += 2 * weight * Double(k) * value
      longRun += 2 * weight * value
    }
    let square = longRun * longRun
    func length(_ divisor: Double) -> Double {
      let value = cbrt(2 * slope * slope / divisor) * cbrt(size)
      return value.isFinite ? min(max(value, 1), highest) : highest
    }
    return (length(2 * square), length(4 / 3 * square))
  }
}
