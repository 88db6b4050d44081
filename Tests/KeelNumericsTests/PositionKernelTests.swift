import KeelNumerics
import KeelTestSupport
import Testing

/// The passes over the positions of an account: the same bits at every level, one row or many.
@Suite struct PositionKernelTests {
  private func numbers(_ count: Int, seed: UInt64, _ range: ClosedRange<Double>) -> [Double] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.uniform(range) }
  }

  private func padded(_ values: [Double]) -> [Double] {
    values + [Double](repeating: 0, count: Kernels.paddedCount(of: values.count) - values.count)
  }

  /// Four sums, each over every fourth element, in pairs.
  private func laneSum(_ values: [Double]) -> Double {
    var sums = [0.0, 0, 0, 0]
    for (i, value) in values.enumerated() { sums[i % 4] += value }
    return (sums[0] + sums[2]) + (sums[1] + sums[3])
  }

  @Test(arguments: Kernels.Level.allCases)
  func onePassIsTheFormulaToTheBit(level: Kernels.Level) throws {
    for count in Array(1...23) + [64, 101] {
      let stride = 3
      let returns = numbers(count * stride + 2, seed: 1, -0.3...0.3)
      let positions = padded(numbers(count, seed: 2, 0...1))
      let shares = padded(numbers(count, seed: 3, 0...1))
      var grown = [Double](repeating: .nan, count: positions.count)
      var span = grown.mutableSpan
      let (sum, least) = try Kernels.grow(
        positions.span, by: returns.span, first: 2, stride: stride, count: count, into: &span,
        level: level)
      let row = padded((0..<count).map { returns[2 + $0 * stride] })
      let expected = zip(positions, row).map { $0 + $0 * $1 }
      #expect(grown == expected)
      #expect(sum == laneSum(expected))
      #expect(least == row.reduce(0, min))
      let trades = try Kernels.trades(
        from: grown.span, to: shares.span, times: 0.9, level: level)
      let differences = zip(shares, grown).map { $0 * 0.9 - $1 }
      #expect(trades.traded == laneSum(differences.map(\.magnitude)))
      #expect(
        trades.sharesSold == laneSum(zip(differences, shares).map { $0 < 0 ? $1 : 0 }))
      let limits = numbers(shares.count, seed: 4, 0...0.1)
      let excess = try Kernels.largestExcess(
        of: grown.span, over: shares.span, times: 0.9, limits: limits.span, level: level)
      let excesses = differences.indices.map {
        differences[$0] == 0 ? -.infinity : differences[$0].magnitude - limits[$0] * 0.9
      }
      #expect(excess == excesses.max())
    }
  }

  @Test(arguments: Kernels.Level.allCases)
  func rowsAreThePassesToTheBit(level: Kernels.Level) throws {
    let (rowCount, cost) = (23, 0.002)
    for count in [1, 2, 3, 4, 5, 7, 8, 20, 21] {
      var returns = numbers(count * rowCount, seed: UInt64(count), -0.2...0.25)
      returns[3] = -1
      returns[returns.count - 2] = .nan
      let shares = padded(numbers(count, seed: 5, 0...(1 / Double(count))))
      let shareSum = shares.reduce(0, +)
      let cash = 1.0001 * (1 - shareSum)
      var rows = Kernels.RebalancedRows(capacity: 16)
      for first in [0, 2, 7] {
        let taken = rows.take(
          from: shares.span, count: count, by: returns.span, first: first, stride: rowCount,
          cash: cash, shareSum: shareSum, costFraction: cost, rows: rowCount - first, level: level)
        #expect(taken == 16)
        for row in 0..<taken {
          var grown = [Double](repeating: 0, count: shares.count)
          var span = grown.mutableSpan
          let (sum, least) = try Kernels.grow(
            shares.span, by: returns.span, first: first + row, stride: rowCount, count: count,
            into: &span, level: level)
          let before = cash + sum
          let step = try Kernels.trades(
            from: grown.span, to: shares.span, times: before, level: level)
          let after =
            before - cost * step.traded / (1 + cost * (shareSum - 2 * step.sharesSold))
          let trades = try Kernels.trades(
            from: grown.span, to: shares.span, times: after, level: level)
          #expect(rows.least[row] == least)
          if sum.isNaN {
            #expect(rows.before[row].isNaN && rows.after[row].isNaN)
            continue
          }
          #expect(rows.before[row] == before)
          #expect(rows.after[row] == after)
          #expect(rows.traded[row] == trades.traded)
        }
      }
    }
  }

  @Test func shortArraysAreRefused() {
    let values: [Double] = [1, 2, 3, 4, 5]
    #expect(throws: NumericsError.shapeMismatch(argument: "positions", got: 5, required: 8)) {
      _ = try Kernels.trades(from: values.span, to: values.span, times: 1)
    }
    let four = [Double](repeating: 1, count: 4)
    #expect(throws: NumericsError.shapeMismatch(argument: "shares", got: 3, required: 4)) {
      _ = try Kernels.trades(from: four.span, to: [1, 2, 3].span, times: 1)
    }
    var grown = four
    #expect(throws: NumericsError.self) {
      var span = grown.mutableSpan
      _ = try Kernels.grow(
        four.span, by: four.span, first: 1, stride: 1, count: 4, into: &span)
    }
    var rows = Kernels.RebalancedRows(capacity: 8)
    for (first, stride, count) in [(1, 4, 1), (0, 0, 1), (0, 1, 2), (-1, 4, 1), (0, 4, 5)] {
      let taken = rows.take(
        from: four.span, count: count, by: four.span, first: first, stride: stride, cash: 0,
        shareSum: 1, costFraction: 0, rows: 4)
      #expect(taken == 0)
    }
  }
}
