"""Imports point one way, nothing imports late, no file and no function grows large (the design's rules)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("config", "members", "plans", "integrations")
LINES_OF_A_FILE = dict.fromkeys(OURS, 300) | {"tests": 400}
LINES_OF_A_FUNCTION = 50
KISI = "integrations.kisi"

# Who may import whom, package by package; a package may always import itself.
BELOW = {
    "members": (),
    "plans": ("members",),
    "integrations.access": (),
    "integrations.vault": (),
    "integrations": ("members", "plans", "integrations.vault"),
    KISI: ("members", "plans", "integrations", "integrations.access", "integrations.vault"),
    "config": OURS + (KISI, "integrations.access", "integrations.vault"),
}
# Inside kisi: each line may import the lines above it, and of its own line only itself.
LAYERS = (
    ("rows", "models"),
    ("transport", "governor", "wake", "wording", "results", "refusals", "named", "heard", "cards"),
    ("explain", "entries", "acts", "endings", "faces", "mails", "asides"),
    ("why",),
    ("known",),
    ("client", "doors", "timeline", "letters"),
    ("chain", "remedies"),
    ("sync",),
    ("numbers",),
    ("glance", "effects", "history", "access_filter", "curve"),
    ("causes", "concerns", "selfcheck", "next_try"),
    ("alerts",),
    ("tasks",),
    ("watch",),
    ("forms", "panels", "signals", "admin", "management", "templatetags"),
    ("views",),
    ("urls",),
    ("apps",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
TELLS_ONLY = (
    "panels",
    "wording",
    "faces",
    "results",
    "refusals",
    "explain",
    "chain",
    "remedies",
    "asides",
    "doors",
    "known",
    "why",
    "timeline",
    "letters",
    "heard",
    "next_try",
)
SIMULATOR = f"{KISI}.simulator"


@dataclass(frozen=True)
class Import:
    importer: str
    target: str
    line: int
    is_late: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def test_every_package_imports_only_those_below_it():
    wrong = [
        found
        for found in imports()
        if is_ours(found.target) and not may_import(found.importer, found.target) and not is_apps(found)
    ]
    assert not wrong, report(wrong)


def test_the_pure_core_imports_only_the_standard_library_and_itself():
    allowed = (*sys.stdlib_module_names, "__future__")
    wrong = [
        found
        for found in imports()
        if within(found.importer, "integrations.access")
        and not within(found.target, "integrations.access")
        and found.target.partition(".")[0] not in allowed
    ]
    assert not wrong, report(wrong)


def test_the_pure_core_never_asks_the_clock():
    clocks = {"now", "today", "utcnow", "time", "monotonic"}
    wrong = [
        f"{module}:{node.lineno} {node.func.attr}"
        for module, tree in trees().items()
        if within(module, "integrations.access")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_of_kisi_has_its_place_among_the_layers():
    placed = {*RANK, "simulator", "migrations"}
    found = {part_of_kisi(module) for module in trees() if within(module, KISI)} - {""}
    assert found <= placed, f"place these in LAYERS: {sorted(found - placed)}"


def test_inside_kisi_imports_point_down():
    wrong = [
        found
        for found in imports()
        if (here := RANK.get(part_of_kisi(found.importer))) is not None
        and (there := RANK.get(part_of_kisi(found.target))) is not None
        and part_of_kisi(found.importer) != part_of_kisi(found.target)
        and there >= here
    ]
    assert not wrong, report(wrong)


def test_only_the_sync_talks_to_kisi():
    wrong = [
        found
        for found in imports()
        if part_of_kisi(found.target) in ("client", "transport")
        and part_of_kisi(found.importer) not in ("client", "transport", "sync")
    ]
    assert not wrong, report(wrong)


def test_only_the_transport_knows_http():
    wrong = [
        found
        for found in imports()
        if found.target.partition(".")[0] in ("requests", "urllib3", "http", "httpx")
        and within(found.importer, KISI)
        and not within(found.importer, SIMULATOR)
        and part_of_kisi(found.importer) not in ("transport", "views", "management")
    ]
    assert not wrong, report(wrong)


def test_signals_say_look_again_and_nothing_else():
    wrong = [
        found
        for found in imports()
        if found.importer == f"{KISI}.signals" and part_of_kisi(found.target) not in ("", "tasks")
    ]
    assert not wrong, report(wrong)


def test_what_only_tells_never_reaches_the_sync_or_the_queue():
    wrong = [
        found
        for found in imports()
        if part_of_kisi(found.importer) in TELLS_ONLY
        and part_of_kisi(found.target) in ("tasks", "client", "governor", "wake")
    ]
    assert not wrong, report(wrong)


def test_nobody_but_commands_imports_the_simulator():
    allowed = (SIMULATOR, f"{KISI}.management")
    wrong = [
        found
        for found in imports()
        if within(found.target, SIMULATOR) and not any(within(found.importer, name) for name in allowed)
    ]
    assert not wrong, report(wrong)


def test_the_simulator_knows_nothing_of_the_code_it_tests():
    wrong = [
        found
        for found in imports()
        if within(found.importer, SIMULATOR) and is_ours(found.target) and not within(found.target, SIMULATOR)
    ]
    assert not wrong, report(wrong)


def test_imports_stand_at_the_top_but_in_ready():
    wrong = [found for found in imports() if found.is_late and not is_apps(found)]
    assert not wrong, report(wrong)


@pytest.mark.parametrize("folder", [*OURS, "tests"])
def test_no_file_is_long(folder):
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources(folder)
        if "migrations" not in path.parts
        and (lines := len(path.read_text().splitlines())) > LINES_OF_A_FILE[folder]
    }
    assert not long, f"split these: {long}"


def test_no_function_is_long():
    long = [
        f"{module}.{node.name}: {length} lines"
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LINES_OF_A_FUNCTION
    ]
    assert not long, "\n".join(long)


def test_every_module_says_what_it_owns():
    silent = [
        module for module, tree in trees().items() if len(tree.body) > 1 and not ast.get_docstring(tree)
    ]
    assert not silent, f"no docstring: {silent}"


# Reading the sources


def sources(folder: str) -> Iterator[Path]:
    return (path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts)


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of ours but migrations, by dotted name."""
    found = {}
    for folder in OURS:
        for path in sources(folder):
            if "migrations" not in path.parts:
                parts = path.relative_to(ROOT).with_suffix("").parts
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                found[name] = ast.parse(path.read_text())
    return found


@cache
def imports() -> tuple[Import, ...]:
    return tuple(found for module, tree in trees().items() for found in imports_of(module, tree))


def imports_of(module: str, tree: ast.Module) -> Iterator[Import]:
    late = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        for target in targets(node):
            yield Import(module, target, node.lineno, id(node) in late)  # type: ignore[attr-defined]


def targets(node: ast.AST) -> list[str]:
    """The modules that a statement imports: `from a import b` means a.b where that is a module, else a."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import of {node.module}"
        base = node.module or ""
        return [full if (full := f"{base}.{alias.name}") in trees() else base for alias in node.names]
    return []


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def is_ours(module: str) -> bool:
    return any(within(module, name) for name in OURS)


def is_apps(found: Import) -> bool:
    """`AppConfig.ready` fills the slots of the apps below, after all of them are loaded."""
    return found.importer.endswith(".apps") and found.is_late


def package_of(module: str) -> str:
    """The most special package of BELOW that holds the module."""
    return max((name for name in BELOW if within(module, name)), key=len)


def may_import(importer: str, target: str) -> bool:
    here, there = package_of(importer), package_of(target)
    is_command = within(importer, f"{KISI}.management") or within(importer, "members.management")
    return here == there or there in BELOW[here] or (is_command and there == "config")


def part_of_kisi(module: str) -> str:
    """The first name below integrations.kisi; "" for anything else."""
    return module.split(".")[2] if module.startswith(f"{KISI}.") else ""


def report(wrong: list[Import]) -> str:
    return "\n".join(map(str, wrong))
