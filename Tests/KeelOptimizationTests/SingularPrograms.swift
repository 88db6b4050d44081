import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// Seeded portfolio programs that active sets do not always finish, in every form of P and with every
/// kind of constraint.
enum SingularPrograms {
  enum Form: String, CaseIterable {
    /// A covariance of half as many observations as assets.
    case dense
    case zero
    /// A diagonal with zeros.
    case diagonal
    /// A factor model with specific variances, some or none of which are zero.
    case factorWithZeros, factor
    /// Half as many scenarios as assets.
    case scenarios
  }

  enum Shape: String, CaseIterable {
    case longOnly, capped, sectors, neutral, fixed, forcing, vertex, wide
  }

  /// The program of a step: all have the coefficients of rows in common, and nothing else.
  static func program(
    _ form: Form,
    _ shape: Shape,
    count n: Int,
    seed: Int,
    step: Int
  ) throws -> QuadraticProgram {
    var generator = SeededGenerator(seed: UInt64(1000 * seed + step))
    var structure = SeededGenerator(seed: UInt64(77 + seed))
    let quadratic = try term(form, count: n, using: &generator)
    let scale = form == .zero || form == .diagonal ? 0.02 : 0.0005
    let linear = (0..<n).map { _ in scale * generator.gaussian() }
    var lower = [Double](repeating: 0, count: n)
    var upper = [Double](repeating: 1, count: n)
    let ones = [Double](repeating: 1, count: n)
    var rows = [LinearRow("budget", coefficients: ones, lower: 1, upper: 1)]
    switch shape {
    case .longOnly: upper = [Double](repeating: .infinity, count: n)
    case .capped: upper = [Double](repeating: 4 / Double(n), count: n)
    case .sectors:
      upper = [Double](repeating: 6 / Double(n), count: n)
      rows += sectors(count: n, step: step)
      rows.append(
        LinearRow(
          "exposure", coefficients: (0..<n).map { _ in structure.gaussian() }, lower: -0.1,
          upper: 0.1))
    case .neutral:
      lower = [Double](repeating: -0.2, count: n)
      upper = [Double](repeating: 0.3, count: n)
      rows.append(
        LinearRow(
          "neutral", coefficients: (0..<n).map { _ in structure.gaussian() }, lower: 0, upper: 0))
    case .fixed:
      for i in 0..<(n / 4) {
        lower[i] = 0.1 / Double(n) * Double(1 + (step + i) % 3)
        upper[i] = lower[i]
      }
    case .forcing:
      rows.append(
        LinearRow(
          "none", indices: Array(0..<(n / 4)),
          coefficients: [Double](repeating: 1, count: n / 4), upper: 0))
    case .vertex: upper = [Double](repeating: 1.000001 / Double(n), count: n)
    case .wide:
      lower = [Double](repeating: -1, count: n)
      if form == .dense { for i in stride(from: 1, to: n, by: 2) { lower[i] = -.infinity } }
    }
    return try QuadraticProgram(
      quadratic: quadratic, linear: linear, lowerBounds: lower, upperBounds: upper, rows: rows)
  }

  /// Inequalities of one side, a range and a row of two assets.
  private static func sectors(count n: Int, step: Int) -> [LinearRow] {
    let names = ["first", "second", "third"]
    let limits = [
      (0.2, 0.45 + 0.01 * Double(step % 5)), (0.3, Double.infinity), (-Double.infinity, 0.4),
    ]
    let sectors = names.indices.map { k in
      let members = (0..<n).filter { $0 % 3 == k }
      return LinearRow(
        names[k], indices: members, coefficients: members.map { _ in 1 }, lower: limits[k].0,
        upper: limits[k].1)
    }
    return sectors + [
      LinearRow("pair", indices: [0, 1], coefficients: [1, -1], lower: -0.01, upper: 0.02)
    ]
  }

  private static func term(
    _ form: Form,
    count n: Int,
    using generator: inout SeededGenerator
  ) throws -> QuadraticTerm {
    switch form {
    case .dense:
      let scenarios = try scenarios(n / 2, count: n, using: &generator)
      var matrix = try SymmetricMatrix(order: n)
      for i in 0..<n {
        for j in 0...i {
          let products = (0..<scenarios.rowCount).map { scenarios[$0, i] * scenarios[$0, j] }
          matrix[i, j] = products.reduce(0, +) / Double(scenarios.rowCount)
        }
      }
      return .dense(matrix)
    case .zero: return .diagonal([Double](repeating: 0, count: n))
    case .diagonal:
      return .diagonal(
        (0..<n).map { _ in generator.uniform() < 0.4 ? 0 : generator.uniform(0.01...0.1) })
    case .factorWithZeros, .factor:
      var loadings = try Matrix(rowCount: n, columnCount: 5, repeating: 0)
      for i in 0..<n { for j in 0..<5 { loadings[i, j] = 0.1 * generator.gaussian() } }
      var covariance = try SymmetricMatrix(order: 5)
      for j in 0..<5 { covariance[j, j] = generator.uniform(0.5...1.5) }
      let variances = (0..<n).map { _ in
        form == .factorWithZeros && generator.uniform() < 0.4
          ? 0 : generator.uniform(0.001...0.01)
      }
      return .factor(
        try FactorTerm(
          loadings: loadings, factorCovariance: covariance, specificVariances: variances))
    case .scenarios:
      return .scenarios(
        try ScenarioTerm(scenarios: scenarios(n / 2, count: n, using: &generator)))
    }
  }

  /// Returns with a common part.
  private static func scenarios(
    _ scenarioCount: Int,
    count n: Int,
    using generator: inout SeededGenerator
  ) throws -> Matrix {
    var scenarios = try Matrix(rowCount: scenarioCount, columnCount: n, repeating: 0)
    for s in 0..<scenarioCount {
      let market = 0.01 * generator.gaussian()
      for i in 0..<n { scenarios[s, i] = market + 0.02 * generator.gaussian() }
    }
    return scenarios
  }
}
