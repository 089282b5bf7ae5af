"""What the tree must look like: packages, links, the way imports go, sizes, what is shipped."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

MAPPED = ("connectors", "dsl", "engine", "stdlib_policies")
TREES = ("gatewright", *MAPPED)
MAX_LINES = 600
SKIPPED_FOLDERS = {
    ".git", ".venv", ".venv-bench", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache",
    "__pycache__", "build", "dist", "htmlcov", "gatewright.egg-info", "node_modules",
}  # fmt: skip

# What costs so much to import that a function may do it, with a comment that says why.
LAZY_LIBRARIES = {
    "alembic", "base64", "celpy", "click", "cryptography", "dataclasses", "difflib", "duckdb", "fastapi", "fractions", "hashlib", "httpx", "hypothesis", "jinja2", "lark",
    "ldap3", "logging", "psycopg", "pydantic", "re2", "sqlalchemy", "sqlglot", "uvicorn", "yaml", "z3", "zoneinfo",
}  # fmt: skip
# Modules of ours that come late elsewhere than at the root, each at one border.
LATE = {
    "gatewright.connectors.systems.sql.declared": ("gatewright.connectors.systems.sql.settings",),
    "gatewright.dsl.documents": ("gatewright.dsl.yaml_text",),
    "gatewright.engine.bundle.build": ("gatewright.engine.bundle.compiled_write",),
    "gatewright.engine.bundle.bundled": ("gatewright.engine.bundle.compiled_index",),
    "gatewright.engine.bundle.load": (
        "gatewright.engine.bundle.compiled_read",
        "gatewright.engine.bundle.signing",
    ),
    "gatewright.engine.compile.residual": ("gatewright.engine.compile.typing",),
    "gatewright.engine.deciding": ("gatewright.engine.history", "gatewright.engine.workdays"),
    "gatewright.engine.evaluate": ("gatewright.engine.compile",),
    "gatewright.engine.explaining.report": ("gatewright.engine.explaining.explainer",),
    "gatewright.engine.history.agreement": ("gatewright.engine.history",),
    "gatewright.engine.runtime.directory": ("gatewright.dsl.yaml_text",),
    "gatewright.engine.explaining.undeclared": ("gatewright.dsl.messages",),
}
HEAVY_AT_IMPORT = ("lark", "sqlalchemy", "celpy", "pydantic", "click", "opentelemetry")

# What a module under the first name may import of ours; the longest name that fits decides.
MAY_IMPORT = {
    "gatewright.dsl": ("gatewright.dsl",),
    "gatewright.engine": ("gatewright.engine", "gatewright.dsl"),
    "gatewright.connectors": ("gatewright.connectors", "gatewright.engine"),
    "gatewright.stdlib_policies": (),
    "gatewright": ("gatewright",),
}
MUST_NOT_IMPORT = {
    "gatewright.engine.runtime": ("gatewright.engine.compile", "gatewright.dsl.parser"),
}


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a module imports, and where."""

    target: str
    line: int
    in_function: bool


@dataclass(frozen=True, slots=True)
class Module:
    """One Python module of ours: its dotted name, its file and what it imports."""

    name: str
    path: Path

    @property
    def where(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), filename=self.where)

    def lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines()


def files_under(folder: Path) -> Iterator[Path]:
    """Every file below a folder, without following links or entering what tools leave behind."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            f for f in folders if f not in SKIPPED_FOLDERS and not (Path(place) / f).is_symlink()
        )
        yield from (Path(place) / name for name in sorted(names))


def dotted(path: Path) -> str:
    """The import name of a file or folder of ours: `dsl/lint/x.py` is `gatewright.dsl.lint.x`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts if parts[0] == "gatewright" else ("gatewright", *parts))


def all_modules() -> list[Module]:
    return [
        Module(dotted(path), path)
        for tree in TREES
        for path in files_under(ROOT / tree)
        if path.suffix == ".py"
    ]


MODULES = all_modules()
MODULE_NAMES = {module.name for module in MODULES}


def tool_config(tool: str) -> dict[str, Any]:
    """Return one tool's table in pyproject.toml."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    config: dict[str, Any] = tomllib.loads(text)["tool"][tool]
    return config


def imports_of(node: ast.AST, in_function: bool = False) -> Iterator[Import]:
    """Every absolute import below a node; `from a import b` is `a.b` where that is a module."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, in_function) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
            for alias in child.names:
                inner = f"{child.module}.{alias.name}"
                target = inner if inner in MODULE_NAMES else child.module
                yield Import(target, child.lineno, in_function)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports_of(child, in_function or function)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def wrong_way(module: str, target: str) -> bool:
    """Whether a module of ours must not import that target."""
    if not within(target, "gatewright"):
        return False
    layer = max((name for name in MAY_IMPORT if within(module, name)), key=len)
    banned = [b for name, bans in MUST_NOT_IMPORT.items() if within(module, name) for b in bans]
    allowed = any(within(target, package) for package in MAY_IMPORT[layer])
    return not allowed or any(within(target, package) for package in banned)


def has_reason(lines: list[str], line: int) -> bool:
    """Whether an import has a comment: on its line, or above it or above its group of imports."""
    if "  # " in lines[line - 1]:
        return True
    above = line - 2
    while above >= 0 and re.match(r"\s*(import|from)\s", lines[above]):
        above -= 1
    return above >= 0 and lines[above].lstrip().startswith("# ")


def may_be_lazy(module: str, target: str) -> bool:
    """Whether a function of the module may import the target: a heavy library, or ours at the root.

    The root package is the border where our own modules may come late, so that
    `import gatewright` and the pytest plugin stay cheap; `LATE` has the few others.
    """
    layer = max((name for name in MAY_IMPORT if within(module, name)), key=len)
    if within(target, "gatewright"):
        return layer == "gatewright" or any(within(target, p) for p in LATE.get(module, ()))
    return target.partition(".")[0] in LAZY_LIBRARIES


# --- packages and data -----------------------------------------------------------------------


def test_every_package_on_disk_is_listed() -> None:
    on_disk = {dotted(module.path.parent) for module in MODULES}
    listed = tool_config("setuptools")["packages"]
    assert sorted(on_disk) == sorted(listed), "list every package in pyproject.toml, once"


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {module.path.parent for module in MODULES}
    bare = sorted(
        f.relative_to(ROOT).as_posix() for f in folders if not (f / "__init__.py").exists()
    )
    assert not bare


def test_the_mapping_names_the_root_folders() -> None:
    assert tool_config("setuptools")["package-dir"] == {
        f"gatewright.{name}": name for name in MAPPED
    }


def test_package_data_covers_every_other_file() -> None:
    covered: set[Path] = set()
    for package, patterns in tool_config("setuptools")["package-data"].items():
        parts = package.split(".")
        folder = ROOT.joinpath(*(parts[1:] or parts))
        covered.update(path for pattern in patterns for path in folder.glob(pattern))
    others = {
        p for tree in TREES for p in files_under(ROOT / tree) if p.suffix not in {".py", ".pyc"}
    }
    missing = sorted(p.relative_to(ROOT).as_posix() for p in others - covered)
    assert not missing, "say in package-data that these are shipped, or move them"
    assert ROOT / "gatewright" / "py.typed" in covered
    assert ROOT / "dsl" / "grammar.lark" in covered


@pytest.mark.parametrize("name", MAPPED)
def test_the_links_point_at_the_root_folders(name: str) -> None:
    link = ROOT / "gatewright" / name
    assert link.is_symlink(), "a checkout without symbolic links cannot be type-checked"
    assert link.readlink().as_posix() == f"../{name}"
    assert link.resolve() == (ROOT / name).resolve()


def test_type_checkers_see_every_module() -> None:
    """Mypy follows the links; pyright enters only those that are named."""
    linked = {f"gatewright/{name}" for name in MAPPED}
    assert set(tool_config("pyright")["include"]) == {"gatewright", "tests", *linked}
    assert set(tool_config("mypy")["files"]) == {"gatewright", "tests"}


def test_tests_stand_where_what_they_test_stands() -> None:
    """A folder of tests is called as a folder or module is, so that they are found."""
    strange = [
        folder.relative_to(ROOT).as_posix()
        for tree in ("dsl", "engine")
        for folder in sorted((ROOT / "tests" / tree).iterdir())
        if folder.is_dir() and folder.name not in SKIPPED_FOLDERS
        if not (ROOT / tree / folder.name).is_dir()
        if not (ROOT / tree / f"{folder.name}.py").is_file()
    ]
    assert not strange


# --- imports ---------------------------------------------------------------------------------


def test_imports_go_one_way() -> None:
    wrong = [
        f"{module.where}:{found.line}: {module.name} imports {found.target}"
        for module in MODULES
        for found in imports_of(module.tree())
        if wrong_way(module.name, found.target)
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("module", "target", "wrong"),
    [
        ("gatewright.dsl.parser", "gatewright.dsl.ast", False),
        ("gatewright.dsl.parser", "gatewright.engine.values", True),
        ("gatewright.dsl.parser", "gatewright", True),
        ("gatewright.dsl.parser", "lark", False),
        ("gatewright.engine.interpret", "gatewright.dsl.ast", False),
        ("gatewright.engine.interpret", "gatewright.connectors.contract", True),
        ("gatewright.engine.interpret", "gatewright.cli", True),
        ("gatewright.engine.runtime.store", "gatewright.engine.compile.tables", True),
        ("gatewright.engine.runtime.store", "gatewright.engine.action", False),
        ("gatewright.connectors.contract", "gatewright.engine.action", False),
        ("gatewright.connectors.contract", "gatewright.cli", True),
        ("gatewright.cli.check", "gatewright.connectors.contract", False),
    ],
)
def test_the_direction_of_imports_is_judged(module: str, target: str, wrong: bool) -> None:
    assert wrong_way(module, target) is wrong


def test_no_relative_imports() -> None:
    relative = [
        f"{module.where}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(module.tree())
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not relative


def test_functions_import_only_heavy_libraries_and_say_why() -> None:
    wrong: list[str] = []
    for module in MODULES:
        lines = module.lines()
        for found in imports_of(module.tree()):
            if not found.in_function:
                continue
            place = f"{module.where}:{found.line}: {found.target}"
            if not may_be_lazy(module.name, found.target):
                wrong.append(f"{place} must be imported at the top")
            elif not has_reason(lines, found.line):
                wrong.append(f"{place} needs a comment that says why it comes late")
    assert not wrong


def test_an_import_in_a_function_is_found() -> None:
    tree = ast.parse(
        "import os\nclass C:\n    def f(self):\n        if 1:\n            import lark\n"
    )
    assert [(found.target, found.in_function) for found in imports_of(tree)] == [
        ("os", False),
        ("lark", True),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import lark", False),
        ("import lark  # slow to load", True),
        ("# slow to load\nimport lark", True),
        ("# slow to load\nimport click\nimport lark", True),
        ("x = 1\nimport lark", False),
    ],
)
def test_a_reason_for_a_late_import_is_a_comment(text: str, expected: bool) -> None:
    lines = text.splitlines()
    assert has_reason(lines, len(lines)) is expected


def test_import_gatewright_is_cheap() -> None:
    code = f"import sys, gatewright; print([m for m in {HEAVY_AT_IMPORT!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- size and what a file may say ------------------------------------------------------------


def test_modules_stay_small() -> None:
    long = {m.where: len(m.lines()) for m in MODULES if len(m.lines()) > MAX_LINES}
    assert not long, f"split these: a module has at most {MAX_LINES} lines"


# Built from pieces, so that this file passes its own test.
REGISTRY_HOSTS = tuple(
    name + "." + top
    for name, top in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"),
        ("yarnpkg", "com"), ("crates", "io"), ("rubygems", "org"), ("anaconda", "com"),
        ("proxy.golang", "org"), ("repo.maven.apache", "org"),
    )
)  # fmt: skip
MACHINE_PATH = re.compile(rf"(?<![\w./~-])/(?:{'|'.join(('work', 'tmp', 'root', 'home', 'opt'))})/")


def leaks(text: str) -> list[str]:
    """Registry hosts and paths of somebody's machine that a text gives away."""
    hosts = [host for host in REGISTRY_HOSTS if host in text.lower()]
    return hosts + [match.group() for match in MACHINE_PATH.finditer(text)]


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    found: dict[str, list[str]] = {}
    for path in files_under(ROOT):
        if path.is_symlink() or path.name.startswith(".coverage") or path.suffix == ".pyc":
            continue
        leaked = leaks(path.read_bytes().decode("utf-8", errors="ignore"))
        if leaked:
            found[path.relative_to(ROOT).as_posix()] = leaked
    assert not found


@pytest.mark.parametrize(
    "text", ["see https://" + REGISTRY_HOSTS[0], "in /" + "tmp/x", "'/" + "home/me'"]
)
def test_a_leak_is_found(text: str) -> None:
    assert leaks(text)


@pytest.mark.parametrize("text", ["https://example.com/work/x", "docs/home/page", "a /work b"])
def test_what_only_looks_like_a_leak_is_fine(text: str) -> None:
    assert not leaks(text)


# --- what is shipped -------------------------------------------------------------------------

PROBE = """
from importlib.metadata import entry_points
from importlib.resources import files
import gatewright, gatewright.engine, gatewright.connectors, gatewright.stdlib_policies
print(files("gatewright.dsl").joinpath("grammar.lark").is_file())
print(files("gatewright").joinpath("py.typed").is_file())
print(gatewright.dsl.__file__ if hasattr(gatewright, "dsl") else gatewright.engine.__file__)
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that must succeed, and return what it printed. Coverage is not measured."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_source_archive_builds_a_wheel_that_works(tmp_path: Path) -> None:
    """No network: the build uses the setuptools of this environment."""
    checkout, archives, site = (tmp_path / name for name in ("checkout", "sdist", "site"))
    ignored = shutil.ignore_patterns(*SKIPPED_FOLDERS)
    shutil.copytree(ROOT, checkout, symlinks=True, ignore=ignored)
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    run(sys.executable, "-c", build, archives, cwd=checkout)
    (archive,) = archives.glob("gatewright-*.tar.gz")
    run(
        sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index",
        "--target", site, archive, cwd=tmp_path,
    )  # fmt: skip

    grammar, typed, place = run(
        sys.executable, "-c", PROBE, cwd=tmp_path, PYTHONPATH=str(site)
    ).splitlines()
    assert (grammar, typed) == ("True", "True")
    assert Path(place).is_relative_to(site), "the installed copy was not the one that was imported"
    shipped = {p.relative_to(site / "gatewright") for p in (site / "gatewright").rglob("*.py")}
    expected = {Path(*m.name.split(".")[1:]) for m in MODULES}
    assert {p.with_suffix("") if p.name != "__init__.py" else p.parent for p in shipped} == expected
    assert not any(p.is_symlink() for p in (site / "gatewright").rglob("*"))
