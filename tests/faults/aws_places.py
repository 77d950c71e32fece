"""Functions that work on an AWS whose answers can be unkind: what each finds, does, and how it ended."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import count

from argo.adapters.aws.clients import shared_client
from argo.adapters.wiring import Adapters
from argo.domain.metrics import Metric
from argo.environment import Environment
from argo.ports import GivenPorts
from argo.ports.interposed import InterposedLedger, InterposedQueue
from tests.aws_wire import FaultySession
from tests.faults.cell import a_place
from tests.pipeline.pipeline import MINUTE
from tests.unit.builders import a_signal
from trials.records import Tally
from worlds.paths import CONFIGURATION, TEMPLATE
from worlds.template import read_template

KEYS = {"AWS_ACCESS_KEY_ID": "unkind"}
"""Keys of their own, so that the clients are."""

SERVICES = ("dynamodb", "sqs", "ssm")
PARAMETER = "/argo/unkind"
LIFE = 20 * MINUTE

_OF_THE_TROUBLE = frozenset({Metric.AWS_UNAVAILABLE, Metric.RETRIES, Metric.GENERATION_CYCLES})
"""What is counted of the trouble itself, and of how often it was tried."""

_TABLE = read_template(TEMPLATE)["Resources"]["SignalTable"]["Properties"]
_SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
_tables = count()


class UnkindAws:
    """The functions' own clients of the emulator, each behind a session that can answer unkindly."""

    def __init__(self, pipeline):
        variables = pipeline.variables("argo") | KEYS
        region, url = variables["AWS_DEFAULT_REGION"], variables["AWS_ENDPOINT_URL"]
        keys = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], None
        self.sessions = {name: FaultySession(shared_client(name, region, url, keys)) for name in SERVICES}
        self._aws = pipeline._aws
        secret = json.dumps({"key_id": "argo", "secret_key": "argo"})
        self._aws.client("ssm").put_parameter(Name=PARAMETER, Type="SecureString", Value=secret, Overwrite=True)

    def begin(self, *strikes):
        """Forget what was asked for; the strikes are what goes wrong from now on."""
        for session in self.sessions.values():
            session.begin(*strikes)

    def a_table(self):
        """Return a table that nobody else has: its lists of work are its own."""
        name = f"unkind-{next(_tables)}"
        self._aws.client("dynamodb").create_table(TableName=name, **{key: _TABLE[key] for key in _SHAPE})
        return name

    @property
    def calls(self):
        return Counter(call for session in self.sessions.values() for call in session.calls)

    @property
    def struck(self):
        return sum(session.struck for session in self.sessions.values())


class Place:
    """A function's work at an account and a symbol of its own.

    Attributes:
        asked: the methods of the ledger and of the queues that the function has called.
    """

    own_table = False
    changes: Mapping[str, object] = {}
    """What is unlike the ordinary in the account's profile."""

    def __init__(self, pipeline, aws):
        self.pipeline, self.aws = pipeline, aws
        self.executor, self.symbol = a_place(pipeline)
        variables = pipeline.variables("argo", executor=self.executor) | KEYS
        variables |= {"ARGO_CREDENTIALS_PARAMETER": PARAMETER, "ARGO_CONFIG": str(CONFIGURATION)}
        if self.own_table:
            variables["ARGO_TABLE_NAME"] = aws.a_table()
        local = ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY")
        self.environment = Environment({name: value for name, value in variables.items() if name not in local})
        self.signal = self.a_signal()
        self.tally, self.asked = Tally(), set()
        self.arrange()
        self.tally.counts.clear()

    def arrange(self):
        """Bring about what the function finds."""

    def work(self):
        """Let the function do its work, with whatever deliveries, runs and requests it takes."""
        raise NotImplementedError

    def outcome(self):
        """Return what became of it: the same whatever AWS answers."""
        raise NotImplementedError

    @property
    def counted(self):
        """What the function's metrics say, but for the trouble itself."""
        return {name: n for name, n in self.tally.counts.items() if n and name not in _OF_THE_TROUBLE}

    @property
    def profile(self):
        return self.pipeline.small_profile().model_copy(update=self.changes)

    def work_of(self, earlier):
        """Let another place's function come to its end first, with what is this place's."""
        began = object.__new__(earlier)
        vars(began).update(vars(self), changes=self.changes)
        earlier.arrange(began)
        began.work()

    def noting(self, queue):
        """Return a queue that notes what it is asked."""
        return InterposedQueue(queue, self._note)

    def a_signal(self, **changes):
        now = self.pipeline.clock.now()
        times = {"bar_time": now - MINUTE, "created_at": now, "expires_at": now + LIFE}
        return a_signal(**{"symbol": self.symbol} | times | changes)

    def given(self, ports, **others):
        """Return ports that note what they are asked, with this place's telemetry."""
        found = {"ledger": InterposedLedger(ports.ledger, self._note)} | others
        if ports.queues:
            found["queues"] = {name: self.noting(queue) for name, queue in ports.queues.items()}
        return GivenPorts.like(ports, telemetry=self.tally, **found)

    def wired(self, make, **others):
        """Return a function of the account's, as its container makes it when it starts."""
        wiring = make(self.environment, self.pipeline.clock, profile=self.profile)
        return replace(wiring, ports=self.given(wiring.ports, **others))

    def set_price(self, price):
        self.pipeline.set_price(self.symbol, price)

    @property
    def ledger(self):
        """The ledger, by a client that nothing befalls."""
        variables = dict(self.environment.variables) | {"AWS_ACCESS_KEY_ID": "kind"}
        return Adapters(Environment(variables), self.pipeline.clock).ledger

    @property
    def execution(self):
        return asyncio.run(self.ledger.execution(self.signal.signal_id, self.executor))

    @property
    def account(self):
        return asyncio.run(self.ledger.account(self.executor))

    @property
    def orders(self):
        return [each for each in self.pipeline.broker_orders() if each.symbol == self.symbol]

    async def _note(self, name, method, /, *args, **kwargs):
        self.asked.add(name)
        return await method(*args, **kwargs)
