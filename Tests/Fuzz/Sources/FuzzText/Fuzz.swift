import FuzzInput
import Keel

/// Amounts and timestamps from any text; what was read is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(data, count)
  let decimals = Int(input.byte()) - 8
  let number = input.number()
  let text = String(decoding: input.rest, as: UTF8.self)
  if let time = try? Timestamp(parsing: text) {
    precondition((try? Timestamp(parsing: time.description)) == time, "a time that changes")
  }
  if let amount = try? Amount(text, decimals: decimals) {
    precondition(
      (try? Amount(amount.description, decimals: decimals)) == amount, "an amount that changes")
    _ = try? amount.adding(amount)
    _ = try? amount.multiplied(by: number, rounding: .towardZero)
  }
  _ = try? Amount(number, decimals: decimals, rounding: .toNearestOrEven)
  return 0
}
