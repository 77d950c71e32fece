"""A stack that is as good as new once it is emptied, while nobody changes its table or its queues themselves."""

from itertools import batched, chain

_MOST_WRITES = 25  # of one BatchWriteItem


class EmptyableStack:
    """The template's table and queues on an emulator."""

    def __init__(self, aws, resources):
        self.resources = resources
        self._dynamodb, self._sqs = aws.client("dynamodb"), aws.client("sqs")

    def empty(self) -> None:
        """Delete every record, and every message whether it is visible or not."""
        table = self.resources.table
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression="PK, SK")
        keys = [key for page in pages for key in page["Items"]]
        for some in batched(keys, _MOST_WRITES, strict=False):
            deleted = [{"DeleteRequest": {"Key": key}} for key in some]
            assert not self._dynamodb.batch_write_item(RequestItems={table: deleted})["UnprocessedItems"]
        for url in chain(self.resources.queues.values(), self.resources.dead_letter_queues.values()):
            self._sqs.purge_queue(QueueUrl=url)
