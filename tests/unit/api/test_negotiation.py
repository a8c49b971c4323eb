from collections.abc import Callable

import pytest

from api.negotiation import (
    JSON,
    RESPONSE,
    HeaderTooLong,
    NotAcceptable,
    UnsupportedMediaType,
    answer_type,
    check_content_type,
    takes_gzip,
)

OURS = b"application/graphql-response+json"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, JSON),
        (b"*/*", JSON),
        (b"application/*", JSON),
        (b"application/json", JSON),
        (b"application/json; charset=utf-8", JSON),
        (OURS, RESPONSE),
        (b"Application/GraphQL-Response+JSON;charset=UTF-8", RESPONSE),
        (OURS + b", application/json;q=0.9", RESPONSE),
        (OURS + b";q=0.5, application/json", JSON),
        (OURS + b", application/json", RESPONSE),
        (b"application/json, " + OURS, RESPONSE),
        (b"text/html, */*;q=0.1", JSON),
        (b"application/json;q=0, */*", RESPONSE),
        (OURS + b";q=0, */*", JSON),
        (b'multipart/mixed;boundary="-", ' + OURS + b'; profile="x"', RESPONSE),
    ],
)
def test_the_answer_has_the_type_that_is_wanted_most(accept: bytes | None, kind: bytes) -> None:
    assert answer_type(accept) == kind


@pytest.mark.parametrize(
    "accept",
    [
        b"text/html",
        b"",
        b"application/xml",
        b"*/*;q=0",
        OURS + b";charset=utf-16",
        b",;q=,\xff",
        b"*/*;q=x",
    ],
)
def test_a_caller_that_takes_neither_is_told(accept: bytes) -> None:
    with pytest.raises(NotAcceptable):
        answer_type(accept)


@pytest.mark.parametrize(
    "declared",
    [b"application/json", b"Application/JSON; charset=UTF-8", b'application/json;charset="utf-8"'],
)
def test_json_is_taken(declared: bytes) -> None:
    check_content_type(declared)


@pytest.mark.parametrize(
    "declared",
    [
        None,
        b"",
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"application/graphql",
        b"application/json; charset=utf-16",
        b"text/plain; application/json",
        b"application/jsonp",
    ],
)
def test_what_a_form_can_send_is_not_taken(declared: bytes | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_content_type(declared)


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        (None, False),
        (b"gzip, deflate, br", True),
        (b"br;q=1.0, gzip;q=0.8", True),
        (b"gzip;q=0, *", False),
        (b"*", True),
        (b"identity", False),
        (b"", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(header: bytes | None, takes: bool) -> None:  # noqa: FBT001
    assert takes_gzip(header) is takes


@pytest.mark.parametrize("read", [answer_type, check_content_type, takes_gzip])
def test_endless_headers_are_not_read(read: Callable[[bytes], object]) -> None:
    with pytest.raises(HeaderTooLong):
        read(OURS + b", a/b" * 20_000)
