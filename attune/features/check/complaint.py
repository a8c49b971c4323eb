"""What is wrong with a declaration: one sentence with place, value and remedy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that keeps a declaration from being applied.

    `place` is a view, feature or field such as `user_activity.views_1h`; `value` is what was found
    there. One that is `forcible` is a matter of judgement, and `--force` overrides it.
    """

    place: str
    says: str
    value: str
    remedy: str
    forcible: bool = False

    def __str__(self) -> str:
        found = f" ({self.value})" if self.value else ""
        return f"{self.place}: {self.says}{found}; {self.remedy}"
