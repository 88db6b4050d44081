// Goals in order: drawdowns without cancellation, slopes in linear time.
//
// d(t) = max(d(t − 1) − x(t), 0): the sum of the losses since the last peak. Its slope in x(u) is −1
// for every u after the peak up to t, so that slopes g in the drawdowns become running sums:
// −Σ g(t) over the t ≥ u whose peak is before u.

import KeelNumerics

extension WeightedSample {
  /// A measure of the drawdowns.
  func ofDrawdowns(_ measure: (WeightedSample) -> SampleRisk) -> SampleRisk {
    var drawdowns: [Double] = []
    drawdowns.reserveCapacity(outcomes.count)
    var sum = CompensatedSum()
    for x in outcomes {
      sum.add(-x)
      if sum.value <= 0 { sum = CompensatedSum() }
      drawdowns.append(sum.value)
    }
    let risk = measure(WeightedSample(drawdowns, like: self))
    var slopes = risk.slopes
    var later = 0.0
    for t in slopes.indices.reversed() {
      // At a peak nothing before it counts.
      later = drawdowns[t] > 0 ? later + slopes[t] : 0
      slopes[t] = later == 0 ? 0 : -later
    }
    return SampleRisk(value: risk.value, slopes: slopes)
  }
}
