// Goals in order: the bits of a sum that adds one column after the other, memory speed.
//
// Eight columns are read side by side, so that the result is loaded and stored once for eight; each row is still summed in the
// order of the columns, with every product rounded.

package import KeelNumerics

extension Matrix {
  /// A combination of columns, in the order given.
  ///
  /// - Parameters:
  ///   - columns: Positions of columns of the matrix.
  ///   - factors: The factor of each column of the matrix.
  /// - Returns: One number a row.
  package func combination(of columns: [Int], factors: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: rowCount)
    var sums = result.mutableSpan
    var k = 0
    while k + 8 <= columns.count {
      addEight(columns[k..<(k + 8)].map { $0 }, factors, to: &sums)
      k += 8
    }
    for j in columns[k...] {
      let (column, factor) = (column(j), factors[j])
      guard column.count == sums.count else { continue }
      for s in column.indices { sums[s] += factor * column[s] }
    }
    return result
  }

  private func addEight(_ j: [Int], _ factors: [Double], to sums: inout MutableSpan<Double>) {
    let (a, b, c, d) = (column(j[0]), column(j[1]), column(j[2]), column(j[3]))
    let (e, f, g, h) = (column(j[4]), column(j[5]), column(j[6]), column(j[7]))
    let (wa, wb, wc, wd) = (factors[j[0]], factors[j[1]], factors[j[2]], factors[j[3]])
    let (we, wf, wg, wh) = (factors[j[4]], factors[j[5]], factors[j[6]], factors[j[7]])
    let count = sums.count
    guard a.count == count, b.count == count, c.count == count, d.count == count,
      e.count == count, f.count == count, g.count == count, h.count == count
    else { return }
    for s in 0..<count {
      let first = (((sums[s] + wa * a[s]) + wb * b[s]) + wc * c[s]) + wd * d[s]
      sums[s] = (((first + we * e[s]) + wf * f[s]) + wg * g[s]) + wh * h[s]
    }
  }
}
