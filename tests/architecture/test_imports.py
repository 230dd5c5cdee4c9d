"""Who may import whom: the contracts of import-linter, and that nobody escapes them."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def test_contracts_hold(project: Path) -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--cache-dir", ".cache/import-linter"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_is_under_a_contract(packages: list[Path], settings: dict[str, Any]) -> None:
    linter = settings["tool"]["importlinter"]
    contracted = {name for contract in linter["contracts"] for name in contract.get("source_modules", [])}
    for contract in linter["contracts"]:
        layers = " | ".join(contract.get("layers", []))
        contracted |= {name.strip(" ()") for name in layers.split("|")}
    names = {package.name for package in packages}
    assert names - contracted == set(), "put the package into a layer of [tool.importlinter] in pyproject.toml"
    assert names - set(linter["root_packages"]) == set(), "add the package to root_packages of [tool.importlinter]"


def test_every_package_is_in_the_wheel(packages: list[Path], settings: dict[str, Any]) -> None:
    shipped = set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert {package.name for package in packages} - shipped == set()
    assert "migrations" in shipped


@pytest.mark.parametrize(
    ("package", "allowed"),
    [("domain", {"domain", "pydantic"})],
)
def test_a_pure_package_imports_nothing_else(project: Path, package: str, allowed: set[str]) -> None:
    imported = {
        (path.name, name)
        for path in (project / package).rglob("*.py")
        for name in _imports(path)
        if name not in allowed
    }
    assert {(file, name) for file, name in imported if name not in sys.stdlib_module_names} == set()


def test_the_offline_verifier_imports_nothing_but_cryptography(project: Path) -> None:
    assert _imports(project / "audit" / "offline.py") - sys.stdlib_module_names == {"cryptography"}


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names
