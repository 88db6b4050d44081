import KeelData
import KeelNumerics

/// The functions of scenarios whose expectations views speak of.
struct PooledFunctions {
  /// A view as a column: E[values] = bound, or ≥ bound.
  struct Column {
    let name: String
    /// The function of each scenario, in units of its prior deviation, the prior mean subtracted.
    let values: [Double]
    let bound: Double
    let isEquation: Bool
    /// The unit.
    let scale: Double
    /// −1 where the view says at most.
    let sign: Double
  }

  let scenarios: ScenarioSet
  /// The prior probabilities, with sum one.
  let prior: [Double]

  init(_ scenarios: ScenarioSet) {
    self.scenarios = scenarios
    let count = scenarios.scenarioCount
    let given = scenarios.probabilities ?? [Double](repeating: 1, count: count)
    let total = given.reduce(0, +)
    prior = given.map { $0 / total }
  }

  private func place(_ asset: AssetID) throws(AllocationError) -> Int {
    guard let place = scenarios.universe.position(of: asset) else {
      throw .universeMismatch(position: nil, left: asset, right: nil)
    }
    return place
  }

  private func mean(_ values: [Double]) -> Double {
    zip(prior, values).reduce(0) { $0 + $1.0 * $1.1 }
  }

  private func outcomes(_ asset: AssetID) throws(AllocationError) -> [Double] {
    let column = try place(asset)
    return (0..<scenarios.scenarioCount).map { scenarios.outcomes[$0, column] }
  }

  private func distances(_ asset: AssetID) throws(AllocationError) -> [Double] {
    let values = try outcomes(asset)
    let center = mean(values)
    return values.map { $0 - center }
  }

  /// Prior mean and variance of an asset.
  func moments(_ asset: AssetID) throws(AllocationError) -> (mean: Double, variance: Double) {
    let values = try outcomes(asset)
    let center = mean(values)
    return (center, mean(values.map { ($0 - center) * ($0 - center) }))
  }

  private func values(_ view: ScenarioView) throws(AllocationError) -> [Double] {
    switch view.quantity {
    case .outcome(let weights):
      var sum = [Double](repeating: 0, count: scenarios.scenarioCount)
      for (asset, weight) in weights.sorted(by: { $0.key < $1.key }) {
        try Translation.require(weight, "weight in view \(view.name)", in: .finite, asset: asset)
        for (s, outcome) in try outcomes(asset).enumerated() { sum[s] += weight * outcome }
      }
      return sum
    case .squaredDistance(let asset):
      return try distances(asset).map { $0 * $0 }
    case .coDistance(let first, let second):
      return zip(try distances(first), try distances(second)).map { $0 * $1 }
    case .isAtMost(let asset, let level):
      try Translation.require(level, "level of view \(view.name)", in: .finite, asset: asset)
      return try outcomes(asset).map { $0 <= level ? 1 : 0 }
    }
  }

  func column(_ view: ScenarioView) throws(AllocationError) -> Column {
    try Translation.require(view.value, "value of view \(view.name)", in: .finite)
    let values = try values(view)
    let center = mean(values)
    let deviation = mean(values.map { ($0 - center) * ($0 - center) }).squareRoot()
    try Translation.require(deviation, "deviation of view \(view.name)", in: .nonnegative)
    // A function that is the same in all scenarios holds or does not, whatever the probabilities.
    let scale = deviation > 0 ? deviation : max(center.magnitude, 1)
    let sign = view.relation == .atMost ? -1.0 : 1
    return Column(
      name: view.name, values: values.map { sign * ($0 - center) / scale },
      bound: sign * (view.value - center) / scale, isEquation: view.relation == .equal,
      scale: scale, sign: sign)
  }
}
