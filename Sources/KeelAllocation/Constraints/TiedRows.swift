import KeelData
import KeelOptimization

/// Places of weights as linear constraints: rows |w| = |w of the first| for those at the level, then the limit.
struct TiedRows {
  let rows: [LinearConstraint]
  private let tied: [Int]
  private let count: Int
  /// How many of those at the level the limit has room for.
  private let part: Double

  /// Corrections of the places at most; they seldom take more than twelve.
  static let rounds = 25

  /// How far below 0 or above 1 a share may be by what a solver leaves.
  static let shareTolerance = 1e-8

  init(_ levels: WeightLevels, _ limit: ConcentrationConstraint, _ universe: Universe) {
    let above = levels.assets(.above)
    tied = levels.assets(.level)
    count = levels.places.count
    part = Double(levels.count - above.count)
    var counted: [AssetID: Double] = [:]
    for i in above { counted[universe.assets[i]] = levels.signs[i] }
    var rows: [LinearConstraint] = []
    if let first = tied.first {
      let head = universe.assets[first]
      counted[head] = part * levels.signs[first]
      for i in tied.dropFirst() {
        let asset = universe.assets[i]
        rows.append(
          LinearConstraint(
            "\(limit.name): \(asset) like \(head)",
            coefficients: [asset: levels.signs[i], head: -levels.signs[first]], lower: 0, upper: 0))
      }
    }
    rows.append(LinearConstraint(limit.name, coefficients: counted, upper: limit.limit))
    self.rows = rows
  }

  /// How far each weight at the level counts; nil where the limit has no price.
  func shares(_ duals: Duals, from first: Int) -> [Double]? {
    let last = first + rows.count - 1
    guard last < duals.rows.count, duals.rows[last] < 0 else { return nil }
    var result = [Double](repeating: 0, count: count)
    guard let head = tied.first else { return result }
    result[head] = part
    for (row, i) in zip(first..., tied.dropFirst()) {
      result[i] = duals.rows[row] / duals.rows[last]
      result[head] -= result[i]
    }
    return result
  }

  /// The solution without the dual values of ties.
  func merged<Value>(_ solution: Solution<Value>, from first: Int) -> Solution<Value> {
    let duals = solution.duals
    let last = first + rows.count - 1
    return Solution(
      value: solution.value, status: solution.status, certificate: solution.certificate,
      duals: Duals(
        rows: Array(duals.rows.prefix(first)) + duals.rows.dropFirst(last), bounds: duals.bounds,
        rowNames: Array(duals.rowNames.prefix(first)) + duals.rowNames.dropFirst(last),
        variableNames: duals.variableNames))
  }
}
