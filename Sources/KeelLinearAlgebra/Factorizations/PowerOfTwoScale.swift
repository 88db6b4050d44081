// Exact scaling of elements that are far from one.

struct PowerOfTwoScale {
  /// The matrix is multiplied by two to this power before the routine.
  let exponent: Int

  /// Squares of elements in this range, and sums of 2^32 of them, stay far inside the range of
  /// `Double`, so nothing needs to be scaled.
  private static let unscaledExponents = -256...256

  /// The scale that brings the largest magnitude into [1, 2), or none when that is not needed.
  init(largest: Double) {
    exponent =
      largest == 0 || Self.unscaledExponents.contains(Int(largest.exponent))
      ? 0 : -Int(largest.exponent)
  }

  /// A scale that is known.
  init(exponent: Int) { self.exponent = exponent }

  /// The scale that brings the largest magnitude into [1, 2) in any case.
  init(normalizing largest: Double) {
    exponent = largest == 0 ? 0 : -Int(largest.exponent)
  }

  /// Scales before the routine.
  func apply(_ elements: inout [Double]) {
    if exponent != 0 { Self.scale(&elements, exponent) }
  }

  /// Scales a result that is proportional to the matrix back.
  func undo(_ elements: inout [Double]) {
    if exponent != 0 { Self.scale(&elements, -exponent) }
  }

  private static func scale(_ elements: inout [Double], _ exponent: Int) {
    var span = elements.mutableSpan
    for i in 0..<span.count {
      span[i] = Double(sign: .plus, exponent: exponent, significand: span[i])
    }
  }
}
