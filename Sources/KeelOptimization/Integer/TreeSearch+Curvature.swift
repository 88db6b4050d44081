// The diagonal is improved once, at the root, where the gap is wide enough for a large tree. Below the
// root, where decisions have been made, the first one is sometimes better: nodes try both.

import KeelNumerics

extension TreeSearch {
  /// A root gap below this part of the objective is left to the tree.
  private static let wideGap = 0.05

  /// Diagonals that are tried, and rounds of the relaxation for each.
  private static let mostDiagonals = 30
  private static let roundsForEach = 3

  /// Diagonals without gain before the end, more than the barrier takes to fall.
  private static let curvaturePatience = 15

  /// Looks for a diagonal with which the bound of the root is larger, and goes on with it.
  ///
  /// - Parameters:
  ///   - box: The box of the root; decisions that the new bound settles are taken out.
  ///   - point: The point of the relaxation.
  ///   - lower: The bound.
  /// - Throws: What solving a relaxation throws.
  mutating func strengthen(
    _ box: inout DomainBox,
    _ point: inout [Double],
    _ lower: inout Double
  ) throws(OptimizationError) {
    guard let best, lower > -.infinity, !weights.isPlain,
      best.objective - lower > Self.wideGap * best.objective.magnitude,
      bound.extraction.diagonal.allSatisfy({ $0 > 0 }),
      case .dense(let matrix, let factor) = problem.program.quadratic.kernel
    else { return }
    if !hasLots { try exchangeNames() }
    if stop != nil { return }
    var improvement = CurvatureImprovement(
      factor == 1 ? matrix : matrix.multiplied(by: factor), at: bound.extraction.diagonal)
    var chosen = (lower: lower, diagonal: bound.extraction.diagonal, point: point)
    var withoutGain = 0
    for _ in 0..<Self.mostDiagonals where withoutGain < Self.curvaturePatience {
      guard let diagonal = improvement.next(gains: gains(at: point)) else { break }
      use(diagonal)
      let value = try largestBound(box, &point)
      if stop != nil { return }
      withoutGain += 1
      if value > chosen.lower {
        chosen = (value, diagonal, point)
        withoutGain = 0
      }
    }
    use(chosen.diagonal)
    point = chosen.point
    if chosen.lower == lower { return }
    diagonals.insert(chosen.diagonal, at: 0)
    try tryCandidates(around: point, box)
    if stop != nil { return }
    lower = max(lower, chosen.lower, try largestBound(box, &point))
    if stop == nil && lower < cutoff && bound.removePieces(reaching: cutoff, from: &box) {
      close(cutoff)
      if !domains.propagate(&box) { lower = cutoff }
    }
  }

  /// Makes bounds and relaxations split off a diagonal.
  mutating func use(_ diagonal: [Double]) {
    if diagonals.count == 1 && weights.curvatures == diagonal { return }
    bound.extraction = CurvatureExtraction(proved: diagonal, bound.extraction)
    weights.curvatures = diagonal
  }

  /// The largest bound of some rounds of the relaxation.
  private mutating func largestBound(
    _ box: DomainBox,
    _ point: inout [Double]
  ) throws(OptimizationError) -> Double {
    var result = -Double.infinity
    for _ in 0..<Self.roundsForEach {
      let end = try solveRelaxed(box, around: point)
      if stop != nil { return result }
      guard case .optimal = end else { return result }
      point = relaxed.point
      result = max(
        result, bound.value(at: point, rowDuals: relaxed.rowMultipliers, box: box))
    }
    return result
  }

  /// What a unit of curvature of each variable adds to the relaxation.
  private func gains(at point: [Double]) -> [Double] {
    point.indices.map { i in
      let distance = point[i] - domains.center[i]
      return distance * distance * (1 / weights.fractions[i] - 1) / 2
    }
  }
}

/// Which diagonal the next round of a node uses: each one once, then the one with the largest bound.
struct DiagonalChoice {
  private let count: Int
  private var tried = 0
  private var best = (value: -Double.infinity, place: 0)

  init(count: Int) { self.count = count }

  var next: Int { tried < count ? tried : best.place }

  /// Takes note of the bound with the diagonal that was next.
  mutating func note(_ value: Double) {
    if value > best.value { best = (value, next) }
    if tried < count { tried += 1 }
  }
}
