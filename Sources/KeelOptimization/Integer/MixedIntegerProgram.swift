import KeelNumerics

/// A convex quadratic program some of whose variables may take few values only.
///
/// ```text
/// minimize  1/2 x'Px + q'x + Σ costᵢ [xᵢ ≠ referenceᵢ]
/// subject to  the rows and bounds of the program,
///   atLeast ≤ number of xᵢ ≠ 0 among a set ≤ atMost,
///   xᵢ = 0  or  minimum ≤ xᵢ ≤ maximum  (or −shortMaximum ≤ xᵢ ≤ −shortMinimum),
///   xᵢ / size is an integer
/// ```
///
/// Several conditions may hold for one variable; its bounds in the program stay in force. The value
/// is checked when it is made. See <doc:IntegerPrograms>.
public struct MixedIntegerProgram: Hashable, Sendable {
  /// The program without the conditions.
  public internal(set) var program: QuadraticProgram

  /// The limits on the number of variables that are not zero.
  public let cardinalities: [CardinalityLimit]

  /// The variables that are zero or not small.
  public let minimumPositions: [MinimumPosition]

  /// The variables that are multiples of a lot.
  public let lots: [Lot]

  /// The costs of leaving a reference.
  public let fixedCosts: [FixedCost]

  /// Creates a program.
  ///
  /// - Parameters:
  ///   - program: The continuous program.
  ///   - cardinalities: Limits on counts, with names of their own; sets may overlap.
  ///   - minimumPositions: At most one a variable.
  ///   - lots: At most one a variable.
  ///   - fixedCosts: At most one a variable.
  /// - Throws: ``OptimizationError/invalidIndex(argument:got:count:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)``,
  ///   ``OptimizationError/duplicateName(_:)``,
  ///   ``OptimizationError/conflictingBounds(name:lower:upper:)`` for limits that contradict each
  ///   other, ``OptimizationError/missingMinimum(name:variable:)``.
  /// - Complexity: O(variables + conditions).
  public init(
    _ program: QuadraticProgram,
    cardinalities: [CardinalityLimit] = [],
    minimumPositions: [MinimumPosition] = [],
    lots: [Lot] = [],
    fixedCosts: [FixedCost] = []
  ) throws(OptimizationError) {
    self.program = program
    self.cardinalities = cardinalities
    self.minimumPositions = minimumPositions
    self.lots = lots
    self.fixedCosts = fixedCosts
    try requireDistinct("minimumPositions", minimumPositions.map(\.variable))
    try requireDistinct("lots", lots.map(\.variable))
    try requireDistinct("fixedCosts", fixedCosts.map(\.variable))
    for (k, position) in minimumPositions.enumerated() { try require(position, k) }
    for (k, lot) in lots.enumerated() where !(lot.size > 0 && lot.size.isFinite) {
      throw .invalidValue(argument: "lots", index: k, got: lot.size, allowed: .positive)
    }
    for (k, fixed) in fixedCosts.enumerated() {
      guard fixed.cost >= 0, fixed.cost.isFinite else {
        throw .invalidValue(
          argument: "fixedCosts", index: k, got: fixed.cost, allowed: .nonnegative)
      }
      guard fixed.reference.isFinite else {
        throw .invalidValue(
          argument: "fixedCosts", index: k, got: fixed.reference, allowed: .finite)
      }
    }
    try requireCardinalities()
  }

  /// The objective with the fixed costs.
  ///
  /// - Parameter x: The variables.
  /// - Returns: The objective, or NaN when the count of variables is another.
  /// - Complexity: O(n²) for a dense quadratic term.
  public func objective(at x: [Double]) -> Double { program.objective(at: x) + fixedCost(at: x) }

  /// The sum of the fixed costs that a point pays.
  ///
  /// - Parameter x: The variables.
  /// - Returns: The sum, or NaN when the count of variables is another.
  /// - Complexity: O(fixed costs).
  public func fixedCost(at x: [Double]) -> Double {
    guard x.count == program.variableCount else { return .nan }
    var sum = 0.0
    for fixed in fixedCosts where x[fixed.variable] != fixed.reference { sum += fixed.cost }
    return sum
  }
}

/// A limit on how many variables of a set may, or must, be other than zero.
public struct CardinalityLimit: Hashable, Sendable {
  /// The name, by which results speak of the limit.
  public let name: String

  /// The indices of the variables that count.
  public let variables: [Int]

  /// The least number of variables that are not zero.
  public let atLeast: Int

  /// The largest number of variables that are not zero.
  public let atMost: Int

  /// Creates a limit.
  ///
  /// - Parameters:
  ///   - name: The name, different from that of rows, variables and other limits.
  ///   - variables: The indices of the variables that count, each once.
  ///   - atLeast: The least count. Above zero each variable needs a minimum position, a lot or
  ///     bounds without zero: otherwise any small number would count.
  ///   - atMost: The largest count; more than there are variables is no limit.
  public init(_ name: String, variables: [Int], atLeast: Int = 0, atMost: Int) {
    self.name = name
    self.variables = variables
    self.atLeast = atLeast
    self.atMost = atMost
  }
}

/// A variable that is zero or not small.
public struct MinimumPosition: Hashable, Sendable {
  /// The index of the variable.
  public let variable: Int

  /// The least value above zero.
  public let minimum: Double

  /// The largest value; +∞ leaves it to the program.
  public let maximum: Double

  /// The least size below zero; nil allows nothing below zero.
  public let shortMinimum: Double?

  /// The largest size below zero; +∞ leaves it to the program.
  public let shortMaximum: Double

  /// Creates a condition.
  ///
  /// - Parameters:
  ///   - variable: The index of the variable.
  ///   - minimum: The least value above zero; zero or more.
  ///   - maximum: The largest value.
  ///   - shortMinimum: The least size of a negative value, given as a positive number; nil for none.
  ///   - shortMaximum: The largest size of a negative value, given as a positive number.
  public init(
    variable: Int,
    minimum: Double,
    maximum: Double = .infinity,
    shortMinimum: Double? = nil,
    shortMaximum: Double = .infinity
  ) {
    self.variable = variable
    self.minimum = minimum
    self.maximum = maximum
    self.shortMinimum = shortMinimum
    self.shortMaximum = shortMaximum
  }
}

/// A variable that is an integer multiple of a lot.
public struct Lot: Hashable, Sendable {
  /// The index of the variable.
  public let variable: Int

  /// The size of one lot in the unit of the variable.
  public let size: Double

  /// The number of lots from which on a `Double` resolves single lots no more: 2⁵³.
  static let mostResolved = 0x1p53

  /// Creates a condition.
  ///
  /// - Parameters:
  ///   - variable: The index of the variable.
  ///   - size: The size of one lot; positive. The variable becomes `Double(count) * size`; lots of
  ///     which the bounds of the variable hold 2⁵³ or more are no condition.
  public init(variable: Int, size: Double) {
    self.variable = variable
    self.size = size
  }
}

/// A cost that is paid when a variable is not at its reference.
public struct FixedCost: Hashable, Sendable {
  /// The index of the variable.
  public let variable: Int

  /// The cost in the unit of the objective.
  public let cost: Double

  /// The value that costs nothing, such as the present weight.
  public let reference: Double

  /// Creates a cost.
  ///
  /// - Parameters:
  ///   - variable: The index of the variable.
  ///   - cost: The cost in the unit of the objective; not negative.
  ///   - reference: The value that costs nothing.
  public init(variable: Int, cost: Double, reference: Double = 0) {
    self.variable = variable
    self.cost = cost
    self.reference = reference
  }
}

// MARK: - Checks

extension MixedIntegerProgram {
  private func requireDistinct(
    _ argument: String,
    _ variables: [Int]
  ) throws(OptimizationError) {
    var isUsed = [Bool](repeating: false, count: program.variableCount)
    for i in variables {
      guard isUsed.indices.contains(i), !isUsed[i] else {
        throw .invalidIndex(argument: argument, got: i, count: program.variableCount)
      }
      isUsed[i] = true
    }
  }

  private func require(_ position: MinimumPosition, _ index: Int) throws(OptimizationError) {
    let name = program.variableName(position.variable)
    var sides = [(position.minimum, position.maximum)]
    if let short = position.shortMinimum { sides.append((short, position.shortMaximum)) }
    for (least, largest) in sides {
      guard least >= 0, least.isFinite else {
        throw .invalidValue(
          argument: "minimumPositions", index: index, got: least, allowed: .nonnegative)
      }
      guard largest >= 0 else {
        throw .invalidValue(
          argument: "minimumPositions", index: index, got: largest, allowed: 0 ... .infinity)
      }
      guard least <= largest else {
        throw .conflictingBounds(name: name, lower: least, upper: largest)
      }
    }
  }

  private func requireCardinalities() throws(OptimizationError) {
    var names = Set(program.rows.map(\.name) + program.variableNames)
    for limit in cardinalities {
      guard names.insert(limit.name).inserted else { throw .duplicateName(limit.name) }
      try requireDistinct(limit.name, limit.variables)
      guard limit.atMost >= 0 else {
        throw .invalidValue(
          argument: limit.name, index: 0, got: Double(limit.atMost), allowed: .nonnegative)
      }
      guard limit.atLeast <= min(limit.atMost, limit.variables.count) else {
        throw .conflictingBounds(
          name: limit.name, lower: Double(limit.atLeast),
          upper: Double(min(limit.atMost, limit.variables.count)))
      }
      if limit.atLeast <= 0 { continue }
      for i in limit.variables where !isSeparatedFromZero(i) {
        throw .missingMinimum(name: limit.name, variable: program.variableName(i))
      }
    }
  }

  /// Whether a value other than zero has a least size.
  private func isSeparatedFromZero(_ i: Int) -> Bool {
    if program.lowerBounds[i] > 0 || program.upperBounds[i] < 0 { return true }
    if lots.contains(where: { $0.variable == i }) { return true }
    return minimumPositions.contains {
      $0.variable == i && $0.minimum > 0 && $0.shortMinimum.map { $0 > 0 } ?? true
    }
  }

  /// Checks a point against every row, bound and condition.
  ///
  /// Rows and bounds may be missed by rounding, as ``Certificate/optimalTolerances`` says; zeros are
  /// exact, and a lot must be `Double(count) * size` to the last bit.
  ///
  /// - Parameter x: The variables.
  /// - Returns: The name of a row, variable or limit that is violated, or nil.
  /// - Throws: ``OptimizationError/shapeMismatch(argument:got:required:)``,
  ///   ``OptimizationError/invalidValue(argument:index:got:allowed:)`` for a number that is not
  ///   finite.
  /// - Complexity: O(n + entries of the rows).
  public func firstViolation(at x: [Double]) throws(OptimizationError) -> String? {
    guard x.count == program.variableCount else {
      throw .shapeMismatch(argument: "x", got: x.count, required: program.variableCount)
    }
    for (i, value) in x.enumerated() where !value.isFinite {
      throw .invalidValue(argument: "x", index: i, got: value, allowed: .finite)
    }
    return violation(at: x)
  }

  /// The same for finite numbers of the right count.
  func violation(at x: [Double]) -> String? {
    let tolerance = Certificate.optimalTolerances.primal
    let largest = largestMagnitude(x)
    func isMissed(_ value: Double, _ lower: Double, _ upper: Double, _ size: Double) -> Bool {
      let bound = value < lower ? lower : upper
      let amount = max(lower - value, value - upper)
      return amount > 0 && !(amount <= tolerance * (size + bound.magnitude))
    }
    for i in x.indices
    where isMissed(x[i], program.lowerBounds[i], program.upperBounds[i], largest) {
      return program.variableName(i)
    }
    for row in program.rows {
      var size = 0.0
      for (i, a) in zip(row.indices, row.coefficients) { size += (a * x[i]).magnitude }
      if isMissed(row.value(at: x), row.lower, row.upper, size) { return row.name }
    }
    for lot in lots {
      let count = (x[lot.variable] / lot.size).rounded()
      if count.magnitude >= Lot.mostResolved { continue }
      if count * lot.size != x[lot.variable] { return program.variableName(lot.variable) }
    }
    for position in minimumPositions {
      let value = x[position.variable]
      if value == 0 || !isMissed(value, position.minimum, position.maximum, largest) { continue }
      if let short = position.shortMinimum,
        !isMissed(-value, short, position.shortMaximum, largest)
      {
        continue
      }
      return program.variableName(position.variable)
    }
    for limit in cardinalities {
      var count = 0
      for i in limit.variables where x[i] != 0 { count += 1 }
      if count < limit.atLeast || count > limit.atMost { return limit.name }
    }
    return nil
  }
}
