"""A flame graph that is kept says what it shows, and nothing of the machine it was drawn on."""

from pathlib import Path

from niochat_lab.bench.measurement.flame_graphs import retitle


def test_the_title_is_ours_and_not_the_command_line_of_a_machine(tmp_path: Path) -> None:
    file = tmp_path / "path-hosts.svg"
    file.write_text('<svg><text id="title" x="1">/a/b/py-spy --pid 7</text><text>x</text></svg>')

    retitle(file, "path: hosts")

    assert file.read_text() == '<svg><text id="title" x="1">path: hosts</text><text>x</text></svg>'
