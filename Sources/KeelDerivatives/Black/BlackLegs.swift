import KeelNumerics

// The two legs of an option, the asset ("near") and the strike ("far"), both in the same cash:
// undiscounted forward and strike, or discounted ones. Everything is computed on the
// out-of-the-money side and carried over by parity.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct BlackLegs {
  let near: Double
  let far: Double
  let core: BlackCore
  let callIsOutOfTheMoney: Bool

  private let logMoneyness: DoubleDouble
  private let legsAreExact: Bool

  init(
    near: Double,
    far: Double,
    logMoneyness x: DoubleDouble,
    totalVolatility: DoubleDouble,
    legsAreExact: Bool
  ) {
    self.near = near
    self.far = far
    callIsOutOfTheMoney = x.high <= 0
    logMoneyness = x
    self.legsAreExact = legsAreExact
    core = BlackCore(
      logMoneyness: callIsOutOfTheMoney ? x : -x, totalVolatility: totalVolatility)
  }

  /// The leg that the out-of-the-money option receives: the lesser of the two.
  var lesser: Double { callIsOutOfTheMoney ? near : far }

  func isOutOfTheMoney(_ kind: EuropeanOption.Kind) -> Bool {
    (kind == .call) == callIsOutOfTheMoney
  }

  /// What an option is worth at zero volatility.
  func intrinsic(_ kind: EuropeanOption.Kind) -> Double {
    isOutOfTheMoney(kind) ? 0 : Self.difference(near, far, logMoneyness, legsAreExact).high
  }

  /// The difference of the legs on the in-the-money side.
  ///
  /// Where the legs carry the rounding of a
  /// discount, their difference near the money comes from the logarithm of their ratio instead.
  static func difference(
    _ near: Double,
    _ far: Double,
    _ x: DoubleDouble,
    _ legsAreExact: Bool
  ) -> DoubleDouble {
    let callIsOutOfTheMoney = x.high <= 0
    if !legsAreExact && x.high.magnitude < nearTheMoney {
      let ratio = expm1(x.high.magnitude)
      return DoubleDouble.fusedProduct(callIsOutOfTheMoney ? near : far, ratio)
    }
    let exact = callIsOutOfTheMoney ? DoubleDouble.sum(far, -near) : DoubleDouble.sum(near, -far)
    return exact.high > 0 ? exact : DoubleDouble(0)
  }

  /// Legs whose ratio is within e^±½ lose digits when subtracted.
  private static let nearTheMoney = 0.5

  func price(_ kind: EuropeanOption.Kind) -> Double {
    intrinsic(kind) + core.price(units: lesser)
  }

  /// `near · φ(d₁) = far · φ(d₂)`.
  var density: Double { core.density(times: 1, units: lesser) }

  /// `Φ(±d₁)`: the share of the near leg in the price, positive for both kinds.
  func nearProbability(_ kind: EuropeanOption.Kind) -> Double {
    probability(kind, callIsOutOfTheMoney ? core.d1 : core.d2)
  }

  /// `Φ(±d₂)`: the share of the far leg in the price, positive for both kinds.
  func farProbability(_ kind: EuropeanOption.Kind) -> Double {
    probability(kind, callIsOutOfTheMoney ? core.d2 : core.d1)
  }

  private func probability(_ kind: EuropeanOption.Kind, _ d: DoubleDouble) -> Double {
    BlackCore.probability(below: isOutOfTheMoney(kind) ? d : -d)
  }
}
