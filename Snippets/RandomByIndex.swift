// Random numbers are read by index: any split of the work sees the same numbers.

import Keel

let stream = RandomStream(seed: 42, stream: 0)
let all = try stream.normals(count: 1000)
let tail = try stream.normals(count: 500, from: 500)
precondition(Array(all[500...]) == tail)
print("draw 999 is", stream.normal(at: 999))
