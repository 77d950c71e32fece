# /// script
# requires-python = ">=3.13,<3.14"
# dependencies = ["lumibot==4.6.30", "pandas==2.3.3"]
# ///
"""lumibot over a bars file: two averages that cross, and a bracket of average true ranges.

A script of its own environment, which `benchmarks.replay` runs. It prints bars, orders and the CPU seconds of it.
"""

import json
import sys
from time import process_time

import numpy as np
import pandas as pd
from lumibot.backtesting import PandasDataBacktesting
from lumibot.entities import Asset, Data
from lumibot.strategies import Strategy

FAST, SLOW, RANGE = 20, 50, 14
STOP, TARGET = 2.0, 3.0
SPENT = 10_000


class Crossing(Strategy):
    orders = 0

    def initialize(self):
        self.sleeptime = "1D"
        self.set_market("NYSE")

    def on_trading_iteration(self):
        for asset in self.parameters["assets"]:
            found = self.get_historical_prices(asset, SLOW + 1, "day")
            if found is not None and len(found.df) > SLOW:
                self.decide(asset, found.df)

    def decide(self, asset, bars):
        high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
        is_above = close[-FAST:].mean() > close[-SLOW:].mean()
        was_above = close[-FAST - 1 : -1].mean() > close[-SLOW - 1 : -1].mean()
        if is_above == was_above or self.get_position(asset) is not None:
            return
        before = close[-RANGE - 1 : -1]
        ranges = np.stack([high[-RANGE:] - low[-RANGE:], abs(high[-RANGE:] - before), abs(low[-RANGE:] - before)])
        atr, price = ranges.max(axis=0).mean(), close[-1]
        towards = 1 if is_above else -1
        order = self.create_order(
            asset,
            int(SPENT / price),
            "buy" if is_above else "sell",
            order_class="bracket",
            secondary_stop_price=round(price - towards * STOP * atr, 2),
            secondary_limit_price=round(price + towards * TARGET * atr, 2),
        )
        self.submit_order(order)
        Crossing.orders += 1


def main(path):
    bars = pd.read_csv(path, parse_dates=["timestamp"])
    data = {}
    for symbol, of_one in bars.groupby("symbol"):
        frame = of_one.drop(columns="symbol").rename(columns={"timestamp": "datetime"}).set_index("datetime")
        asset = Asset(symbol)
        data[asset] = Data(asset, frame, timestep="day")
    first, last = (each.to_pydatetime() for each in (bars["timestamp"].min(), bars["timestamp"].max()))
    began = process_time()
    Crossing.backtest(
        PandasDataBacktesting,
        first,
        last,
        pandas_data=data,
        parameters={"assets": tuple(data)},
        budget=1_000_000,
        benchmark_asset=None,
        risk_free_rate=0.0,
        analyze_backtest=False,
        show_plot=False,
        show_tearsheet=False,
        save_tearsheet=False,
        show_indicators=False,
        save_logfile=False,
        quiet_logs=True,
        show_progress_bar=False,
    )
    print(json.dumps({"bars": len(bars), "orders": Crossing.orders, "seconds": process_time() - began}))


if __name__ == "__main__":
    main(sys.argv[1])
