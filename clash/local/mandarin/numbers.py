"""Write the figures of a Chinese line as they are said: numbers, dates, times, money, percentages, units."""

from __future__ import annotations

import re
from collections.abc import Callable

_DIGITS = "零一二三四五六七八九"
_SMALL = ("", "十", "百", "千")
_LARGE = ("", "万", "亿", "万亿")
_LONGEST_NUMBER = 16
"""More digits than this are read one by one."""
_LONGEST_CODE = 6
"""A whole number with more digits than this and no round end is a telephone number or a code: read one by one."""
_MEASURES = "个只条张本位次年天岁块杯辆件双口头名封间座支颗把艘层间篇句届场顿遍倍分秒点米斤里"
_UNITS = {
    "km/h": "公里每小时",
    "km": "公里",
    "cm": "厘米",
    "mm": "毫米",
    "kg": "公斤",
    "mg": "毫克",
    "ml": "毫升",
    "GB": "G B",
    "m": "米",
    "g": "克",
    "t": "吨",
    "s": "秒",
    "h": "小时",
    "°C": "摄氏度",
    "°": "度",
}
_CURRENCIES = {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元"}
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"


def said(text: str) -> str:
    """Return the line with its figures in Chinese words.

    >>> said("2026年11月27日8:05，有2个人"), said("拨打13800138000"), said("1/2，-5°C，3-5天")
    ('二零二六年十一月二十七日八点零五分，有两个人', '拨打幺三八零零幺三八零零零', '二分之一，零下五摄氏度，三到五天')
    """
    for pattern, written in _RULES:
        text = pattern.sub(written, text)
    return text


def counted(digits: str) -> str:
    """Return a number of digits, with a decimal part or without, as a number is said.

    >>> counted("10010"), counted("12"), counted("200000000"), counted("3.140"), counted("007")
    ('一万零一十', '十二', '二亿', '三点一四零', '零零七')
    """
    whole, point, part = digits.replace(",", "").partition(".")
    if len(whole) > _LONGEST_NUMBER or (len(whole) > 1 and whole[0] == "0"):
        return spelled(whole) + ("点" + spelled(part) if point else "")
    return _whole(int(whole)) + ("点" + spelled(part) if point else "")


def spelled(digits: str) -> str:
    """Return digits one by one.

    >>> spelled("2026")
    '二零二六'
    """
    return "".join(_DIGITS[int(digit)] for digit in digits)


def _whole(number: int) -> str:
    if number == 0:
        return "零"
    words, place = "", 0
    while number:
        number, group = divmod(number, 10_000)
        if group:
            # A zero is said for a gap: below a thousand in front of a higher group.
            gap = "零" if number and group < 1000 else ""
            words = gap + _group(group) + _LARGE[place] + words
        elif words and number and not words.startswith("零"):
            words = "零" + words
        place += 1
    return words.removeprefix("一") if words.startswith("一十") else words


def _group(number: int) -> str:
    words, gap = "", False
    for place in range(3, -1, -1):
        digit, number = divmod(number, 10**place)
        if digit:
            words += ("零" if gap and words else "") + _DIGITS[digit] + _SMALL[place]
            gap = False
        else:
            gap = True
    return words


def _amount(digits: str) -> str:
    """A number in front of a measure word: 两 in place of 二."""
    return "两" if digits == "2" else counted(digits)


def _bare(match: re.Match[str]) -> str:
    digits = match[0]
    if digits.isdecimal() and len(digits) > _LONGEST_CODE and not digits.endswith("0000"):
        return spelled(digits).replace("一", "幺") if len(digits) == 11 and digits[0] == "1" else spelled(digits)
    return counted(digits)


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match[1], match[2], match[3]
    told = f"{_amount(str(int(hour)))}点"
    if second:
        return f"{told}{counted(str(int(minute)))}分{counted(str(int(second)))}秒"
    if int(minute) == 0:
        return f"{told}整"
    return f"{told}{'零' if minute[0] == '0' else ''}{counted(str(int(minute)))}分"


def _day(match: re.Match[str]) -> str:
    return f"{spelled(match[1])}年{counted(str(int(match[2])))}月{counted(str(int(match[3])))}日"


def _sign(sign: str, unit: str) -> str:
    return ("零下" if unit.startswith("°") else "负") if sign else ""


def _measured(match: re.Match[str]) -> str:
    sign, number, unit = match[1] or "", match[2], match[3]
    amount = _amount(number) if unit in ("km", "kg", "t", "h", "m", "km/h") else counted(number)
    return _sign(sign, unit) + amount + _UNITS[unit]


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"(?<!\d)(\d{4})[-/.](1[0-2]|0?[1-9])[-/.](3[01]|[12]\d|0?[1-9])(?!\d)"), _day),
    (re.compile(r"(?<!\d)([1-9]\d{3})(?=年)"), lambda match: spelled(match[1])),
    (
        re.compile(r"(?<!\d)(\d{2})(?=年[代级])"),
        lambda match: spelled(match[1]) if match[1][0] == "0" else counted(match[1]),
    ),
    (re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])"), _time),
    (
        re.compile(rf"(?<![\d.])(-)?({_NUMBER})%"),
        lambda match: ("负" if match[1] else "") + "百分之" + counted(match[2]),
    ),
    (
        re.compile(r"(?<![\d/])(\d{1,4})/(\d{1,4})(?![\d/])"),
        lambda match: f"{counted(match[2])}分之{counted(match[1])}",
    ),
    (re.compile(rf"([$€£¥])({_NUMBER})([万亿]?)"), lambda match: counted(match[2]) + match[3] + _CURRENCIES[match[1]]),
    (re.compile(rf"(?<![\dA-Za-z])(-)?({_NUMBER}) ?(km/h|km|cm|mm|kg|mg|ml|GB|°C|°|m|g|t|s|h)(?![A-Za-z])"), _measured),
    (re.compile(rf"(?<=\d)[-~—](?={_NUMBER}\D)"), "到"),
    (re.compile(rf"(?<![\w.-])-({_NUMBER})"), lambda match: "负" + counted(match[1])),
    (re.compile(rf"(?<![\d第.])2(?=[{_MEASURES}](?![之级]))"), "两"),
    (re.compile(_NUMBER), _bare),
    (re.compile(r"(?<=[\u4e00-\u9fff]) ?\+ ?(?=[\u4e00-\u9fff])"), "加"),
    (re.compile(r"(?<=[\u4e00-\u9fff]) ?= ?(?=[\u4e00-\u9fff])"), "等于"),
)
"""In this order: what has a shape of its own before bare numbers."""
