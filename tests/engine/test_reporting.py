"""What people are told."""

import pytest

from engine.reporting import people


def test_a_long_command_stays_on_one_line_so_that_it_can_be_copied(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"curl -H 'Authorization: Bearer {'x' * 300}' http://127.0.0.1:8000/customers"
    people.print(command, markup=False)
    assert capsys.readouterr().err == command + "\n"
