// Goals in order: the least error of all variances of noise, not one nearby; speed.
//
// V. Marchenko and L. Pastur, "Distribution of eigenvalues for some sets of random matrices", Mathematics of the USSR-Sbornik 1
// (1967); the fit as in M. López de Prado, "Machine learning for asset managers", Cambridge (2020), section 2.4.

import KeelNumerics
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The law of the eigenvalues of the covariance of N series of noise with T observations each.
///
/// ```text
/// f(x) = √((b − x)(x − a)) / (2 π c v x),   a, b = v (1 ∓ √c)²,   c = N / T
/// ```
///
/// Where N is above T the density is that of the positive eigenvalues, with mass T / N.
public struct MarchenkoPastur: Hashable, Sendable {
  /// c = N / T.
  public let ratio: Double

  /// v, the variance of the noise.
  public let variance: Double

  /// Creates a law.
  ///
  /// - Parameters:
  ///   - ratio: The number of series over the number of observations, above 0.
  ///   - variance: The variance of the noise, above 0.
  /// - Throws: `EstimationError.invalidValue`.
  public init(ratio: Double, variance: Double) throws(EstimationError) {
    for (argument, value) in [("ratio", ratio), ("variance", variance)]
    where !(value > 0 && value.isFinite) {
      throw .invalid(argument, value, lowest: .leastNonzeroMagnitude)
    }
    self.init(uncheckedRatio: ratio, variance: variance)
  }

  private init(uncheckedRatio ratio: Double, variance: Double) {
    self.ratio = ratio
    self.variance = variance
  }

  /// a, the least positive eigenvalue.
  public var lowerEdge: Double {
    let root = 1 - ratio.squareRoot()
    return variance * root * root
  }

  /// b, the largest eigenvalue.
  public var upperEdge: Double {
    let root = 1 + ratio.squareRoot()
    return variance * root * root
  }

  /// The density.
  ///
  /// - Parameter eigenvalue: The eigenvalue x.
  /// - Returns: The density, zero outside the edges; NaN for NaN.
  public func density(at eigenvalue: Double) -> Double {
    if eigenvalue.isNaN { return .nan }
    let (above, below) = (eigenvalue - lowerEdge, upperEdge - eigenvalue)
    guard above > 0, below > 0 else { return 0 }
    // In an order in which nothing over- or underflows.
    return (above.squareRoot() / eigenvalue) * (below.squareRoot() / variance) / (2 * .pi * ratio)
  }
}

extension MarchenkoPastur {
  /// The allowed variances of the noise of correlations.
  private static let variances = 1e-5...(1 - 1e-5)

  /// The number of places at which densities are compared, both edges among them.
  private static let placeCount = 1000

  /// The number of variances tried before the best one is refined.
  private static let trialCount = 400

  /// The allowed standard deviations of the kernel.
  static let allowedBandwidths = 1e-4...10

  /// Fits the variance of the noise to the eigenvalues of correlations.
  ///
  /// The sum, over 1000 evenly spaced places from edge to edge, of the squared difference between the density of the law and
  /// that of the eigenvalues by a Gaussian kernel is least; of all variances from 1e-5 to 1 − 1e-5, found by trying 400 and
  /// refining the best of them.
  ///
  /// - Parameters:
  ///   - eigenvalues: The N eigenvalues of the correlations.
  ///   - observationCount: The number of observations T, at least 1.
  ///   - bandwidth: The standard deviation of the kernel, 1e-4 to 10; a hundredth is usual.
  /// - Throws: `EstimationError.tooFewObservations`, `EstimationError.invalidValue` for the bandwidth,
  ///   `EstimationError.invalidObservation` for no eigenvalue or one that is not finite.
  /// - Complexity: O(N) for each of some 50 000 places, less where the kernel is narrow, and for each node of a table, 16 a bandwidth up to the
  ///   largest edge.
  public init(
    fitting eigenvalues: [Double],
    observationCount: Int,
    bandwidth: Double
  ) throws(EstimationError) {
    guard observationCount >= 1 else {
      throw .tooFewObservations(got: observationCount, required: 1)
    }
    guard Self.allowedBandwidths.contains(bandwidth) else {
      throw .invalid(
        "bandwidth", bandwidth, lowest: Self.allowedBandwidths.lowerBound,
        highest: Self.allowedBandwidths.upperBound)
    }
    if eigenvalues.isEmpty { throw .tooFewObservations(got: 0, required: 1) }
    if let bad = eigenvalues.firstIndex(where: { !$0.isFinite }) {
      throw .invalidObservation(argument: "eigenvalues", index: bad, got: eigenvalues[bad])
    }
    let ratio = Double(eigenvalues.count) / Double(observationCount)
    let kernel = GaussianKernel(points: eigenvalues.sorted(), bandwidth: bandwidth)
    func law(_ variance: Double) -> Self { Self(uncheckedRatio: ratio, variance: variance) }
    let (first, last) = (Self.variances.lowerBound, Self.variances.upperBound)
    let step = (last - first) / Double(Self.trialCount - 1)
    let trials = (0..<Self.trialCount).map { min(first + Double($0) * step, last) }
    // Trials only say where the least error is about: a table is good enough for them.
    let table = KernelTable(
      kernel, upTo: law(last).upperEdge, mostNodes: Self.trialCount * Self.placeCount)
    let errors = trials.map { variance in
      law(variance).squaredError(Self.placeCount) { places in
        table?.densities(at: places) ?? kernel.densities(at: places)
      }
    }
    var best = 0
    for k in trials.indices where errors[k] < errors[best] { best = k }
    let bracket = trials[max(best - 1, 0)]...trials[min(best + 1, Self.trialCount - 1)]
    func error(_ variance: Double) -> Double {
      law(variance).squaredError(Self.placeCount, kernel.densities)
    }
    // A bracket of finite numbers; where the search stops early the trial is good enough.
    let refined = try? Brent.minimum(of: error, in: bracket)
    let variance =
      refined.map { $0.value < error(trials[best]) ? $0.argument : trials[best] } ?? trials[best]
    self.init(uncheckedRatio: ratio, variance: variance)
  }

  /// Σ (f(x) − g(x))² over evenly spaced x, g by the kernel.
  private func squaredError(_ count: Int, _ densities: ([Double]) -> [Double]) -> Double {
    let (lower, upper) = (lowerEdge, upperEdge)
    let step = (upper - lower) / Double(count - 1)
    let places = (0..<count).map { min(lower + Double($0) * step, upper) }
    let values = densities(places)
    var sum = 0.0
    for k in 0..<count {
      let difference = density(at: places[k]) - values[k]
      sum += difference * difference
    }
    return sum
  }
}

/// The density of points by a Gaussian kernel.
private struct GaussianKernel {
  /// Ascending.
  private let points: [Double]
  let inverse: Double
  private let factor: Double

  /// Points further away, in bandwidths, add less than rounding: exp(−9² / 2) is 3e-18.
  private static let reach = 9.0

  init(points: [Double], bandwidth: Double) {
    self.points = points
    inverse = 1 / bandwidth
    factor = 1 / (Double(points.count) * bandwidth * (2 * Double.pi).squareRoot())
  }

  /// The densities at ascending places.
  func densities(at places: [Double]) -> [Double] {
    var exponents: [Double] = []
    var ends: [Int] = []
    ends.reserveCapacity(places.count)
    var start = 0
    for place in places {
      while start < points.count, (place - points[start]) * inverse > Self.reach { start += 1 }
      for j in start..<points.count {
        let distance = (place - points[j]) * inverse
        if distance < -Self.reach { break }
        exponents.append(-0.5 * distance * distance)
      }
      ends.append(exponents.count)
    }
    let terms = Kernels.apply(.exp, exponents)
    var first = 0
    return ends.map { end in
      var sum = 0.0
      for k in first..<end { sum += terms[k] }
      first = end
      return factor * sum
    }
  }
}

/// The density by a kernel between nodes that are a sixteenth of its width apart, good to a thousandth of a kernel's top.
private struct KernelTable {
  private let values: [Double]
  private let inverse: Double

  private static let nodesPerBandwidth = 16.0

  /// - Returns: Nil where that takes too many nodes.
  init?(_ kernel: GaussianKernel, upTo end: Double, mostNodes: Int) {
    inverse = kernel.inverse * Self.nodesPerBandwidth
    let count = end * inverse
    guard count < Double(mostNodes) else { return nil }
    let spacing = 1 / inverse
    values = kernel.densities(at: (0...(Int(count) + 2)).map { Double($0) * spacing })
  }

  func densities(at places: [Double]) -> [Double] {
    places.map { place in
      let position = place * inverse
      let node = min(max(Int(position), 0), values.count - 2)
      let share = position - Double(node)
      return values[node] + share * (values[node + 1] - values[node])
    }
  }
}
