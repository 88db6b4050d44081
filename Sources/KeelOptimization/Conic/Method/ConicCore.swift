import KeelLinearAlgebra
import KeelNumerics

// The program that the iterations see: equations and conic rows apart, everything scaled.

/// A scaled conic program: Ex = h, Ax + s = b, s in the cones.
struct ConicCore {
  /// Where a row of the caller's block went: an equation, or a conic row, with its factor.
  struct Place {
    var isEquation: Bool
    var row: Int
    /// What the form of the cone multiplies the row with.
    var basis = 1.0
    /// The scaled value is this times the caller's.
    var factor = 1.0
  }

  let count: Int
  private(set) var quadratic = ScaledQuadratic()
  private(set) var linear: [Double]
  private(set) var equations = SparseRows()
  private(set) var equationConstants: [Double] = []
  private(set) var rows = SparseRows()
  private(set) var constants: [Double] = []
  /// The cones with the scaling of their centers.
  let cones: ConeSet
  /// One place for each row of each block.
  private(set) var places: [[Place]]
  /// The blocks and their rows in the order of the rows here.
  private let order: [(block: Int, row: Int)]

  init(_ program: ConicProgram, _ scaling: ConicScaling) {
    count = program.variableCount
    linear = program.linear
    let layout = ConeLayout(program)
    places = layout.places()
    order = layout.order
    cones = layout.cones
    for (k, r) in layout.order {
      let indices = program.constraints[k].expressions[r].indices
      if places[k][r].isEquation {
        equations.append(indices)
        equationConstants.append(0)
      } else {
        rows.append(indices)
        constants.append(0)
      }
    }
    restart(program, scaling)
  }

  /// result := P x.
  mutating func setQuadraticProduct(_ result: inout [Double], with x: [Double]) {
    quadratic.setProduct(&result, with: x)
  }

  /// Scales the numbers of a program of the same structure.
  mutating func restart(_ program: ConicProgram, _ scaling: ConicScaling) {
    quadratic.restart(program.quadratic, scale: scaling.variable, cost: scaling.cost)
    for j in linear.indices {
      linear[j] = program.linear[j] * scaling.variable[j] * scaling.cost
    }
    for (k, r) in order {
      places[k][r].factor = scaling.block[k][r] * places[k][r].basis
      let place = places[k][r]
      let expression = program.constraints[k].expressions[r]
      let start =
        place.isEquation
        ? equations.range(place.row).lowerBound : rows.range(place.row).lowerBound
      for p in expression.indices.indices {
        let value =
          -expression.coefficients[p]
          * (place.factor * scaling.variable[expression.indices[p]])
        if place.isEquation {
          equations.coefficients[start + p] = value
        } else {
          rows.coefficients[start + p] = value
        }
      }
      if place.isEquation {
        equationConstants[place.row] = expression.constant * place.factor
      } else {
        constants[place.row] = expression.constant * place.factor
      }
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

  func places() -> [[ConicCore.Place]] {
    var result = program.constraints.map { block in
      [ConicCore.Place](
        repeating: .init(isEquation: block.cone == .zero, row: 0),
        count: block.expressions.count)
    }
    var equationCount = 0
    var rowCount = 0
    for (k, r) in order {
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
          if i != j { result[k][p].basis = SemidefiniteScaling.root2 }
          p += 1
        }
      }
    }
    return result
  }
}
