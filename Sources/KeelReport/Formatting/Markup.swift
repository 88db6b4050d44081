/// Text made safe for XML and HTML, between tags and inside quoted attributes.
///
/// Characters that XML forbids (controls, noncharacters) become U+FFFD, so that no input can make a
/// document that does not parse.
func escaped(_ text: String) -> String {
  var output = ""
  output.reserveCapacity(text.utf8.count)
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": output += "&amp;"
    case "<": output += "&lt;"
    case ">": output += "&gt;"
    case "\"": output += "&quot;"
    case "'": output += "&#39;"
    default: output.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
    }
  }
  return output
}

/// Whether XML 1.0 (section 2.2) and HTML allow a character.
private func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x9, 0xA, 0xD: true
  case 0x0...0x1F, 0x7F...0x9F: false
  case 0xFDD0...0xFDEF: false
  default: scalar.value & 0xFFFE != 0xFFFE
  }
}

/// Text on one line: breaks and tabs become blanks.
func singleLine(_ text: String) -> String {
  String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
}
