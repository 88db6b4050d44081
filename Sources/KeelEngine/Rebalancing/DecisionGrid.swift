// The grid on which decisions are taken, so that the last bits of a sum never decide.

enum DecisionGrid {
  /// One step of the grid: 1e-9 of the portfolio's value, far above rounding (1e-15) and far below
  /// any threshold in use.
  static let step = 1e-9

  /// The nearest number of steps.
  ///
  /// Halves are rounded away from zero. Numbers that an integer holds are rounded by it, which takes no call.
  static func steps(_ value: Double) -> Double {
    let exact = value / step
    guard exact.magnitude < largestInteger else { return exact.rounded() }
    let whole = Double(Int64(exact))
    let rest = exact - whole
    return rest >= 0.5 ? whole + 1 : rest <= -0.5 ? whole - 1 : whole
  }

  /// Below it every difference from the nearest whole number is exact.
  private static let largestInteger = 0x1p52

  /// The nearest value on the grid.
  static func rounded(_ value: Double) -> Double { steps(value) * step }
}
