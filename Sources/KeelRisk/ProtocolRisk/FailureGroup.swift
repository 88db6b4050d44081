import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// Protocols that lead back to one another: the distribution of the set of them that fails.
//
// Let R(F) be the probability that all of F fail when only protocols of F exist. Exactly F fails when all of F do, and
// no other fails by itself or is struck from F:
//
//   P(F) = R(F) Π_(j not in F) u_j(F),   u_j(G) = (1 − p_j) s_j(G),   s_j(G) = Π_(i in G) (1 − q_ij)
//
// In small groups R is a sum over those that fail by themselves and over the waves that follow: with W(I, S) the
// probability that I, which failed last, and those that it strikes take all of S,
//
//   R(F) = Σ_(A ⊆ F) Π_(A) p_j Π_(F \ A) (1 − p_j) W(A, F \ A)
//   W(I, S) = Σ_(T ⊆ S, T ≠ ∅) Π_(T) (1 − s_j(I)) Π_(S \ T) s_j(I) W(T, S \ T),   W(I, ∅) = 1
//
// Nothing is subtracted from one: full relative accuracy, for 4ⁿ terms once and 3ⁿ for each p. In larger groups
//
//   R(F) = 1 − Σ_(G ⊂ F, G ≠ F) R(G) Π_(j in F \ G) u_j(G)
//
// (the recursion of F. Ball, "A unified approach to the distribution of total size and total area under the trajectory
// of infectives in epidemic models", Advances in Applied Probability 18 (1986), for arrows that strike once), 3ⁿ terms; the
// subtraction leaves an absolute error of some units of rounding of one.

/// A group of protocols with the strikes between them.
struct FailureGroup {
  let count: Int
  /// q of source and target, at place `source n + target`.
  private let strikes: [Double]
  /// W of those that failed last and those that are left, at place `last 2ⁿ + left`; empty for a large group.
  private let waves: [Double]

  /// The largest group of which waves are summed: 4⁸ terms are 65 536, a millisecond.
  static let largestOfWaves = 8

  init(count: Int, strikes: [Double]) {
    self.count = count
    self.strikes = strikes
    waves = count <= Self.largestOfWaves && count > 1 ? Self.waves(count, strikes) : []
  }

  private static func waves(_ count: Int, _ strikes: [Double]) -> [Double] {
    let size = 1 << count
    var result = [Double](repeating: 0, count: size * size)
    // ln s_j(I) at place I n + j.
    var logSpared = [Double](repeating: 0, count: size * count)
    for set in 1..<size {
      let last = set.trailingZeroBitCount
      for j in 0..<count {
        logSpared[set * count + j] =
          logSpared[(set & (set - 1)) * count + j] + log1p(-strikes[last * count + j])
      }
    }
    for last in 1..<size { result[last * size] = 1 }
    var (products, masks) = ([1.0], [0])
    for left in 1..<size {
      let others = (size - 1) & ~left
      var last = others
      while last != 0 {
        // The subsets T of those left with the probabilities that exactly they are struck.
        (products, masks) = ([1.0], [0])
        for j in 0..<count where left >> j & 1 == 1 {
          let log = logSpared[last * count + j]
          let (spared, struck) = (exp(log), -expm1(log))
          for k in 0..<products.count {
            products.append(products[k] * struck)
            masks.append(masks[k] | 1 << j)
            products[k] *= spared
          }
        }
        var sum = 0.0
        for k in 1..<products.count where products[k] > 0 {
          sum += products[k] * result[masks[k] * size + (left & ~masks[k])]
        }
        result[last * size + left] = sum
        last = (last - 1) & others
      }
    }
    return result
  }

  /// The probability that each set of the group fails, by its number.
  ///
  /// - Parameter logOwn: The logarithm of the probability that each neither fails by itself nor is struck from outside.
  /// - Returns: The probabilities.
  func probabilities(logOwn: [Double]) -> [Double] {
    let spared = sparedProducts(logOwn.map { exp($0) })
    let joint = waves.isEmpty ? jointProbabilities(spared) : jointByWaves(logOwn)
    let all = joint.count - 1
    return joint.indices.map { failed in
      var product = joint[failed]
      var left = all & ~failed
      while left != 0 {
        product *= spared[failed * count + left.trailingZeroBitCount]
        left &= left - 1
      }
      return product
    }
  }

  /// R by the waves.
  private func jointByWaves(_ logOwn: [Double]) -> [Double] {
    let size = 1 << count
    // Π (1 − p) and Π p of each set.
    var spared = [Double](repeating: 1, count: size)
    var failing = spared
    for set in 1..<size {
      let (last, before) = (set.trailingZeroBitCount, set & (set - 1))
      spared[set] = spared[before] * exp(logOwn[last])
      failing[set] = failing[before] * -expm1(logOwn[last])
    }
    return (0..<size).map { set in
      guard set > 0 else { return 1 }
      var (sum, own) = (0.0, set)
      while own != 0 {
        sum += failing[own] * spared[set & ~own] * waves[own * size + (set & ~own)]
        own = (own - 1) & set
      }
      return sum
    }
  }

  /// `u_j(G)` at place `G n + j`.
  private func sparedProducts(_ ownSpared: [Double]) -> [Double] {
    var spared = [Double](repeating: 0, count: (1 << count) * count)
    for j in 0..<count { spared[j] = ownSpared[j] }
    for set in 1..<(1 << count) {
      let last = set.trailingZeroBitCount
      let before = set & (set - 1)
      for j in 0..<count {
        spared[set * count + j] = spared[before * count + j] * (1 - strikes[last * count + j])
      }
    }
    return spared
  }

  /// Every set sends what it adds to the sums of the sets above it; sets above have larger numbers.
  private func jointProbabilities(_ spared: [Double]) -> [Double] {
    let all = (1 << count) - 1
    var joint = [Double](repeating: 1, count: all + 1)
    var sums = [CompensatedSum](repeating: CompensatedSum(), count: all + 1)
    var (products, masks) = ([1.0], [0])
    for set in 0...all {
      if set > 0 { joint[set] = max(1 - sums[set].value, 0) }
      // Sets of others, each from the one without its last member.
      products.removeLast(products.count - 1)
      masks.removeLast(masks.count - 1)
      products[0] = joint[set]
      var left = all & ~set
      while left != 0 {
        let other = left.trailingZeroBitCount
        left &= left - 1
        let factor = spared[set * count + other]
        for k in 0..<products.count {
          products.append(products[k] * factor)
          masks.append(masks[k] | 1 << other)
        }
      }
      for k in products.indices.dropFirst() { sums[set | masks[k]].add(products[k]) }
    }
    return joint
  }
}
