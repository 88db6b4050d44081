import KeelNumerics

// The exact distribution of the set of failed protocols.
//
// Protocols that lead back to one another fail together as a group; groups have an order in which sources come before
// targets, in which the sets are walked (FailureWalk.swift). A protocol that leads back to none is a group
// of its own, whose probabilities are products (FailureGroup.swift for the others).

extension ProtocolFailures {
  /// The largest number of protocols that lead back to one another: 3¹⁶ terms are 43 million.
  public static let enumerationLimit = 16

  /// The largest number of protocols whose sets are enumerated: 2²⁰ sets are a million.
  public static let acyclicLimit = 20

  /// The exact distribution of losses within a time.
  ///
  /// Error of a probability: some ulp relative for each protocol; absolute, at most 1e-13, where more than eight protocols lead
  /// back to one another (a chain of dependencies returns to where it began). Trees of any size: ``treeDistribution(within:lossUnit:)``.
  ///
  /// - Parameter years: The time in years: finite, not negative.
  /// - Returns: The distribution over all sets of failed protocols.
  /// - Throws: `RiskError.invalidValue`, or `.shapeMismatch` for more than ``acyclicLimit`` protocols, or more than
  ///   ``enumerationLimit`` that lead back to one another.
  /// - Complexity: O((n + dependencies) 2ⁿ), and O(3ᵐ) for m that lead back to one another, for each set of their sources
  ///   among the others: some seconds for the largest.
  public func distribution(within years: Double) throws(RiskError) -> FailureLosses {
    try require(years, "years", in: .nonnegative)
    guard protocols.count <= Self.acyclicLimit else {
      throw .shapeMismatch(
        argument: "protocols", got: protocols.count, required: Self.acyclicLimit)
    }
    let groups = groupsSourcesFirst
    for group in groups where group.count > Self.enumerationLimit {
      throw .shapeMismatch(
        argument: "protocols that lead back to one another", got: group.count,
        required: Self.enumerationLimit)
    }
    let probabilities = probabilitiesOfSets(within: years, groups: groups)
    var atoms: [FailureLosses.Atom] = []
    atoms.reserveCapacity(probabilities.count)
    for (failed, probability) in probabilities.enumerated() where probability > 0 {
      let failed = UInt64(failed)
      atoms.append(.init(failed: failed, loss: loss(of: failed), probability: probability))
    }
    return FailureLosses(names: protocols.map(\.name), losses: protocols.map(\.loss), atoms: atoms)
  }
}
