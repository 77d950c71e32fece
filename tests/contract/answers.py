"""Answers of a broker of which nothing can be told."""

from tests.unit.builders import an_entry_plan

PLAN = an_entry_plan(limit_price="99")
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"

NOTHING_TOLD = {
    "a redirect": {"status": 301, "headers": {"Location": "/v2/orders"}},
    "an HTML page instead of a gateway": {"status": 502, "body": HTML},
    "a gateway's timeout": {"status": 504, "body": {"code": 50410000, "message": "gateway timeout"}},
    "an error of the broker's": {"status": 500, "body": {"code": 50010000, "message": "internal server error"}},
    "a broker that is down": {"status": 503, "body": ""},
    "a request that took too long": {"status": 408, "body": ""},
    "nothing": {"status": 200, "body": ""},
    "an HTML page": {"status": 200, "body": HTML},
    "JSON that is null": {"status": 200, "body": "null"},
    "JSON cut short": {"status": 200, "body": '{"id": "61e69015", "status"'},
}
SOMETHING_ELSE = {
    "a number": {"status": 200, "body": "7"},
    "a list": {"status": 200, "body": "[7]"},
    "another object": {"status": 200, "body": {"message": "welcome"}},
}
UNUSABLE = NOTHING_TOLD | SOMETHING_ELSE
