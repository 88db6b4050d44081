import KeelLinearAlgebra
import KeelNumerics

// Goals: (1) no subtraction: the product is formed from scaled rows, never from H⁻¹; (2) blocks that
// touch few variables cost what they touch, the others go through one dsyrk.

/// Forms (RA)'(RA) for the rows A of a core program and the factor R of its cones, R'R = H⁻¹.
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

  private let order: Int
  private let rows: SparseRows
  private let largeRows: [Int]
  /// For each cone, where its rows start among the large ones; nil when it is small.
  private var secondOrderStart: [Int?] = []
  private var nonsymmetricStart: [Int?] = []
  private var semidefiniteStart: [Int?] = []
  private var smallNonnegative: [Int] = []
  private var largeNonnegative: [Int] = []
  private var small: [SmallBlock] = []

  init(_ core: ConicCore) {
    order = core.count
    rows = core.rows
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

  /// The lower triangle of the product, in square storage; nil when it overflows.
  func matrix(_ cones: ConeSet) -> [Double]? {
    guard var result = largeProduct(cones) else { return nil }
    addNonnegative(cones, &result)
    var next = 0
    for (k, start) in secondOrderStart.enumerated() where start == nil {
      let cone = cones.secondOrder[k]
      addSmall(small[next], &result) { cone.applyInverse(&$0, $1) }
      next += 1
    }
    for (k, start) in nonsymmetricStart.enumerated() where start == nil {
      let cone = cones.nonsymmetric[k]
      addSmall(small[next], &result) { Self.apply(cone, &$0, $1) }
      next += 1
    }
    for (k, start) in semidefiniteStart.enumerated() where start == nil {
      let cone = cones.semidefinite[k]
      addSmall(small[next], &result) { cone.applyInverseTransposed(&$0, $1) }
      next += 1
    }
    return result
  }

  private static func apply(
    _ cone: NonsymmetricScaling,
    _ v: inout MutableSpan<Double>,
    _ start: Int
  ) {
    let image = cone.factorTimes(Vector3(v[start], v[start &+ 1], v[start &+ 2]))
    for i in 0..<3 { v[start &+ i] = image[i] }
  }

  private func largeProduct(_ cones: ConeSet) -> [Double]? {
    let m = largeRows.count
    guard m > 0 else { return [Double](repeating: 0, count: order * order) }
    var scaled = [Double](repeating: 0, count: m * order)
    for (r, k) in largeRows.enumerated() {
      for p in rows.range(k) { scaled[r + rows.indices[p] * m] = rows.coefficients[p] }
    }
    let weights = largeNonnegative.map { 1 / cones.ratios[$0].squareRoot() }
    var span = scaled.mutableSpan
    for j in 0..<order {
      let column = j &* m
      for r in 0..<weights.count { span[column &+ r] *= weights[r] }
      for k in secondOrderStart.indices {
        if let start = secondOrderStart[k] {
          cones.secondOrder[k].applyInverse(&span, column + start)
        }
      }
      for k in nonsymmetricStart.indices {
        if let start = nonsymmetricStart[k] {
          Self.apply(cones.nonsymmetric[k], &span, column + start)
        }
      }
      for k in semidefiniteStart.indices {
        if let start = semidefiniteStart[k] {
          cones.semidefinite[k].applyInverseTransposed(&span, column + start)
        }
      }
    }
    do throws(LinearAlgebraError) {
      let product = try Matrix(uncheckedRowCount: m, columnCount: order, storage: scaled).gram()
      return product.matrix.columnMajorElements
    } catch {
      return nil
    }
  }

  private func addNonnegative(_ cones: ConeSet, _ result: inout [Double]) {
    let indices = rows.indices.span
    let coefficients = rows.coefficients.span
    var output = result.mutableSpan
    for k in smallNonnegative {
      let range = rows.range(k)
      let weight = 1 / cones.ratios[k]
      for p in range {
        let column = indices[p] &* order
        let factor = weight * coefficients[p]
        for q in p..<range.upperBound { output[indices[q] &+ column] += coefficients[q] * factor }
      }
    }
  }

  private func addSmall(
    _ block: SmallBlock,
    _ result: inout [Double],
    _ scale: (inout MutableSpan<Double>, Int) -> Void
  ) {
    let m = block.rows.count
    let c = block.columns.count
    var local = [Double](repeating: 0, count: m * c)
    var next = 0
    for k in block.rows {
      for p in rows.range(k) {
        local[block.places[next]] = rows.coefficients[p]
        next += 1
      }
    }
    var span = local.mutableSpan
    for j in 0..<c { scale(&span, j * m) }
    let columns = block.columns.span
    var output = result.mutableSpan
    for j in 0..<c {
      for i in j..<c {
        var sum = 0.0
        for r in 0..<m { sum += span[r &+ i &* m] * span[r &+ j &* m] }
        output[columns[i] &+ columns[j] &* order] += sum
      }
    }
  }
}
