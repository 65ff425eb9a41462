"""Makes file names safe to show and to save, and recognises names of executable files."""

import unicodedata

MAX_LENGTH = 120
"""Characters of a file name."""
_MAX_EXTENSION_LENGTH = 10
_PROGRAMS = """
ade adp application appref-ms appx appxbundle bas bat cab chm cmd com cpl crt dll drv exe gadget grp
hlp hta inf isp jse lib library-ms lnk mad maf mag mam maq mar mas mat mau mav maw mcf mda mdb mde
mdt mdw mdz msc msh msh1 msh1xml msh2 msh2xml mshxml msi msix msixbundle msp mst ocx ops pif pl plg
prf prg ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 reg scf scr sct search-ms settingcontent-ms
shb shs sys url vb vbe vbp vbs vhd vhdx vsmacros vxd website ws wsc wsf wsh xbap xll xnk iso img
diagcab
jar jnlp class war ear apk aab xapk dex ipa dmg pkg app command scpt workflow mobileconfig
deb rpm appimage run elf desktop
"""
"""Extensions of programs: first of Windows, then of Java, Android and Apple, then of Linux."""
_MACROS = "docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm one"
_SCRIPTS = """
js mjs cjs jsx ts sh bash zsh fish csh ksh php php3 php4 php5 php7 phtml phar py pyc pyw pyz rb perl
lua asp aspx jsp jspx cgi awk tcl groovy ipynb
"""
_PAGES = "html htm xhtml xht shtml mht mhtml svg svgz swf xsl xslt"
EXECUTABLE_EXTENSIONS = frozenset(f"{_PROGRAMS} {_MACROS} {_SCRIPTS} {_PAGES}".split())
"""Extensions that a computer, phone or browser may run when somebody opens the file."""
_DISGUISED_EXTENSIONS = frozenset(
    {"exe", "scr", "pif", "bat", "cmd", "vbs", "hta", "ps1", "lnk", "msi", "jar", "apk", "js"}
)
"""Extensions that are also refused in the middle of a name. The others may occur there harmlessly,
for example in a web address or a version.
"""
_RESERVED = dict.fromkeys(map(ord, '<>:"|?*'), "_")


def strip_unsafe_characters(filename: str) -> str:
    """Removes folders, control characters and marks that change the direction of writing, and
    trailing dots and spaces, which Windows drops.
    """
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(each for each in name if each.isprintable())
    return name.translate(_RESERVED).strip(". ")


def is_executable(filename: str) -> bool:
    """Whether the extension is executable, as in ``fatura.pdf.exe``.

    Look-alike characters are compared in their plain form, and the most dangerous extensions count
    in the middle of a name too (``fatura.exe.pdf``).
    """
    name = strip_unsafe_characters(unicodedata.normalize("NFKC", strip_unsafe_characters(filename)))
    extensions = [each.strip() for each in name.lower().split(".")[1:]]
    return bool(extensions) and (
        extensions[-1] in EXECUTABLE_EXTENSIONS or not _DISGUISED_EXTENSIONS.isdisjoint(extensions)
    )


def safe_filename(filename: str, otherwise: str) -> str:
    """Returns a name that is safe to show and to save under; ``otherwise`` if nothing remains of
    it. A long name is cut before its extension.
    """
    name = strip_unsafe_characters(filename)
    if len(name) <= MAX_LENGTH:
        return name or otherwise
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _MAX_EXTENSION_LENGTH:
        return name[: MAX_LENGTH - 1].rstrip(". ") + "…"
    return stem[: MAX_LENGTH - len(extension) - 2].rstrip(". ") + "…" + dot + extension


def neutralize_filename(filename: str, otherwise: str) -> str:
    """Returns a name that no system executes: ``fatura.pdf.exe`` becomes ``fatura_pdf_exe.bin``."""
    name = strip_unsafe_characters(unicodedata.normalize("NFKC", strip_unsafe_characters(filename)))
    return safe_filename((name or otherwise).replace(".", "_") + ".bin", otherwise)
