import Foundation
import Keel

/// Runs the strategies one after the other, prints what became of them and writes their pages.
func run(_ arguments: Arguments) throws {
  // One BLAS thread: the fastest setting for problems of this size, and the same bits every time.
  try LinearAlgebra.configure(threads: 1)
  let data = try MarketData(folder: arguments.data)
  try prepare(arguments.reportFolder)
  for example in arguments.examples {
    let outcome = try Outcome(example.setup(data))
    let page = arguments.reportFolder.appendingPathComponent("\(example.rawValue).html")
    try write(outcome.page.html, to: page)
    print(outcome.terminalLines.joined(separator: "\n"))
    print("  page        \(page.path)\n")
  }
}

func prepare(_ folder: URL) throws {
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  } catch {
    throw Failure("\(folder.path): the folder cannot be made")
  }
}

func write(_ text: String, to file: URL) throws {
  do {
    try text.write(to: file, atomically: true, encoding: .utf8)
  } catch {
    throw Failure("\(file.path): the file cannot be written")
  }
}

do {
  let arguments = try Arguments(
    Array(CommandLine.arguments.dropFirst()), environment: ProcessInfo.processInfo.environment)
  if arguments.wantsHelp {
    print(Arguments.help)
  } else {
    try run(arguments)
  }
} catch {
  FileHandle.standardError.write(Data("strategies: \(Failure(error).line)\n".utf8))
  exit(1)
}
