import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// The least objective of a mixed-integer program, by trying every combination of decisions.
///
/// It shares nothing with the tree search but the continuous solver at its leaves.
struct IntegerEnumeration {
  /// One value or interval that a variable may take.
  private struct Choice {
    var lower: Double
    var upper: Double
    var cost: Double
    var isZero: Bool
  }

  private let problem: MixedIntegerProgram
  private var choices: [[Choice]] = []

  /// The number of continuous programs and points that were tried.
  private(set) var leafCount = 0
  private(set) var best = Double.infinity

  init(_ problem: MixedIntegerProgram) throws {
    self.problem = problem
    for i in 0..<problem.program.variableCount { choices.append(choices(of: i)) }
    var workspace = QuadraticWorkspace(problem.program)
    var chosen: [Choice] = []
    try extend(&chosen, &workspace)
  }

  private func choices(of i: Int) -> [Choice] {
    let lower = problem.program.lowerBounds[i]
    let upper = problem.program.upperBounds[i]
    let fixed = problem.fixedCosts.first { $0.variable == i }
    func cost(_ x: Double?) -> Double { x == fixed?.reference ? 0 : fixed?.cost ?? 0 }
    let position = problem.minimumPositions.first { $0.variable == i }
    func isAllowed(_ x: Double) -> Bool {
      let slack = 1e-12
      if x < lower - slack || x > upper + slack { return false }
      guard let position, x != 0 else { return true }
      if x >= position.minimum - slack && x <= position.maximum + slack { return true }
      guard let short = position.shortMinimum else { return false }
      return -x >= short - slack && -x <= position.shortMaximum + slack
    }
    if let lot = problem.lots.first(where: { $0.variable == i })?.size {
      let first = Int((lower / lot).rounded(.down)) - 1
      let last = Int((upper / lot).rounded(.up)) + 1
      return (first...last).map { Double($0) * lot }.filter(isAllowed).map {
        Choice(lower: $0, upper: $0, cost: cost($0), isZero: $0 == 0)
      }
    }
    var result: [Choice] = []
    if let position {
      result.append(
        Choice(
          lower: max(lower, position.minimum), upper: min(upper, position.maximum),
          cost: cost(nil), isZero: false))
      if let short = position.shortMinimum {
        result.append(
          Choice(
            lower: max(lower, -position.shortMaximum), upper: min(upper, -short), cost: cost(nil),
            isZero: false))
      }
    } else {
      result.append(Choice(lower: lower, upper: upper, cost: cost(nil), isZero: false))
    }
    let canCount = position != nil || problem.cardinalities.contains { $0.variables.contains(i) }
    if canCount && isAllowed(0) {
      result.append(Choice(lower: 0, upper: 0, cost: cost(0), isZero: true))
    }
    if let reference = fixed?.reference, isAllowed(reference) {
      result.append(
        Choice(lower: reference, upper: reference, cost: 0, isZero: reference == 0))
    }
    return result.filter { $0.lower <= $0.upper }
  }

  private mutating func extend(
    _ chosen: inout [Choice],
    _ workspace: inout QuadraticWorkspace
  ) throws {
    let n = choices.count
    for limit in problem.cardinalities {
      let decided = limit.variables.filter { $0 < chosen.count }
      let count = decided.count { !chosen[$0].isZero }
      if count > limit.atMost { return }
      if count + limit.variables.count - decided.count < limit.atLeast { return }
    }
    if chosen.count == n { return try tryLeaf(chosen, &workspace) }
    for choice in choices[chosen.count] {
      chosen.append(choice)
      try extend(&chosen, &workspace)
      chosen.removeLast()
    }
  }

  private mutating func tryLeaf(
    _ chosen: [Choice],
    _ workspace: inout QuadraticWorkspace
  ) throws {
    for row in problem.program.rows {
      var least = 0.0
      var largest = 0.0
      for (i, a) in zip(row.indices, row.coefficients) {
        least += min(a * chosen[i].lower, a * chosen[i].upper)
        largest += max(a * chosen[i].lower, a * chosen[i].upper)
      }
      if least > row.upper + 1e-12 || largest < row.lower - 1e-12 { return }
    }
    leafCount += 1
    let cost = chosen.reduce(0) { $0 + $1.cost }
    if chosen.allSatisfy({ $0.lower == $0.upper }) {
      best = min(best, problem.program.objective(at: chosen.map(\.lower)) + cost)
      return
    }
    try workspace.setBounds(least: chosen.map(\.lower), largest: chosen.map(\.upper))
    if try workspace.solve() == .optimal {
      best = min(best, workspace.certificate.primalObjective + cost)
    }
  }
}

extension QuadraticWorkspace {
  fileprivate mutating func setBounds(least: [Double], largest: [Double]) throws {
    try setBounds(lower: least.span, upper: largest.span)
  }
}

/// Seeded mixed-integer programs.
enum RandomIntegerPrograms {
  enum Kind: CaseIterable {
    case cardinality, positions, longShort, lots, costs, references, everything, singular, factor
  }

  /// A portfolio of n assets with conditions of a kind.
  static func program(_ kind: Kind, seed: Int, count n: Int) throws -> MixedIntegerProgram {
    var generator = SeededGenerator(seed: UInt64(seed) &* 31 &+ UInt64(n))
    let matrix = try RandomPrograms.semidefinite(
      order: n, rank: kind == .singular ? max(2, n / 2) : n + 4, using: &generator)
    let q = (0..<n).map { _ in 0.3 * generator.gaussian() }
    let all = Array(0..<n)
    var lower = [Double](repeating: 0, count: n)
    var upper = (0..<n).map { _ in generator.uniform(0.4...0.9) }
    var budget = LinearRow(
      "budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
    var cardinalities: [CardinalityLimit] = []
    var positions: [MinimumPosition] = []
    var lots: [Lot] = []
    var costs: [FixedCost] = []
    let most = 2 + seed % 3
    switch kind {
    case .cardinality, .singular, .factor:
      cardinalities = [CardinalityLimit("names", variables: all, atMost: most)]
    case .positions:
      positions = all.map { MinimumPosition(variable: $0, minimum: 0.25, maximum: 0.7) }
      cardinalities = [CardinalityLimit("names", variables: all, atLeast: 2, atMost: 3)]
    case .longShort:
      lower = upper.map { -$0 }
      positions = all.map {
        MinimumPosition(variable: $0, minimum: 0.2, shortMinimum: 0.1, shortMaximum: 0.3)
      }
      cardinalities = [CardinalityLimit("names", variables: all, atMost: most)]
    case .lots:
      lots = all.map { Lot(variable: $0, size: [0.2, 0.25, 0.15][$0 % 3]) }
      budget = LinearRow(
        "budget", coefficients: [Double](repeating: 1, count: n), lower: 0.9, upper: 1)
    case .costs:
      costs = all.map { FixedCost(variable: $0, cost: 0.02 + 0.01 * Double($0 % 4)) }
    case .references:
      costs = all.map {
        FixedCost(variable: $0, cost: 0.03, reference: $0 < 4 ? 0.25 : 0)
      }
    case .everything:
      lower = lower.indices.map { $0 % 3 == 0 ? -0.3 : 0 }
      upper = upper.map { min($0, 0.6) }
      cardinalities = [
        CardinalityLimit("names", variables: all, atMost: most + 1),
        CardinalityLimit("group", variables: all.filter { $0 % 2 == 0 }, atMost: 2),
      ]
      positions = all.filter { $0 % 3 == 0 }.map {
        MinimumPosition(variable: $0, minimum: 0.1, shortMinimum: 0.05)
      }
      lots = all.filter { $0 % 4 == 1 }.map { Lot(variable: $0, size: 0.15) }
      costs = all.filter { $0 % 2 == 1 }.map {
        FixedCost(variable: $0, cost: 0.02, reference: $0 == 3 ? 0.2 : 0)
      }
    }
    var quadratic = QuadraticTerm.dense(matrix)
    if kind == .factor {
      let loadings = (0..<(2 * n)).map { _ in generator.gaussian() }
      quadratic = .factor(
        try FactorTerm(
          loadings: Matrix(rowCount: n, columnCount: 2, columnMajor: loadings),
          factorCovariance: SymmetricMatrix(rows: [[1, 0.2], [0.2, 0.5]]),
          specificVariances: (0..<n).map { _ in generator.uniform(0.2...1) }))
    }
    return try MixedIntegerProgram(
      QuadraticProgram(
        quadratic: quadratic, linear: q, lowerBounds: lower, upperBounds: upper, rows: [budget]),
      cardinalities: cardinalities, minimumPositions: positions, lots: lots, fixedCosts: costs)
  }
}
