extension Span where Element == UInt8 {
  /// The index of the first byte that begins no well-formed UTF-8 sequence, or nil.
  ///
  /// Well-formed sequences are those of table 3-7 of the Unicode standard, version 15.
  var firstInvalidUTF8Index: Int? {
    var i = 0
    while i < count {
      let lead = self[i]
      if lead < 0x80 {
        i += 1
        continue
      }
      var second: ClosedRange<UInt8> = 0x80...0xbf
      let length: Int
      switch lead {
      case 0xc2...0xdf: length = 2
      case 0xe0: (length, second) = (3, 0xa0...0xbf)
      case 0xed: (length, second) = (3, 0x80...0x9f)
      case 0xe1...0xef: length = 3
      case 0xf0: (length, second) = (4, 0x90...0xbf)
      case 0xf4: (length, second) = (4, 0x80...0x8f)
      case 0xf1...0xf3: length = 4
      default: return i
      }
      guard i + length <= count, second.contains(self[i + 1]) else { return i }
      for k in 2..<Swift.max(length, 2) where self[i + k] & 0xc0 != 0x80 { return i }
      i += length
    }
    return nil
  }
}
