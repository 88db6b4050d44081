import KeelNumerics
import KeelOptimization
import KeelTestSupport
import Testing

/// Rows, variables and objective in units of 10^±6, and everything in another order.
@Suite struct ScalingInvarianceTests {
  #if DEBUG
    static let count = 20
  #else
    static let count = 3000
  #endif

  @Test(arguments: 0..<10)
  func unitsAndOrderChangeNothing(block: Int) throws {
    for seed in stride(from: block + 1, through: Self.count, by: 10) {
      let program = try RandomPrograms.feasible(seed: seed)
      let (scaled, units, cost) = try RandomPrograms.rescaled(program, seed: seed)
      let permuted = try PermutedProgram(scaled, seed: seed)
      let base = try QuadraticSolver().solve(program)
      let other = try QuadraticSolver().solve(permuted.program)
      #expect(base.status == .optimal, "seed \(seed)")
      #expect(other.status == .optimal, "seed \(seed)")
      #expect(other.certificate.primalResidual <= 1e-12, "seed \(seed)")
      // An objective near zero is a difference of larger terms.
      expectClose(
        other.certificate.primalObjective / cost, base.certificate.primalObjective,
        relative: 1e-9, absolute: 1e-12, "seed \(seed)")
      // Every third program is rank deficient: its minimum may be attained at many points.
      if seed % 3 == 0 { continue }
      let x = permuted.restored(other.value)
      for i in units.indices {
        expectClose(x[i] * units[i], base.value[i], absolute: 1e-8, "seed \(seed)")
      }
    }
  }

  /// The bounds of a contradiction, by name, do not depend on units.
  @Test(arguments: ContradictionFamilies.Family.allCases)
  func theSameRelaxationInOtherUnits(family: ContradictionFamilies.Family) throws {
    for seed in 0..<SweepSize.of(8) {
      let program = try ContradictionFamilies.program(
        family, seed: seed, margin: 0.1, objective: .zero, units: .one)
      // Rows in units of 10^±6: weights are per unit of a row, so the cost stays what it is.
      var generator = SeededGenerator(seed: UInt64(seed))
      let rows = program.rows.map { row in
        let exponent = Int(generator.uniform(-20...20))
        let unit = Double(sign: .plus, exponent: exponent, significand: 1)
        return LinearRow(
          row.name, indices: row.indices, coefficients: row.coefficients.map { $0 * unit },
          lower: row.lower * unit, upper: row.upper * unit)
      }
      let scaled = try QuadraticProgram(
        quadratic: program.quadratic, lowerBounds: program.lowerBounds,
        upperBounds: program.upperBounds, rows: rows)
      let base = try program.cheapestRelaxation()
      let other = try scaled.cheapestRelaxation()
      #expect(base.status == .optimal && other.status == .optimal, "\(family) \(seed)")
      expectClose(other.cost, base.cost, relative: 1e-9, "\(family) \(seed)")
    }
  }
}
