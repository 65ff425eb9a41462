"""What a file is told by its bytes."""

import io
import zipfile

import pytest

from niochat.attachments.file_type import (
    UNKNOWN_TYPE,
    detect_file_type,
    is_inline,
    safe_name,
    serving_type_and_name,
    storage_type_and_name,
    validate_upload,
)
from niochat.domain.errors import InvalidInputError
from niochat.domain.message import MessageKind
from tests.outbox.outbox_harness import PDF, PNG


@pytest.mark.parametrize(
    ("data", "mimetype", "kind"),
    [
        (PNG, "image/png", MessageKind.IMAGE),
        (PDF, "application/pdf", MessageKind.DOCUMENT),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(20), "image/jpeg", MessageKind.IMAGE),
        (b"OggS\x00\x02" + bytes(40), "audio/ogg", MessageKind.AUDIO),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(12), "video/mp4", MessageKind.VIDEO),
        ("olá, é só texto\n".encode(), "text/plain", MessageKind.DOCUMENT),
    ],
)
def test_bytes_tell_what_a_file_is(data: bytes, mimetype: str, kind: MessageKind) -> None:
    for name in ("", "foto.exe", "x.html"):
        sort = detect_file_type(data, name)
        assert sort is not None
        assert (sort.mimetype, sort.kind) == (mimetype, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        bytes(range(256)),
        b"",
    ],
    ids=["exe", "elf", "html", "svg", "noise", "empty"],
)
def test_what_runs_or_is_unknown_cannot_be_sent_whatever_it_is_called(data: bytes) -> None:
    for name in ("foto.jpg", "boleto.pdf", ""):
        with pytest.raises(InvalidInputError, match=r"not supported|could run"):
            validate_upload(data, name)


@pytest.mark.parametrize("mimetype", ["text/html", "image/svg+xml", "application/pdf", ""])
def test_only_pictures_audio_and_video_are_shown_in_a_page(mimetype: str) -> None:
    assert not is_inline(mimetype)
    assert is_inline("image/png")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fotos\\a.png", "a.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie_ x.png"),
        ("...", "arquivo"),
        ("", "arquivo"),
        ("x" * 500, "x" * 119 + "…"),
        ("fatura março.pdf", "fatura março.pdf"),
    ],
)
def test_names_are_never_more_than_names(name: str, safe: str) -> None:
    assert safe_name(name, "arquivo") == safe


def archive(*members: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        for member in members:
            file.writestr(member, "x")
    return held.getvalue()


TEXT = "olá, é só texto\n".encode()
DOCX = archive("[Content_Types].xml", "word/document.xml", "docProps/app.xml")


@pytest.mark.parametrize(
    "name",
    [
        "a.bat",
        "a.cmd",
        "a.vbs",
        "a.hta",
        "a.ps1",
        "a.js",
        "a.sh",
        "a.php",
        "a.exe",
        "a.scr",
        "a.lnk",
        "a.jar",
        "a.apk",
        "a.html",
        "a.svg",
        "fatura.pdf.exe",
        "fatura.exe.pdf",
        "fatura\u202efdp.exe",
        "fatura.bat. .",
        "C:\\x\\a.JS",
    ],
)
@pytest.mark.parametrize("data", [TEXT, PDF], ids=["text", "pdf"])
def test_names_that_run_are_refused_whatever_the_bytes(name: str, data: bytes) -> None:
    with pytest.raises(InvalidInputError, match=r"not supported|could run") as refused:
        validate_upload(data, name)
    assert refused.value.code == "runnable_file"
    mimetype, kept = storage_type_and_name(data, name, "arquivo")
    assert mimetype == UNKNOWN_TYPE
    assert kept.endswith(".bin")


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"#!/bin/sh\nrm -rf /\n",
        b"\xef\xbb\xbf#!/usr/bin/env python\n",
        b"<?php system('x'); ?>",
        b"  <script>x()</script>",
        b"ol\xc3\xa1\n<SCRIPT >x()</script>",
        b"@echo off\r\ndel *\r\n",
        b'CreateObject("WScript.Shell")',
        b"[InternetShortcut]\nURL=file://x\n",
        "<script>x()</script>".encode("utf-16"),
        b"<!DOCTYPE html><p>x",
        b"L\0\0\0\x01\x14\x02\0",
        b"MSCF" + bytes(60),
        b"dex\n035\0" + bytes(60),
        archive("fatura.exe"),
        archive("x/y.js", "a.pdf"),
        archive("META-INF/MANIFEST.MF", "A.class"),
        archive("[Content_Types].xml", "word/vbaProject.bin"),
        archive("AndroidManifest.xml"),
    ],
)
def test_bytes_that_run_are_refused_whatever_the_name(data: bytes) -> None:
    for name in ("foto.jpg", "boleto.pdf", "nota.txt", "a.zip", "a.docx", ""):
        with pytest.raises(InvalidInputError, match=r"not supported|could run"):
            validate_upload(data, name)
        mimetype, kept = storage_type_and_name(data, name, "arquivo")
        assert (mimetype, kept[-4:]) == (UNKNOWN_TYPE, ".bin")


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (TEXT, "nota.txt", "text/plain"),
        (PNG, "foto.png", "image/png"),
        (PNG + b"<script>", "foto.png", "image/png"),
        (PDF, "www.provedor.com.pdf", "application/pdf"),
        (archive("fatura.pdf", "leia.txt"), "a.zip", "application/zip"),
        (DOCX, "contrato v1.2.docx", "vnd.openxmlformats"),
        ("preço < 100 e script novo\n".encode(), "a.txt", "text/plain"),
    ],
)
def test_what_people_send_every_day_goes_out_and_is_kept(data: bytes, name: str, kind: str) -> None:
    assert kind in validate_upload(data, name).mimetype
    mimetype, kept = storage_type_and_name(data, name, "arquivo")
    assert kind in mimetype
    assert kept == name


def test_what_was_kept_by_an_older_code_is_served_as_nothing_that_runs() -> None:
    assert serving_type_and_name("text/plain", "a.vbs") == (UNKNOWN_TYPE, "a_vbs.bin")
    assert serving_type_and_name("image/png", "a.png") == ("image/png", "a.png")
