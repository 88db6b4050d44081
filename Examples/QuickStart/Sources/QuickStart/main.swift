import Foundation
import Keel

/// The whole job, step by step.
func run(_ arguments: Arguments) throws {
  // One BLAS thread: the fastest setting for problems of this size, and the same bits every time.
  try LinearAlgebra.configure(threads: 1)

  let market = try Market(arguments.prices ?? shippedPrices())
  let estimates = try Estimates(market)
  let portfolios = try Portfolios(market, estimates)
  let protection = try Protection(portfolios.equalRisk, market, estimates)
  let rebalance = try Rebalance(portfolios.equalRisk, market)

  let story = Story(
    market: market, estimates: estimates, portfolios: portfolios, protection: protection,
    rebalance: rebalance)
  let page = story.page.html
  do {
    try page.write(to: arguments.report, atomically: true, encoding: .utf8)
  } catch {
    throw Failure("\(arguments.report.path): the report cannot be written")
  }
  print(story.terminalLines.joined(separator: "\n"))
  print("\nReport: \(arguments.report.path)")
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
  FileHandle.standardError.write(Data("quickstart: \(Failure(error).line)\n".utf8))
  exit(1)
}
