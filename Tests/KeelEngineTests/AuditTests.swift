import Foundation
import KeelData
import KeelEngine
import KeelTestSupport
import Testing

@Suite struct AuditTests {
  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String(format: "%02x", $0) }.joined()
  }

  /// FIPS 180-4's examples and NIST's long message.
  @Test func digestsAreTheStandards() {
    #expect(
      hex(SHA256.digest("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      hex(SHA256.digest([]))
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      hex(SHA256.digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    let million = [UInt8](repeating: 0x61, count: 100_000)
    var hash = SHA256()
    for _ in 0..<10 { hash.update(million) }
    #expect(
      hex(hash.finalized())
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func anySplitGivesTheSameDigest() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for count in 0..<200 {
      let whole = SHA256.digest(bytes.prefix(count))
      var parts = SHA256()
      parts.update(bytes.prefix(count / 3))
      _ = parts.finalized()
      parts.update(bytes.prefix(count).dropFirst(count / 3))
      #expect(parts.finalized() == whole)
    }
  }

  private struct Sample: Encodable {
    var text = "a"
    var number = 1.5
    var small = -7
    var list: [Int]? = [1, 300, 70_000]
    var nothing: Int?
    var map = ["b": true, "a": false]
  }

  /// The examples of RFC 8949, appendix A, as far as the deterministic form has them.
  @Test func bytesAreTheStandards() throws {
    func bytes(_ value: some Encodable) throws -> String {
      hex(try CanonicalEncoder.bytes(of: value))
    }
    func check(_ value: some Encodable, _ expected: String) throws {
      #expect(try bytes(value) == expected)
    }
    try check(0, "00")
    try check(23, "17")
    try check(24, "1818")
    try check(1_000_000, "1a000f4240")
    try check(1_000_000_000_000, "1b000000e8d4a51000")
    try check(UInt64.max, "1bffffffffffffffff")
    try check(-1, "20")
    try check(-1_000, "3903e7")
    try check(Int64.min, "3b7fffffffffffffff")
    try check(1.1, "fb3ff199999999999a")
    try check(-0.0, "fb0000000000000000")
    try check(true, "f5")
    try check("IETF", "6449455446")
    try check("", "60")
    try check([1, 2, 3], "83010203")
    try check([Int](), "80")
    try check(["a": 1, "b": 2], "a2616101616202")
    try check([String: Int](), "a0")
    try check([1, nil, 3], "8301f603")
    #expect(try bytes(Double.nan) == bytes(-Double.nan))
    // Shorter keys come first, fields that are absent leave nothing.
    let sample = try bytes(Sample())
    #expect(sample.hasPrefix("a5636d6170a26161f46162f5"), "\(sample)")
    var other = Sample()
    other.map = ["a": false, "b": true]
    #expect(try bytes(other) == bytes(Sample()))
    other.number = 1.5.nextUp
    #expect(try bytes(other) != bytes(Sample()))
    #expect(try bytes(Int128(5)) == "05")
  }

  @Test func everyChangeOfALogIsSeen() throws {
    var log = AuditLog()
    #expect(log.firstFault == nil && log.head == [UInt8](repeating: 0, count: 32))
    for i in 0..<20 { try log.append(["step": i, "value": i * i]) }
    #expect(log.firstFault == nil)
    let decoded = try JSONDecoder().decode(AuditLog.self, from: JSONEncoder().encode(log))
    #expect(decoded == log && decoded.firstFault == nil)
    for place in 0..<20 {
      let record = log.records[place]
      var payload = record.payload
      payload[payload.count - 1] ^= 1
      var records = log.records
      let data = try JSONEncoder().encode([
        "index": [UInt8(place)], "previousHash": record.previousHash, "payload": payload,
        "hash": record.hash,
      ])
      // The index is a number in the real record.
      let text = String(decoding: data, as: UTF8.self)
        .replacingOccurrences(of: "\"index\":[\(place)]", with: "\"index\":\(place)")
      records[place] = try JSONDecoder().decode(AuditLog.Record.self, from: Data(text.utf8))
      #expect(AuditLog(records: records).firstFault?.index == place)
      records.remove(at: place)
      #expect(place == 19 || AuditLog(records: records).firstFault?.index == place)
      var swapped = log.records
      swapped.swapAt(place, (place + 1) % 20)
      #expect(AuditLog(records: swapped).firstFault != nil)
    }
  }

  @Test func commitmentsOpenOnce() throws {
    let salt = (0..<16).map { UInt8($0) }
    let commitment = try Commitment(to: ["BTC": 0.6], salt: salt)
    let opened = try commitment.isOpened(by: ["BTC": 0.6], salt: salt)
    #expect(opened)
    #expect(try !commitment.isOpened(by: ["BTC": 0.7], salt: salt))
    #expect(try !commitment.isOpened(by: ["BTC": 0.6], salt: salt.reversed()))
    #expect(throws: EngineError.self) { try Commitment(to: 1, salt: [1, 2, 3]) }
    #expect(try !commitment.isOpened(by: ["BTC": 0.6], salt: []))
  }
}
