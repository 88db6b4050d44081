import KeelNumerics

// Goals: (1) exact zeros and exact bounds; (2) optimality conditions at the level of rounding;
// (3) a few factorizations of the free set only.
//
// Starts from the active set that the interior-point iterations point to and pivots in blocks while
// the number of violated conditions falls, one at a time after that (the safeguard of Judice and
// Pires, Computers and Operations Research 21, 1994, with Murty's rule, which is finite for
// strictly convex problems).

/// Turns an approximate solution into one whose active constraints hold exactly.
struct ActiveSetPolish {
  /// Conditions are taken for satisfied within this size relative to their terms.
  private static let tolerance = 1e-13

  /// Block pivots without gain before single pivots.
  private static let blockPatience = 3

  /// The number of systems that are solved at most.
  private static let maximumPivots = 60

  let program: CoreProgram
  private(set) var boundSide: [Int]
  private var rowSide: [Int]
  private(set) var x: [Double]
  private(set) var rowDuals: [Double]
  private(set) var boundDuals: [Double]

  init(_ program: CoreProgram, _ start: InteriorPointOutcome) {
    self.program = program
    boundSide = start.boundSide
    rowSide = start.rowSide
    x = start.x
    rowDuals = start.rowDuals
    boundDuals = start.boundDuals
  }

  /// Starts with some free variables and all others at their lower bounds.
  init(_ program: CoreProgram, support: [Int]) {
    self.program = program
    boundSide = program.lower.map { $0.isFinite ? -1 : 0 }
    for i in support { boundSide[i] = 0 }
    rowSide = program.rows.map { $0.isEquality ? 2 : 0 }
    x = program.lower.map { $0.isFinite ? $0 : 0 }
    rowDuals = [Double](repeating: 0, count: program.rows.count)
    boundDuals = [Double](repeating: 0, count: program.count)
  }

  /// Solves for active sets until one satisfies every condition.
  ///
  /// - Returns: False when no such set was found; the point is then of no use.
  mutating func run() -> Bool {
    var fewest = Int.max
    var patience = Self.blockPatience
    for _ in 0..<Self.maximumPivots {
      guard solveEqualities() else { return false }
      let flips = violations()
      if flips.isEmpty { return true }
      if flips.count < fewest {
        fewest = flips.count
        patience = Self.blockPatience
      } else {
        patience -= 1
      }
      if patience >= 0 {
        for flip in flips { apply(flip) }
      } else if let last = flips.last {
        apply(last)
      }
    }
    return false
  }

  enum Flip {
    case variable(Int, side: Int)
    case row(Int, side: Int)
  }

  mutating func apply(_ flip: Flip) {
    switch flip {
    case .variable(let i, let side): boundSide[i] = side
    case .row(let k, let side): rowSide[k] = side
    }
  }

  /// The minimum over the free variables with the active constraints as equations, as a correction
  /// of the present point, so that a singular P keeps the point where the objective is flat.
  mutating func solveEqualities() -> Bool {
    for i in x.indices where boundSide[i] != 0 {
      x[i] = boundSide[i] < 0 ? program.lower[i] : program.upper[i]
    }
    let free = x.indices.filter { boundSide[$0] == 0 }
    let active = program.rows.indices.filter { rowSide[$0] != 0 }
    for k in program.rows.indices where rowSide[k] == 0 { rowDuals[k] = 0 }
    let (restricted, kept) = restrictedProgram(free, active)
    var system = KKTSystem(
      restricted, borderRows: Array(restricted.rows.indices), shortRows: [])
    let zeros = [Double](repeating: 0, count: free.count)
    guard
      system.factor(
        sigma: zeros, shortWeights: [],
        border: [Double](repeating: 0, count: restricted.rows.count))
    else { return false }
    // Each pass is a Newton step on a quadratic problem: one solves it, the next removes rounding.
    let passes = 3
    for _ in 0..<passes {
      let gradient = gradient()
      let (dx, dv) = system.solve(
        free.map { -gradient[$0] },
        kept.map { k in
          let row = program.rows[k]
          return (rowSide[k] == 1 ? row.upper : row.lower) - row.value(at: x)
        })
      guard largestMagnitude(dx, dv) < .infinity else { return false }
      for (p, i) in free.enumerated() { x[i] += dx[p] }
      for (p, k) in kept.enumerated() { rowDuals[k] -= dv[p] }
    }
    let final = gradient()
    boundDuals = x.indices.map { boundSide[$0] == 0 ? 0 : final[$0] }
    return true
  }

  /// The program of the free variables with the active rows that touch them.
  private func restrictedProgram(_ free: [Int], _ active: [Int]) -> (CoreProgram, [Int]) {
    var position = [Int](repeating: -1, count: program.count)
    for (p, i) in free.enumerated() { position[i] = p }
    var rows: [CoreProgram.Row] = []
    var kept: [Int] = []
    for k in active {
      let row = program.rows[k]
      let pairs = zip(row.indices, row.coefficients).filter { position[$0.0] >= 0 }
      if pairs.isEmpty { continue }
      rows.append(
        CoreProgram.Row(
          indices: pairs.map { position[$0.0] }, coefficients: pairs.map(\.1), lower: 0, upper: 0))
      kept.append(k)
    }
    let quadratic: QuadraticTerm
    switch program.quadratic.kernel {
    case .dense(let matrix):
      quadratic =
        free.count == program.count ? program.quadratic : .dense(matrix.submatrix(at: free))
    case .diagonal(let values): quadratic = .diagonal(free.map { values[$0] })
    case .lowRank(let term):
      let ones = [Double](repeating: 1, count: program.count)
      quadratic = .factor(FactorTerm(lowRank: term.scaled(rowFactors: ones, at: free)))
    }
    return (
      CoreProgram(
        quadratic: quadratic, linear: free.map { program.linear[$0] },
        lower: free.map { program.lower[$0] }, upper: free.map { program.upper[$0] }, rows: rows),
      kept
    )
  }

  /// Px + q − A'y.
  private func gradient() -> [Double] {
    var gradient = sum(program.quadratic.times(x), program.linear)
    program.addTransposedRows(rowDuals.map { -$0 }, to: &gradient)
    return gradient
  }

  /// The conditions that the present point violates, each with the set change that mends it.
  mutating func violations() -> [Flip] {
    var flips: [Flip] = []
    let size = gradientSize()
    let largest = largestMagnitude(x)
    for i in x.indices {
      let slack = Self.tolerance
      switch boundSide[i] {
      case 0:
        if x[i] < program.lower[i] {
          if program.lower[i] - x[i] > slack * (largest + program.lower[i].magnitude) {
            flips.append(.variable(i, side: -1))
          } else {
            x[i] = program.lower[i]
          }
        } else if x[i] > program.upper[i] {
          if x[i] - program.upper[i] > slack * (largest + program.upper[i].magnitude) {
            flips.append(.variable(i, side: 1))
          } else {
            x[i] = program.upper[i]
          }
        }
      case let side:
        let wrong = side < 0 ? -boundDuals[i] : boundDuals[i]
        if wrong > 10 * slack * size[i] {
          flips.append(.variable(i, side: 0))
        } else if wrong > 0 {
          boundDuals[i] = 0
        }
      }
    }
    for (k, row) in program.rows.enumerated() where rowSide[k] != 2 {
      if let side = rowFlip(k, row, size) { flips.append(.row(k, side: side)) }
    }
    return flips
  }

  /// The active rows that do not hold: none of their variables is free.
  func starvedRows() -> [Int] {
    program.rows.indices.filter { k in
      let row = program.rows[k]
      guard rowSide[k] != 0, row.indices.allSatisfy({ boundSide[$0] != 0 }) else { return false }
      let value = row.value(at: x)
      let slack = Self.tolerance * (value.magnitude + largestMagnitude(x))
      return value < row.lower - slack || value > row.upper + slack
    }
  }

  private mutating func rowFlip(_ k: Int, _ row: CoreProgram.Row, _ size: [Double]) -> Int? {
    if rowSide[k] == 0 {
      let value = row.value(at: x)
      var terms = 0.0
      for (i, a) in zip(row.indices, row.coefficients) { terms += (a * x[i]).magnitude }
      if row.lower - value > Self.tolerance * (terms + row.lower.magnitude) { return -1 }
      if value - row.upper > Self.tolerance * (terms + row.upper.magnitude) { return 1 }
      return nil
    }
    let wrong = rowSide[k] < 0 ? -rowDuals[k] : rowDuals[k]
    if wrong <= 0 { return nil }
    for (i, a) in zip(row.indices, row.coefficients)
    where (a * wrong).magnitude > 10 * Self.tolerance * size[i] { return 0 }
    rowDuals[k] = 0
    return nil
  }

  /// The sum of the magnitudes of the terms of the gradient.
  private func gradientSize() -> [Double] {
    var size = program.quadratic.absoluteTimes(x)
    for i in size.indices { size[i] += program.linear[i].magnitude }
    for (k, row) in program.rows.enumerated() where rowDuals[k] != 0 {
      for (i, a) in zip(row.indices, row.coefficients) { size[i] += (a * rowDuals[k]).magnitude }
    }
    return size
  }
}
