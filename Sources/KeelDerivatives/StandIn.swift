import Glibc
enum StandardNormal {
  static func cdf(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }
}
enum SpecialFunctions {
  static func scaledErfc(_ x: Double) -> Double {
    if x > 4 {
      var f = 0.0
      for k in stride(from: 60, to: 0, by: -1) { f = Double(k) / 2 / (x + f) }
      return 0.564189583547756286948 / (x + f)
    }
    let p = x * x
    let e = (-p).addingProduct(x, x)
    return erfc(x) * exp(p) * (1 + e)
  }
}
