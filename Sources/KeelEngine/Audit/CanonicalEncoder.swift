// One sequence of bytes for each value, whatever the platform or the order in which it was built.
//
// Goals in order: equal values give equal bytes, different values different ones; readable by any decoder of
// the standard; no dependency. The format is CBOR in its deterministic form: the shortest integers, definite
// lengths, map keys in bytewise order of their encodings; numbers with a fraction are always 64 bits, with one
// NaN and one zero. Source: RFC 8949, "Concise Binary Object Representation", sections 3 and 4.2.

/// Encodes values to canonical bytes, for hashing and for records that last.
public enum CanonicalEncoder {
  /// The canonical bytes of a value.
  ///
  /// - Parameter value: Any value that encodes itself by keys, elements or single numbers and texts.
  /// - Returns: Deterministic CBOR.
  /// - Throws: What the value's own `encode` throws.
  /// - Complexity: O(n log n) in the number of fields of one map.
  public static func bytes(of value: some Encodable) throws -> [UInt8] {
    let slot = Slot()
    try value.encode(to: SlotEncoder(slot: slot, codingPath: []))
    return slot.bytes
  }
}

/// What an encoder fills.
private final class Slot {
  enum Content {
    case nothing
    case single([UInt8])
    case list([Slot])
    case map([(key: String, value: Slot)])
  }

  var content = Content.nothing

  func append() -> Slot {
    let slot = Slot()
    guard case .list(var slots) = content else {
      content = .list([slot])
      return slot
    }
    // Released first, so that the list is not copied.
    content = .nothing
    slots.append(slot)
    content = .list(slots)
    return slot
  }

  func insert(_ key: String) -> Slot {
    let slot = Slot()
    guard case .map(var slots) = content else {
      content = .map([(key, slot)])
      return slot
    }
    content = .nothing
    if let place = slots.firstIndex(where: { $0.key == key }) {
      slots[place].value = slot
    } else {
      slots.append((key, slot))
    }
    content = .map(slots)
    return slot
  }

  var bytes: [UInt8] {
    switch content {
    case .nothing: return CBOR.null
    case .single(let bytes): return bytes
    case .list(let slots):
      return CBOR.head(.list, UInt64(slots.count)) + slots.flatMap(\.bytes)
    case .map(let slots):
      let pairs = slots.map { (key: CBOR.text($0.key), value: $0.value.bytes) }
        .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      return CBOR.head(.map, UInt64(pairs.count)) + pairs.flatMap { $0.key + $0.value }
    }
  }
}

/// The encodings of single values.
private enum CBOR {
  enum Major: UInt8 { case positive = 0, negative = 1, text = 3, list = 4, map = 5, simple = 7 }

  static let null: [UInt8] = [0xf6]

  static func head(_ major: Major, _ value: UInt64) -> [UInt8] {
    let top = major.rawValue << 5
    switch value {
    case 0..<24: return [top | UInt8(value)]
    case 24..<0x100: return [top | 24] + bigEndian(value, 1)
    case 0x100..<0x1_0000: return [top | 25] + bigEndian(value, 2)
    case 0x1_0000..<0x1_0000_0000: return [top | 26] + bigEndian(value, 4)
    default: return [top | 27] + bigEndian(value, 8)
    }
  }

  static func bigEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
  }

  static func integer(_ value: some BinaryInteger) -> [UInt8] {
    if let positive = UInt64(exactly: value) { return head(.positive, positive) }
    if let small = Int64(exactly: value) { return head(.negative, UInt64(bitPattern: ~small)) }
    // Beyond 64 bits: its digits.
    return text(String(value))
  }

  static func number(_ value: Double) -> [UInt8] {
    let bits = value.isNaN ? 0x7ff8_0000_0000_0000 : value == 0 ? 0 : value.bitPattern
    return [0xfb] + bigEndian(bits, 8)
  }

  static func text(_ value: String) -> [UInt8] {
    let bytes = Array(value.utf8)
    return head(.text, UInt64(bytes.count)) + bytes
  }
}

private struct SlotEncoder: Encoder {
  let slot: Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    // A value without fields is an empty map, not nothing.
    if case .map = slot.content {} else { slot.content = .map([]) }
    return KeyedEncodingContainer(KeyedSlots<Key>(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .list = slot.content {} else { slot.content = .list([]) }
    return SlotList(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    SingleSlot(slot: slot, codingPath: codingPath)
  }
}

private struct SingleSlot: SingleValueEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  func encodeNil() { slot.content = .single(CBOR.null) }
  func encode(_ value: Bool) { slot.content = .single([value ? 0xf5 : 0xf4]) }
  func encode(_ value: String) { slot.content = .single(CBOR.text(value)) }
  func encode(_ value: Double) { slot.content = .single(CBOR.number(value)) }
  func encode(_ value: Float) { encode(Double(value)) }
  func encode(_ value: Int) { integer(value) }
  func encode(_ value: Int8) { integer(value) }
  func encode(_ value: Int16) { integer(value) }
  func encode(_ value: Int32) { integer(value) }
  func encode(_ value: Int64) { integer(value) }
  func encode(_ value: Int128) { integer(value) }
  func encode(_ value: UInt) { integer(value) }
  func encode(_ value: UInt8) { integer(value) }
  func encode(_ value: UInt16) { integer(value) }
  func encode(_ value: UInt32) { integer(value) }
  func encode(_ value: UInt64) { integer(value) }
  func encode(_ value: UInt128) { integer(value) }

  func encode(_ value: some Encodable) throws {
    try value.encode(to: SlotEncoder(slot: slot, codingPath: codingPath))
  }

  private func integer(_ value: some BinaryInteger) {
    slot.content = .single(CBOR.integer(value))
  }
}

private struct SlotList: UnkeyedEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  var count: Int {
    if case .list(let slots) = slot.content { return slots.count }
    return 0
  }

  private func next() -> SingleSlot { SingleSlot(slot: slot.append(), codingPath: codingPath) }

  func encodeNil() { next().encodeNil() }
  func encode(_ value: some Encodable) throws { try next().encode(value) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) -> KeyedEncodingContainer<NestedKey> {
    SlotEncoder(slot: slot.append(), codingPath: codingPath).container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    SlotEncoder(slot: slot.append(), codingPath: codingPath).unkeyedContainer()
  }

  func superEncoder() -> any Encoder {
    SlotEncoder(slot: slot.append(), codingPath: codingPath)
  }
}

private struct KeyedSlots<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let codingPath: [any CodingKey]

  private func place(_ key: some CodingKey) -> SingleSlot {
    SingleSlot(slot: slot.insert(key.stringValue), codingPath: codingPath + [key])
  }

  func encodeNil(forKey key: Key) { place(key).encodeNil() }
  func encode(_ value: some Encodable, forKey key: Key) throws { try place(key).encode(value) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type,
    forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    SlotEncoder(slot: slot.insert(key.stringValue), codingPath: codingPath + [key])
      .container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    SlotEncoder(slot: slot.insert(key.stringValue), codingPath: codingPath + [key])
      .unkeyedContainer()
  }

  func superEncoder() -> any Encoder {
    SlotEncoder(slot: slot.insert("super"), codingPath: codingPath)
  }

  func superEncoder(forKey key: Key) -> any Encoder {
    SlotEncoder(slot: slot.insert(key.stringValue), codingPath: codingPath + [key])
  }
}
