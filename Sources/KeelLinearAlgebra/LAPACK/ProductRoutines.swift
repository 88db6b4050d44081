import CKeelShims
import KeelNumerics

// dgemm, dsyrk, dsymm, dgemv, dsymv, dtrmm, dtrsm behind the gate.

extension Transposition {
  var letter: CChar {
    switch self {
    case .none: CChar(UInt8(ascii: "N"))
    case .transposed: CChar(UInt8(ascii: "T"))
    }
  }
}

extension Triangle {
  var letter: CChar {
    switch self {
    case .lower: CChar(UInt8(ascii: "L"))
    case .upper: CChar(UInt8(ascii: "U"))
    }
  }
}

extension TriangularMatrixSide {
  var letter: CChar {
    switch self {
    case .left: CChar(UInt8(ascii: "L"))
    case .right: CChar(UInt8(ascii: "R"))
    }
  }
}

extension TriangularDiagonal {
  var letter: CChar {
    switch self {
    case .stored: CChar(UInt8(ascii: "N"))
    case .unit: CChar(UInt8(ascii: "U"))
    }
  }
}

/// The two factors of an accumulated result: new = scale · product + keep · old.
struct Accumulation {
  var scale: Double
  var keep: Double

  func check() throws(LinearAlgebraError) {
    try Gate.finite(scale, "scale")
    try Gate.finite(keep, "keeping")
  }
}

enum ProductRoutines {
  /// C := scale · op(A) · op(B) + keep · C.
  static func multiply(
    _ a: Matrix,
    _ transposeA: Transposition,
    _ b: Matrix,
    _ transposeB: Transposition,
    _ accumulation: Accumulation,
    into c: inout Matrix
  ) throws(LinearAlgebraError) {
    let rows = transposeA == .none ? a.rowCount : a.columnCount
    let inner = transposeA == .none ? a.columnCount : a.rowCount
    let innerB = transposeB == .none ? b.rowCount : b.columnCount
    let columns = transposeB == .none ? b.columnCount : b.rowCount
    try Gate.equal(innerB, inner, "right factor")
    try Gate.equal(c.rowCount, rows, "rows of the result")
    try Gate.equal(c.columnCount, columns, "columns of the result")
    try accumulation.check()
    try Gate.input(a, "left factor")
    try Gate.input(b, "right factor")
    if accumulation.keep != 0 { try Gate.input(c, "result") }
    if rows == 0 || columns == 0 { return }
    var target = c.mutableElements
    try multiplyChecked(a, transposeA, b, transposeB, accumulation, into: &target)
    try Gate.output(target, "matrix product")
  }

  /// C := op(A) · op(B), where numbers that are not finite are an answer and not an error.
  ///
  /// - Returns: False, with undefined content, when shapes do not fit, or a factor or the product is
  ///   not finite.
  static func multiplyFinite(
    _ a: Matrix,
    _ transposeA: Transposition,
    _ b: Matrix,
    _ transposeB: Transposition,
    into c: inout Matrix
  ) -> Bool {
    let rows = transposeA == .none ? a.rowCount : a.columnCount
    let inner = transposeA == .none ? a.columnCount : a.rowCount
    let innerB = transposeB == .none ? b.rowCount : b.columnCount
    let columns = transposeB == .none ? b.columnCount : b.rowCount
    guard inner == innerB, c.rowCount == rows, c.columnCount == columns,
      Gate.isFinite(a.elements), Gate.isFinite(b.elements)
    else { return false }
    if rows == 0 || columns == 0 { return true }
    var target = c.mutableElements
    do throws(LinearAlgebraError) {
      try multiplyChecked(
        a, transposeA, b, transposeB, Accumulation(scale: 1, keep: 0), into: &target)
    } catch {
      return false
    }
    return Gate.isFinite(target)
  }

  /// The product of matrices whose shapes and elements were checked and are not empty.
  private static func multiplyChecked(
    _ a: Matrix,
    _ transposeA: Transposition,
    _ b: Matrix,
    _ transposeB: Transposition,
    _ accumulation: Accumulation,
    into target: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) {
    let m = try Gate.dimension(transposeA == .none ? a.rowCount : a.columnCount, "rows")
    let n = try Gate.dimension(transposeB == .none ? b.columnCount : b.rowCount, "columns")
    let k = try Gate.dimension(
      transposeA == .none ? a.columnCount : a.rowCount, "inner dimension")
    let leadingA = Int32(truncatingIfNeeded: Swift.max(a.rowCount, 1))
    let leadingB = Int32(truncatingIfNeeded: Swift.max(b.rowCount, 1))
    let keep = accumulation.keep
    let scale = accumulation.scale
    unsafe a.elements.withUnsafeBufferPointer { pa in
      unsafe b.elements.withUnsafeBufferPointer { pb in
        unsafe target.withUnsafeMutableBufferPointer { pc in
          unsafe keel_dgemm(
            transposeA.letter, transposeB.letter, m, n, k, scale, pa.baseAddress, leadingA,
            pb.baseAddress, leadingB, keep, pc.baseAddress, m)
        }
      }
    }
  }

  /// The lower triangle of scale · XᵀX, in zeroed square storage.
  static func gram(
    _ x: Matrix,
    _ transposition: Transposition,
    scale: Double
  ) throws(LinearAlgebraError) -> [Double] {
    let order = transposition == .none ? x.rowCount : x.columnCount
    let inner = transposition == .none ? x.columnCount : x.rowCount
    try Gate.finite(scale, "scale")
    try Gate.input(x, "matrix")
    var result = try Workspace.square(order: order)
    if order == 0 || inner == 0 { return result }
    let n = try Gate.dimension(order, "columns")
    let k = try Gate.dimension(inner, "rows")
    let leading = Int32(truncatingIfNeeded: x.rowCount)
    unsafe x.elements.withUnsafeBufferPointer {
      unsafe keel_dsyrk(
        Gate.lower, transposition.letter, n, k, scale, $0.baseAddress, leading, 0, &result, n)
    }
    try Gate.output(result, "Gram matrix")
    return result
  }

  /// A · B, or B · A, with A symmetric.
  static func multiply(
    symmetric a: SymmetricMatrix,
    _ side: TriangularMatrixSide,
    _ b: Matrix
  ) throws(LinearAlgebraError) -> Matrix {
    try Gate.equal(side == .left ? b.rowCount : b.columnCount, a.order, "factor")
    try Gate.input(a, "symmetric factor")
    try Gate.input(b, "factor")
    var result = try Workspace.rectangle(rowCount: b.rowCount, columnCount: b.columnCount)
    if !result.isEmpty {
      let m = try Gate.dimension(b.rowCount, "rows")
      let n = try Gate.dimension(b.columnCount, "columns")
      let leadingA = try Gate.dimension(a.order, "order")
      unsafe a.elements.withUnsafeBufferPointer { pa in
        unsafe b.elements.withUnsafeBufferPointer { pb in
          unsafe keel_dsymm(
            side.letter, Gate.lower, m, n, 1, pa.baseAddress, leadingA, pb.baseAddress, m, 0,
            &result, m)
        }
      }
      try Gate.output(result, "symmetric product")
    }
    return Matrix(uncheckedRowCount: b.rowCount, columnCount: b.columnCount, storage: result)
  }

  /// y := scale · op(A) · x + keep · y.
  static func multiply(
    _ a: borrowing Matrix,
    _ transposition: Transposition,
    _ x: Span<Double>,
    _ accumulation: Accumulation,
    into y: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) {
    let rows = a.rowCount
    let columns = a.columnCount
    try Gate.equal(x.count, transposition == .none ? columns : rows, "vector")
    try Gate.equal(y.count, transposition == .none ? rows : columns, "result")
    try accumulation.check()
    try Gate.finite(x, "vector")
    if accumulation.keep != 0 { try Gate.finite(y, rowCount: Swift.max(y.count, 1), "result") }
    if y.count == 0 { return }
    try Gate.shape(
      rowCount: rows, columnCount: columns, storageCount: a.elements.count, "matrix")
    let m = try Gate.dimension(rows, "rows")
    let n = try Gate.dimension(columns, "columns")
    let keep = accumulation.keep
    let scale = accumulation.scale
    if m == 0 || n == 0 {
      for i in 0..<y.count { y[i] = keep == 0 ? 0 : keep * y[i] }
      return
    }
    unsafe a.elements.withUnsafeBufferPointer { pa in
      unsafe x.withUnsafeBufferPointer { px in
        unsafe y.withUnsafeMutableBufferPointer { py in
          unsafe keel_dgemv(
            transposition.letter, m, n, scale, pa.baseAddress, m, px.baseAddress, 1, keep,
            py.baseAddress, 1)
        }
      }
    }
    if Gate.isFinite(y) { return }
    try Gate.input(a, "matrix")
    throw .overflow(operation: "matrix-vector product")
  }

  /// y := scale · A · x + keep · y with A symmetric.
  static func multiply(
    symmetric a: borrowing SymmetricMatrix,
    _ x: Span<Double>,
    _ accumulation: Accumulation,
    into y: inout MutableSpan<Double>
  ) throws(LinearAlgebraError) {
    try Gate.equal(x.count, a.order, "vector")
    try Gate.equal(y.count, a.order, "result")
    try accumulation.check()
    try Gate.finite(x, "vector")
    if accumulation.keep != 0 { try Gate.finite(y, rowCount: Swift.max(y.count, 1), "result") }
    if y.count == 0 { return }
    let order = a.order
    try Gate.shape(
      rowCount: order, columnCount: order, storageCount: a.elements.count, "matrix")
    let n = try Gate.dimension(order, "order")
    let keep = accumulation.keep
    let scale = accumulation.scale
    unsafe a.elements.withUnsafeBufferPointer { pa in
      unsafe x.withUnsafeBufferPointer { px in
        unsafe y.withUnsafeMutableBufferPointer { py in
          unsafe keel_dsymv(
            Gate.lower, n, scale, pa.baseAddress, n, px.baseAddress, 1, keep, py.baseAddress, 1)
        }
      }
    }
    if Gate.isFinite(y) { return }
    try Gate.input(a, "matrix")
    throw .overflow(operation: "symmetric matrix-vector product")
  }

  /// B := scale · op(T) · B or scale · B · op(T), or the solution of the same with T⁻¹.
  static func triangular(
    _ t: borrowing Matrix,
    _ form: TriangularForm,
    solving: Bool,
    scale: Double,
    _ b: inout Matrix
  ) throws(LinearAlgebraError) {
    let operation = solving ? "triangular solve" : "triangular product"
    try Gate.equal(t.columnCount, t.rowCount, "triangular matrix")
    try Gate.equal(form.side == .left ? b.rowCount : b.columnCount, t.rowCount, "matrix")
    try Gate.finite(scale, "scale")
    try Gate.input(t, "triangular matrix")
    try Gate.input(b, "matrix")
    if b.rowCount == 0 || b.columnCount == 0 { return }
    if solving && form.diagonal == .stored {
      for j in 0..<t.rowCount where t[j, j] == 0 { throw .singular(pivot: j) }
    }
    let m = try Gate.dimension(b.rowCount, "rows")
    let n = try Gate.dimension(b.columnCount, "columns")
    let leading = try Gate.dimension(t.rowCount, "order")
    let routine = unsafe solving ? keel_dtrsm : keel_dtrmm
    var target = b.mutableElements
    unsafe t.elements.withUnsafeBufferPointer { pt in
      unsafe target.withUnsafeMutableBufferPointer { pb in
        unsafe routine(
          form.side.letter, form.triangle.letter, form.transposition.letter,
          form.diagonal.letter, m, n, scale, pt.baseAddress, leading, pb.baseAddress, m)
      }
    }
    try Gate.output(target, operation)
  }
}
