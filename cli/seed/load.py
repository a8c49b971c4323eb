"""Reads a seed file, checks it as a whole, and puts it in the place of all content."""

import re
from pathlib import Path

import msgspec

from attune.adapters.cel import compiled
from attune.adapters.postgres.content import PostgresContent
from attune.adapters.postgres.database import open_database
from attune.decide.check import check
from attune.decide.content import Content, InvalidContent
from attune.decide.vocabulary import vocabulary_of
from attune.settings import Settings
from feature_repo.views import FEATURES

DEMO = Path(__file__).with_name("demo.json")

_decoder: msgspec.json.Decoder[Content] = msgspec.json.Decoder(Content)
_PLACE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")


async def seed(settings: Settings, path: Path) -> dict[str, int]:
    """Check the file and store what it holds; storing the same again changes nothing.

    Returns:
        How many segments, slots, blocks and rules there are now.

    Raises:
        InvalidContent: see `read_seed`; nothing was stored.
        Unavailable: PostgreSQL does not answer; nothing was stored.
        ConfigurationError: the schema is not migrated.
    """
    content = read_seed(path)
    async with open_database(settings) as database:
        await PostgresContent(database, settings).replace(content, actor=f"seed {path.name}")
    return {noun: len(items) for noun, items in msgspec.structs.asdict(content).items()}


def read_seed(path: Path) -> Content:
    """Return the content in the file, once it is known to agree with itself.

    Raises:
        InvalidContent: the file cannot be read, is no JSON, or holds content that is wrong; with
            the path of the field in it, its value and a remedy.
    """
    try:
        content = _decoder.decode(path.read_bytes())
    except OSError as error:
        raise InvalidContent(
            f"cannot be read: {error.strerror}", field=str(path), remedy="Name a JSON file."
        ) from error
    except msgspec.ValidationError as error:
        raise _misshapen(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidContent(
            f"not JSON: {error}", field=str(path), remedy="Mend the JSON at that place."
        ) from error
    check(content, compiled, vocabulary_of(FEATURES))
    return content


def _misshapen(message: str) -> InvalidContent:
    """Turn the decoder's ``Expected `str`, got `int` - at `$.rules[2].when` `` into our error."""
    found = _PLACE.search(message)
    return InvalidContent(
        _PLACE.sub("", message),
        field=found["field"] if found else "",
        remedy="A seed has segments (name, when), slots (key, fallback), blocks (key, slot, "
        "component, tags, content) and rules (slot, position, when, block), each a list.",
    )
