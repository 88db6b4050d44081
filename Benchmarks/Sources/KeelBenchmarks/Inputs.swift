import Keel

/// Seeded inputs, the same on every machine.
enum Inputs {
  /// Standard normal numbers.
  static func normals(count: Int, stream: UInt64 = 0) -> [Double] {
    let random = RandomStream(seed: 20_260_101, stream: stream)
    return (0..<count).map { random.normal(at: UInt64($0)) }
  }

  /// Uniform numbers in an interval.
  static func uniforms(count: Int, _ range: ClosedRange<Double>, stream: UInt64) -> [Double] {
    let random = RandomStream(seed: 20_260_101, stream: stream)
    let width = range.upperBound - range.lowerBound
    return (0..<count).map { range.lowerBound + width * random.uniform(at: UInt64($0)) }
  }

  /// A symmetric positive definite matrix, column-major: two common factors and an own variance.
  static func positiveDefinite(order n: Int) -> [Double] {
    let deviations = uniforms(count: n, 0.5...1.5, stream: 1)
    let exposures = uniforms(count: n, -1...1, stream: 8)
    var values = [Double](repeating: 0, count: n * n)
    for j in 0..<n {
      for i in 0..<n {
        values[i + j * n] =
          deviations[i] * deviations[j] * (0.3 + 0.2 * exposures[i] * exposures[j])
      }
      values[j + j * n] += 1
    }
    return values
  }

  /// Returns of a market with one common factor, T × N, column-major.
  static func returns(rows: Int, columns: Int) -> [Double] {
    let market = normals(count: rows, stream: 2)
    let own = normals(count: rows * columns, stream: 3)
    let exposure = uniforms(count: columns, 0.5...1.5, stream: 4)
    let volatility = uniforms(count: columns, 0.01...0.04, stream: 5)
    var values = [Double](repeating: 0, count: rows * columns)
    for j in 0..<columns {
      for i in 0..<rows {
        values[i + j * rows] =
          0.0003 + 0.01 * exposure[j] * market[i] + volatility[j] * own[i + j * rows]
      }
    }
    return values
  }

  /// Returns of a market whose common factor has heavy tails (Student-t with 6 degrees of freedom), with ten
  /// smaller factors and own volatilities of 12 to 45 % a year, T × N, column-major.
  static func marketReturns(rows: Int, columns: Int) -> [Double] {
    let factorCount = 10
    let day = 1.0 / 252
    let heavy = (0..<6).map { normals(count: rows, stream: 20 + UInt64($0)) }
    let market = normals(count: rows, stream: 30)
    let factors = normals(count: rows * factorCount, stream: 31)
    let own = normals(count: rows * columns, stream: 32)
    let exposure = uniforms(count: columns, 0.4...1.6, stream: 33)
    let loadings = normals(count: columns * factorCount, stream: 34)
    let volatility = uniforms(count: columns, 0.12...0.45, stream: 35)
    let drift = normals(count: columns, stream: 36)
    var common = [Double](repeating: 0, count: rows)
    for t in 0..<rows {
      let chiSquare = heavy.reduce(0) { $0 + $1[t] * $1[t] }
      common[t] = 0.16 * day.squareRoot() * market[t] / (chiSquare / 6).squareRoot()
    }
    var values = [Double](repeating: 0, count: rows * columns)
    for j in 0..<columns {
      let mean = (0.06 * exposure[j] + 0.03 * drift[j]) * day
      for t in 0..<rows {
        var value = mean + exposure[j] * common[t]
        for k in 0..<factorCount {
          value += 0.04 * day.squareRoot() * loadings[j + k * columns] * factors[t + k * rows]
        }
        values[t + j * rows] = value + volatility[j] * day.squareRoot() * own[t + j * rows]
      }
    }
    return values
  }
}
