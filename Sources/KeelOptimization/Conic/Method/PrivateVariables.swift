// Goals: (1) no subtraction of numbers that nearly agree where one variable stands in a single cone;
// (2) a linear system without those variables: half the order where every cone has its epigraph.
//
// Let v = Ra be the column of such a variable x in the scaled rows of its cone, R'R = H⁻¹, and D what
// its own curvature and bounds put on the diagonal. Rotations G with G (√D, v) = ρ e leave
//
//   | π' |        | 0 |
//   | T  |  =  G  | R |      z = T'T (Bw − g) + π f / ρ,   x = (f / ρ − π'(Bw − g)) / ρ
//
// for the other variables w with columns B: T takes the place of R, three rows as before. Forming
// R'R first and subtracting what x explains would lose what T keeps, the more the nearer the
// boundary is. Each row is rotated into the largest one, which keeps the small rows accurate (Cox and
// Higham, in Numerical Analysis 1997, 1998).

/// The variables that stand in one exponential or power cone only, and their elimination.
struct PrivateVariables {
  /// What is left of the scaling of a cone without its private variable.
  struct Frame {
    /// The rows T.
    var rows = (Vector3.zero, Vector3.zero, Vector3.zero)
    /// π/ρ.
    var pivot = Vector3.zero
    /// ρ.
    var length = 1.0

    /// T'T r.
    func times(_ r: Vector3) -> Vector3 {
      dot(rows.0, r) * rows.0 + dot(rows.1, r) * rows.1 + dot(rows.2, r) * rows.2
    }
  }

  /// A non-negative row that holds a private variable alone.
  private struct Bound {
    var row: Int
    var cone: Int
  }

  /// The variables that the linear system keeps, increasing.
  private(set) var kept: [Int] = []
  /// The place of each variable among the kept ones; −1 for a private one.
  private(set) var places: [Int] = []
  /// For each non-symmetric cone its private variable, −1 for none.
  private var variables: [Int] = []
  private var frames: [Frame]
  private var bounds: [Bound] = []
  /// f/ρ and z of each cone while one system is solved.
  private var forces: [Double]
  private var multipliers: [Vector3]
  /// What the rows allow; the curvature decides.
  private let candidates: [Int]
  private let candidateBounds: [Bound]

  init(_ core: ConicCore) {
    let cones = core.cones.nonsymmetric
    let owners = Self.owners(core)
    var candidates = [Int](repeating: -1, count: cones.count)
    for (j, owner) in owners.enumerated().reversed() where owner >= 0 { candidates[owner] = j }
    self.candidates = candidates
    candidateBounds = (0..<core.cones.nonnegativeCount).compactMap { row in
      let range = core.rows.range(row)
      guard range.count == 1 else { return nil }
      let j = core.rows.indices[range.lowerBound]
      let owner = owners[j]
      return owner >= 0 && candidates[owner] == j ? Bound(row: row, cone: owner) : nil
    }
    frames = [Frame](repeating: Frame(), count: cones.count)
    forces = [Double](repeating: 0, count: cones.count)
    multipliers = [Vector3](repeating: .zero, count: cones.count)
    restart(core)
  }

  /// For each variable the non-symmetric cone that all its rows but bounds belong to; −1 for none.
  private static func owners(_ core: ConicCore) -> [Int] {
    let (none, shared) = (-1, -2)
    var owners = [Int](repeating: none, count: core.count)
    func note(_ rows: SparseRows, _ row: Int, _ owner: Int) {
      for p in rows.range(row) {
        let j = rows.indices[p]
        owners[j] = owners[j] == none || owners[j] == owner ? owner : shared
      }
    }
    for e in 0..<core.equations.count { note(core.equations, e, shared) }
    var owner = [Int](repeating: shared, count: core.rows.count)
    for (k, cone) in core.cones.nonsymmetric.enumerated() {
      for i in 0..<3 { owner[cone.offset + i] = k }
    }
    for row in 0..<core.rows.count
    where row >= core.cones.nonnegativeCount || core.rows.range(row).count > 1 {
      note(core.rows, row, owner[row])
    }
    return owners
  }

  /// Looks at the curvature of a program of the same structure.
  mutating func restart(_ core: ConicCore) {
    variables.copyElements(of: candidates)
    places.refill(core.count, with: 0)
    for k in variables.indices where variables[k] >= 0 {
      if core.quadratic.isCoupled(variables[k]) {
        variables[k] = -1
      } else {
        places[variables[k]] = -1
      }
    }
    kept.removeAll(keepingCapacity: true)
    for j in places.indices where places[j] >= 0 {
      places[j] = kept.count
      kept.append(j)
    }
    bounds.removeAll(keepingCapacity: true)
    for bound in candidateBounds where variables[bound.cone] >= 0 { bounds.append(bound) }
  }
}

// MARK: - Scaling

extension PrivateVariables {
  /// Sets the frames for the scaling of the cones.
  ///
  /// - Parameters:
  ///   - core: The program.
  ///   - cones: The cones with their scaling.
  ///   - proximity: What the diagonal of every variable is raised by.
  /// - Returns: False when a frame is not finite.
  mutating func factor(_ core: ConicCore, _ cones: ConeSet, proximity: Double) -> Bool {
    for k in variables.indices where variables[k] >= 0 {
      forces[k] = core.quadratic.diagonalElement(variables[k]) + proximity
    }
    for bound in bounds {
      let value = core.rows.coefficients[core.rows.range(bound.row).lowerBound]
      forces[bound.cone] += value * value / cones.ratios[bound.row]
    }
    for k in variables.indices where variables[k] >= 0 {
      frames[k] = Self.frame(
        cones.nonsymmetric[k], Self.column(k, variables[k], core), diagonal: forces[k])
      guard frames[k].length > 0, frames[k].length < .infinity, frames[k].pivot.isFinite else {
        return false
      }
    }
    return true
  }

  /// The coefficients of a variable in the rows of a cone.
  private static func column(_ k: Int, _ variable: Int, _ core: ConicCore) -> Vector3 {
    var result = Vector3.zero
    let offset = core.cones.nonsymmetric[k].offset
    for i in 0..<3 {
      for p in core.rows.range(offset + i) where core.rows.indices[p] == variable {
        result[i] += core.rows.coefficients[p]
      }
    }
    return result
  }

  /// A row of R with its element in the column of the variable.
  private struct Row {
    var element: Double
    var rest: Vector3

    /// Rotates another row into this one, which is the larger, so that nothing is left of its
    /// element.
    mutating func absorb(_ other: inout Row) {
      let length = (element * element + other.element * other.element).squareRoot()
      let (c, s) = (element / length, other.element / length)
      let (a, b) = (rest, other.rest)
      rest = c * a + s * b
      other.rest = c * b - s * a
      element = length
      other.element = 0
    }
  }

  private static func frame(
    _ cone: NonsymmetricScaling,
    _ column: Vector3,
    diagonal: Double
  ) -> Frame {
    let v = cone.factorTimes(column)
    var first = Row(element: v.x, rest: cone.rows.0)
    var second = Row(element: v.y, rest: cone.rows.1)
    var third = Row(element: v.z, rest: cone.rows.2)
    // The row of the diagonal is zero in all other columns.
    var pivot = Row(element: diagonal.squareRoot(), rest: .zero)
    if first.element.magnitude > pivot.element.magnitude { swap(&first, &pivot) }
    if second.element.magnitude > pivot.element.magnitude { swap(&second, &pivot) }
    if third.element.magnitude > pivot.element.magnitude { swap(&third, &pivot) }
    pivot.absorb(&first)
    pivot.absorb(&second)
    pivot.absorb(&third)
    return Frame(
      rows: (first.rest, second.rest, third.rest), pivot: pivot.rest / pivot.element,
      length: pivot.element)
  }

  /// The rows that stand for a cone in the system of the kept variables.
  func rows(_ k: Int, _ cones: ConeSet) -> (Vector3, Vector3, Vector3) {
    variables[k] >= 0 ? frames[k].rows : cones.nonsymmetric[k].rows
  }
}

// MARK: - Solving

extension PrivateVariables {
  /// Replaces H⁻¹g of the cones by what the kept variables see of g and f.
  ///
  /// - Parameters:
  ///   - step: f and H⁻¹g; the latter changes.
  ///   - right: f and g.
  ///   - core: The program.
  ///   - cones: The cones with their scaling.
  mutating func reduce(
    _ step: inout ConicKKT.Vector,
    _ right: borrowing ConicKKT.Vector,
    _ core: ConicCore,
    _ cones: ConeSet
  ) {
    for k in variables.indices where variables[k] >= 0 { forces[k] = right.x[variables[k]] }
    for bound in bounds {
      let value = core.rows.coefficients[core.rows.range(bound.row).lowerBound]
      forces[bound.cone] += value * step.z[bound.row]
    }
    for k in variables.indices where variables[k] >= 0 {
      let frame = frames[k]
      let offset = cones.nonsymmetric[k].offset
      let g = cones.vector(right.z.span, offset)
      let image = frame.times(g) - frame.pivot * forces[k]
      for i in 0..<3 { step.z[offset + i] = image[i] }
    }
  }

  /// Finds the private variables and the multipliers of their cones.
  ///
  /// - Parameters:
  ///   - step: The kept variables, and Ax − g of them; the private variables and their bounds follow.
  ///   - core: The program.
  ///   - cones: The cones with their scaling.
  mutating func expand(_ step: inout ConicKKT.Vector, _ core: ConicCore, _ cones: ConeSet) {
    for k in variables.indices where variables[k] >= 0 {
      let frame = frames[k]
      let r = cones.vector(step.z.span, cones.nonsymmetric[k].offset)
      step.x[variables[k]] = forces[k] / (frame.length * frame.length) - dot(frame.pivot, r)
      multipliers[k] = frame.times(r) + frame.pivot * forces[k]
    }
    for bound in bounds {
      let value = core.rows.coefficients[core.rows.range(bound.row).lowerBound]
      step.z[bound.row] += value * step.x[variables[bound.cone]]
    }
  }

  /// Writes the multipliers of the cones that have private variables.
  func setMultipliers(_ z: inout [Double], _ cones: ConeSet) {
    for k in variables.indices where variables[k] >= 0 {
      for i in 0..<3 { z[cones.nonsymmetric[k].offset + i] = multipliers[k][i] }
    }
  }
}
