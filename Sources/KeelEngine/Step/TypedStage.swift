/// A stage with the name of its type, so that two types with equal settings have different hashes.
struct TypedStage: Encodable {
  private let type: String
  private let settings: any Encodable

  init(_ settings: any Encodable) {
    type = String(describing: Swift.type(of: settings))
    self.settings = settings
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(type, forKey: .type)
    try settings.encode(to: container.superEncoder(forKey: .settings))
  }

  private enum CodingKeys: String, CodingKey { case type, settings }
}
