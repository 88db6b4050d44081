#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// What the dated options that a sum omits add to each derivative at most.
//
// Goals in order: a bound that holds for every market, a bound that is not far from what is missing,
// short code.
//
// Method: let L be the leg that bounds the price, S e^(−yT) of a call or K e^(−rT) of a put, and z its
// distance, d₁ or d₂. Both shares of the legs in the price are at most L, the density S e^(−yT) φ(d₁) is
// L φ(z), and |d₁|, |d₂| ≤ |z| + σ√T. With max |z|ʲ φ(z) = φ(0) (j/e)^(j/2) every derivative is at most
// L times powers of √T. Weights times L fall geometrically, at the rate q, so that a sum over the
// omitted legs is that of all W = w L / (1 − q) times the mean of a power of T = Tₙ + h J, where J has a
// geometric law. A negative power is largest at Tₙ; a positive one is at most the power of a whole moment
// (Lyapunov's inequality), and the factorial moments of J are k! (q/(1 − q))ᵏ.

/// The magnitudes that the omitted legs of an everlasting option can have.
struct EverlastingTruncation {
  let model: BlackScholes
  let strike: Double

  /// The sum of all omitted weights times the bounding leg.
  let weight: Double

  /// The time to the first omitted event, and the first three moments of the time of an omitted one.
  private let time: Double
  private let moments: (Double, Double, Double)

  /// `decay` is the logarithm of the ratio of a leg's bound to the next one's: positive.
  init(
    model: BlackScholes,
    strike: Double,
    weight: Double,
    time: Double,
    interval: Double,
    decay: Double
  ) {
    self.model = model
    self.strike = strike
    self.weight = weight
    self.time = time
    // h q / (1 − q), and the moments of Tₙ + h J from the factorial ones of J.
    let step = interval / expm1(decay)
    let second = step * (2 * step + interval)
    let third = step * (6 * step * step + 6 * step * interval + interval * interval)
    moments = (
      time + step, time * time + 2 * time * step + second,
      time * time * time + 3 * time * (time * step + second) + third
    )
  }

  /// The largest mean of `T^(halves/2)`, for at most five halves.
  private func timePower(_ halves: Int) -> Double {
    switch halves {
    case 1: moments.0.squareRoot()
    case 2: moments.0
    case 3: pow(moments.1, 0.75)
    case 4: moments.1
    case 5: pow(moments.2, 5.0 / 6)
    default: pow(time, Double(halves) / 2)
    }
  }

  /// The sum over the omitted legs of `density · |d|ᵒʳᵈᵉʳ · T^(halves/2)`, d being d₁ or d₂ each time.
  private func density(_ order: Int, _ halves: Int) -> Double {
    var sum = 0.0
    var binomial = 1.0
    for j in 0...order {
      let size = j == 0 ? 1 : pow(Double(j) / M_E, Double(j) / 2)
      sum +=
        binomial * size * pow(model.volatility, Double(order - j)) * timePower(order - j + halves)
      binomial *= Double(order - j) / Double(j + 1)
    }
    return weight * sum * Self.inverseRootTwoPi
  }

  /// The bounds, infinite where they say nothing.
  var bounds: Greeks {
    let (s, v) = (model.spot, model.volatility)
    let (rate, carry) = (model.rate.magnitude, model.carryYield.magnitude)
    let drift = (model.rate - model.carryYield).magnitude / v
    let perSpots = 1 / (s * s * v)
    let greeks = Greeks(
      price: weight,
      delta: weight / s,
      gamma: density(0, -1) * perSpots,
      vega: .init(perUnitVolatility: density(0, 1)),
      theta: .init(perYear: (rate + carry) * weight + v / 2 * density(0, -1)),
      rho: .init(perUnitRate: weight * timePower(2)),
      carryRho: .init(perUnitRate: weight * timePower(2)),
      dualDelta: weight / strike,
      dualGamma: density(0, -1) / (strike * strike * v),
      vanna: .init(perUnitVolatility: density(1, 0) / (s * v)),
      volga: .init(perSquaredUnit: density(2, 1) / v),
      charm: .init(
        perYear: (carry * weight + drift * density(0, -1) + density(1, -2) / 2) / s),
      veta: .init(perUnitVolatilityAndYear: decayed(1, carry, drift)),
      speed: (density(1, -2) / v + density(0, -1)) * perSpots / s,
      zomma: .init(perUnitVolatility: (density(2, -1) + density(0, -1)) * perSpots / v),
      color: .init(perYear: decayed(-1, carry, drift) * perSpots),
      ultima: .init(perCubedUnit: (3 * density(2, 1) + density(4, 1)) / (v * v)))
    return greeks.combined(greeks) { bound, _ in bound.isNaN ? .infinity : bound }
  }

  /// `density (y + d₁ ∂d₁/∂T ± 1/(2T)) T^(halves/2)`.
  private func decayed(_ halves: Int, _ carry: Double, _ drift: Double) -> Double {
    carry * density(0, halves) + drift * density(1, halves - 1)
      + (density(2, halves - 2) + density(0, halves - 2)) / 2
  }

  private static let inverseRootTwoPi = 0.398_942_280_401_432_7
}
