"""E-mail addresses and phone numbers are found; what only looks like them is not."""

from __future__ import annotations

import time

import pytest

from oluko.conversations.masking import mask

HIDDEN = "[hidden until paid]"
PRIVATE = """
mail me at ada@demo.test
ada.obi+x@mail.example.co.uk please
ADA@GMAIL.COM
ada [at] gmail [dot] com
ada(at)gmail.com
ada at gmail dot com
ada @ gmail . com
ada@gmail dot com
mailto:ada@x.org
ada＠gmail.com
ada_obi@sub.domain.ng,thanks
call 08031234567
my number:08031234567.
0803 123 4567
0803-123-4567
0803.123.4567
(0803) 123 4567
0 8 0 3 1 2 3 4 5 6 7
０８０３１２３４５６７
٠٨٠٣١٢٣٤٥٦٧
+2348031234567
+234 803 123 4567
+2 3 4 8 0 3 1 2 3 4 5 6 7
+234(0)803-123-4567
234 803 123 4567
00234 803 123 4567
+44 20 7946 0958
020 7946 0958
+1 (415) 555-0132
415-555-0132
(415) 555 0132
138 1234 5678
13812345678
+86 138-1234-5678
wa.me/2348031234567
https://wa.me/2348031234567
https://api.whatsapp.com/send?phone=2348031234567
https://t.me/adaobi
tel:+2348031234567
sms:08031234567
"""
HARMLESS = """
at 15:00
Tue 5 May 15:00-16:30
07:30, 08:30, 09:30
2026-05-05 15:00
2026-05-05T15:00:00Z
05/05/2026 06/05/2026
01-02-2026 03:00
01.02.2026
₦5,000
₦5,000,000.00
NGN 1 500 000
5,000,000
10 000 000 naira
ISBN 0-306-40615-2
ISBN-13: 978-0-306-40615-7
ISBN 0306406152
9780306406157
978-3-16-148410-0
https://github.com/x/y/issues/12345678901
https://example.com/?id=08031234567
see www.example.com/20260505
React 18.2.0
v1.2.3-4
localhost:8000 and 127.0.0.1
10.0.0.1
1700000000
1700000000000
line 100 200 300
100-200-300
1/2 3/4 5/6
3-4-5-6
pages 100–120
0.123456789012
0x1F600
4111 1111 1111 1111
@media (max-width: 800px)
@tunde hello
npm i @types/react@18.2.0
useState at line 12
meet at the top. Then
I am at home
git@
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize("text", lines(PRIVATE))
def test_addresses_and_numbers_are_hidden(text: str) -> None:
    masked = mask(text)
    assert HIDDEN in masked
    assert not any(letter.isdigit() for letter in masked)
    assert "@" not in masked
    assert "gmail" not in masked.lower()


@pytest.mark.parametrize("text", lines(HARMLESS))
def test_what_only_looks_like_them_stays(text: str) -> None:
    assert mask(text) == text


def test_the_words_around_stay_as_they_are() -> None:
    text = "Ẹ káàárọ̀! Reach me: ada@demo.test or 0803 123 4567, at 15:00 on 2026-05-05 ☕"
    assert mask(text) == f"Ẹ káàárọ̀! Reach me: {HIDDEN} or {HIDDEN}, at 15:00 on 2026-05-05 ☕"


@pytest.mark.parametrize(
    "part",
    ["0", "a@", "a ", "a.", "1 ", "+ ", "at dot ", "(0", "1-", "97", "x", " ", "ISBN ", "1,0", "[at]", "-", "0 -"],
)
def test_nothing_that_is_typed_takes_long(part: str) -> None:
    began = time.perf_counter()
    mask((part * 4000)[:4000])
    assert time.perf_counter() - began < 1
