"""Names of files: what is kept of them, and which ones a machine would run."""

import pytest

from niochat.attachments.filename_safety import (
    EXECUTABLE_EXTENSIONS,
    MAX_LENGTH,
    is_executable,
    neutralize_filename,
    safe_filename,
)

OTHERWISE = "arquivo"


@pytest.mark.parametrize("ending", sorted(EXECUTABLE_EXTENSIONS))
def test_every_ending_that_runs_is_known_in_any_dress(ending: str) -> None:
    for name in (
        f"fatura.{ending}",
        f"fatura.{ending.upper()}",
        f"fatura.pdf.{ending}",
        f"fatura.{ending}. . ",
        f"fatura.{ending}\u202e",
        f"x/../fatura.{ending}",
        f"fatura\uff0e{ending}",
        f"fatura.{ending}\x00",
    ):
        assert is_executable(name), name
        assert not is_executable(neutralize_filename(name, OTHERWISE)), neutralize_filename(
            name, OTHERWISE
        )


@pytest.mark.parametrize("name", ["fatura.exe.pdf", "foto.scr.jpg", "a.vbs.txt", "x.js.pdf"])
def test_the_worst_are_found_in_the_middle(name: str) -> None:
    assert is_executable(name)


@pytest.mark.parametrize(
    "name",
    [
        "fatura.pdf",
        "contrato v1.2.docx",
        "www.provedor.com.pdf",
        "Nota.xml",
        "foto",
        "",
        "js",
        "exe",
        ".",
        "planilha.xlsx",
        "Relatório nº 5.pdf",
        "voz.ogg",
    ],
)
def test_what_people_send_every_day_is_let_through(name: str) -> None:
    assert not is_executable(name)


@pytest.mark.parametrize("ending", [".pdf", ".jpeg", ".docx"])
@pytest.mark.parametrize("stem", ["x" * 500, "á" * 119, "a." * 200])
def test_a_long_name_keeps_its_ending_and_says_that_it_was_cut(stem: str, ending: str) -> None:
    name = safe_filename(stem + ending, OTHERWISE)
    assert len(name) <= MAX_LENGTH
    assert name.endswith("…" + ending)


def test_the_turn_of_writing_is_taken_out() -> None:
    assert safe_filename("boleto\u202efdp.exe", OTHERWISE) == "boletofdp.exe"
    assert neutralize_filename("boleto\u202efdp.exe", OTHERWISE) == "boletofdp_exe.bin"


def test_other_streams_and_wildcards_are_no_part_of_a_name() -> None:
    assert safe_filename('a.txt:evil?"<x>.pdf', OTHERWISE) == "a.txt_evil___x_.pdf"
