"""Invocations of a generator's function, and their cycles."""

import asyncio
from datetime import timedelta

from generation.cycle import generate, run_cycles


def seconds(number):
    return timedelta(seconds=number)


def run(generator, budget=0.0):
    """Run the cycles of one invocation."""
    until = generator.clock.now() + seconds(budget)
    return asyncio.run(run_cycles(generator.wiring, sorted(generator.feed.held), until=until))


def invoke(generator, event=None, time_left=60.0):
    """Invoke the function, as Lambda would with so many seconds left."""
    return asyncio.run(generate(event or {}, generator.wiring, time_left=seconds(time_left)))
