"""What no file may hold, and what the files say about each other."""

import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Written so that this file does not find itself.
REGISTRY = re.compile(r"https?:/" r"/[^\s\"')>]*(?:pypi|pythonhosted|npmjs|debian)\.", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:wor[k]|home/\w+|Users/\w+|root/[\w.]+|mnt/\w+)/")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("pattern", [REGISTRY, MACHINE_PATH], ids=["registry host", "machine path"])
def test_no_file_names_it(tree: list[Path], project: Path, pattern: re.Pattern[str]) -> None:
    found = {
        f"{path.relative_to(project)}: {match[0]}"
        for path in tree
        if (match := pattern.search(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == set()


def test_links_in_documents_lead_somewhere(tree: list[Path], project: Path) -> None:
    broken = {
        f"{path.relative_to(project)}: {link}"
        for path in tree
        if path.suffix == ".md"
        for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
        if not re.match(r"[a-z]+:", link) and not _leads_somewhere(path, link)
    }
    assert broken == set()


def _leads_somewhere(document: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (document.parent / name) if name else document
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in _anchors(target)


def _anchors(document: Path) -> set[str]:
    headings = HEADING.findall(FENCE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_locks_hold_what_the_project_asks_for(project: Path, settings: dict[str, Any], name: str) -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", (project / name).read_text(encoding="utf-8"), re.MULTILINE))
    asked = list(settings["project"]["dependencies"])
    if "dev" in name:
        asked += settings["dependency-groups"]["dev"]
    for requirement in map(Requirement, asked):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {name}: make lock"
        assert requirement.specifier.contains(version), f"{name} has {requirement.name} {version}: make lock"


def test_both_locks_agree(project: Path) -> None:
    runtime, dev = (
        set(re.findall(r"^([\w.-]+==[^\s;\\]+)", (project / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert runtime - dev == set()
