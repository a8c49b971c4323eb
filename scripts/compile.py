"""Compile the hot modules to C, beside their sources: `compile.py [FOLDER [PYTHON]]`.

`FOLDER` has the packages, and `PYTHON` the libraries that they use.

Needs a C compiler, mypy and setuptools. `attune.compiled` says which modules, and sees to it that
none is ever older than its source.
"""

import ast
import os
import sys
from contextlib import chdir
from pathlib import Path
from shutil import copy, copytree
from tempfile import TemporaryDirectory

from mypyc.build import mypycify
from setuptools import setup

_ROOT, _PYTHON = (
    *sys.argv[1:],
    *(str(Path(__file__).parent.parent), sys.executable)[len(sys.argv) - 1 :],
)
# Not by `import attune`: that would refuse what is to be mended here.
sys.path.insert(0, str(Path(_ROOT, "attune").resolve()))
import compiled  # noqa: E402 - it lies on that path

_GROUP = "attune_compiled"
"""The library that all modules share; it lies beside the packages."""
_MYPY = (
    "--config-file=",
    "--ignore-missing-imports",
    "--follow-imports=silent",
)  # `make check` has the strict look


def remove(root: Path) -> None:
    """Have the sources run again."""
    for found in (*root.glob(f"{_GROUP}__mypyc.*.so"), *root.glob(f"{_GROUP}__mypyc.*.pyd")):
        found.unlink()
    # Also of modules that are on the list no more: none of these packages has other libraries.
    for package in sorted({path.partition("/")[0] for path in compiled.MODULES}):
        for found in (root / package).rglob("*"):
            if found.suffix in (".so", ".pyd"):
                found.unlink()
    (root / "attune" / "compiled.txt").unlink(missing_ok=True)


def build(root: Path) -> None:
    """Compile, and write down of what: before a module lies there, so that none is forgotten."""
    for path in compiled.MODULES:
        _check(root / path)
    manifest = "".join(f"{compiled.digest(path)} {path}\n" for path in compiled.MODULES)
    with TemporaryDirectory() as made:
        # Away from everything else: mypy stumbles over what lies beside the packages of an image.
        for package in sorted({path.partition("/")[0] for path in compiled.MODULES}):
            copytree(root / package, Path(made, "source", package))
        with chdir(Path(made, "source")):
            _compile(made)
        (root / "attune" / "compiled.txt").write_text(manifest)
        for found in sorted(Path(made, "lib").rglob("*.so")):
            copy(found, root / os.path.relpath(found, Path(made, "lib")))


def _compile(made: str) -> None:
    """Put the libraries into `lib` of a folder."""
    options = [*_MYPY, f"--python-executable={_PYTHON}", f"--cache-dir={made}/mypy"]
    setup(
        name=_GROUP,
        packages=[],
        ext_modules=mypycify(
            [*options, *compiled.MODULES], opt_level="3", group_name=_GROUP, target_dir=made
        ),
        script_args=["--quiet", "build_ext", f"--build-lib={made}/lib", f"--build-temp={made}"],
    )


def _check(path: Path) -> None:
    """See that nothing occurs that mypyc 2.4 silently takes for something else.

    It leaves out the options of a class: a msgspec.Struct would be neither frozen nor an array, and
    its bytes would be others. And what a dataclass sets without a type becomes a field of it.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ClassDef):
            continue
        if any(option.arg != "metaclass" for option in node.keywords):
            sys.exit(f"{path}:{node.lineno}: {node.name} has options, which mypyc leaves out")
        plain = [each for each in node.body if isinstance(each, ast.Assign)]
        if plain and not all(map(_for_mypyc, node.decorator_list)):
            sys.exit(f"{path}:{plain[0].lineno}: mypyc would make a field of this; set it outside")


def _for_mypyc(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "mypyc_attr"


if __name__ == "__main__":
    remove(compiled.ROOT)
    build(compiled.ROOT)
