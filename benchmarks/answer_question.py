"""What `answer` asks, and the answer to it written by hand."""

from datetime import UTC, datetime
from typing import Any

from api.visitor import Visitor
from attune.features.spelling import camel
from attune.ids import ANONYMOUS
from feature_repo.services import SHOP_PAGE

SLOTS = ("hero", "carousel", "social-proof")
MODELS = ("purchase", "return")

_VIEWS = [(view.name, [field.name for field in fields]) for view, fields in SHOP_PAGE.chosen]
_FEATURES = "\n".join(
    f"      {camel(view)} {{ {' '.join(map(camel, fields))} }}" for view, fields in _VIEWS
)
QUERY = f"""query Page($id: ID!) {{
  user(id: $id) {{
    id
    profile {{ userId anonymousIds traits firstSeenAt lastSeenAt }}
    segment
    features {{
{_FEATURES}
    }}
    predictions(names: ["{'", "'.join(MODELS)}"]) {{ name value basis }}
    blocks(slots: ["{'", "'.join(SLOTS)}"]) {{
      decisionId slot key component content tags revision why {{ summary rule }}
    }}
    degraded
  }}
}}"""

_SPELLED = [(view, camel(view), [(name, camel(name)) for name in names]) for view, names in _VIEWS]


def by_hand(visitor: Visitor) -> dict[str, Any]:
    """Return what the query answers, as somebody would write it who has no GraphQL."""
    profile = visitor.profile
    known = [profile.id, *sorted(profile.traits.former)]
    former = [each.removeprefix(ANONYMOUS) for each in known if each.startswith(ANONYMOUS)]
    features = {}
    for view, spelled, names in _SPELLED:
        found = visitor.views.named(view)
        features[spelled] = {camel_name: getattr(found, name) for name, camel_name in names}
    blocks = visitor.current.playbook.blocks
    shown = []
    for slot in SLOTS:
        decision = visitor.decide(slot)
        block = blocks.get(decision.block or "")
        shown.append(
            {
                "decisionId": decision.id,
                "slot": slot,
                "key": decision.block,
                "component": block.component if block else None,
                "content": block.content if block else None,
                "tags": block.tags if block else (),
                "revision": decision.revision,
                "why": {"summary": decision.why.summary, "rule": decision.why.rule or None},
            }
        )
    segments = visitor.segments
    return {
        "data": {
            "user": {
                "id": profile.id,
                "profile": {
                    "userId": None if profile.id.startswith(ANONYMOUS) else profile.id,
                    "anonymousIds": former,
                    "traits": profile.traits.plain(),
                    "firstSeenAt": _moment(profile.first_seen),
                    "lastSeenAt": _moment(profile.last_seen),
                },
                "segment": segments[0].name if segments else None,
                "features": features,
                "predictions": [
                    {"name": score.name, "value": score.value, "basis": score.basis}
                    for score in visitor.scores(MODELS)
                ],
                "blocks": shown,
                "degraded": visitor.check(),
            }
        }
    }


def _moment(ms: int) -> str | None:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat() if ms else None
