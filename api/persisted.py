"""Which document a request means: by its text, by an id of a manifest, or by a hash sent before."""

from collections.abc import Callable
from hashlib import sha256
from typing import Final

from api.asked import Asked
from api.cache import Cache
from api.documents import Document, Documents
from api.manifest import Known
from api.refusal import Refused, refuse
from attune.settings import Api

_PUBLISH: Final = "put the manifest of this build where ATTUNE_API__MANIFESTS points"


class Library:
    """Finds documents; where only known ones are answered, no other text is even parsed."""

    def __init__(self, documents: Documents, known: Callable[[], Known], settings: Api) -> None:
        self._documents = documents
        self._known = known
        self._only_known = settings.documents == "known"
        self._registered: Cache[str, str] = Cache(settings.cached_documents, settings.cached_bytes)
        """Texts by their hashes, as clients registered them (automatic persisted queries)."""

    def find(self, asked: Asked) -> Document:
        """Return the document that is meant.

        Raises:
            Refused: it is not known, asks too much, or does not fit the schema.
        """
        known = self._known()
        if asked.document_id is not None:
            found = known.get(asked.document_id)
            if found is None:
                raise _unknown_id(asked.document_id)
            return found
        if asked.hash is not None and (found := known.get(asked.hash)):
            return found
        if asked.query is not None and (found := known.by_text.get(asked.query)):
            return found
        if self._only_known:
            raise _only_known()
        if asked.hash is not None:
            return self._automatic(asked.hash, asked.query)
        assert asked.query is not None  # noqa: S101 - a request names one of the three
        return self._documents.find(asked.query)

    def _automatic(self, told: str, query: str | None) -> Document:
        """Return the document of a hash, and remember its text if it came along."""
        if query is None:
            text = self._registered.get(told)
            if text is None:
                raise _not_found()
            return self._documents.find(text)
        if sha256(query.encode()).hexdigest() != told:
            raise _other_hash()
        found = self._documents.find(query)
        self._registered.put(told, query, len(query) + len(told))
        return found


def _unknown_id(id_: str) -> Refused:
    return refuse(
        f"no document is known as {id_[:100]}",
        code="PERSISTED_DOCUMENT_NOT_FOUND",
        remedy=_PUBLISH,
    )


def _only_known() -> Refused:
    message = "only documents of a manifest are answered here"
    return refuse(message, code="DOCUMENT_NOT_KNOWN", remedy=_PUBLISH)


def _not_found() -> Refused:
    """Return what clients of automatic persisted queries wait for: they send the text then."""
    return refuse(
        "PersistedQueryNotFound",
        code="PERSISTED_QUERY_NOT_FOUND",
        remedy="send the same again with query, once",
    )


def _other_hash() -> Refused:
    return refuse(
        "sha256Hash is not the hash of query",
        code="PERSISTED_QUERY_HASH_MISMATCH",
        remedy="send the SHA-256 of the query's UTF-8 bytes, in lower-case hex",
    )
