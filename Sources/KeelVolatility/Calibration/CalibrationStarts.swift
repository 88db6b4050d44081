public import KeelDerivatives

extension HestonModel: CalibratableModel {
  /// Variances up to 25, reversion up to 50, volatilities of the variance up to 20.
  public static var calibrationBounds: [ClosedRange<Double>] {
    [1e-8...25, 1e-3...50, 1e-8...25, 1e-3...20, -0.999...0.999]
  }

  /// Their own size, and one for the correlation.
  public var parameterScales: [Double] { parameters.dropLast() + [1] }

  /// Variances of the first and the last expiry, the rest from skew and curvature of the first at several speeds.
  ///
  /// - Parameter quotes: The expiries.
  /// - Returns: Parameters.
  public static func calibrationStarts(for quotes: [SmileQuotes]) -> [[Double]] {
    let shapes = quotes.map { SmileShape($0) }
    guard let first = shapes.first, let last = shapes.last else { return [] }
    // At short times σ(k) = σ + ρξk/4σ + (2 − 5ρ²)ξ²k²/48σ³.
    let twist = 4 * first.level * first.skew
    let square = 24 * first.bend * first.level * first.variance + 2.5 * twist * twist
    let xi = max(square, twist * twist, 0.04 * first.variance).squareRoot()
    var starts: [[Double]] = []
    for reversion in [0.5, 2, 8, 25] {
      for part in [0.5, 1, 2] {
        let volatility = part * xi
        let correlation = min(max(twist / volatility, -0.9), 0.9)
        starts.append([first.variance, reversion, last.variance, volatility, correlation])
      }
    }
    return starts
  }
}

/// Jumps that make up a part of a variance, at several intensities and skews.
private struct JumpStart {
  let intensity: Double
  let part: Double

  /// The root mean square of the logarithm of a jump, and its mean as a part of that.
  let size: Double
  let lean: Double

  static func grid(
    _ variance: Double,
    intensities: [Double],
    parts: [Double],
    leans: [Double]
  ) -> [JumpStart] {
    intensities.flatMap { intensity in
      parts.flatMap { part in
        leans.map {
          JumpStart(
            intensity: intensity, part: part, size: (part * variance / intensity).squareRoot(),
            lean: $0)
        }
      }
    }
  }

  var mean: Double { lean * size }
  var deviation: Double { (1 - lean * lean).squareRoot() * size }
}

/// The middle expiry.
private func middle(_ quotes: [SmileQuotes]) -> SmileShape? {
  quotes.isEmpty ? nil : SmileShape(quotes[quotes.count / 2])
}

extension MertonJumps: CalibratableModel {
  /// Volatilities up to 5, jumps up to 500 a year, of means up to 2.
  public static var calibrationBounds: [ClosedRange<Double>] {
    [1e-4...5, 1e-4...500, -2...2, 1e-4...2]
  }

  /// Their own size; that of the jumps for their mean.
  public var parameterScales: [Double] {
    let size = (jumpMean * jumpMean + jumpDeviation * jumpDeviation).squareRoot()
    return [volatility, intensity, size, jumpDeviation]
  }

  /// Jumps of several sizes, skews and parts of the variance.
  ///
  /// - Parameter quotes: The expiries.
  /// - Returns: Parameters.
  public static func calibrationStarts(for quotes: [SmileQuotes]) -> [[Double]] {
    guard let shape = middle(quotes) else { return [] }
    let jumps = JumpStart.grid(
      shape.variance, intensities: [0.3, 2, 12], parts: [0.3, 0.7], leans: [-0.7, 0, 0.7])
    return jumps.map {
      [((1 - $0.part) * shape.variance).squareRoot(), $0.intensity, $0.mean, $0.deviation]
    }
  }
}

extension KouJumps: CalibratableModel {
  /// Volatilities up to 5, jumps up to 500 a year, decays up to 500.
  public static var calibrationBounds: [ClosedRange<Double>] {
    [1e-4...5, 1e-4...500, 0...1, 1.01...500, 0.01...500]
  }

  /// Their own size, and one for the share.
  public var parameterScales: [Double] { [volatility, intensity, 1, upDecay, downDecay] }

  /// Jumps of several sizes, skews and parts of the variance.
  ///
  /// - Parameter quotes: The expiries.
  /// - Returns: Parameters.
  public static func calibrationStarts(for quotes: [SmileQuotes]) -> [[Double]] {
    guard let shape = middle(quotes) else { return [] }
    let jumps = JumpStart.grid(
      shape.variance, intensities: [0.3, 2, 12], parts: [0.3, 0.7], leans: [-0.5, 0, 0.5])
    return jumps.map {
      let decay = max(2.0.squareRoot() / $0.size, 1.5)
      return [
        ((1 - $0.part) * shape.variance).squareRoot(), $0.intensity, 0.5 + 0.5 * $0.lean, decay,
        decay,
      ]
    }
  }
}

extension BatesModel: CalibratableModel {
  /// Those of Heston and of Merton.
  public static var calibrationBounds: [ClosedRange<Double>] {
    HestonModel.calibrationBounds + MertonJumps.calibrationBounds.dropFirst()
  }

  /// Those of Heston and of Merton.
  public var parameterScales: [Double] {
    diffusion.parameterScales + jumps.parameterScales.dropFirst()
  }

  /// Starts of Heston with a part of the variance in jumps.
  ///
  /// - Parameter quotes: The expiries.
  /// - Returns: Parameters.
  public static func calibrationStarts(for quotes: [SmileQuotes]) -> [[Double]] {
    guard let shape = middle(quotes) else { return [] }
    let jumps = JumpStart.grid(
      shape.variance, intensities: [0.3, 2], parts: [0.3], leans: [-0.7, 0])
    return HestonModel.calibrationStarts(for: quotes).flatMap { start in
      jumps.map { jump in
        var parameters = start
        parameters[0] *= 1 - jump.part
        parameters[2] *= 1 - jump.part
        return parameters + [jump.intensity, jump.mean, jump.deviation]
      }
    }
  }
}

extension VarianceGamma: CalibratableModel {
  /// Volatilities up to 5, variances of the clock up to 10, drifts up to 20.
  public static var calibrationBounds: [ClosedRange<Double>] { [1e-3...5, 1e-5...10, -20...20] }

  /// Their own size; for the drift the volatility of the motion.
  public var parameterScales: [Double] {
    [volatility, clockVariance, max(drift.magnitude, volatility)]
  }

  /// Clocks from the kurtosis of the middle expiry, drifts from its skewness.
  ///
  /// - Parameter quotes: The expiries.
  /// - Returns: Parameters.
  public static func calibrationStarts(for quotes: [SmileQuotes]) -> [[Double]] {
    guard let shape = middle(quotes) else { return [] }
    var starts: [[Double]] = []
    for factor in [0.1, 0.3, 1, 3] {
      // Excess kurtosis 3ν and skewness 3θν/σ in a year.
      let clock = min(factor * shape.yearlyKurtosis / 3, 5)
      let drift = shape.yearlySkewness * shape.level / (3 * clock)
      for part in [0, 0.5, 1] {
        let highest = 0.5 * (1 / clock - shape.variance / 2)
        let most = 0.9 * (shape.variance / clock).squareRoot()
        let theta = min(min(max(part * drift, -most), most), highest)
        let square = max(shape.variance - clock * theta * theta, 0.1 * shape.variance)
        starts.append([square.squareRoot(), clock, theta])
      }
    }
    return starts
  }
}

extension NormalInverseGaussian: CalibratableModel {
  /// Decays up to 1000, scales up to 1000.
  public static var calibrationBounds: [ClosedRange<Double>] {
    [0.51...1000, -1000...1000, 1e-4...1000]
  }

  /// Their own size; for the asymmetry the decay.
  public var parameterScales: [Double] { [tailDecay, tailDecay, scale] }

  /// Decays from the kurtosis of the middle expiry, at several asymmetries.
  ///
  /// - Parameter quotes: The expiries.
  /// - Returns: Parameters.
  public static func calibrationStarts(for quotes: [SmileQuotes]) -> [[Double]] {
    guard let shape = middle(quotes) else { return [] }
    var starts: [[Double]] = []
    for factor in [0.1, 0.3, 1, 3] {
      for lean in [-0.5, -0.2, 0, 0.2] {
        // Excess kurtosis 3 (1 + 4 β²/α²)/δγ in a year, variance δ α²/γ³.
        let product = 3 * (1 + 4 * lean * lean) / (factor * shape.yearlyKurtosis)
        let rest = 1 - lean * lean
        let decay = max((product / shape.variance).squareRoot() / rest, 1 / (1 - lean) + 1)
        let scale = shape.variance * decay * rest * rest.squareRoot()
        starts.append([decay, lean * decay, scale])
      }
    }
    return starts
  }
}
