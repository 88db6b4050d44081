#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The laws whose non-negative sums are the laws of ``SplineSmile`` at given knots: wings below, tents, wings above.
///
/// A wing is one at its knot and continues inside as half a tent, so that the density is continuous.
struct SplineBasis {
  let strikes: [Double]

  /// The mass and the mean less the mass of each element.
  private(set) var masses: [Double] = []
  private(set) var drifts: [Double] = []

  init(strikes: [Double]) {
    self.strikes = strikes
    let wings = SplineSmile.exponents
    let end = strikes.count - 1
    let (first, last) = (strikes[0], strikes[end])
    for p in wings {
      let mass = first / p
      let tent = Tent(first, strikes[1])
      masses.append(mass + tent.mass)
      drifts.append(mass * (first * p / (p + 1) - 1) + tent.mass * (tent.mean - 1))
    }
    for i in 1..<max(end, 1) {
      let (one, other) = (Tent(strikes[i], strikes[i - 1]), Tent(strikes[i], strikes[i + 1]))
      masses.append(one.mass + other.mass)
      drifts.append(one.mass * (one.mean - 1) + other.mass * (other.mean - 1))
    }
    for p in wings {
      let mass = last / (p + 1)
      let tent = Tent(last, strikes[end - 1])
      masses.append(mass + tent.mass)
      drifts.append(mass * (last * (p + 1) / p - 1) + tent.mass * (tent.mean - 1))
    }
  }

  var wingCount: Int { SplineSmile.exponents.count }

  /// The number of elements.
  var count: Int { strikes.count - 2 + 2 * wingCount }

  /// The elements that are not zero at a knot: all of a wing at an end.
  func elements(at knot: Int) -> Range<Int> {
    if knot == 0 { return 0..<wingCount }
    if knot == strikes.count - 1 { return count - wingCount..<count }
    return wingCount + knot - 1..<wingCount + knot
  }

  /// The price of the option out of the money, over the forward, of each element.
  func prices(at logMoneyness: Double) -> [Double] {
    let x = exp(logMoneyness)
    let isCall = logMoneyness >= 0
    let end = strikes.count - 1
    let (first, last) = (strikes[0], strikes[end])
    var prices: [Double] = []
    prices.reserveCapacity(count)
    func tent(_ peak: Double, _ foot: Double) -> Double {
      isCall ? Tent(peak, foot).price(of: x) : Tent(-peak, -foot).price(of: -x)
    }
    let inner = (tent(first, strikes[1]), tent(last, strikes[end - 1]))
    for p in SplineSmile.exponents {
      let put =
        x <= first
        ? first * first * pow(x / first, p + 1) / (p * (p + 1))
        : first / p * (x - first * p / (p + 1))
      let call = x >= first ? 0 : put + first / p * (first * p / (p + 1) - x)
      prices.append((isCall ? call : put) + inner.0)
    }
    for i in 1..<max(end, 1) {
      prices.append(tent(strikes[i], strikes[i - 1]) + tent(strikes[i], strikes[i + 1]))
    }
    for p in SplineSmile.exponents {
      let call =
        x >= last
        ? last * last * pow(x / last, -p) / (p * (p + 1))
        : last / (p + 1) * (last * (p + 1) / p - x)
      let put = x <= last ? 0 : call + last / (p + 1) * (x - last * (p + 1) / p)
      prices.append((isCall ? call : put) + inner.1)
    }
    return prices
  }
}

/// A density that falls in a line from one at its peak to zero at its foot.
private struct Tent {
  let peak: Double
  let foot: Double

  init(_ peak: Double, _ foot: Double) { (self.peak, self.foot) = (peak, foot) }

  var mass: Double { (peak - foot).magnitude / 2 }

  var mean: Double { (2 * peak + foot) / 3 }

  /// The price of a call, in sums of positive terms.
  func price(of strike: Double) -> Double {
    if strike <= min(peak, foot) { return mass * (mean - strike) }
    let u = max(peak, foot) - strike
    guard u > 0 else { return 0 }
    let width = (peak - foot).magnitude
    return peak < foot
      ? u * u * u / (6 * width) : u * u * (3 * (width - u) + 2 * u) / (6 * width)
  }
}
