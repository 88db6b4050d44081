import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// The optimum by looking at every vertex of the linear program of two or three assets.
@Suite struct ExpectedShortfallVertexTests {
  /// The least objective over long-only portfolios of sum one: at a vertex either one asset is held,
  /// or the held ones make as many losses equal as there are assets.
  private func least(_ r: [[Double]], _ confidence: Double) -> Double {
    let n = r[0].count
    var best = Double.infinity
    func consider(_ x: [Double]) {
      if x.contains(where: { !($0 >= -1e-12) }) { return }
      best = min(best, value(x))
    }
    func value(_ x: [Double]) -> Double {
      let losses = r.map { row in -zip(row, x).reduce(0) { $0 + $1.0 * $1.1 } }.sorted(by: >)
      var left = (1 - confidence) * Double(r.count)
      let tail = left
      var total = 0.0
      for loss in losses {
        total += min(1, left) * loss
        left -= min(1, left)
      }
      return total / tail
    }
    for i in 0..<n {
      var x = [Double](repeating: 0, count: n)
      x[i] = 1
      consider(x)
    }
    for i in 0..<n {
      for j in 0..<i {
        for a in r.indices {
          for b in r.indices where b != a {
            // r(a)·x = r(b)·x with x(i) + x(j) = 1.
            let slope = r[a][i] - r[b][i] - r[a][j] + r[b][j]
            let weight = (r[b][j] - r[a][j]) / slope
            var x = [Double](repeating: 0, count: n)
            x[i] = weight
            x[j] = 1 - weight
            consider(x)
            if n == 3 { considerThree(r, a, b, consider) }
          }
        }
      }
    }
    return best
  }

  /// Three equal losses of three held assets.
  private func considerThree(_ r: [[Double]], _ a: Int, _ b: Int, _ consider: ([Double]) -> Void) {
    for c in r.indices where c != a && c != b {
      let first = (0..<3).map { r[a][$0] - r[b][$0] }
      let second = (0..<3).map { r[a][$0] - r[c][$0] }
      let cross = [
        first[1] * second[2] - first[2] * second[1], first[2] * second[0] - first[0] * second[2],
        first[0] * second[1] - first[1] * second[0],
      ]
      let total = cross.reduce(0, +)
      consider(cross.map { $0 / total })
    }
  }

  @Test(arguments: 1...60) func equalsTheBestVertex(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let n = 2 + seed % 2
    let s = 3 + seed % 8
    let r = (0..<s).map { _ in (0..<n).map { _ in 0.02 * generator.gaussian() } }
    let confidence = generator.uniform(0.05...0.95)
    let ones = [Double](repeating: 1, count: n)
    let program = try ExpectedShortfallProgram(
      outcomes: Matrix(rows: r), confidence: confidence, lowerBounds: ones.map { _ in 0 },
      rows: [LinearRow("budget", coefficients: ones, lower: 1, upper: 1)])
    let solution = ExpectedShortfallSolver().solve(program)
    #expect(solution.status == .optimal)
    expectClose(
      solution.certificate.primalObjective, least(r, confidence), relative: 1e-11,
      absolute: 1e-15)
  }
}
