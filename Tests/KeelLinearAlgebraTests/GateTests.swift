import Foundation
import Testing

/// Reads the sources: nothing calls BLAS but the folder LAPACK, and nothing there without the gate.
@Suite struct GateTests {
  private static let sources = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/KeelLinearAlgebra")

  private func files(inLAPACK: Bool) throws -> [(name: String, lines: [String])] {
    let manager = FileManager.default
    let paths = try manager.subpathsOfDirectory(atPath: Self.sources.path)
    return
      try paths
      .filter { $0.hasSuffix(".swift") && $0.hasPrefix("LAPACK/") == inLAPACK }
      .map { path in
        let url = Self.sources.appendingPathComponent(path)
        let text = try String(contentsOf: url, encoding: .utf8)
        return (path, text.components(separatedBy: "\n"))
      }
  }

  @Test func onlyOneFolderIsUnsafe() throws {
    let others = try files(inLAPACK: false)
    #expect(others.count > 10)
    for file in others {
      for line in file.lines {
        #expect(!line.contains("CKeelShims") && !line.contains("unsafe "), "\(file.name): \(line)")
      }
    }
  }

  @Test func everyCallStandsBehindTheGate() throws {
    var calls = 0
    for file in try files(inLAPACK: true) where file.name != "LAPACK/Gate.swift" {
      var isBehindGate = false
      for line in file.lines {
        if line.contains(" func ") || line.contains(" var letter") { isBehindGate = false }
        if line.contains("Gate.dimension(") { isBehindGate = true }
        guard line.contains("keel_d") else { continue }
        calls += 1
        #expect(isBehindGate, "\(file.name): \(line)")
      }
    }
    #expect(calls >= 27)
  }
}
