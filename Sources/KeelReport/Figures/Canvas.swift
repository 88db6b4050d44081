/// The elements of one drawing, in the order in which they are painted.
struct Canvas {
  enum Anchor: String {
    case start, middle, end
  }

  let width: Double
  private(set) var elements: [String] = []

  init(width: Double) { self.width = width }

  /// Text with its baseline at `y`.
  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, style: String = "ink"
  ) {
    let align = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
    elements.append(
      "<text class=\"\(style)\" x=\"\(coordinateText(x))\" y=\"\(coordinateText(y))\"\(align)>"
        + escaped(singleLine(text)) + "</text>")
  }

  mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, style: String) {
    elements.append(
      "<line class=\"\(style)\" x1=\"\(coordinateText(x1))\" y1=\"\(coordinateText(y1))\""
        + " x2=\"\(coordinateText(x2))\" y2=\"\(coordinateText(y2))\"/>")
  }

  /// A rectangle; `hint` is shown when the reader points at it.
  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, style: String, hint: String = "",
    radius: Double = 0
  ) {
    let corner = radius > 0 ? " rx=\"\(coordinateText(radius))\"" : ""
    let start =
      "<rect class=\"\(style)\" x=\"\(coordinateText(x))\" y=\"\(coordinateText(y))\""
      + " width=\"\(coordinateText(max(width, 0)))\" height=\"\(coordinateText(max(height, 0)))\""
      + corner
    elements.append(start + closing("rect", hint: hint))
  }

  mutating func circle(x: Double, y: Double, radius: Double, style: String, hint: String = "") {
    let start =
      "<circle class=\"\(style)\" cx=\"\(coordinateText(x))\" cy=\"\(coordinateText(y))\""
      + " r=\"\(coordinateText(radius))\""
    elements.append(start + closing("circle", hint: hint))
  }

  /// A path from its commands; nothing for an empty one.
  mutating func path(_ commands: String, style: String) {
    guard !commands.isEmpty else { return }
    elements.append("<path class=\"\(style)\" d=\"\(commands)\"/>")
  }

  /// Starts a part in which nothing is drawn outside a rectangle; coordinates stay the same.
  mutating func beginClip(x: Double, y: Double, width: Double, height: Double) {
    let box = [x, y, width, height].map(coordinateText)
    elements.append(
      "<svg x=\"\(box[0])\" y=\"\(box[1])\" width=\"\(box[2])\" height=\"\(box[3])\""
        + " viewBox=\"\(box.joined(separator: " "))\">")
  }

  mutating func endClip() { elements.append("</svg>") }

  private func closing(_ name: String, hint: String) -> String {
    hint.isEmpty ? "/>" : "><title>\(escaped(singleLine(hint)))</title></\(name)>"
  }
}
