"""The words in which a look is told, in English and in Chinese: recognised in a story, and chosen for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clash.story.screenplay import Language

CHILD, YOUNG, ADULT, OLD = "child", "young", "adult", "old"

_AGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        CHILD,
        re.compile(
            r"\b(?:child|kid|boy|girl|little|toddler|schoolboy|schoolgirl)\b|小孩|孩子|男孩|女孩|儿童|小学生", re.I
        ),
    ),
    (
        OLD,
        re.compile(
            r"\b(?:old|elderly|aged|ancient|grand(?:mother|father|ma|pa)|granny|(?:six|seven|eight)ties|[678]0s)\b"
            r"|老人|老年|年迈|年老|苍老|老头|老太|老伯|老者|爷爷|奶奶|外公|外婆|(?<![\u4e00-\u9fff])老(?!板|师)[\u4e00-\u9fff]",
            re.I,
        ),
    ),
    (
        YOUNG,
        re.compile(
            r"\b(?:young|teen\w*|youth|student|twenties|20s)\b|年轻|少年|少女|青年|学生|小伙|姑娘"
            r"|(?<![\u4e00-\u9fff])小[\u4e00-\u9fff]",
            re.I,
        ),
    ),
    (ADULT, re.compile(r"\b(?:middle-aged|thirties|forties|fifties|[345]0s)\b|中年|阿姨|大叔", re.I)),
)
_GENDERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "woman",
        re.compile(
            r"\b(?:woman|girl|lady|female|mother|mom|mum|daughter|sister|grandmother|grandma|granny|aunt|wife|widow|"
            r"queen|princess|waitress|schoolgirl|mrs|ms|miss)\b|女|妈|奶奶|外婆|阿姨|姐|妹|姑|婶|太太|老太|老板娘|少妇",
            re.I,
        ),
    ),
    (
        "man",
        re.compile(
            r"\b(?:man|boy|gentleman|male|father|dad|son|brother|grandfather|grandpa|uncle|husband|king|prince|"
            r"schoolboy|fisherman|mr)\b|男|爸|爷爷|外公|大叔|叔叔|哥|弟|伯|先生|老头|小伙",
            re.I,
        ),
    ),
)


def age_in(text: str) -> str:
    """The age that words beside a name tell: child, young, adult, old, or "".

    >>> age_in("old Ivo"), age_in("女孩"), age_in("Mara")
    ('old', 'child', '')
    """
    return next((age for age, pattern in _AGES if pattern.search(text)), "")


def gender_in(text: str) -> str:
    """`woman`, `man` or "" as words beside a name tell."""
    return next((gender for gender, pattern in _GENDERS if pattern.search(text)), "")


@dataclass(frozen=True)
class LookWords:
    """One language's words for looks. Chosen values come from lists, by the bytes of a digest."""

    phrases: dict[str, re.Pattern[str]]
    kinds: re.Pattern[str]
    colour: re.Pattern[str]
    pronouns: re.Pattern[str]
    pronoun: re.Pattern[str]
    before: re.Pattern[str]
    after: re.Pattern[str]
    women: re.Pattern[str]
    men: re.Pattern[str]
    people: dict[tuple[str, str], str]
    colours: tuple[str, ...]
    garments: dict[str, tuple[str, ...]]
    coloured: str
    lengths: dict[str, tuple[str, ...]]
    hair_colours: tuple[str, ...]
    old_hair: tuple[str, ...]
    beards: tuple[str, ...]
    old_beards: tuple[str, ...]
    hats: tuple[str, ...]
    extras: tuple[str, ...]
    skins: tuple[str, ...]
    voices: dict[str, tuple[str, ...]]
    voice_form: str
    between: str
    space: str

    def phrase(self, what: str, text: str) -> str:
        """The words of the text that tell a garment, hair ... as they stand there; "" if it tells none."""
        match = self.phrases[what].search(text)
        return " ".join(match[0].split()).strip(" ，,") if match else ""

    def kind_in(self, text: str) -> str:
        """`robot`, `cat` ... where a character is no person."""
        match = self.kinds.search(text)
        return match[0].casefold() if match else ""

    def colours_in(self, text: str) -> Sequence[str]:
        """The colours named in a phrase."""
        return self.colour.findall(text)

    def gender_by_pronoun(self, sentence: str) -> str:
        """`woman` or `man` by the first he, his, she, her of a sentence about one person; "" without any."""
        match = self.pronouns.search(sentence)
        if not match:
            return ""
        return "woman" if match["pronoun"].casefold() in ("she", "her", "她") else "man"

    def begins_with_pronoun(self, sentence: str) -> bool:
        """Whether a sentence goes on about somebody named before."""
        return bool(self.pronoun.match(sentence))

    def beside(self, sentence: str, start: int, end: int) -> tuple[str, str]:
        """The words right before a name that qualify it, and those of an apposition right after it."""
        before = self.before.search(sentence[max(0, start - 30) : start])
        after = self.after.match(sentence, end)
        return (before[0] if before else ""), (after[0] if after else "")

    def gender_of_name(self, name: str) -> str:
        """What a given name suggests."""
        if self.women.search(name):
            return "woman"
        return "man" if self.men.search(name) else ""

    def person(self, age: str, gender: str) -> str:
        """`old man`, 年轻女子."""
        return self.people[age, gender]

    def creature(self, kind: str, age: str) -> str:
        """A robot or an animal."""
        return (f"old {kind}" if age == OLD else kind) if self.space else (f"老{kind}" if age == OLD else kind)

    def garment(self, colour: int, kind: int, taken: set[str], gender: str) -> str:
        """A garment in a colour that nobody of the film wears, while there is one."""
        turned = self.colours[colour % len(self.colours) :] + self.colours[: colour % len(self.colours)]
        free = [one for one in turned if not taken.intersection(self.colours_in(one))] or list(turned)
        kinds = self.garments[gender]
        return self.coloured.format(colour=free[0], garment=kinds[kind % len(kinds)])

    def with_colour(self, phrase: str, choice: int, age: str) -> str:
        """Hair that the story tells without its colour, in a colour."""
        if self.colour.search(phrase) or re.search("bald|shaven|光头", phrase):
            return phrase
        colours = self.old_hair if age == OLD else self.hair_colours
        colour = colours[choice % len(colours)]
        return f"{colour}{self.space}{phrase}" if self.space else f"{colour}色{phrase}"

    def hair(self, colour: int, length: int, age: str, gender: str) -> str:
        """Hair as people of that age wear it."""
        colours = self.old_hair if age == OLD else self.hair_colours
        lengths = self.lengths[gender]
        return lengths[length % len(lengths)].format(colour=colours[colour % len(colours)])

    def beard(self, choice: int, age: str) -> str:
        """A beard, a moustache."""
        beards = self.old_beards if age == OLD else self.beards
        return beards[choice % len(beards)]

    def hat(self, choice: int) -> str:
        """A cap, a hat."""
        return self.hats[choice % len(self.hats)]

    def accessory(self, choice: int) -> str:
        """Glasses, a scarf."""
        return self.extras[choice % len(self.extras)]

    def skin(self, choice: int) -> str:
        """The tone of the skin; "" where the list leaves it plain."""
        return self.skins[choice % len(self.skins)]

    def voice(self, gender: str, age: str, choice: int) -> str:
        """The voice in prose."""
        tones = self.voices[age]
        return self.voice_form.format(tone=tones[choice % len(tones)], person=self.people[age, gender])

    def join(self, parts: Sequence[str]) -> str:
        """One line of prose."""
        return self.between.join(dict.fromkeys(part for part in parts if part))


_EN_COLOUR = (
    r"teal|navy|red|crimson|scarlet|mustard|yellow|olive|green|purple|violet|plum|orange|rust|blue|white|black|"
    r"grey|gray|brown|tan|cream|pink|silver|gold(?:en)?|copper|maroon|burgundy|turquoise|beige|khaki|blond(?:e)?|auburn|ginger"
)
_EN_ADJECTIVE = (
    rf"(?:(?:{_EN_COLOUR}|faded|pale|dark|light|bright|deep|old|worn|torn|wet|long|short|heavy|thick|thin|woollen|woolen|"
    r"wool|oilskin|leather|knitted|silk|cotton|linen|denim|canvas|striped|patched|borrowed|tattered|plain|flat|rain|"
    r"curly|straight|wild|tangled|messy|braided|loose|cropped|greying|graying|bushy|trimmed|round|steel-rimmed|"
    r"wire-rimmed|straw|woolly|peaked|captain's|fisherman's)[\s,-]+)"
)
_EN_GARMENT = (
    r"(?:over|rain|trench ?)?coat|jacket|dress|sweater|jumper|cardigan|hoodie|shirt|blouse|robes?|gown|uniform|suit|"
    r"cloak|cape|apron|oilskins?|parka|overalls|kimono|spacesuit"
)
_ZH_COLOUR = (
    "橄榄绿|芥末黄|藏蓝|藏青|深蓝|天蓝|军绿|墨绿|酒红|暗红|粉红|米白|卡其|红|青|黄|绿|蓝|紫|棕|褐|灰|白|黑|橙|粉|金|银"
)
_ZH_GARMENT = (
    "大衣|风衣|雨衣|外套|夹克|皮衣|棉袄|羽绒服|卫衣|西装|"
    "连衣裙|裙子|旗袍|裙|毛衣|衬衫|长袍|袍子|制服|校服|围裙|披风|斗篷|长衫"
)

_ENGLISH = LookWords(
    phrases={
        "garment": re.compile(rf"\b{_EN_ADJECTIVE}+(?:{_EN_GARMENT})\b", re.I),
        "hair": re.compile(
            rf"\b{_EN_ADJECTIVE}+(?:hair|curls|braids?|bun|ponytail|plaits?)\b|\b(?:bald|shaven[- ]headed)\b"
            rf"|\b(?:{_EN_COLOUR})-haired\b",
            re.I,
        ),
        "beard": re.compile(rf"\b{_EN_ADJECTIVE}*(?:beard|moustache|mustache|goatee|stubble)\b|\bbearded\b", re.I),
        "hat": re.compile(
            rf"\b{_EN_ADJECTIVE}*(?:cap|hat|hood|beanie|helmet|headscarf|crown|sou'wester)\b", re.I
        ),
        "extra": re.compile(rf"\b{_EN_ADJECTIVE}*(?:scarf|glasses|spectacles|goggles)\b", re.I),
        "skin": re.compile(r"\b(?:fair|pale|tan|tanned|olive|brown|dark|weathered|freckled)[ -]skin(?:ned)?\b", re.I),
    },
    kinds=re.compile(
        r"\b(?:robot|android|droid|cat|kitten|fox|wolf|dog|puppy|bear|rabbit|hare|mouse|owl|crow|raven|parrot|penguin|"
        r"bird|seagull)\b",
        re.I,
    ),
    colour=re.compile(rf"\b(?:{_EN_COLOUR})\b", re.I),
    pronouns=re.compile(r"\b(?P<pronoun>he|his|she|her)\b", re.I),
    pronoun=re.compile(r"\s*(?:he|she|his|her)\b", re.I),
    before=re.compile(
        r"\b(?:(?:old|elderly|aged|young|little|middle-aged|teenage)\s+(?:[a-z-]+\s+)?"
        r"|(?:man|woman|boy|girl|robot|cat|fox|dog)\s+(?:named|called)\s+|(?:the|a|an|her|his)\s+(?:robot|android|cat|fox|wolf|dog|bear|rabbit|mouse|owl|crow|girl|boy|man|woman)\s+)$",
        re.I,
    ),
    after=re.compile(
        r"(?:,\s+(?:an?|the)|\s+(?:is|was)\s+an?)\s+(?:[a-z-]+\s*){1,4}|,\s+(?:\d0s|[a-z-]+ties)\b", re.I
    ),
    women=re.compile(r"(?:a|elle|ette|ine|lyn|ie)$|^(?:Rose|Alice|Ruth|Grace|Jane|Anne?|Mary|Joan|Kate|Claire|Helen)\b"),
    men=re.compile(r"(?:o|us|an|ck|rd|th|as|on|er|im|ob|ul)$"),
    people={
        (CHILD, "woman"): "girl", (CHILD, "man"): "boy", (YOUNG, "woman"): "young woman",
        (YOUNG, "man"): "young man", (ADULT, "woman"): "woman", (ADULT, "man"): "man",
        (OLD, "woman"): "old woman", (OLD, "man"): "old man",
    },
    colours=(
        "teal", "red", "mustard", "navy", "olive", "purple", "orange", "grey", "green", "brown", "white", "black",
    ),
    garments={
        "woman": ("coat", "jacket", "dress", "sweater", "shirt"),
        "man": ("coat", "jacket", "sweater", "shirt"),
    },
    coloured="{colour} {garment}",
    lengths={
        "woman": ("long {colour} hair", "curly {colour} hair", "short {colour} hair", "braided {colour} hair",
                  "{colour} hair in a bun"),
        "man": ("short {colour} hair", "curly {colour} hair", "short {colour} hair", "long {colour} hair"),
    },
    hair_colours=("black", "copper", "brown", "blond", "red", "black", "brown"),
    old_hair=("white", "grey", "silver"),
    beards=("short brown beard", "black beard", "moustache"),
    old_beards=("white beard", "grey beard", "grey moustache"),
    hats=("cap", "hat", "woolly hat", "hood"),
    extras=("glasses", "red scarf", "round glasses", "grey scarf"),
    skins=("fair skin", "olive skin", "brown skin", "dark skin", "fair skin"),
    voices={
        CHILD: ("bright, quick", "clear, curious", "small but sure"),
        YOUNG: ("clear, warm", "light, quick", "soft, a little breathless"),
        ADULT: ("warm, steady", "low, calm", "firm, unhurried", "dry, quiet"),
        OLD: ("gravelly, slow", "thin, gentle", "deep, weathered"),
    },
    voice_form="{tone} voice, {person}",
    between=", ",
    space=" ",
)  # fmt: skip

_CHINESE = LookWords(
    phrases={
        "garment": re.compile(rf"(?:{_ZH_COLOUR})色?的?(?:[\u4e00-\u9fff]{{0,2}}?)(?:{_ZH_GARMENT})|(?:{_ZH_GARMENT})"),
        "hair": re.compile(
            rf"(?:花白|斑白|灰白|{_ZH_COLOUR})色?的?(?:长|短|卷|直|头)?(?:头发|发)(?!现)|(?:长|短|卷)发|光头|马尾|麻花辫|双?辫子|发髻|丸子头"
        ),
        "beard": re.compile(rf"(?:花白|{_ZH_COLOUR})?色?的?(?:络腮胡|山羊胡|大胡子|胡子|胡须|胡茬)"),
        "hat": re.compile(rf"(?:{_ZH_COLOUR})?色?的?(?:鸭舌帽|棒球帽|毛线帽|草帽|斗笠|礼帽|兜帽|头盔|头巾|帽子)"),
        "extra": re.compile(rf"(?:{_ZH_COLOUR})?色?的?围巾|(?:圆框|黑框|金边)?眼镜"),
        "skin": re.compile("(?:肤色|皮肤)(?:白皙|黝黑|苍白|古铜)|晒黑|黝黑"),
    },
    kinds=re.compile("机器人|猫|狐狸|狼|狗|熊|兔子|老鼠|猫头鹰|乌鸦|企鹅|鹦鹉"),
    colour=re.compile(_ZH_COLOUR),
    pronouns=re.compile(r"(?:^|[，。；、\s])(?P<pronoun>[他她])(?!们)"),
    pronoun=re.compile(r"\s*[他她]"),
    before=re.compile(
        r"(?:老人|老汉|老头|老太太?|老板娘?|女孩儿?|男孩儿?|小女孩|小男孩|少年|少女|姑娘|小伙子?|女人|男人|女学生|男学生"
        r"|年轻的?|年老的?|年迈的?|中年|机器人|猫|狐狸|狗|熊)$"
    ),
    after=re.compile(r"(?:[（(][^)）]{1,20}[)）])|(?:[，,]?是?(?:一[个位名])?(?:老人|女孩|男孩|小孩|少年|少女|老头|老太太|姑娘|女人|男人|中年人|年轻人))"),
    women=re.compile("[娟芳丽婷莉娜梅兰燕红霞玲敏静雪琳萍慧雯禾]$"),
    men=re.compile("[强伟刚军勇磊涛龙杰峰鹏斌浩明周]$|^老[\u4e00-\u9fff]$"),
    people={
        (CHILD, "woman"): "小女孩", (CHILD, "man"): "小男孩", (YOUNG, "woman"): "年轻女子",
        (YOUNG, "man"): "年轻男子", (ADULT, "woman"): "中年女子", (ADULT, "man"): "中年男子",
        (OLD, "woman"): "老年女子", (OLD, "man"): "老年男子",
    },
    colours=("青", "红", "芥末黄", "藏蓝", "橄榄绿", "紫", "橙", "灰", "棕", "白", "黑"),
    garments={"woman": ("外套", "毛衣", "连衣裙", "大衣", "衬衫"), "man": ("外套", "夹克", "毛衣", "衬衫")},
    coloured="{colour}色{garment}",
    lengths={
        "woman": ("{colour}色长发", "{colour}色短发", "{colour}色卷发", "{colour}色头发扎成辫子",
                  "{colour}色头发挽成发髻"),
        "man": ("{colour}色短发", "{colour}色短发", "{colour}色卷发"),
    },
    hair_colours=("黑", "棕", "黑", "红", "黑"),
    old_hair=("白", "灰", "银"),
    beards=("黑色胡子", "胡茬", "八字胡"),
    old_beards=("白胡子", "灰色胡子", "山羊胡"),
    hats=("鸭舌帽", "毛线帽", "帽子"),
    extras=("眼镜", "红色围巾", "圆框眼镜", "灰色围巾"),
    skins=("肤色白皙", "", "肤色黝黑", ""),
    voices={
        CHILD: ("清脆", "稚嫩而好奇"), YOUNG: ("清亮温柔", "轻快", "干净明亮"),
        ADULT: ("沉稳", "温和低沉", "爽朗"), OLD: ("沙哑缓慢", "苍老温厚"),
    },
    voice_form="{tone}的声音，{person}",
    between="，",
    space="",
)  # fmt: skip

WORDS: dict[Language, LookWords] = {"en": _ENGLISH, "zh": _CHINESE}
