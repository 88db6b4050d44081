import KeelDerivatives
import KeelNumerics
import KeelTestSupport
import Testing

/// Closed forms within three standard errors of simulations that are exact at every moment: between two points of a path
/// the maximum has a known distribution (Brownian bridge).
@Suite struct ExoticSimulationTests {
  private static let model = BlackScholes(
    spot: 100, volatility: 0.5, rate: 0.04, carryYield: 0.01)
  private static let time = 0.8
  private static let count = 200_000

  /// The mean and standard error of a discounted payoff of the last and of the highest or lowest spot.
  private func simulate(
    isMaximum: Bool,
    _ payoff: (_ last: Double, _ extreme: Double) -> Double
  ) -> (mean: Double, error: Double) {
    let (model, time) = (Self.model, Self.time)
    let drift = (model.rate - model.carryYield - model.volatility * model.volatility / 2) * time
    let deviation = model.volatility * time.squareRoot()
    let stream = RandomStream(seed: 11)
    let discount = exponential(-model.rate * time)
    var (sum, squares) = (0.0, 0.0)
    for i in 0..<Self.count {
      let end = drift + deviation * stream.normal(at: UInt64(i))
      let bridge =
        (end * end - 2 * deviation * deviation * naturalLog(stream.uniform(at: UInt64(i))))
        .squareRoot()
      let extreme = isMaximum ? (end + bridge) / 2 : (end - bridge) / 2
      let value =
        discount * payoff(model.spot * exponential(end), model.spot * exponential(extreme))
      sum += value
      squares += value * value
    }
    let mean = sum / Double(Self.count)
    let variance = squares / Double(Self.count) - mean * mean
    return (mean, (variance / Double(Self.count)).squareRoot())
  }

  @Test(
    arguments: BarrierOption.Direction.allCases,
    [(EuropeanOption.Kind.call, 95.0), (.put, 108), (.call, 140), (.put, 65)])
  func barriers(direction: BarrierOption.Direction, terms: (EuropeanOption.Kind, Double)) {
    let level = direction == .up ? 125.0 : 80
    for effect in BarrierOption.Effect.allCases {
      let option = BarrierOption(
        kind: terms.0, strike: terms.1, barrier: level, direction: direction, effect: effect,
        timeToExpiry: Self.time, rebate: 3, rebateTime: .atExpiry)
      let (mean, error) = simulate(isMaximum: direction == .up) { last, extreme in
        let isHit = direction == .up ? extreme >= level : extreme <= level
        guard isHit == (effect == .knockIn) else { return 3 }
        return max(0, terms.0 == .call ? last - terms.1 : terms.1 - last)
      }
      expectClose(Self.model.price(of: option), mean, absolute: 3 * error, "\(option)")
    }
  }

  @Test func lookbacks() {
    for kind in [EuropeanOption.Kind.call, .put] {
      let floating = LookbackOption(kind: kind, strike: .floating, timeToExpiry: Self.time)
      let (mean, error) = simulate(isMaximum: kind == .put) { ($0 - $1).magnitude }
      expectClose(Self.model.price(of: floating), mean, absolute: 3 * error, "\(kind)")
      let fixed = LookbackOption(kind: kind, strike: .fixed(105), timeToExpiry: Self.time)
      let (other, otherError) = simulate(isMaximum: kind == .call) { _, extreme in
        max(0, kind == .call ? extreme - 105 : 105 - extreme)
      }
      expectClose(Self.model.price(of: fixed), other, absolute: 3 * otherError, "\(kind)")
    }
  }

  /// Between points of a path that are this near only one level can be reached.
  @Test func doubleBarriers() {
    let (model, time) = (Self.model, Self.time)
    let (steps, pathCount) = (64, 20_000)
    let step = time / Double(steps)
    let drift = (model.rate - model.carryYield - model.volatility * model.volatility / 2) * step
    let variance = model.volatility * model.volatility * step
    let (lower, upper) = (naturalLog(0.75), naturalLog(1.5))
    let stream = RandomStream(seed: 12)
    for kind in [EuropeanOption.Kind.call, .put] {
      let option = DoubleBarrierOption(
        kind: kind, strike: 102, lowerBarrier: 75, upperBarrier: 150, effect: .knockOut,
        timeToExpiry: time)
      var (sum, squares) = (0.0, 0.0)
      for path in 0..<pathCount {
        var (position, survival) = (0.0, 1.0)
        for i in 0..<steps {
          let next =
            position + drift
            + variance.squareRoot() * stream.normal(at: UInt64(path * steps + i))
          guard lower < next, next < upper else {
            survival = 0
            break
          }
          survival *= 1 - exponential(-2 * (upper - position) * (upper - next) / variance)
          survival *= 1 - exponential(-2 * (position - lower) * (next - lower) / variance)
          position = next
        }
        let last = model.spot * exponential(position)
        let value =
          exponential(-model.rate * time) * survival
          * max(0, kind == .call ? last - 102 : 102 - last)
        sum += value
        squares += value * value
      }
      let mean = sum / Double(pathCount)
      let error = ((squares / Double(pathCount) - mean * mean) / Double(pathCount)).squareRoot()
      expectClose(model.price(of: option), mean, absolute: 3 * error, "\(kind)")
    }
  }
}
