// Goals in order: accuracy (as if computed in twice the precision), the same bits for every split
// of the work, speed.
//
// T. Ogita, S. M. Rump, S. Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005)
// 1955-1988, algorithm Dot2.

extension CompensatedSum {
  /// Adds the product of two numbers, with the rounding error of the product.
  ///
  /// - Parameters:
  ///   - x: One factor.
  ///   - y: The other factor. Products above 1e300 in magnitude, or of factors above 1e300, are
  ///     added with their rounding.
  public mutating func addProduct(_ x: Double, _ y: Double) {
    let product = DoubleDouble.product(x, y)
    addParts(product.high)
    // Splitting a factor near the top of the range overflows.
    if product.low.isFinite { addParts(product.low) }
  }

  /// Returns the sum of the products of corresponding numbers.
  ///
  /// ```text
  /// error ≤ ulp/2 of the result + n² 2⁻¹⁰⁵ Σ |xᵢ yᵢ|
  /// ```
  ///
  /// Method: Ogita, Rump, Oishi (2005), in chunks as ``sum(of:)-(Span<Double>)``. The bound does
  /// not hold for products below 1e-290 in magnitude, whose errors underflow.
  ///
  /// - Parameters:
  ///   - x: The first factors.
  ///   - y: The second factors, as many.
  /// - Returns: The sum; 0 for empty spans.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  /// - Complexity: O(n).
  public static func dotProduct(
    _ x: Span<Double>, _ y: Span<Double>
  ) throws(NumericsError) -> Double {
    guard x.count == y.count else {
      throw .shapeMismatch(argument: "y", got: y.count, required: x.count)
    }
    var total = CompensatedSum()
    var first = 0
    while first < x.count {
      let end = min(x.count, first + chunkLength)
      var chunk = CompensatedSum()
      for i in first..<end { chunk.addProduct(x[i], y[i]) }
      total.add(chunk)
      first = end
    }
    return total.value
  }

  /// Returns the sum of the products of corresponding numbers.
  ///
  /// As for spans.
  ///
  /// - Parameters:
  ///   - x: The first factors.
  ///   - y: The second factors, as many.
  /// - Returns: The sum; 0 for empty arrays.
  /// - Throws: `NumericsError.shapeMismatch` when the counts differ.
  /// - Complexity: O(n).
  public static func dotProduct(_ x: [Double], _ y: [Double]) throws(NumericsError) -> Double {
    try dotProduct(x.span, y.span)
  }
}
