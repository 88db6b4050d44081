import Foundation
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct RandomStreamTests {
  /// The published known answers of Random123 1.14 (kat_vectors, philox4x32, 10 rounds).
  @Test func matchesPublishedVectors() {
    let zeros = RandomStream(seed: 0, stream: 0).bits(at: 0)
    #expect(zeros == (0xe169_c58d_6627_e8d5, 0x9b00_dbd8_bc57_ac4c))
    let ones = RandomStream(seed: .max, stream: .max).bits(at: .max)
    #expect(ones == (0x41c8_3b0e_408f_276d, 0x6d54_51fd_a20b_c7c6))
    let digits = RandomStream(seed: 0x299f_31d0_a409_3822, stream: 0x0370_7344_1319_8a2e)
      .bits(at: 0x85a3_08d3_243f_6a88)
    #expect(digits == (0x94fd_cceb_d16c_fe09, 0x2412_6ea1_5001_e420))
  }

  private static let streams = [
    RandomStream(seed: 0), RandomStream(seed: 42, stream: 7),
    RandomStream(seed: .max, stream: .max), RandomStream(seed: 1 << 63, stream: 1 << 32),
  ]

  @Test(arguments: streams, [0, 1, 2, 12_345_678_901, UInt64.max - 20, UInt64.max])
  func fillsEqualSingleDrawsAtEverySplitAndLevel(_ stream: RandomStream, _ index: UInt64) throws {
    let count = 53
    let uniforms = try stream.uniforms(count: count, from: index).map(\.bitPattern)
    let normals = try stream.normals(count: count, from: index).map(\.bitPattern)
    for k in 0..<count {
      #expect(stream.uniform(at: index &+ UInt64(k)).bitPattern == uniforms[k])
      #expect(stream.normal(at: index &+ UInt64(k)).bitPattern == normals[k])
    }
    for level in Kernels.Level.allCases {
      for start in 0..<19 {
        for length in [0, 1, 2, 5, 16, 17, 34] {
          let first = index &+ UInt64(start)
          for (draw, whole) in [(Kernels.Draw.uniform, uniforms), (.normal, normals)] {
            var piece = [Double](repeating: 0, count: length)
            var span = piece.mutableSpan
            Kernels.fill(&span, with: draw, of: stream, from: first, level: level)
            #expect(piece.map(\.bitPattern) == Array(whole[start..<start + length]))
          }
        }
      }
    }
  }

  /// The definition of a uniform draw, from the raw block.
  @Test func uniformsComeFromTheirBlock() {
    let stream = RandomStream(seed: 3, stream: 5)
    for index in UInt64(0)..<200 {
      let block = stream.bits(at: index / 2)
      let word = index % 2 == 0 ? block.0 : block.1
      let expected = Double(2 * (word >> 12) + 1) * 0x1p-53
      #expect(stream.uniform(at: index) == expected)
    }
  }

  /// The definition of a normal draw, from the raw block, with the C library's functions.
  @Test func normalsAreBoxMullerPairs() {
    let stream = RandomStream(seed: 3, stream: 5)
    for index in UInt64(0)..<2000 {
      let block = stream.bits(at: (1 << 63) | (index / 2))
      let radius = (-2 * log((Double(block.0) + 0.5) * 0x1p-64)).squareRoot()
      let quarter = Double(block.1 >> 62)
      let place = Double((block.1 << 2) >> 12) * 0x1p-52 - 0.5
      let angle = (quarter + place) * Double.pi / 2
      let expected = radius * (index % 2 == 0 ? cos(angle) : sin(angle))
      expectClose(stream.normal(at: index), expected, relative: 1e-14, absolute: 1e-14 * radius)
    }
  }

  @Test func uniformsStayInsideTheOpenInterval() throws {
    let draws = try RandomStream(seed: 8).uniforms(count: 5000 * Self.scale)
    #expect(draws.allSatisfy { $0 > 0 && $0 < 1 })
  }

  /// Unoptimized kernels and loops get fewer draws; the bounds scale with the count.
  #if DEBUG
    private static let scale = 1
  #else
    private static let scale = 20
  #endif

  @Test(arguments: UInt64(1)...4)
  func momentsAndDistributionFit(seed: UInt64) throws {
    let count = 50_000 * Self.scale
    let stream = RandomStream(seed: seed, stream: 99)
    let n = Double(count)
    let uniforms = try stream.uniforms(count: count)
    let normals = try stream.normals(count: count)

    var moments = [0.0, 0, 0, 0]
    for z in normals {
      moments[0] += z
      moments[1] += z * z
      moments[2] += z * z * z
      moments[3] += z * z * z * z
    }
    // Five standard errors: the variances of z, z², z³ and z⁴ are 1, 2, 15 and 96.
    let expected = [0.0, 1, 0, 3]
    for (k, variance) in [1.0, 2, 15, 96].enumerated() {
      expectClose(moments[k] / n, expected[k], absolute: 5 * (variance / n).squareRoot())
    }
    let mean = uniforms.reduce(0, +) / n
    expectClose(mean, 0.5, absolute: 5 * (1 / 12 / n).squareRoot())

    // Kolmogorov-Smirnov at a level of about 1e-6: sqrt(-ln(0.5e-6) / 2).
    let limit = 2.7 / n.squareRoot()
    #expect(distance(uniforms) < limit)
    #expect(distance(StandardNormal.cdf(normals)) < limit)

    // Neighbors, the two draws of a block, and uniform against normal draws.
    let deviations = uniforms.map { ($0 - 0.5) * 12.squareRoot() }
    for lag in 1...4 { #expect(abs(correlation(normals, normals, lag: lag)) < 5 / n.squareRoot()) }
    #expect(abs(correlation(deviations, deviations, lag: 1)) < 5 / n.squareRoot())
    #expect(abs(correlation(deviations, normals, lag: 0)) < 5 / n.squareRoot())
    let squares = normals.map { ($0 * $0 - 1) / 2.squareRoot() }
    #expect(abs(correlation(squares, squares, lag: 1)) < 5 / n.squareRoot())
  }

  @Test func streamsAndSeedsAreUncorrelated() throws {
    let count = 5000 * Self.scale
    let first = try RandomStream(seed: 5, stream: 0).normals(count: count)
    for other in [
      RandomStream(seed: 5, stream: 1), RandomStream(seed: 6, stream: 0),
      RandomStream(seed: 5, stream: 1 << 32), RandomStream(seed: 5 | (1 << 32), stream: 0),
    ] {
      let second = try other.normals(count: count)
      #expect(abs(correlation(first, second, lag: 0)) < 5 / Double(count).squareRoot())
    }
  }

  /// Tail frequencies, against the exact probabilities; 4e6 draws when optimized.
  @Test func tailsHaveTheRightWeight() throws {
    var counts = [0, 0, 0, 0]
    var largest = 0.0
    let total = 200_000 * Self.scale
    for part in 0..<4 {
      let draws = try RandomStream(seed: 77).normals(
        count: total / 4, from: UInt64(part * total / 4))
      for z in draws {
        let m = z.magnitude
        largest = max(largest, m)
        if m > 2 {
          for k in 0..<4 where m > Double(k + 2) { counts[k] += 1 }
        }
      }
    }
    for k in 0..<4 {
      let expected = 2 * StandardNormal.survival([Double(k + 2)])[0] * Double(total)
      expectClose(Double(counts[k]), expected, absolute: 5 * expected.squareRoot())
    }
    #expect(largest > 4 && largest < 9.5)
  }

  @Test func refusesImpossibleCounts() {
    let stream = RandomStream(seed: 1)
    for count in [-1, Int.min, Int.max, RandomStream.maximumCount + 1] {
      let error = NumericsError.countOutOfRange(
        argument: "count", got: count, allowed: 0...RandomStream.maximumCount)
      #expect(throws: error) { try stream.uniforms(count: count) }
      #expect(throws: error) { try stream.normals(count: count) }
    }
    #expect(throws: Never.self) { try stream.normals(count: 0, from: .max) }
  }

  private func distance(_ values: [Double]) -> Double {
    let n = Double(values.count)
    var largest = 0.0
    for (i, u) in values.sorted().enumerated() {
      largest = max(largest, u - Double(i) / n, Double(i + 1) / n - u)
    }
    return largest
  }

  private func correlation(_ a: [Double], _ b: [Double], lag: Int) -> Double {
    var sum = 0.0
    for i in 0..<(a.count - lag) { sum += a[i] * b[i + lag] }
    return sum / Double(a.count - lag)
  }
}
