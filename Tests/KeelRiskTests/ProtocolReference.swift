import KeelRisk

/// Protocols of a reference file, each named after its place, with half lost of an exposure when it fails.
struct ProtocolReference {
  struct Known: Decodable { var hazard, loss: Double }
  struct Link: Decodable {
    var source, target: Int
    var probability: Double
  }

  static func failures(_ protocols: [Known], _ links: [Link]) throws -> ProtocolFailures {
    try ProtocolFailures(
      protocols.enumerated().map {
        ProtocolHazard(
          "P\($0.offset)", hazardPerYear: $0.element.hazard, lossGivenFailure: 0.5,
          exposure: 2 * $0.element.loss)
      },
      dependencies: links.map {
        FailureDependency("P\($0.source)", takes: "P\($0.target)", probability: $0.probability)
      })
  }
}
