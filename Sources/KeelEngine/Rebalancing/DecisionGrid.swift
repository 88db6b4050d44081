// The grid on which decisions are taken, so that the last bits of a sum never decide.

enum DecisionGrid {
  /// One step of the grid: 1e-9 of the portfolio's value, far above rounding (1e-15) and far below
  /// any threshold in use.
  static let step = 1e-9

  /// The nearest number of steps.
  static func steps(_ value: Double) -> Double { (value / step).rounded() }

  /// The nearest value on the grid.
  static func rounded(_ value: Double) -> Double { steps(value) * step }
}
