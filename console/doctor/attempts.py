"""What errors mean to a person who wants a fact: sorted by what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

from argo.domain.faults import BrokerFault, Refused, Throttled, Unauthorised
from argo.domain.tables import ConfigurationError

_LONGEST = 300
_SIGN_IN = "choose a profile that has keys: export AWS_PROFILE=NAME, then aws sso login or aws configure"
_LOOK_AT_NETWORK = (
    "look at this machine's network, at AWS_ENDPOINT_URL if it is set, and at the region's spelling: "
    "aws configure list"
)
_SET_CLOCK = "set this machine's clock: sudo timedatectl set-ntp true"
_ALLOW = "let this identity do {}, or take another: export AWS_PROFILE=NAME"
_CURES = {
    "AccessDenied": _ALLOW,
    "AccessDeniedException": _ALLOW,
    "UnauthorizedOperation": _ALLOW,
    "RequestExpired": _SET_CLOCK,
    "RequestTimeTooSkewed": _SET_CLOCK,
    "AuthFailure": _SIGN_IN,
    "ExpiredToken": _SIGN_IN,
    "ExpiredTokenException": _SIGN_IN,
    "IncompleteSignature": _SIGN_IN,
    "InvalidClientTokenId": _SIGN_IN,
    "InvalidSignatureException": _SIGN_IN,
    "SignatureDoesNotMatch": _SIGN_IN,
    "UnrecognizedClientException": _SIGN_IN,
}
"""By AWS's code; ``{}`` is what was asked for."""

_TRY_AGAIN = "try again; if it stays, AWS's words say more: https://health.aws.amazon.com/health/status"


class NotKnown(ConfigurationError):
    """Something could not be read: what, why, and what to do about it."""

    def __init__(self, what: str, problem: str, cure: str) -> None:
        super().__init__(f"{what}: {problem}; {cure}")
        self.what = what
        self.problem = problem
        self.cure = cure


def known[T](found: T | NotKnown) -> T:
    """Return what was read.

    Raises:
        NotKnown: it could not be read.
    """
    if isinstance(found, NotKnown):
        raise found
    return found


def attempt[T](what: str, read: Callable[[], T], *, missing: str = "", new_key: str = "") -> T | NotKnown:
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
        return NotKnown(what, str(error), missing or "mend what it names")
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


@dataclass(frozen=True)
class Fact[T]:
    """A property that is read once, when first asked for: each use returns it, or raises the same `NotKnown`."""

    read: Callable[[Any], T]
    what: str
    missing: str
    new_key: str

    def __get__(self, of: object, owner: type) -> T:
        if self.read.__name__ not in vars(of):
            told = {"missing": self.missing.format(of), "new_key": self.new_key.format(of)}
            self.__set__(of, attempt(self.what.format(of), lambda: self.read(of), **told))
        found: T | NotKnown = vars(of)[self.read.__name__]
        return known(found)

    def __set__(self, of: object, found: T | NotKnown) -> None:
        vars(of)[self.read.__name__] = found


def fact[T](what: str, *, missing: str = "", new_key: str = "") -> Callable[[Callable[[Any], T]], Fact[T]]:
    """Make a method a fact; the texts are `attempt`'s, ``{0.name}`` in them an attribute of its object."""
    return lambda read: Fact(read, what, missing, new_key)


def _cure(error: BotoCoreError | ClientError, missing: str) -> str:
    match error:
        case aws.NoRegionError():
            return "say where it is deployed: export AWS_REGION=us-east-1"
        case aws.ConnectTimeoutError() | aws.EndpointConnectionError() | aws.HTTPClientError():
            return _LOOK_AT_NETWORK
        case aws.NoCredentialsError() | aws.PartialCredentialsError() | aws.ProfileNotFound():
            return _SIGN_IN
        case aws.SSOError() | aws.TokenRetrievalError():
            return _SIGN_IN
        case ClientError() if is_missing(error):
            return missing
        case ClientError():
            return _CURES.get(_code(error), _TRY_AGAIN).format(error.operation_name)
        case _:
            return _TRY_AGAIN


def is_missing(error: ClientError) -> bool:
    """Tell "there is no such thing" from every other refusal; each service has words of its own for it."""
    code = _code(error)
    return any(word in code for word in ("NotFound", "NonExistentQueue", "QueueDoesNotExist")) or (
        code == "ValidationError" and "does not exist" in str(error)
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


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
