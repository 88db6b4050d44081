import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// Seeded expected-shortfall programs of every kind that portfolios lead to, and an independent
/// evaluation of their objective.
enum TailPrograms {
  struct Parts {
    var outcomes: Matrix
    var probabilities: [Double]?
    var confidence: Double
    var linear: [Double]?
    var weight: Double
    var lower: [Double]
    var upper: [Double]
    var rows: [LinearRow]
    /// Whether rows and bounds leave a bounded set.
    var isBounded: Bool

    func program() throws -> ExpectedShortfallProgram {
      try ExpectedShortfallProgram(
        outcomes: outcomes, probabilities: probabilities, confidence: confidence, linear: linear,
        shortfallWeight: weight, lowerBounds: lower, upperBounds: upper, rows: rows)
    }
  }

  /// Outcomes with normal or heavy tails, with ties, repeated scenarios, or payoffs of options.
  static func outcomes(
    _ s: Int,
    _ n: Int,
    kind: Int,
    using generator: inout SeededGenerator
  ) throws -> Matrix {
    let market = (0..<s).map { _ in generator.gaussian() }
    var values = [Double](repeating: 0, count: s * n)
    for j in 0..<n {
      let exposure = generator.uniform(0.3...1.5)
      let volatility = generator.uniform(0.005...0.04)
      let mean = generator.uniform(-0.001...0.001)
      for i in 0..<s {
        var noise = generator.gaussian()
        if kind == 1 { noise /= max(0.1, generator.uniform()) }
        var value = mean + 0.01 * exposure * market[i] + volatility * noise
        if kind == 2 { value = (value * 100).rounded() / 100 }
        if kind == 3 && j % 2 == 0 { value = max(value, -0.01) - 0.003 }
        values[i + j * s] = value
      }
    }
    if kind == 4 {
      for j in 0..<n { for i in 0..<s { values[i + j * s] = values[i / 3 * 3 + j * s] } }
    }
    return try Matrix(rowCount: s, columnCount: n, columnMajor: values)
  }

  static func random(seed: Int) throws -> Parts {
    var generator = SeededGenerator(seed: UInt64(seed))
    func choose<Element>(_ values: [Element]) -> Element {
      values[Int(generator.next() % UInt64(values.count))]
    }
    let s = choose([1, 2, 5, 20, 60, 250])
    let n = choose([1, 2, 3, 8, 25])
    let outcomes = try outcomes(s, n, kind: choose([0, 1, 2, 3, 4]), using: &generator)
    var probabilities: [Double]?
    if generator.uniform() < 0.4 {
      // Some scenarios cannot happen.
      var p = (0..<s).map { _ in generator.uniform() < 0.1 ? 0 : generator.uniform(0.1...1) }
      if p.allSatisfy({ $0 == 0 }) { p[0] = 1 }
      let total = p.reduce(0, +)
      probabilities = p.map { $0 / total }
    }
    let style = choose([0, 1, 2, 3, 4])
    var lower = [Double](repeating: 0, count: n)
    var upper = [Double](repeating: 1, count: n)
    switch style {
    case 1: upper = upper.map { _ in max(1.5 / Double(n), generator.uniform(0...0.5)) }
    case 2:
      lower = lower.map { _ in -0.2 }
      upper = upper.map { _ in 0.5 + 1 / Double(n) }
    case 3:
      lower = lower.map { _ in -.infinity }
      upper = upper.map { _ in .infinity }
    case 4: upper = upper.map { _ in .infinity }
    default: break
    }
    let ones = [Double](repeating: 1, count: n)
    var rows = [LinearRow("budget", coefficients: ones, lower: 1, upper: 1)]
    if generator.uniform() < 0.5 && n > 3 {
      rows.append(
        LinearRow(
          "group", indices: Array(0..<(n / 2)), coefficients: Array(ones.prefix(n / 2)),
          lower: generator.uniform(0...0.4), upper: generator.uniform(0.5...1)))
      rows.append(
        LinearRow(
          "tilt", coefficients: ones.map { _ in generator.gaussian() },
          lower: -generator.uniform(0.1...2)))
    }
    return Parts(
      outcomes: outcomes, probabilities: probabilities,
      confidence: choose([0.5, 0.9, 0.95, 0.99, 0.999, 0.05, 1e-6]),
      linear: generator.uniform() < 0.5 ? ones.map { _ in 0.005 * generator.gaussian() } : nil,
      weight: generator.uniform(0.2...3), lower: lower, upper: upper, rows: rows,
      isBounded: style != 3)
  }

  /// c'x + weight × the expected shortfall, by sorting and filling the tail.
  static func objective(_ parts: Parts, at x: [Double]) -> Double {
    let s = parts.outcomes.rowCount
    let p = parts.probabilities ?? [Double](repeating: 1 / Double(s), count: s)
    var losses: [(loss: Double, mass: Double)] = []
    for i in 0..<s {
      var sum = 0.0
      for j in 0..<parts.outcomes.columnCount { sum -= parts.outcomes[i, j] * x[j] }
      losses.append((sum, p[i]))
    }
    losses.sort { $0.loss > $1.loss }
    var left = 1 - parts.confidence
    let tail = left
    var total = 0.0
    for entry in losses {
      let share = min(entry.mass, left)
      total += share * entry.loss
      left -= share
      if left <= 0 { break }
    }
    let linear = zip(parts.linear ?? [], x).reduce(0) { $0 + $1.0 * $1.1 }
    return linear + parts.weight * total / tail
  }
}
