import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct SobolSequenceTests {
  struct File: Decodable {
    struct Point: Decodable {
      let index: Int
      let values: [Double]
    }
    let dimensions: [Int]
    let points: [Point]
  }

  /// SciPy's points are the lower corners of the cells whose middles ours are.
  @Test func agreesWithSciPy() throws {
    let file = try Reference.load(File.self, "sobol")
    let sequence = try SobolSequence(dimensionCount: SobolSequence.maximumDimensionCount)
    for point in file.points {
      let row = try sequence.points(point.index..<(point.index + 1))
      for (dimension, value) in zip(file.dimensions, point.values) {
        #expect(row[0, dimension] == value + 0x1p-53, "\(point.index) \(dimension)")
      }
    }
  }

  /// 2^m points: one in each of 2^m intervals of every dimension, and of the first two one in each of
  /// 2^m boxes of any shape; from any multiple of 2^m on, plain and scrambled.
  @Test func fillsEvenly() throws {
    let exponent = 7
    let count = 1 << exponent
    for scrambling in [nil, RandomStream(seed: 1), RandomStream(seed: 1, stream: 5)] {
      let sequence = try SobolSequence(dimensionCount: 300, scrambling: scrambling)
      for start in [0, 3 * count, 4096 + count] {
        let points = try sequence.points(start..<(start + count))
        for dimension in 0..<300 {
          let cells = Set((0..<count).map { Int(points[$0, dimension] * Double(count)) })
          #expect(cells.count == count, "\(dimension) \(start)")
        }
        for first in 0...exponent {
          let (wide, high) = (Double(1 << first), Double(1 << (exponent - first)))
          let boxes = Set(
            (0..<count).map { Int(points[$0, 0] * wide) * count + Int(points[$0, 1] * high) })
          #expect(boxes.count == count, "\(first) \(start)")
        }
      }
    }
  }

  @Test func anySplitGivesTheSamePoints() throws {
    let sequence = try SobolSequence(dimensionCount: 5, scrambling: RandomStream(seed: 2))
    let whole = try sequence.points(0..<1000)
    for (start, end) in [(0, 1), (1, 7), (7, 512), (512, 513), (513, 1000), (1000, 1000)] {
      let part = try sequence.points(start..<end)
      for i in start..<end {
        for j in 0..<5 { #expect(part[i - start, j] == whole[i, j]) }
      }
    }
    let same = try SobolSequence(dimensionCount: 5, scrambling: RandomStream(seed: 2))
    let other = try SobolSequence(dimensionCount: 5, scrambling: RandomStream(seed: 3))
    #expect(same == sequence && other != sequence)
    #expect(try other.points(0..<4) != sequence.points(0..<4))
  }

  /// ∏ (1 + (x − 1/2)/2) over eight dimensions has the mean 1: errors of scrambled averages over 1024 points, and their
  /// mean, against random draws.
  @Test func averagesOfSmoothFunctions() throws {
    let count = 1024
    var errors: [Double] = []
    for stream in 0..<UInt64(20) {
      let points = try SobolSequence(
        dimensionCount: 8, scrambling: RandomStream(seed: 9, stream: stream)
      ).points(0..<count)
      var sum = 0.0
      for i in 0..<count {
        var product = 1.0
        for j in 0..<8 { product *= 1 + (points[i, j] - 0.5) / 2 }
        sum += product
      }
      errors.append(sum / Double(count) - 1)
    }
    let mean = errors.reduce(0, +) / 20
    let deviation = (errors.reduce(0) { $0 + $1 * $1 } / 20).squareRoot()
    // The variance of the product is (1 + 1/48)^8 − 1 = 0.179.
    let random = (0.179 / Double(count)).squareRoot()
    #expect(deviation < random / 20, "\(deviation) \(random)")
    #expect(mean.magnitude < deviation, "\(mean)")
  }

  /// Each coordinate of a scrambled point is uniform by itself, the first one too.
  @Test func scrambledPointsAreUniform() throws {
    var sum = 0.0
    var squares = 0.0
    let count = 2000
    for seed in 0..<UInt64(count) {
      let sequence = try SobolSequence(dimensionCount: 2, scrambling: RandomStream(seed: seed))
      let value = try sequence.points(0..<1)[0, 1]
      sum += value
      squares += value * value
    }
    expectClose(sum / Double(count), 0.5, absolute: 4 * (1 / 12.0 / Double(count)).squareRoot())
    expectClose(
      squares / Double(count), 1 / 3.0, absolute: 4 * (4 / 45.0 / Double(count)).squareRoot())
  }

  @Test func refusesWhatIsNotThere() throws {
    for count in [0, -1, SobolSequence.maximumDimensionCount + 1, Int.max] {
      #expect(throws: NumericsError.self) { try SobolSequence(dimensionCount: count) }
    }
    let sequence = try SobolSequence(dimensionCount: 3)
    #expect(throws: NumericsError.self) { try sequence.points(-1..<4) }
    #expect(throws: NumericsError.self) { try sequence.points(0..<(SobolSequence.pointCount + 1)) }
    #expect(throws: NumericsError.self) { try sequence.points(0..<(1 << 40)) }
    // Points times dimensions count.
    let allowed = 0...((1 << 32) / 3)
    #expect(
      throws: NumericsError.countOutOfRange(argument: "range", got: 1 << 31, allowed: allowed)
    ) { try sequence.points(0..<(1 << 31)) }
    // The last point, and the first one again.
    var buffer = [Double](repeating: 0, count: 2)
    var span = buffer.mutableSpan
    sequence.fill(&span, dimension: 0, from: UInt64(SobolSequence.pointCount - 1))
    #expect(buffer[1] == 0x1p-53 && buffer[0] == 0x1p-52 + 0x1p-53)
  }
}
