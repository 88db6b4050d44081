import KeelTestSupport

/// The committed reference values of this module.
struct DistributionsReference: Decodable {
  struct Fit: Decodable {
    let name: String
    let sample: [Double]
    let location: Double
    let scale: Double
    let degreesOfFreedom: Double
    let logLikelihood: Double
    let standardErrors: [Double]
    let scipy: [Double]
  }

  let studentT: [[Double]]
  let studentTQuantiles: [[Double]]
  let expectedShortfalls: [[Double]]
  let normal: [[Double]]
  let studentTFits: [Fit]

  static func load() throws -> DistributionsReference {
    try Reference.load(DistributionsReference.self, "distributions")
  }
}
