"""Every kind of value that is answered, as Feast's own protobuf classes write it.

`python tests/support/feast_values.py > tests/golden/feast_values.json` makes the golden file anew.
"""

import json
import math
import sys
from collections.abc import Iterator
from typing import Any

SCALARS: dict[str, tuple[str, list[Any]]] = {
    "int32": ("int32_val", [0, 1, -1, 127, 128, 300, 2**31 - 1, -(2**31)]),
    "int64": ("int64_val", [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)]),
    "float64": ("double_val", [0.0, -0.0, 1.5, 1e308, 5e-324, math.inf, -math.inf, math.nan]),
    "float32": ("float_val", [0.0, 1.5, 0.1, -3.4028234663852886e38, math.inf]),
    "bool": ("bool_val", [False, True]),
    "string": ("string_val", ["", "a", "é€😀", "x" * 127, "x" * 128, "x" * 3_000]),
    "bytes": ("bytes_val", [b"", b"\x00\xff", b"x" * 300]),
    "timestamp": ("unix_timestamp_val", [0, 1_700_000_000, -5, 253_402_300_799]),
}


def golden() -> Iterator[dict[str, Any]]:
    """Yield type, value as JSON has it, and bytes in hexadecimal."""
    from feast.protos.feast.types import Value_pb2 as pb  # noqa: PLC0415 - takes 4 s

    for kind, (name, values) in SCALARS.items():
        for value in values:
            yield case(kind, value, pb.Value(**{name: value}))
        listed = name.replace("_val", "_list_val")
        made = getattr(pb, pb.Value.DESCRIPTOR.fields_by_name[listed].message_type.name)
        for several in ([], values[:1], values):
            yield case(f"{kind}_list", several, pb.Value(**{listed: made(val=several)}))
    yield case("null", None, pb.Value())
    yield case("null", None, pb.Value(null_val=0))


def case(kind: str, value: Any, made: Any) -> dict[str, Any]:
    """One golden value; long ones are the same letter again and again."""
    return {"type": kind, "value": told(value), "hex": made.SerializeToString().hex()}


def told(value: Any) -> Any:
    """A value as JSON has it: bytes in hexadecimal, floats as Python writes them."""
    if isinstance(value, list):
        return [told(each) for each in value]
    if isinstance(value, bytes):
        return value.hex()
    return repr(value) if isinstance(value, float) else value


if __name__ == "__main__":
    json.dump(list(golden()), sys.stdout, indent=0, ensure_ascii=False)
    sys.stdout.write("\n")
