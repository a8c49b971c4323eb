import sys

import pytest
from marks import Mark, Marks, Rate, steady, told


def test_the_rate_leaves_out_what_came_before_the_first_mark() -> None:
    marks = [Mark(1000, 10.0, 5.0), Mark(2000, 10.5, 5.1), Mark(5000, 12.0, 6.0)]

    assert steady(marks) == Rate(wall=2000, cpu=4000)


@pytest.mark.parametrize("marks", [[], [Mark(1, 1, 1)], [Mark(5, 1, 1), Mark(5, 2, 2)]])
def test_too_few_events_make_no_rate(marks: list[Mark]) -> None:
    with pytest.raises(ValueError, match="use more events"):
        steady(marks)


def test_marks_are_read_back_from_behind_what_a_library_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = Marks()
    made.at(3)
    sys.stdout.write("a library says something\n")
    made.tell()

    assert told(capsys.readouterr().out + "\nand something at its end") == made.made


def test_a_program_that_failed_has_told_nothing() -> None:
    assert told("Traceback\n") == []
