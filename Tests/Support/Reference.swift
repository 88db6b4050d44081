public import Foundation

/// Reads reference values from `Tests/Reference`.
public enum Reference {
  /// The folder that holds the committed reference files.
  public static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Reference")

  /// Decodes one reference file.
  ///
  /// - Parameters:
  ///   - type: The type to decode.
  ///   - name: The file's name without `.json`.
  /// - Returns: The decoded value.
  public static func load<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let data = try Data(contentsOf: folder.appendingPathComponent("\(name).json"))
    return try JSONDecoder().decode(type, from: data)
  }

  /// The folder of real market data, from `KEEL_DATA` or `../shared/data` beside the package; nil
  /// when it is absent.
  public static var realData: URL? {
    let package = folder.deletingLastPathComponent().deletingLastPathComponent()
    let path =
      ProcessInfo.processInfo.environment["KEEL_DATA"]
      ?? package.deletingLastPathComponent().appendingPathComponent("shared/data").path
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return URL(fileURLWithPath: path)
  }
}
