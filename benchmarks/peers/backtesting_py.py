# /// script
# requires-python = ">=3.13,<3.14"
# dependencies = ["backtesting==0.6.6", "pandas==2.3.3"]
# ///
"""backtesting.py over a bars file: two averages that cross, and a bracket of average true ranges.

A script of its own environment, which `benchmarks.replay` runs. It prints bars, orders and the CPU seconds of it.
"""

import json
import sys
import warnings
from time import process_time

import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover

FAST, SLOW, RANGE = 20, 50, 14
STOP, TARGET = 2.0, 3.0


def average(values, period):
    return pd.Series(values).rolling(period).mean()


def average_true_range(high, low, close):
    high, low, before = pd.Series(high), pd.Series(low), pd.Series(close).shift(1)
    widest = pd.concat([high - low, (high - before).abs(), (low - before).abs()], axis=1).max(axis=1)
    return widest.rolling(RANGE).mean()


class Crossing(Strategy):
    def init(self):
        self.fast = self.I(average, self.data.Close, FAST)
        self.slow = self.I(average, self.data.Close, SLOW)
        self.atr = self.I(average_true_range, self.data.High, self.data.Low, self.data.Close)

    def next(self):
        if self.position:
            return
        price, atr = self.data.Close[-1], self.atr[-1]
        if crossover(self.fast, self.slow):
            self.buy(size=0.1, sl=price - STOP * atr, tp=price + TARGET * atr)
        elif crossover(self.slow, self.fast):
            self.sell(size=0.1, sl=price + STOP * atr, tp=price - TARGET * atr)


def main(path):
    bars = pd.read_csv(path, parse_dates=["timestamp"])
    bars = bars.rename(columns=str.capitalize).set_index("Timestamp")
    orders, began = 0, process_time()
    for _, of_one in bars.groupby("Symbol"):
        orders += Backtest(of_one, Crossing, cash=1_000_000).run()["# Trades"]
    print(json.dumps({"bars": len(bars), "orders": int(orders), "seconds": process_time() - began}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1])
