"""What a page says, apart from how it looks."""

import re

from osteon.report import cardpage, compose


def words_of(page):
    """Give the words of a page, or a piece of one, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def section_of(page, anchor):
    """Give a section of a page by its anchor."""
    return page.split(f'<section id="{anchor}">')[1].split("</section>")[0]


def card_page(facts):
    """Draw the page of a card as packaging completes it."""
    return compose.page(cardpage.document(
        {**facts, "version": "abc123def456", "format": 7, "hashes": {"members/t.onnx": "f00d"}}))
