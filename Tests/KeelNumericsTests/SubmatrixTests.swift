import KeelNumerics
import Testing

@Suite struct SubmatrixTests {
  @Test func keepsOrderAndRepeats() throws {
    let matrix = try SymmetricMatrix(rows: [[1, 2, 3], [2, 5, 6], [3, 6, 9]])
    let part = matrix.submatrix(at: [2, 0, 2])
    #expect(part.matrix.columnMajorElements == [9, 3, 9, 3, 1, 3, 9, 3, 9])
    #expect(matrix.submatrix(at: []).order == 0)
  }

  // [2, 0] of order 2 names elements that exist in the storage, at another place.
  @Test func trapsOnAnIndexOutOfRange() async {
    await #expect(processExitsWith: .failure) {
      let matrix = try SymmetricMatrix(rows: [[1, 2], [2, 5]])
      _ = matrix.submatrix(at: [0, 2, 0])
    }
    await #expect(processExitsWith: .failure) {
      let matrix = try SymmetricMatrix(rows: [[1, 2], [2, 5]])
      _ = matrix.submatrix(at: [1, -1])
    }
    await #expect(processExitsWith: .failure) {
      _ = try SymmetricMatrix(rows: [[1, 2], [2, 5]]).submatrix(at: [Int.max])
    }
  }
}
