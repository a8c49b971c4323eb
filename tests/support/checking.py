"""What `make check` runs, for tests: `scripts/` holds programs and is no package."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))

import check  # noqa: E402 - found only now
import data  # noqa: E402 - as above
from checks import compose, dockerfile, images, pins, wheel  # noqa: E402 - as above

__all__ = ["ROOT", "check", "compose", "data", "dockerfile", "images", "pins", "wheel"]
