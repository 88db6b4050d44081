import CBenchmarkSupport
import Foundation
import KeelLinearAlgebra

@main
struct Main {
  static let usage = """
    usage: KeelBenchmarks [--quick] [--filter TEXT] [--json FILE] [--python FILE --peers FILE] [--table FILE]
    """

  static func main() {
    do {
      try run()
    } catch {
      fail("benchmarks: \(error)")
    }
  }

  private static func run() throws {
    var quick = false
    var options: [String: String] = [:]
    var arguments = Array(CommandLine.arguments.dropFirst())
    while !arguments.isEmpty {
      let argument = arguments.removeFirst()
      switch argument {
      case "--quick": quick = true
      case "--filter", "--json", "--python", "--peers", "--table":
        guard !arguments.isEmpty else { return fail("\(argument) wants a value\n\(usage)") }
        options[argument] = arguments.removeFirst()
      default: return fail("unknown argument \(argument)\n\(usage)")
      }
    }

    try LinearAlgebra.configure(threads: 1)
    bench_set_threads(1)
    let floors = Dictionary(uniqueKeysWithValues: (floorCases + allCases).map { ($0.name, $0) })
    var runner = Runner(quick: quick, machine: machineDescription(), floors: floors)
    if let python = options["--python"], let script = options["--peers"] {
      runner.peerServer = try PeerServer(python: python, script: script)
    }

    let filter = options["--filter"] ?? ""
    var records: [Record] = []
    var lines = ""
    for benchmark in floorCases + allCases where filter.isEmpty || benchmark.name.contains(filter) {
      let record = try runner.run(benchmark)
      records.append(record)
      lines += try json(record) + "\n"
      print(summary(record))
    }
    if let file = options["--json"] {
      try lines.write(toFile: file, atomically: true, encoding: .utf8)
    }
    if let file = options["--table"] {
      try table(records).write(toFile: file, atomically: true, encoding: .utf8)
    }
  }

  static func fail(_ message: String) {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(2)
  }
}

/// All cases but the floors; every file in `Cases` adds one list.
let allCases: [Case] =
  linearAlgebraCases + specialFunctionCases + estimationCases + volatilityCases + portfolioCases
  + derivativeCases
  + engineCases + targetPortfolioCases + multiPeriodCases + gammaBetaCases + tailRiskCases
  + sampleRiskCases
  + infeasibilityCases + riskBudgetingCases + conicCases + integerCases + fitCases
  + perpetualCases
  + surfaceCases + americanCases
  + optionColumnsCases + workspaceCases + backtestingCases + riskCases
  + engineStepCases

private func json(_ record: Record) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return String(decoding: try encoder.encode(record), as: UTF8.self)
}

/// The processor, the BLAS build and the number of BLAS threads.
private func machineDescription() -> String {
  let processor =
    (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
    .split(separator: "\n").first { $0.hasPrefix("model name") }
    .map { $0.split(separator: ":").last.map(String.init) ?? "" } ?? "unknown processor"
  return "\(processor.trimmingCharacters(in: .whitespaces)); \(LinearAlgebra.runtimeInformation)"
}

/// A time with three digits and a unit.
func formatted(nanoseconds: Double) -> String {
  let units: [(Double, String)] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")]
  let (scale, unit) = units.first { nanoseconds >= $0.0 } ?? (1, "ns")
  let value = nanoseconds / scale
  let digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return String(format: "%.\(digits)f %@", value, unit)
}

private func summary(_ record: Record) -> String {
  var text = record.name.padding(toLength: 44, withPad: " ", startingAt: 0)
  text += formatted(nanoseconds: record.median_ns)
  if record.items > 1 {
    text += String(format: "  %.2f ns/item", record.median_ns / Double(record.items))
  }
  if let ratio = record.ratio_to_floor { text += String(format: "  %.2f x floor", ratio) }
  text += "  \(record.allocations) allocations"
  if record.lapack_allocations > 0 { text += " (+\(record.lapack_allocations) in LAPACK)" }
  for peer in record.peers {
    text += String(
      format: "  %@ takes %.1f x as long (differs %.1e)", peer.name, peer.ratio, peer.agreement)
  }
  return text
}

/// `Documentation/Performance.md`.
private func table(_ records: [Record]) -> String {
  var text = """
    # Performance

    Written by `Scripts/bench --peers`; not edited by hand. One thread. Ours is the median; the ratio
    to the floor (the bare library call, or the same problem without what the case adds) compares the
    least times of alternating runs without peers; the ratio to a peer is its median over
    ours (above 1: Keel is faster), on the same input in the same run; agreement is the largest
    difference of the answers relative to the largest number in them. Absolute times drift from
    machine to machine and from hour to hour: read the ratios.

    Machine: \(records.first?.machine ?? "")

    | workload | ours | an item | allocations | x floor | peer | its time | ratio | agreement |
    |---|---:|---:|---:|---:|---|---:|---:|---:|

    """
  for record in records {
    let item =
      record.items > 1
      ? formatted(nanoseconds: record.median_ns / Double(record.items)) : ""
    let floor = record.ratio_to_floor.map { String(format: "%.2f", $0) } ?? ""
    let allocations =
      "\(record.allocations)"
      + (record.lapack_allocations > 0 ? " + \(record.lapack_allocations) LAPACK" : "")
    let ours: [String] = [
      "`\(record.name)`", formatted(nanoseconds: record.median_ns), item, allocations, floor,
    ]
    let peers: [Record.Peer?] = record.peers.isEmpty ? [nil] : record.peers
    for peer in peers {
      let columns: [String] = ours + peerColumns(peer)
      text += "| " + columns.joined(separator: " | ") + " |\n"
    }
  }
  return text
}

private func peerColumns(_ peer: Record.Peer?) -> [String] {
  guard let peer else { return ["", "", "", ""] }
  return [
    peer.name, formatted(nanoseconds: peer.median_ns), String(format: "%.1f", peer.ratio),
    String(format: "%.0e", peer.agreement),
  ]
}
