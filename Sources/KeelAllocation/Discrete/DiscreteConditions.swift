import KeelData
import KeelNumerics
import KeelOptimization

/// The conditions of a discrete choice in the order of a universe.
struct DiscreteConditions {
  /// What a search found.
  struct Found {
    let weights: [Double]
    let upperBound: Double
    let isProved: Bool
    let nodeCount: Int
  }

  private let universe: Universe
  private let counts: [CardinalityLimit]
  private let least: [Double]
  private let lots: [Double]
  private let fees: [Double]
  private let current: [Double]
  private let settings: QuadraticSolver.Settings

  init(_ choice: DiscreteUtility, _ universe: Universe) throws(AllocationError) {
    self.universe = universe
    settings = choice.utility.settings
    var counts: [CardinalityLimit] = []
    for count in choice.counts {
      var members: [Int] = []
      for asset in (count.assets ?? Set(universe.assets)).sorted() {
        guard let position = universe.position(of: asset) else {
          throw .universeMismatch(position: nil, left: asset, right: nil)
        }
        members.append(position)
      }
      counts.append(
        CardinalityLimit(
          count.name, variables: members.sorted(), atLeast: count.atLeast, atMost: count.atMost))
    }
    self.counts = counts
    least = try choice.leastPosition.resolved("leastPosition", over: universe)
    lots = try choice.lots.resolved("lots", over: universe)
    fees = try choice.fees?.resolved(over: universe) ?? universe.assets.map { _ in 0 }
    current = choice.fees?.current.values ?? universe.assets.map { _ in 0 }
  }

  /// The names of what is not convex.
  private var names: [String] {
    counts.map(\.name) + (least.contains { $0 > 0 } ? ["least position"] : [])
      + (lots.contains { $0 > 0 } ? ["lots"] : [])
  }

  /// The fees that weights pay.
  func fee(_ x: [Double]) -> Double {
    var sum = CompensatedSum()
    for i in x.indices where x[i] != current[i] { sum.add(fees[i]) }
    return sum.value
  }

  // MARK: - The search

  /// Searches for the best weights.
  func solution(
    _ program: PortfolioProgram,
    _ limits: ResolvedConstraints,
    _ search: BranchAndBound.Settings
  ) throws(AllocationError) -> Found {
    let (plain, constant) = try split(program, limits)
    let found: MixedIntegerSolution
    do throws(OptimizationError) {
      found = try BranchAndBound(settings: search).solve(mixed(plain))
    } catch {
      throw Translation.translated(error, universe)
    }
    switch found.status {
    case .infeasible(let proof?):
      throw .infeasible(
        constraints: generated(program, limits).constraints(of: proof),
        contradiction: proof.contradiction)
    case .infeasible(nil): throw .noDiscretePortfolio(conditions: names)
    case .unboundedRelaxation(let proof):
      let direction = proof.direction.prefix(universe.count)
      let most = direction.indices.max { direction[$0].magnitude < direction[$1].magnitude }
      throw .unbounded(asset: universe.assets[most ?? 0])
    default: break
    }
    let bound = -found.lowerBound - constant
    guard let value = found.value else { throw .nothingFound(upperBound: bound) }
    return Found(
      weights: Array(value.prefix(universe.count)), upperBound: bound,
      isProved: found.status == .optimal, nodeCount: found.nodeCount)
  }

  /// The names of what ``split(_:_:)`` added.
  private func generated(
    _ program: PortfolioProgram,
    _ limits: ResolvedConstraints
  ) -> GeneratedNames {
    var names = limits.split().generated
    for k in program.costs.charges.indices {
      for asset in universe.assets {
        names.add(row: bendName(k, asset), sold: soldName(k, asset), of: asset.rawValue)
      }
    }
    return names
  }

  private func bendName(_ k: Int, _ asset: AssetID) -> String { "cost \(k) of \(asset)" }
  private func soldName(_ k: Int, _ asset: AssetID) -> String { "cost \(k) of \(asset) sold" }

  /// The program with a further variable for each bend of limits and costs, and what its objective lacks.
  private func split(
    _ program: PortfolioProgram,
    _ limits: ResolvedConstraints
  ) throws(AllocationError) -> (program: QuadraticProgram, constant: Double) {
    var (split, names, _) = limits.split()
    var linear = program.plain.linear + names.map { _ in 0 }
    var constant = program.costs.constant
    for (k, charge) in program.costs.charges.enumerated() {
      for (i, asset) in universe.assets.enumerated() where charge.bend(i) > 0 {
        let reference = charge.reference[i]
        let (low, high) = (split.lower[i], split.upper[i])
        let slope = high <= reference ? -charge.selling[i] : charge.buying[i]
        linear[i] += slope
        constant -= slope * reference
        if high <= reference || low >= reference { continue }
        let variable = split.lower.count
        split.lower.append(0)
        split.upper.append(low.isFinite ? reference - low : .infinity)
        linear.append(charge.bend(i))
        names.append(soldName(k, asset))
        split.rows.append(
          LinearRow(
            bendName(k, asset), indices: [i, variable], coefficients: [1, 1], lower: reference))
      }
    }
    let quadratic = try padded(program.plain.quadratic, to: linear.count)
    let (rows, variables) = (split, universe.assets.map(\.rawValue) + names)
    let result = try Translation.program(universe: universe) { () throws(OptimizationError) in
      try QuadraticProgram(
        quadratic: quadratic, linear: linear, lowerBounds: rows.lower, upperBounds: rows.upper,
        rows: rows.rows, variableNames: variables, convexity: program.plain.convexity)
    }
    return (result, constant)
  }

  /// A term with zeros for further variables.
  private func padded(
    _ quadratic: QuadraticTerm,
    to count: Int
  ) throws(AllocationError) -> QuadraticTerm {
    let n = universe.count
    if count == n { return quadratic }
    let matrix = quadratic.expanded
    var elements = [Double](repeating: 0, count: count * count)
    for j in 0..<n {
      for i in j..<n { elements[i + j * count] = matrix[i, j] }
    }
    return .dense(SymmetricMatrix(lowerTriangleOf: elements, order: count))
  }

  private func mixed(_ program: QuadraticProgram) throws(OptimizationError) -> MixedIntegerProgram {
    let n = universe.count
    return try MixedIntegerProgram(
      program, cardinalities: counts,
      minimumPositions: (0..<n).filter { least[$0] > 0 }.map {
        MinimumPosition(variable: $0, minimum: least[$0], shortMinimum: least[$0])
      },
      lots: (0..<n).filter { lots[$0] > 0 }.map { Lot(variable: $0, size: lots[$0]) },
      fixedCosts: (0..<n).filter { fees[$0] > 0 }.map {
        FixedCost(variable: $0, cost: fees[$0], reference: current[$0])
      })
  }

  // MARK: - What was decided

  /// The constraints with the bounds that found weights leave: zeros and lots fixed, positions on their
  /// side of zero, what is not traded at its present weight.
  func fixing(_ x: [Double], in limits: ResolvedConstraints) -> ResolvedConstraints {
    var result = limits
    let counted = Set(counts.flatMap(\.variables))
    for i in x.indices {
      let isHeld = fees[i] > 0 && x[i] == current[i]
      let isZero = x[i] == 0 && (counted.contains(i) || least[i] > 0)
      if isHeld || isZero || lots[i] > 0 {
        (result.lower[i], result.upper[i]) = (x[i], x[i])
      } else if least[i] > 0 {
        if x[i] > 0 {
          result.lower[i] = max(result.lower[i], least[i])
        } else {
          result.upper[i] = min(result.upper[i], -least[i])
        }
      }
    }
    return result
  }
}
