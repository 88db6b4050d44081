/// The deviations of one expiry's volatilities from their middles, in half spreads.
struct SSVIResiduals {
  /// A sum of squares with half its gradient and the product JᵀJ, by θ, left and right.
  struct Sum {
    var squares = 0.0
    var gradient = (0.0, 0.0, 0.0)
    var product = Symmetric3()
  }

  private let time: Double
  private var places: [Double] = []
  private var middles: [Double] = []
  private var weights: [Double] = []

  init(_ quotes: SmileQuotes, leastHalfSpread: Double) {
    time = quotes.timeToExpiry
    for quote in quotes.quotes where quote.bid > 0 && quote.ask.isFinite {
      places.append(quote.logMoneyness)
      middles.append(quote.middle)
      weights.append(1 / max((quote.ask - quote.bid) / 2, leastHalfSpread))
    }
  }

  var count: Int { places.count }

  /// The total variance at the money, by a line between the middles beside it; NaN without a quote.
  var levelAtTheMoney: Double {
    if places.isEmpty { return .nan }
    let next = places.firstIndex { $0 >= 0 } ?? places.count - 1
    var volatility = middles[next]
    if next > 0, places[next] > 0 {
      let part = -places[next - 1] / (places[next] - places[next - 1])
      volatility = middles[next - 1] * (1 - part) + middles[next] * part
    }
    return max(volatility * volatility * time, .leastNormalMagnitude)
  }

  func squares(at smile: SSVIHyperbola) -> Double {
    var sum = 0.0
    for j in places.indices {
      let volatility = (smile.value(at: places[j]) / time).squareRoot()
      let residual = (volatility - middles[j]) * weights[j]
      sum += residual * residual
    }
    return sum
  }

  func sum(at smile: SSVIHyperbola) -> Sum {
    var sum = Sum()
    for j in places.indices {
      let k = places[j]
      let volatility = (smile.value(at: k) / time).squareRoot()
      let residual = (volatility - middles[j]) * weights[j]
      let slopes = smile.gradient(at: k)
      let scale = weights[j] / (2 * volatility * time)
      let (a, b, c) = (slopes.theta * scale, slopes.left * scale, slopes.right * scale)
      sum.squares += residual * residual
      sum.gradient.0 += a * residual
      sum.gradient.1 += b * residual
      sum.gradient.2 += c * residual
      sum.product.add(a, b, c, times: 1)
    }
    return sum
  }

  func identification(at smile: SSVIHyperbola) -> SSVIFit.Identification {
    let sum = sum(at: smile)
    let scale = (smile.theta, smile.psi, smile.psi)
    let scaled = sum.product.scaled(by: scale)
    let excess = count > 3 ? sum.squares / Double(count - 3) : 1
    guard count >= 3, let inverse = scaled.inverse else {
      return .init(
        varianceError: .infinity, correlationError: .infinity, curvatureError: .infinity,
        isIdentified: false)
    }
    let noise = max(excess, 1).squareRoot()
    let (left, right) = (1 - smile.rho, 1 + smile.rho)
    // ρ = (R − L)/(R + L) and ψ = (R + L)/2, in units of ψ.
    let variance = inverse.form(1, 0, 0).squareRoot() * noise
    let correlation = inverse.form(0, -right / 2, left / 2).squareRoot() * noise
    let curvature = inverse.form(0, 0.5, 0.5).squareRoot() * noise
    return .init(
      varianceError: variance * smile.theta, correlationError: correlation,
      curvatureError: curvature * smile.psi,
      isIdentified: variance < 1 && correlation < 1 && curvature < 1)
  }
}

/// A symmetric matrix of order three.
struct Symmetric3 {
  var (aa, ab, ac, bb, bc, cc) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)

  mutating func add(_ a: Double, _ b: Double, _ c: Double, times factor: Double) {
    aa += a * a * factor
    ab += a * b * factor
    ac += a * c * factor
    bb += b * b * factor
    bc += b * c * factor
    cc += c * c * factor
  }

  func scaled(by s: (Double, Double, Double)) -> Symmetric3 {
    var result = self
    result.aa *= s.0 * s.0
    result.ab *= s.0 * s.1
    result.ac *= s.0 * s.2
    result.bb *= s.1 * s.1
    result.bc *= s.1 * s.2
    result.cc *= s.2 * s.2
    return result
  }

  /// The inverse; nil where the matrix, with its diagonal made one, is singular to rounding.
  var inverse: Symmetric3? {
    let d = (bb * cc - bc * bc, ac * bc - ab * cc, ab * bc - ac * bb)
    let determinant = aa * d.0 + ab * d.1 + ac * d.2
    guard determinant > Self.leastDeterminant * aa * bb * cc, determinant.isNormal else {
      return nil
    }
    var result = Symmetric3()
    result.aa = d.0 / determinant
    result.ab = d.1 / determinant
    result.ac = d.2 / determinant
    result.bb = (aa * cc - ac * ac) / determinant
    result.bc = (ab * ac - aa * bc) / determinant
    result.cc = (aa * bb - ab * ab) / determinant
    return result
  }

  func form(_ a: Double, _ b: Double, _ c: Double) -> Double {
    a * a * aa + b * b * bb + c * c * cc + 2 * (a * b * ab + a * c * ac + b * c * bc)
  }

  /// Cofactors lose this part of the product of the diagonal to rounding.
  private static let leastDeterminant = 1e-13
}
