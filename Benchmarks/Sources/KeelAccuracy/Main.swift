import Foundation
import Keel

@main
struct Main {
  static func main() throws {
    var count = 1_000_000
    var file: String?
    var arguments = Array(CommandLine.arguments.dropFirst())
    while !arguments.isEmpty {
      let argument = arguments.removeFirst()
      guard let value = arguments.first else { fail("\(argument) wants a value") }
      arguments.removeFirst()
      switch argument {
      case "--count":
        guard let number = Double(value), number >= 1, number <= 1e9 else {
          fail("--count wants a number from 1 to 1e9")
        }
        count = Int(number)
      case "--table": file = value
      default: fail("unknown argument \(argument); known: --count NUMBER --table FILE")
      }
    }
    try LinearAlgebra.configure(threads: 1)
    var measurements: [Measurement] = []
    func add(_ make: () throws -> [Measurement]) rethrows {
      let start = Date()
      for measurement in try make() {
        measurements.append(measurement)
        print(line(measurement), String(format: "(%.0f s)", Date().timeIntervalSince(start)))
      }
    }
    try add { [try impliedVolatilityRoundTrip(count)] }
    try add { [try scalarImpliedVolatilityRoundTrip(max(count / 10, 1))] }
    try add { [try batchPrices(max(count / 10, 1))] }
    try add { [try parity(max(count / 10, 1))] }
    add { normalLaw(max(count / 10, 1)) }
    if let file { try table(measurements).write(toFile: file, atomically: true, encoding: .utf8) }
    if measurements.contains(where: { $0.failures > 0 }) {
      fail("some points are beyond the bound")
    }
  }

  static func line(_ measurement: Measurement) -> String {
    "\(measurement.quantity): \(measurement.points) points, worst "
      + String(format: "%.3g of %g ", measurement.worst, measurement.allowed)
      + "\(measurement.unit), \(measurement.failures) beyond"
  }

  static func table(_ measurements: [Measurement]) -> String {
    var text = """
      # Accuracy

      Written by `Scripts/accuracy`; not edited by hand. Random points, counted by index, against a second method
      of higher precision. References of 50 digits at fewer points, and their bounds, are in the tests
      (`Tests/Generate`, `Tests/Reference`) and in the note of each method.

      | quantity | second method | points | worst | allowed | unit | beyond |
      |---|---|---:|---:|---:|---|---:|

      """
    for m in measurements {
      let cells = [
        m.quantity, m.secondMethod, String(m.points), String(format: "%.3g", m.worst),
        String(format: "%g", m.allowed), m.unit.replacingOccurrences(of: "|", with: "\\|"),
        String(m.failures),
      ]
      text += "| " + cells.joined(separator: " | ") + " |\n"
    }
    return text
  }

  static func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("accuracy: \(message)\n".utf8))
    exit(1)
  }
}
