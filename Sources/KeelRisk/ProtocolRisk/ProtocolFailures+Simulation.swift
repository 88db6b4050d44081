public import KeelNumerics

extension ProtocolFailures {
  /// The distribution of losses within a time in simulated scenarios, for any number of protocols.
  ///
  /// Scenario s reads draws `s k` to `s k + k − 1` of the stream, one for each protocol and dependency in their order,
  /// so that scenarios can be split in any way. Standard error of a probability p: `√(p (1 − p) / n)`.
  ///
  /// - Parameters:
  ///   - years: The time in years: finite, not negative.
  ///   - scenarioCount: The number of scenarios n, 1 to 2³¹.
  ///   - stream: The random numbers.
  /// - Returns: The distribution over the sets of failed protocols that came up.
  /// - Throws: `RiskError.invalidValue`.
  /// - Complexity: O(n (protocols + dependencies)).
  public func simulatedDistribution(
    within years: Double,
    scenarioCount: Int,
    stream: RandomStream
  ) throws(RiskError) -> FailureLosses {
    try require(years, "years", in: .nonnegative)
    try require(Double(scenarioCount), "scenarioCount", in: 1...0x1p31)
    let own = protocols.map { $0.failureProbability(within: years) }
    var draws = [Double](repeating: 0, count: own.count + edges.count)
    var counts: [UInt64: Int] = [:]
    for scenario in 0..<scenarioCount {
      var span = draws.mutableSpan
      stream.fillUniform(&span, from: UInt64(scenario) &* UInt64(span.count))
      counts[failed(own: own, draws: draws), default: 0] += 1
    }
    let atoms = counts.sorted { $0.key < $1.key }.map {
      FailureLosses.Atom(
        failed: $0.key, loss: loss(of: $0.key),
        probability: Double($0.value) / Double(scenarioCount))
    }
    return FailureLosses(names: protocols.map(\.name), losses: protocols.map(\.loss), atoms: atoms)
  }

  /// The set that fails when a draw below its probability strikes.
  private func failed(own: [Double], draws: [Double]) -> UInt64 {
    var failed: UInt64 = 0
    for (place, probability) in own.enumerated() where draws[place] < probability {
      failed |= 1 << place
    }
    if failed == 0 { return 0 }
    var isGrowing = true
    while isGrowing {
      isGrowing = false
      for (place, edge) in edges.enumerated()
      where failed >> edge.source & 1 == 1 && failed >> edge.target & 1 == 0
        && draws[own.count + place] < edge.probability
      {
        failed |= 1 << edge.target
        isGrowing = true
      }
    }
    return failed
  }
}
