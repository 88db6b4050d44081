import KeelNumerics

// The exact distribution of the set of failed protocols.
//
// Let R(F) be the probability that all of F fail when only protocols of F exist. Exactly F fails when all of F do, and
// no other fails by itself or is struck from F:
//
//   P(F) = R(F) Π_(j not in F) u_j(F),   u_j(G) = (1 − p_j) Π_(i in G) (1 − q_ij)
//   R(F) = 1 − Σ_(G ⊂ F, G ≠ F) R(G) Π_(j in F \ G) u_j(G)
//
// (the recursion of F. Ball, "A unified approach to the distribution of total size and total area under the trajectory
// of infectives in epidemic models", Advances in Applied Probability 18 (1986), for arrows that strike once).
// 3ⁿ terms; the subtraction leaves an absolute error of some units of rounding of one. It is for dependencies that lead
// back; without such ones the probabilities are products.

extension ProtocolFailures {
  /// The largest number of protocols whose sets are enumerated where dependencies lead back: 3¹⁶ terms are 43 million.
  public static let enumerationLimit = 16

  /// The largest number of protocols whose sets are enumerated where no dependency leads back: 2²⁰ sets are a million.
  public static let acyclicLimit = 20

  /// The exact distribution of losses within a time.
  ///
  /// Absolute error of a probability: at most 1e-13 where dependencies lead back (a chain of them returns to where it
  /// began); some ulp relative for each protocol otherwise. Trees of any size: ``treeDistribution(within:lossUnit:)``.
  ///
  /// - Parameter years: The time in years: finite, not negative.
  /// - Returns: The distribution over all sets of failed protocols.
  /// - Throws: `RiskError.invalidValue`, or `.shapeMismatch` for more than ``acyclicLimit`` protocols, or more than
  ///   ``enumerationLimit`` where dependencies lead back.
  /// - Complexity: O(3ⁿ) where dependencies lead back, O((n + dependencies) 2ⁿ) otherwise.
  public func distribution(within years: Double) throws(RiskError) -> FailureLosses {
    try require(years, "years", in: .nonnegative)
    let order = sourcesFirst
    let limit = order == nil ? Self.enumerationLimit : Self.acyclicLimit
    guard protocols.count <= limit else {
      throw .shapeMismatch(argument: "protocols", got: protocols.count, required: limit)
    }
    let probabilities =
      if let order {
        acyclicProbabilities(within: years, order: order)
      } else {
        cyclicProbabilities(within: years)
      }
    var atoms: [FailureLosses.Atom] = []
    atoms.reserveCapacity(probabilities.count)
    for (failed, probability) in probabilities.enumerated() where probability > 0 {
      let failed = UInt64(failed)
      atoms.append(.init(failed: failed, loss: loss(of: failed), probability: probability))
    }
    return FailureLosses(names: protocols.map(\.name), losses: protocols.map(\.loss), atoms: atoms)
  }

  /// The probability that each set fails, by its number.
  private func cyclicProbabilities(within years: Double) -> [Double] {
    let spared = sparedProducts(protocols.map { $0.failureProbability(within: years) })
    let joint = jointProbabilities(spared)
    let all = joint.count - 1
    return joint.indices.map { failed in
      let rest = all & ~failed
      return joint[failed] * Self.product(of: spared, given: failed, over: rest, protocols.count)
    }
  }

  /// `u_j(G)` at place `G n + j`.
  private func sparedProducts(_ own: [Double]) -> [Double] {
    let count = own.count
    var strikes = [Double](repeating: 1, count: count * count)
    for edge in edges { strikes[edge.source * count + edge.target] = 1 - edge.probability }
    var spared = [Double](repeating: 0, count: (1 << count) * count)
    for j in 0..<count { spared[j] = 1 - own[j] }
    for set in 1..<(1 << count) {
      let last = set.trailingZeroBitCount
      let before = set & (set - 1)
      for j in 0..<count {
        spared[set * count + j] = spared[before * count + j] * strikes[last * count + j]
      }
    }
    return spared
  }

  /// Every set sends what it adds to the sums of the sets above it; sets above have larger numbers.
  private func jointProbabilities(_ spared: [Double]) -> [Double] {
    let count = protocols.count
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

  private static func product(
    of spared: [Double],
    given set: Int,
    over others: Int,
    _ count: Int
  ) -> Double {
    var product = 1.0
    var left = others
    while left != 0 {
      product *= spared[set * count + left.trailingZeroBitCount]
      left &= left - 1
    }
    return product
  }
}
