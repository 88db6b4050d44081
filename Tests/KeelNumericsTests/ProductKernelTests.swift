import KeelNumerics
import KeelTestSupport
import Testing

/// The kernels that sum products, at every level, against sums in extended precision.
@Suite struct ProductKernelTests {
  private func numbers(_ count: Int, seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.gaussian() }
  }

  private func matrix(order: Int, seed: UInt64) -> SymmetricMatrix {
    SymmetricMatrix(lowerTriangleOf: numbers(order * order, seed: seed), order: order)
  }

  @Test(arguments: Kernels.Level.allCases)
  func dotProductsAreExactToRounding(level: Kernels.Level) {
    for count in Array(0...70) + [255, 256, 257, 1003] {
      let x = numbers(count, seed: 1)
      let y = numbers(count, seed: 2)
      let exact = zip(x, y).reduce(DoubleDouble(0)) { $0 + DoubleDouble.product($1.0, $1.1) }
      let size = zip(x, y).reduce(0) { $0 + ($1.0 * $1.1).magnitude }
      let value = Kernels.dot(x.span, y.span, level: level)
      expectClose(value, exact.high, absolute: 40 * .ulpOfOne * size, "\(count)")
    }
  }

  @Test(arguments: Kernels.Level.allCases)
  func additionsAreElementwise(level: Kernels.Level) {
    for count in [0, 1, 3, 4, 7, 8, 9, 31, 64, 101] {
      let x = numbers(count, seed: 3)
      let start = numbers(count, seed: 4)
      var y = start
      var span = y.mutableSpan
      Kernels.add(-0.75, x.span, to: &span, level: level)
      for i in x.indices { expectClose(y[i], start[i] - 0.75 * x[i], absolute: 1e-15) }
    }
  }

  @Test(arguments: Kernels.Level.allCases)
  func symmetricProductsAreExactToRounding(level: Kernels.Level) throws {
    for order in Array(0...40) + [63, 64, 65, 66, 67, 130] {
      let a = matrix(order: order, seed: UInt64(order + 5))
      let x = numbers(order, seed: 6)
      var y = [Double](repeating: .nan, count: order)
      var span = y.mutableSpan
      try Kernels.multiply(a, x.span, into: &span, level: level)
      for i in 0..<order {
        var exact = DoubleDouble(0)
        var size = 0.0
        for j in 0..<order {
          exact = exact + DoubleDouble.product(a[i, j], x[j])
          size += (a[i, j] * x[j]).magnitude
        }
        expectClose(y[i], exact.high, absolute: 60 * .ulpOfOne * size, "\(order) \(i)")
      }
    }
  }

  @Test func oneTriangleIsRead() throws {
    // NaN in one element reaches every result that depends on it, by row and by column.
    var a = matrix(order: 9, seed: 1)
    a[7, 2] = .nan
    var y = [Double](repeating: 0, count: 9)
    var span = y.mutableSpan
    try Kernels.multiply(a, [Double](repeating: 1, count: 9).span, into: &span)
    for i in 0..<9 { #expect(y[i].isNaN == (i == 2 || i == 7)) }
  }

  @Test(arguments: Kernels.Level.allCases)
  func combinationsOfColumnsAreExactToRounding(level: Kernels.Level) throws {
    for order in [1, 3, 4, 7, 8, 9, 17, 31, 66] {
      let a = matrix(order: order, seed: UInt64(order + 7))
      let factors = numbers(order, seed: 8)
      let start = numbers(order, seed: 9).map(\.magnitude)
      for count in [0, 1, order / 2, order] {
        let columns = (0..<count).map { (5 * $0 + 1) % order }
        var (y, other, sizes) = (start, start, start)
        var span = y.mutableSpan
        try Kernels.addColumns(
          of: a.elements, at: columns.span, times: factors.span, count: count, to: &span,
          level: level)
        var otherSpan = other.mutableSpan
        var sizeSpan = sizes.mutableSpan
        try Kernels.addColumns(
          of: a.elements, at: columns.span, times: factors.span, count: count, to: &otherSpan,
          magnitudes: &sizeSpan, level: level)
        #expect(y == other, "with and without magnitudes, to the last bit")
        for i in 0..<order {
          var exact = DoubleDouble(start[i])
          var size = DoubleDouble(start[i])
          for (k, column) in columns.enumerated() {
            exact = exact + DoubleDouble.product(a[i, column], factors[k])
            size = size + DoubleDouble.product(a[i, column].magnitude, factors[k].magnitude)
          }
          let bound = 60 * Double.ulpOfOne * size.high
          expectClose(y[i], exact.high, absolute: bound, "\(order) \(count) \(i)")
          expectClose(sizes[i], size.high, absolute: bound, "\(order) \(count) \(i)")
        }
      }
    }
  }

  @Test func wrongCountsAreRefused() throws {
    let a = matrix(order: 3, seed: 1)
    var y = [0.0, 0, 0]
    var span = y.mutableSpan
    #expect(throws: NumericsError.self) { try Kernels.multiply(a, [1.0].span, into: &span) }
  }
}

/// The kernels of the spanning tree, against the same loops in Swift: the same bits at every level.
@Suite struct NearestKernelTests {
  private func numbers(_ count: Int, seed: UInt64) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    // Few values, so that equal ones meet.
    return (0..<count).map { _ in Double(Int(generator.uniform(0...6))) / 8 }
  }

  @Test(arguments: Kernels.Level.allCases)
  func gapsAreRoundedInTheStatedOrder(level: Kernels.Level) {
    for count in Array(1...40) + [101] {
      var generator = SeededGenerator(seed: UInt64(count))
      let column = (0..<count).map { _ in generator.gaussian() }
      let scales = (0..<count).map { _ in
        Double(sign: .plus, exponent: Int(generator.uniform(-9...9)), significand: 1)
      }
      var factors = (0..<count).map { _ in generator.uniform(0.5...1) }
      if count > 3 { factors[2] = .nan }
      let j = count / 2
      var output = [Double](repeating: 0, count: count)
      var span = output.mutableSpan
      let least = Kernels.correlationGaps(
        column.span, of: j, scales: scales.span, factors: factors.span, factor: 0.75, into: &span,
        level: level)
      var expectedLeast = Double.infinity
      for k in 0..<count {
        let expected = 1 - (column[k] * scales[j] * scales[k]) * (factors[k] * 0.75)
        #expect(output[k] == expected || (output[k].isNaN && expected.isNaN))
        if expected < expectedLeast { expectedLeast = expected }
      }
      #expect(least == expectedLeast)
    }
  }

  @Test(arguments: Kernels.Level.allCases)
  func loweringTagsAndReportsTies(level: Kernels.Level) {
    for count in Array(1...40) + [101] {
      var x = numbers(count, seed: UInt64(count))
      var y = numbers(count, seed: UInt64(count + 1000))
      if count > 2 { x[1] = .nan }
      if count > 5 { y[4] = .infinity }
      let before = y
      var tags = [Double](repeating: -1, count: count)
      var ySpan = y.mutableSpan
      var tagSpan = tags.mutableSpan
      let (least, hasTies) = Kernels.lower(
        &ySpan, to: x.span, tag: 7, &tagSpan, level: level)
      for k in 0..<count {
        let isLower = x[k] < before[k]
        #expect(y[k] == (isLower ? x[k] : before[k]))
        #expect(tags[k] == (isLower ? 7 : -1))
      }
      #expect(least == y.min())
      #expect(hasTies == (0..<count).contains { x[$0] == before[$0] })
    }
  }

  @Test(arguments: Kernels.Level.allCases)
  func firstEqualElements(level: Kernels.Level) {
    for count in [0, 1, 5, 16, 17, 33, 64, 100] {
      let x = numbers(count, seed: 3)
      for start in 0...count {
        for value in [0.25, 0.5, 9] {
          let expected = (start..<count).first { x[$0] == value } ?? count
          #expect(Kernels.firstIndex(of: value, in: x.span, from: start, level: level) == expected)
        }
      }
    }
  }
}
