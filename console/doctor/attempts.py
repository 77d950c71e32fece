"""What errors mean to a person who wants a fact: sorted by what to do."""

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

from argo.domain.faults import BrokerFault, Refused, Throttled, Unauthorised
from argo.domain.tables import ConfigurationError
from console.doctor.finding import NotKnown, known

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


def attempt[T](
    what: str, read: Callable[[], T], *, missing: str | Callable[[], str] = "", new_key: str = ""
) -> T | NotKnown:
    """Read a fact; where it can't be read, return why and what to do.

    Args:
        what: The fact's name in a sentence, e.g. ``the table``.
        read: Reads it. A fact that it needs and that is not known makes this one unknown for the same reason.
        missing: What to do where AWS answers that there is no such thing.
        new_key: What stores another key, where the broker refuses the one there is.
    """
    try:
        return read()
    except NotKnown as earlier:
        return earlier
    except ConfigurationError as error:
        return NotKnown(what, str(error), (not callable(missing) and missing) or "mend what it names")
    except (BotoCoreError, ClientError) as error:
        return NotKnown(what, " ".join(str(error).split()), _cure(error, missing))
    except BrokerFault as fault:
        said = fault.message + (f" (HTTP {fault.status})" if fault.status else "")
        return NotKnown(what, said, _cure_of_fault(fault, new_key))
    except Exception as error:  # noqa: BLE001 - whatever it is, one fact is missing and the others are still told
        problem = f"{type(error).__name__}: {' '.join(str(error).split())[:_LONGEST]}"
        return NotKnown(
            what, problem, "a record or an answer that this checkout cannot read: compare the versions"
        )


def demand[T](what: str, read: Callable[[], T], *, missing: str = "") -> T:
    """Read what a command cannot do without; as `attempt`.

    Raises:
        NotKnown: why it can't be read and what to do, in a sentence.
    """
    return known(attempt(what, read, missing=missing))


def is_missing(error: ClientError) -> bool:
    """Tell "there is no such thing" from every other refusal; each service has words of its own for it."""
    code, message = _code(error), str(error)
    return (
        "NotFound" in code
        or "NonExistentQueue" in code
        or "QueueDoesNotExist" in code
        or (code == "ValidationError" and "does not exist" in message)
    )


def _cure(error: BotoCoreError | ClientError, missing: str | Callable[[], str]) -> str:
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
            return missing() if callable(missing) else missing
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


def _cure_of_fault(fault: BrokerFault, new_key: str) -> str:
    match fault:
        case Unauthorised():
            return f"the key is refused: {new_key}"
        case Throttled():
            return "the account's requests of this minute are used up: try again in a minute"
        case Refused():
            return "Alpaca's words say why; its support takes the request id"
        case _:
            return "try again; if it stays: https://status.alpaca.markets, or the address in the template"


def _code(error: BotoCoreError | ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
