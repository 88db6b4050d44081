/// A point of an ``ExpectedShortfallProgram`` with its tail.
public struct ExpectedShortfallPoint: Hashable, Sendable {
  /// The variables.
  public let variables: [Double]

  /// The expected shortfall of the losses at the point, recomputed from the variables.
  public let expectedShortfall: Double

  /// The smallest loss that is exceeded with a probability of at most 1 − confidence.
  public let valueAtRisk: Double

  /// The dual value of each scenario: its share of the worst case, not negative, at most its
  /// probability over 1 − confidence, summing to one.
  ///
  /// The derivative of the least objective with respect to the loss in scenario s is the weight of
  /// the shortfall times the share of s.
  public let scenarioMultipliers: [Double]

  /// Creates a point.
  init(
    variables: [Double],
    expectedShortfall: Double,
    valueAtRisk: Double,
    scenarioMultipliers: [Double]
  ) {
    self.variables = variables
    self.expectedShortfall = expectedShortfall
    self.valueAtRisk = valueAtRisk
    self.scenarioMultipliers = scenarioMultipliers
  }
}
