/// A drawing that can be written as SVG at any width.
///
/// The same figure gives the same text, byte for byte. A figure never fails: values without a place
/// on its axis are left out, counted in ``skippedPointCount`` and mentioned under the drawing.
public protocol Figure: Sendable {
  /// The words around the drawing.
  var caption: Caption { get }

  /// The number of values that have no place on the axis and are not drawn.
  var skippedPointCount: Int { get }

  /// The SVG element.
  ///
  /// - Parameters:
  ///   - width: The width for which the drawing is laid out, in CSS pixels.
  ///   - styling: Whether the style sheet is part of the element.
  /// - Returns: One `svg` element.
  func svg(width: Double, styling: FigureStyling) -> String
}

/// Says where the colors and sizes of a figure come from.
@nonexhaustive
public enum FigureStyling: Hashable, Sendable {
  /// The element carries its own style sheet and background: for a file of its own.
  case embedded
  /// The page holds the style sheet, as ``HTMLReport`` does.
  case inherited
}

/// The words around a drawing.
public struct Caption: Hashable, Sendable {
  /// What the figure shows, in a few words; stands above the drawing.
  public var title: String

  /// What to see in it; stands under the title, may be empty.
  public var subtitle: String

  /// Words for readers who cannot see the drawing, read before the figure's own summary.
  public var description: String

  /// Creates a caption.
  ///
  /// - Parameters:
  ///   - title: What the figure shows, in a few words.
  ///   - subtitle: What to see in it.
  ///   - description: Words for readers who cannot see the drawing.
  public init(_ title: String, subtitle: String = "", description: String = "") {
    self.title = title
    self.subtitle = subtitle
    self.description = description
  }
}

extension Figure {
  /// The SVG element for a file of its own, laid out for a width of 720 pixels.
  public var svg: String { svg(width: FigureSize.standalone, styling: .embedded) }
}

/// Widths for which figures are laid out, in CSS pixels.
enum FigureSize {
  static let standalone = 720.0
  static let wide = 880.0
  static let compact = 400.0
  static let least = 240.0
  static let largest = 4000.0

  /// A width that a drawing can have; anything else is moved to the nearest one.
  static func usable(_ width: Double) -> Double {
    width.isNaN ? standalone : min(max(width, least), largest)
  }
}
