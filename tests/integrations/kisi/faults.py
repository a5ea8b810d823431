"""What a Kisi in trouble answers, and a person to send: shared by the tests of the client."""

from integrations.kisi.simulator import Kind

ANA = {"email": "ana@example.com", "name": "Ana Ruiz", "mark": {"core": "1"}, "send_emails": True}

NO_ANSWERS = {
    "500": {"status": 500},
    "502 in HTML": {"kind": Kind.HTML, "status": 502},
    "503": {"status": 503},
    "a page of somebody else's": {"kind": Kind.HTML},
    "bad JSON": {"status": 200, "body": "{not json"},
    "half a body": {"kind": Kind.TRUNCATED},
    "less than was promised": {"kind": Kind.WRONG_LENGTH},
    "no connection": {"kind": Kind.LOST},
    "a number instead of an object": {"status": 200, "body": "17"},
    "nothing at all": {"status": 200, "body": ""},
    "a user without an id": {"status": 200, "body": '{"email": "a@b.c"}'},
    "a strange status": {"status": 202},
    "a redirect": {"status": 302, "headers": {"Location": "/users"}},
}
