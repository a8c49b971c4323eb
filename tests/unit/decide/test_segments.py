from attune.adapters.cel import compiled
from attune.decide.content import Content, Rule, Segment, Slot
from attune.decide.playbook import Playbook
from attune.profiles.segments import segments_of

PLAYBOOK = Playbook.of(
    Content(
        segments=(
            Segment("high_value", "user.monetary >= 500"),
            Segment("loyal", "user.sessions > 10"),
            Segment("new_visitor", "user.sessions <= 1"),
        ),
        slots=(Slot("hero"),),
        rules=(Rule("hero", 1, "user.segment == 'loyal'", "x"),),
    ),
    compiled,
)


def test_every_segment_that_holds_is_named_and_the_first_is_the_primary_one() -> None:
    facts = PLAYBOOK.facts({"user": {"monetary": 812.5, "sessions": 12}})

    memberships = segments_of(PLAYBOOK.segments, facts)

    assert [membership.name for membership in memberships] == ["high_value", "loyal"]
    assert memberships[0].why == "user.monetary >= 500, with user.monetary = 812.5"


def test_a_segment_on_something_unknown_does_not_hold() -> None:
    facts = PLAYBOOK.facts({"user": {"sessions": 1}})

    assert [m.name for m in segments_of(PLAYBOOK.segments, facts)] == ["new_visitor"]


def test_a_segment_on_what_is_in_play_does_not_hold_and_has_nothing_read() -> None:
    playbook = Playbook.of(Content(segments=(Segment("keen", "session.views > 3"),)), compiled)
    facts = playbook.facts({"user": {}, "session": {"views": 9}})

    assert segments_of(playbook.segments, facts) == ()
    assert ("session", "views") not in playbook.reads


def test_rules_read_the_segments() -> None:
    facts = PLAYBOOK.facts({"user": {}}).in_segments(["loyal", "vip"])

    assert compiled("user.segment == 'loyal' && 'vip' in user.segments").holds(facts)


def test_someone_in_no_segment_has_an_empty_one() -> None:
    facts = PLAYBOOK.facts({"user": {}}).in_segments([])

    assert compiled("user.segment != 'loyal' && size(user.segments) == 0").holds(facts)
