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
    improvement.begin(matrix, times: factor, at: bound.extraction.diagonal)
    let value = try searchDiagonal(box, &point, lower)
    if stop != nil { return }
    use(room.chosenDiagonal)
    point.copyElements(of: room.chosenPoint)
    if value == lower { return }
    improvedDiagonal.copyElements(of: room.chosenDiagonal)
    hasImprovedDiagonal = true
    try tryCandidates(around: point, box)
    if stop != nil { return }
    lower = max(lower, value, try largestBound(box, &point))
    if stop == nil && lower < cutoff && bound.removePieces(reaching: cutoff, from: &box) {
      close(cutoff)
      if !domains.propagate(&box) { lower = cutoff }
    }
  }

  /// Follows the improvement to a larger bound than one that is known, and keeps the diagonal and the
  /// point of the largest.
  private mutating func searchDiagonal(
    _ box: DomainBox,
    _ point: inout [Double],
    _ lower: Double
  ) throws(OptimizationError) -> Double {
    var largest = lower
    room.chosenDiagonal.copyElements(of: bound.extraction.diagonal)
    room.chosenPoint.copyElements(of: point)
    var withoutGain = 0
    for _ in 0..<Self.mostDiagonals where withoutGain < Self.curvaturePatience {
      setGains(at: point)
      guard improvement.setNext(&room.nextDiagonal, gains: room.gains) else { break }
      use(room.nextDiagonal)
      let value = try largestBound(box, &point)
      if stop != nil { return largest }
      withoutGain += 1
      if value > largest {
        largest = value
        room.chosenDiagonal.copyElements(of: room.nextDiagonal)
        room.chosenPoint.copyElements(of: point)
        withoutGain = 0
      }
    }
    return largest
  }

  /// The number of diagonals that nodes try.
  var diagonalCount: Int { hasImprovedDiagonal ? 2 : 1 }

  /// Goes over to one of them, the better one at the root first.
  mutating func useDiagonal(_ place: Int) {
    use(hasImprovedDiagonal && place == 0 ? improvedDiagonal : firstExtraction.diagonal)
  }

  /// Makes bounds and relaxations split off a diagonal.
  private mutating func use(_ diagonal: [Double]) {
    if weights.curvatures == diagonal { return }
    bound.extraction.replaceDiagonal(proved: diagonal)
    weights.replaceCurvatures(diagonal)
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
      point.copyElements(of: relaxed.point)
      result = max(
        result, bound.value(at: point, rowDuals: relaxed.rowMultipliers, box: box))
    }
    return result
  }

  /// Sets what a unit of curvature of each variable adds to the relaxation.
  private mutating func setGains(at point: [Double]) {
    room.gains.refill(point.count, with: 0)
    for i in point.indices {
      let distance = point[i] - domains.center[i]
      room.gains[i] = distance * distance * (1 / weights.fractions[i] - 1) / 2
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
