"""The adapters: the only code that knows alpaca-py and boto3."""
