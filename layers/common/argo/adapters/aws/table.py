"""One DynamoDB table: requests off the event loop, answers sorted by what to do, pages as tokens."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from argo.adapters.aws.answers import ConditionFailed, sorting
from argo.adapters.aws.items import BY_TIME, PARTITION_KEYS, Item, encode, readable
from argo.adapters.threads import BlockingCalls
from argo.domain.lists import Page
from argo.ports import Clock, Unavailable
from argo.repeating import repeated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Request = dict[str, Any]

NEW = "attribute_not_exists(PK)"


def update_of(
    key: Item,
    expression: str,
    values: Mapping[str, object],
    *,
    condition: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Request:
    """Return an update as request parameters; a value that is None is none of the request's."""
    request = {
        "Key": key,
        "UpdateExpression": expression,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": encode({f":{name}": value for name, value in values.items()}),
    }
    return {name: value for name, value in request.items() if value}


class Table:
    """The requests the ledger makes, on one table.

    Botocore repeats what is throttled or gets no answer; a transaction carries its token through that, and a
    conditional write that landed fails its own condition then, which `attempt` and `ConditionFailed` tell. What
    met another transaction is repeated here. Every request raises `Unavailable` where AWS is in the way for now.
    """

    def __init__(self, client: "DynamoDBClient", name: str, calls: BlockingCalls, clock: Clock) -> None:
        self.name = name
        self._client = client
        self._calls = calls
        self._clock = clock

    async def get(self, key: Item) -> Item | None:
        answer = await self._ask(self._client.get_item, TableName=self.name, Key=key, ConsistentRead=True)
        return answer.get("Item")

    async def put(self, item: Item, *, condition: str) -> None:
        """Write one item.

        Raises:
            ConditionFailed: the condition did not hold.
        """
        await self._write(self._client.put_item, TableName=self.name, Item=item, ConditionExpression=condition)

    async def update(self, request: Request) -> Mapping[str, Any]:
        """Update one item and return the attributes the request asked for.

        Raises:
            ConditionFailed: the condition did not hold.
        """
        answer = await self._write(self._client.update_item, **{"TableName": self.name, **request})
        return answer.get("Attributes", {})

    async def attempt(self, request: Request, landed: Callable[[], Awaitable[bool]] | None = None) -> bool:
        """Update one item; False where the condition did not hold.

        The write may have landed while its answer was lost, and have met itself when it was sent again: then
        ``landed`` looks whether what stands there is this write's.
        """
        try:
            await self.update(request)
        except ConditionFailed as failed:
            return failed.repeated and landed is not None and await landed()
        except Unavailable as silence:
            if not (silence.unanswered and landed is not None and await landed()):
                raise
        return True

    async def transact(self, requests: Sequence[Request]) -> None:
        """Write all items or none: updates, puts and deletes, each by its name.

        An update alone needs no transaction, at half the price.

        Raises:
            ConditionFailed: a condition did not hold; names the first such request.
        """
        match requests:
            case [{"Update": update}]:
                await self.update(update)
            case _:
                here = {"TableName": self.name}
                writes: Any = [{kind: here | write for kind, write in each.items()} for each in requests]
                await self._write(self._client.transact_write_items, TransactItems=writes)

    async def _write[**P, T](self, write: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await repeated(lambda: self._ask(write, *args, **kwargs), self._clock)

    async def _ask[**P, T](self, request: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with sorting():
            return await self._calls.run(request, *args, **kwargs)

    async def partition(self, partition: str, sort_key: str, value: str) -> list[Item]:
        """Read a partition's items whose ``sort_key`` fulfils a condition on ``:value``, consistently."""
        request: Request = {
            "TableName": self.name,
            "ConsistentRead": True,
            "KeyConditionExpression": f"PK = :partition AND {sort_key}",
            "ExpressionAttributeValues": encode({":partition": partition, ":value": value}),
        }
        found: list[Item] = []
        while True:
            answer = await self._ask(self._client.query, **request)
            found += answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    async def page[T](
        self,
        index: str,
        partition: str,
        read: Callable[[Mapping[str, Any]], T],
        *,
        limit: int | None = None,
        token: str | None = None,
    ) -> Page[T]:
        """Read one page of an index's partition, the newest first by time, the oldest first of open work.

        ``token`` tells where the last page ended. A page has at most a megabyte, whatever its ``limit``, and may
        be empty though more follow. What ``read`` cannot read is named, and the rest goes on (FAILURES C17).

        Raises:
            ValueError: the token is not one of ours.
        """
        request: Request = {
            "TableName": self.name,
            "IndexName": index,
            "KeyConditionExpression": "#partition = :partition",
            "ExpressionAttributeNames": {"#partition": PARTITION_KEYS[index]},
            "ExpressionAttributeValues": encode({":partition": partition}),
            "ScanIndexForward": index != BY_TIME,
        }
        if limit is not None:
            request["Limit"] = limit
        if token:
            request["ExclusiveStartKey"] = _key_of(token)
        try:
            answer = await self._ask(self._client.query, **request)
        except ClientError as error:
            if token and error.response["Error"]["Code"] == "ValidationException":
                raise ValueError(f"not a page token: {token!r}") from error
            raise
        found, unreadable = readable(answer["Items"], read)
        return Page(found, _token_of(answer.get("LastEvaluatedKey")), unreadable)


def _token_of(key: Mapping[str, Any] | None) -> str | None:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode() if key else None


def _key_of(token: str) -> dict[str, Any]:
    try:
        key = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not a page token: {token!r}") from error
    if not isinstance(key, dict) or not all(_is_text(value) for value in key.values()):
        raise ValueError(f"not a page token: {token!r}")
    return key


def _is_text(attribute: object) -> bool:
    return isinstance(attribute, dict) and attribute.keys() == {"S"} and isinstance(attribute["S"], str)
