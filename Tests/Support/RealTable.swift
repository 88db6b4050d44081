import Foundation

extension Reference {
  /// The rows of a compressed table of real data, by column name.
  ///
  /// - Parameter name: The file's name in `Reference.realData`, with its `.csv.gz`.
  /// - Returns: The rows, or nil where the folder is absent.
  /// - Throws: When the file cannot be unpacked.
  public static func realRows(_ name: String) throws -> [[String: String]]? {
    guard let folder = realData else { return nil }
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", folder.appendingPathComponent(name).path]
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.fileReadCorruptFile) }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    let names = (lines.first ?? "").split(separator: ",", omittingEmptySubsequences: false)
    return lines.dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      return Dictionary(
        uniqueKeysWithValues: zip(names, fields).map { (String($0), String($1)) })
    }
  }
}
