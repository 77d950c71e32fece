"""What an AWS service's client raises once it has given up."""


class Unavailable(Exception):
    """AWS did not answer, or refused the call, and the SDK's own retries are over."""
