import CKeelKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Kernels {
  /// The arrays of a hidden Markov chain over a series, and the passes over them.
  package struct Chain: Sendable {
    /// The law of a row in one state.
    package struct State: Sendable {
      /// The center.
      package var mean: Double

      /// The standard deviation, or the scale of Student's law.
      package var scale: Double

      /// Degrees of freedom of Student's law; nil for the normal law.
      package var degreesOfFreedom: Double?

      /// The logarithm of the largest density of the law with scale one.
      package var logNormalizer: Double

      package init(mean: Double, scale: Double, degreesOfFreedom: Double?, logNormalizer: Double) {
        self.mean = mean
        self.scale = scale
        self.degreesOfFreedom = degreesOfFreedom
        self.logNormalizer = logNormalizer
      }

      /// The logarithm of the largest density.
      package var logPeak: Double { logNormalizer - log(scale) }

      fileprivate var kernelState: keel_chain_state {
        keel_chain_state(
          mean: mean, inverse_scale: 1 / scale, constant: logPeak,
          power: degreesOfFreedom.map { ($0 + 1) / 2 } ?? 0,
          inverse_degrees: degreesOfFreedom.map { 1 / $0 } ?? 0)
      }
    }

    /// Sums over the rows for one state: of the probability p, of the weight w, of w d and w d² with
    /// d the distance from the mean; w = p, or p (ν + 1) / (ν + z²) for Student's law.
    package struct Sums: Sendable {
      package var probability = 0.0
      package var weight = 0.0
      package var first = 0.0
      package var second = 0.0

      package init() {}
    }

    /// The rows.
    package let count: Int

    /// The states.
    package let stateCount: Int

    /// The length of a column: `count + 1` rounded up to a multiple of 16.
    package let leading: Int

    /// The series, padded by zeros.
    package private(set) var values: [Double]

    /// The density of each row in each state over its largest one, a column a state.
    package private(set) var density: [Double]

    /// The probability of each state given all rows, a column a state, after a pass.
    package var probabilities: [Double]

    private var backward: [Double]
    private var ahead: [Double]
    private let level: Level

    /// The expected number of steps from one state to another, row by row, after a pass.
    package var moves: [Double]

    /// The sums over rows of each state, after a pass.
    package var sums: [Sums]

    /// The largest number of states.
    package static let maximumStateCount = Int(KEEL_CHAIN_STATES)

    /// - Parameters:
    ///   - values: Finite numbers, one or more.
    ///   - stateCount: 1 to ``maximumStateCount``.
    ///   - level: The instruction set.
    package init(_ values: [Double], stateCount: Int, level: Level = .automatic) {
      precondition(!values.isEmpty && (1...Self.maximumStateCount).contains(stateCount))
      self.level = level
      count = values.count
      self.stateCount = stateCount
      leading = (values.count + 16) / 16 * 16
      self.values = values + [Double](repeating: 0, count: leading - values.count)
      let zeros = [Double](repeating: 0, count: leading * stateCount)
      density = zeros
      probabilities = zeros
      backward = zeros
      // Read from one place on.
      ahead = zeros + [0]
      moves = [Double](repeating: 0, count: stateCount * stateCount)
      sums = [Sums](repeating: Sums(), count: stateCount)
    }

    /// Fills the densities; returns the sum of the logarithms of the largest one of each row.
    package mutating func setDensities(_ states: [State]) -> Double {
      precondition(states.count == stateCount)
      let laws = states.map(\.kernelState)
      return unsafe values.withUnsafeBufferPointer { x in
        unsafe laws.withUnsafeBufferPointer { laws in
          unsafe density.withUnsafeMutableBufferPointer { y in
            guard let source = x.baseAddress, let target = y.baseAddress else { return 0 }
            return unsafe keel_chain_densities(
              source, count, leading, laws.baseAddress, Int32(stateCount), target,
              level.rawValue)
          }
        }
      }
    }

    /// Fills the densities from their logarithms, columns of `count`; returns the sum of the largest
    /// one of each row, each of which must be finite.
    package mutating func setDensities(logarithms columns: [[Double]]) -> Double {
      precondition(columns.count == stateCount && columns.allSatisfy { $0.count == count })
      var total = 0.0
      var peaks = [Double](repeating: 0, count: count)
      for t in 0..<count {
        peaks[t] = columns.reduce(-.infinity) { max($0, $1[t]) }
        total += peaks[t]
      }
      for j in 0..<stateCount {
        let relative = Kernels.apply(
          .exp, zip(columns[j], peaks).map { $0 - $1 }, level: level)
        density.replaceSubrange((j * leading)..<(j * leading + count), with: relative)
      }
      return total
    }

    /// Fills probabilities, moves and sums from the densities; returns the logarithm of the
    /// likelihood over that of the largest densities, or nil when a number came near to underflow.
    package mutating func pass(
      initial: [Double],
      transitions: [Double],
      states: [State]
    ) -> Double? {
      precondition(initial.count == stateCount && transitions.count == stateCount * stateCount)
      precondition(states.count == stateCount)
      let laws = states.map(\.kernelState)
      var rawSums = [Double](repeating: 0, count: 4 * stateCount)
      var scale = [0.0, 0.0]
      let isDone = run(initial, transitions, laws, &rawSums, &scale)
      guard isDone else { return nil }
      for j in 0..<stateCount {
        sums[j].probability = rawSums[4 * j]
        sums[j].weight = rawSums[4 * j + 1]
        sums[j].first = rawSums[4 * j + 2]
        sums[j].second = rawSums[4 * j + 3]
      }
      return log(scale[1]) + scale[0] * log(2)
    }

    private mutating func run(
      _ initial: [Double],
      _ transitions: [Double],
      _ laws: [keel_chain_state],
      _ rawSums: inout [Double],
      _ scale: inout [Double]
    ) -> Bool {
      unsafe density.withUnsafeBufferPointer { density in
        unsafe initial.withUnsafeBufferPointer { initial in
          unsafe transitions.withUnsafeBufferPointer { transitions in
            unsafe probabilities.withUnsafeMutableBufferPointer { forward in
              unsafe backward.withUnsafeMutableBufferPointer { backward in
                unsafe ahead.withUnsafeMutableBufferPointer { ahead in
                  var chain = unsafe keel_chain(
                    density: density.baseAddress, initial: initial.baseAddress,
                    transitions: transitions.baseAddress, forward: forward.baseAddress,
                    backward: backward.baseAddress, ahead: ahead.baseAddress, n: count,
                    leading: leading)
                  return unsafe keel_chain_pass(
                    &chain, Int32(stateCount), values, laws, &moves, &rawSums, &scale,
                    level.rawValue) == 1
                }
              }
            }
          }
        }
      }
    }

    /// Σ p ln(1 + z²/ν) and Σ p z²/(ν + z²) over the rows, with the probabilities p of a state.
    package func shapeSums(
      of index: Int,
      _ state: State
    ) -> (logarithms: Double, shares: Double) {
      precondition((0..<stateCount).contains(index))
      var law = state.kernelState
      var output = [0.0, 0.0]
      unsafe probabilities.withUnsafeBufferPointer { weights in
        let column = unsafe UnsafeBufferPointer(
          rebasing: weights[(index * leading)..<((index + 1) * leading)])
        unsafe keel_chain_shape(
          values, column.baseAddress, count, &law, &output, level.rawValue)
      }
      return (output[0], output[1])
    }
  }
}
