import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// Seeded programs whose constraints contradict each other by a chosen margin, or hold by one.
///
/// Every family states a contradiction of relative size `margin`: the terms of the contradicting
/// sum are about one. A negative margin makes the twin that is feasible by so little.
struct ContradictionFamilies {
  /// A kind of contradiction.
  enum Family: CaseIterable, Hashable {
    /// a'x ≤ b and a'x ≥ b (1 + margin).
    case opposedRows
    /// Caps that sum to less than the budget.
    case budgetOverCaps
    /// Floors that sum to more than the budget.
    case floorsOverBudget
    /// Caps of groups that sum to less than the budget.
    case groupsUnderBudget
    /// A floor of a group above the caps of its members, and a looser one beside it.
    case groupOverCaps
    /// Two ranges and a third on their sum.
    case ranges
    /// Equations of which one is a combination of the others, with another right-hand side.
    case equations
    /// Differences around a cycle that cannot all be kept.
    case cycle
    /// Random inequalities and the one that Farkas' lemma forbids.
    case farkas
    /// The same with bounds that absorb some columns.
    case farkasWithBounds
    /// Many copies of harmless rows around two opposed ones.
    case duplicates
    /// Less turnover than the floors need.
    case turnover
    /// Rows that force variables to their bounds one after the other, until one row fails.
    case forcing
    /// Overlapping groups: pairs of three assets, each pair capped.
    case overlappingGroups
  }

  /// What the objective is.
  enum Objective: CaseIterable, Hashable { case zero, diagonal, semidefinite, definite, linear }

  /// Margins relative to the terms of the contradiction.
  static let margins = [1, 1e-1, 1e-3, 1e-6, 1e-7, 1e-8, 1e-9]

  /// Whether rows and variables are in units of 10^±6.
  enum Units: CaseIterable, Hashable { case one, rows, columns, both }

  var generator: SeededGenerator
  private(set) var rows: [LinearRow] = []
  private(set) var lower: [Double] = []
  private(set) var upper: [Double] = []

  init(seed: Int) { generator = SeededGenerator(seed: UInt64(seed) &* 7919) }

  /// One program of a family.
  static func program(
    _ family: Family,
    seed: Int,
    margin: Double,
    objective: Objective,
    units: Units
  ) throws -> QuadraticProgram {
    var families = ContradictionFamilies(seed: seed)
    families.make(family, count: 1 + seed % 30, margin: margin)
    return try families.program(objective, units)
  }

  // MARK: - Parts

  private mutating func gaussians(_ count: Int) -> [Double] {
    (0..<count).map { _ in generator.gaussian() }
  }

  private mutating func free(_ count: Int) {
    lower = [Double](repeating: -.infinity, count: count)
    upper = [Double](repeating: .infinity, count: count)
  }

  private mutating func box(_ count: Int, _ low: Double, _ high: Double) {
    lower = [Double](repeating: low, count: count)
    upper = [Double](repeating: high, count: count)
  }

  private mutating func add(
    _ coefficients: [Double],
    lower: Double = -.infinity,
    upper: Double = .infinity
  ) {
    rows.append(
      LinearRow("row \(rows.count)", coefficients: coefficients, lower: lower, upper: upper))
  }

  /// Positive numbers with the sum `total`.
  private mutating func shares(_ count: Int, total: Double) -> [Double] {
    let raw = (0..<count).map { _ in generator.uniform(0.2...1) }
    let sum = raw.reduce(0, +)
    return raw.map { $0 / sum * total }
  }

  private func times(_ a: [Double], _ x: [Double]) -> Double {
    zip(a, x).reduce(0) { $0 + $1.0 * $1.1 }
  }

  // MARK: - Families

  private mutating func make(_ family: Family, count n: Int, margin: Double) {
    let ones = [Double](repeating: 1, count: n)
    switch family {
    case .opposedRows: opposedRows(n, margin)
    case .budgetOverCaps:
      box(n, 0, 1)
      upper = shares(n, total: 1 - margin / 2)
      if margin >= 1 { upper = shares(n, total: 0.1) }
      add(ones, lower: 1, upper: 1)
    case .floorsOverBudget:
      box(n, 0, 2)
      lower = shares(n, total: 1 + margin)
      upper = lower.map { $0 + 1 }
      add(ones, lower: 1, upper: 1)
    case .groupsUnderBudget: groupsUnderBudget(n, margin)
    case .groupOverCaps: groupOverCaps(n, margin)
    case .ranges: ranges(n, margin)
    case .equations: equations(n, margin)
    case .cycle: cycle(n, margin)
    case .farkas: farkas(n, margin, hasBounds: false)
    case .farkasWithBounds: farkas(n, margin, hasBounds: true)
    case .duplicates:
      opposedRows(n, margin)
      for k in 0..<(2 + n % 5) {
        add(Array(rows[k % 2].dense(n)), lower: rows[k % 2].lower, upper: rows[k % 2].upper)
      }
    case .turnover: turnover(1 + n % 10, margin)
    case .forcing: forcing(n, margin)
    case .overlappingGroups: overlappingGroups(n, margin)
    }
  }

  private mutating func opposedRows(_ n: Int, _ margin: Double) {
    if generator.uniform() < 0.5 { free(n) } else { box(n, -10, 10) }
    var a = gaussians(n)
    if generator.uniform() < 0.3 { a = a.map { $0 < 0 && n > 1 ? 0 : $0.magnitude + 0.1 } }
    // Large enough that the box contains points on the row.
    if !a.contains(where: { $0.magnitude > 0.5 }) { a[0] = 1 }
    let b = generator.uniform(0.5...2)
    add(a, upper: b)
    add(a, lower: b * (1 + margin))
  }

  private mutating func groupsUnderBudget(_ n: Int, _ margin: Double) {
    box(n, 0, 1)
    let groups = min(n, 1 + n % 6)
    let caps = shares(groups, total: 1 - min(margin, 0.9))
    for g in 0..<groups {
      add((0..<n).map { $0 % groups == g ? 1 : 0 }, lower: 0, upper: caps[g])
    }
    add([Double](repeating: 1, count: n), lower: 1, upper: 1)
  }

  private mutating func groupOverCaps(_ n: Int, _ margin: Double) {
    box(n, 0, 0.3)
    let members = (0..<n).map { $0 == 0 || generator.uniform() < 0.5 ? 1.0 : 0 }
    let most = members.reduce(0, +) * 0.3
    add(members, lower: most * (1 + margin), upper: most * 3)
    add(members, lower: most / 2)
    add([Double](repeating: 1, count: n), upper: 100)
  }

  private mutating func ranges(_ n: Int, _ margin: Double) {
    let n = max(n, 3)
    if generator.uniform() < 0.5 { free(n) } else { box(n, -20, 20) }
    let a = gaussians(n)
    let b = gaussians(n)
    add(a, lower: 1, upper: 2)
    add(b, lower: 1, upper: 2)
    let third = zip(a, b).map { $0 + 2 * $1 }
    if generator.uniform() < 0.5 {
      add(third, lower: 6 * (1 + margin), upper: 100)
    } else {
      add(third, lower: -100, upper: 3 * (1 - margin))
    }
  }

  private mutating func equations(_ n: Int, _ margin: Double) {
    if generator.uniform() < 0.7 { free(n) } else { box(n, -20, 20) }
    let inside = (0..<n).map { _ in generator.uniform(-1...1) }
    let count = 1 + n % 5
    var combined = [Double](repeating: 0, count: n)
    var value = 0.0
    var terms = 0.0
    for _ in 0..<count {
      let a = gaussians(n)
      let factor = generator.uniform(0.3...1.5)
      let right = times(a, inside)
      add(a, lower: right, upper: right)
      combined = zip(combined, a).map { $0 + factor * $1 }
      value += factor * right
      terms += factor * zip(a, inside).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
    }
    let right = value + max(margin, 0) * terms
    add(combined, lower: right, upper: margin > 0 ? right : right + -margin * terms)
  }

  private mutating func cycle(_ n: Int, _ margin: Double) {
    let n = max(n, 2)
    if generator.uniform() < 0.5 { free(n) } else { box(n, -50, 50) }
    for i in 0..<n {
      var a = [Double](repeating: 0, count: n)
      a[i] = 1
      a[(i + 1) % n] -= 1
      add(a, lower: i < n - 1 ? 1 : -Double(n - 1) * (1 - margin))
    }
  }

  private mutating func farkas(_ n: Int, _ margin: Double, hasBounds: Bool) {
    free(n)
    let count = 1 + n % 7
    let inside = (0..<n).map { _ in generator.uniform(-1...1) }
    var combined = [Double](repeating: 0, count: n)
    var value = 0.0
    var terms = 0.0
    for _ in 0..<count {
      let a = gaussians(n)
      let factor = generator.uniform(0.1...2)
      // An upper bound attained inside, so that the last row cannot be met by a margin.
      let right = times(a, inside)
      add(a, upper: right)
      combined = zip(combined, a).map { $0 + factor * $1 }
      value += factor * right
      terms += factor * zip(a, inside).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
    }
    if hasBounds {
      for i in 0..<n where generator.uniform() < 0.6 {
        let weight = generator.uniform(0.1...1)
        // The last row gains weight × (variable at its bound).
        if generator.uniform() < 0.5 {
          upper[i] = inside[i]
          combined[i] += weight
          value += weight * inside[i]
        } else {
          lower[i] = inside[i]
          combined[i] -= weight
          value -= weight * inside[i]
        }
        terms += (weight * inside[i]).magnitude
      }
    }
    add(combined, lower: value + margin * terms)
  }

  /// Weights w, purchases b and sales s: w − b + s = h, Σ (b + s) ≤ τ, w₀ far above h₀.
  private mutating func turnover(_ n: Int, _ margin: Double) {
    box(3 * n, 0, 1)
    let held = shares(n, total: 1)
    let step = 0.5 * (1 - held[0]) + (n == 1 ? 0.2 : 0)
    for i in 0..<n {
      var a = [Double](repeating: 0, count: 3 * n)
      a[i] = 1
      a[n + i] = -1
      a[2 * n + i] = 1
      add(a, lower: held[i], upper: held[i])
    }
    let budget = (0..<(3 * n)).map { $0 < n ? 1.0 : 0 }
    if n > 1 { add(budget, lower: 1, upper: 1) } else { upper[0] = 5 }
    add(
      (0..<(3 * n)).map { $0 < n ? 0.0 : 1 },
      upper: (n > 1 ? 2 : 1) * step * (1 - min(margin, 0.9)))
    lower[0] = held[0] + step
  }

  /// x₀ ≤ 0 pins x₀, then x₁ − x₀ ≤ 0 pins x₁ and so on; the last row wants their sum.
  private mutating func forcing(_ n: Int, _ margin: Double) {
    box(n, 0, 1)
    for i in 0..<n {
      var a = [Double](repeating: 0, count: n)
      a[i] = 1
      if i > 0 { a[i - 1] = -1 }
      add(a, upper: i == 0 && margin < 0 ? 2 * -margin : 0)
    }
    add([Double](repeating: 1, count: n), lower: margin > 0 ? margin : -margin / 2)
  }

  /// Of any three assets two may hold half of the budget at most.
  private mutating func overlappingGroups(_ n: Int, _ margin: Double) {
    let n = max(n, 3)
    box(n, 0, 1)
    let cap = 2 * (1 - min(margin, 0.9)) / 3
    for (i, j) in [(0, 1), (1, 2), (0, 2)] {
      add((0..<n).map { $0 % 3 == i || $0 % 3 == j ? 1 : 0 }, upper: cap)
    }
    add([Double](repeating: 1, count: n), lower: 1, upper: 1)
  }

  // MARK: - The program

  private mutating func program(_ objective: Objective, _ units: Units) throws -> QuadraticProgram {
    let n = lower.count
    shuffle()
    var linear = [Double](repeating: 0, count: n)
    var diagonal = [Double](repeating: 0, count: n)
    var dense: SymmetricMatrix?
    switch objective {
    case .zero: break
    case .linear: linear = gaussians(n)
    case .diagonal: diagonal = (0..<n).map { _ in generator.uniform(0...1) }
    case .semidefinite:
      dense = try RandomPrograms.semidefinite(order: n, rank: max(1, n / 3), using: &generator)
    // A slope only along curvature, so that feasible twins are bounded.
    case .definite:
      dense = try RandomPrograms.semidefinite(order: n, rank: n + 2, using: &generator)
      linear = gaussians(n)
    }
    let columns = (0..<n).map { _ in
      units == .columns || units == .both ? power(generator.uniform(-6...6)) : 1
    }
    if var matrix = dense {
      for i in 0..<n { for j in 0...i { matrix[i, j] *= columns[i] * columns[j] } }
      dense = matrix
    }
    var scaled: [LinearRow] = []
    for row in rows {
      let unit = units == .rows || units == .both ? power(generator.uniform(-6...6)) : 1
      scaled.append(
        LinearRow(
          row.name, indices: row.indices,
          coefficients: zip(row.indices, row.coefficients).map { $1 * columns[$0] * unit },
          lower: row.lower * unit, upper: row.upper * unit))
    }
    return try QuadraticProgram(
      quadratic: dense.map { .dense($0) }
        ?? .diagonal(zip(diagonal, columns).map { $0 * $1 * $1 }),
      linear: zip(linear, columns).map { $0 * $1 },
      lowerBounds: zip(lower, columns).map { $0 / $1 },
      upperBounds: zip(upper, columns).map { $0 / $1 }, rows: scaled)
  }

  /// Puts rows and variables into another order.
  private mutating func shuffle() {
    rows.shuffle(using: &generator)
    let order = lower.indices.shuffled(using: &generator)
    lower = order.map { lower[$0] }
    upper = order.map { upper[$0] }
    let n = lower.count
    rows = rows.map { row in
      let dense = row.dense(n)
      return LinearRow(
        row.name, coefficients: order.map { dense[$0] }, lower: row.lower, upper: row.upper)
    }
  }

  /// 2^k near 10^exponent: units that round nothing.
  private func power(_ exponent: Double) -> Double {
    Double(sign: .plus, exponent: Int((exponent * 3.32).rounded()), significand: 1)
  }
}

extension LinearRow {
  /// The coefficients of all variables.
  func dense(_ count: Int) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    for (i, a) in zip(indices, coefficients) { result[i] = a }
    return result
  }
}
