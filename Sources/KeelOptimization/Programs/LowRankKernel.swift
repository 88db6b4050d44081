import KeelLinearAlgebra
import KeelNumerics

/// Products of P = C C' + diag(d) and a vector, in memory that is kept.
enum LowRankKernel {
  /// A vector with fewer than one non-zero element in this many is multiplied element by element.
  private static let sparseShare = 8

  /// Adds P x to a vector.
  ///
  /// - Parameters:
  ///   - root: The n × k matrix C, column after column.
  ///   - diagonal: The n numbers d.
  ///   - x: The n numbers x.
  ///   - exposures: Room for k numbers, which become C'x.
  ///   - result: The n numbers that are added to.
  static func addProduct(
    _ root: Span<Double>,
    _ diagonal: [Double],
    _ x: [Double],
    exposures: inout [Double],
    to result: inout [Double]
  ) {
    let order = diagonal.count
    for j in exposures.indices { exposures[j] = 0 }
    var count = 0
    for value in x where value != 0 { count += 1 }
    if sparseShare * count < order {
      addSparseExposures(root, order, x, to: &exposures)
    } else {
      PanelProducts.add(
        root, rowCount: order, columnCount: exposures.count, .transposed, x, to: &exposures)
    }
    PanelProducts.add(
      root, rowCount: order, columnCount: exposures.count, .none, exposures, to: &result)
    let d = diagonal.span
    let source = x.span
    var target = result.mutableSpan
    for i in 0..<d.count { target[i] += d[i] * source[i] }
  }

  private static func addSparseExposures(
    _ root: Span<Double>,
    _ order: Int,
    _ x: [Double],
    to exposures: inout [Double]
  ) {
    for i in x.indices where x[i] != 0 {
      let factor = x[i]
      for j in exposures.indices { exposures[j] += root[i &+ j &* order] * factor }
    }
  }

  /// result := |C| |C|' |x| + d |x|, which bounds |P| |x|.
  ///
  /// - Parameters:
  ///   - result: What is set.
  ///   - root: The n × k matrix C, column after column.
  ///   - columnCount: The number k.
  ///   - diagonal: The n numbers d.
  ///   - x: The n numbers x.
  static func setAbsoluteProduct(
    _ result: inout [Double],
    _ root: Span<Double>,
    columnCount: Int,
    _ diagonal: [Double],
    _ x: [Double]
  ) {
    result.copyElements(of: diagonal)
    for i in result.indices { result[i] *= x[i].magnitude }
    let order = diagonal.count
    for j in 0..<columnCount {
      let column = root.extracting((j &* order)..<((j &+ 1) &* order))
      var exposure = 0.0
      for i in x.indices { exposure += (column[i] * x[i]).magnitude }
      for i in x.indices { result[i] += column[i].magnitude * exposure }
    }
  }
}
