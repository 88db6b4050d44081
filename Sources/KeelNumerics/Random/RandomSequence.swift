#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The draws of a stream one after the other, for laws that take a random number of them.
///
/// The same stream gives the same sequence. Uniform and normal draws are read from the stream's own
/// indices, each from 0; see <doc:RandomNumbers>.
public struct RandomSequence: Sendable {
  private let stream: RandomStream
  private var uniforms = [Double](repeating: 0, count: Self.bufferLength)
  private var normals = [Double](repeating: 0, count: Self.bufferLength)
  private var uniformIndex: UInt64 = 0
  private var normalIndex: UInt64 = 0

  private static let bufferLength = 16

  /// Begins a sequence.
  ///
  /// - Parameter stream: The stream whose draws are read from index 0 on.
  public init(_ stream: RandomStream) {
    self.stream = stream
  }

  /// Returns the next uniform draw.
  ///
  /// - Returns: A draw from the open interval (0, 1).
  public mutating func uniform() -> Double {
    let place = Int(uniformIndex % UInt64(Self.bufferLength))
    if place == 0 {
      let (stream, index) = (stream, uniformIndex)
      var span = uniforms.mutableSpan
      stream.fillUniform(&span, from: index)
    }
    uniformIndex &+= 1
    return uniforms[place]
  }

  /// Returns the next standard normal draw.
  ///
  /// - Returns: The draw.
  public mutating func normal() -> Double {
    let place = Int(normalIndex % UInt64(Self.bufferLength))
    if place == 0 {
      let (stream, index) = (stream, normalIndex)
      var span = normals.mutableSpan
      stream.fillNormal(&span, from: index)
    }
    normalIndex &+= 1
    return normals[place]
  }

  /// Returns a draw from the gamma law of scale 1.
  ///
  /// Source: G. Marsaglia and W. Tsang, "A simple method for generating gamma variables", ACM
  /// Transactions on Mathematical Software 26 (2000).
  ///
  /// - Parameter shape: The shape, which is the mean; not negative.
  /// - Returns: The draw; zero for shape 0, NaN for a negative shape or NaN.
  public mutating func gamma(shape: Double) -> Double {
    guard shape > 0 else { return shape == 0 ? 0 : .nan }
    guard shape >= 1 else {
      let boost = log(uniform()) / shape
      return gamma(shape: shape + 1) * exp(boost)
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    for _ in 0..<Self.mostTrials {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let u = uniform()
      let square = x * x
      if u < 1 - 0.0331 * square * square { return d * v }
      if log(u) < square / 2 + d * (1 - v + log(v)) { return d * v }
    }
    return d
  }

  /// Trials of a rejection of which nine in ten or more succeed: never reached.
  private static let mostTrials = 200

  /// Returns a draw from the law of Poisson.
  ///
  /// Source for large means: W. Hörmann, "The transformed rejection method for generating Poisson
  /// random variables", Insurance: Mathematics and Economics 12 (1993), method PTRS.
  ///
  /// - Parameter mean: The mean; finite and not negative.
  /// - Returns: A whole number; NaN for another mean.
  public mutating func poisson(mean: Double) -> Double {
    guard mean >= 0, mean.isFinite else { return .nan }
    return mean < 10 ? countedPoisson(mean) : rejectedPoisson(mean)
  }

  /// By the sum of the probabilities.
  private mutating func countedPoisson(_ mean: Double) -> Double {
    guard mean > 0 else { return 0 }
    var (left, term, count) = (uniform(), exp(-mean), 0.0)
    while left > term && term > 0 {
      left -= term
      count += 1
      term *= mean / count
    }
    return count
  }

  private mutating func rejectedPoisson(_ mean: Double) -> Double {
    let b = 0.931 + 2.53 * mean.squareRoot()
    let a = -0.059 + 0.02483 * b
    let height = 1.1239 + 1.1328 / (b - 3.4)
    let inner = 0.9277 - 3.6224 / (b - 2)
    for _ in 0..<Self.mostTrials {
      let u = uniform() - 0.5
      let v = uniform()
      let edge = 0.5 - u.magnitude
      let count = ((2 * a / edge + b) * u + mean + 0.43).rounded(.down)
      if edge >= 0.07 && v <= inner { return count }
      if count < 0 || (edge < 0.013 && v > edge) { continue }
      let density = Self.logPoisson(count, mean)
      if log(v * height / (a / (edge * edge) + b)) <= density { return count }
    }
    return mean.rounded(.down)
  }

  /// The logarithm of a probability, without the cancellation of its terms at large means.
  private static func logPoisson(_ count: Double, _ mean: Double) -> Double {
    guard count >= 10 else {
      return count * log(mean) - mean - SpecialFunctions.logGamma(count + 1)
    }
    let excess = (count - mean) / mean
    let deviance = mean * ((1 + excess) * log1p(excess) - excess)
    let square = count * count
    let stirling = (1.0 / 12 - (1.0 / 360 - 1 / (1260 * square)) / square) / count
    return -deviance - log(2 * Double.pi * count) / 2 - stirling
  }

  /// Returns a draw from the inverse Gaussian law.
  ///
  /// Source: J. Michael, W. Schucany and R. Haas, "Generating random variates using transformations
  /// with multiple roots", The American Statistician 30 (1976).
  ///
  /// - Parameters:
  ///   - mean: The mean; positive.
  ///   - shape: The shape, which is the cube of the mean over the variance; positive.
  /// - Returns: The draw; NaN outside the domain.
  public mutating func inverseGaussian(mean: Double, shape: Double) -> Double {
    guard mean > 0, shape > 0 else { return .nan }
    let z = normal()
    let half = mean / shape * (z * z) / 2
    // The smaller root of the quadratic, without its cancellation.
    let root = 1 / (1 + half + (half * (2 + half)).squareRoot())
    return uniform() * (1 + root) <= 1 ? mean * root : mean / root
  }
}
