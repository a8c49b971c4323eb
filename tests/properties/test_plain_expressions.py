"""What is answered without the library is what the library answers."""

import cel
from hypothesis import example, given
from hypothesis import strategies as st

from attune.adapters.cel import CelExpression, compiled
from attune.adapters.cel_plain import plain
from attune.adapters.cel_source import tokens_of
from attune.decide.expression import Undecided
from attune.decide.facts import Facts

_NEAR = st.sampled_from([-1, 0, 1, 2, 3, 2**53, 2**53 + 1, 2**63 - 1, -(2**53) - 1])
_NUMBERS = _NEAR | st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.0, 2.0**53, 1e300])
_TEXTS = st.sampled_from(["", "a", "ab", "b", "é", "\U0001f600", "1", "true"])
_SCALARS = _NUMBERS | _TEXTS | st.booleans() | st.none()
_VALUES = _SCALARS | st.lists(_SCALARS, max_size=3) | st.dictionaries(_TEXTS, _SCALARS, max_size=2)
_FACTS = st.fixed_dictionaries(
    {},
    optional={
        "user": st.fixed_dictionaries({}, optional=dict.fromkeys(("a", "b", "segments"), _VALUES)),
        "prediction": st.fixed_dictionaries({}, optional={"p": _VALUES}),
        "session": st.fixed_dictionaries({}, optional={"a": _VALUES}),
        "item": st.fixed_dictionaries({}, optional={"a": _VALUES}),
    },
)

_PATHS = st.sampled_from(
    ["user.a", "user.b", "user.segments", "prediction.p", 'user["a"]', "user.a.b", "user.a[0]",
     "user.segments[1]", "session.a", "item.a", 'item["a"]', "session.a[0]"]
)  # fmt: skip
_MARKS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
_LITERALS = st.sampled_from(
    ["0", "1", "-1", "2", "0.5", "1.0", "-0.0", "1e3", "5u", ".5", "9007199254740993", "0x10"]
) | st.sampled_from(['""', '"a"', "'ab'", '"é"', 'r"a"', '"\\"a"', "true"])
_ASKS = st.sampled_from(["startsWith", "endsWith", "contains"])
_TERMS = st.one_of(
    st.builds("{} {} {}".format, _PATHS, _MARKS, _LITERALS),
    st.builds("size({}) {} {}".format, _PATHS, _MARKS, _LITERALS),
    st.builds("{} in {}".format, _LITERALS, _PATHS),
    st.builds('{}.{}("{}")'.format, _PATHS, _ASKS, _TEXTS),
    _PATHS,
    st.builds("has({})".format, st.sampled_from(["user.a", "user.b", "session.a", "item.a"])),
    st.sampled_from(["true", "false"]),
)
_EXPRESSIONS = st.recursive(
    _TERMS,
    lambda inner: (
        st.builds("{} {} {}".format, inner, st.sampled_from(["&&", "||"]), inner)
        | st.builds("({})".format, inner)
        | st.builds("!({})".format, inner)
    ),
    max_leaves=6,
)


@given(_EXPRESSIONS, _FACTS)
@example("user.a < 2", {"user": {"a": True}})
@example("user.a == 1", {"user": {"a": 1.0}})
@example('"a" in user.a', {"user": {"a": [1, True, "a"]}})
@example('user.a == "1" || true', {"user": {"a": 1}})
@example("item.a > 1 || session.a < 2", {"session": {"a": 1}})
@example("!user.a && user.b", {"user": {"a": False, "b": 3}})
def test_what_is_plain_is_answered_as_the_library_answers(
    source: str, values: dict[str, object]
) -> None:
    part = plain(tokens_of(source))
    facts = Facts.of(values)
    found = part.holds(facts.values) if part else None

    if found is not None:
        assert asked(source, facts) is found


def asked(source: str, facts: Facts) -> bool | str:
    """Return what the library says, or why it says nothing."""
    operands = compiled(source).operands
    try:
        return CelExpression(source, operands, cel.compile(source), quick=None, loops=False).holds(
            facts
        )
    except Undecided as error:
        return error.reason
