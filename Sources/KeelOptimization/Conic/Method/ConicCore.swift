import KeelLinearAlgebra
import KeelNumerics

// The program that the iterations see: equations and conic rows apart, everything scaled.

/// A scaled conic program: Ex = h, Ax + s = b, s in the cones.
struct ConicCore {
  /// Where a row of the caller's block went: an equation, or a conic row, with its factor.
  struct Place {
    var isEquation: Bool
    var row: Int
    /// The scaled value is this times the caller's.
    var factor: Double
  }

  let count: Int
  let quadratic: QuadraticTerm
  let linear: [Double]
  let equations: SparseRows
  let equationConstants: [Double]
  let rows: SparseRows
  let constants: [Double]
  let cones: ConeSet
  /// One place for each row of each block.
  let places: [[Place]]

  init(_ program: ConicProgram, _ scaling: ConicScaling) {
    count = program.variableCount
    quadratic = program.quadratic.scaled(
      by: scaling.variable, cost: scaling.cost, at: Array(0..<program.variableCount))
    linear = zip(program.linear, scaling.variable).map { $0 * $1 * scaling.cost }
    var layout = ConeLayout(program)
    places = layout.places(scaling.block)
    var equations = SparseRows()
    var equationConstants: [Double] = []
    var rows = SparseRows()
    var constants: [Double] = []
    for (k, r) in layout.order {
      let place = places[k][r]
      let expression = program.constraints[k].expressions[r]
      let coefficients = zip(expression.indices, expression.coefficients).map {
        -$1 * (place.factor * scaling.variable[$0])
      }
      if place.isEquation {
        equations.append(expression.indices, coefficients)
        equationConstants.append(expression.constant * place.factor)
      } else {
        rows.append(expression.indices, coefficients)
        constants.append(expression.constant * place.factor)
      }
    }
    self.equations = equations
    self.equationConstants = equationConstants
    self.rows = rows
    self.constants = constants
    cones = layout.cones
  }

  /// P as a full matrix, column after column; nil for a zero matrix.
  func denseQuadratic() -> [Double]? {
    switch quadratic.kernel {
    case .dense(let matrix, let factor):
      let elements = matrix.matrix.columnMajorElements
      return factor == 1 ? elements : elements.map { factor * $0 }
    case .diagonal(let values):
      if values.allSatisfy({ $0 == 0 }) { return nil }
      var result = [Double](repeating: 0, count: count * count)
      for i in 0..<count { result[i * (count + 1)] = values[i] }
      return result
    case .lowRank: return quadratic.expanded.columnMajorElements
    }
  }
}

/// The order of rows in a core program.
private struct ConeLayout {
  let program: ConicProgram
  private(set) var order: [(block: Int, row: Int)] = []
  let cones: ConeSet

  init(_ program: ConicProgram) {
    self.program = program
    var nonnegative: [(Int, Int)] = []
    var others: [(Int, Int)] = []
    var equations: [(Int, Int)] = []
    var secondOrder: [SecondOrderScaling] = []
    var nonsymmetric: [NonsymmetricScaling] = []
    var semidefinite: [SemidefiniteScaling] = []
    for (k, block) in program.constraints.enumerated() {
      let rows = block.expressions.indices.map { (k, $0) }
      switch block.cone {
      case .zero: equations += rows
      case .nonnegative: nonnegative += rows
      case .secondOrder, .exponential, .power, .positiveSemidefinite: break
      }
    }
    var offset = nonnegative.count
    for (k, block) in program.constraints.enumerated() {
      let count = block.expressions.count
      switch block.cone {
      case .zero, .nonnegative: continue
      case .secondOrder:
        if count == 0 { continue }
        secondOrder.append(SecondOrderScaling(offset: offset, count: count))
      case .exponential:
        nonsymmetric.append(NonsymmetricScaling(.exponential, offset: offset))
      case .power(let exponent):
        nonsymmetric.append(NonsymmetricScaling(.power(exponent), offset: offset))
      case .positiveSemidefinite(let order):
        semidefinite.append(SemidefiniteScaling(offset: offset, order: order))
      }
      others += block.expressions.indices.map { (k, $0) }
      offset += count
    }
    order = equations + nonnegative + others
    cones = ConeSet(
      count: offset, nonnegativeCount: nonnegative.count, secondOrder: secondOrder,
      nonsymmetric: nonsymmetric, semidefinite: semidefinite)
  }

  mutating func places(_ blockScale: [[Double]]) -> [[ConicCore.Place]] {
    var result = program.constraints.map { block in
      [ConicCore.Place](
        repeating: .init(isEquation: block.cone == .zero, row: 0, factor: 1),
        count: block.expressions.count)
    }
    var equationCount = 0
    var rowCount = 0
    for (k, r) in order {
      result[k][r].factor = blockScale[k][r]
      if result[k][r].isEquation {
        result[k][r].row = equationCount
        equationCount += 1
      } else {
        result[k][r].row = rowCount
        rowCount += 1
      }
    }
    for (k, block) in program.constraints.enumerated() {
      guard case .positiveSemidefinite(let order) = block.cone else { continue }
      var p = 0
      for j in 0..<order {
        for i in j..<order {
          if i != j { result[k][p].factor *= SemidefiniteScaling.root2 }
          p += 1
        }
      }
    }
    return result
  }
}
