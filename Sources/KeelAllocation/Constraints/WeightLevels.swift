// Goals: (1) a guess that is soon right; (2) a guess that any answer can correct.
//
// At an optimum under a limit on the k largest |w| some weights are above a level, some at it, and the others below; those at the
// level share in the limit's price, each between zero and wholly. Every weight or share that contradicts its place moves
// to the next one, all at once: a primal-dual active set (Hintermüller, Ito and Kunisch, SIAM J. Optim. 13, 2003) over the
// places of Ogryczak and Tamir's linear form, k t + Σ (|w| − t)⁺ ≤ limit (Information Processing Letters 85, 2003).

import KeelNumerics

/// Which weights are above the level of the k-th largest, at it, and below.
struct WeightLevels: Sendable {
  enum Place: Sendable { case above, level, below }

  /// The number k of weights that are limited.
  let count: Int
  private(set) var places: [Place]
  /// The signs of the weights above and at the level.
  private(set) var signs: [Double]

  /// The fewest moves of a correction so far, and the corrections since.
  private var fewest = Int.max
  private var idleRounds = 0
  /// What the last correction moved up to the level, the largest first.
  private var joined: [Int] = []

  /// Corrections without fewer moves before the places are given up.
  private static let patience = 8

  /// What a weight may be beyond the level, relative to it.
  private static let rounding = 4 * Double.ulpOfOne

  /// The places in the nearest point that keeps a limit; nil where rounding hides them.
  ///
  /// - Parameters:
  ///   - weights: A point that exceeds it.
  ///   - count: The number k of weights that are limited.
  ///   - limit: The largest sum of their magnitudes.
  init?(near weights: [Double], count: Int, limit: Double) {
    let n = weights.count
    let order = weights.indices.sorted {
      (weights[$1].magnitude, $0) < (weights[$0].magnitude, $1)
    }
    let sizes = order.map { weights[$0].magnitude }
    var sums = [0.0]
    for size in sizes { sums.append(sums[sums.count - 1] + size) }
    self.count = count
    signs = weights.map { $0 < 0 ? -1 : 1 }
    places = weights.map { _ in .below }
    // The first p lose the whole price, those from p to q come to the level.
    for p in 0..<count {
      let part = Double(count - p)
      for q in count...n {
        let tied = Double(q - p)
        let price =
          (sums[p] + part * (sums[q] - sums[p]) / tied - limit)
          / (Double(p) + part * part / tied)
        let level = (sums[q] - sums[p] - price * part) / tied
        let slack = Self.rounding * sizes[0]
        if sizes[q - 1] < level - slack { break }
        guard p == 0 || sizes[p - 1] - price >= level - slack, sizes[p] - price <= level + slack,
          q == n || sizes[q] <= level + slack
        else { continue }
        for (rank, i) in order.prefix(q).enumerated() { places[i] = rank < p ? .above : .level }
        return
      }
    }
    return nil
  }

  /// The assets in a place.
  func assets(_ place: Place) -> [Int] { places.indices.filter { places[$0] == place } }

  /// Moves what contradicts its place.
  ///
  /// - Parameters:
  ///   - weights: The best weights with these places, some of them at the level.
  ///   - shares: How far each one at the level counts.
  ///   - tolerance: How far below 0 or above 1 a share may be.
  /// - Returns: How many moved; nil where no places are left, or the moves do not grow fewer.
  mutating func correct(weights: [Double], shares: [Double], tolerance: Double) -> Int? {
    let tied = assets(.level)
    var (least, most) = (Double.infinity, 0.0)
    for i in tied {
      least = min(least, weights[i].magnitude)
      most = max(most, weights[i].magnitude)
    }
    let old = places
    for i in places.indices where places[i] != .level {
      let size = weights[i].magnitude
      if places[i] == .above {
        if signs[i] * weights[i] < least * (1 - Self.rounding) { places[i] = .level }
      } else if size > most * (1 + Self.rounding) {
        places[i] = .level
        signs[i] = weights[i] < 0 ? -1 : 1
      }
    }
    let ranked = tied.sorted { (shares[$1], $0) < (shares[$0], $1) }
    var room = count - places.count { $0 == .above }
    for i in ranked where shares[i] > 1 + tolerance && room > 0 {
      places[i] = .above
      room -= 1
    }
    // At least k weights are above or at the level.
    var spare = places.count { $0 != .below } - count
    for i in ranked.reversed() where shares[i] < -tolerance && spare > 0 {
      places[i] = .below
      spare -= 1
    }
    if room < 0 || spare < 0 { return nil }
    joined = places.indices.filter { old[$0] == .below && places[$0] == .level }
      .sorted { (weights[$1].magnitude, $0) < (weights[$0].magnitude, $1) }
    let moved = places.indices.count { places[$0] != old[$0] }
    idleRounds = moved < fewest ? 0 : idleRounds + 1
    fewest = min(fewest, moved)
    return idleRounds > Self.patience ? nil : moved
  }

  /// Turns the signs of weights to where they would have to move.
  ///
  /// - Parameter forces: The direction of each weight.
  /// - Returns: Whether any was turned.
  mutating func turn(along forces: [Double]) -> Bool {
    var hasTurned = false
    for i in places.indices where places[i] != .below && signs[i] * forces[i] < 0 {
      signs[i] = -signs[i]
      places[i] = .level
      hasTurned = true
    }
    return hasTurned
  }

  /// Takes back half of what the last correction moved up to the level.
  ///
  /// - Returns: Whether there was any.
  mutating func retreat() -> Bool {
    if joined.isEmpty { return false }
    for i in joined[(joined.count / 2)...] { places[i] = .below }
    joined.removeLast(joined.count - joined.count / 2)
    return true
  }

  /// Begins to count corrections anew.
  mutating func renew() { (fewest, idleRounds) = (Int.max, 0) }

  /// Whether the smallest weight above is at least the largest one below, where none is at the level.
  func isRanked(_ weights: [Double]) -> Bool {
    var (least, most) = (Double.infinity, 0.0)
    for i in places.indices {
      if places[i] == .above {
        least = min(least, signs[i] * weights[i])
      } else {
        most = max(most, weights[i].magnitude)
      }
    }
    return most <= least * (1 + Self.rounding)
  }
}
