"""Cuts the data that come with the example out of the longer files of KEEL_DATA.

    KEEL_DATA=/folder/of/market/data python3 make_excerpts.py

Rows and columns are selected, numbers are copied as they stand. The same input gives the same bytes.
"""
import csv
import gzip
import os
import pathlib

SOURCE = pathlib.Path(os.environ["KEEL_DATA"])
TARGET = pathlib.Path(__file__).parent.parent / "Sources" / "Strategies" / "Data"

PRICES = ["BTC", "ETH", "BNB", "ADA", "XRP", "LINK"]
FUNDING_YEAR, LAST_PAYMENT = "2021", "2022-01-01T00:00:00Z"
FIRST_MINUTE, LAST_MINUTE = "2023-08-17T00:00:00Z", "2023-08-17T23:59:00Z"
LENDING_STEP = 5  # Rates of lending move slowly: every fifth minute.


def read(name):
    path = SOURCE / name
    opened = gzip.open(path, "rt") if path.suffix == ".gz" else open(path)
    with opened as file:
        return list(csv.DictReader(file))


def write(name, columns, rows):
    with open(TARGET / name, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{name}: {(TARGET / name).stat().st_size} bytes")


def minutes(rows):
    return [row for row in rows if FIRST_MINUTE <= row["time"] <= LAST_MINUTE]


write("prices.csv", ["date"] + PRICES, read("quickstart/crypto_daily_close.csv"))

# The year of the daily strategies, and the day of the minutes.
funding = [row for row in read("funding_rates.csv.gz")
           if row["exchange"] == "binance"
           and (row["time"].startswith(FUNDING_YEAR) or row["time"] == LAST_PAYMENT
                or row["time"][:10] == FIRST_MINUTE[:10])]
write("funding.csv", ["time", "exchange", "symbol", "interval_hours", "funding_rate"], funding)

write("pool.csv", ["time", "close_tick", "in_amount0", "in_amount1", "liquidity"],
      minutes(read("amm_uniswap_v3_usdc_weth_5bp_polygon_minute.csv.gz")))

lending = [row for row in minutes(read("lending_aave_v3_polygon_minute.csv.gz"))
           if int(row["time"][14:16]) % LENDING_STEP == 0]
write("lending.csv", ["time", "reserve", "supply_rate", "variable_borrow_rate", "liquidity_index",
                      "variable_borrow_index"], lending)

write("gas.csv", ["time", "gas_price_gwei"], minutes(read("gas_polygon_minute.csv.gz")))
