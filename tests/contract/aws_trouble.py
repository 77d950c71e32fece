"""A DynamoDB client that answers some writes as AWS does on a bad day, and does the rest."""

from botocore.exceptions import ClientError

WRITES = frozenset({"put_item", "update_item", "transact_write_items"})
CONFLICT, THROTTLED, LOST, SILENT = "conflict", "throttled", "lost", "silent"


class Troubled:
    """Stands before a client; each of ``faults`` strikes one write."""

    def __init__(self, client):
        self.client = client
        self.faults = []
        self.writes = 0

    def __getattr__(self, name):
        method = getattr(self.client, name)
        if name not in WRITES:
            return method

        def write(**request):
            self.writes += 1
            match self.faults.pop(0) if self.faults else None:
                case "conflict":
                    raise refusal(name, "TransactionConflict", single="TransactionConflictException")
                case "throttled":
                    raise refusal(name, "ThrottlingError", single="ThrottlingException")
                case "lost":
                    return _sent_again(method, name, request)
                case "silent":
                    method(**request)
                    raise refusal(name, "", single="InternalServerError", status=500)
                case _:
                    return method(**request)

        return write


def refusal(name, reason, *, single, status=400):
    cancelled = name == "transact_write_items" and status == 400
    answer = {
        "Error": {"Code": "TransactionCanceledException" if cancelled else single, "Message": "words"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 2 if status == 500 else 0},
        "CancellationReasons": [{"Code": "None"}, {"Code": reason}] if cancelled else [],
    }
    return ClientError(answer, name)


def _sent_again(method, name, request):
    """Do a write whose answer is lost, and again as botocore does; a transaction's token makes both one."""
    first = method(**request)
    if name == "transact_write_items":
        return first
    try:
        return method(**request)
    except ClientError as error:
        error.response["ResponseMetadata"]["RetryAttempts"] = 1
        raise
