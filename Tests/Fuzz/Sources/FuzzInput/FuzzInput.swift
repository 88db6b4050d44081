/// Reads numbers from the fuzzer's bytes, with the values that break code made likely.
public struct FuzzInput {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0

  /// Wraps the bytes of one run.
  public init(_ data: UnsafePointer<UInt8>?, _ count: Int) {
    bytes = UnsafeBufferPointer(start: data, count: count)
  }

  /// The bytes that were not read yet.
  public var rest: [UInt8] { Array(bytes[min(position, bytes.count)...]) }

  /// The next byte, or 0 at the end.
  public mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }

  /// A number from 0 to `limit - 1`.
  public mutating func count(below limit: Int) -> Int { Int(byte()) % limit }

  /// A hostile, a plain or any number.
  public mutating func number() -> Double {
    let hostile: [Double] = [
      .nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, 1e-300, 1e300, -1e300, 1, -1,
    ]
    let kind = byte()
    if kind < 24 { return hostile[Int(kind) % hostile.count] }
    if kind < 200 { return (Double(kind) - 100) / 64 + Double(byte()) / 4096 }
    var pattern: UInt64 = 0
    for _ in 0..<8 { pattern = pattern << 8 | UInt64(byte()) }
    return Double(bitPattern: pattern)
  }

  /// Some numbers.
  public mutating func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in number() } }
}
