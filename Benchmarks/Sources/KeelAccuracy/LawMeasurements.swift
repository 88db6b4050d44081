import Keel

/// Batch functions of the normal law against the scalar ones.
func normalLaw(_ count: Int) -> [Measurement] {
  let stream = RandomStream(seed: 5)
  var (cdf, round) = (0.0, 0.0)
  var start = 0
  while start < count {
    let length = min(100_000, count - start)
    let x = (0..<length).map { -37 + 45 * stream.uniform(at: UInt64(start + $0)) }
    let batch = StandardNormal.cdf(x)
    for i in x.indices {
      let scalar = StandardNormal.cdf(x[i])
      cdf = max(cdf, abs(batch[i] - scalar) / scalar.ulp)
    }
    // The quantile of a lower tail comes back within its condition.
    let tails = batch.filter { $0 > 1e-300 && $0 < 0.5 }
    let quantiles = tails.map { StandardNormal.quantile($0) }
    for (p, z) in zip(tails, quantiles) {
      let again = StandardNormal.cdf(z)
      let condition = abs(z) * StandardNormal.pdf(z) / p
      round = max(round, abs(again - p) / (p * Double.ulpOfOne * (1 + condition)))
    }
    start += length
  }
  return [
    Measurement(
      quantity: "normal distribution function, batch", secondMethod: "scalar form",
      unit: "ulp", points: count, worst: cdf, allowed: 4, failures: cdf <= 4 ? 0 : 1),
    Measurement(
      quantity: "normal quantile, round trip", secondMethod: "distribution function",
      unit: "ε (1 + |z φ/Φ|)", points: count, worst: round, allowed: 4,
      failures: round <= 4 ? 0 : 1),
  ]
}
