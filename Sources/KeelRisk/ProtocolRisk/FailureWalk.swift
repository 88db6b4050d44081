#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The walk of the sets of failed protocols, group by group.
//
// In an order in which sources come before targets, whether a protocol that is a group of its own fails depends on the
// protocols before it alone:
//
//   P(F) = Π_j (j in F ? 1 − u_j(F) : u_j(F)),   ln u_j(F) = −h_j t + Σ_(i in F) ln(1 − q_ij)
//
// Nothing is subtracted from one, 1 − u being −expm1(ln u): every probability has full relative accuracy. The sets are
// walked as a tree, so that a factor is found once for all sets that share it; a larger group has a branch for each of its sets,
// whose probabilities are kept for all failed sources that strike it alike.
//
// J. Pearl, "Probabilistic Reasoning in Intelligent Systems" (1988), section 4.3 (independent causes that each suffice).

extension ProtocolFailures {
  /// The protocols that lead back to one another, in an order in which sources come before targets.
  ///
  /// From the protocols that are reached (R. Tarjan, "Depth-first search and linear graph algorithms", SIAM Journal on
  /// Computing 1 (1972), needs less work for larger graphs).
  var groupsSourcesFirst: [[Int]] {
    let count = protocols.count
    // Whom a protocol may take, as bits.
    var reached = (0..<count).map { UInt64(1) << $0 }
    for edge in edges { reached[edge.source] |= 1 << edge.target }
    for middle in 0..<count {
      for source in 0..<count where reached[source] >> middle & 1 == 1 {
        reached[source] |= reached[middle]
      }
    }
    var groups: [[Int]] = []
    for place in 0..<count {
      let group = (0..<count).filter {
        reached[place] >> $0 & 1 == 1 && reached[$0] >> place & 1 == 1
      }
      if group[0] == place { groups.append(group) }
    }
    // Who reaches more comes before those that it reaches.
    return groups.enumerated().sorted {
      let (left, right) = (reached[$0.element[0]], reached[$1.element[0]])
      return left.nonzeroBitCount == right.nonzeroBitCount
        ? $0.offset < $1.offset : left.nonzeroBitCount > right.nonzeroBitCount
    }.map(\.element)
  }

  /// The places in an order in which sources come before targets; nil where dependencies lead back.
  var sourcesFirst: [Int]? {
    let groups = groupsSourcesFirst
    return groups.count == protocols.count ? groups.map { $0[0] } : nil
  }

  /// The probability that each set fails, by its number.
  func probabilitiesOfSets(within years: Double, groups: [[Int]]) -> [Double] {
    var walk = FailureWalk(
      groups: groups.map { members in
        FailureWalk.Group(
          members: members,
          logSpared: members.map { -protocols[$0].hazardPerYear * years },
          strikes: members.map { place in
            edges.filter { $0.target == place && !members.contains($0.source) }
              .map { (1 << $0.source, log1p(-$0.probability)) }
          }, inside: inside(members))
      }, protocolCount: protocols.count)
    walk.descend(0, failed: 0, probability: 1)
    return walk.probabilities
  }

  private func inside(_ members: [Int]) -> FailureGroup {
    let count = members.count
    var strikes = [Double](repeating: 0, count: count * count)
    for edge in edges {
      if let i = members.firstIndex(of: edge.source), let j = members.firstIndex(of: edge.target) {
        strikes[i * count + j] = edge.probability
      }
    }
    return FailureGroup(count: count, strikes: strikes)
  }
}

/// The sets of failed protocols, walked group by group.
private struct FailureWalk {
  struct Group {
    let members: [Int]
    /// The logarithm of the probability that a member does not fail by itself.
    let logSpared: [Double]
    /// The sources of a member outside, as bits, with the logarithms of the probabilities that they do not strike.
    let strikes: [[(source: Int, log: Double)]]
    let inside: FailureGroup
    /// All sources outside.
    let sources: Int
    /// The probabilities of the sets of members, by failed sources.
    var known: [Int: [Double]] = [:]

    init(
      members: [Int],
      logSpared: [Double],
      strikes: [[(source: Int, log: Double)]],
      inside: FailureGroup
    ) {
      self.members = members
      self.logSpared = logSpared
      self.strikes = strikes
      self.inside = inside
      sources = strikes.joined().reduce(0) { $0 | $1.source }
    }

    /// The logarithm of the probability that a member neither fails by itself nor is struck from outside.
    func logSpared(_ member: Int, failed: Int) -> Double {
      var log = logSpared[member]
      for strike in strikes[member] where failed & strike.source != 0 { log += strike.log }
      return log
    }

    mutating func probabilities(failed: Int) -> [Double] {
      if let result = known[failed & sources] { return result }
      let result = inside.probabilities(
        logOwn: members.indices.map { logSpared($0, failed: failed) })
      known[failed & sources] = result
      return result
    }

    /// A set of members as one of protocols.
    func places(_ set: Int) -> Int {
      members.indices.reduce(0) { set >> $1 & 1 == 1 ? $0 | 1 << members[$1] : $0 }
    }
  }

  private var groups: [Group]
  private(set) var probabilities: [Double]

  init(groups: [Group], protocolCount: Int) {
    self.groups = groups
    probabilities = [Double](repeating: 0, count: 1 << protocolCount)
  }

  mutating func descend(_ depth: Int, failed: Int, probability: Double) {
    guard probability > 0 else { return }
    guard depth < groups.count else {
      probabilities[failed] = probability
      return
    }
    if groups[depth].members.count == 1 {
      let log = groups[depth].logSpared(0, failed: failed)
      descend(depth + 1, failed: failed, probability: probability * exp(log))
      descend(
        depth + 1, failed: failed | 1 << groups[depth].members[0],
        probability: probability * -expm1(log))
      return
    }
    for (set, part) in groups[depth].probabilities(failed: failed).enumerated() {
      let places = groups[depth].places(set)
      descend(depth + 1, failed: failed | places, probability: probability * part)
    }
  }
}
