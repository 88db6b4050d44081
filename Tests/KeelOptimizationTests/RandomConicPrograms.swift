import Foundation
import KeelNumerics
import KeelOptimization
import KeelTestSupport

/// Seeded conic programs whose answers are known because they are built from them.
struct RandomConicPrograms {
  /// The kinds of cones of a program.
  enum Family: String, CaseIterable, Sendable {
    case linear, secondOrder, exponential, power, semidefinite, all

    var isSymmetric: Bool {
      switch self {
      case .linear, .secondOrder, .semidefinite: true
      case .exponential, .power, .all: false
      }
    }
  }

  /// A program with an optimal pair of points.
  struct Solved {
    let program: ConicProgram
    let x: [Double]
    let duals: ConicDuals
  }

  var generator: SeededGenerator

  init(seed: Int) { generator = SeededGenerator(seed: UInt64(seed)) }

  mutating func normals(_ count: Int) -> [Double] { (0..<count).map { _ in generator.gaussian() } }

  // MARK: Cones

  /// The cones of a program of a family, with the number of rows of each.
  mutating func cones(_ family: Family, size: Int) -> [(Cone, Int)] {
    let linear: [(Cone, Int)] = [(.nonnegative, 2 + size)]
    let secondOrder: [(Cone, Int)] = (0..<(1 + size / 3)).map {
      (.secondOrder, 1 + $0 % 5 + size / 4)
    }
    let exponential: [(Cone, Int)] = (0..<(1 + size / 2)).map { _ in (.exponential, 3) }
    let power: [(Cone, Int)] = (0..<(1 + size / 2)).map { _ in
      (.power(exponent: generator.uniform(0.1...0.9)), 3)
    }
    let order = 1 + size / 3
    let semidefinite: [(Cone, Int)] = [
      (.positiveSemidefinite(order: order), order * (order + 1) / 2),
      (.positiveSemidefinite(order: 2), 3),
    ]
    return switch family {
    case .linear: linear
    case .secondOrder: secondOrder + linear
    case .exponential: exponential
    case .power: power
    case .semidefinite: semidefinite
    case .all: linear + secondOrder + exponential + power + semidefinite
    }
  }

  /// A member of a cone and one of its dual with product zero.
  mutating func complementaryPair(_ cone: Cone, _ count: Int) -> (s: [Double], z: [Double]) {
    switch cone {
    case .zero: return ([Double](repeating: 0, count: count), normals(count))
    case .nonnegative:
      let isActive = (0..<count).map { _ in generator.uniform() < 0.5 }
      return (
        isActive.map { $0 ? 0 : generator.uniform(0.1...2) },
        isActive.map { $0 ? generator.uniform(0.1...2) : 0 }
      )
    case .secondOrder:
      let tail = normals(count - 1)
      let size = tail.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let zeros = [Double](repeating: 0, count: count)
      switch generator.next() % 4 {
      case 0: return ([size + 1] + tail, zeros)
      case 1: return (zeros, [size + 1] + tail)
      default:
        let factor = generator.uniform(0.2...2)
        return ([size] + tail, [size * factor] + tail.map { -$0 * factor })
      }
    case .exponential:
      let x = generator.gaussian()
      let y = generator.uniform(0.3...2)
      let slope = exp(x / y)
      let factor = generator.uniform(0.2...2)
      return (
        [x, y, y * slope], [-slope * factor, -slope * (1 - x / y) * factor, factor]
      )
    case .power(let alpha):
      let x = generator.uniform(0.3...2)
      let y = generator.uniform(0.3...2)
      let z = pow(x, alpha) * pow(y, 1 - alpha)
      let factor = generator.uniform(0.2...2)
      let sign = generator.uniform() < 0.5 ? -1.0 : 1
      return (
        [x, y, sign * z],
        [alpha * z / x * factor, (1 - alpha) * z / y * factor, -sign * factor]
      )
    case .positiveSemidefinite(let order):
      let basis = orthogonal(order)
      let rank = (order + 1) / 2
      let s = (0..<order).map { $0 < rank ? generator.uniform(0.2...2) : 0 }
      let z = (0..<order).map { $0 < rank ? 0 : generator.uniform(0.2...2) }
      return (triangle(basis, s, offDiagonal: 1), triangle(basis, z, offDiagonal: 2))
    }
  }

  /// A member of the interior of the dual cone.
  mutating func dualInterior(_ cone: Cone, _ count: Int) -> [Double] {
    switch cone {
    case .exponential: return [-1, generator.uniform(-0.9...1), generator.uniform(1...2)]
    case .positiveSemidefinite(let order):
      return triangle(
        orthogonal(order), (0..<order).map { _ in generator.uniform(0.2...2) }, offDiagonal: 2)
    default: return interior(cone, count)
    }
  }

  /// A member of the interior of the cone; of the cone itself for the zero cone.
  mutating func interior(_ cone: Cone, _ count: Int) -> [Double] {
    switch cone {
    case .zero: return [Double](repeating: 0, count: count)
    case .nonnegative: return (0..<count).map { _ in generator.uniform(0.1...2) }
    case .secondOrder:
      let tail = normals(count - 1)
      return [tail.reduce(0) { $0 + $1 * $1 }.squareRoot() + generator.uniform(0.1...1)] + tail
    case .exponential: return [generator.uniform(-1...1), 1, 3]
    case .power:
      return [generator.uniform(1...2), generator.uniform(1...2), generator.uniform(-0.5...0.5)]
    case .positiveSemidefinite(let order):
      return triangle(
        orthogonal(order), (0..<order).map { _ in generator.uniform(0.2...2) }, offDiagonal: 1)
    }
  }

  private mutating func orthogonal(_ order: Int) -> [[Double]] {
    var basis: [[Double]] = []
    for _ in 0..<order {
      var v = normals(order)
      for _ in 0..<2 {
        for u in basis {
          let product = zip(u, v).reduce(0) { $0 + $1.0 * $1.1 }
          v = zip(v, u).map { $0 - product * $1 }
        }
      }
      let size = v.reduce(0) { $0 + $1 * $1 }.squareRoot()
      basis.append(v.map { $0 / size })
    }
    return basis
  }

  private func triangle(_ basis: [[Double]], _ values: [Double], offDiagonal: Double) -> [Double] {
    var result: [Double] = []
    for j in values.indices {
      for i in j..<values.count {
        let sum = values.indices.reduce(0) { $0 + values[$1] * basis[$1][i] * basis[$1][j] }
        result.append(i == j ? sum : sum * offDiagonal)
      }
    }
    return result
  }

  // MARK: Programs

  /// A program with a known optimum; every third has a quadratic objective, every fourth no equation.
  static func solved(_ family: Family, seed: Int) throws -> Solved {
    var maker = RandomConicPrograms(seed: seed &* 7919 &+ family.rawValue.count)
    let size = seed % 12
    var cones = maker.cones(family, size: size)
    let n = 2 + size
    if seed % 4 != 0 { cones.append((.zero, 1 + n / 4)) }
    let x = maker.normals(n)
    var q = [Double](repeating: 0, count: n)
    var quadratic: QuadraticTerm?
    if seed % 3 == 0 {
      let p = try RandomPrograms.semidefinite(
        order: n, rank: max(1, n / 2), using: &maker.generator)
      quadratic = .dense(p)
      for i in 0..<n { for j in 0..<n { q[i] -= p[i, j] * x[j] } }
    }
    var blocks: [ConicConstraint] = []
    var duals: [[Double]] = []
    for (k, (cone, count)) in cones.enumerated() {
      let (s, z) = maker.complementaryPair(cone, count)
      let f = s.indices.map { _ in maker.normals(n) }
      for i in 0..<n { for r in s.indices { q[i] += f[r][i] * z[r] } }
      blocks.append(
        ConicConstraint(
          "block \(k)", in: cone,
          s.indices.map { r in
            AffineExpression(
              coefficients: f[r], constant: s[r] - zip(f[r], x).reduce(0) { $0 + $1.0 * $1.1 })
          }))
      duals.append(z)
    }
    let program = try ConicProgram(quadratic: quadratic, linear: q, constraints: blocks)
    return Solved(program: program, x: x, duals: ConicDuals(of: program, blocks: duals))
  }

  /// A program whose blocks contradict each other, by construction of their multipliers.
  ///
  /// - Parameters:
  ///   - family: The kinds of cones.
  ///   - seed: The seed.
  ///   - hasPrivateVariables: Whether each exponential and power cone has a variable of its own,
  ///     which the multipliers do not see.
  /// - Returns: The program.
  /// - Throws: Nothing that its construction allows.
  static func infeasible(
    _ family: Family,
    seed: Int,
    hasPrivateVariables: Bool = false
  ) throws -> ConicProgram {
    var maker = RandomConicPrograms(seed: seed &* 104_729 &+ family.rawValue.count)
    let size = seed % 12
    var cones = maker.cones(family, size: size)
    let n = 2 + size
    if seed % 2 == 0 { cones.append((.zero, 1 + n / 4)) }
    let z = cones.map { maker.dualInterior($0.0, $0.1) }
    let square = z.joined().reduce(0) { $0 + $1 * $1 }
    var f = cones.map { (_, count) in (0..<count).map { _ in maker.normals(n) } }
    var g = cones.map { maker.normals($0.1) }
    for i in 0..<n {
      var product = 0.0
      for k in z.indices { for r in z[k].indices { product += f[k][r][i] * z[k][r] } }
      for k in z.indices { for r in z[k].indices { f[k][r][i] -= product / square * z[k][r] } }
    }
    var product = 0.0
    for k in z.indices { for r in z[k].indices { product += g[k][r] * z[k][r] } }
    let margin = seed % 3 == 0 ? 0.01 : 1
    for k in z.indices {
      for r in z[k].indices { g[k][r] -= (product + margin) / square * z[k][r] }
    }
    var linear = maker.normals(n)
    var blocks = cones.indices.map { k in
      ConicConstraint(
        "block \(k)", in: cones[k].0,
        g[k].indices.map { AffineExpression(coefficients: f[k][$0], constant: g[k][$0]) })
    }
    for k in blocks.indices where hasPrivateVariables && PrivateVariable.isFor(blocks[k]) {
      var column = maker.normals(3)
      let product = zip(column, z[k]).reduce(0) { $0 + $1.0 * $1.1 }
      let square = z[k].reduce(0) { $0 + $1 * $1 }
      for r in 0..<3 { column[r] -= product / square * z[k][r] }
      blocks[k] = PrivateVariable(index: linear.count, column: column).added(to: blocks[k])
      linear.append(maker.generator.gaussian())
    }
    return try ConicProgram(linear: linear, constraints: blocks)
  }

  /// A feasible program with a direction along which the objective falls forever.
  static func unbounded(_ family: Family, seed: Int) throws -> ConicProgram {
    var maker = RandomConicPrograms(seed: seed &* 15_485_863 &+ family.rawValue.count)
    let size = seed % 12
    var cones = maker.cones(family, size: size)
    let n = 2 + size
    if seed % 2 == 0 { cones.append((.zero, 1 + n / 4)) }
    let direction = maker.normals(n)
    let inside = maker.normals(n)
    let square = direction.reduce(0) { $0 + $1 * $1 }
    var blocks: [ConicConstraint] = []
    for (k, (cone, count)) in cones.enumerated() {
      let target = maker.interior(cone, count)
      let start = maker.interior(cone, count)
      blocks.append(
        ConicConstraint(
          "block \(k)", in: cone,
          (0..<count).map { r in
            var f = maker.normals(n)
            let product = zip(f, direction).reduce(0) { $0 + $1.0 * $1.1 }
            for i in 0..<n { f[i] += (target[r] - product) / square * direction[i] }
            return AffineExpression(
              coefficients: f, constant: start[r] - zip(f, inside).reduce(0) { $0 + $1.0 * $1.1 })
          }))
    }
    var q = maker.normals(n)
    let product = zip(q, direction).reduce(0) { $0 + $1.0 * $1.1 }
    for i in 0..<n { q[i] -= (product + 1) / square * direction[i] }
    return try ConicProgram(linear: q, constraints: blocks)
  }
}
