#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The exact distribution of the set of failed protocols where no dependency leads back.
//
// In an order in which sources come before targets, whether a protocol fails depends on the protocols before it alone:
//
//   P(F) = Π_j (j in F ? 1 − u_j(F) : u_j(F)),   ln u_j(F) = −h_j t + Σ_(i in F) ln(1 − q_ij)
//
// Nothing is subtracted from one, 1 − u being −expm1(ln u): every probability has full relative accuracy. The sets are
// walked as a tree of two branches a protocol, so that a factor is found once for all sets that share it.
//
// J. Pearl, "Probabilistic Reasoning in Intelligent Systems" (1988), section 4.3 (independent causes that each suffice).

extension ProtocolFailures {
  /// The places in an order in which sources come before targets; nil where dependencies lead back.
  var sourcesFirst: [Int]? {
    var waiting = [Int](repeating: 0, count: protocols.count)
    for edge in edges { waiting[edge.target] += 1 }
    var order = waiting.indices.filter { waiting[$0] == 0 }
    var next = 0
    while next < order.count {
      for edge in edges where edge.source == order[next] {
        waiting[edge.target] -= 1
        if waiting[edge.target] == 0 { order.append(edge.target) }
      }
      next += 1
    }
    return order.count == protocols.count ? order : nil
  }

  /// The probability that each set fails, by its number.
  func acyclicProbabilities(within years: Double, order: [Int]) -> [Double] {
    var walk = FailureWalk(
      order: order, logSpared: protocols.map { -$0.hazardPerYear * years },
      strikes: protocols.indices.map { place in
        edges.filter { $0.target == place }.map { (1 << $0.source, log1p(-$0.probability)) }
      })
    walk.descend(0, failed: 0, probability: 1)
    return walk.probabilities
  }
}

/// The sets of failed protocols, walked protocol by protocol.
private struct FailureWalk {
  let order: [Int]
  /// The logarithm of the probability that a protocol does not fail by itself.
  let logSpared: [Double]
  /// The sources of a protocol, as bits, with the logarithms of the probabilities that they do not strike.
  let strikes: [[(source: Int, log: Double)]]
  private(set) var probabilities: [Double]

  init(order: [Int], logSpared: [Double], strikes: [[(source: Int, log: Double)]]) {
    self.order = order
    self.logSpared = logSpared
    self.strikes = strikes
    probabilities = [Double](repeating: 0, count: 1 << order.count)
  }

  mutating func descend(_ depth: Int, failed: Int, probability: Double) {
    guard probability > 0 else { return }
    guard depth < order.count else {
      probabilities[failed] = probability
      return
    }
    let place = order[depth]
    var log = logSpared[place]
    for strike in strikes[place] where failed & strike.source != 0 { log += strike.log }
    descend(depth + 1, failed: failed, probability: probability * exp(log))
    descend(depth + 1, failed: failed | 1 << place, probability: probability * -expm1(log))
  }
}
