import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads XML with an independent parser and keeps what the tests look at.
final class MarkupParser: NSObject, XMLParserDelegate {
  private(set) var elements: [(name: String, attributes: [String: String])] = []
  private(set) var texts: [String] = []
  /// The `text` elements with what they say.
  private(set) var labels: [(attributes: [String: String], text: String)] = []
  private(set) var failure: String?
  private var current = ""

  init(_ markup: String) {
    super.init()
    let parser = XMLParser(data: Data(markup.utf8))
    parser.delegate = self
    if !parser.parse() {
      failure =
        "\(parser.parserError.map(String.init(describing:)) ?? "unknown") at line "
        + "\(parser.lineNumber)"
    }
  }

  func count(of name: String, style: String? = nil) -> Int {
    elements.count { element in
      element.name == name
        && (style.map { wanted in
          (element.attributes["class"] ?? "").split(separator: " ").contains(Substring(wanted))
        } ?? true)
    }
  }

  func parser(
    _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
    qualifiedName qName: String?, attributes attributeDict: [String: String] = [:]
  ) {
    elements.append((elementName, attributeDict))
    current = ""
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { current += string }

  func parser(
    _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
    qualifiedName qName: String?
  ) {
    if !current.isEmpty { texts.append(current) }
    if elementName == "text", let last = elements.last { labels.append((last.attributes, current)) }
    current = ""
  }
}
