"""`argo credentials set` against a real parameter store and a broker that knows the keys."""

import asyncio
import json

import pytest

from argo.adapters.clock import SystemClock
from argo.adapters.wiring import Adapters
from argo.domain.account import BrokerAccount
from argo.domain.faults import Unauthorised
from argo.domain.symbols import Symbol
from argo.environment import Environment
from simulation.broker.server import Fault
from tests.pipeline.deployed_world import HUSH, KEY_IDS, LIVE, DeployedWorld, a_broker

OLD = {"key_id": "PKREPEALED0000000000", "secret_key": "nobody0knows0this0either"}  # pragma: allowlist secret


@pytest.fixture(scope="module")
def world(aws):
    with a_broker() as background:
        yield DeployedWorld(aws, background)


@pytest.fixture
def live_world(aws):
    with a_broker() as background:
        yield DeployedWorld(aws, background, Mode="live", AlpacaTradingUrl=LIVE)


def set_key(world, *arguments, executor="argo", key_id=KEY_IDS["argo"], secret=HUSH, **settings):
    stdin = f"{key_id}\n{secret}\n"
    where = arguments or ("--stack", world.name)
    return world.invoke("credentials", "set", executor, *where, stdin=stdin, **settings)


def stored(world):
    found = world.stored_key("argo")
    return found["Type"], json.loads(found["Value"])


def test_a_key_that_works_takes_the_old_ones_place(world):
    world.store_key("argo", OLD)

    result = set_key(world)

    assert result.exit_code == 0, result.output
    assert stored(world) == ("SecureString", {"key_id": KEY_IDS["argo"], "secret_key": HUSH})
    number = f"PA{world.at_broker('argo').id[:8].upper()}"
    assert f"account ...{number[-4:]}: ACTIVE, equity 100,000.00 USD" in result.stdout
    assert number not in result.output
    assert f"stored in {world.parameter('argo')}" in result.stdout
    assert f'argo resume argo --reason "new key" --stack {world.name}' in result.stdout


def test_a_new_parameter_has_the_stacks_tags(world):
    ssm = world.aws.client("ssm")
    ssm.delete_parameter(Name=world.parameter("argo"))

    result = set_key(world)

    assert result.exit_code == 0, result.output
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=world.parameter("argo"))["TagList"]
    assert tags == [{"Key": "project", "Value": "argo"}]


@pytest.mark.parametrize(
    ("key_id", "secret", "words"),
    [
        ("PKUNKNOWN00000000000", HUSH, "the broker does not take the key"),
        ("", HUSH, "the key id is empty"),
        (KEY_IDS["argo"], "", "the secret is empty"),
        ("YOUR_KEY_ID", HUSH, "the key id is a placeholder"),
        (KEY_IDS["argo"], "<secret>", "the secret is a placeholder"),
        (KEY_IDS["argo"], f"{HUSH} {HUSH}", "the secret has a space in it"),
        ("PK12", HUSH, "the key id is no key: 4 characters"),
    ],
)
def test_a_key_that_cannot_work_leaves_the_stored_one_alone(world, key_id, secret, words):
    world.store_key("argo", OLD)

    result = set_key(world, key_id=key_id, secret=secret)

    assert result.exit_code in {1, 2}
    assert words in result.output
    assert "nothing was stored" in result.output
    assert stored(world)[1] == OLD


def test_a_broker_that_does_not_answer_stores_nothing_unless_told_not_to_try(world):
    world.store_key("argo", OLD)
    faults = world.broker.server.faults
    world.broker.call(lambda: faults.add(Fault(path="/v2/account", status=503, times=100)))

    tried = set_key(world)
    kept = stored(world)[1]
    untried = set_key(world, "--stack", world.name, "--no-check")

    world.broker.call(faults.clear)
    assert (tried.exit_code, kept) == (1, OLD)
    assert "--no-check" in tried.output
    assert (untried.exit_code, stored(world)[1]["key_id"]) == (0, KEY_IDS["argo"])


def test_a_paper_key_is_not_stored_for_the_live_address_nor_shown_to_it(live_world):
    live_world.store_key("argo", OLD)

    result = set_key(live_world)

    assert (result.exit_code, stored(live_world)[1]) == (2, OLD)
    assert f"a paper key (PK...) at the live address {LIVE}; nothing was stored" in result.output


def test_before_the_first_deployment_the_name_and_the_tags_are_samconfigs(world):
    result = set_key(world, "--environment", "dev", "--no-check", executor="prop_firm")

    ssm, name = world.aws.client("ssm"), "/argo-dev/prop_firm/credentials"
    assert result.exit_code == 0, result.output
    assert (
        json.loads(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])["secret_key"] == HUSH
    )
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    assert {each["Key"]: each["Value"] for each in tags} == {"project": "argo", "environment": "dev"}


@pytest.mark.parametrize(
    ("executor", "where", "words"),
    [
        ("argo", (), "say where: --stack argo-dev"),
        ("argo", ("--stack", "argo-nowhere"), "before the first deployment: --environment dev"),
        ("argo", ("--environment", "staging"), "samconfig.toml has default, dev, prod"),
        ("swing", ("--environment", "dev"), "no account 'swing': the template has no parameter"),
    ],
)
def test_what_it_cannot_find_it_names(world, executor, where, words):
    result = world.invoke("credentials", "set", executor, *where, stdin=f"{KEY_IDS['argo']}\n{HUSH}\n")

    assert result.exit_code == 2
    assert words in result.output


def a_worker(world):
    """Return what an executor's process keeps from one invocation to the next."""
    addresses = {"APCA_API_BASE_URL": world.broker.url, "APCA_API_DATA_URL": world.broker.url}
    parameter = {"ARGO_CREDENTIALS_PARAMETER": world.parameter("argo")}
    return Adapters(Environment(world.aws.environment | addresses | parameter), SystemClock())


async def all_at_once(ask):
    return await asyncio.gather(*(ask() for _ in range(8)), return_exceptions=True)


def test_a_worker_whose_key_is_refused_reads_the_new_one(world):
    world.store_key("argo", OLD)
    worker = a_worker(world)
    refused = asyncio.run(all_at_once(worker.broker.account))

    assert set_key(world).exit_code == 0
    answered = asyncio.run(all_at_once(worker.broker.account))

    assert {type(each) for each in refused} == {Unauthorised}
    assert {type(each) for each in answered} == {BrokerAccount}


def test_c03_a_worker_whose_key_is_replaced_sends_its_request_again_and_is_not_refused(world):
    world.store_key("argo", OLD)
    worker = a_worker(world)
    assert worker.credentials().key_id == OLD["key_id"]

    world.store_key("argo")
    answered = asyncio.run(all_at_once(worker.broker.account))

    assert {type(each) for each in answered} == {BrokerAccount}


def test_market_data_whose_key_is_refused_reads_the_new_one(world):
    world.store_key("argo", OLD)
    data = a_worker(world).market_data
    with pytest.raises(Unauthorised):
        asyncio.run(data.latest_prices({Symbol("AAPL")}))

    assert set_key(world).exit_code == 0

    assert asyncio.run(data.latest_prices({Symbol("AAPL")})) == {"AAPL": 100}


def test_a_worker_keeps_a_key_that_still_works(world):
    world.store_key("argo")
    worker = a_worker(world)
    asyncio.run(worker.broker.account())

    world.store_key("argo", OLD)
    answered = asyncio.run(all_at_once(worker.broker.account))

    assert {type(each) for each in answered} == {BrokerAccount}
