"""What people read stands in the modules of words, one place per app: no view, form or model writes a sentence."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_architecture import KISI, SIMULATOR, trees, within

APPS = ("members", "plans", "integrations")
# Where an app says what it says.
OF_KISI = (
    "wording",
    "faces",
    "results",
    "refusals",
    "explain",
    "remedies",
    "doors",
    "chain",
    "concerns",
    "asides",
    "letters",
) + ("timeline", "causes", "why", "history", "effects", "mails", "endings", "forms")
WORDS = ("members.wording", "members.words", "plans.wording", *(f"{KISI}.{name}" for name in OF_KISI))
# Read by operators and in logs, or not by this project's people at all.
NOT_PAGES = (
    SIMULATOR,
    f"{KISI}.management",
    f"{KISI}.admin",
    "members.admin",
    "plans.admin",
    "members.management",
)
SPEAKING = {
    "add_error",
    "ValidationError",
    "TransitionRefused",
    "require",
    "done",
    "Question",
    "Face",
    "HttpResponse",
}
MESSAGES = {"success", "warning", "error", "info"}
A_WORD = re.compile(r"[^\W\d_]{2,}")
SENTENCE = 3


def test_every_sentence_stands_in_a_module_of_words():
    found = [
        f"{module}:{line} “{text}”"
        for module, tree in trees().items()
        if any(within(module, app) for app in APPS)
        and not any(within(module, name) for name in (*WORDS, *NOT_PAGES))
        for line, text in sentences(tree)
    ]
    assert not found, "\n" + "\n".join(found)


def test_every_module_of_words_is_there():
    assert set(WORDS) <= trees().keys()


@pytest.mark.parametrize("app", ["members", "plans"])
def test_the_apps_below_know_no_door_system_by_name(app):
    named = [
        f"{module}:{node.lineno}"
        for module, tree in trees().items()
        if within(module, app)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "kisi" in node.value.lower()
    ]
    assert not named, named


@pytest.mark.parametrize(
    "code",
    [
        'def view(): return "Nobody gets in."',
        'def view(n): return f"Access of {n} people is being removed."',
        'TITLES = {"pause": "Pause {plan} for {first}?"}',
        'def view(form): form.add_error("name", "Enter a name")',
        'def view(request): messages.success(request, "Rules saved")',
        'def clean(self): raise ValidationError("Not a price")',
        'name = CharField(error_messages={"required": "Enter it"})',
        'class Meta:\n    error_messages = {"name": {"required": "Enter a name"}}',
        'def view(request, n): return done(request, f"Retrying {n}", "kisi:attention")',
    ],
)
def test_a_sentence_in_a_view_would_be_found(code):
    assert list(sentences(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        '"""What this module owns, and nothing else."""',
        'def view(): raise Http404("no such topic")',
        'log.info("the run is over")',
        'def view(form): form.add_error("name", wording.TAKEN)',
        'return_to = "kisi:overview"',
    ],
)
def test_what_nobody_reads_on_a_page_is_not(code):
    assert not list(sentences(ast.parse(code)))


def sentences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each text for people with its line: whole sentences, and whatever is given to somebody who tells it."""
    told = {id(node) for call in ast.walk(tree) for node in spoken(call)}
    silent = {id(node) for node in unspoken(tree)}
    for node in ast.walk(tree):
        text = text_of(node)
        if id(node) in silent or not text:
            continue
        words = A_WORD.findall(text)
        if (len(words) >= SENTENCE and text.endswith((".", "?"))) or (
            id(node) in told and words and " " in text
        ):
            yield node.lineno, text  # type: ignore[attr-defined]


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "{}" for part in node.values)
    return ""


def unspoken(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, and the pieces of texts that are looked at whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield node.value
        if isinstance(node, ast.JoinedStr):
            yield from node.values


def spoken(node: ast.AST) -> Iterator[ast.AST]:
    """What a call or an assignment tells people."""
    if isinstance(node, ast.Call):
        yield from node.args if is_speaking(node.func) else []
        for given in node.keywords:
            yield from ast.walk(given.value) if given.arg == "error_messages" else []
    if isinstance(node, ast.Assign) and any(
        getattr(name, "id", "") == "error_messages" for name in node.targets
    ):
        yield from ast.walk(node.value)


def is_speaking(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        of_messages = isinstance(function.value, ast.Name) and function.value.id == "messages"
        return function.attr in SPEAKING or (of_messages and function.attr in MESSAGES)
    return isinstance(function, ast.Name) and function.id in SPEAKING
