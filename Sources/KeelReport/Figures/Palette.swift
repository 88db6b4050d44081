/// The colors of figures and pages, for light and for dark surroundings.
///
/// The series colors start from the palette of Okabe and Ito ("Color Universal Design", 2008),
/// which people with any kind of color vision tell apart; orange, sky blue and the dark variants
/// are shifted until each has a contrast of at least 3 : 1 with its background (WCAG 2.2, 1.4.11).
package enum Palette {
  /// One set of colors.
  package struct Colors: Hashable, Sendable {
    package let surface: String
    package let panel: String
    package let ink: String
    package let muted: String
    package let grid: String
    package let axis: String
    package let band: String
    package let series: [String]
  }

  package static let light = Colors(
    surface: "#ffffff", panel: "#f5f7f9", ink: "#17202b", muted: "#566372", grid: "#e4e8ed",
    axis: "#8c98a6", band: "#dde6ee",
    series: ["#0072b2", "#d55e00", "#00916a", "#a9508c", "#a87400", "#5f6b7a"])

  package static let dark = Colors(
    surface: "#12161c", panel: "#1a2028", ink: "#e8edf3", muted: "#9ba8b7", grid: "#2a323d",
    axis: "#66727f", band: "#2c3a48",
    series: ["#56b4e9", "#f58a4b", "#3ecf9f", "#dd93c4", "#e6b84a", "#a3b0bf"])
}
