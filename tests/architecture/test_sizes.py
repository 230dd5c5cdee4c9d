"""Files and functions stay small enough to be read at one go."""

import ast
from pathlib import Path

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
# An auditor takes it away as one file that needs nothing else.
ONE_FILE = {"audit/offline.py": 1800}


def test_no_file_is_too_long(product_files: list[Path], project: Path) -> None:
    lines = {
        str(path.relative_to(project)): len(path.read_text(encoding="utf-8").splitlines()) for path in product_files
    }
    assert {name: count for name, count in lines.items() if count > ONE_FILE.get(name, FILE_LINES_MAX)} == {}


def test_no_function_is_too_long(product_files: list[Path], project: Path) -> None:
    lines = {
        f"{path.relative_to(project)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in product_files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: count for name, count in lines.items() if count > FUNCTION_LINES_MAX} == {}


def test_no_package_or_module_has_a_name_that_says_nothing(product_files: list[Path]) -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
    assert {str(path) for path in product_files if path.stem in empty or path.parent.name in empty} == set()
