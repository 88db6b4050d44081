import Foundation
import KeelDistributions
import KeelNumerics
import KeelTestSupport
import Testing

@Suite struct StudentTBatchTests {
  /// More points than the largest table needs.
  private static let count = 16_000

  /// Points of both tails, the table's ends among them.
  private static let filler: [Double] = {
    let stream = RandomStream(seed: 31)
    return (0..<count).map { i in
      let x = stream.uniform(at: UInt64(i)) * 16 - 8
      return i % 100 == 0 ? 20 * x : i % 101 == 0 ? x / 1e4 : x
    } + [0, -0.0, 1, 3, 7, 15, 63, 63.000_001, -7, 1e300, -.infinity, .infinity, .nan]
  }()

  @Test func tailsAgreeWithFiftyDigits() throws {
    let rows = try DistributionsReference.load().studentT
    for degrees in Set(rows.map { $0[0] }).sorted() where degrees <= 1e6 {
      let own = rows.filter { $0[0] == degrees }
      let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: degrees)
      let points = own.map { $0[1] } + Self.filler
      let survivals = law.survival(points)
      let mirrored = law.cdf(points.map { -$0 })
      for (k, row) in own.enumerated() where row[3] > -690 && row[3].isFinite {
        let label = "ν \(degrees) at \(row[1])"
        expectClose(survivals[k], exp(row[3]), relative: 1e-12 * max(1, -row[3]), label)
        expectClose(mirrored[k], exp(row[3]), relative: 1e-12 * max(1, -row[3]), label)
      }
    }
  }

  @Test(arguments: [0.5, 1, 2, 3, 4.3, 7, 12, 30, 40, 41, 200, 1e4, 1e9, .infinity])
  func batchesAgreeWithScalars(degrees: Double) throws {
    let law = try StudentT(location: 0.3, scale: 1.7, degreesOfFreedom: degrees)
    let points = Self.filler.map { 0.3 + 1.7 * $0 }
    let (lower, upper) = (law.cdf(points), law.survival(points))
    for (k, x) in points.enumerated() {
      if x.isNaN {
        #expect(lower[k].isNaN && upper[k].isNaN)
        continue
      }
      expectClose(lower[k], law.cdf(x), relative: 1e-13, "ν \(degrees) at \(x)")
      expectClose(upper[k], law.survival(x), relative: 1e-13, "ν \(degrees) at \(x)")
      #expect((0...1).contains(lower[k]) && (0...1).contains(upper[k]))
    }
  }

  @Test(arguments: [0.5, 1, 2, 3, 4.3, 12, 100, 1e6, .infinity])
  func quantilesAgreeWithScalars(degrees: Double) throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: degrees)
    let stream = RandomStream(seed: 32)
    let probabilities =
      (0..<12_000).map { i in
        let u = stream.uniform(at: UInt64(i))
        return i % 50 == 0 ? pow(u, 8) : i % 51 == 0 ? 0.5 + (u - 0.5) * 1e-9 : u
      } + [0, 1, 0.5, 0.25, 0.75, 0x1p-24, 0x1p-25, 1e-300, -0.1, 1.1, .nan]
    let points = law.quantile(probabilities)
    for (k, p) in probabilities.enumerated() {
      let scalar = law.quantile(p)
      if scalar.isNaN || scalar.isInfinite {
        #expect(points[k] == scalar || (points[k].isNaN && scalar.isNaN), "\(p)")
      } else {
        // Near the median the scalar form has the digits of 1/2 − p, as the batch has.
        expectClose(points[k], scalar, relative: 2e-13, "ν \(degrees) at \(p)")
      }
    }
  }

  @Test func placeAndNeighborsDoNotMatter() throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4.3)
    let points = Array(Self.filler.dropLast())
    let shifted = Array(points[5_000...]) + Array(points[..<5_000])
    let (one, two) = (law.cdf(points), law.cdf(shifted))
    #expect(Array(one[5_000...]) + Array(one[..<5_000]) == two)
    #expect(law.cdf([Double]()).isEmpty && law.quantile([Double]()).isEmpty)
    #expect(law.cdf([0.7]) == [law.cdf(0.7)])
  }

  @Test func batchesAreMonotone() throws {
    let law = try StudentT(location: 0, scale: 1, degreesOfFreedom: 4.3)
    // Across the ends of pieces, where two polynomials meet.
    let points = (0..<20_000).map { -8 + 16 * Double($0) / 19_999 }
    let values = law.cdf(points)
    for k in 1..<values.count { #expect(values[k] > values[k - 1]) }
    let quantiles = law.quantile((1..<20_000).map { Double($0) / 20_000 })
    for k in 1..<quantiles.count { #expect(quantiles[k] > quantiles[k - 1]) }
  }
}
