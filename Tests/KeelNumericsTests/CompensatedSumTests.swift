import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct CompensatedSumTests {
  @Test func keepsWhatRoundingTakes() {
    #expect(CompensatedSum.sum(of: [1, 1e100, 1, -1e100]) == 2)
    #expect(CompensatedSum.sum(of: [1e16, 1, -1e16]) == 1)
    var sum = CompensatedSum()
    for _ in 0..<10_000_000 / 100 { sum.add(0.1) }
    #expect(sum.value == 10_000)
    #expect(CompensatedSum().value == 0)
    #expect(CompensatedSum.sum(of: [Double]()) == 0)
  }

  /// Against exact integer arithmetic: multiples of 2⁻⁶⁰ up to 2⁶⁰.
  @Test(arguments: 1...30)
  func matchesExactArithmetic(seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    var exact: Int128 = 0
    var values: [Double] = []
    for _ in 0..<(seed * 400) {
      let shift = Int(generator.next() % 60)
      let mantissa = Int64(truncatingIfNeeded: generator.next()) >> 11
      exact += Int128(mantissa) << Int128(shift)
      values.append(Double(mantissa) * Double(sign: .plus, exponent: shift - 60, significand: 1))
    }
    let reference = Double(exact) * Double(sign: .plus, exponent: -60, significand: 1)
    expectClose(CompensatedSum.sum(of: values), reference, relative: 2.3e-16)
  }

  @Test(arguments: 1...10)
  func dotProductMatchesExactArithmetic(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var exact: Int128 = 0
    var x: [Double] = []
    var y: [Double] = []
    for _ in 0..<5_000 {
      let (a, b) = (
        Int64(truncatingIfNeeded: generator.next()) >> 24,
        Int64(truncatingIfNeeded: generator.next()) >> 24
      )
      exact += Int128(a) * Int128(b)
      x.append(Double(a))
      y.append(Double(b))
    }
    expectClose(
      try CompensatedSum.dotProduct(x, y), Double(exact), relative: 2.3e-16, absolute: 1e-3)
    // The same with its opposite cancels all but one product.
    let cancelled = try CompensatedSum.dotProduct(x + x.map { -$0 } + [3], y + y + [5])
    #expect(cancelled == 15)
  }

  /// Chunks that are summed apart and merged in order give the same bits.
  @Test func splitDoesNotChangeBits() {
    var generator = SeededGenerator(seed: 3)
    let values = (0..<50_000).map { _ in generator.uniform(-1...1) }
    var merged = CompensatedSum()
    for first in stride(from: 0, to: values.count, by: CompensatedSum.chunkLength) {
      var chunk = CompensatedSum()
      for value in values[first..<min(values.count, first + CompensatedSum.chunkLength)] {
        chunk.add(value)
      }
      merged.add(chunk)
    }
    #expect(merged.value == CompensatedSum.sum(of: values))
  }

  @Test func edges() throws {
    #expect(CompensatedSum.sum(of: [1, .infinity, 2]) == .infinity)
    #expect(CompensatedSum.sum(of: [1, -.infinity]) == -.infinity)
    #expect(CompensatedSum.sum(of: [.infinity, -.infinity]).isNaN)
    #expect(CompensatedSum.sum(of: [1, .nan]).isNaN)
    #expect(CompensatedSum.sum(of: [1e308, 1e308]) == .infinity)
    let least = Double.leastNonzeroMagnitude
    #expect(CompensatedSum.sum(of: [least, least]) == 2 * least)
    #expect(throws: NumericsError.shapeMismatch(argument: "y", got: 1, required: 2)) {
      try CompensatedSum.dotProduct([1, 2], [1])
    }
    #expect(try CompensatedSum.dotProduct([1e300], [1]) == 1e300)
    #expect(try CompensatedSum.dotProduct([1e200], [1e200]) == .infinity)
    #expect(try CompensatedSum.dotProduct([.nan], [1]).isNaN)
    #expect(try CompensatedSum.dotProduct([], []) == 0)
    for a in hostileNumbers {
      for b in hostileNumbers {
        let product = try CompensatedSum.dotProduct([a], [b])
        #expect(product == a * b || (product.isNaN && (a * b).isNaN), "\(a) \(b)")
      }
    }
  }
}
