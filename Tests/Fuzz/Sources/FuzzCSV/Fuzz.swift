import FuzzInput
import Keel

/// Any bytes as a table: a table whose cells can all be read, or a typed error.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = FuzzInput(data, count).rest
  guard let table = try? CSVTable(bytes, file: "fuzz.csv") else { return 0 }
  for row in 0..<table.rowCount {
    for column in 0..<table.columnCount {
      _ = table.text(row: row, column: column)
      _ = try? table.number(row: row, column: column)
    }
  }
  guard let history = try? PriceHistory(wide: table) else { return 0 }
  _ = try? history.simpleReturns()
  _ = try? history.logReturns(gaps: .commonWindow)
  return 0
}
