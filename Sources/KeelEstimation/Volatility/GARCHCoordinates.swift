// The coordinates of the search: each of them has an interval, and every point of the box is a model
// with positive variance and persistence of at most one.
//
// The persistence P is split among the weights stick by stick:
//   c₁w₁ = P s₁,  c₂w₂ = P (1−s₁) s₂,  …,  the last one has the rest,
// where w are α, γ, β; with an asymmetry they are α and α+γ, of weight c = ½ each. The intercept is
// ω = κ (1 − P + δ) with ln κ as coordinate, nearly the variance; for EGARCH ω = m (1 − P). The
// degrees of freedom have 1/ν, in which the likelihood is smooth up to the normal law.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where the parameters of a model are in the coordinates of the search.
struct GARCHCoordinates {
  /// A weight that takes a share of the persistence.
  struct Component {
    /// Its share is this times the weight.
    let factor: Double
    /// The parameters that it is added to, with signs.
    let targets: [(index: Int, sign: Double)]
  }

  let model: GARCH
  let count: Int
  let components: [Component]
  let lower: [Double]
  let upper: [Double]
  /// The first coordinate of the persistence; the sticks follow.
  let persistenceIndex: Int

  private var interceptIndex: Int { model.meanCount }
  private var shapeIndex: Int { model.recursionParameterCount }

  /// δ, which leaves an intercept to models of persistence one.
  private static let remainder = 0.02

  /// EGARCH stays this far below a unit root: its variance would wander off.
  private static let largestLogPersistence = 0.9999

  init(_ model: GARCH, settings: GARCH.FitSettings) {
    self.model = model
    count = model.parameterCount
    let firstShock = model.meanCount + 1
    let firstAsymmetry = firstShock + model.shockLags
    let firstVariance = firstAsymmetry + model.asymmetryLags
    var components: [Component] = []
    var lower: [Double] = []
    var upper: [Double] = []
    func allow(_ range: ClosedRange<Double>) {
      lower.append(range.lowerBound)
      upper.append(range.upperBound)
    }
    // On returns of root mean square near one.
    if model.mean == .constant { allow(-100...100) }
    if model.isLogarithmic {
      allow(-40...40)
      for _ in firstShock..<firstVariance { allow(-10...10) }
    } else {
      allow(log(1e-8)...log(1e6))
      for lag in 0..<max(model.shockLags, model.asymmetryLags) {
        let shock = firstShock + lag
        let asymmetry = firstAsymmetry + lag
        if lag >= model.asymmetryLags {
          components.append(Component(factor: 1, targets: [(shock, 1)]))
        } else if lag >= model.shockLags {
          components.append(Component(factor: 0.5, targets: [(asymmetry, 1)]))
        } else {
          components.append(Component(factor: 0.5, targets: [(shock, 1), (asymmetry, -1)]))
          components.append(Component(factor: 0.5, targets: [(asymmetry, 1)]))
        }
      }
    }
    persistenceIndex = lower.count
    for lag in 0..<model.varianceLags {
      components.append(Component(factor: 1, targets: [(firstVariance + lag, 1)]))
    }
    if !components.isEmpty {
      allow(0...(model.isLogarithmic ? Self.largestLogPersistence : 1))
      for _ in components.dropFirst() { allow(0...1) }
    }
    if model.shapeCount > 0 {
      allow((1 / settings.highestDegreesOfFreedom)...(1 / settings.lowestDegreesOfFreedom))
    }
    if model.shapeCount > 1 { allow(-0.995...0.995) }
    self.components = components
    self.lower = lower
    self.upper = upper
  }

  /// A factor of a weight.
  private struct Factor {
    let index: Int
    let value: Double
    let slope: Double
  }

  private func factors(_ x: [Double], _ component: Int) -> [Factor] {
    var factors = [Factor(index: persistenceIndex, value: x[persistenceIndex], slope: 1)]
    for k in 0..<component {
      let index = persistenceIndex + 1 + k
      factors.append(Factor(index: index, value: 1 - x[index], slope: -1))
    }
    if component < components.count - 1 {
      let index = persistenceIndex + 1 + component
      factors.append(Factor(index: index, value: x[index], slope: 1))
    }
    return factors
  }

  private func persistence(_ x: [Double]) -> Double {
    components.isEmpty ? 0 : x[persistenceIndex]
  }

  /// The parameters at a point of the box.
  func parameters(_ x: [Double]) -> [Double] {
    var parameters = [Double](repeating: 0, count: count)
    if model.mean == .constant { parameters[0] = x[0] }
    let rest = 1 - persistence(x)
    let coordinate = x[interceptIndex]
    parameters[interceptIndex] =
      model.isLogarithmic ? coordinate * rest : exp(coordinate) * (rest + Self.remainder)
    if model.isLogarithmic {
      for i in interceptIndex + 1..<persistenceIndex { parameters[i] = x[i] }
    }
    for (k, component) in components.enumerated() {
      let weight = factors(x, k).reduce(1 / component.factor) { $0 * $1.value }
      for target in component.targets { parameters[target.index] += target.sign * weight }
    }
    if model.shapeCount > 0 { parameters[shapeIndex] = 1 / x[shapeIndex] }
    if model.shapeCount > 1 { parameters[shapeIndex + 1] = x[shapeIndex + 1] }
    return parameters
  }

  /// ∂ parameters / ∂ x, and with a gradient in the parameters Σ gₖ ∂²(parameter k).
  ///
  /// Both column after column, the first with a parameter a row.
  func derivatives(
    _ x: [Double], gradient g: [Double]
  ) -> (jacobian: [Double], curvature: [Double]) {
    var jacobian = [Double](repeating: 0, count: count * count)
    var curvature = jacobian
    func bend(_ a: Int, _ b: Int, _ value: Double) {
      curvature[a + b * count] += value
      if a != b { curvature[b + a * count] += value }
    }
    if model.mean == .constant { jacobian[0] = 1 }
    let rest = 1 - persistence(x)
    let i = interceptIndex
    if model.isLogarithmic {
      jacobian[i + i * count] = rest
      for k in i + 1..<persistenceIndex { jacobian[k + k * count] = 1 }
      if !components.isEmpty {
        jacobian[i + persistenceIndex * count] = -x[i]
        bend(i, persistenceIndex, -g[i])
      }
    } else {
      let size = exp(x[i])
      let intercept = size * (rest + Self.remainder)
      jacobian[i + i * count] = intercept
      jacobian[i + persistenceIndex * count] = -size
      bend(i, i, intercept * g[i])
      bend(i, persistenceIndex, -size * g[i])
    }
    for (k, component) in components.enumerated() {
      let factors = factors(x, k)
      let pull = component.targets.reduce(0) { $0 + $1.sign * g[$1.index] }
      for (a, one) in factors.enumerated() {
        var slope = one.slope / component.factor
        for (b, other) in factors.enumerated() where b != a { slope *= other.value }
        for target in component.targets {
          jacobian[target.index + one.index * count] += target.sign * slope
        }
        for (b, other) in factors.enumerated() where b > a {
          var product = one.slope * other.slope / component.factor
          for (c, third) in factors.enumerated() where c != a && c != b { product *= third.value }
          bend(one.index, other.index, product * pull)
        }
      }
    }
    if model.shapeCount > 0 {
      let degrees = 1 / x[shapeIndex]
      jacobian[shapeIndex * (count + 1)] = -degrees * degrees
      bend(shapeIndex, shapeIndex, 2 * degrees * degrees * degrees * g[shapeIndex])
    }
    if model.shapeCount > 1 { jacobian[(shapeIndex + 1) * (count + 1)] = 1 }
    return (jacobian, curvature)
  }

  /// A start: mean and variance of the returns, the persistence and the part of it for the shocks.
  func start(
    mean: Double, variance: Double, persistence: Double, shocks: Double, degrees: Double
  ) -> [Double] {
    var x = lower
    if model.mean == .constant { x[0] = mean }
    let hasVariances = model.varianceLags > 0
    if model.isLogarithmic {
      x[interceptIndex] = log(variance)
      for k in 0..<model.shockLags {
        x[interceptIndex + 1 + k] = 2 * shocks / Double(model.shockLags)
      }
      for k in 0..<model.asymmetryLags {
        x[interceptIndex + 1 + model.shockLags + k] = -0.5 * shocks / Double(model.asymmetryLags)
      }
    } else {
      let total = hasVariances ? persistence : min(persistence, 0.5)
      x[interceptIndex] = log(variance * (1 - total) / (1 - total + Self.remainder))
    }
    if !components.isEmpty {
      x[persistenceIndex] = hasVariances ? persistence : min(persistence, 0.5)
      let shockCount = components.count - model.varianceLags
      var rest = 1.0
      for k in components.indices.dropLast() {
        // Shares of the persistence: alike within shocks and within variances.
        let part = model.isLogarithmic ? 0 : hasVariances ? shocks / persistence : 1
        let share =
          k < shockCount
          ? part / Double(shockCount) : (1 - part) / Double(model.varianceLags)
        x[persistenceIndex + 1 + k] = share / rest
        rest -= share
      }
    }
    if model.shapeCount > 0 { x[shapeIndex] = 1 / degrees }
    if model.shapeCount > 1 { x[shapeIndex + 1] = 0 }
    for i in x.indices { x[i] = min(max(x[i], lower[i]), upper[i]) }
    return x
  }
}
