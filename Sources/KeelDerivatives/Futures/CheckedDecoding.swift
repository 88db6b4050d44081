/// Runs a checked initializer while a value is decoded: a stored value is checked like a new one.
func checkedDecoding<Value>(
  at path: [any CodingKey],
  _ make: () throws(DerivativesError) -> Value
) throws -> Value {
  do throws(DerivativesError) {
    return try make()
  } catch {
    throw DecodingError.dataCorrupted(
      DecodingError.Context(codingPath: path, debugDescription: error.description))
  }
}
