import Foundation
import Keel
import Testing

@testable import strategies

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct StrategiesTests {
  /// The outcomes over the shipped data, each made once.
  private static let shipped: [Example: Result<Outcome, any Error>] = {
    var found: [Example: Result<Outcome, any Error>] = [:]
    for example in Example.allCases {
      found[example] = Result { try Outcome(example.setup(MarketData(folder: nil))) }
    }
    return found
  }()

  private func outcome(_ example: Example) throws -> Outcome {
    try #require(Self.shipped[example]).get()
  }

  @Test(arguments: Example.allCases)
  func nothingFailsAndProfitIsExplained(example: Example) throws {
    let outcome = try outcome(example)
    let result = outcome.result
    #expect(outcome.faults.isEmpty && result.counts.faultySteps == 0, "\(outcome.faults.prefix(3))")
    #expect(result.equities.count == outcome.setup.markets.count)
    #expect(abs(result.profit.total - outcome.change) < 1e-3)
    // Rounding to base units is all that no source explains.
    #expect(abs(result.profit.rounding) < 0.1, "\(result.profit.rounding)")
    #expect(result.counts.tradingSteps > 0 && result.profit.costs < 0)
    let bad = result.events.filter { $0.kind != "expired" }
    #expect(bad.isEmpty, "\(bad)")
  }

  @Test(arguments: Example.allCases)
  func everyDecisionIsReplayed(example: Example) throws {
    let outcome = try outcome(example)
    #expect(outcome.replayed == outcome.setup.markets.count && outcome.isAuditWhole)
  }

  @Test func eachEarnsFromWhatItIsAbout() throws {
    let allocation = try outcome(.allocation)
    #expect(allocation.trips.contains { $0.breaker == "drawdown" })
    let basis = try outcome(.basis).result
    #expect(basis.profit.funding > 0)
    #expect(abs(basis.profit.spot + basis.profit.contracts) < 0.1 * abs(basis.profit.spot))
    let pool = try outcome(.liquidity)
    #expect(pool.result.profit.poolFees > 0 && pool.result.profit.lending != 0)
    #expect(Set(pool.trips.map(\.breaker)).isSuperset(of: ["depth", "gas"]))
    let covered = try outcome(.covered).result
    #expect(covered.events.contains { $0.kind == "expired" } && covered.profit.options != 0)
  }

  @Test func syntheticQuotesAreLabeledEverywhere() throws {
    for example in Example.allCases {
      let outcome = try outcome(example)
      let isCovered = example == .covered
      #expect((outcome.terminalLines[0].contains("SYNTHETIC")) == isCovered)
      #expect(outcome.page.html.contains("SYNTHETIC option quotes") == isCovered)
    }
    let readMe = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../README.md")
    #expect(try String(contentsOf: readMe, encoding: .utf8).contains("synthetic"))
  }

  @Test(arguments: Example.allCases)
  func pagesAreWellFormedAndGiveCredit(example: Example) throws {
    let outcome = try outcome(example)
    let page = outcome.page.html
    #expect(XMLParser(data: Data(page.utf8)).parse())
    for credit in outcome.setup.credits {
      #expect(credit.contains("MIT License") && page.contains(credit))
    }
    for line in outcome.terminalLines { #expect(line.count <= 160, "\(line)") }
  }

  // MARK: Wrong input

  /// The line on which a run over a folder with one changed file ends.
  private func line(_ name: String, _ text: String, _ example: Example) throws -> String {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("keel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try text.write(
      to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    do {
      _ = try example.setup(MarketData(folder: folder))
      return ""
    } catch {
      return Failure(error).line
    }
  }

  @Test func wrongInputEndsInOneLine() throws {
    #expect(
      try line("prices.csv", "date,BTC,ETH,BNB,ADA,XRP,LINK\n2021-01-01,1,2,3,4,x,5\n", .allocation)
        == #"prices.csv: line 2, column 6, "x": not a decimal number"#)
    #expect(
      try line("funding.csv", "time,exchange,symbol,funding_rate\nsoon,binance,BTC,0.1\n", .basis)
        == #"funding.csv: line 2, column 1, "soon": not a date or time like 2023-12-31T08:00:00Z"#)
    #expect(
      try line("pool.csv", "time,tick\n2023-08-17T00:00:00Z,1\n", .liquidity)
        == #"pool.csv: line 1, column 1, "close_tick": no such column, or a name that is missing or stands twice"#
    )
    for (name, text, example) in [
      ("prices.csv", "", Example.covered), ("prices.csv", "date,BTC\n2021-01-01,1\n", .covered),
      ("gas.csv", "time,gas_price_gwei\n2023-08-17T00:00:00Z,1\n", .liquidity),
      ("crypto_spot_daily.csv.gz", "not packed", .allocation),
    ] {
      let line = try line(name, text, example)
      #expect(!line.isEmpty && !line.contains("\n"), "\(name): \(line)")
    }
    let nowhere = URL(fileURLWithPath: "/no/such/folder")
    #expect(throws: Failure("/no/such/folder: not a folder")) { try MarketData(folder: nowhere) }
  }

  @Test func argumentsAreChecked() throws {
    #expect(try Arguments([]).examples == Example.allCases)
    #expect(try Arguments(["basis", "covered", "basis"]).examples == [.basis, .covered])
    #expect(try Arguments(["--report-folder", "out"]).reportFolder.lastPathComponent == "out")
    #expect(try Arguments([], environment: ["KEEL_DATA": "/data"]).data?.path == "/data")
    #expect(
      try Arguments(["--data", "mine"], environment: ["KEEL_DATA": "/data"]).data?.lastPathComponent
        == "mine")
    for words in [["--data"], ["--report", "x"], ["bonds"], ["--report-folder"]] {
      #expect(throws: Failure.self) { try Arguments(words) }
    }
  }

  /// The program itself: exit code 1 and one line for what is wrong.
  @Test(arguments: [["bonds"], ["--data", "/no/such/folder"], ["--report-folder", "/dev/null/x"]])
  func theProgramEndsWithCodeOne(words: [String]) throws {
    let program = Bundle.main.bundleURL
    let beside = [program, program.deletingLastPathComponent()].map {
      $0.appendingPathComponent("strategies")
    }
    let built = try #require(
      beside.first { FileManager.default.isExecutableFile(atPath: $0.path) }, "\(program)")
    let process = Process()
    let pipe = Pipe()
    process.executableURL = built
    process.arguments = words
    process.standardError = pipe
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let said = String(
      decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    #expect(said.hasPrefix("strategies: ") && said.filter { $0 == "\n" }.count == 1, "\(said)")
  }

  /// The folder of longer files: `KEEL_DATA`, or `shared/data` beside the repository.
  private static let longer: URL? = {
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../../shared/data")
    let named = ProcessInfo.processInfo.environment["KEEL_DATA"].map { URL(fileURLWithPath: $0) }
    let folder = (named ?? beside).standardizedFileURL
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  /// Longer files, where there are any, run through the same strategies.
  @Test(
    .enabled(if: longer != nil, "no real data: set KEEL_DATA"),
    arguments: [Example.basis, .liquidity])
  func longerDataRun(example: Example) throws {
    let folder = try #require(Self.longer)
    let outcome = try Outcome(example.setup(MarketData(folder: folder)))
    #expect(outcome.faults.isEmpty && outcome.replayed == outcome.setup.markets.count)
    #expect(abs(outcome.result.profit.total - outcome.change) < 1e-3)
    #expect(outcome.setup.markets.count > (try self.outcome(example)).setup.markets.count)
  }
}
