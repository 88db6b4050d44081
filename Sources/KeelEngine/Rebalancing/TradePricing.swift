import KeelData

// Exact cash flows of a trade. A sale's proceeds are rounded down, a purchase's price and every
// cost up, each once and to base units of cash: rounding never favors the plan.

struct TradePricing {
  let cashDecimals: Int
  let costs: RebalancingCosts

  func trade(
    _ asset: AssetID,
    _ side: Trade.Side,
    quantity: Amount,
    price: Double
  ) throws(EngineError) -> Trade {
    do throws(DataError) {
      let value = try quantity.cashValue(
        price: price, decimals: cashDecimals, rounding: side == .sell ? .down : .up)
      let fee = try value.multiplied(by: costs.feeFraction, rounding: .up)
      let slippage = try value.multiplied(by: costs.slippageFraction, rounding: .up)
      let gas = costs.gasPerTrade
      let costTotal = try fee.adding(slippage).adding(gas)
      let change =
        side == .sell
        ? try value.subtracting(costTotal) : try value.adding(costTotal).negated()
      return Trade(
        asset: asset, side: side, quantity: quantity, value: value, fee: fee, slippage: slippage,
        gas: gas, cashChange: change)
    } catch {
      throw EngineError(error, asset: asset)
    }
  }
}

extension Amount {
  /// The quantity times a price, in base units of cash.
  ///
  /// Rounding first to the finer of the two decimals
  /// and then to cash in the same direction equals rounding once.
  func cashValue(
    price: Double,
    decimals cashDecimals: Int,
    rounding: AmountRounding
  ) throws(DataError) -> Amount {
    let fine = max(decimals, cashDecimals)
    return try rescaled(toDecimals: fine, rounding: rounding)
      .multiplied(by: price, rounding: rounding)
      .rescaled(toDecimals: cashDecimals, rounding: rounding)
  }
}
