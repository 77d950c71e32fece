"""The account in docs/accounts.md is one that loads, and it says of itself what it does."""

import re

from argo.domain.profile import BreachEnds, parse_profile
from worlds.paths import PROJECT


def test_the_account_in_the_docs_loads():
    page = (PROJECT / "docs/accounts.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(\[accounts\.swing\]\n.*?)```", page, re.DOTALL)

    profile = parse_profile(example, "swing")

    assert profile.flip
    assert profile.daily_loss_ends is BreachEnds.NEXT_TRADING_DAY
    assert profile.protections.cooldown is not None
    assert profile.exits.bars == 120
