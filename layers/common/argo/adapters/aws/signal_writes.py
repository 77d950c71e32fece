"""Conditional writes of signals, as request parameters, each with the race it closes."""

from collections.abc import Iterable

from argo.adapters.aws import items
from argo.adapters.aws.items import encode
from argo.adapters.aws.writes import Request
from argo.domain.signal_outcome import SignalOutcome


def published(signal_id: str, executors: Iterable[str]) -> Request:
    """Mark a signal as sent to every executor that awaited it: from the outbox it goes to be judged.

    An overlapping cycle may have marked some already; then the condition fails and `published_some` is used.
    """
    sent_to_all_that_wait = "awaiting = :sent"
    return {
        "Key": items.signal_key(signal_id),
        "UpdateExpression": "ADD published_to :sent SET work_list = :unjudged REMOVE awaiting",
        "ConditionExpression": sent_to_all_that_wait,
        "ExpressionAttributeValues": encode({":sent": set(executors), ":unjudged": items.UNJUDGED}),
    }


def published_some(signal_id: str, executors: Iterable[str]) -> Request:
    """Mark a signal as sent to some of the executors that await it."""
    return {
        "Key": items.signal_key(signal_id),
        "UpdateExpression": "ADD published_to :sent DELETE awaiting :sent",
        "ConditionExpression": "attribute_exists(PK)",
        "ExpressionAttributeValues": encode({":sent": set(executors)}),
        "ReturnValues": "ALL_NEW",
    }


def left_outbox(signal_id: str) -> Request:
    """Take a signal that nobody awaits any more from the outbox to where it is judged.

    Two cycles mark a half each and both find nobody waiting; by the time the second one writes, the first has
    moved the signal on, and it may even have been judged and have left.
    """
    nobody_waits = "attribute_not_exists(awaiting)"
    still_in_the_outbox = "work_list = :outbox"
    return {
        "Key": items.signal_key(signal_id),
        "UpdateExpression": "SET work_list = :unjudged",
        "ConditionExpression": f"{nobody_waits} AND {still_in_the_outbox}",
        "ExpressionAttributeValues": encode({":unjudged": items.UNJUDGED, ":outbox": items.OUTBOX}),
    }


def judged(signal_id: str, outcome: SignalOutcome) -> Request:
    """Keep a signal's outcome with it and take it off the list.

    Two overlapping generators judge the same bars; the second finds an outcome and leaves it as it is.
    """
    known = "attribute_exists(PK)"
    no_outcome_yet = "attribute_not_exists(outcome)"
    return {
        "Key": items.signal_key(signal_id),
        "UpdateExpression": "SET outcome = :outcome REMOVE work_list, waiting_since",
        "ConditionExpression": f"{known} AND {no_outcome_yet}",
        "ExpressionAttributeValues": encode({":outcome": outcome}),
    }
