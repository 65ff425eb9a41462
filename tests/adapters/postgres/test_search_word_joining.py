"""Words and numbers are found however they were parted, when they were said and when looked for."""

import pytest

from niochat.adapters.postgres.database import Database
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.conversations.message_search import (
    MessageSearch,
    MessageSearchRequest,
    parse_search_words,
)
from niochat.domain.errors import InvalidInputError
from tests.adapters.postgres.test_search_functions import gather, say, visit
from tests.builders import ChannelRef, RowBuilder

pytestmark = pytest.mark.asyncio

SAID = {
    "wifi": "o wifi caiu de novo",
    "wi-fi": "meu Wi-Fi está lento",
    "wi fi": "senha do wi fi",
    "cpf": "meu cpf é 123.456.789-09, titular",
    "plain cpf": "cpf 12345678909",
    "cnpj": "CNPJ 12.345.678/0001-90",
    "phone": "me liga (81) 98888-7777 hoje",
    "abroad": "whats +55 81 98888-7777",
    "plain phone": "zap 81988887777",
    "whole phone": "zap 5581988887777",
    "local": "número 98888-7777",
    "elsewhere": "me liga (11) 98888-7777",
    "amount": "paguei R$ 1.234,56 ontem",
    "hyphen": "volto segunda-feira",
    "blank": "volto segunda feira",
}

FOUND = {
    "wifi": {"wifi", "wi-fi"},
    "wi-fi": {"wifi", "wi-fi", "wi fi"},
    "12345678909": {"cpf", "plain cpf"},
    "123.456.789-09": {"cpf", "plain cpf"},
    "12345678000190": {"cnpj"},
    "12.345.678/0001-90": {"cnpj"},
    "81988887777": {"phone", "abroad", "plain phone", "whole phone"},
    "(81) 98888-7777": {"phone", "abroad", "plain phone", "whole phone"},
    "5581988887777": {"phone", "abroad", "plain phone", "whole phone"},
    "+55 81 98888-7777": {"phone", "abroad", "plain phone", "whole phone"},
    "988887777": {"phone", "abroad", "local", "elsewhere"},
    "123456": {"amount"},
    "1.234,56": {"amount"},
    "segunda-feira": {"hyphen", "blank"},
    "segunda feira": {"hyphen", "blank"},
}


async def found(database: Database, place: ChannelRef, text: str) -> set[str]:
    wanted = MessageSearchRequest(parse_search_words(text), None, 50)
    page = await MessageSearch(database).search_page(
        place.tenant, ConversationVisibility("all", "", frozenset()), wanted
    )
    names = {said: name for name, said in SAID.items()}
    return {names[row["text"]] for row in page.rows if row["text"] in names}


async def test_what_is_parted_is_found_in_one_piece_and_the_other_way_round(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    await say(given, place, await visit(given, place), list(SAID.values()))

    assert {text: await found(database, place, text) for text in FOUND} == FOUND


async def test_the_same_is_found_in_what_was_gathered(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    said = [*SAID.values(), *(f"outra coisa n{n}" for n in range(128 - len(SAID)))]
    await say(given, place, await visit(given, place), said)
    assert await gather(database) == 1

    assert {text: await found(database, place, text) for text in FOUND} == FOUND


async def test_what_was_found_is_told_as_it_was_written(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    await say(given, place, await visit(given, place), [SAID["wi-fi"], SAID["cpf"]])
    sight = ConversationVisibility("all", "", frozenset())

    for text, hit in (("wifi", "Wi-Fi"), ("12345678909", "123.456.789-09")):
        page = await MessageSearch(database).search_page(
            place.tenant, sight, MessageSearchRequest(parse_search_words(text), None, 5)
        )
        assert hit in page.rows[0]["hits"]


async def test_a_word_with_signs_counts_as_its_parts() -> None:
    assert parse_search_words("wi-fi (81) 98888-7777 x") == ["wi-fi", "(81) 98888-7777", "x"]
    with pytest.raises(InvalidInputError, match="at most 8 words"):
        parse_search_words("1.2.3.4.5.6.7.8.9")
