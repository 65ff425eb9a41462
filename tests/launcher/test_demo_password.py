"""The password of the demo can be typed, and cannot be guessed."""

import math
import re
from pathlib import Path

from niochat.identity.login.passwords import MAX_LENGTH, MIN_LENGTH, validate_password
from niochat.launcher.demo_password import DIGITS, WORDS, new_demo_password
from niochat.launcher.home_folder import HomeFolder, read_json
from niochat.launcher.stack_credentials import StackCredentials


def test_it_is_three_short_words_and_a_number() -> None:
    for _ in range(200):
        password = new_demo_password()
        assert re.fullmatch(rf"(?:[a-z]{{2,7}}-){{3}}[0-9]{{{DIGITS}}}", password), password
        assert len(password) <= 28


def test_it_has_forty_random_bits() -> None:
    assert len(set(WORDS)) == len(WORDS)
    assert 3 * math.log2(len(WORDS)) + DIGITS * math.log2(10) >= 40
    assert len({new_demo_password() for _ in range(1_000)}) == 1_000


def test_every_password_is_one_that_the_product_accepts() -> None:
    shortest = "-".join([min(WORDS, key=len)] * 3 + ["0" * DIGITS])

    validate_password(shortest)
    assert MIN_LENGTH <= len(shortest) <= MAX_LENGTH


def test_each_home_has_its_own_and_keeps_it(tmp_path: Path) -> None:
    homes = [HomeFolder.create(tmp_path / name) for name in ("one", "two")]
    first, second = (StackCredentials.load_or_create(home).demo_password for home in homes)

    assert first != second
    assert StackCredentials.load_or_create(homes[0]).demo_password == first
    assert read_json(homes[0].folder / "secrets.json")["demo_password"] == first
    assert (homes[0].folder / "secrets.json").stat().st_mode & 0o777 == 0o600
