import Foundation
import Keel

/// The whole job, step by step.
func tell(_ file: URL) throws -> Story {
  let market = try Market(file)
  let estimates = try Estimates(market)
  let portfolios = try Portfolios(market, estimates)
  let protection = try Protection(portfolios.equalRisk, market, estimates)
  let rebalance = try Rebalance(portfolios.equalRisk, market)
  let year = try YearOfDecisions(market)
  return Story(
    market: market, estimates: estimates, portfolios: portfolios, protection: protection,
    rebalance: rebalance, year: year)
}

/// Does the job, prints one screen and writes the page.
func run(_ arguments: Arguments) throws {
  // One BLAS thread: the fastest setting for problems of this size, and the same bits every time.
  try LinearAlgebra.configure(threads: 1)
  let file = try arguments.prices ?? shippedPrices()
  let story: Story
  do {
    story = try tell(file)
  } catch {
    throw Failure(error, in: file.lastPathComponent)
  }
  try write(story.page.html, to: arguments.report)
  print(story.terminalLines.joined(separator: "\n"))
  print("\nReport: \(arguments.report.path)")
}

func write(_ text: String, to file: URL) throws {
  do {
    try text.write(to: file, atomically: true, encoding: .utf8)
  } catch {
    throw Failure("\(file.path): the file cannot be written")
  }
}

/// The prices that come with this example.
func shippedPrices() throws -> URL {
  guard let file = Bundle.module.url(forResource: "crypto_daily_close", withExtension: "csv") else {
    throw Failure("the shipped prices are missing beside the program")
  }
  return file
}

do {
  let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
  if arguments.wantsHelp {
    print(Arguments.help)
  } else {
    try run(arguments)
  }
} catch {
  FileHandle.standardError.write(Data("quickstart: \(Failure(error, in: "prices").line)\n".utf8))
  exit(1)
}
