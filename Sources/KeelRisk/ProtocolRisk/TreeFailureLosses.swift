import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The distribution of losses over protocols whose dependencies form trees, on a lattice of losses.
public struct TreeFailureLosses: Hashable, Sendable {
  /// The protocols, sorted by name.
  public var names: [String] { tree.failures.protocols.map(\.name) }

  /// The step of the lattice, in cash.
  public let lossUnit: Double

  /// What each failure takes, in cash: the multiple of the unit that is nearest.
  public var losses: [Double] { tree.steps.map { Double($0) * lossUnit } }

  /// The probability of a loss of each number of units, from none to all.
  public let probabilities: [Double]

  /// The probability that each protocol fails, by itself or taken by another, in the order of ``names``.
  public let failureProbabilities: [FailureLosses.Part]

  let tree: FailureTree

  init(_ tree: FailureTree, lossUnit: Double) {
    self.tree = tree
    self.lossUnit = lossUnit
    probabilities = tree.lossProbabilities()
    failureProbabilities = zip(tree.failures.protocols, tree.failureProbabilities()).map {
      .init(name: $0.name, value: $1)
    }
  }

  /// The mean of the loss, in cash.
  public var expectedLoss: Double {
    var sum = CompensatedSum()
    for (units, probability) in probabilities.enumerated() { sum.add(Double(units) * probability) }
    return sum.value * lossUnit
  }

  /// The probability of a loss of at least some size.
  ///
  /// - Parameter loss: The loss, in cash.
  /// - Returns: The probability.
  public func probability(ofLossAtLeast loss: Double) -> Double {
    var sum = CompensatedSum()
    for units in probabilities.indices.reversed() {
      guard Double(units) * lossUnit >= loss else { break }
      sum.add(probabilities[units])
    }
    return sum.value
  }

  /// The smallest loss that is exceeded with at most the probability of the tail.
  ///
  /// - Parameter tailProbability: The probability of the tail, a normal number above 0 and up to 1: 0.01 for 99 %.
  /// - Returns: The value at risk, in cash.
  /// - Throws: `RiskError.invalidValue`.
  public func valueAtRisk(tailProbability: Double) throws(RiskError) -> Double {
    Double(try tail(tailProbability).units) * lossUnit
  }

  /// The mean loss in the tail, with the share of the loss at its edge that fills it.
  ///
  /// - Parameter tailProbability: The probability of the tail, a normal number above 0 and up to 1.
  /// - Returns: The expected shortfall, in cash.
  /// - Throws: `RiskError.invalidValue`.
  public func expectedShortfall(tailProbability: Double) throws(RiskError) -> Double {
    let edge = try tail(tailProbability)
    return Self.mean(probabilities, edge, tailProbability) { Double($0) } * lossUnit
  }

  /// The part of each protocol in the expected shortfall, as ``FailureLosses/shortfallContributions(tailProbability:)``.
  ///
  /// - Parameter tailProbability: The probability of the tail, a normal number above 0 and up to 1.
  /// - Returns: The parts in the order of ``names``, in cash; they add to the expected shortfall.
  /// - Throws: `RiskError.invalidValue`.
  /// - Complexity: One distribution for each protocol.
  public func shortfallContributions(
    tailProbability: Double
  ) throws(RiskError) -> [FailureLosses.Part] {
    let edge = try tail(tailProbability)
    return names.enumerated().map { place, name in
      guard tree.steps[place] > 0 else { return .init(name: name, value: 0) }
      let joint = tree.lossProbabilities(failing: place)
      let mass = Self.mean(joint, edge, tailProbability) { _ in 1 }
      return .init(name: name, value: mass * Double(tree.steps[place]) * lossUnit)
    }
  }

  /// The sum over the tail of a number of each loss, over the probability of the tail.
  private static func mean(
    _ probabilities: [Double],
    _ edge: (units: Int, share: Double),
    _ tailProbability: Double,
    _ value: (Int) -> Double
  ) -> Double {
    var sum = CompensatedSum()
    for units in (edge.units..<probabilities.count).reversed() {
      let share = units == edge.units ? edge.share : 1
      sum.add(share * probabilities[units] * value(units))
    }
    return sum.value / tailProbability
  }

  /// Where the tail ends, and the share of the probability there that is inside.
  private func tail(_ probability: Double) throws(RiskError) -> (units: Int, share: Double) {
    try require(probability, "tailProbability", in: Double.leastNormalMagnitude...1)
    var before = CompensatedSum()
    for units in probabilities.indices.reversed() {
      let mass = probabilities[units]
      // The last loss ends every tail, whatever rounding has left of it.
      if before.value + mass > probability * (1 + SampleTail.massTolerance) || units == 0 {
        return (units, mass > 0 ? min(max((probability - before.value) / mass, 0), 1) : 0)
      }
      before.add(mass)
    }
    return (0, 0)
  }
}

// The loss of a protocol that is taken by one other at most, by messages from the leaves to the roots.
//
// Let A_j be the distribution of the losses of j and of all that hangs on it when j fails, B_j when it does not:
//
//   A_j = (loss of j) * Π* M_c(1),   B_j = Π* M_c(0),   M_c(s) = f_c(s) A_c + (1 − f_c(s)) B_c
//   ln(1 − f_c(0)) = −h_c t,   ln(1 − f_c(1)) = −h_c t + ln(1 − q_jc)
//
// over the protocols c that j takes, * and Π* being convolutions; a root has the message M(0), and all roots together
// their convolution. All terms are positive, and both f and 1 − f come from the logarithm: every probability has some
// ulp of relative error for each protocol, and as many as h_c t has units. Without dependencies it is the recursion of
// L. Andersen, J. Sidenius and S. Basu, "All your hedges in one basket", Risk, November 2003. With B_k = 0 the same
// gives the losses together with a failure of k.

extension ProtocolFailures {
  /// The largest number of steps of a lattice: all losses together over the unit.
  public static let latticeLimit = 1 << 14

  /// The exact distribution of losses within a time of protocols that are each taken by one other at most.
  ///
  /// Exact when losses are multiples of the unit, to some ulp relative for each protocol, and as many more as its
  /// hazard times the time; otherwise each loss is moved to the nearest multiple, by half a unit at most.
  ///
  /// - Parameters:
  ///   - years: The time in years: finite, not negative.
  ///   - lossUnit: The step of the lattice, in cash: positive.
  /// - Returns: The distribution.
  /// - Throws: `RiskError.invalidValue`, also for more than ``latticeLimit`` steps; `.shapeMismatch` naming a protocol
  ///   that is taken by several, or that takes itself by way of others.
  /// - Complexity: O(n + m²) for m steps.
  public func treeDistribution(
    within years: Double,
    lossUnit: Double
  ) throws(RiskError) -> TreeFailureLosses {
    try require(years, "years", in: .nonnegative)
    try require(lossUnit, "lossUnit", in: .positive)
    return TreeFailureLosses(
      try FailureTree(self, years: years, lossUnit: lossUnit), lossUnit: lossUnit)
  }
}

/// Protocols that are taken by one other at most.
struct FailureTree: Hashable, Sendable {
  let failures: ProtocolFailures
  /// The losses in units.
  let steps: [Int]
  /// The logarithm of the probability that a protocol does not fail by itself.
  private let logSpared: [Double]
  private let order: [Int]
  /// The source of each protocol; −1 for a root.
  private let sources: [Int]
  /// The logarithm of the probability that the source does not strike; zero for a root.
  private let logMissed: [Double]

  init(_ failures: ProtocolFailures, years: Double, lossUnit: Double) throws(RiskError) {
    let names = failures.protocols.map(\.name)
    var sources = [Int](repeating: -1, count: names.count)
    var logMissed = [Double](repeating: 0, count: names.count)
    for edge in failures.edges {
      guard sources[edge.target] < 0 else {
        throw .shapeMismatch(
          argument: "protocols that take \(names[edge.target])",
          got: failures.edges.count { $0.target == edge.target }, required: 1)
      }
      sources[edge.target] = edge.source
      logMissed[edge.target] = log1p(-edge.probability)
    }
    guard let order = failures.sourcesFirst else {
      let name = Self.placeLeadingBack(sources).map { names[$0] } ?? ""
      throw .shapeMismatch(
        argument: "dependencies that lead back to \(name)", got: 1, required: 0)
    }
    let sizes = failures.protocols.map { ($0.loss / lossUnit).rounded() }
    let total = sizes.reduce(0, +)
    guard total <= Double(ProtocolFailures.latticeLimit) else {
      throw .invalidValue(
        argument: "losses over lossUnit", got: total, lowest: 0,
        highest: Double(ProtocolFailures.latticeLimit))
    }
    // Multiples of the unit may be half a unit larger each.
    try require(total * lossUnit, "sum of losses in units", in: .nonnegative)
    self.failures = failures
    self.order = order
    self.sources = sources
    self.logMissed = logMissed
    steps = sizes.map { Int($0) }
    logSpared = failures.protocols.map { -$0.hazardPerYear * years }
  }

  /// The first protocol that its sources lead back to.
  private static func placeLeadingBack(_ sources: [Int]) -> Int? {
    sources.indices.first { start in
      var place = sources[start]
      // A cycle that does not hold the start is walked until the count ends it.
      for _ in sources.indices where place >= 0 && place != start { place = sources[place] }
      return place == start
    }
  }

  /// The probability of each loss, or of each loss together with a failure of one protocol.
  func lossProbabilities(failing: Int? = nil) -> [Double] {
    var whenFailed = steps.map { [Double](repeating: 0, count: $0) + [1] }
    var whenSpared = [[Double]](repeating: [1], count: steps.count)
    if let failing { whenSpared[failing] = [0] }
    var total = [1.0]
    for j in order.reversed() {
      let message = Self.mix(whenFailed[j], whenSpared[j], logSpared: logSpared[j])
      if sources[j] < 0 {
        total = Self.convolve(total, message)
        continue
      }
      let taken = Self.mix(whenFailed[j], whenSpared[j], logSpared: logSpared[j] + logMissed[j])
      whenFailed[sources[j]] = Self.convolve(whenFailed[sources[j]], taken)
      whenSpared[sources[j]] = Self.convolve(whenSpared[sources[j]], message)
      (whenFailed[j], whenSpared[j]) = ([], [])
    }
    return total
  }

  /// The probability that each protocol fails.
  func failureProbabilities() -> [Double] {
    var result = logSpared.map { -expm1($0) }
    for j in order where sources[j] >= 0 {
      result[j] += exp(logSpared[j]) * -expm1(logMissed[j]) * result[sources[j]]
    }
    return result
  }

  private static func mix(
    _ failed: [Double],
    _ spared: [Double],
    logSpared: Double
  ) -> [Double] {
    let (left, taken) = (exp(logSpared), -expm1(logSpared))
    let count = max(failed.count, spared.count)
    var result = [Double](repeating: 0, count: count)
    for (k, value) in spared.enumerated() { result[k] = left * value }
    for (k, value) in failed.enumerated() { result[k] += taken * value }
    return result
  }

  private static func convolve(_ left: [Double], _ right: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: left.count + right.count - 1)
    var output = result.mutableSpan
    let (short, long) = left.count < right.count ? (left.span, right.span) : (right.span, left.span)
    for i in short.indices where short[i] != 0 {
      let factor = short[i]
      for j in long.indices { output[i + j] += factor * long[j] }
    }
    return result
  }
}
