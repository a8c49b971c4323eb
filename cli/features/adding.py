"""Adding a view to a feature set in the text of `feature_repo/views.py`."""

import ast

from attune.errors import ConfigurationError


def lines_of(name: str) -> tuple[str, str]:
    """Return the import of a view and its line in a feature set."""
    return f"from feature_repo.{name} import {name.upper()}", f"{name.upper()},"


def added(text: str, name: str, entity: str) -> str:
    """Return the text with the view behind the others of its entity; all else stays as it is.

    Raises:
        ConfigurationError: the text is not made as expected, and has to be changed by hand.
    """
    where = f"{entity.upper()}_FEATURES"
    imported, _ = lines_of(name)
    tree = ast.parse(text)
    last = _last_view(tree, where)
    lines = text.splitlines(keepends=True)
    row, column = last.end_lineno or 0, last.end_col_offset or 0
    # Columns count bytes of UTF-8.
    line = lines[row - 1].encode()
    rest = line[column:]
    apart = ", " if rest.strip(b",\n ") else f",\n{' ' * last.col_offset}"
    rest = rest.removeprefix(b",") if rest.startswith(b",)") else rest
    lines[row - 1] = (line[:column] + f"{apart}{name.upper()}".encode() + rest).decode()
    lines.insert(_import_row(tree, imported), f"{imported}\n")
    changed = "".join(lines)
    if ast.unparse(_last_view(ast.parse(changed), where)) != name.upper():
        raise _by_hand(where)
    return changed


def _last_view(tree: ast.Module, where: str) -> ast.expr:
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        if [ast.unparse(target) for target in node.targets] == [where] and node.value.args:
            views = node.value.args[0]
            if isinstance(views, ast.Tuple | ast.List) and views.elts:
                return views.elts[-1]
    raise _by_hand(where)


def _import_row(tree: ast.Module, line: str) -> int:
    """Return how many lines stay before an import: behind the last one that sorts before it."""
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    before = [node.end_lineno or 0 for node in imports if ast.unparse(node) < line]
    return max(before, default=0)


def _by_hand(where: str) -> ConfigurationError:
    return ConfigurationError(
        f"feature_repo/views.py has no {where} = FeatureSet((...)) to add to: use --no-add, and "
        "add it by hand"
    )
