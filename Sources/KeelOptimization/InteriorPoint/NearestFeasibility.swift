// Goals: (1) a proof of infeasibility with a residual at the level of rounding; (2) it must always
// have an answer, so that it can stand behind iterations that stalled.

/// The point that misses the rows by the least sum of squares within the bounds.
///
/// ```text
/// minimize 1/2 Σ v²  subject to  lower ≤ Ax + v ≤ upper,  bounds on x
/// ```
///
/// This program is always feasible and bounded. Its row duals are v: when they are not zero they
/// satisfy A'v + z = 0 with signs that the bounds allow, which is Farkas' alternative.
enum NearestFeasibility {
  /// Multipliers of the rows of a core program that may prove its infeasibility.
  static func rowMultipliers(
    of program: CoreProgram,
    maximumIterations: Int,
    interruption: () -> InteriorPointOutcome.End?
  ) -> [Double] {
    let n = program.count
    let m = program.rows.count
    let elastic = CoreProgram(
      quadratic: .diagonal(
        [Double](repeating: 0, count: n) + [Double](repeating: 1, count: m)),
      linear: [Double](repeating: 0, count: n + m),
      lower: program.lower + [Double](repeating: -.infinity, count: m),
      upper: program.upper + [Double](repeating: .infinity, count: m),
      rows: program.rows.enumerated().map { k, row in
        CoreProgram.Row(
          indices: row.indices + [n + k], coefficients: row.coefficients + [1], lower: row.lower,
          upper: row.upper)
      })
    var method = InteriorPoint(elastic)
    let outcome = method.run(maximumIterations: maximumIterations, interruption: interruption)
    var polish = ActiveSetPolish(elastic, outcome)
    return polish.run() ? polish.rowDuals : outcome.rowDuals
  }
}
