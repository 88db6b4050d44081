/// A point in the caller's units, in memory that is kept.
struct UnscaledPoint: Sendable {
  var x: [Double] = []
  var rowDuals: [Double] = []
  var boundDuals: [Double] = []
  var certificate = Certificate.none

  /// The relative violation that some hundred roundings explain.
  private static let rounding = 1e-14

  /// Whether the constraints hold to rounding, so that no contradiction can hide in their tolerance.
  var isExact: Bool { certificate.primalResidual <= Self.rounding }

  /// Takes the memory that the points of a program need.
  mutating func reserve(_ program: QuadraticProgram) {
    x.reserveCapacity(program.variableCount)
    rowDuals.reserveCapacity(program.rows.count)
    boundDuals.reserveCapacity(program.variableCount)
  }

  /// Becomes a copy of another point, in its own memory.
  mutating func copyElements(of other: UnscaledPoint) {
    x.copyElements(of: other.x)
    rowDuals.copyElements(of: other.rowDuals)
    boundDuals.copyElements(of: other.boundDuals)
    certificate = other.certificate
  }

  func solution(_ program: QuadraticProgram, _ status: SolverStatus) -> Solution<[Double]> {
    Solution(
      value: x, status: status, certificate: certificate,
      duals: Duals(of: program, rows: rowDuals, bounds: boundDuals))
  }
}
