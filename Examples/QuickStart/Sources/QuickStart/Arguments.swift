import Foundation

/// What was typed after the command.
struct Arguments {
  var prices: URL?
  var report = URL(fileURLWithPath: "quickstart-report.html")
  var wantsHelp = false

  static let help = """
    Usage: quickstart [PRICES.csv] [--report PAGE.html]

    Reads daily prices, builds three portfolios, measures their risk, prices a protective put and
    plans the trades that undo a month of drift. Without a file it uses four years of crypto prices.

      PRICES.csv           first column the date (2023-12-31), then one column of prices an asset;
                           columns named USDT, USDC, DAI, USD ... are cash
      --report PAGE.html   where the report goes (quickstart-report.html)
      --help               this text
    """

  init(_ words: [String]) throws(Failure) {
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--help", "-h": wantsHelp = true
      case "--report":
        guard let path = rest.popFirst(), !path.isEmpty else {
          throw Failure("--report needs the path of the page to write")
        }
        report = URL(fileURLWithPath: path)
      case _ where word.hasPrefix("-"):
        throw Failure("unknown option \(word); --help lists what there is")
      case _ where prices != nil:
        throw Failure("only one file of prices can be read, and \(word) is a second one")
      default: prices = URL(fileURLWithPath: word)
      }
    }
  }
}
