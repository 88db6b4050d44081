import CKeelKernels

// The module's only door to memory without checks: the block function of the hash, and the bytes of texts.

/// Takes one block of 64 bytes into the state of SHA-256.
func compress(_ block: inout SIMD64<UInt8>, into state: inout SIMD8<UInt32>) {
  unsafe withUnsafeBytes(of: &block) { source in
    unsafe withUnsafeMutableBytes(of: &state) { target in
      let words = unsafe target.assumingMemoryBound(to: UInt32.self)
      let bytes = unsafe source.assumingMemoryBound(to: UInt8.self)
      if let from = bytes.baseAddress, let to = words.baseAddress {
        unsafe keel_sha256_compress(to, from, 1, 0)
      }
    }
  }
}

extension SIMD64<UInt8> {
  /// Overwrites lanes from a place on with bytes.
  mutating func write(_ bytes: ArraySlice<UInt8>, at place: Int) {
    precondition(place >= 0 && place + bytes.count <= scalarCount, "place out of range")
    unsafe bytes.withUnsafeBytes { source in
      unsafe withUnsafeMutableBytes(of: &self) { target in
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: target[place...])
        unsafe part.copyMemory(from: source)
      }
    }
  }

  /// Overwrites eight lanes with a number, the highest byte first.
  mutating func write(_ value: UInt64, at place: Int) {
    precondition(place >= 0 && place + 8 <= scalarCount, "place out of range")
    unsafe withUnsafeMutableBytes(of: &self) { target in
      unsafe target.storeBytes(of: value.bigEndian, toByteOffset: place, as: UInt64.self)
    }
  }
}

/// Takes whole blocks of 64 bytes into the state of SHA-256.
func compress(_ blocks: ArraySlice<UInt8>, into state: inout SIMD8<UInt32>) {
  unsafe blocks.withUnsafeBufferPointer { source in
    unsafe withUnsafeMutableBytes(of: &state) { target in
      let words = unsafe target.assumingMemoryBound(to: UInt32.self)
      if let from = source.baseAddress, let to = words.baseAddress {
        unsafe keel_sha256_compress(to, from, source.count / 64, 0)
      }
    }
  }
}

extension [UInt8] {
  /// Overwrites eight bytes with a number, the highest first.
  mutating func write(_ value: UInt64, at place: Int) {
    var span = mutableSpan
    var room = unsafe span.mutableBytes
    room.storeBytes(of: value.bigEndian, toByteOffset: place, as: UInt64.self)
  }

  /// Overwrites bytes from a place on with those of an earlier range.
  mutating func copy(_ range: Range<Int>, to place: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= place, "range out of range")
    precondition(place + range.count <= count, "place out of range")
    unsafe withUnsafeMutableBytes { bytes in
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[place...])
      unsafe part.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
  }

  /// Overwrites bytes from a place on with those of a text.
  mutating func write(_ text: String, at place: Int) {
    let utf8 = text.utf8
    precondition(place >= 0 && place + utf8.count <= count, "place out of range")
    let isWritten: Void? = unsafe utf8.withContiguousStorageIfAvailable { source in
      unsafe withUnsafeMutableBytes { target in
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: target[place...])
        unsafe part.copyMemory(from: UnsafeRawBufferPointer(source))
      }
    }
    guard isWritten == nil else { return }
    for (offset, byte) in utf8.enumerated() { self[place + offset] = byte }
  }
}

extension MutableSpan where Element == UInt8 {
  /// Overwrites bytes from a place on with those of a literal.
  @inline(__always)
  mutating func write(_ text: StaticString, at place: Int) {
    let length = text.utf8CodeUnitCount
    precondition(place >= 0 && place + length <= count, "place out of range")
    unsafe withUnsafeMutableBytes { bytes in
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[place...])
      unsafe part.copyMemory(from: UnsafeRawBufferPointer(start: text.utf8Start, count: length))
    }
  }

  /// Overwrites eight bytes with a number, the highest first.
  mutating func write(_ value: UInt64, at place: Int) {
    var room = unsafe mutableBytes
    room.storeBytes(of: value.bigEndian, toByteOffset: place, as: UInt64.self)
  }
}
