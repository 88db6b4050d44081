import Foundation

/// What was typed after the command.
struct Arguments {
  var examples: [Example] = []
  var data: URL?
  var reportFolder = URL(fileURLWithPath: "strategies-report")
  var wantsHelp = false

  static let help = """
    Usage: strategies [allocation] [basis] [liquidity] [covered] [--data FOLDER] [--report-folder FOLDER]

    Runs strategies over past markets, each through the same backtest with costs, limits and breakers,
    replays every decision, and writes one page a strategy. Without a name it runs all four.

      allocation   strategic weights with tactical tilts, six coins
      basis        long coins, short perpetuals: funding without delta
      liquidity    a hedged pool position beside a deposit and a loan, minute by minute
      covered      calls written against bitcoin; the option quotes are synthetic

      --data FOLDER            longer files to use where FOLDER has them (the variable KEEL_DATA otherwise)
      --report-folder FOLDER   where the pages go (strategies-report)
      --help                   this text
    """

  init(_ words: [String], environment: [String: String] = [:]) throws(Failure) {
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--help", "-h": wantsHelp = true
      case "--data": data = try Self.folder(after: word, &rest)
      case "--report-folder": reportFolder = try Self.folder(after: word, &rest)
      case _ where word.hasPrefix("-"):
        throw Failure("unknown option \(word); --help lists what there is")
      default:
        guard let example = Example(rawValue: word) else {
          throw Failure("unknown strategy \(word); --help lists what there is")
        }
        if !examples.contains(example) { examples.append(example) }
      }
    }
    if examples.isEmpty { examples = Example.allCases }
    if data == nil, let path = environment["KEEL_DATA"], !path.isEmpty {
      data = URL(fileURLWithPath: path)
    }
  }

  private static func folder(
    after option: String,
    _ rest: inout ArraySlice<String>
  ) throws(Failure) -> URL {
    guard let path = rest.popFirst(), !path.isEmpty else {
      throw Failure("\(option) needs the path of a folder")
    }
    return URL(fileURLWithPath: path)
  }
}
