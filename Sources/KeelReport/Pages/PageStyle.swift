/// The style sheet of a report page.
enum PageStyle {
  static let sheet = """
    :root{color-scheme:light dark;\(variables(Palette.light))}
    @media screen and (prefers-color-scheme:dark){:root{\(variables(Palette.dark))}}
    *{box-sizing:border-box}
    html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
    body{margin:0 auto;max-width:944px;padding:48px 32px 64px;background:var(--surface);\
    color:var(--ink);font:16px/1.55 \(FigureStyle.fontFamily);overflow-wrap:break-word}
    header{border-bottom:1px solid var(--grid);padding-bottom:20px;margin-bottom:28px}
    h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:0}
    .subtitle{color:var(--muted);font-size:17px;margin:10px 0 0;max-width:46em}
    h2{font-size:20px;line-height:1.3;letter-spacing:-.01em;margin:0 0 12px}
    section{margin:0 0 44px}
    p,ul{margin:0 0 14px;max-width:46em}
    ul{padding-left:20px}
    li{margin:0 0 4px}
    .note{border-left:3px solid var(--accent);background:var(--panel);border-radius:0 6px 6px 0;\
    padding:10px 14px;font-size:15px;max-width:none}
    .metrics{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;\
    margin:0 0 20px}
    .metrics div{background:var(--panel);border-radius:8px;padding:14px 16px}
    dt{color:var(--muted);font-size:13px;line-height:1.35}
    dd{margin:0}
    .value{font-size:24px;font-weight:600;line-height:1.3;letter-spacing:-.01em;\
    font-variant-numeric:tabular-nums}
    .detail{color:var(--muted);font-size:13px;line-height:1.35}
    figure{margin:20px 0 26px}
    figure svg{display:block;width:100%;height:auto}
    .compact{display:none}
    .table{overflow-x:auto;margin:16px 0 22px}
    .table:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
    table{border-collapse:collapse;width:100%;font-size:14px;line-height:1.4;\
    font-variant-numeric:tabular-nums}
    caption{text-align:left;font-weight:600;font-size:15px;padding:0 0 8px}
    th,td{text-align:left;padding:7px 14px 7px 0;border-bottom:1px solid var(--grid);\
    vertical-align:baseline}
    thead th{color:var(--muted);font-weight:500;font-size:13px;vertical-align:bottom;\
    border-bottom-color:var(--axis)}
    tbody th{font-weight:500;min-width:10.5em;overflow-wrap:anywhere}
    .number{text-align:right;white-space:nowrap}
    thead .number{white-space:normal}
    th:last-child,td:last-child{padding-right:2px}
    .total th,.total td{font-weight:600;border-bottom:0;border-top:1px solid var(--axis)}
    footer{border-top:1px solid var(--grid);padding-top:16px;color:var(--muted);font-size:13px}
    footer p{margin:0 0 6px;max-width:none}
    @media (max-width:640px){
    body{padding:24px 16px 40px;font-size:15px}
    h1{font-size:24px}
    h2{font-size:18px}
    .subtitle{font-size:15px}
    .wide{display:none}
    .compact{display:block}
    .metrics{grid-template-columns:1fr 1fr}
    .value{font-size:20px}
    tbody th{min-width:6em}
    }
    @media print{
    @page{margin:16mm}
    body{max-width:none;padding:0;font-size:11pt}
    figure,table,.metrics,.note{break-inside:avoid}
    h2{break-after:avoid}
    .wide{display:block}
    .compact{display:none}
    .table{overflow:visible}
    .metrics div,.note{border:1px solid var(--grid)}
    }
    """

  private static func variables(_ colors: Palette.Colors) -> String {
    [
      "--surface:\(colors.surface)", "--panel:\(colors.panel)", "--ink:\(colors.ink)",
      "--muted:\(colors.muted)", "--grid:\(colors.grid)", "--axis:\(colors.axis)",
      "--accent:\(colors.series[0])",
    ].joined(separator: ";")
  }
}
