"""A deployed stack, healthy in every respect that `argo doctor` looks at, for a test to break one thing of."""

import asyncio
import json
import os
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from typer.testing import CliRunner

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.limits import EquityMarks
from argo.environment import Environment
from console.main import app
from console.stacks import Stack, read_stack
from simulation.broker import AccountSettings, SimulatedBroker
from simulation.broker.server import BackgroundServer, BrokerServer
from simulation.market.sessions import MarketClock, TradingCalendar
from tests.pipeline.idle_stack import deploy

WATCHLIST = ("AAPL", "NVDA", "TSLA", "MSFT")
KEY_IDS = {"argo": "PKSIMULATEDARGO00000", "prop_firm": "PKSIMULATEDPROP00000"}
HUSH = "tell0nobody0of0this0one"
LIVE = "https://api.alpaca.markets"

_names = count()


class Offset:
    """The machine's time and something."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.by


def a_broker(time: Offset | None = None) -> BackgroundServer:
    """Return a broker whose clock goes with the machine's, or by an offset of it."""
    now = (time or Offset()).now
    accounts = [
        AccountSettings(key_id=key_id, secret_key=HUSH, cash=Decimal(100_000)) for key_id in KEY_IDS.values()
    ]
    clock = MarketClock(TradingCalendar(), now(), now=now)
    broker = SimulatedBroker(accounts, starts_at=now(), clock=clock, symbols=WATCHLIST)
    for symbol in WATCHLIST:
        broker.set_price(symbol, Decimal(100))
    return BackgroundServer(BrokerServer(broker, requests_per_minute=None))


class DeployedWorld:
    """The stack, its broker, and the commands as an operator runs them."""

    def __init__(
        self, aws, background: BackgroundServer, *, argo_toml=None, time: Offset | None = None, **parameters: str
    ) -> None:
        self.aws = aws
        self.time = time or Offset()
        self.broker = background
        self.name = f"argo-world{next(_names)}"
        chosen = {
            "Mode": "paper",
            "AlpacaTradingUrl": background.url,
            "AlpacaDataUrl": background.url,
            **{f"CredentialsParameter{name}": f"/{self.name}/{name}" for name in ("Argo", "PropFirm")},
        } | parameters
        deploy(aws, self.name, argo_toml=argo_toml, **chosen)
        self.stack: Stack = read_stack(aws.client, self.name)
        aws.client("dynamodb").update_continuous_backups(
            TableName=self.stack.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        for executor in KEY_IDS:
            self.store_key(executor)
        self.mode = chosen["Mode"]
        variables = {"ARGO_TABLE_NAME": self.stack.table, "ARGO_MODE": self.mode}
        variables["ARGO_QUEUE_URLS"] = json.dumps(self.stack.queue_urls)
        self.adapters = Adapters(Environment(aws.environment | variables), SystemClock())
        self.reconciled()
        aws.client("cloudwatch").put_metric_data(
            Namespace="Argo",
            MetricData=[
                {
                    "MetricName": "GenerationCycles",
                    "Dimensions": [{"Name": "service", "Value": "generate"}, {"Name": "mode", "Value": self.mode}],
                    "Timestamp": SystemClock().now(),
                    "Value": 12,
                }
            ],
        )

    @property
    def ledger(self):
        return self.adapters.ledger

    def parameter(self, executor: str) -> str:
        return self.stack.parameters[f"CredentialsParameter{'Argo' if executor == 'argo' else 'PropFirm'}"]

    def store_key(self, executor: str, value: object = None, *, kind: str = "SecureString") -> None:
        """Put an account's key into the parameter store; any other value as it is, or as JSON."""
        value = value or {"key_id": KEY_IDS[executor], "secret_key": HUSH}
        ssm = self.aws.client("ssm")
        ssm.delete_parameters(Names=[self.parameter(executor)])
        text = value if isinstance(value, str) else json.dumps(value)
        ssm.put_parameter(Name=self.parameter(executor), Type=kind, Value=text)

    def stored_key(self, executor: str) -> dict:
        found = self.aws.client("ssm").get_parameter(Name=self.parameter(executor), WithDecryption=True)
        return found["Parameter"]

    def physical(self, logical_id: str) -> str:
        return self.stack.physical_id(logical_id)

    def schedule_of(self, function: str) -> str:
        """Return the name of the schedule that invokes a function, by the function's logical id."""
        schedules = self.stack.resources["AWS::Scheduler::Schedule"]
        (found,) = [name for logical_id, name in schedules.items() if logical_id.startswith(function)]
        return found

    def at_broker(self, executor: str):
        return self.broker.server.broker.accounts[KEY_IDS[executor]]

    def reconciled(self, ago: timedelta = timedelta()) -> None:
        """Let every account's record say that its reconciler ran."""

        async def observe() -> None:
            now = SystemClock().now() - ago
            equity = Decimal(100_000)
            marks = EquityMarks(now.date(), equity, equity, equity, equity)
            for executor in KEY_IDS:
                assert await self.ledger.observe(await self.ledger.account(executor), marks, now=now)

        asyncio.run(observe())

    def invoke(self, *arguments: str, stdin: str | None = None, env: dict[str, str | None] | None = None):
        """Run a command as an operator who is signed in to this AWS; no secret shows, whatever it does."""
        not_mine = dict.fromkeys(name for name in os.environ if name.startswith(("AWS_", "APCA_", "ARGO_")))
        settings = not_mine | {"COLUMNS": "500"} | self.aws.environment | (env or {})
        result = CliRunner().invoke(app, arguments, input=stdin, env=settings)
        assert HUSH not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def doctor(self, *arguments: str, env: dict[str, str | None] | None = None):
        """Run `argo doctor` and return its exit code and its findings by check and subject."""
        result = self.invoke("doctor", "--stack", self.name, "--json", *arguments, env=env)
        found = json.loads(result.stdout)
        return result.exit_code, {f"{each['check']} {each['subject']}".strip(): each for each in found}
