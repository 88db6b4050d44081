import Foundation
import Keel

/// The tables that the strategies read: those of a folder where it has them, the shipped ones otherwise.
struct MarketData {
  /// A table by its shipped name and that of the longer file.
  enum Table: String {
    case prices, funding, pool, lending, gas

    var longerName: String {
      switch self {
      case .prices: "crypto_spot_daily.csv.gz"
      case .funding: "funding_rates.csv.gz"
      case .pool: "amm_uniswap_v3_usdc_weth_5bp_polygon_minute.csv.gz"
      case .lending: "lending_aave_v3_polygon_minute.csv.gz"
      case .gas: "gas_polygon_minute.csv.gz"
      }
    }

    /// The source of the shipped table.
    var credit: String {
      switch self {
      case .prices:
        "Daily closes 2020-2023 from pyscarcopula 0.22.1, Copyright (c) 2024 Aleksey Novokhatskiy, MIT "
          + "License."
      case .funding:
        "Binance funding from historical-funding-rates-fetcher, Copyright (c) 2024 supervik, MIT License."
      case .pool, .lending, .gas:
        "Pool, lending and gas by the minute from demeter, Copyright (c) 2022 zelos-alpha, MIT License."
      }
    }
  }

  private let folder: URL?

  // A folder with longer files, or with files of the shipped names; nil for none.
  init(folder: URL?) throws {
    if let folder {
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder)
      guard exists, isFolder.boolValue else { throw Failure("\(folder.path): not a folder") }
    }
    self.folder = folder
  }

  /// Reads a table.
  func read(_ table: Table) throws -> CSVTable {
    let file = try self.file(of: table)
    let bytes = file.pathExtension == "gz" ? try Self.unpack(file) : try Self.bytes(of: file)
    return try CSVTable(bytes, file: file.lastPathComponent)
  }

  /// Whether a table is the longer one, whose prices stand one a row.
  func isLonger(_ table: Table) throws -> Bool {
    try file(of: table).lastPathComponent == table.longerName
  }

  /// What a page says about the source of some tables, as their licences ask.
  func credits(_ tables: Table...) throws -> [String] {
    var lines: [String] = []
    for table in tables {
      let file = try file(of: table)
      let isOwn = folder.map { file.deletingLastPathComponent().path == $0.path } ?? false
      let line = isOwn ? "\(file.lastPathComponent) from the folder that was given." : table.credit
      if !lines.contains(line) { lines.append(line) }
    }
    return lines
  }

  private func file(of table: Table) throws -> URL {
    let names = [table.longerName, "\(table.rawValue).csv"]
    let own = names.compactMap { folder?.appendingPathComponent($0) }
    if let file = own.first(where: { FileManager.default.fileExists(atPath: $0.path) }) {
      return file
    }
    guard let file = Bundle.module.url(forResource: table.rawValue, withExtension: "csv") else {
      throw Failure("the shipped \(table.rawValue) are missing beside the program")
    }
    return file
  }

  private static func bytes(of file: URL) throws -> [UInt8] {
    do {
      return [UInt8](try Data(contentsOf: file))
    } catch {
      throw Failure("\(file.path): the file cannot be read")
    }
  }

  private static func unpack(_ file: URL) throws -> [UInt8] {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", file.path]
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw Failure("\(file.path): gzip cannot be started")
    }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure("\(file.path): gzip cannot unpack the file")
    }
    return [UInt8](data)
  }
}
