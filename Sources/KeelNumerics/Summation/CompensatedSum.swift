// Goals in order: accuracy (as if summed in twice the precision), the same bits for every split of
// the work, speed.
//
// A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen, ZAMM 54
// (1974) 39-51. Arrays are summed in chunks of fixed length, so that a caller who sums chunks on
// several threads and merges them in order gets the same bits as one thread.

/// A running sum that keeps what rounding takes away.
///
/// ```text
/// error ≤ ulp/2 of the sum + 2 n² 2⁻¹⁰⁶ Σ |xᵢ|
/// ```
///
/// The error does not grow with the number of terms until their cancellation exceeds sixteen
/// digits. A sum that overflows on the way is infinite, or NaN when infinities of both signs were
/// added. Method: Neumaier (1974).
public struct CompensatedSum: Sendable, Hashable {
  /// The rounded running sum.
  private var sum = 0.0
  /// What the roundings have taken away so far.
  private var compensation = 0.0

  /// The number of elements that ``sum(of:)-(Span<Double>)`` adds before it starts a new partial
  /// sum.
  public static let chunkLength = 4_096

  /// Creates an empty sum, whose value is 0.
  public init() {}

  /// Adds one term.
  ///
  /// - Parameter x: The term. NaN and infinities make the value NaN or infinite.
  /// - Complexity: O(1).
  public mutating func add(_ x: Double) { addParts(x) }

  /// Adds another running sum with its compensation.
  ///
  /// - Parameter other: The other sum.
  public mutating func add(_ other: CompensatedSum) {
    addParts(other.sum)
    compensation += other.compensation
  }

  /// The sum of the terms so far, rounded once; 0 when there are none.
  public var value: Double {
    let total = sum + compensation
    // An infinite sum has a compensation that is NaN.
    return sum.isFinite && !total.isNaN ? total : sum
  }

  mutating func addParts(_ x: Double) {
    let total = sum + x
    compensation += sum.magnitude >= x.magnitude ? (sum - total) + x : (x - total) + sum
    sum = total
  }
}

extension CompensatedSum {
  /// Returns the sum of some numbers.
  ///
  /// The error bound is that of the type. The numbers are added in chunks of ``chunkLength``, which
  /// are then added in order, so that the bits do not depend on how the work is split.
  ///
  /// - Parameter values: The terms.
  /// - Returns: The sum; 0 when there are no terms.
  /// - Complexity: O(n).
  public static func sum(of values: Span<Double>) -> Double {
    var total = CompensatedSum()
    var first = 0
    while first < values.count {
      let end = min(values.count, first + chunkLength)
      var chunk = CompensatedSum()
      for i in first..<end { chunk.addParts(values[i]) }
      total.add(chunk)
      first = end
    }
    return total.value
  }

  /// Returns the sum of some numbers.
  ///
  /// As for a span.
  ///
  /// - Parameter values: The terms.
  /// - Returns: The sum; 0 when there are no terms.
  /// - Complexity: O(n).
  public static func sum(of values: [Double]) -> Double { sum(of: values.span) }
}
