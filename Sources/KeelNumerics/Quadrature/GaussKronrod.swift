// Goals in order: an honest error estimate, smooth and kinked integrands, few evaluations.
//
// Method: the interval with the largest error is halved until the sum of all is accepted, with the 21-point rule
// and error estimate of R. Piessens et al., QUADPACK (1983), routine QAG. Nodes and weights: A. S.
// Kronrod (1965).

/// Adaptive quadrature with an error estimate, for functions of which little is known.
///
/// Kinks and peaks inside the interval are found by halving; for singularities at an end ``TanhSinh`` is
/// better.
public enum GaussKronrod {
  /// The integral of a function over a finite interval.
  ///
  /// - Parameters:
  ///   - interval: Where to integrate; both ends finite.
  ///   - settings: Tolerances and the limit of evaluations.
  ///   - integrand: The function; its values must be finite.
  /// - Returns: The value with an error estimate within the tolerance, or at the level of rounding.
  /// - Throws: `NumericsError.invalidValue` for an infinite end, a tolerance out of range or a value of the
  ///   function that is not finite, `.countOutOfRange` for a limit that is not positive, `.notConverged` with the
  ///   best value when the limit is reached.
  public static func integral(
    over interval: ClosedRange<Double>,
    settings: Integral.Settings = Integral.Settings(),
    of integrand: (Double) -> Double
  ) throws(NumericsError) -> Integral {
    try settings.check()
    try Integral.check(interval)
    var pieces = [try Piece(interval, integrand)]
    var count = pointCount
    while true {
      var (value, error) = (CompensatedSum(), 0.0)
      var rounding = 0.0
      for piece in pieces {
        value.add(piece.value)
        error += piece.error
        rounding += piece.rounding
      }
      if error <= max(settings.tolerance(value.value), rounding) {
        return Integral(
          value: value.value, errorEstimate: max(error, rounding / 5), evaluationCount: count)
      }
      let worst = pieces.indices.max { pieces[$0].error < pieces[$1].error } ?? 0
      let range = pieces[worst].interval
      let middle = range.lowerBound + (range.upperBound / 2 - range.lowerBound / 2)
      guard count + 2 * pointCount <= settings.maximumEvaluations, middle > range.lowerBound,
        middle < range.upperBound
      else {
        throw .notConverged(iterations: count, best: value.value, residual: error)
      }
      pieces[worst] = try Piece(range.lowerBound...middle, integrand)
      pieces.append(try Piece(middle...range.upperBound, integrand))
      count += 2 * pointCount
    }
  }

  private static let pointCount = 21

  /// The rule on one interval.
  private struct Piece {
    let interval: ClosedRange<Double>
    let value: Double
    let error: Double
    let rounding: Double

    init(
      _ interval: ClosedRange<Double>,
      _ integrand: (Double) -> Double
    ) throws(NumericsError) {
      let half = interval.upperBound / 2 - interval.lowerBound / 2
      let center = interval.lowerBound + half
      let middle = try Integral.checked(integrand(center))
      var kronrod = KronrodTable.weights[10] * middle
      var (gauss, size) = (0.0, kronrod.magnitude)
      var values = [middle]
      var weights = [KronrodTable.weights[10]]
      values.reserveCapacity(pointCount)
      weights.reserveCapacity(pointCount)
      for i in 0..<10 {
        let step = half * KronrodTable.nodes[i]
        for x in [center - step, center + step] {
          let y = try Integral.checked(integrand(x))
          kronrod += KronrodTable.weights[i] * y
          size += (KronrodTable.weights[i] * y).magnitude
          if i % 2 == 1 { gauss += KronrodTable.gaussWeights[i / 2] * y }
          values.append(y)
          weights.append(KronrodTable.weights[i])
        }
      }
      // QUADPACK: the difference of both rules, against how far the function is from its mean.
      var spread = 0.0
      for i in values.indices { spread += weights[i] * (values[i] - kronrod / 2).magnitude }
      let difference = (kronrod - gauss).magnitude
      var error = difference
      if spread > 0 && difference > 0 {
        let ratio = 200 * difference / spread
        error = spread * min(1, ratio * ratio.squareRoot())
      }
      self.interval = interval
      value = kronrod * half
      rounding = 50 * Double.ulpOfOne * size * half
      self.error = max(error * half, rounding * (error > 0 ? 0.02 : 0))
    }
  }
}

/// The positive nodes from the outermost inwards, and the weights of both rules; every second node is one of the
/// ten of Gauss.
private enum KronrodTable {
  static let nodes = [
    0.995_657_163_025_808_080_7, 0.973_906_528_517_171_720_1, 0.930_157_491_355_708_226_0,
    0.865_063_366_688_984_510_7, 0.780_817_726_586_416_897_1, 0.679_409_568_299_024_406_2,
    0.562_757_134_668_604_683_3, 0.433_395_394_129_247_190_8, 0.294_392_862_701_460_198_1,
    0.148_874_338_981_631_210_9,
  ]
  static let weights = [
    0.011_694_638_867_371_874_3, 0.032_558_162_307_964_727_48, 0.054_755_896_574_351_996_03,
    0.075_039_674_810_919_952_77, 0.093_125_454_583_697_605_54, 0.109_387_158_802_297_641_9,
    0.123_491_976_262_065_851_1, 0.134_709_217_311_473_325_9, 0.142_775_938_577_060_080_8,
    0.147_739_104_901_338_491_4, 0.149_445_554_002_916_905_7,
  ]
  static let gaussWeights = [
    0.066_671_344_308_688_137_59, 0.149_451_349_150_580_593_1, 0.219_086_362_515_982_044_0,
    0.269_266_719_309_996_355_1, 0.295_524_224_714_752_870_2,
  ]
}
