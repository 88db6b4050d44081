import KeelNumerics

/// How large the core of a program and its parts can be: what memory is taken for.
struct CoreShape: Sendable {
  private(set) var variableCount: Int
  private(set) var rowCount: Int
  /// The number of coefficients of all rows.
  private(set) var entryCount: Int
  private(set) var form: CoreQuadratic.Form
  /// The number of columns of C where P = C C' + diag(d).
  private(set) var columnCount = 0
  /// The number of inequality rows that are short enough to be added to H.
  private var shortCount = 0

  init(_ program: QuadraticProgram) {
    variableCount = program.variableCount
    rowCount = program.rows.count
    entryCount = 0
    switch program.quadratic.kernel {
    case .dense: form = .dense
    case .diagonal: form = .diagonal
    case .lowRank(let term):
      form = .lowRank
      columnCount = term.root.columnCount
    }
    for row in program.rows {
      let length = row.indices.count
      entryCount += length
      if !row.isEquality && length * length <= variableCount { shortCount += 1 }
    }
  }

  /// The shape with one further variable in each row and a diagonal P.
  var elastic: CoreShape {
    var result = self
    result.form = .diagonal
    result.columnCount = 0
    result.variableCount += rowCount
    result.entryCount += rowCount
    return result
  }

  /// Whether a dense H may be factored.
  var hasDenseSystem: Bool { form == .dense || (form == .diagonal && shortCount > 0) }

  /// The number of rows beside H, in the iterations or as active constraints of a vertex.
  var borderCount: Int { min(rowCount, max(rowCount - shortCount, variableCount)) }
}
