import Keel

let workspaceCases: [Case] = [expectedShortfallWindows(scenarioCount: 2500, assetCount: 200)]

/// Least expected shortfall at 95 %, long only, over windows that move by a week: one workspace, each
/// answer from the one before.
private func expectedShortfallWindows(scenarioCount s: Int, assetCount n: Int) -> Case {
  let windowCount = 20
  let step = 5
  return Case(name: "allocation/expected-shortfall-warm/\(s)x\(n)", items: windowCount) {
    let rows = s + step * windowCount
    let returns = Inputs.returns(rows: rows, columns: n)
    let windows = try (0..<windowCount).map { w -> Matrix in
      var values: [Double] = []
      for j in 0..<n {
        let first = j * rows + w * step
        values += returns[first..<(first + s)]
      }
      return try Matrix(rowCount: s, columnCount: n, columnMajor: values)
    }
    let program = try ExpectedShortfallProgram(
      outcomes: windows[0], confidence: 0.95, lowerBounds: [Double](repeating: 0, count: n),
      rows: [
        LinearRow("budget", coefficients: [Double](repeating: 1, count: n), lower: 1, upper: 1)
      ])
    let box = ExpectedShortfallBox(program)
    return .init(run: { try box.solveAll(windows) })
  }
}

/// Holds a workspace, which cannot be captured by a closure that may be called twice.
private final class ExpectedShortfallBox {
  private var workspace: ExpectedShortfallWorkspace

  init(_ program: ExpectedShortfallProgram) { workspace = ExpectedShortfallWorkspace(program) }

  func solveAll(_ windows: [Matrix]) throws {
    for window in windows {
      try workspace.setOutcomes(window)
      guard workspace.solve() == .optimal else { throw BenchmarkError("not optimal") }
    }
  }
}
