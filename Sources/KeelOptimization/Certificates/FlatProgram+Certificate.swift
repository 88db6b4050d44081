// The certificate of a point, in memory that is kept.

import KeelNumerics

/// The names by which a certificate speaks of rows and variables.
struct ConstraintNames: Sendable {
  let rows: [String]
  let variables: [String]

  init(_ program: QuadraticProgram) {
    rows = program.rows.map(\.name)
    variables = program.variableNames
  }

  func variable(_ i: Int) -> String { variables.isEmpty ? "x[\(i)]" : variables[i] }
}

/// Room for the sums of a certificate.
struct CertificateScratch: Sendable {
  /// P x, then the dual residual.
  var residual: [Double]
  /// |P| |x|, then the sizes of the terms of the residual.
  var size: [Double]
  var positions: [Int]
  var factors: [Double]
  /// C'x of a low-rank term.
  fileprivate var exposures: [Double] = []

  init(count: Int) {
    residual = [Double](repeating: 0, count: count)
    size = residual
    factors = residual
    positions = [Int](repeating: 0, count: count)
  }

  /// Zeros for a number of variables, in the memory that is there.
  mutating func restart(count: Int) {
    residual.refill(count, with: 0)
    size.refill(count, with: 0)
    factors.refill(count, with: 0)
    positions.refill(count, with: 0)
  }
}

extension FlatProgram {
  /// The certificate of vectors of the right length.
  func certificate(
    _ x: [Double],
    _ y: [Double],
    _ z: [Double],
    iterations: Int,
    names: ConstraintNames,
    scratch: inout CertificateScratch
  ) -> Certificate {
    let violation = worstViolation(x, names)
    kernel.setProducts(x, &scratch)
    let curvature = dot(x, scratch.residual)
    let slope = dot(linear, x)
    var objectiveSize = 0.0
    for i in x.indices {
      objectiveSize += x[i].magnitude * (scratch.size[i] + linear[i].magnitude)
    }
    let residual = dualResidual(x, y, z, objectiveSize: objectiveSize, &scratch)
    var gap = GapTerms()
    for k in rowLower.indices {
      gap.add(dual: y[k], value: rowValue(k, x), lower: rowLower[k], upper: rowUpper[k])
    }
    for i in x.indices { gap.add(dual: z[i], value: x[i], lower: lower[i], upper: upper[i]) }
    let primal = curvature / 2 + slope
    let dual = gap.bound - curvature / 2
    let size = gap.scale(objective: objectiveSize)
    let missing = propagatingMaximum((primal - dual).magnitude, gap.complementarity)
    return Certificate(
      primalResidual: violation?.relative ?? (x.allSatisfy(\.isFinite) ? 0 : .nan),
      dualResidual: residual, relativeGap: relative(missing, to: size),
      primalObjective: primal, dualObjective: dual, worstViolation: violation,
      iterations: iterations)
  }

  /// The row or bound that is missed by the largest relative distance.
  private func worstViolation(_ x: [Double], _ names: ConstraintNames) -> Certificate.Violation? {
    var worst = (amount: 0.0, relative: 0.0, row: -1, variable: -1)
    func consider(_ value: Double, _ lower: Double, _ upper: Double, _ size: Double) -> Bool {
      let amount = value.isNaN ? value : max(lower - value, value - upper)
      if amount <= 0 { return false }
      let bound = value < lower ? lower : upper
      let ratio = relative(amount, to: size + bound.magnitude)
      if ratio <= worst.relative || worst.relative.isNaN { return false }
      worst.amount = amount
      worst.relative = ratio
      return true
    }
    let largest = x.reduce(0) { max($0, $1.magnitude) }
    for i in x.indices where consider(x[i], lower[i], upper[i], largest) {
      worst.variable = i
    }
    for k in rowLower.indices
    where consider(rowValue(k, x), rowLower[k], rowUpper[k], rowSize(k, x)) {
      worst.row = k
      worst.variable = -1
    }
    if worst.row < 0 && worst.variable < 0 { return nil }
    return Certificate.Violation(
      name: worst.row >= 0 ? names.rows[worst.row] : names.variable(worst.variable),
      amount: worst.amount, relative: worst.relative)
  }

  /// The largest element of Px + q − A'y − z relative to its terms.
  ///
  /// A term a y is counted with at least the dual value that, over the whole row, is worth the
  /// objective: a variable whose only terms are duals that should vanish has no other scale.
  private func dualResidual(
    _ x: [Double],
    _ y: [Double],
    _ z: [Double],
    objectiveSize: Double,
    _ scratch: inout CertificateScratch
  ) -> Double {
    for i in x.indices {
      scratch.residual[i] += linear[i] - z[i]
      scratch.size[i] += linear[i].magnitude + z[i].magnitude
    }
    var worst = 0.0
    for k in rowLower.indices {
      let terms = rowSize(k, x)
      let natural = terms > 0 && terms < .infinity ? objectiveSize / terms : 0
      let dualSize = propagatingMaximum(y[k].magnitude, natural)
      for e in rowStarts[k]..<rowStarts[k + 1] {
        let i = rowIndices[e]
        let a = rowCoefficients[e]
        scratch.residual[i] -= a * y[k]
        scratch.size[i] += a.magnitude * dualSize
      }
    }
    for i in x.indices {
      let wrong = wrongSide(z[i], lower[i], upper[i])
      worst = propagatingMaximum(
        worst, relative(max(scratch.residual[i].magnitude, wrong), to: scratch.size[i]))
    }
    // A row's dual of the wrong sign is a residual of its own, of full relative size unless it is
    // small beside the terms of the variables that it touches.
    for k in rowLower.indices {
      let wrong = wrongSide(y[k], rowLower[k], rowUpper[k])
      if wrong == 0 { continue }
      for e in rowStarts[k]..<rowStarts[k + 1] {
        let part = (rowCoefficients[e] * wrong).magnitude
        worst = propagatingMaximum(worst, relative(part, to: scratch.size[rowIndices[e]]))
      }
    }
    return worst
  }
}

extension QuadraticTerm {
  /// P x and |P| |x|.
  func setProducts(_ x: [Double], _ scratch: inout CertificateScratch) {
    kernel.setProducts(x, &scratch)
  }
}

extension QuadraticKernel {
  /// P x and |P| |x|.
  func setProducts(_ x: [Double], _ scratch: inout CertificateScratch) {
    switch self {
    case .dense(let matrix, let factor):
      var count = 0
      for i in x.indices {
        scratch.residual[i] = 0
        scratch.size[i] = 0
        if x[i] == 0 { continue }
        scratch.positions[count] = i
        scratch.factors[count] = factor * x[i]
        count += 1
      }
      Self.addColumns(
        of: matrix, at: scratch.positions, times: scratch.factors, count: count,
        to: &scratch.residual, magnitudes: &scratch.size)
    case .diagonal(let values):
      for i in x.indices {
        scratch.residual[i] = values[i] * x[i]
        scratch.size[i] = (values[i] * x[i]).magnitude
      }
    case .lowRank(let term):
      scratch.residual.refill(x.count, with: 0)
      scratch.exposures.refill(term.root.columnCount, with: 0)
      term.addProduct(x, exposures: &scratch.exposures, to: &scratch.residual)
      term.setAbsoluteProduct(&scratch.size, x)
    }
  }

  private static func addColumns(
    of matrix: SymmetricMatrix,
    at positions: [Int],
    times factors: [Double],
    count: Int,
    to result: inout [Double],
    magnitudes: inout [Double]
  ) {
    var target = result.mutableSpan
    var sizes = magnitudes.mutableSpan
    do throws(NumericsError) {
      try Kernels.addColumns(
        of: matrix.elements, at: positions.span, times: factors.span, count: count, to: &target,
        magnitudes: &sizes)
    } catch {
      // The positions are those of variables.
    }
  }
}
