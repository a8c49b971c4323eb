"""A page for people about one training: how good, how well calibrated, and what weighs."""

from html import escape
from pathlib import Path
from string import Template

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_curve

from attune.predict.bundle import Bundle, Metrics
from training.dataset import Labels
from training.evaluate import calibration

_SIZE = 260
_WEIGHTS_SHOWN = 15

Points = list[tuple[float, float]]
"""In the unit square, the origin at the lower left."""

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>$name</title><style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr { border-bottom: 1px solid #ddd; }
figure { display: inline-block; margin: 1rem 2rem 1rem 0; } svg { background: #f7f7f9; }
.bar { background: #3465a4; height: .8rem; display: inline-block; } .less { background: #c4582b; }
</style></head><body>
<h1>$name</h1>
<p>$output. $rows training moments, $positives before a purchase, $start to $end;
held out: $held_rows moments from $held_start to $held_end.</p>
<table><tr><th>held out</th><th>AUC</th><th>log loss</th><th>Brier</th><th>ECE</th></tr>
$metrics</table>
<figure>$calibration
<figcaption>Calibration: said (across), happened (up)</figcaption></figure>
<figure>$roc
<figcaption>ROC: false positives (across), true ones (up)</figcaption></figure>
<h2>What weighs</h2><p>Log-odds that one standard deviation adds.</p>
<table>$weights</table>
<p>ONNX differs from scikit-learn by at most $parity on the held-out moments.</p>
</body></html>
""")


def write_report(
    bundle: Bundle, labels: Labels, found: npt.NDArray[np.float32], data: Path
) -> Path:
    """Write the page on held-out labels and probabilities; return where it lies."""
    about = bundle.metadata
    page = _PAGE.substitute(
        name=escape(about.name),
        output=escape(about.output.capitalize()),
        rows=f"{about.rows:,}",
        positives=f"{about.positives:,}",
        start=f"{about.trained.start:%F %T}",
        end=f"{about.trained.end:%F %T}",
        held_rows=f"{about.metrics.rows:,}",
        held_start=f"{about.held_out.start:%F %T}",
        held_end=f"{about.held_out.end:%F %T}",
        metrics=_scores("model", about.metrics) + _scores("average rate", about.baseline),
        calibration=_plot(_calibration(labels, found), dots=True),
        roc=_plot(_roc(labels, found)),
        weights=_weights(about.weights),
        parity=f"{about.parity:.1e}",
    )
    path = data / "reports" / f"{about.name}-{about.created_at:%Y%m%dT%H%M%SZ}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page)
    return path


def _scores(who: str, metrics: Metrics) -> str:
    auc = "one class only" if metrics.auc is None else f"{metrics.auc:.4f}"
    rest = (f"{value:.4f}" for value in (metrics.log_loss, metrics.brier, metrics.ece))
    return f"<tr><td>{who}</td>" + "".join(f"<td>{x}</td>" for x in (auc, *rest)) + "</tr>"


def _calibration(labels: Labels, found: npt.NDArray[np.float32]) -> Points:
    bins = calibration(labels, found.astype(np.float64))
    highest = max(max(one.said, one.happened) for one in bins) or 1.0
    return [(one.said / highest, one.happened / highest) for one in bins]


def _roc(labels: Labels, found: npt.NDArray[np.float32]) -> Points:
    if len(np.unique(labels)) < 2:  # noqa: PLR2004 - both classes
        return []
    false, true, _ = roc_curve(labels, found)
    return [(float(x), float(y)) for x, y in zip(false, true, strict=True)]


def _plot(points: Points, *, dots: bool = False) -> str:
    scaled = [(x * _SIZE, (1 - y) * _SIZE) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in scaled)
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#3465a4"/>' for x, y in scaled)
    return (
        f'<svg width="{_SIZE}" height="{_SIZE}" overflow="visible">'
        f'<path d="M0 {_SIZE}L{_SIZE} 0" stroke="#bbb"/>'
        f'<polyline points="{line}" fill="none" stroke="#3465a4" stroke-width="2"/>'
        f"{marks if dots else ''}</svg>"
    )


def _weights(weights: dict[str, float]) -> str:
    largest = max(map(abs, weights.values()), default=1.0)
    return "".join(
        f"<tr><td>{escape(name)}</td><td>{weight:+.3f}</td><td style='text-align:left'>"
        f"<span class='bar{'' if weight > 0 else ' less'}' "
        f"style='width:{12 * abs(weight) / largest:.2f}rem'></span></td></tr>"
        for name, weight in list(weights.items())[:_WEIGHTS_SHOWN]
    )
