"""DynamoDB's page of a megabyte, in front of an emulator that answers all at once."""

import json

PAGE_BYTES = 1_000_000
"""One query ends here, whatever its limit says (AWS, learnt by trying)."""

_SORTED_BY = {"by_time": ("time_partition", "time_sort"), "open_executions": ("work_list", "waiting_since")}


class PagesOfOneMegabyte:
    """A DynamoDB client whose queries of an index end by size.

    An item's size is about that of its JSON: what matters is that a page ends by it.
    """

    def __init__(self, client):
        self._client = client
        self.pages = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def query(self, **request):
        self.pages += 1
        answer = self._client.query(**request)
        size, kept = 0, []
        for item in answer["Items"]:
            size += len(json.dumps(item))
            if kept and size > PAGE_BYTES and "IndexName" in request:
                names = ("PK", "SK", *_SORTED_BY[request["IndexName"]])
                return {**answer, "Items": kept, "LastEvaluatedKey": {name: kept[-1][name] for name in names}}
            kept.append(item)
        return answer
