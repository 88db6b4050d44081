import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) no subtraction: the product is formed from scaled rows, never from H⁻¹; (2) blocks that
// touch few variables cost what they touch, the others go through one dsyrk.

/// Forms (RA)'(RA) for the rows A of a core program and the factor R of its cones, R'R = H⁻¹, without
/// the private variables that were eliminated.
struct WeightedGram {
  /// A block that touches few variables.
  private struct SmallBlock {
    var rows: Range<Int>
    /// The variables, increasing.
    var columns: [Int]
    /// For each element of the rows its place in the block, column after column.
    var places: [Int]
  }

  /// A block is small when it touches at most this part of the variables: a dsyrk does in that time
  /// about the square of its inverse more.
  private static let smallPart = 0.25

  private let largeRows: [Int]
  /// For each cone, where its rows start among the large ones; nil when it is small.
  private var secondOrderStart: [Int?] = []
  private var nonsymmetricStart: [Int?] = []
  private var semidefiniteStart: [Int?] = []
  private var smallNonnegative: [Int] = []
  private var largeNonnegative: [Int] = []
  private var small: [SmallBlock] = []

  private var sum: GramAccumulator?
  private var scaled: [Double] = []
  private var local: [Double] = []

  init(_ core: ConicCore) {
    let limit = Int(Double(core.count) * Self.smallPart)
    var large: [Int] = []
    for i in 0..<core.cones.nonnegativeCount {
      if core.rows.range(i).count <= max(limit, 1) {
        smallNonnegative.append(i)
      } else {
        largeNonnegative.append(i)
        large.append(i)
      }
    }
    func start(_ range: Range<Int>, _ small: inout [SmallBlock]) -> Int? {
      let block = Self.block(range, core.rows)
      if block.columns.count <= limit {
        small.append(block)
        return nil
      }
      let first = large.count
      large += Array(range)
      return first
    }
    for cone in core.cones.secondOrder {
      secondOrderStart.append(start(cone.offset..<(cone.offset + cone.count), &small))
    }
    for cone in core.cones.nonsymmetric {
      nonsymmetricStart.append(start(cone.offset..<(cone.offset + 3), &small))
    }
    for cone in core.cones.semidefinite {
      semidefiniteStart.append(start(cone.offset..<(cone.offset + cone.count), &small))
    }
    largeRows = large
  }

  private static func block(_ range: Range<Int>, _ rows: SparseRows) -> SmallBlock {
    var columns: [Int] = []
    for k in range { columns += rows.range(k).map { rows.indices[$0] } }
    columns = Array(Set(columns)).sorted()
    var position: [Int: Int] = [:]
    for (p, j) in columns.enumerated() { position[j] = p }
    var places: [Int] = []
    for k in range {
      for p in rows.range(k) {
        places.append((k - range.lowerBound) + (position[rows.indices[p]] ?? 0) * range.count)
      }
    }
    return SmallBlock(rows: range, columns: columns, places: places)
  }

  /// Sets the lower triangle of the product, in square storage; false when it overflows.
  mutating func set(
    _ result: inout [Double],
    _ rows: SparseRows,
    _ cones: inout ConeSet,
    _ privates: PrivateVariables
  ) -> Bool {
    guard setLargeProduct(&result, rows, &cones, privates) else { return false }
    addNonnegative(rows, cones, privates, &result)
    var next = 0
    for (k, start) in secondOrderStart.enumerated() where start == nil {
      let cone = cones.secondOrder[k]
      addSmall(small[next], rows, privates, &result) { cone.applyInverse(&$0, $1) }
      next += 1
    }
    for (k, start) in nonsymmetricStart.enumerated() where start == nil {
      addTriple(small[next], rows, privates.rows(k, cones), privates, &result)
      next += 1
    }
    for (k, start) in semidefiniteStart.enumerated() where start == nil {
      addSmall(small[next], rows, privates, &result) {
        cones.semidefinite[k].applyInverseTransposed(&$0, $1)
      }
      next += 1
    }
    return true
  }

  private mutating func setLargeProduct(
    _ result: inout [Double],
    _ rows: SparseRows,
    _ cones: inout ConeSet,
    _ privates: PrivateVariables
  ) -> Bool {
    let order = privates.kept.count
    guard !largeRows.isEmpty else {
      result.refill(order * order, with: 0)
      return true
    }
    // Taken out while it changes: a struct that lends itself would keep a second reference.
    var panel: [Double] = []
    swap(&panel, &scaled)
    panel.refill(largeRows.count * order, with: 0)
    scaleLargeRows(&panel, rows, &cones, privates)
    swap(&panel, &scaled)
    do throws(LinearAlgebraError) {
      var sum = try takeSum(order)
      do throws(LinearAlgebraError) {
        try sum.add(scaled, rowCount: largeRows.count)
        try sum.requireFinite()
        result.copyElements(of: sum.lowerTriangle)
        self.sum = consume sum
        return true
      } catch {
        self.sum = consume sum
        return false
      }
    } catch {
      return false
    }
  }

  /// The sum, empty; whoever takes it puts it back.
  private mutating func takeSum(_ order: Int) throws(LinearAlgebraError) -> GramAccumulator {
    guard var kept = sum.take() else { return try GramAccumulator(order: order) }
    try kept.restart(order: order)
    return kept
  }

  /// Writes the large rows times R, column after column.
  private func scaleLargeRows(
    _ scaled: inout [Double],
    _ rows: SparseRows,
    _ cones: inout ConeSet,
    _ privates: PrivateVariables
  ) {
    let m = largeRows.count
    var span = scaled.mutableSpan
    for (r, k) in largeRows.enumerated() {
      for p in rows.range(k) {
        let place = privates.places[rows.indices[p]]
        if place >= 0 { span[r &+ place &* m] = rows.coefficients[p] }
      }
    }
    for j in 0..<privates.kept.count {
      let column = j &* m
      for (r, k) in largeNonnegative.enumerated() {
        span[column &+ r] *= 1 / cones.ratios[k].squareRoot()
      }
      for k in secondOrderStart.indices {
        if let start = secondOrderStart[k] {
          cones.secondOrder[k].applyInverse(&span, column + start)
        }
      }
      for k in nonsymmetricStart.indices {
        if let start = nonsymmetricStart[k] {
          Self.apply(privates.rows(k, cones), &span, column + start)
        }
      }
      for k in semidefiniteStart.indices {
        if let start = semidefiniteStart[k] {
          cones.semidefinite[k].applyInverseTransposed(&span, column + start)
        }
      }
    }
  }

  private static func apply(
    _ factor: (Vector3, Vector3, Vector3),
    _ v: inout MutableSpan<Double>,
    _ start: Int
  ) {
    let column = Vector3(v[start], v[start &+ 1], v[start &+ 2])
    v[start] = dot(factor.0, column)
    v[start &+ 1] = dot(factor.1, column)
    v[start &+ 2] = dot(factor.2, column)
  }

  private func addNonnegative(
    _ rows: SparseRows,
    _ cones: ConeSet,
    _ privates: PrivateVariables,
    _ result: inout [Double]
  ) {
    let order = privates.kept.count
    let places = privates.places.span
    let indices = rows.indices.span
    let coefficients = rows.coefficients.span
    var output = result.mutableSpan
    for k in smallNonnegative {
      let range = rows.range(k)
      let weight = 1 / cones.ratios[k]
      // A row of several variables holds no private one.
      for p in range where places[indices[p]] >= 0 {
        let column = places[indices[p]] &* order
        let factor = weight * coefficients[p]
        for q in p..<range.upperBound {
          output[places[indices[q]] &+ column] += coefficients[q] * factor
        }
      }
    }
  }

  /// Adds the product of a block of three rows.
  private mutating func addTriple(
    _ block: SmallBlock,
    _ rows: SparseRows,
    _ factor: (Vector3, Vector3, Vector3),
    _ privates: PrivateVariables,
    _ result: inout [Double]
  ) {
    gather(block, rows)
    for j in block.columns.indices {
      let column = Vector3(local[3 * j], local[3 * j + 1], local[3 * j + 2])
      local[3 * j] = dot(factor.0, column)
      local[3 * j + 1] = dot(factor.1, column)
      local[3 * j + 2] = dot(factor.2, column)
    }
    Self.addGram(of: local, rowCount: 3, at: block.columns, privates, to: &result)
  }

  private mutating func addSmall(
    _ block: SmallBlock,
    _ rows: SparseRows,
    _ privates: PrivateVariables,
    _ result: inout [Double],
    _ scale: (inout MutableSpan<Double>, Int) -> Void
  ) {
    gather(block, rows)
    Self.scaleColumns(
      of: &local, rowCount: block.rows.count, columnCount: block.columns.count, scale)
    Self.addGram(
      of: local, rowCount: block.rows.count, at: block.columns, privates, to: &result)
  }

  /// Copies the rows of a block to `local`.
  private mutating func gather(_ block: SmallBlock, _ rows: SparseRows) {
    local.refill(block.rows.count * block.columns.count, with: 0)
    var next = 0
    for k in block.rows {
      for p in rows.range(k) {
        local[block.places[next]] = rows.coefficients[p]
        next += 1
      }
    }
  }

  private static func scaleColumns(
    of local: inout [Double],
    rowCount: Int,
    columnCount: Int,
    _ scale: (inout MutableSpan<Double>, Int) -> Void
  ) {
    var span = local.mutableSpan
    for j in 0..<columnCount { scale(&span, j * rowCount) }
  }

  private static func addGram(
    of local: [Double],
    rowCount m: Int,
    at columns: [Int],
    _ privates: PrivateVariables,
    to result: inout [Double]
  ) {
    let order = privates.kept.count
    let places = privates.places.span
    let span = local.span
    let columns = columns.span
    var output = result.mutableSpan
    for j in 0..<columns.count where places[columns[j]] >= 0 {
      for i in j..<columns.count where places[columns[i]] >= 0 {
        var sum = 0.0
        for r in 0..<m { sum += span[r &+ i &* m] * span[r &+ j &* m] }
        output[places[columns[i]] &+ places[columns[j]] &* order] += sum
      }
    }
  }
}
