/// Sizes and style sheet that all figures share.
enum FigureStyle {
  static let titleSize = 15.0
  static let textSize = 13.0
  static let tickSize = 12.0

  /// The space around a drawing that stands alone.
  static let margin = 16.0

  static let fontFamily =
    "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif"

  /// The rules for everything drawn; colors are written out, not variables, so that programs other
  /// than browsers show them too.
  static let sheet: String = {
    let screenDark = "@media screen and (prefers-color-scheme:dark){"
    return """
      .keel-figure{font-family:\(fontFamily);font-size:\(coordinateText(textSize))px;\
      font-variant-numeric:tabular-nums}
      .keel-figure .title{font-size:\(coordinateText(titleSize))px;font-weight:600}
      .keel-figure .tick{font-size:\(coordinateText(tickSize))px}
      .keel-figure .halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}
      .keel-figure .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
      .keel-figure .dash{stroke-dasharray:7 4}
      .keel-figure .dot{stroke-dasharray:1.5 4.5}
      .keel-figure .points{fill:none;stroke-width:5;stroke-linecap:round;stroke-opacity:.6}
      .keel-figure .reference{fill:none;stroke-width:1.25;stroke-dasharray:4 3}
      .keel-figure .ring{stroke-width:2}
      \(rules(Palette.light))
      \(screenDark)
      \(rules(Palette.dark))
      }
      """
  }()

  private static func rules(_ colors: Palette.Colors) -> String {
    var lines = [
      ".keel-figure .surface{fill:\(colors.surface)}",
      ".keel-figure .title,.keel-figure .ink{fill:\(colors.ink)}",
      ".keel-figure .muted,.keel-figure .tick{fill:\(colors.muted)}",
      ".keel-figure .grid{stroke:\(colors.grid)}",
      ".keel-figure .axis,.keel-figure .reference{stroke:\(colors.axis)}",
      ".keel-figure .band{fill:\(colors.band)}",
      ".keel-figure .target{stroke:\(colors.ink);stroke-width:2}",
      ".keel-figure .ring{fill:\(colors.surface)}",
      ".keel-figure .halo{stroke:\(colors.surface)}",
    ]
    for (i, color) in colors.series.enumerated() {
      lines.append(".keel-figure .f\(i){fill:\(color)}.keel-figure .s\(i){stroke:\(color)}")
    }
    return lines.joined(separator: "\n")
  }

  /// The class number of a series; colors repeat after the last one.
  static func colorIndex(_ series: Int) -> Int { series % Palette.light.series.count }
}
