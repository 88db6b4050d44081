// One order over three venues, what their different prices are worth, and bringing the cash to where it is needed.
import Keel

let book = try OrderBook(
  bids: [.init(price: 1999, quantity: 8), .init(price: 1995, quantity: 30)],
  asks: [
    .init(price: 2001, quantity: 5), .init(price: 2004, quantity: 12),
    .init(price: 2010, quantity: 60),
  ])
let pool = try ConstantProductPool(
  assetReserve: 4000, cashReserve: 8_020_000, feeFraction: 0.0005)
let far = try OrderBook(
  bids: [.init(price: 2016, quantity: 6), .init(price: 2011, quantity: 20)],
  asks: [.init(price: 2019, quantity: 10)])
let venues = [
  try TradingVenue("exchange", .book(book), feeFraction: 0.0004),
  try TradingVenue("pool", .pool(pool), fixedCost: 4),
  try TradingVenue("far", .book(far), feeFraction: 0.0005),
]
for quantity in [2.0, 20] {
  let order = try VenueRouting(.buy, quantity: quantity, over: venues)
  print(
    "buying", quantity, "at", order.cash / quantity, "by",
    order.legs.map { ($0.venue, $0.quantity) })
}

let gap = try VenueArbitrage(over: venues, largestQuantity: 50)
print("the gap is worth", gap.profit, "for", gap.quantity, "units")

// Afterwards the cash lies at the wrong place: the cheapest bridges bring it back.
func bridge(fee: Double, fixed: Double, days: Double) throws -> Bridge {
  try Bridge(
    feeFraction: fee, fixedFee: fixed, delay: days / 365, failureRate: 0.02, lossGivenFailure: 1)
}
let plan = try TransferPlan(
  held: ["far": 60_000, "hub": 5000], wanted: ["exchange": 30_000, "hub": 5000],
  routes: [
    .init(from: "far", to: "exchange", try bridge(fee: 0.002, fixed: 1, days: 1)),
    .init(from: "far", to: "hub", try bridge(fee: 0.0004, fixed: 3, days: 0.1)),
    .init(from: "hub", to: "exchange", try bridge(fee: 0.0003, fixed: 5, days: 0.1)),
  ])
for transfer in plan.transfers {
  print(transfer.route.from, "to", transfer.route.to, transfer.sent)
}
print("fees and expected losses", plan.expectedCost, "no plan is below", plan.lowerBound)
