"""What AWS's errors mean to a person: sorted by what to do, as the broker's are."""

from collections.abc import Callable

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from argo.domain.tables import ConfigurationError
from console.doctor.finding import NotKnown, Unread

_LONGEST = 300
_SIGN_IN = "choose a profile that has keys: export AWS_PROFILE=NAME, then aws sso login or aws configure"
_NO_KEYS = (NoCredentialsError, PartialCredentialsError, ProfileNotFound, SSOError, TokenRetrievalError)
_KEYS_REFUSED = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_TOO_LATE = frozenset({"RequestExpired", "RequestTimeTooSkewed"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def attempt[T](what: str, read: Callable[[], T], *, missing: str = "") -> T | Unread:
    """Read a fact; where it can't be read, return why and what to do.

    Args:
        what: The fact's name in a sentence, e.g. ``the table``.
        read: Reads it. A fact that it needs and that is not known makes this one unknown for the same reason.
        missing: What to do where AWS answers that there is no such thing.
    """
    try:
        return read()
    except NotKnown as earlier:
        return earlier.unread
    except ConfigurationError as error:
        return Unread(what, str(error), missing or "mend what it names")
    except (BotoCoreError, ClientError) as error:
        return Unread(what, _words(error), _cure(error, missing))
    except Exception as error:  # noqa: BLE001 - whatever it is, one fact is missing and the others are still told
        problem = f"{type(error).__name__}: {' '.join(str(error).split())[:_LONGEST]}"
        return Unread(what, problem, "a record or an answer that this checkout cannot read: compare the versions")


def demand[T](what: str, read: Callable[[], T], *, missing: str = "") -> T:
    """Read what a command cannot do without; as `attempt`.

    Raises:
        ConfigurationError: why it can't be read and what to do, in a sentence.
    """
    found = attempt(what, read, missing=missing)
    if isinstance(found, Unread):
        raise ConfigurationError(f"{found.what}: {found.problem}; {found.cure}")
    return found


def is_missing(error: ClientError) -> bool:
    """Tell "there is no such thing" from every other refusal; each service has words of its own for it."""
    code, message = _code(error), str(error)
    return (
        "NotFound" in code
        or "NonExistentQueue" in code
        or "QueueDoesNotExist" in code
        or (code == "ValidationError" and "does not exist" in message)
    )


def _cure(error: BotoCoreError | ClientError, missing: str) -> str:
    code = _code(error)
    match error:
        case NoRegionError():
            return "say where it is deployed: export AWS_REGION=us-east-1"
        case ConnectTimeoutError() | EndpointConnectionError() | HTTPClientError():
            return (
                "look at this machine's network, at AWS_ENDPOINT_URL if it is set, and at the region's spelling: "
                "aws configure list"
            )
        case ClientError() if is_missing(error):
            return missing
        case ClientError() if code in _DENIED:
            return f"let this identity do {error.operation_name}, or take another: export AWS_PROFILE=NAME"
        case ClientError() if code in _TOO_LATE:
            return "set this machine's clock: sudo timedatectl set-ntp true"
        case ClientError() if code in _KEYS_REFUSED:
            return _SIGN_IN
        case _ if isinstance(error, _NO_KEYS):
            return _SIGN_IN
        case _:
            return "try again; if it stays, AWS's words say more: https://health.aws.amazon.com/health/status"


def _words(error: BotoCoreError | ClientError) -> str:
    return " ".join(str(error).split())


def _code(error: BotoCoreError | ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
