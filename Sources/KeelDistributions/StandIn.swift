import Glibc
enum StandardNormal {
  static func pdf(_ x: Double) -> Double { exp(-0.5*x*x - halfLogTwoPi) }
  static func cdf(_ x: Double) -> Double { 0.5*erfc(-x/2.0.squareRoot()) }
  static func logCDF(_ x: Double) -> Double { log(cdf(x)) }
  static func quantile(_ p: Double) -> Double {
    if p.isNaN || p < 0 || p > 1 { return .nan }
    if p == 0 { return -.infinity }; if p == 1 { return .infinity }
    var lo = -40.0, hi = 40.0
    for _ in 0..<200 { let m = (lo+hi)/2; if cdf(m) < p { lo = m } else { hi = m } }
    return (lo+hi)/2
  }
}
