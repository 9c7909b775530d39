"""The words of a look, English and Chinese, and what each of them is drawn as."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TypeVar

from clash.local.figures.canvas import Colour

COLOURS: Mapping[str, Colour] = {
    "teal": (38, 106, 118),
    "navy|dark blue|midnight": (38, 52, 88),
    "sky blue|light blue|pale blue": (126, 172, 208),
    "turquoise|cyan|aqua": (62, 160, 162),
    "blue|indigo|denim": (58, 98, 158),
    "crimson|scarlet|maroon|burgundy|wine": (136, 38, 54),
    "red|ruby": (178, 58, 54),
    "rust|terracotta|brick": (160, 82, 54),
    "orange|amber|tangerine": (214, 124, 52),
    "mustard|ochre|ocher": (196, 150, 50),
    "yellow|lemon": (226, 186, 78),
    "gold|golden": (208, 164, 76),
    "olive|khaki|moss": (108, 110, 62),
    "dark green|forest green|emerald": (36, 88, 70),
    "green|jade": (70, 122, 84),
    "purple|violet|plum": (102, 70, 128),
    "lavender|lilac": (160, 142, 190),
    "magenta|fuchsia": (170, 62, 120),
    "pink|rose|coral|salmon": (212, 124, 130),
    "tan|beige|sand|camel": (194, 164, 122),
    "brown|leather|chestnut|copper|bronze": (116, 76, 50),
    "cream|ivory": (234, 222, 196),
    "white": (236, 232, 224),
    "silver|light grey|light gray|pale grey": (184, 188, 196),
    "charcoal|dark grey|dark gray|slate": (66, 70, 80),
    "grey|gray|ash": (128, 132, 142),
    "black|ebony": (44, 42, 50),
    "藏蓝|藏青|深蓝|海军蓝": (38, 52, 88),
    "天蓝|浅蓝|淡蓝": (126, 172, 208),
    "橄榄绿|军绿": (108, 110, 62),
    "墨绿|深绿": (36, 88, 70),
    "青绿|孔雀蓝|青色|青": (38, 106, 118),
    "暗红|酒红|枣红|深红": (136, 38, 54),
    "粉红|粉": (212, 124, 130),
    "米白|米色|米": (226, 212, 184),
    "卡其|驼色|驼": (186, 156, 112),
    "芥末黄|土黄|姜黄": (196, 150, 50),
    "红|朱": (178, 58, 54),
    "橙|橘": (214, 124, 52),
    "黄": (226, 186, 78),
    "金": (208, 164, 76),
    "绿|翠": (70, 122, 84),
    "蓝": (58, 98, 158),
    "紫": (102, 70, 128),
    "棕|褐|咖啡": (116, 76, 50),
    "银": (184, 188, 196),
    "灰": (128, 132, 142),
    "白": (236, 232, 224),
    "黑": (44, 42, 50),
}

HAIR_COLOURS: Mapping[str, Colour] = {
    "copper|ginger|auburn|redhead|red-haired": (158, 74, 36),
    "red|crimson": (150, 56, 40),
    "strawberry": (196, 118, 70),
    "platinum|ash blonde|pale blonde": (226, 208, 164),
    "blonde|blond|golden|gold|fair|honey|sandy|yellow": (208, 160, 84),
    "chestnut": (98, 56, 34),
    "dark brown": (58, 38, 32),
    "light brown": (142, 98, 62),
    "brown|brunette|mousy": (88, 56, 40),
    "salt-and-pepper|greying|graying": (124, 122, 126),
    "silver": (192, 196, 206),
    "grey|gray": (150, 152, 160),
    "white|snowy": (228, 226, 224),
    "black|raven|jet|dark": (38, 34, 42),
    "blue": (66, 96, 156),
    "green": (78, 130, 98),
    "pink": (212, 126, 150),
    "purple|violet": (108, 76, 134),
    "花白|灰白|斑白": (158, 158, 164),
    "金": (208, 160, 84),
    "棕|褐|栗": (88, 56, 40),
    "银": (192, 196, 206),
    "灰": (150, 152, 160),
    "白": (228, 226, 224),
    "红": (150, 56, 40),
    "黑|乌": (38, 34, 42),
    "蓝": (66, 96, 156),
    "粉": (212, 126, 150),
    "紫": (108, 76, 134),
}

SKINS: Mapping[str, Colour] = {
    "pale|fair skin|fair-skinned|porcelain|freckled|苍白|白皙": (244, 212, 188),
    "olive skin|olive-skinned|tanned|sun-browned|weathered|weather-beaten|sunburnt|黝黑|晒黑|古铜": (198, 144, 102),
    "brown skin|brown-skinned|light brown skin": (164, 110, 74),
    "dark skin|dark-skinned|black skin|deep brown skin|黑皮肤": (112, 72, 50),
}

GARMENTS: Mapping[str, str] = {
    "oilskin coat|overcoat|trench coat|raincoat|greatcoat|lab coat|parka|coat|大衣|风衣|雨衣|白大褂|长外套": "coat",
    "hoodie|hooded sweatshirt|sweatshirt|卫衣|连帽衫": "hoodie",
    "blazer|suit|tuxedo|waistcoat|西装|西服|正装": "suit",
    "jacket|windbreaker|anorak|外套|夹克|皮衣|棉袄|棉衣|羽绒服": "jacket",
    "dress|gown|skirt|sundress|frock|连衣裙|裙子|裙|旗袍": "dress",
    "sweater|jumper|pullover|cardigan|turtleneck|knit|毛衣|针织衫": "sweater",
    "robe|robes|kimono|hanfu|tunic|gown of|cassock|长袍|袍子|袍|道袍|汉服|僧衣|长衫|和服": "robe",
    "uniform|police|soldier|captain's coat|military|spacesuit|flight suit|jumpsuit|overalls|dungarees"
    "|制服|军装|校服|宇航服|工装": "uniform",
    "apron|围裙": "apron",
    "cloak|cape|poncho|shawl|披风|斗篷|披肩": "cloak",
    "t-shirt|tee|shirt|blouse|vest|flannel|衬衫|衬衣|上衣|短袖|背心|T恤": "shirt",
}

HATS: Mapping[str, str] = {
    "baseball cap|棒球帽": "baseball",
    "flat cap|captain's cap|peaked cap|sailor cap|cap|鸭舌帽|帽子": "cap",
    "beanie|woolly hat|wool hat|knit cap|knitted hat|watch cap|毛线帽|绒线帽": "beanie",
    "conical hat|bamboo hat|斗笠": "straw",
    "straw hat|sun hat|草帽|太阳帽": "sunhat",
    "helmet|hard hat|头盔|安全帽": "helmet",
    "crown|tiara|circlet|王冠|皇冠": "crown",
    "hood|hooded|兜帽": "hood",
    "headscarf|bandana|kerchief|头巾": "kerchief",
    "sou'wester|fedora|top hat|brimmed hat|bowler|hat|礼帽|帽": "hat",
}

HAIR_STYLES: Mapping[str, str] = {
    "bald|shaved head|shaven|光头|秃": "bald",
    "braids|braid|braided|plaits|plait|pigtails|辫子|双辫|麻花辫|辫": "braids",
    "ponytail|马尾": "ponytail",
    "bun|topknot|chignon|hair up|发髻|丸子头|髻": "bun",
    "afro|爆炸头": "afro",
    "curly|curls|frizzy|wavy|waves|卷发|卷毛|卷": "curly",
    "bob|chin-length|shoulder-length|齐耳|齐肩|波波头": "bob",
    "spiky|messy|tousled|unruly|wild|乱发|蓬乱|乱": "spiky",
    "buzz cut|buzzcut|cropped|crew cut|close-cropped|平头|寸头|板寸": "crop",
    "long|flowing|waist-length|长发|长": "long",
    "short|短发|短": "short",
}

BEARDS: Mapping[str, str] = {
    "moustache|mustache|八字胡|小胡子": "moustache",
    "goatee|山羊胡": "goatee",
    "stubble|unshaven|胡茬|胡渣": "stubble",
    "beard|bearded|络腮胡|胡子|胡须|大胡子|长须": "full",
}

AGES: Mapping[str, str] = {
    "baby|toddler|young boy|young girl|little girl|little boy|child|kid|boy|girl|schoolboy|schoolgirl"
    "|小孩|孩子|男孩|女孩|儿童|小学生|小女孩|小男孩": "child",
    "elderly|elder|old man|old woman|old|aged|grandmother|grandfather|grandma|grandpa|granny"
    "|老人|老年|年老|老太|老头|爷爷|奶奶|外婆|外公|老伯|老妇|老者|苍老|年迈": "old",
    "teenager|teen|teenage|young|youth|student|twenties|年轻|少年|少女|青年|学生|小伙|姑娘": "young",
    "middle-aged|forties|fifties|adult|中年|成年": "adult",
}

GENDERS: Mapping[str, str] = {
    "woman|girl|female|lady|mother|mom|mum|daughter|sister|grandmother|grandma|granny|aunt|wife|queen|princess|"
    "waitress|actress|she|her|mrs|ms|miss|女|母亲|妈|奶奶|外婆|姐|妹|姑|婶|姨|太太|公主|少女|她": "woman",
    "man|boy|male|gentleman|father|dad|son|brother|grandfather|grandpa|uncle|husband|king|prince|fisherman|"
    "he|his|him|mr|男|父亲|爸|爷爷|外公|哥|弟|叔|伯|先生|王子|小伙|他": "man",
}

BUILDS: Mapping[str, str] = {
    "broad|burly|stocky|heavy|fat|plump|stout|large|big|muscular|魁梧|胖|壮|强壮|健壮": "broad",
    "slim|thin|slender|skinny|lean|wiry|gaunt|lanky|瘦|苗条|纤细": "slim",
}

KINDS: Mapping[str, str] = {
    "robot|android|droid|cyborg|automaton|机器人|机器": "robot",
    "cat|kitten|猫|小猫": "cat",
    "fox|狐狸|狐": "fox",
    "wolf|狼": "wolf",
    "dog|puppy|hound|狗|小狗|犬": "dog",
    "bear|熊": "bear",
    "rabbit|bunny|hare|兔子|兔": "rabbit",
    "mouse|老鼠|鼠": "mouse",
    "bird|owl|crow|raven|parrot|penguin|seagull|鸟|猫头鹰|乌鸦|企鹅|鹦鹉": "bird",
}

FURS: Mapping[str, tuple[Colour, ...]] = {
    "robot": ((150, 164, 176), (196, 158, 92), (122, 150, 150)),
    "cat": ((206, 138, 74), (84, 84, 96), (232, 224, 212), (58, 54, 62)),
    "fox": ((204, 104, 48),),
    "wolf": ((122, 126, 138), (92, 92, 102)),
    "dog": ((178, 124, 78), (214, 180, 132), (96, 68, 54)),
    "bear": ((112, 76, 54), (84, 62, 52)),
    "rabbit": ((218, 208, 196), (170, 140, 112)),
    "mouse": ((164, 158, 162), (140, 118, 100)),
    "bird": ((72, 88, 120), (52, 48, 60), (156, 98, 62)),
}

SCARF = "scarf|muffler|neckerchief|围巾"
GLASSES = "glasses|spectacles|goggles|眼镜"
HAIR = (
    "hair|haired|curls|curly|braids|braid|bun|topknot|chignon|bob|ponytail|pigtails|plaits|locks|afro|bald|shaved head"
    "|buzz cut|crew cut|blonde|blond|brunette|redhead|发|辫子|辫|马尾|髻|光头|秃|平头|寸头"
)

Meaning = TypeVar("Meaning")

_LATIN = re.compile(r"[A-Za-z]")


@cache
def pattern(words: str) -> re.Pattern[str]:
    """A pattern for any of `words` (separated by `|`): whole words in Latin letters, anywhere in Chinese."""
    whole = [re.escape(word) for word in words.split("|") if _LATIN.match(word)]
    anywhere = [re.escape(word) for word in words.split("|") if not _LATIN.match(word)]
    parts = ([rf"(?<![A-Za-z])(?:{'|'.join(whole)})(?![A-Za-z])"] if whole else []) + anywhere
    return re.compile("|".join(parts), re.IGNORECASE)


def said(table: Mapping[str, Meaning], texts: Iterable[str]) -> Meaning | None:
    """What the first of `texts` that speaks of anything in `table` says: its first word, the longest there.

    >>> said(AGES, ["a keeper", "an old man with a young heart"])
    'old'
    """
    for text in texts:
        found = [
            (match.start(), -match.end(), value)
            for words, value in table.items()
            for match in pattern(words).finditer(text)
        ]
        if found:
            return min(found, key=lambda hit: hit[:2])[2]
    return None
