"""What every port of AWS raises where AWS is in the way for now."""


class Unavailable(Exception):
    """AWS throttles, is in conflict with itself or does not answer, and its SDK's own repetitions are over.

    It passes by itself: who met it comes back a little later. ``unanswered`` says that a write may have been made
    all the same; otherwise AWS has said that it was not. The message is AWS's.
    """

    def __init__(self, message: str, *, unanswered: bool = False) -> None:
        super().__init__(message)
        self.unanswered = unanswered
