import KeelNumerics

/// A model whose moments are computed many at a time.
protocol BlockModel: CharacteristicModel {
  /// What computes them.
  var blockMoments: BlockMoments { get }
}

/// The moments of a diffusion of Heston, perhaps with jumps.
struct BlockMoments {
  let diffusion: HestonModel
  let jumps: MertonJumps?
}

/// Orders and the logarithms of their moments.
struct MomentBlock {
  /// The lanes of the widest vector.
  static let count = ExponentialNodes.lanes

  var reals = [Double](repeating: 0, count: count)
  var imaginaries = [Double](repeating: 0, count: count)

  /// The real parts, then the imaginary ones.
  var logMoments = [Double](repeating: .nan, count: 2 * count)

  /// Computes the logarithms; NaN where the scalar form is to be asked.
  mutating func setLogMoments(_ model: BlockMoments, _ time: Double, _ level: Kernels.Level) {
    OptionKernels.setHestonMoments(model.diffusion, time, &self, level)
    guard let jumps = model.jumps else { return }
    for i in 0..<Self.count {
      let moment = jumps.logMoment(Complex(reals[i], imaginaries[i]), timeToExpiry: time)
      logMoments[i] += moment.real
      logMoments[Self.count + i] += moment.imaginary
    }
  }
}

/// The moments at equal steps of the parameter of an arc, one after the other.
struct MomentRun {
  /// What the integral needs at one place.
  struct Place {
    let z: Complex
    let slope: Complex
    let logMoment: Complex
  }

  private let arc: StripArc
  private let step: Double
  private let time: Double
  private let level: Kernels.Level
  private let moments: BlockMoments?
  private var block = MomentBlock()
  private var slopes = [Complex](repeating: .zero, count: MomentBlock.count)
  private var blockStart = -1

  init(
    along arc: StripArc,
    step: Double,
    timeToExpiry: Double,
    _ moments: BlockMoments?,
    _ level: Kernels.Level
  ) {
    (self.arc, self.step, time) = (arc, step, timeToExpiry)
    (self.moments, self.level) = (moments, level)
  }

  /// The place of a number of steps from the start.
  mutating func place(_ number: Int, of model: some CharacteristicModel) -> Place {
    guard let moments else {
      let (z, slope) = arc.point(Double(number) * step)
      return Place(z: z, slope: slope, logMoment: model.logMoment(z, timeToExpiry: time))
    }
    let lane = number % MomentBlock.count
    if number - lane != blockStart {
      blockStart = number - lane
      for i in 0..<MomentBlock.count {
        let (z, slope) = arc.point(Double(blockStart + i) * step)
        (block.reals[i], block.imaginaries[i], slopes[i]) = (z.real, z.imaginary, slope)
      }
      block.setLogMoments(moments, time, level)
    }
    let z = Complex(block.reals[lane], block.imaginaries[lane])
    let real = block.logMoments[lane]
    return Place(
      z: z, slope: slopes[lane],
      logMoment: real.isNaN
        ? model.logMoment(z, timeToExpiry: time)
        : Complex(real, block.logMoments[MomentBlock.count + lane]))
  }
}
