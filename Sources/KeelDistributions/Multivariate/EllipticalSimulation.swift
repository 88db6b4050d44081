// Blocks of paths that stay in the cache: normal draws by column, one triangular product with the Cholesky factor, and
// one factor a path, √W, on the way out: √((ν − 2) / χ²) for Student's law. With a drift γ a path is μ + γW + √W Lz.
// Path k is a function of the stream and k alone; blocks begin at multiples of a fixed length, so that any split at them
// gives the same bits.
//
// χ² is twice a gamma draw of the law ν/2 > 1 (Marsaglia and Tsang 2000): nearly every first attempt is accepted, so that
// those are drawn for a whole block at once, and later ones by index.

import KeelData
import KeelLinearAlgebra
import KeelNumerics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Draws from a normal law with a random variance, and from its mean in proportion.
struct EllipticalSimulation: Sendable {
  /// What multiplies the dispersion of a path.
  enum Mixing: Sendable {
    /// One.
    case none
    /// (ν − 2)/χ²(ν), ν above 2.
    case unitStudent(Double)
    /// ν/χ²(ν), ν above 2.
    case student(Double)
    /// A generalized inverse Gaussian draw.
    case inverseGaussian(InverseGaussianMixing)
  }

  let universe: Universe
  let means: [Double]
  private let drift: [Double]?
  private let mixing: Mixing
  /// Nil for random points.
  private let sobol: SobolDraws?

  /// A seed of its own, so that streams can be counted from zero: one an asset, then two an attempt.
  let seed: UInt64

  // L of order N by rank, padded with zeros to a square; row k belongs to asset pivots[k].
  private let factor: [Double]
  private let pivots: [Int]
  private let rank: Int

  static let blockLength = 1024

  /// Paths can be divided at its multiples, which are those of the block too.
  static let splitLength = 4096

  init(
    location: [Double],
    drift: [Double]? = nil,
    dispersion: Covariance,
    mixing: Mixing,
    points: ScenarioPoints = .random,
    _ stream: RandomStream
  ) throws(DistributionsError) {
    universe = dispersion.universe
    means = location
    self.drift = drift
    self.mixing = mixing
    seed = stream.bits(at: .max).0
    let matrix = dispersion.matrix
    let n = matrix.order
    let cholesky: PivotedCholesky
    do throws(LinearAlgebraError) {
      cholesky = try PivotedCholesky(matrix)
    } catch {
      throw .notRepresentable(result: "factor of the covariance")
    }
    let largest = (0..<n).reduce(0) { max($0, matrix[$1, $1]) }
    guard cholesky.leastResidual >= -Self.negligibleVariance * largest else {
      throw .negativeVariance(cholesky.leastResidual)
    }
    pivots = cholesky.pivots
    rank = cholesky.rank
    switch (points, mixing) {
    case (.random, _): sobol = nil
    case (.scrambledSobol, .none):
      sobol = try SobolDraws(rank: rank, hasFactor: false, seed: seed)
    case (.scrambledSobol, _): sobol = try SobolDraws(rank: rank, hasFactor: true, seed: seed)
    }
    factor =
      cholesky.lower.columnMajorElements + [Double](repeating: 0, count: n * (n - cholesky.rank))
  }

  /// What rounding may leave of a covariance, as a part of its largest variance.
  private static let negligibleVariance = 1e-10

  func scenarios(
    count: Int,
    on pool: BoundedPool?
  ) throws(DistributionsError) -> ScenarioSet {
    try Self.requireCount(count, assetCount: universe.count, "count")
    return try scenarios(paths: 0..<count, on: pool)
  }

  static func requireCount(
    _ count: Int,
    assetCount: Int,
    _ argument: String
  ) throws(DistributionsError) {
    let most = RandomStream.maximumCount / max(assetCount, 1)
    guard (1...most).contains(count) else {
      throw .invalidValue(
        argument: argument, got: Double(count), lowest: 1, highest: Double(most))
    }
  }

  /// Requires a legal number of paths of which the first one begins a block.
  static func requirePaths(_ paths: Range<Int>, assetCount: Int) throws(DistributionsError) {
    // The count of a range from a negative number may overflow.
    guard paths.lowerBound >= 0, paths.lowerBound % splitLength == 0 else {
      let nearest = Double(max(0, paths.lowerBound / splitLength * splitLength))
      throw .invalidValue(
        argument: "paths.lowerBound", got: Double(paths.lowerBound), lowest: nearest,
        highest: nearest)
    }
    try requireCount(paths.count, assetCount: assetCount, "paths.count")
  }

  /// Requires paths that there are.
  func requirePaths(_ paths: Range<Int>) throws(DistributionsError) {
    try Self.requirePaths(paths, assetCount: universe.count)
    guard sobol == nil || paths.upperBound <= SobolSequence.pointCount else {
      throw .invalidValue(
        argument: "paths.upperBound", got: Double(paths.upperBound), lowest: 1,
        highest: Double(SobolSequence.pointCount))
    }
  }

  func scenarios(
    paths: Range<Int>,
    on pool: BoundedPool?
  ) throws(DistributionsError) -> ScenarioSet {
    try requirePaths(paths)
    let (n, count) = (universe.count, paths.count)
    var done = 0
    let storage = Kernels.array(count: count * n) { output in
      if let pool, pool.width > 1 {
        done = fill(&output, paths, on: pool)
      } else {
        var panel = Panel(rowCount: 0, columnCount: n)
        while done < count {
          let end = min(done + Self.blockLength, count)
          draw((paths.lowerBound + done)..<(paths.lowerBound + end), into: &panel)
          copy(panel, to: &output, at: done, of: count)
          done = end
        }
      }
    }
    return try result(storage, count: count, done: done)
  }

  /// Draws blocks on several threads, a wave at a time so that they need little memory.
  private func fill(
    _ output: inout MutableSpan<Double>,
    _ paths: Range<Int>,
    on pool: BoundedPool
  ) -> Int {
    let (first, count) = (paths.lowerBound, paths.count)
    let wave = 4 * pool.width * Self.blockLength
    var done = 0
    while done < count {
      let start = first + done
      let panels = pool.blockResults(
        count: min(wave, count - done), blockLength: Self.blockLength
      ) { range in
        var panel = Panel(rowCount: range.count, columnCount: universe.count)
        draw((start + range.lowerBound)..<(start + range.upperBound), into: &panel)
        return panel
      }
      if panels.isEmpty { break }
      for panel in panels {
        copy(panel, to: &output, at: done, of: count)
        done += panel.rowCount
      }
    }
    return done
  }

  private func result(
    _ storage: [Double],
    count: Int,
    done: Int
  ) throws(DistributionsError) -> ScenarioSet {
    do throws(DataError) {
      if done == count {
        return ScenarioSet(
          uncheckedUniverse: universe,
          outcomes: Matrix(
            uncheckedRowCount: count, columnCount: universe.count, storage: storage))
      }
      var kept: [Double] = []
      for j in 0..<universe.count { kept += storage[(j * count)..<(j * count + done)] }
      return try ScenarioSet(
        universe: universe,
        outcomes: Matrix(uncheckedRowCount: done, columnCount: universe.count, storage: kept))
    } catch {
      throw DistributionsError(error)
    }
  }

  /// Normal draws times L', by pivots, and the factor of each path.
  private func draw(_ range: Range<Int>, into panel: inout Panel) {
    let (first, rows) = (UInt64(range.lowerBound), range.count)
    panel.rowCount = rows
    var normals = panel.values.mutableSpan
    for k in 0..<rank {
      let start = k * rows
      var column = normals._mutatingExtracting(start..<(start + rows))
      if let sobol {
        sobol.fillNormal(&column, k, from: first)
      } else {
        RandomStream(seed: seed, stream: UInt64(k)).fillNormal(&column, from: first)
      }
    }
    PanelProducts.multiply(
      &panel.values, rowCount: rows, byTransposeOfLower: factor, order: pivots.count)
    switch mixing {
    case .none: break
    case .unitStudent(let degrees):
      fillStretches(range, &panel.stretches, degrees: degrees, numerator: degrees - 2)
    case .student(let degrees):
      fillStretches(range, &panel.stretches, degrees: degrees, numerator: degrees)
    case .inverseGaussian(let law):
      law.fillRoots(&panel.stretches, range, seed: seed, firstStream: UInt64(pivots.count))
    }
  }

  /// √(numerator / χ²) of each path.
  private func fillStretches(
    _ range: Range<Int>,
    _ stretches: inout [Double],
    degrees: Double,
    numerator: Double
  ) {
    let (first, count) = (UInt64(range.lowerBound), range.count)
    let firstStream = UInt64(pivots.count)
    var normals = stretches.mutableSpan
    var x = normals._mutatingExtracting(0..<count)
    if let sobol {
      sobol.fillStretches(&x, degrees: degrees, numerator: numerator, from: first)
      return
    }
    RandomStream(seed: seed, stream: firstStream).fillNormal(&x, from: first)
    var uniforms = [Double](repeating: 0, count: count)
    var u = uniforms.mutableSpan
    RandomStream(seed: seed, stream: firstStream + 1).fillUniform(&u, from: first)
    let shape = degrees / 2 - 1 / 3.0
    let slope = 1 / (9 * shape).squareRoot()
    let size = numerator / (2 * shape)
    for i in 0..<count {
      var (normal, uniform) = (x[i], u[i])
      var attempt: UInt64 = 1
      while true {
        let root = 1 + slope * normal
        let cube = root * root * root
        let square = normal * normal
        if root > 0,
          uniform < 1 - 0.0331 * square * square
            || log(uniform) < square / 2 + shape * (1 - cube + log(cube))
        {
          x[i] = (size / cube).squareRoot()
          break
        }
        let stream = firstStream + 2 * attempt
        normal = RandomStream(seed: seed, stream: stream).normal(at: first + UInt64(i))
        uniform = RandomStream(seed: seed, stream: stream + 1).uniform(at: first + UInt64(i))
        attempt += 1
      }
    }
  }

  /// √W L z of some paths, by assets, column after column, and their √W.
  func deviations(_ range: Range<Int>) -> (values: [Double], stretches: [Double]) {
    let rows = range.count
    var panel = Panel(rowCount: rows, columnCount: universe.count)
    draw(range, into: &panel)
    var values = [Double](repeating: 0, count: rows * universe.count)
    for (k, asset) in pivots.enumerated() {
      for i in 0..<rows {
        values[i + asset * rows] = panel.stretches[i] * panel.values[i + k * rows]
      }
    }
    return (values, Array(panel.stretches[0..<rows]))
  }

  /// Puts a panel in its place, with means, in the order of the assets.
  private func copy(
    _ panel: Panel,
    to output: inout MutableSpan<Double>,
    at row: Int,
    of count: Int
  ) {
    let rows = panel.rowCount
    let stretches = panel.stretches.span.extracting(0..<rows)
    for (k, asset) in pivots.enumerated() {
      let source = panel.values.span.extracting((k * rows)..<((k + 1) * rows))
      let start = asset * count + row
      var target = output._mutatingExtracting(start..<(start + rows))
      let mean = means[asset]
      guard target.count == source.count, stretches.count == source.count else { return }
      if let drift, drift[asset] != 0 {
        let slope = drift[asset]
        for i in source.indices {
          target[i] = mean + stretches[i] * (slope * stretches[i] + source[i])
        }
      } else {
        for i in source.indices { target[i] = mean + stretches[i] * source[i] }
      }
    }
  }

  /// Paths of one block.
  private struct Panel: Sendable {
    /// The number of rows; the values are those of the first rows × columns elements.
    var rowCount: Int

    var values: [Double]
    var stretches = [Double](repeating: 1, count: EllipticalSimulation.blockLength)

    init(rowCount: Int, columnCount: Int) {
      self.rowCount = rowCount
      values = [Double](repeating: 0, count: EllipticalSimulation.blockLength * columnCount)
    }
  }
}
