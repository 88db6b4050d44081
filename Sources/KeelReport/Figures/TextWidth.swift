/// The room that text takes in a drawing, estimated without a font.
///
/// The widths are those of common sans-serif fonts, rounded up to the widest of them, so that an
/// estimate is too large rather than too small and labels keep apart whatever font the reader has.
enum TextWidth {
  /// The estimated width of a text in user units.
  static func of(_ text: String, size: Double) -> Double {
    text.unicodeScalars.reduce(0) { $0 + emWidth($1) } * size
  }

  /// The text, shortened with an ellipsis until it fits.
  static func truncated(_ text: String, to width: Double, size: Double) -> String {
    let line = singleLine(text)
    if of(line, size: size) <= width { return line }
    let ellipsis = "…"
    var room = width - of(ellipsis, size: size)
    var kept = ""
    for character in line {
      room -= of(String(character), size: size)
      if room < 0 { break }
      kept.append(character)
    }
    while kept.last == " " { kept.removeLast() }
    return kept + ellipsis
  }

  /// The text in lines that fit; the last allowed line is shortened.
  static func wrapped(
    _ text: String, to width: Double, size: Double, maximumLines: Int
  ) -> [String] {
    var lines: [String] = []
    var current = ""
    let words = singleLine(text).split(separator: " ").map(String.init)
    for (i, word) in words.enumerated() {
      let candidate = current.isEmpty ? word : "\(current) \(word)"
      if current.isEmpty || of(candidate, size: size) <= width {
        current = candidate
        continue
      }
      if lines.count == maximumLines - 1 {
        let rest = ([current] + words[i...]).joined(separator: " ")
        return lines + [truncated(rest, to: width, size: size)]
      }
      lines.append(truncated(current, to: width, size: size))
      current = word
    }
    return current.isEmpty ? lines : lines + [truncated(current, to: width, size: size)]
  }

  /// The width of one character in units of the font size.
  private static func emWidth(_ scalar: Unicode.Scalar) -> Double {
    switch scalar {
    case "i", "j", "l", "I", "|", "!", "'", ".", ",", ":", ";": 0.34
    case "f", "t", "r", "(", ")", "[", "]", "/", "\\", "-": 0.43
    case " ": 0.32
    case "W", "@", "—", "…": 1.04
    case "m", "%": 1
    case "M", "w": 0.9
    case "A"..."Z", "&": 0.73
    case "+", "<", ">", "=", "~", "−", "×", "±", "σ": 0.8
    case "\u{0300}"..."\u{036F}", "\u{200B}"..."\u{200F}": 0
    default: scalar.value < 0x1100 ? 0.62 : 1.05
    }
  }
}
