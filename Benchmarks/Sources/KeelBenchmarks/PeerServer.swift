import Foundation

/// A Python process that holds the peers: it reads inputs from files, runs one peer at a time on
/// request and answers with the time it took.
final class PeerServer {
  /// One prepared peer.
  struct Peer {
    let label: String
    fileprivate let key: String
    fileprivate let server: PeerServer

    func time() throws -> Double {
      guard let nanoseconds = Double(try server.ask("run \(key)")) else {
        throw BenchmarkError("peer \(label) did not answer with a time")
      }
      return nanoseconds
    }

    func answer() throws -> [Double] {
      let path = try server.ask("answer \(key)")
      return try Data(contentsOf: URL(fileURLWithPath: path)).withUnsafeBytes {
        Array($0.bindMemory(to: Double.self))
      }
    }
  }

  private let process = Process()
  private let toPeer = Pipe()
  private let fromPeer = Pipe()
  private let folder: URL
  private var buffered = Data()

  init(python: String, script: String) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "keel-peers-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script, folder.path]
    var environment = ProcessInfo.processInfo.environment
    for name in ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"] {
      environment[name] = "1"
    }
    process.environment = environment
    process.standardInput = toPeer
    process.standardOutput = fromPeer
    try process.run()
  }

  deinit {
    process.terminate()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Prepares one peer, or returns nil when the library behind it is not installed.
  func prepare(
    _ function: String,
    inputs: [(name: String, shape: [Int], values: [Double])]
  ) throws -> Peer? {
    var fields = ["prepare", function]
    for input in inputs {
      let file = folder.appendingPathComponent("\(UUID().uuidString).f64")
      try input.values.withUnsafeBytes { try Data($0).write(to: file) }
      let shape = input.shape.map(String.init).joined(separator: "x")
      fields.append("\(input.name)=\(shape)=\(file.path)")
    }
    let reply = try ask(fields.joined(separator: " ")).split(separator: "\t").map(String.init)
    guard reply.count == 2 else { return nil }
    return Peer(label: reply[1], key: reply[0], server: self)
  }

  private func ask(_ line: String) throws -> String {
    try toPeer.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    while true {
      if let end = buffered.firstIndex(of: 10) {
        let reply = String(decoding: buffered[buffered.startIndex..<end], as: UTF8.self)
        buffered.removeSubrange(buffered.startIndex...end)
        if reply.hasPrefix("error ") { throw BenchmarkError("peer: " + reply.dropFirst(6)) }
        return reply
      }
      let more = fromPeer.fileHandleForReading.availableData
      guard !more.isEmpty else { throw BenchmarkError("the peers' process has ended") }
      buffered.append(more)
    }
  }
}
